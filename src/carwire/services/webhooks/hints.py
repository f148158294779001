"""Hints: whoever wrote an event lets a worker look at once, and not at its next sweep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from carwire.core.errors import StoreUnavailable
from carwire.core.events import shard_of
from carwire.core.jobs import Job
from carwire.core.ports import Jobs

FAN_OUT = "fan_out"
DELIVER = "deliver"
_log = structlog.get_logger("carwire.webhooks")


class Hints:
    """Puts jobs without letting anybody wait for it; what is hinted at meanwhile is put together. `ring` is called at
    once, for those who listen in this process.
    """

    def __init__(self, jobs: Jobs, ring: Callable[[], None] = lambda: None) -> None:
        self._jobs = jobs
        self._ring = ring
        self._shards: set[int] = set()
        self._putting: asyncio.Task[None] | None = None

    def event(self, car_id: str) -> None:
        """Say that a car has a new event. To be called in the event loop."""
        self._ring()
        self._shards.add(shard_of(car_id))
        if self._putting is None:
            self._putting = asyncio.get_running_loop().create_task(self._put(), name="hints")

    async def _put(self) -> None:
        try:
            while self._shards:
                shards, self._shards = self._shards, set()
                await self._jobs.put([Job(FAN_OUT, str(shard)) for shard in sorted(shards)])
        except StoreUnavailable as error:
            _log.warning("no hint", error=str(error))  # the sweep finds it
        finally:
            self._putting = None
