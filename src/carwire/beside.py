"""What runs beside the requests of a server, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from carwire.connectors.simulator.keeper import Keeper
from carwire.core.errors import CannotStart, StoreUnavailable
from carwire.core.ports import Jobs, Sender, Store
from carwire.http.application import Services
from carwire.jobs.claim import claim_worker
from carwire.kit.claims import Claim
from carwire.kit.clock import Clock
from carwire.lookup import Lookup
from carwire.services.usage import UsageService
from carwire.settings import Settings
from carwire.worker.worker import Worker

if TYPE_CHECKING:
    from carwire.connectors.simulator.remote import RemoteSource

_RECOVER_EVERY_S: Final = 60.0
_TIDY_EVERY: Final = 10  # recoveries
_USAGE_EVERY_S: Final = 5.0
_METER_EVERY_S: Final = 1.0
_CLAIM_EVERY_S: Final = 2.0
_log = structlog.get_logger("carwire")


class Cars(msgspec.Struct, frozen=True):
    """Where the simulated cars are: in the world of a keeper here, or with the process that a remote source asks.

    `holds` tells whether the claim to keep them is still ours, null when nobody can say just now.
    """

    keeper: Keeper | None = None
    remote: RemoteSource | None = None
    holds: Callable[[], bool | None] | None = None


class Beside(msgspec.Struct, frozen=True):
    """What a process does besides answering requests, by its role: with a `worker` it works and tidies, where the
    simulated cars are here it keeps them and takes what they push, and everywhere usage is written down.
    """

    settings: Settings
    store: Store
    cars: Cars
    services: Services
    lookup: Lookup
    worker: Worker
    works: bool
    jobs: Jobs
    sender: Sender
    clock: Clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run, and at the end wait for commands and deliveries under way."""
        ending = asyncio.Event()
        beside = [asyncio.create_task(each) for each in self._tasks()]
        writing = (
            asyncio.create_task(write_usage(self.services.usage, ending), name="usage"),
            asyncio.create_task(write_usage(self.lookup, ending, _METER_EVERY_S), name="lookup usage"),
        )
        keeper = self.cars.keeper
        if keeper:
            keeper.start()
            self.worker.listen()
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await self.worker.stop()
            await self.services.commands.finish()
            ending.set()
            await asyncio.gather(*writing)
            try:
                if keeper:
                    await keeper.stop()
            except CannotStart as error:  # a full disk for example: the cars are made up, the database is not
                _log.error("world_not_kept", error=str(error))
            await self.close()

    async def close(self) -> None:
        """Let go of what is open."""
        if self.cars.remote:
            await self.cars.remote.close()
        await self.jobs.close()
        await self.sender.close()
        await self.store.close()

    def _tasks(self) -> Iterator[Coroutine[Any, Any, None]]:
        if self.works:
            yield self._work()
        if self.cars.remote:
            yield self.cars.remote.follow()
        if self.cars.holds:
            yield _watch(self.cars.holds)

    async def _work(self) -> None:
        """Let the worker work, and tidy, until this is cancelled. With a file as the database one process does, the
        next one as soon as that has ended.
        """
        claim = None if self.settings.database else await _claimed(self.settings)
        self.worker.start()
        tidying = asyncio.create_task(tidy(self.store, self.clock), name="tidy")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            tidying.cancel()
            await self.worker.stop()
            if claim:
                claim.release()


async def _watch(holds: Callable[[], bool | None]) -> None:
    """End this process when another one keeps the simulated cars: that can be after the database was away."""
    while True:
        if await asyncio.to_thread(holds) is False:
            _log.error("another process keeps the simulated cars now: this one ends")
            signal.raise_signal(signal.SIGTERM)
            return
        await asyncio.sleep(_CLAIM_EVERY_S)


async def tidy(store: Store, clock: Clock, every_s: float = _RECOVER_EVERY_S) -> None:
    """End what a crash cut off, at once and every minute; delete what has expired, at once and every ten."""
    for turn in itertools.count():
        try:
            await store.recover(clock())
            if turn % _TIDY_EVERY == 0:
                await store.tidy(clock())
        except StoreUnavailable as error:
            _log.warning("not tidied", error=str(error))
        await asyncio.sleep(every_s)


async def _claimed(settings: Settings) -> Claim:
    told = False
    while (claim := claim_worker(settings.data)) is None:
        if not told:
            _log.info("another process is the worker of this data folder")
            told = True
        await asyncio.sleep(_CLAIM_EVERY_S)
    return claim


async def write_usage(usage: UsageService | Lookup, ending: asyncio.Event, every_s: float = _USAGE_EVERY_S) -> None:
    """Write usage down every few seconds and a last time at the end."""
    while not ending.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), every_s)
        try:
            await usage.write()
        except StoreUnavailable as error:
            _log.warning("usage not written", error=str(error))
