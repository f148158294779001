"""From a snapshot to the values of a body: numbers in the unit system asked for, percentages as fractions, words.

A value of another type than its signal's counts as not known, like a signal that has a problem: the wire writes null
for it. What an answer cannot do without is asked for with `needed`, which raises the problem instead.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from carwire.core.signals.catalogue import signals
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.signals.units import UnitSystem, in_system
from carwire.core.vehicles import Vehicle

T = TypeVar("T")

_DIGITS: Final = 6  # of a fraction: takes off what the division by 100 leaves behind the percentage's own digits


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer depends on besides the snapshot.

    `now` dates problems found while writing. `url` is the page on which the owner picks `capacity_kwh`. `starts_at` and
    `ends_at`, both included, bound lists of what was; `page` counts from 1. `vehicle` is wanted by bodies that name it.
    """

    now: datetime
    system: UnitSystem = "metric"
    capacity_kwh: float | None = None
    url: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    page: int = 1
    vehicle: Vehicle | None = None

    def covers(self, moment: datetime | None) -> bool:
        """Tell whether a moment is within the bounds. One nobody knows cannot be said to be outside."""
        if moment is None:
            return True
        return not ((self.starts_at and moment < self.starts_at) or (self.ends_at and moment > self.ends_at))


def most_telling(snapshot: Snapshot, codes: tuple[str, ...], now: datetime) -> Problem:
    """Return why none of these signals gives a value: what is wrong just now says more than what the car never had.

    A reading that is there and could not be used counts as data that make no sense.
    """
    found = [_problem(snapshot.answers.get(code), now) for code in codes]
    return next((problem for problem in found if problem.type != "COMPATIBILITY"), found[0])


def needed(value: T | None, snapshot: Snapshot, codes: tuple[str, ...], context: Context) -> T:
    """Return `value`. Raises `Obstacle` with the most telling problem of `codes` when there is none."""
    if value is None:
        raise Obstacle(most_telling(snapshot, codes, context.now))
    return value


def need_any(values: tuple[object, ...], snapshot: Snapshot, codes: tuple[str, ...], context: Context) -> None:
    """Raise `Obstacle` with the most telling problem of `codes` unless one of the values is known."""
    if all(value is None for value in values):
        raise Obstacle(most_telling(snapshot, codes, context.now))


def number(snapshot: Snapshot, code: str, system: UnitSystem = "metric", member: str = "value") -> float | None:
    """Return a number in the units of `system`, of a body with several members the one named."""
    value = _value(snapshot, code, system)
    return as_number(value.get(member) if isinstance(value, dict) else value)


def fraction(snapshot: Snapshot, code: str, member: str = "value") -> float | None:
    """Return a percentage as v2.0 writes it: 62 percent are 0.62."""
    return as_fraction(number(snapshot, code, member=member))


def flag(snapshot: Snapshot, code: str) -> bool | None:
    """Return a truth value."""
    value = snapshot.value(code)
    return value if isinstance(value, bool) else None


def word(snapshot: Snapshot, code: str) -> str | None:
    """Return a text."""
    return as_text(snapshot.value(code))


def body(snapshot: Snapshot, code: str, system: UnitSystem = "metric") -> dict[str, Any] | None:
    """Return the body of a signal with several members, its numbers in the units of `system`."""
    value = _value(snapshot, code, system)
    return value if isinstance(value, dict) else None


def rows(snapshot: Snapshot, code: str, system: UnitSystem = "metric") -> list[dict[str, Any]] | None:
    """Return the objects in the ``values`` of a signal's body; null when there is no such list."""
    return as_rows((body(snapshot, code, system) or {}).get("values"))


def as_rows(value: object) -> list[dict[str, Any]] | None:
    """Return the objects of a list; null for what is none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else None


def as_number(value: object) -> float | None:
    """Return a finite number, null for anything else. JSON has no other numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def as_fraction(percent: float | None) -> float | None:
    """Return a percentage as a fraction."""
    return None if percent is None else round(percent / 100, _DIGITS)


def as_text(value: object) -> str | None:
    """Return a text, null for anything else."""
    return value if isinstance(value, str) else None


def as_moment(value: object) -> datetime | None:
    """Return the moment an ISO 8601 text names, null for anything else. Without an offset it is in UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _value(snapshot: Snapshot, code: str, system: UnitSystem) -> object:
    return in_system(snapshot.value(code), signals()[code], system)[0]


def _problem(answer: Reading | Problem | None, now: datetime) -> Problem:
    return answer if isinstance(answer, Problem) else Problem("UPSTREAM:INVALID_DATA", now)
