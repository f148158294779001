"""Whether what was answered is recent enough not to be asked for again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire.core.signals.reading import Problem, Reading

_LACKING: Final = "COMPATIBILITY:VEHICLE_NOT_CAPABLE"
_LASTING: Final = timedelta(days=1)  # for which a car that lacks a signal is not asked for it again


def is_fresh(reading: Reading, changed_at: datetime | None, now: datetime, max_age: timedelta) -> bool:
    """Tell whether a kept reading need not be asked again.

    A simulated clock may have been set back: a reading from its future is not fresh.
    """
    if changed_at is not None and reading.fetched_at <= changed_at:
        return False
    return timedelta(0) <= now - reading.fetched_at <= max_age


def is_current(
    answer: Reading | Problem | None, changed_at: datetime | None, now: datetime, max_age: timedelta
) -> bool:
    """Tell whether what was answered last need not be asked again."""
    if isinstance(answer, Problem):
        limit = max(max_age, _LASTING) if answer.kind == _LACKING else max_age
        changed = changed_at is not None and answer.found_at <= changed_at and answer.kind != _LACKING
        return bool(limit) and not changed and timedelta(0) <= now - answer.found_at <= limit
    return answer is not None and bool(max_age) and is_fresh(answer, changed_at, now, max_age)


class Ages(msgspec.Struct, frozen=True):
    """The outermost moments of many answers, so that all can be judged at once: of those that age, and of signals the
    car lacks.
    """

    oldest: datetime | None
    newest: datetime | None
    lacking_since: datetime | None

    def are_current(self, changed_at: datetime | None, now: datetime, max_age: timedelta) -> bool:
        """Tell whether `is_current` holds for every one."""
        if self.lacking_since and not timedelta(0) <= now - self.lacking_since <= max(max_age, _LASTING):
            return False
        if self.oldest is None or self.newest is None:
            return True
        changed = changed_at is not None and self.oldest <= changed_at
        return bool(max_age) and not changed and self.newest <= now <= self.oldest + max_age


def ages_of(answers: Iterable[Reading | Problem | None]) -> Ages | None:
    """Return the ages of answers; null when one of them is missing."""
    moments: list[datetime] = []
    lacking: list[datetime] = []
    for answer in answers:
        if answer is None:
            return None
        if isinstance(answer, Reading):
            moments.append(answer.fetched_at)
        else:
            (lacking if answer.kind == _LACKING else moments).append(answer.found_at)
    return Ages(min(moments, default=None), max(moments, default=None), min(lacking, default=None))
