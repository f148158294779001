"""Waiting for jobs without asking all the time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from carwire.core.jobs import Taken


class Bell:
    """Wakes all who wait for jobs. Belongs to one event loop."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Let all who wait look again."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self, look: Callable[[], Awaitable[list[Taken]]], wait_s: float) -> list[Taken]:
        """Look now, whenever the bell rings, and when the time is over, until something is found."""
        now = asyncio.get_running_loop().time
        end = now() + wait_s
        while True:
            rung = self._rung
            found = await look()
            left = end - now()
            if found or left <= 0:
                return found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await rung.wait()
