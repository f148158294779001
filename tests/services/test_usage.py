"""Usage is counted in memory, and written down with the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.fakes import NOW, FakeSource, Middle, StandingClock

from carwire.core.errors import InvalidInput, StoreUnavailable
from carwire.core.usage import Usage, day_of
from carwire.services.usage import UsageService
from carwire.storage.memory import MemoryStore

pytestmark = pytest.mark.anyio
TODAY = day_of(NOW)


class Watched(MemoryStore):
    """Counts how often it is written to, and cannot be reached while `gone`."""

    gone = False
    writes = 0

    async def add_usage(self, rows: Sequence[Usage]) -> None:
        """Add, unless it is gone."""
        self.writes += 1
        if self.gone:
            raise StoreUnavailable("gone")
        await super().add_usage(rows)


@pytest.fixture
def store() -> Watched:
    """A store that can go."""
    return Watched()


@pytest.fixture
def clock() -> StandingClock:
    """Noon of a day."""
    return StandingClock()


@pytest.fixture
async def client_id(store: Watched) -> str:
    """An application."""
    return await Middle(store, FakeSource()).application()


async def test_counts_are_written_together_and_begin_anew(store: Watched, clock: StandingClock, client_id: str) -> None:
    usage = UsageService(store, clock)
    await usage.write()
    assert store.writes == 0  # nothing was counted
    for method, route in (("GET", "/a"), ("GET", "/a"), ("POST", "/a"), ("GET", "/v3/b")):
        usage.count(client_id, method, route)
    usage.count("nobody", "GET", "/a")
    assert await usage.of_days(1) == []
    await usage.write()
    await usage.write()
    usage.count(client_id, "GET", "/a")
    await usage.write()
    assert store.writes == 2
    assert await usage.of_days(1, client_id) == [
        Usage(client_id, TODAY, "GET", "/a", 3),
        Usage(client_id, TODAY, "GET", "/v3/b", 1),
        Usage(client_id, TODAY, "POST", "/a", 1),
    ]


async def test_what_cannot_be_written_is_kept_for_the_next_time(
    store: Watched, clock: StandingClock, client_id: str
) -> None:
    usage = UsageService(store, clock)
    usage.count(client_id, "GET", "/a")
    store.gone = True
    with pytest.raises(StoreUnavailable):
        await usage.write()
    usage.count(client_id, "GET", "/a")
    usage.count(client_id, "GET", "/b")
    store.gone = False
    await usage.write()
    assert [(each.route, each.calls) for each in await usage.of_days(1)] == [("/a", 2), ("/b", 1)]


async def test_the_days_asked_for_include_today(store: Watched, clock: StandingClock, client_id: str) -> None:
    usage = UsageService(store, clock)
    for _ in range(3):
        usage.count(client_id, "GET", "/a")
        await usage.write()
        clock.move(days=1)
    clock.move(days=-1)
    assert [each.day for each in await usage.of_days(3)] == [TODAY, TODAY + 1, TODAY + 2]
    assert [each.day for each in await usage.of_days(1)] == [TODAY + 2]
    clock.now += timedelta(days=1)
    assert await usage.of_days(1) == []


@pytest.mark.parametrize("days", [0, -1, 3661, 10**9])
async def test_a_number_of_days_that_is_none_is_refused(store: Watched, clock: StandingClock, days: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        await UsageService(store, clock).of_days(days)
    assert refused.value.fields[0].field == "days"


async def test_an_endless_method_is_cut(store: Watched, clock: StandingClock, client_id: str) -> None:
    usage = UsageService(store, clock)
    usage.count(client_id, "X" * 50, "/a")
    usage.count(client_id, "X" * 40, "/a")
    await usage.write()
    assert [(each.method, each.calls) for each in await usage.of_days(1)] == [("X" * 10, 2)]
