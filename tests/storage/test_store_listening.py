"""What every store tells of events, and of who listens to them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.storage.conftest import NOW, application, connect, reading

from carwire.core.grants import Principal
from carwire.core.polling import Polled
from carwire.core.ports import Store
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Webhook
from carwire.kit.secrets import Secret, new_signing_secret

pytestmark = pytest.mark.anyio
ODOMETER = "odometer-traveleddistance"
MINUTE = timedelta(minutes=1)


async def vehicle_of(store: Store, client_id: str = "app") -> Vehicle:
    """Connect a car."""
    approval = await connect(store, client_id=client_id)
    principal = Principal(client_id, approval.owner.id)
    (vehicle_id,), _ = await store.vehicles(principal, 10, 0)
    vehicle = await store.reach(principal, vehicle_id)
    assert vehicle
    return vehicle


async def test_events_are_told_to_their_application_and_those_of_one_webhook_to_it_alone(store: Store) -> None:
    assert await store.event_span() == (1, 0)
    vehicle = await vehicle_of(store)
    hooks = [Webhook(name, "app", "n", "https://a.example", NOW) for name in ("one", "two")]
    for hook in hooks:
        await store.add_webhook(hook, new_signing_secret())
        await store.halt_webhook(hook.id, None, NOW)
    await store.subscribe(vehicle, "one", NOW)
    for value in (1.0, 50.0, 90.0):
        await store.keep(vehicle, {ODOMETER: reading(value, measured=value, fetched=value)}, NOW)
    assert await store.announce(vehicle, NOW)
    assert await store.event_span() == (1, 3)

    async def told(client_id: str, after: int, webhook_id: str | None = None) -> list[tuple[int, str]]:
        rows, until = await store.events_after(client_id, after, 100, webhook_id)
        assert until == 3
        assert {each.id for _, each in rows} <= {vehicle.id}
        return [(event.position, event.kind) for event, _ in rows]

    assert await told("app", 0) == await told("app", 0, "two") == [(1, "changed"), (2, "changed")]
    assert await told("app", 1, "one") == [(2, "changed"), (3, "first")]
    await store.add(application("other"), Secret("x"))
    assert await told("other", 0) == []
    assert (await store.events_after("app", 2**62, 1))[1] == 3


async def test_who_listens_to_a_halted_webhook_waits_for_news_until_then(store: Store) -> None:
    vehicle = await vehicle_of(store)
    for name in ("halted", "active"):
        await store.add_webhook(Webhook(name, "app", "n", "https://a.example", NOW), new_signing_secret())
    await store.subscribe(vehicle, "halted", NOW)
    await store.polled([Polled(vehicle, None)])
    source, vin = vehicle.car.source, vehicle.car.vin
    assert await store.waiting_for(source, vin) == []
    await store.listen("active", NOW + MINUTE)  # nobody is subscribed to it
    assert await store.waiting_for(source, vin) == []
    await store.listen("halted", NOW + MINUTE)
    assert [each.id for each in await store.waiting_for(source, vin)] == [vehicle.id]
    assert await store.claim_polls(NOW, MINUTE, 10) == []
    (poll,) = await store.claim_polls(NOW + MINUTE, MINUTE, 10)
    assert (poll.active, poll.codes) == (False, ())
    await store.halt_webhook("active", None, NOW)
    await store.subscribe(vehicle, "active", NOW)
    await store.listen("halted", NOW + 60 * MINUTE)  # an active one waits for it: it is polled as ever
    (poll,) = await store.claim_polls(NOW + MINUTE, MINUTE, 10)
    assert poll.active
