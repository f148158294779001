"""Cars are asked on behalf of webhooks: what is due, within their budgets, and nothing nobody granted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.fakes import CHARGE, LOCK, ODOMETER, FakeSource, Middle, reading

from carwire.core.polling import TELLING, Poll
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.sources import Costs
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Webhook
from carwire.kit.ids import new_id
from carwire.kit.secrets import new_signing_secret
from carwire.services.observing import ObservingService
from carwire.storage.memory import MemoryStore

pytestmark = pytest.mark.anyio
LOCATION = "location-preciselocation"
HOUR = timedelta(hours=1)


class Post:
    """A car, a webhook that is subscribed to it, and the service that asks on its behalf."""

    def __init__(self, source: FakeSource) -> None:
        self.source = source
        self.rung: list[str] = []
        self.middle = Middle(MemoryStore(), source, on_event=self.rung.append)
        self.observing = ObservingService(self.middle.store, self.middle.upstream, self.middle.clock, self.rung.append)

    async def open(self, *codes: str, permissions: tuple[str, ...] = ("read_battery", "read_odometer")) -> Vehicle:
        """Connect the car and subscribe it."""
        client_id = await self.middle.application()
        (vehicle,) = await self.middle.connected(client_id, permissions=permissions)
        webhook = Webhook(
            new_id(), client_id, "W", "https://a.example", self.middle.clock(),
            triggers=tuple(map(Trigger, codes)), signals=codes, halt=None,
        )  # fmt: skip
        await self.middle.store.add_webhook(webhook, new_signing_secret())
        assert await self.middle.store.subscribe(vehicle, webhook.id, self.middle.clock())
        return vehicle

    async def ask(self) -> datetime | None:
        """Poll what is due now, and return when the car is asked next."""
        (poll,) = await self.middle.store.claim_polls(self.middle.clock(), HOUR, 10)
        polled = await self.observing.poll(poll)
        await self.middle.store.polled([polled])
        return polled.next_at

    def asked(self) -> set[str]:
        """Return the codes asked for since the last time."""
        found = {code for _, codes in self.source.reads for code in codes}
        self.source.reads.clear()
        return found


async def test_what_is_granted_is_asked_when_it_is_due() -> None:
    post = Post(FakeSource())
    await post.open(CHARGE, ODOMETER, LOCK)
    next_at = await post.ask()
    assert post.asked() == {CHARGE, ODOMETER}  # and neither LOCK nor what tells the tier: nobody granted that
    assert next_at
    post.middle.clock.now = next_at
    await post.ask()
    assert post.asked() == {CHARGE}
    post.middle.clock.move(hours=7)
    await post.ask()
    assert post.asked() == {CHARGE, ODOMETER}


async def test_what_tells_the_tier_is_asked_besides_and_a_driving_car_sooner_again() -> None:
    post = Post(FakeSource())
    await post.open(ODOMETER, permissions=("read_odometer", "read_vehicle_info", "read_speedometer", "read_charge"))
    post.source.says = lambda code, now: reading(50 if code == "motion-currentspeed" else None, now)
    next_at = await post.ask()
    assert post.asked() == {ODOMETER, *TELLING} - {"transmission-gearstate"}
    assert next_at
    assert timedelta(minutes=1) <= next_at - post.middle.clock() <= timedelta(seconds=66)


async def test_a_subscription_hears_for_the_first_time_even_of_a_car_that_says_nothing_new() -> None:
    post = Post(FakeSource(says=lambda code, now: Problem("VEHICLE_STATE:ASLEEP", now)))
    vehicle = await post.open(CHARGE)
    await post.ask()
    assert post.rung == [vehicle.car.id, vehicle.car.id]  # the problem is news as well
    shard = (await post.middle.store.waiting_shards())[0]
    audience = await post.middle.store.audience(shard, 10)
    assert audience
    assert sorted(event.kind for event in audience.events) == ["changed", "first"]


async def test_nobody_waits_for_a_car_whose_webhooks_are_halted() -> None:
    post = Post(FakeSource())
    vehicle = await post.open(CHARGE)
    polled = await post.observing.poll(Poll(vehicle, (), active=False))
    assert (polled.next_at, post.source.reads) == (None, [])


async def test_polling_leaves_half_of_the_wakes_to_others_and_never_exceeds_the_budget() -> None:
    costs = Costs(reads_wake=True, commands_wake=True, wake_kwh=0.1, reads_per_minute=10, wakes_per_day=24)
    post = Post(FakeSource(costs=costs, says=lambda code, now: reading(now.timestamp(), now)))
    await post.open(CHARGE, ODOMETER)
    end, days = post.middle.clock() + timedelta(days=10), 10
    while post.middle.clock() < end:
        next_at = await post.ask()
        assert next_at
        post.middle.clock.now = next_at
    assert 8 * days <= len(post.source.reads) <= 12 * days + 1


async def test_a_car_whose_budget_is_spent_is_asked_later_and_not_all_the_time() -> None:
    costs = Costs(reads_wake=False, commands_wake=True, wake_kwh=0.1, reads_per_minute=1, wakes_per_day=24)
    post = Post(FakeSource(costs=costs))
    vehicle = await post.open(CHARGE)
    await post.middle.upstream.read(vehicle, [ODOMETER])
    before = len(post.source.reads)
    next_at = await post.ask()
    assert len(post.source.reads) == before
    assert next_at
    assert next_at - post.middle.clock() >= timedelta(minutes=1)


async def test_what_a_car_tells_by_itself_is_kept_as_far_as_it_is_granted_and_credible() -> None:
    post = Post(FakeSource())
    vehicle = await post.open(CHARGE)
    now = post.middle.clock()
    told: dict[str, Reading | Problem] = {
        CHARGE: reading(40.0, now),
        LOCATION: reading({"latitude": 1.0, "longitude": 2.0}, now),
        ODOMETER: reading(float("nan"), now),
    }
    assert await post.observing.take("fake", Snapshot(vehicle.car.vin, told)) == 1
    assert await post.observing.take("fake", Snapshot("SOMEBODY", told)) == 0
    assert await post.observing.take("other", Snapshot(vehicle.car.vin, told)) == 0
    assert (await post.middle.store.answers(vehicle)).keys() == {CHARGE}
    assert post.rung == []
    later = now + HOUR
    post.middle.clock.now = later
    assert await post.observing.take("fake", Snapshot(vehicle.car.vin, {CHARGE: reading(50.0, later)})) == 1
    assert post.rung == [vehicle.car.id]
    assert post.source.reads == []
