"""Events: what happened at a car, as it was told to one account at its source. Numbered per car without gaps.

An event is written in the same transaction as the readings it tells about (`observed`), and never changed. Later it is
fanned out: to every webhook that is subscribed and wants it goes a delivery. The halves meet only in the event log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Literal
from zlib import crc32

import msgspec

from carwire.core.signals.diff import differs
from carwire.core.signals.reading import Problem, Reading, Value

SHARDS: Final = 16  # in each of which events are fanned out one after the other: those of one car are in one

# `changed`: signals have, or problems began or ended. `first`: a subscription is told for the first time.
# `scheduled`: its hour has come.
EventKind = Literal["changed", "first", "scheduled"]


class Change(msgspec.Struct, frozen=True):
    """A signal that changed: from what was told last to what is known now, values in canonical units."""

    code: str
    old: Value
    new: Value


class Failure(msgspec.Struct, frozen=True):
    """A problem that began (``ERROR``) or is over (``RESOLVED``), and the signals it keeps or kept from being read."""

    kind: str
    state: Literal["ERROR", "RESOLVED"]
    codes: tuple[str, ...]


class Event(msgspec.Struct, frozen=True):
    """One event. `position` orders all events of a server, `number` those of a car, both without gaps; `sequence` is
    its moment in epoch milliseconds, made greater than that of the car's event before.

    A null `webhook_id` is for everybody who is subscribed; else it is for that webhook and owner alone.
    """

    id: str
    position: int
    car_id: str
    account: bytes
    number: int
    sequence: int
    at: datetime
    kind: EventKind
    changes: tuple[Change, ...] = ()
    failures: tuple[Failure, ...] = ()
    webhook_id: str | None = None
    user_id: str | None = None


class Before(msgspec.Struct, frozen=True):
    """What is known of a signal before it is answered anew: what was told last, what was read last, and the kind of
    the problem that stands beside it. Unset: never told, never read.
    """

    told: Value | msgspec.UnsetType = msgspec.UNSET
    value: Value | msgspec.UnsetType = msgspec.UNSET
    problem: str | None = None


class Observed(msgspec.Struct, frozen=True):
    """What a car's answers bring that was not known: signals that are told now, with their values, what of it is a
    change, values that differ from the last at all, and problems that began or ended.
    """

    told: Mapping[str, Value]
    changes: tuple[Change, ...]
    moved: frozenset[str]
    failures: tuple[Failure, ...]

    @property
    def is_event(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.changes or self.failures)


NOTHING_BEFORE: Final = Before()


def observed(before: Mapping[str, Before], answers: Mapping[str, Reading | Problem]) -> Observed:
    """Compare what is known with what was answered. The first value ever is told to nobody as a change."""
    told: dict[str, Value] = {}
    changes, moved, began, over = [], set(), [], []
    for code, answer in answers.items():
        known = before.get(code, NOTHING_BEFORE)
        kind = answer.kind if isinstance(answer, Problem) else None
        if known.problem is not None and kind != known.problem:
            over.append((known.problem, code))
        if kind is not None:
            if kind != known.problem:
                began.append((kind, code))
            continue
        assert isinstance(answer, Reading)
        if known.value is msgspec.UNSET or known.value != answer.value:
            moved.add(code)
        if known.told is msgspec.UNSET:
            told[code] = answer.value
        elif differs(code, known.told, answer.value):
            told[code] = answer.value
            changes.append(Change(code, known.told, answer.value))
    failures = (*_failures(began, "ERROR"), *_failures(over, "RESOLVED"))
    return Observed(told, tuple(changes), frozenset(moved), failures)


def shard_of(car_id: str) -> int:
    """Return the shard in which a car's events are fanned out."""
    return crc32(car_id.encode()) % SHARDS


def _failures(found: Iterable[tuple[str, str]], state: Literal["ERROR", "RESOLVED"]) -> tuple[Failure, ...]:
    by_kind: dict[str, list[str]] = {}
    for kind, code in found:
        by_kind.setdefault(kind, []).append(code)
    return tuple(Failure(kind, state, tuple(codes)) for kind, codes in by_kind.items())
