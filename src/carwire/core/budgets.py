"""Budgets: how often a car may be asked and woken, whoever asks.

Each is a bucket: so many at once, and one more every so many seconds. Being asked costs the maker's patience, being
woken costs the car's battery.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

CRUMB_S: Final = 1e-6  # what seconds in a float are exact to: who comes after just the time told is not refused


class Bucket(msgspec.Struct, frozen=True):
    """At most `size` at once; full again after `refill_s` seconds of rest. One of size 0 lets nothing through."""

    size: int
    refill_s: float

    @property
    def each_s(self) -> float:
        """Seconds after which there is one more."""
        return self.refill_s / self.size if self.size else math.inf

    def lacks_s(self, wanted: int, has: float) -> float:
        """Seconds until there are as many as wanted; 0 when there are."""
        return (wanted - has) * self.each_s if wanted > has else 0.0


class Budget(msgspec.Struct, frozen=True):
    """What a car can bear."""

    calls: Bucket
    wakes: Bucket


class Level(msgspec.Struct, frozen=True):
    """How full the two buckets of one car were at a moment, in epoch seconds."""

    calls: float
    wakes: float
    at: float


DAY_S: Final = 86_400.0


def full(budget: Budget, at: float) -> Level:
    """Return the level of a car nobody has asked yet."""
    return Level(budget.calls.size, budget.wakes.size, at)


def take(level: Level, budget: Budget, at: float, *, calls: int, wakes: int) -> tuple[Level, float | None]:
    """Take from both buckets or from neither. Return the level at `at` and null, or in how many seconds to come again.

    A clock that went backwards refills nothing.

    >>> b = Budget(Bucket(2, 64), Bucket(1, 3600))
    >>> level, wait = take(full(b, 0), b, 0, calls=2, wakes=0)
    >>> take(level, b, 16, calls=1, wakes=0)[1]
    16.0
    """
    passed = max(0.0, at - level.at)
    has_calls = min(float(budget.calls.size), level.calls + passed / budget.calls.each_s)
    has_wakes = min(float(budget.wakes.size), level.wakes + passed / budget.wakes.each_s)
    lacks = max(budget.calls.lacks_s(calls, has_calls), budget.wakes.lacks_s(wakes, has_wakes))
    now = Level(has_calls, has_wakes, max(at, level.at))
    if lacks > CRUMB_S:
        return now, lacks
    return Level(has_calls - calls, has_wakes - wakes, now.at), None
