"""Limits on how often Connect may be started and signed in to: first slower, then not at all, never for ever.

Kept in memory, by one process for itself: they blunt guessing and floods, they are no accounting. A key that has
rested is forgotten.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

_MAX_KEYS: Final = 20_000
MAX_FAILURES: Final = 5  # sign-ins of one session, before it has to wait
WAIT_S: Final = 60  # and this long


class Limit(msgspec.Struct, frozen=True):
    """At most `size` at once, full again after `refill_s` seconds of rest."""

    size: int
    refill_s: float


class Limits(msgspec.Struct, frozen=True):
    """How many session starts and sign-ins are let through, by address and by application; and how many wrong
    passwords, codes and PINs, by account and by address.
    """

    starts_by_address: Limit = Limit(120, 60)
    starts_by_application: Limit = Limit(600, 60)
    sign_ins_by_address: Limit = Limit(120, 60)
    sign_ins_by_application: Limit = Limit(600, 60)
    failures_by_account: Limit = Limit(10, 600)
    failures_by_address: Limit = Limit(60, 600)


class Hold(msgspec.Struct, frozen=True):
    """How long to hold a caller up, in seconds; with `stop` it is turned away and may come again after that."""

    seconds: float = 0.0
    stop: bool = False


class Throttle:
    """Counts by key under one limit. Over half of it callers are held up, a little longer each time."""

    def __init__(self, limit: Limit, most_s: float = 2.0) -> None:
        self._limit = limit
        self._most_s = most_s
        self._levels: dict[object, tuple[float, float]] = {}  # key → how much is used, and when that was

    def look(self, key: object, now: datetime) -> Hold:
        """Say how a caller would fare, without counting."""
        used = self._used(key, now.timestamp())
        if used > self._limit.size - 1:
            each = self._limit.refill_s / self._limit.size
            return Hold((used - self._limit.size + 1) * each, stop=True)
        over = used / self._limit.size - 0.5
        return Hold(max(0.0, over * 2 * self._most_s))

    def count(self, key: object, now: datetime) -> Hold:
        """Count one, unless it is turned away."""
        hold = self.look(key, now)
        if not hold.stop:
            at = now.timestamp()
            if len(self._levels) >= _MAX_KEYS:
                self._forget(at)
            self._levels[key] = self._used(key, at) + 1, at
        return hold

    def give_back(self, key: object, now: datetime) -> None:
        """Take back one that was counted, since it turned out not to be one."""
        at = now.timestamp()
        used = self._used(key, at) - 1
        if used > 0:
            self._levels[key] = used, at
        else:
            self._levels.pop(key, None)

    def _used(self, key: object, at: float) -> float:
        used, since = self._levels.get(key, (0.0, at))
        return max(0.0, used - max(0.0, at - since) * self._limit.size / self._limit.refill_s)

    def _forget(self, at: float) -> None:
        """Drop who has rested; when everybody is at it, the half that has used least: a flood of new keys, each of
        them seen once, must not wash away the count of one that is under attack.
        """
        self._levels = {key: level for key, level in self._levels.items() if self._used(key, at) > 0}
        if len(self._levels) >= _MAX_KEYS:
            by_use = sorted(self._levels.items(), key=lambda item: self._used(item[0], at))
            self._levels = dict(by_use[_MAX_KEYS // 2 :])
