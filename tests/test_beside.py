"""What runs beside the requests."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

import pytest
from tests.fakes import NOW

from carwire.beside import tidy, write_usage
from carwire.core.errors import StoreUnavailable
from carwire.services.usage import UsageService
from carwire.storage.memory import MemoryStore

pytestmark = pytest.mark.anyio


class Watched(MemoryStore):
    """Writes down what it is asked to do, and cannot be reached the second time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.enough = asyncio.Event()

    async def recover(self, now: datetime) -> int:
        """Count."""
        assert now == NOW
        self.asked.append("recover")
        if len(self.asked) == 3:
            raise StoreUnavailable("gone")
        if self.asked.count("recover") == 12:
            self.enough.set()
        return 0

    async def tidy(self, now: datetime) -> int:
        """Count."""
        assert now == NOW
        self.asked.append("tidy")
        return 0


async def test_what_a_crash_left_is_recovered_at_once_and_ten_times_as_often_as_is_tidied() -> None:
    store = Watched()
    task = asyncio.create_task(tidy(store, lambda: NOW, every_s=0))
    await asyncio.wait_for(store.enough.wait(), 5)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert store.asked[:14] == ["recover", "tidy", *["recover"] * 10, "tidy", "recover"]


class Turns(UsageService):
    """Writes down nothing but its turns, and ends the loop in the fourth. The store cannot be reached in the second."""

    def __init__(self, ending: asyncio.Event) -> None:
        super().__init__(MemoryStore(), lambda: NOW)
        self.turns = 0
        self.ending = ending

    async def write(self) -> None:
        """Count."""
        self.turns += 1
        if self.turns == 4:
            self.ending.set()
        if self.turns == 2:
            raise StoreUnavailable("gone")


async def test_usage_is_written_every_few_seconds_whatever_happened_before() -> None:
    ending = asyncio.Event()
    usage = Turns(ending)
    await asyncio.wait_for(write_usage(usage, ending, every_s=0), 5)
    assert usage.turns == 4


async def test_usage_is_written_a_last_time_at_the_end_at_once() -> None:
    ending = asyncio.Event()
    usage = Turns(ending)
    task = asyncio.create_task(write_usage(usage, ending, every_s=3600))
    await asyncio.sleep(0)
    assert usage.turns == 0
    ending.set()
    await asyncio.wait_for(task, 5)
    assert usage.turns == 1
