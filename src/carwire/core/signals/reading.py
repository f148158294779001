"""What a question about a car is answered with: per signal a reading, or the problem that stood in its way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from carwire.core.signals.problems import KINDS, split

# A scalar signal's value, or the body of one that has more members, without its unit.
Value = bool | int | float | str | dict[str, object] | None


class Reading(msgspec.Struct, frozen=True, tag="reading"):
    """One signal's value in its canonical unit, with three times: when the car measured it, when the maker's service
    had it, when we got it. The first two are null for what never changes, and where the maker does not tell.
    `source` names the connector.
    """

    value: Value
    unit: str | None
    measured_at: datetime | None
    maker_at: datetime | None
    fetched_at: datetime
    source: str

    def age(self, now: datetime) -> timedelta:
        """Return how old the value is: since the car measured it, as far as that is known."""
        return now - (self.measured_at or self.maker_at or self.fetched_at)


class Problem(msgspec.Struct, frozen=True, tag="problem"):
    """Why there is no reading, or why a command did not happen. `kind` is one of `problems.KINDS`.

    `retry_after` is in seconds, null where the other side named no time. `last` is the last known reading, if any.
    """

    kind: str
    found_at: datetime
    retry_after: float | None = None
    last: Reading | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"{self.kind!r} is no kind of problem"
            raise ValueError(msg)

    @property
    def type(self) -> str:
        """The wire's error type."""
        return split(self.kind)[0]

    @property
    def code(self) -> str | None:
        """The wire's error code, null for a type without codes."""
        return split(self.kind)[1]

    @property
    def meaning(self) -> str:
        """One sentence."""
        return KINDS[self.kind]


class Snapshot(msgspec.Struct, frozen=True):
    """What a car said at one moment: for every code that was asked a reading or a problem, in the order asked."""

    vin: str
    answers: Mapping[str, Reading | Problem]

    def value(self, code: str) -> Value:
        """Return the value of a signal; null when there is none."""
        answer = self.answers.get(code)
        return answer.value if isinstance(answer, Reading) else None


def fresh(answer: Reading | Problem, max_age: timedelta, now: datetime) -> Reading | Problem:
    """Return `answer`, or the problem ``TOO_OLD`` holding it when its value is older than `max_age`.

    What the car never measures (both outer times null) does not age.
    """
    if isinstance(answer, Problem) or (answer.measured_at is None and answer.maker_at is None):
        return answer
    return answer if answer.age(now) <= max_age else Problem("TOO_OLD", now, last=answer)
