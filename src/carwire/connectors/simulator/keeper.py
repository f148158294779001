"""The world of a running server: loaded at its start, kept while it runs and when it ends.

It has one of two clocks. A ``real`` one runs after the server's, at first as fast: a new world begins at the present,
and one that was kept lives on through the time the server was down. A ``stepped`` one stands until it is told to move,
and a new world then begins at `world.STARTED_AT`: what a test suite does is the same at every run.

What is kept is where the world stands, not what it went through, so months cost no more than a day. It is written
whole, at most every few seconds and only after something was done; a crash loses those seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

import msgspec
import structlog

from carwire.connectors.simulator.events import Checkpoint
from carwire.connectors.simulator.world import STARTED_AT, World
from carwire.connectors.simulator.worldfile import STATE_FILE, load_state, save_state
from carwire.core.errors import CannotStart
from carwire.core.simulation import Clockwork
from carwire.kit.clock import Clock

EVERY_S: Final = 3.0
# Minutes after which a car skips. A stepped world lives all that one step can be.
SKIP_AFTER: Final[dict[Clockwork, int]] = {"real": 2 * 1440, "stepped": 31 * 1440}
_SLICE: Final = 50  # cars encoded at a time, well under a millisecond
_REST: Final = 20  # how many times as long as it took to keep a world it is left alone: many cars take half a second
_encode: Final = msgspec.json.Encoder().encode
_log = structlog.get_logger("carwire.simulator")


class Keeper:
    """Holds a server's world. `now` is the server's clock. Raises `CannotStart` when a kept world cannot be read.

    Without a `clock` the world keeps the one it has.
    """

    def __init__(self, folder: Path, clock: Clockwork | None, now: Clock, every_s: float = EVERY_S) -> None:
        self._folder = folder
        self._now = now
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        kept = load_state(folder)
        self.clock: Final[Clockwork] = clock or ("real" if kept and kept.speed is not None else "stepped")
        self.world: Final = kept or World(started_at=self._beginning())
        self.world.skip_after = SKIP_AFTER[self.clock]
        self.world.forget()
        self._set_going()
        self._kept = self.world.revision if (folder / STATE_FILE).exists() else None

    def reset(self, seed: int) -> None:
        """Begin a new world, at the present or at the fixed moment, as the clock is."""
        self.world.reset(seed, self._beginning())
        self._set_going()

    def start(self) -> None:
        """Begin to keep the world, in a task of the running event loop."""
        self._ending.clear()
        self._task = asyncio.get_running_loop().create_task(self._go_on(), name="simulated world")

    async def stop(self) -> None:
        """End the task, and keep the world a last time. Raises `CannotStart` when it cannot be written."""
        if self._task:
            self._ending.set()  # not cancelled: a write that has begun ends before the last one
            await self._task
            self._task = None
        await self.keep()

    async def keep(self) -> None:
        """Write the world, if there is anything new: encoded between other work, written in a thread."""
        if self._is_new():
            revision, rest, cars = await self._taken()
            await asyncio.to_thread(save_state, rest, cars, self._folder)
            self._kept = revision

    def keep_now(self) -> None:
        """The same at once, for a program without an event loop."""
        if self._is_new():
            revision, rest = self.world.revision, self.world.checkpoint(self._now())
            save_state(msgspec.structs.replace(rest, cars=()), [_encode(car) for car in rest.cars], self._folder)
            self._kept = revision

    def _beginning(self) -> int:
        return int(self._now().timestamp()) if self.clock == "real" else STARTED_AT

    def _set_going(self) -> None:
        if self.clock == "stepped":
            self.world.stand()
        elif self.world.speed is None:
            self.world.run(self._now())

    def _is_new(self) -> bool:
        # Where a clock at another speed than the real one stands is known to nobody else.
        return self.world.revision != self._kept or self.world.speed not in {None, 0.0, 1.0}

    async def _taken(self) -> tuple[int, Checkpoint, list[bytes]]:
        """Return a revision, the world as it stands at least since then, and its cars, encoded a slice at a time.

        Cars do not meet, so each may be taken at another moment, as long as none is missing at the last.
        """
        world = self.world
        revision, beginnings = world.revision, world.beginnings
        taken: dict[str, bytes] = {}
        while left := [vin for vin in world.looked_at() if vin not in taken]:
            for start in range(0, len(left), _SLICE):
                taken |= {vin: _encode(world.known(vin)) for vin in left[start : start + _SLICE] if vin in world}
                await asyncio.sleep(0)
                if world.beginnings != beginnings:
                    return await self._taken()
        rest = world.checkpoint(self._now(), cars=False)
        return revision, rest, [car for vin, car in taken.items() if vin in world]

    async def _go_on(self) -> None:
        loop, wait = asyncio.get_running_loop(), self._every_s
        while not self._ending.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), wait)
            began = loop.time()
            try:
                await self.keep()
            except CannotStart as error:  # a full disk for example: the cars go on
                _log.error("world_not_kept", error=str(error))
            wait = max(self._every_s, _REST * (loop.time() - began))
