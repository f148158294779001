"""Jobs of one process, in memory. A process that ends forgets them; the sweep of the next one puts them again."""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import chain, count, islice, takewhile
from operator import itemgetter

from carwire.core.errors import StoreUnavailable
from carwire.core.jobs import LEASE_S, Job, Taken
from carwire.jobs.bell import Bell


class MemoryJobs:
    """`carwire.core.ports.Jobs` for one event loop. `monotonic` counts seconds, for leases."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._numbers = count()
        # Ordered ones: the first of a plain dict is found ever more slowly as those before it go.
        self._waiting: defaultdict[str, OrderedDict[Job, int]] = defaultdict(OrderedDict)  # by kind, in the order put
        self._leased: OrderedDict[Job, tuple[str, float]] = OrderedDict()  # lease, and when it ends: first to last
        self._bell = Bell()
        self._closed = False

    async def put(self, jobs: Sequence[Job]) -> None:
        """Put jobs; see the port."""
        self._check_open()
        for job in jobs:
            if job not in self._leased:
                self._waiting[job.kind].setdefault(job, next(self._numbers))
        self._bell.ring()

    async def take(self, kinds: Sequence[str], limit: int, wait_s: float) -> list[Taken]:
        """Take jobs; see the port."""

        async def look() -> list[Taken]:
            self._check_open()
            found = list(islice(chain(self._left_behind(kinds), self._in_order(kinds)), limit))
            return [self._lease(job) for job in found]

        return await self._bell.wait(look, wait_s)

    async def keep(self, taken: Sequence[Taken]) -> None:
        """Renew leases; see the port."""
        self._check_open()
        for each in taken:
            if self._holds(each):
                self._hold(each)

    async def done(self, taken: Taken) -> None:
        """End a lease; see the port."""
        self._check_open()
        if self._holds(taken):
            del self._leased[taken.job]

    async def close(self) -> None:
        """Let nobody wait any more; see the port."""
        self._closed = True
        self._bell.ring()

    def _left_behind(self, kinds: Sequence[str]) -> Iterator[Job]:
        now = self._monotonic()
        ended = takewhile(lambda item: item[1][1] <= now, self._leased.items())
        return (job for job, _ in ended if job.kind in kinds)

    def _in_order(self, kinds: Sequence[str]) -> Iterator[Job]:
        queues = (self._waiting[kind].items() for kind in kinds)
        return (job for job, _ in merge(*queues, key=itemgetter(1)))

    def _lease(self, job: Job) -> Taken:
        self._waiting[job.kind].pop(job, None)
        taken = Taken(job, str(next(self._numbers)))
        self._hold(taken)
        return taken

    def _hold(self, taken: Taken) -> None:
        self._leased[taken.job] = taken.lease, self._monotonic() + LEASE_S
        self._leased.move_to_end(taken.job)

    def _holds(self, taken: Taken) -> bool:
        return self._leased.get(taken.job, ("", 0.0))[0] == taken.lease

    def _check_open(self) -> None:
        if self._closed:
            msg = "the jobs are closed"
            raise StoreUnavailable(msg)
