"""Metering: how often a key may ask, how much of its month is used, and the record of every answered request.

The rate is kept by this process. A quota that may refuse is counted in the database before the answer, so that no
number of processes gives more than it allows. Where nothing can be refused, counts and records are written down every
second, together: a process that is killed loses that second.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Final

import msgspec

from carwire.core.errors import StoreUnavailable
from carwire.core.lookup.keys import MOST, ApiKey, Record, month_of
from carwire.core.lookup.ports import KeyStore
from carwire.core.lookup.refusal import LookupRefused
from carwire.kit.clock import Clock
from carwire.kit.secrets import Secret, SecretHasher

_REMEMBERED: Final = 10_000  # buckets
_CRUMB: Final = 1e-9


class Standing(msgspec.Struct, frozen=True):
    """How a key stands: what is left of its rate, when that is full again, and what its month has used."""

    remaining: int
    total: int
    reset: int
    used: int
    base: int
    most: int


class Meter:
    """Counts in the event loop alone."""

    def __init__(
        self, store: KeyStore, hasher: SecretHasher, clock: Clock, tick: Callable[[], float] = monotonic
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._tick = tick
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}
        self._records: list[Record] = []
        self._counts: Counter[tuple[str, int]] = Counter()
        self._used: dict[tuple[str, int], int] = {}

    def take_rate(self, key: ApiKey, product: str) -> None:
        """Take one from the bucket of a key and product. Raises `LookupRefused` when it is empty."""
        rate = key.rights.rate
        if rate is None:
            return
        size = float(key.rights.burst or max(1, math.ceil(rate)))
        now = self._tick()
        level, at = self._levels.get((key.id, product), (size, now))
        level = min(size, level + (now - at) * rate)
        if level < 1 - _CRUMB:
            self._levels[key.id, product] = level, now
            raise LookupRefused("rate_limited", "The key asks too often", retry_after_s=(1 - level) / rate)
        if len(self._levels) >= _REMEMBERED and (key.id, product) not in self._levels:
            del self._levels[next(iter(self._levels))]
        self._levels[key.id, product] = level - 1, now

    async def take_quota(self, key: ApiKey) -> None:
        """Count one request of the month. Raises `LookupRefused` when the month's requests are used up."""
        place = key.id, month_of(self._clock())
        most = key.rights.max_quota
        if most is None:
            self._counts[place] += 1
            return
        used = await self._store.take_quota(*place, most)
        if used is None:
            raise LookupRefused(
                "quota_exceeded", "The requests of this month are used up", retry_after_s=self._month_s()
            )
        self._used[place] = used

    async def give_back(self, key: ApiKey) -> None:
        """Take back one count, of a request that could not be answered."""
        place = key.id, month_of(self._clock())
        if key.rights.max_quota is None:
            self._counts[place] -= 1
        else:
            await self._store.take_quota(*place, None, -1)

    async def standing(self, key: ApiKey, product: str) -> Standing:
        """Return how a key stands now."""
        rights, place = key.rights, (key.id, month_of(self._clock()))
        if place not in self._used:
            self._used[place] = await self._store.quota_used(*place)
        size = rights.burst or max(1, math.ceil(rights.rate)) if rights.rate is not None else MOST
        now = self._clock().timestamp()
        level, reset = float(size), now
        if rights.rate is not None:
            level, at = self._levels.get((key.id, product), (float(size), self._tick()))
            level = min(float(size), level + (self._tick() - at) * rights.rate)
            reset = now + (size - level) / rights.rate
        used = self._used[place] + self._counts[place]
        base, most = rights.base_quota or MOST, rights.max_quota or MOST
        return Standing(int(level + _CRUMB), size, math.ceil(reset), used, base, most)

    def note(self, record: Record) -> None:
        """Keep a record of an answered request, for the next time records are written."""
        self._records.append(record)

    def subject_of(self, region: str | None, text: str) -> str:
        """Return the keyed digest of a VIN or plate."""
        return self._hasher.hash(Secret(f"lookup subject\0{region}\0{text}")).hex()

    async def write(self) -> None:
        """Write down what was noted. Raises `StoreUnavailable`: then it is kept for the next time."""
        counts, self._counts = self._counts, Counter()
        records, self._records = self._records, []
        try:
            for (key_id, month), count in list(counts.items()):
                if count:
                    used = await self._store.take_quota(key_id, month, None, count)
                    if used is not None:
                        self._used[key_id, month] = used
                del counts[key_id, month]
            if records:
                await self._store.add_lookup_records(records)
        except StoreUnavailable:
            self._counts.update(counts)
            self._records = records + self._records
            raise

    def _month_s(self) -> float:
        now = self._clock()
        year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
        return (datetime(year, month, 1, tzinfo=now.tzinfo) - now).total_seconds()
