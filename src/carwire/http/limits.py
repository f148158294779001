"""How often an application may ask: a bucket each, kept by this process."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

from carwire.core.budgets import CRUMB_S, Bucket
from carwire.core.errors import CarwireError

_MOST: Final = 10_000  # applications remembered


class Limited(CarwireError):
    """The application asks too often."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class ApplicationLimit:
    """Takes one from an application's bucket at every request. Without a bucket nothing is limited."""

    def __init__(self, bucket: Bucket | None, clock: Callable[[], float] = monotonic) -> None:
        self._bucket = bucket
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, client_id: str) -> None:
        """Count one request. Raises `Limited` when the bucket is empty."""
        bucket = self._bucket
        if bucket is None:
            return
        now = self._clock()
        level, at = self._levels.get(client_id, (float(bucket.size), now))
        level = min(float(bucket.size), level + (now - at) / bucket.each_s)
        wait = bucket.lacks_s(1, level)
        if wait > CRUMB_S:
            self._levels[client_id] = level, now
            raise Limited(wait)
        if len(self._levels) >= _MOST and client_id not in self._levels:
            del self._levels[next(iter(self._levels))]
        self._levels[client_id] = level - 1, now
