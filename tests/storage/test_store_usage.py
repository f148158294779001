"""What every store does with usage: counts are added up, by application, day and call."""

from __future__ import annotations

import asyncio

import pytest
from tests.storage.conftest import Place, application

from carwire.core.ports import Store
from carwire.core.usage import Usage, order
from carwire.kit.secrets import Secret

pytestmark = pytest.mark.anyio
ROUTE = "/v2.0/vehicles/{id}/odometer"


def row(client_id: str = "app", day: int = 20_000, method: str = "GET", route: str = ROUTE, calls: int = 1) -> Usage:
    """Return a row."""
    return Usage(client_id, day, method, route, calls)


async def test_counts_are_added_to_what_is_kept(store: Store) -> None:
    assert await store.usage(0) == []
    await store.add_usage([])
    await store.add_usage([row(calls=2), row(method="HEAD"), row(route="/v3/vehicles/{id}"), row(day=20_001)])
    await store.add_usage([row(calls=40), row(day=20_001, calls=2**40)])
    found = [row(calls=42), row(route="/v3/vehicles/{id}"), row(method="HEAD"), row(day=20_001, calls=2**40 + 1)]
    assert await store.usage(0) == sorted(found, key=order)


async def test_the_same_call_twice_in_one_batch_is_counted_twice(store: Store) -> None:
    await store.add_usage([row(calls=2), row(calls=3), row(calls=5)])
    assert await store.usage(0) == [row(calls=10)]


async def test_usage_is_told_from_a_day_on_and_of_one_application(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await store.add_usage([row(day=day, client_id=each) for day in (1, 2, 3) for each in ("other", "app")])
    assert [(each.client_id, each.day) for each in await store.usage(2)] == [
        *(("app", 2), ("app", 3)),
        *(("other", 2), ("other", 3)),
    ]
    assert await store.usage(3, "other") == [row(client_id="other", day=3)]
    assert await store.usage(4) == await store.usage(0, "nobody") == []


async def test_counts_of_applications_that_are_gone_are_dropped_and_the_others_kept(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await store.add_usage([row("nobody"), row("app"), row("other"), row("gone")])
    assert [each.client_id for each in await store.usage(0)] == ["app", "other"]
    await store.delete("other")
    await store.add_usage([row("other"), row("app")])
    assert await store.usage(0) == [row("app", calls=2)]
    await store.add(application("other"), Secret("x"))
    assert await store.usage(0, "other") == []


async def test_many_rows_are_kept_in_one_go(store: Store) -> None:
    rows = [row(route=f"/v2.0/{number:04}") for number in range(1234)]
    await store.add_usage(rows)
    await store.add_usage(rows[::-1])
    assert await store.usage(0) == [row(route=each.route, calls=2) for each in rows]


async def test_counts_written_at_the_same_time_from_two_stores_are_all_there(place: Place) -> None:
    stores = [place.open(), place.open()]
    for client_id in ("a", "b", "c"):
        await stores[0].add(application(client_id), Secret(client_id))
    batches = [[row(each, route=f"/{n % 3}") for each in order_] for n, order_ in enumerate(["abc", "cba", "bca"] * 8)]
    writes = [stores[n % 2].add_usage(batch) for n, batch in enumerate(batches)]
    await asyncio.gather(*writes, stores[1].delete("c"), *(each.usage(0) for each in stores))
    kept = await stores[0].usage(0)
    assert {(each.client_id, each.route, each.calls) for each in kept} == {
        (client_id, f"/{n}", 8) for client_id in "ab" for n in range(3)
    }
