"""What every store does with events, deliveries and polls: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from tests.storage.conftest import NOW, application, car, connect, owner, reading

from carwire.core.events import Change, Event, Failure, shard_of
from carwire.core.grants import ApprovedCar, Principal
from carwire.core.outbox import Attempt, DeliveryFilter, Frozen, NewDelivery, Tried, delivery_id
from carwire.core.polling import Polled
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem, Reading
from carwire.core.triggers import Trigger
from carwire.core.vehicles import ConnectionFilter, Vehicle
from carwire.core.webhooks import EVERY_S, Form, SubscriptionFilter, Webhook
from carwire.kit.secrets import Secret, new_signing_secret

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=2)
SOC = "tractionbattery-stateofcharge"
LOCK = "closure-islocked"


class Scene:
    """A store with a vehicle, and a webhook that is subscribed to it."""

    def __init__(self, store: Store, vehicle: Vehicle, webhook: Webhook) -> None:
        self.store = store
        self.vehicle = vehicle
        self.webhook = webhook

    @classmethod
    async def open(cls, store: Store, **form: object) -> Scene:
        """Connect a car and subscribe it."""
        await connect(store)
        (vehicle_id,), _ = await store.vehicles(Principal("app"), 10, 0)
        vehicle = await store.reach(Principal("app"), vehicle_id)
        assert vehicle
        webhook = hook(form=msgspec.convert(form, Form))
        await store.add_webhook(webhook, new_signing_secret())
        assert await store.subscribe(vehicle, webhook.id, NOW)
        return cls(store, vehicle, webhook)

    async def say(self, answers: Mapping[str, Reading | Problem], now: datetime = NOW) -> bool:
        """Let the car answer."""
        return await self.store.keep(self.vehicle, answers, now)

    async def events(self) -> list[Event]:
        """Return everything that waits."""
        audience = await self.store.audience(shard_of(self.vehicle.car.id), 100)
        return list(audience.events) if audience else []

    async def deliver(self, now: datetime = NOW) -> list[str]:
        """Fan out what waits, one delivery for every event, and return their ids."""
        audience = await self.store.audience(shard_of(self.vehicle.car.id), 100)
        assert audience
        (subscription,) = audience.subscriptions
        user_id = self.vehicle.user_id
        new = [
            NewDelivery(
                delivery_id(event, self.webhook.id, user_id, "VEHICLE_STATE"),
                subscription,
                event,
                "VEHICLE_STATE",
                Frozen(f"body {event.number}".encode(), event.number),
                tuple(f"trigger {change.code}" for change in event.changes),
            )
            for event in audience.events
        ]
        await self.store.fan_out(audience.events, new, now)
        return [each.id for each in new]


def hook(name: str = "hook", *, halt: str | None = None, **more: object) -> Webhook:
    """Return a webhook, active unless it is halted."""
    fields = {"triggers": (Trigger(SOC),), "signals": (LOCK,), "halt": halt, **more}
    return Webhook(name, "app", "Name", "https://a.example", NOW, **fields)  # type: ignore[arg-type]


def tried(delivery: str, number: int = 1, *, status: int = 200, wait: timedelta | None = None) -> Tried:
    """Return an attempt that succeeded, or failed and will be made again."""
    problem = None if status == 200 else "status"
    attempt = Attempt(str(uuid4()), delivery, number, NOW, 0.25, status, problem, problem, problem and "Oh no ü")
    if status == 200:
        return Tried(attempt, "delivered", None)
    return Tried(attempt, "due" if wait is not None else "dead", None if wait is None else NOW + wait)


# Events


async def test_the_first_value_is_no_event_a_changed_one_is(store: Store) -> None:
    scene = await Scene.open(store)
    assert await scene.say({SOC: reading(50.0), LOCK: reading(value=True)}) is False
    assert await scene.say({SOC: reading(50.2, measured=1), LOCK: reading(value=True, measured=1)}) is False
    assert await scene.say({SOC: reading(50.7, measured=2), LOCK: reading(value=False, measured=2)}, NOW + SECOND)
    (event,) = await scene.events()
    assert event.changes == (Change(SOC, 50.0, 50.7), Change(LOCK, old=True, new=False))
    assert (event.number, event.position, event.kind, event.at) == (1, 1, "changed", NOW + SECOND)
    assert (event.car_id, event.account) == (scene.vehicle.car.id, scene.vehicle.account)
    assert event.sequence == int((NOW + SECOND).timestamp() * 1000)


async def test_a_slow_drift_is_told_once_it_has_come_far_enough(store: Store) -> None:
    scene = await Scene.open(store)
    told = [await scene.say({SOC: reading(50 + step * 0.1, measured=step)}) for step in range(13)]
    assert [step for step, is_event in enumerate(told) if is_event] == [5, 10]
    changes = [change for event in await scene.events() for change in event.changes]
    assert [(round(each.old, 6), round(each.new, 6)) for each in changes] == [(50, 50.5), (50.5, 51)]  # type: ignore[arg-type]


async def test_an_older_answer_changes_and_tells_nothing(store: Store) -> None:
    scene = await Scene.open(store)
    await scene.say({SOC: reading(50.0, measured=10)})
    assert await scene.say({SOC: reading(10.0, measured=5)}) is False
    assert (await store.readings(scene.vehicle, [SOC]))[SOC].value == 50.0
    assert await scene.say({SOC: Problem("VEHICLE_STATE:ASLEEP", NOW - HOUR)}) is False


async def test_problems_that_begin_and_end_are_told(store: Store) -> None:
    scene = await Scene.open(store)
    asleep = Problem("VEHICLE_STATE:ASLEEP", NOW + SECOND)
    await scene.say({SOC: reading(50.0), LOCK: reading(value=True)})
    assert await scene.say({SOC: asleep, LOCK: asleep})
    assert await scene.say({SOC: asleep, LOCK: asleep}) is False
    assert await scene.say({SOC: reading(50.0, measured=5, fetched=5), LOCK: Problem("PERMISSION", NOW + 9 * SECOND)})
    began, then = await scene.events()
    assert began.failures == (Failure("VEHICLE_STATE:ASLEEP", "ERROR", (SOC, LOCK)),)
    assert then.failures == (
        Failure("PERMISSION", "ERROR", (LOCK,)),
        Failure("VEHICLE_STATE:ASLEEP", "RESOLVED", (SOC, LOCK)),
    )
    assert (began.changes, then.changes) == ((), ())


async def test_events_are_numbered_by_car_and_in_all_and_their_sequence_grows(store: Store) -> None:
    scene = await Scene.open(store)
    await connect(store, cars=(ApprovedCar(car("2"), ("read_vin",)),))
    ids, _ = await store.vehicles(Principal("app"), 10, 0)
    other = await store.reach(Principal("app"), next(each for each in ids if each != scene.vehicle.id))
    assert other
    for step in range(4):
        await store.keep(scene.vehicle, {SOC: reading(50 + step, measured=step)}, NOW)  # a clock that stands
        await store.keep(other, {SOC: reading(50 + step, measured=step)}, NOW - step * HOUR)  # and one that goes back
    events = [each for each, _ in (await store.events_after("app", 0, 100))[0]]
    assert [each.position for each in events] == [1, 2, 3, 4, 5, 6]
    for car_id in {each.car_id for each in events}:
        of_car = [each for each in events if each.car_id == car_id]
        assert [each.number for each in of_car] == [1, 2, 3]
        assert [each.sequence - of_car[0].sequence for each in of_car] == [0, 1, 2]


async def test_the_log_is_read_by_application_and_position(store: Store) -> None:
    scene = await Scene.open(store)
    for step in range(6):
        await scene.say({SOC: reading(50 + step, measured=step)})
    found, until = await store.events_after("app", 1, 3)
    assert ([event.position for event, _ in found], until) == ([2, 3, 4], 4)
    assert {vehicle.id for _, vehicle in found} == {scene.vehicle.id}
    assert await store.events_after("app", 5, 100) == ([], 5)
    assert await store.events_after("app", 99, 100) == ([], 5)
    assert await store.events_after("other", 0, 100) == ([], 5)


async def test_an_account_that_is_cut_off_leaves_no_events(store: Store) -> None:
    scene = await Scene.open(store)
    await scene.say({SOC: reading(1.0)})
    await scene.say({SOC: reading(9.0, measured=1)})
    assert await store.waiting_shards() == [shard_of(scene.vehicle.car.id)]
    await store.disconnect("app", ConnectionFilter(), NOW)
    assert (await store.waiting_shards(), await scene.events()) == ([], [])
    assert (await store.events_after("app", 0, 10))[0] == []
    assert await scene.say({SOC: reading(20.0, measured=2)}) is False


# Fan-out


async def test_events_wait_in_their_shard_until_they_are_fanned_out(store: Store) -> None:
    scene = await Scene.open(store)
    for step in range(3):
        await scene.say({SOC: reading(50 + step, measured=step)})
    shard = shard_of(scene.vehicle.car.id)
    assert await store.waiting_shards() == [shard]
    assert await store.audience(shard + 1, 10) is None
    audience = await store.audience(shard, 1)
    assert audience
    assert [event.number for event in audience.events] == [1]
    (subscription,) = audience.subscriptions
    assert (subscription.vehicle.id, subscription.first, subscription.sequence) == (scene.vehicle.id, True, None)
    assert audience.webhooks == {"hook": scene.webhook}
    await store.fan_out(audience.events, [], NOW)
    assert [event.number for event in await scene.events()] == [2]
    assert len(await scene.deliver()) == 1
    assert (await store.waiting_shards(), await store.audience(shard, 1)) == ([], None)


async def test_fanning_out_twice_keeps_the_bytes_of_the_first_time(store: Store) -> None:
    scene = await Scene.open(store)
    await scene.say({SOC: reading(1.0)})
    await scene.say({SOC: reading(9.0, measured=1)})
    audience = await store.audience(shard_of(scene.vehicle.car.id), 10)
    assert audience
    (event,), (subscription,) = audience.events, audience.subscriptions
    for body in (b"first", b"second"):
        new = NewDelivery(
            delivery_id(event, "hook", "user", "VEHICLE_STATE"), subscription, event, "VEHICLE_STATE", Frozen(body)
        )
        await store.fan_out([event], [new], NOW)
    (kept,) = await store.deliveries("hook", DeliveryFilter(), 10)
    assert (kept.frozen, kept.state, kept.next_at, kept.attempts) == (Frozen(b"first"), "due", NOW, 0)


async def test_a_subscription_remembers_what_it_was_told(store: Store) -> None:
    scene = await Scene.open(store)
    await scene.say({SOC: reading(1.0)})
    await scene.say({SOC: reading(9.0, measured=1)}, NOW + SECOND)
    (event,) = await scene.events()
    await scene.deliver()
    ((told,), _) = await store.subscriptions("app", SubscriptionFilter(), 10, 0)
    assert (told.first, told.sequence, told.fired_at) == (False, event.sequence, {f"trigger {SOC}": NOW + SECOND})
    await store.halt_webhook("hook", "paused", NOW)
    assert not (await store.subscriptions("app", SubscriptionFilter(), 10, 0))[0][0].first
    await store.halt_webhook("hook", None, NOW)
    assert (await store.subscriptions("app", SubscriptionFilter(), 10, 0))[0][0].first


async def test_who_is_halted_or_has_left_is_told_nothing(store: Store) -> None:
    scene = await Scene.open(store)
    await store.halt_webhook("hook", "paused", NOW)
    await scene.say({SOC: reading(1.0)})
    await scene.say({SOC: reading(9.0, measured=1)})
    audience = await store.audience(shard_of(scene.vehicle.car.id), 10)
    assert audience
    assert (audience.subscriptions, audience.webhooks) == ([], {})
    await store.halt_webhook("hook", None, NOW)
    audience = await store.audience(shard_of(scene.vehicle.car.id), 10)
    assert audience
    (subscription,), (event,) = audience.subscriptions, audience.events
    await store.unsubscribe("app", SubscriptionFilter())
    new = NewDelivery(str(uuid4()), subscription, event, "VEHICLE_STATE", Frozen(b"late"))
    await store.fan_out([event], [new], NOW)
    assert await store.deliveries("hook", DeliveryFilter(), 10) == []


async def test_a_vehicle_is_announced_once_to_every_active_webhook(store: Store) -> None:
    scene = await Scene.open(store)
    await store.add_webhook(hook("asleep", halt="unverified"), new_signing_secret())
    await store.subscribe(scene.vehicle, "asleep", NOW)
    assert [await store.announce(scene.vehicle, NOW) for _ in range(2)] == [True, False]
    (event,) = await scene.events()
    assert (event.kind, event.webhook_id, event.user_id) == ("first", "hook", scene.vehicle.user_id)
    assert (await store.events_after("app", 0, 10))[0] == []
    await scene.deliver()
    await store.halt_webhook("asleep", None, NOW)
    assert await store.announce(scene.vehicle, NOW) is True


async def test_announcing_a_vehicle_to_one_owner_leaves_another_owner_of_it_as_they_were(store: Store) -> None:
    scene = await Scene.open(store)
    theirs = await connect(store, owner=owner("somebody else"))
    other = await store.reach(Principal("app", theirs.owner.id), scene.vehicle.id)
    assert other
    assert other.user_id != scene.vehicle.user_id
    await store.subscribe(other, "hook", NOW)
    assert await store.announce(scene.vehicle, NOW) is True
    assert [each.user_id for each in await scene.events()] == [scene.vehicle.user_id]
    assert [await store.announce(other, NOW) for _ in range(2)] == [True, False]


async def test_what_is_scheduled_is_told_at_its_hours_and_missed_ones_are_not_made_up_for(store: Store) -> None:
    scene = await Scene.open(store, every="hour")
    assert await store.announce_scheduled(NOW + HOUR - SECOND, 10) == 0
    assert await store.announce_scheduled(NOW + HOUR, 10) == 1
    assert await store.announce_scheduled(NOW + HOUR, 10) == 0
    assert await store.announce_scheduled(NOW + 5.5 * HOUR, 10) == 1
    assert await store.announce_scheduled(NOW + 6 * HOUR - SECOND, 10) == 0
    assert await store.announce_scheduled(NOW + 6 * HOUR, 10) == 1
    assert [each.kind for each in await scene.events()] == ["scheduled"] * 3
    await store.halt_webhook("hook", "paused", NOW)
    assert await store.announce_scheduled(NOW + 99 * HOUR, 10) == 0
    assert EVERY_S["hour"] == 3600


# The outbox


async def due(scene: Scene, now: datetime = NOW, limit: int = 10) -> list[str]:
    """Return the bodies that are due."""
    target = await scene.store.target("hook", now, limit)
    assert target
    return [each.frozen.body.decode() for each in target.due]


async def three(store: Store) -> tuple[Scene, list[str]]:
    """Return a scene with three deliveries that are due."""
    scene = await Scene.open(store)
    for step in range(4):
        await scene.say({SOC: reading(50 + step, measured=step)})
    return scene, await scene.deliver()


async def test_deliveries_are_due_in_order_until_they_end(store: Store) -> None:
    scene, (first, second, third) = await three(store)
    assert await store.due_webhooks(NOW) == ["hook"]
    assert await store.due_webhooks(NOW - SECOND) == []
    assert await due(scene) == ["body 1", "body 2", "body 3"]
    assert await due(scene, limit=1) == ["body 1"]
    steps = [tried(first), tried(second, status=500, wait=HOUR), tried(third, status=500)]
    assert await store.record("hook", steps, NOW) is None
    assert (await store.due_webhooks(NOW), await due(scene)) == ([], [])
    assert await due(scene, NOW + HOUR) == ["body 2"]
    by_id = {each.id: each for each in await store.deliveries("hook", DeliveryFilter(), 10)}
    assert [by_id[each].state for each in (first, second, third)] == ["delivered", "due", "dead"]
    assert [by_id[each].status for each in (first, second, third)] == [200, 500, 500]
    assert [by_id[each].next_at for each in (first, second, third)] == [None, NOW + HOUR, None]
    assert await store.attempts(third) == [steps[2].attempt]
    assert await store.attempts("none") == []
    backlog = await store.backlog(NOW + HOUR)
    assert (backlog.events, backlog.due, backlog.later, backlog.dead, backlog.oldest_at) == (0, 1, 0, 1, NOW + HOUR)


async def test_what_is_signed_with_overlaps_when_it_is_rotated(store: Store) -> None:
    await Scene.open(store)
    (old,) = (await store.signing_keys("app", "hook", NOW)).secrets
    new = new_signing_secret()
    await store.rotate_webhook_secret("hook", new, NOW, NOW + HOUR)
    kept = application()
    await store.replace(kept, Secret("second token"), NOW + HOUR)
    keys = await store.signing_keys("app", "hook", NOW + HOUR - SECOND)
    assert [each.reveal() for each in keys.secrets] == [new.reveal(), old.reveal()]
    assert keys.management_token
    assert keys.management_token.reveal() == "management token of app"
    keys = await store.signing_keys("app", "hook", NOW + HOUR)
    assert [each.reveal() for each in keys.secrets] == [new.reveal()]
    assert keys.management_token
    assert keys.management_token.reveal() == "second token"
    await store.replace(kept, Secret("third token"))
    keys = await store.signing_keys("app", "hook", NOW)
    assert keys.management_token
    assert keys.management_token.reveal() == "third token"


async def test_a_key_that_is_replaced_twice_signs_no_longer_than_was_said_first(store: Store) -> None:
    await Scene.open(store)
    first, second, third = (new_signing_secret() for _ in range(3))
    await store.rotate_webhook_secret("hook", first, NOW, NOW + SECOND)
    await store.rotate_webhook_secret("hook", second, NOW, NOW + 2 * SECOND)
    await store.rotate_webhook_secret("hook", third, NOW, NOW + HOUR)
    for seconds, signing in ((1, [third, second, first]), (2, [third, second]), (3600, [third])):
        keys = await store.signing_keys("app", "hook", NOW + seconds * SECOND)
        assert keys is not None
        assert {each.reveal() for each in keys.secrets} == {each.reveal() for each in signing}


async def test_an_owner_who_has_left_is_subscribed_to_nothing_while_another_one_stays(store: Store) -> None:
    scene = await Scene.open(store)
    theirs = await connect(store, owner=owner("somebody else"))
    other = await store.reach(Principal("app", theirs.owner.id), scene.vehicle.id)
    assert other
    await store.disconnect("app", ConnectionFilter(user_id=theirs.owner.id), NOW)
    assert await store.subscribe(other, "hook", NOW) is None
    assert await store.subscribe(scene.vehicle, "hook", NOW) is False


async def test_a_receiver_that_wants_no_more_halts_its_webhook(store: Store) -> None:
    scene, (first, second, _) = await three(store)
    assert await store.record("hook", [tried(first, status=410, wait=SECOND)], NOW) == "gone"
    assert await store.record("hook", [tried(second, status=410, wait=SECOND)], NOW) is None
    found = await store.webhook("hook")
    assert found
    assert (found.halt, found.enabled, found.failing_since) == ("gone", False, NOW)
    assert await store.target("hook", NOW, 10) is None
    assert await store.due_webhooks(NOW + HOUR) == []
    assert await store.halt_webhook("hook", None, NOW) is True
    assert sorted(await due(scene)) == ["body 1", "body 2", "body 3"]
    assert await store.halt_webhook("none", None, NOW) is False


async def test_five_days_of_failure_halt_a_webhook_unless_one_succeeds(store: Store) -> None:
    scene, (first, second, _) = await three(store)

    async def fails(hours: int) -> str | None:
        return await store.record("hook", [tried(first, status=500, wait=SECOND)], NOW + timedelta(hours=hours))

    assert [await fails(hours) for hours in (0, 119)] == [None, None]
    assert await store.record("hook", [tried(second)], NOW + timedelta(hours=119)) is None
    assert [await fails(hours) for hours in (121, 240, 241)] == [None, None, "failing"]
    assert len(await store.deliveries("hook", DeliveryFilter(), 10)) == 3
    assert await store.target(scene.webhook.id, NOW, 1) is None


async def test_what_has_ended_is_replayed_with_the_same_bytes(store: Store) -> None:
    scene, (first, second, third) = await three(store)
    await store.record("hook", [tried(first), tried(second, 12, status=500)], NOW)
    dead = DeliveryFilter(state="dead")
    for wanted, count in (
        (dead, 1),
        (DeliveryFilter(), 2),
        (DeliveryFilter(id=third), 0),
        (DeliveryFilter(id=first), 1),
    ):
        assert await store.count_replay("hook", wanted) == count
    late = DeliveryFilter(since=NOW + SECOND)
    assert (await store.count_replay("hook", late), await store.count_replay("none", dead)) == (0, 0)
    assert await store.count_replay("hook", DeliveryFilter(until=NOW)) == 0
    assert await store.count_replay("hook", DeliveryFilter(since=NOW, until=NOW + SECOND, vehicle_id="none")) == 0
    assert await store.replay("hook", dead, NOW + HOUR) == 1
    assert await store.replay("hook", dead, NOW + HOUR) == 0
    assert await due(scene, NOW + HOUR) == ["body 3", "body 2"]
    (again,) = await store.deliveries("hook", DeliveryFilter(id=second), 10)
    assert (again.id, again.attempts, again.state) == (second, 0, "due")
    assert len(await store.attempts(second)) == 1


async def test_deliveries_go_with_their_subscription_and_are_not_recorded_afterwards(store: Store) -> None:
    _, (first, *_) = await three(store)
    await store.unsubscribe("app", SubscriptionFilter())
    assert await store.record("hook", [tried(first)], NOW) is None
    assert (await store.deliveries("hook", DeliveryFilter(), 10), await store.attempts(first)) == ([], [])
    assert await store.record("none", [tried(first)], NOW) is None


async def test_what_was_delivered_is_forgotten_after_a_month(store: Store) -> None:
    scene, (first, *_) = await three(store)
    await store.record("hook", [tried(first)], NOW)
    await store.tidy(NOW + timedelta(days=29))
    assert len(await store.deliveries("hook", DeliveryFilter(), 10)) == 3
    await store.tidy(NOW + timedelta(days=31))
    assert await store.deliveries("hook", DeliveryFilter(), 10) == []
    assert (await store.events_after("app", 0, 10))[0] == []
    assert (await store.readings(scene.vehicle, [SOC]))[SOC].value == 53


# Webhooks


async def test_a_webhook_comes_back_as_it_was_changed(store: Store) -> None:
    await Scene.open(store)
    changed = hook(
        triggers=(Trigger(SOC, "falls_below", 20, 60),),
        signals=(SOC, LOCK),
        version="2.0",
        error_url="https://e.example",
        form=Form(unit_system="imperial", every="week", event_name="schedule", newer_triggers=True, concurrency=3),
    )
    assert await store.change_webhook(changed, NOW) is True
    assert (await store.webhook("hook"), await store.webhooks("app")) == (changed, [changed])
    ((row,), _) = await store.subscriptions("app", SubscriptionFilter(), 10, 0)
    assert row.first
    assert await store.announce_scheduled(NOW + timedelta(days=7), 10) == 1
    assert await store.change_webhook(msgspec.structs.replace(changed, client_id="other"), NOW) is False
    assert await store.webhook("none") is None


async def test_a_webhook_that_subscribes_by_itself_hears_of_its_application_s_live_vehicles_now_and_later(
    store: Store,
) -> None:
    await store.add(application("other"), Secret("x"))
    wanted = {"app": 0, "other": 0}

    async def join(client_id: str, number: int, mode: str) -> None:
        await connect(store, client_id=client_id, cars=(ApprovedCar(car(str(number)), ("read_vin",)),),
                      owner=owner(f"{client_id} {number}", client_id=client_id, mode=mode))  # fmt: skip
        wanted[client_id] += mode == "live"

    async def subscribed(client_id: str) -> int:
        return (await store.subscriptions(client_id, SubscriptionFilter(), 10, 0))[1]

    for number in range(2):
        for client_id in ("app", "other"):
            for mode in ("simulated", "live"):
                await join(client_id, number, mode)
        if number == 0:
            await store.add_webhook(hook(auto_subscribe=True), new_signing_secret())
        assert (await subscribed("app"), await subscribed("other")) == (wanted["app"], 0)
    assert wanted == {"app": 2, "other": 2}
    assert {(each.vehicle.client_id, each.vehicle.mode) for each in await store.claim_polls(NOW, LEASE, 10)} == {
        ("app", "live")
    }


# Polls


async def test_subscribing_for_one_owner_polls_for_no_other(store: Store) -> None:
    await connect(store, owner=owner("somebody else"))
    scene = await Scene.open(store)
    polls = await store.claim_polls(NOW, LEASE, 10)
    assert [poll.vehicle.user_id for poll in polls] == [scene.vehicle.user_id]


async def test_a_vehicle_is_polled_by_one_worker_from_its_subscription_on(store: Store) -> None:
    await connect(store)
    assert await store.claim_polls(NOW, LEASE, 10) == []
    scene = await Scene.open(store)
    (poll,) = await store.claim_polls(NOW, LEASE, 10)
    assert (poll.vehicle.id, poll.codes, poll.active) == (scene.vehicle.id, (LOCK, SOC), True)
    assert await store.claim_polls(NOW, LEASE, 10) == []
    assert [each.id for each in await store.waiting_for(scene.vehicle.car.source, scene.vehicle.car.vin)] == [
        scene.vehicle.id
    ]
    await store.polled([Polled(poll.vehicle, NOW + HOUR)])
    assert await store.claim_polls(NOW + HOUR - SECOND, LEASE, 10) == []
    assert len(await store.claim_polls(NOW + HOUR, LEASE, 10)) == 1
    assert len(await store.claim_polls(NOW + HOUR + LEASE, LEASE, 10)) == 1  # whoever had it has died
    await store.halt_webhook("hook", "paused", NOW)
    (idle,) = await store.claim_polls(NOW + 9 * HOUR, LEASE, 10)
    assert (idle.codes, idle.active) == ((), False)
    await store.polled([Polled(idle.vehicle, None)])
    assert await store.claim_polls(NOW + 99 * HOUR, LEASE, 10) == []
    assert await store.waiting_for(scene.vehicle.car.source, scene.vehicle.car.vin) == []
    await store.halt_webhook("hook", None, NOW + 100 * HOUR)
    assert len(await store.claim_polls(NOW + 100 * HOUR, LEASE, 10)) == 1
