"""What may happen to events on their way: done twice, by two at once, too late, or while somebody leaves."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from tests.crash.scene import SECOND, Scene, answer
from tests.fakes import CHARGE, NOW, ODOMETER, FakeSource, reading

from carwire.core.delivery import Sent
from carwire.core.errors import StoreUnavailable
from carwire.core.events import shard_of
from carwire.core.outbox import Audience, Frozen, NewDelivery
from carwire.core.ports import Store
from carwire.core.signals.reading import Snapshot
from carwire.core.triggers import Trigger
from carwire.core.vehicles import ConnectionFilter, Vehicle
from carwire.core.webhooks import Form, SubscriptionFilter
from carwire.jobs.memory import MemoryJobs
from carwire.services.observing import ObservingService
from carwire.services.webhooks import delivering, fanning_out
from carwire.storage.memory import MemoryStore
from carwire.worker import worker
from carwire.worker.metrics import WorkerMetrics

pytestmark = pytest.mark.anyio
Looked = tuple[Audience, list[NewDelivery]]


async def look(scene: Scene, vehicle: Vehicle) -> Looked:
    """Return what a worker would keep that has looked at a car's shard, and not yet kept it."""
    audience = await scene.store.audience(shard_of(vehicle.car.id), 100)
    assert audience
    return audience, scene.fan_out._deliveries(audience, await scene.fan_out._known(audience))


async def keep(scene: Scene, looked: Looked) -> None:
    await scene.store.fan_out(looked[0].events, looked[1], scene.clock())


def chained(scene: Scene) -> int:
    """Fail unless each body that was sent names the one before it of the same webhook and vehicle. Return how many
    there are.
    """
    chains: defaultdict[tuple[str, str], dict[int, int | None]] = defaultdict(dict)
    for *_, body, _ in scene.receiver.posts:
        told = msgspec.json.decode(body)
        key = told["meta"]["webhookId"], told["data"]["vehicle"]["id"]
        chains[key][told["meta"]["sequence"]] = told["meta"]["previousSequence"]
    for chain in chains.values():
        assert [chain[each] for each in sorted(chain)] == [None, *sorted(chain)[:-1]]
    return sum(map(len, chains.values()))


async def test_a_worker_that_comes_late_changes_nothing(stores: list[Store]) -> None:
    """It was taken for dead, and another has gone on."""
    scene = await Scene(stores[0]).begin()
    (vehicle,) = scene.vehicles
    webhook = await scene.webhook("https://r.example/", Trigger(ODOMETER, cool_down_s=60))
    await scene.move(vehicle)
    scene.clock.move(seconds=61)
    await scene.move(vehicle)
    late = await look(scene, vehicle)
    scene.clock.move(seconds=61)
    await scene.move(vehicle)
    await scene.spread()
    kept = await scene.deliveries(webhook)
    assert len(kept) == 3
    changed = [msgspec.structs.replace(each, frozen=Frozen(b"other")) for each in late[1]]
    await keep(scene, (late[0], changed))
    await keep(scene, late)
    assert await scene.deliveries(webhook) == kept
    scene.clock.move(seconds=59)
    await scene.move(vehicle)  # within the rest of the third, after that of the second
    await scene.spread()
    assert len(await scene.deliveries(webhook)) == 3
    scene.clock.move(seconds=2)
    await scene.move(vehicle)
    await scene.spread()
    await scene.drain()
    assert chained(scene) == 4


async def test_who_is_resumed_while_a_worker_looks_is_told_first_all_the_same(stores: list[Store]) -> None:
    scene = await Scene(stores[0]).begin()
    (vehicle,) = scene.vehicles
    webhook = await scene.webhook()
    await scene.move(vehicle)
    await scene.spread()
    await scene.move(vehicle)
    looked = await look(scene, vehicle)
    await scene.service.pause(scene.client_id, webhook.id)
    await scene.service.resume(scene.client_id, webhook.id)
    await keep(scene, looked)
    ((subscription,), _) = await scene.service.subscriptions(scene.client_id, SubscriptionFilter(), 10)
    assert subscription.first
    assert await scene.store.announce(vehicle, scene.clock())
    await scene.spread()
    assert len(await scene.deliveries(webhook)) == 3


async def test_a_failure_known_late_does_not_undo_a_success(stores: list[Store]) -> None:
    """Two workers sent the same: the one was taken for dead."""
    scene = await Scene(stores[0]).begin()
    webhook = await scene.webhook()
    await scene.move(scene.vehicles[0])
    await scene.spread()
    (due,) = await scene.deliveries(webhook)
    target = await scene.store.target(webhook.id, scene.clock(), 1)
    assert target
    scene.receiver.says = lambda url, at: answer(500)
    late = await scene.delivering._try(target, due)
    scene.receiver.says = lambda url, at: answer(200)
    assert await scene.drain() == 1
    await scene.store.record(webhook.id, [late], scene.clock())
    await scene.live(scene.clock.now + timedelta(days=1))
    assert len(scene.receiver.posts) == 2
    assert [each.state for each in await scene.deliveries(webhook)] == ["delivered"]


async def test_many_workers_at_once_make_every_delivery_once(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanning_out, "BATCH", 7)
    scenes = [Scene(each) for each in stores]
    scene = await scenes[0].begin(vehicles=12)
    webhooks = [await scene.webhook(), await scene.webhook(vehicles=scene.vehicles[::2])]
    dice = random.Random(5)

    async def write() -> None:
        for _ in range(120):
            await scene.move(dice.choice(scene.vehicles))

    async def work(own: Scene, numbers: list[int]) -> None:
        for _ in range(15):
            dice.shuffle(numbers)
            for shard in numbers:
                await own.fan_out.fan_out(shard)
            await asyncio.sleep(0)

    await asyncio.gather(write(), *(work(own, list(range(16))) for own in scenes for _ in range(2)))
    await scene.spread()
    await scene.drain()
    moved = [event for event, _ in (await stores[0].events_after(scene.client_id, 0, 1000))[0]]
    assert len(moved) == 120
    heard = {vehicle.car.id for vehicle in scene.vehicles[::2]}
    assert len(await scene.deliveries(webhooks[0])) == 120
    assert len(await scene.deliveries(webhooks[1])) == sum(event.car_id in heard for event in moved)
    assert chained(scene) == len(scene.receiver.posts) == len(set(scene.receiver.ids))


async def test_nothing_is_made_for_a_subscription_that_ended_meanwhile(stores: list[Store]) -> None:
    scene = await Scene(stores[0]).begin()
    (vehicle,) = scene.vehicles
    stays, ends = await scene.webhook(), await scene.webhook()
    await scene.move(vehicle)
    looked = await look(scene, vehicle)
    assert len(looked[1]) == 2
    assert await scene.service.unsubscribe(scene.client_id, SubscriptionFilter(webhook_id=ends.id)) == 1
    assert await scene.service.subscribe(vehicle, ends.id)  # another one, that has heard of nothing
    await keep(scene, looked)
    assert [len(await scene.deliveries(each)) for each in (stays, ends)] == [1, 0]
    ((new, old), _) = await scene.service.subscriptions(scene.client_id, SubscriptionFilter(), 10)
    assert {new.webhook_id: new.first, old.webhook_id: old.first} == {ends.id: True, stays.id: False}


async def disconnected(scene: Scene, webhook_id: str) -> None:
    (first, *_) = scene.vehicles
    wanted = ConnectionFilter(vehicle_id=first.id, user_id=first.user_id)
    assert await scene.store.disconnect(scene.client_id, wanted, scene.clock())


async def deleted_owner(scene: Scene, webhook_id: str) -> None:
    assert await scene.store.delete_owner(scene.client_id, scene.vehicles[0].user_id, scene.clock())


async def deleted_webhook(scene: Scene, webhook_id: str) -> None:
    await scene.service.delete(scene.client_id, webhook_id)


async def unsubscribed(scene: Scene, webhook_id: str) -> None:
    assert await scene.service.unsubscribe(scene.client_id, SubscriptionFilter(webhook_id=webhook_id))


async def deleted_application(scene: Scene, webhook_id: str) -> None:
    assert await scene.store.delete(scene.client_id)


LEAVING = [disconnected, deleted_owner, deleted_webhook, unsubscribed, deleted_application]


@pytest.mark.parametrize("leave", LEAVING)
async def test_nothing_is_sent_of_who_has_left(stores: list[Store], leave: Callable[[Scene, str], Any]) -> None:
    scene = await Scene(stores[0]).begin()
    webhook = await scene.webhook()
    scene.receiver.says = lambda url, at: answer(500)
    for _ in range(3):
        await scene.move(scene.vehicles[0])
    await scene.spread()
    assert await scene.drain() == 3
    await scene.move(scene.vehicles[0])
    await leave(scene, webhook.id)
    scene.receiver.posts.clear()
    await scene.spread()
    await scene.live(NOW + timedelta(days=1), lambda gone: max(SECOND, gone / 100))
    assert scene.receiver.posts == []
    backlog = await scene.store.backlog(scene.clock())
    assert (backlog.events, backlog.due, backlog.later, backlog.dead) == (0, 0, 0, 0)


@pytest.mark.parametrize("leave", LEAVING)
async def test_who_leaves_amid_a_drain_is_left_alone_at_the_next_look(
    stores: list[Store], leave: Callable[[Scene, str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "BATCH", 5)
    scene = await Scene(stores[0]).begin()
    webhook = await scene.webhook(form=Form(concurrency=1))
    for _ in range(20):
        await scene.move(scene.vehicles[0])
    await scene.spread()
    left = asyncio.Event()
    post = scene.receiver.post

    async def leaving(*arguments: Any, **options: Any) -> Sent:
        if len(scene.receiver.posts) == 2 and not left.is_set():
            left.set()
            await leave(scene, webhook.id)
        return await post(*arguments, **options)

    monkeypatch.setattr(scene.receiver, "post", leaving)
    assert await scene.delivering.drain(webhook.id) == 5
    assert await scene.drain() == 0
    assert len(scene.receiver.posts) == 5


class Flaky:
    """A store that cannot be reached every third time, before or after it has done what it was asked."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._dice = random.Random(seed)
        self.failing = True

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)

        async def asked(*arguments: Any, **options: Any) -> Any:
            mood = self._dice.random() if self.failing else 1.0
            if mood < 0.2:
                raise StoreUnavailable("gone before")
            result = await found(*arguments, **options)
            if mood < 0.35:
                raise StoreUnavailable("gone after")
            return result

        return asked


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that wait for no second."""
    monkeypatch.setattr(worker, "SWEEP_S", 0.02)
    monkeypatch.setattr(worker, "_TAKE_S", 0.02)


def worker_of(scene: Scene, store: Any) -> worker.Worker:
    fan_out = fanning_out.FanOut(store, scene.spelling, scene.clock)
    sending = delivering.Delivering(store, scene.receiver, scene.spelling, scene.clock, dice=lambda: 0.0)
    observing = ObservingService(store, scene.middle.upstream, scene.clock)
    work = worker.Work(store, MemoryJobs(), fan_out, sending, observing, {}, scene.clock)
    return worker.Worker(work, WorkerMetrics(), worker.SWEEP_S)


@pytest.mark.usefixtures("hurried")
async def test_a_store_that_goes_away_again_and_again_costs_time_and_no_event(stores: list[Store]) -> None:
    scene = await Scene(stores[0]).begin(vehicles=6)
    webhook = await scene.webhook()
    flaky = Flaky(stores[1], 3)
    own = worker_of(scene, flaky)
    own.start()
    for _ in range(10):
        for vehicle in scene.vehicles:
            await scene.move(vehicle)
        await asyncio.sleep(0.03)
    flaky.failing = False

    async def done() -> None:
        while True:
            backlog = await scene.store.backlog(scene.clock())
            if not backlog.events and not backlog.due:
                return
            await asyncio.sleep(0.02)

    await asyncio.wait_for(done(), 20)
    await own.stop()
    kept = await scene.deliveries(webhook)
    assert len(kept) >= 60
    assert {each.state for each in kept} == {"delivered"}
    assert set(scene.receiver.ids) == {each.id for each in kept}
    assert chained(scene) == len(kept)
    assert scene.receiver.posts


@pytest.mark.usefixtures("hurried")
async def test_a_fault_of_ours_is_tried_again_with_the_next_sweep_and_not_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = await Scene(MemoryStore()).begin()
    await scene.webhook()
    own, tries = worker_of(scene, scene.store), 0

    async def fails(*_: object) -> int:
        nonlocal tries
        tries += 1
        raise ValueError

    monkeypatch.setattr(own._work.delivering, "drain", fails)
    monkeypatch.setattr(worker, "_log", Mock())
    await scene.move(scene.vehicles[0])
    await scene.spread()
    own.start()
    await asyncio.sleep(0.5)
    await own.stop()
    assert 2 <= tries <= 26


async def test_events_are_told_though_the_clock_goes_backwards(stores: list[Store]) -> None:
    """Two servers write what a car says, and their clocks are apart."""
    scene = await Scene(stores[0]).begin()
    webhook = await scene.webhook()
    for seconds in (1.0, -0.5, 0.0, -30.0, 60.0, -0.000001):
        scene.clock.move(seconds=seconds)
        value = 100.0 * (1 + len(await scene.deliveries(webhook)))
        told = reading(value, scene.clock(), measured_at=NOW + timedelta(hours=value))
        assert await scene.store.keep(scene.vehicles[0], {ODOMETER: told}, scene.clock())
        await scene.spread()
    scene.clock.move(hours=1)
    await scene.drain()
    assert chained(scene) == 6


async def test_triggers_fire_and_rest_as_they_say(stores: list[Store]) -> None:
    """A long drive, judged by a reading of the rules that knows nothing of the store."""
    scene = await Scene(stores[0]).begin()
    (vehicle,), dice = scene.vehicles, random.Random(11)
    low = Trigger(CHARGE, "falls_below", 20, cool_down_s=600)
    full = Trigger(CHARGE, "rises_above", 80)
    webhook = await scene.webhook("https://r.example/", low, full)
    told, rested_at, expected = None, NOW, []
    value = 50.0
    for _ in range(150):
        scene.clock.move(seconds=dice.randint(1, 300))
        value = min(100.0, max(0.0, value + dice.uniform(-40, 40)))
        at = scene.clock()
        await scene.store.keep(vehicle, {CHARGE: reading(value, at)}, at)
        if dice.random() < 0.5:
            await scene.spread()
        if told is None or abs(value - told) >= 0.5:
            fires = told is not None and told <= 80 < value
            if told is not None and told >= 20 > value and at >= rested_at:
                fires, rested_at = True, at + timedelta(seconds=600)
            expected += [at] if fires else []
            told = value
    await scene.spread()
    kept = await scene.deliveries(webhook)
    assert len(kept) == len(expected) > 20
    events = {event.position: event.at for event, _ in (await stores[0].events_after(scene.client_id, 0, 1000))[0]}
    assert sorted(events[each.position] for each in kept) == expected


async def test_what_is_told_names_its_predecessor_whatever_happens_between(stores: list[Store]) -> None:
    """Halted and resumed, unheard and heard again, delivered late and out of order: the chain has no gap."""
    scene = await Scene(stores[0]).begin(vehicles=4)
    webhooks = [await scene.webhook(f"https://r.example/{number}") for number in range(3)]
    dice = random.Random(2)

    def says(url: str, at: datetime) -> Sent:
        return answer(dice.choice([200, 200, 500]))

    scene.receiver.says = says
    for _ in range(150):
        match dice.randrange(8):
            case 0:
                await scene.service.pause(scene.client_id, dice.choice(webhooks).id)
            case 1:
                await scene.service.resume(scene.client_id, dice.choice(webhooks).id)
            case 2:
                await scene.store.announce(dice.choice(scene.vehicles), scene.clock())
            case 3:
                await scene.spread()
            case 4:
                scene.clock.move(seconds=dice.uniform(0, 30))
                await scene.drain()
            case _:
                await scene.move(dice.choice(scene.vehicles))
    for webhook in webhooks:
        await scene.service.resume(scene.client_id, webhook.id)
    await scene.spread()
    scene.receiver.says = lambda url, at: answer()
    await scene.live(scene.clock.now + timedelta(days=1), lambda gone: max(SECOND, gone / 100))
    kept = [each for webhook in webhooks for each in await scene.deliveries(webhook)]
    assert {each.state for each in kept} == {"delivered"}
    assert chained(scene) == len(kept) > 60


async def test_what_is_pushed_polled_and_asked_at_once_is_told_once(stores: list[Store]) -> None:
    source = FakeSource(says=lambda code, now: reading(1000.0, now) if code == ODOMETER else reading(0.0, now))
    scene = Scene(stores[0])
    scene.middle.sources["fake"] = scene.middle.upstream._sources["fake"] = source  # type: ignore[index]
    await scene.begin()
    (vehicle,) = scene.vehicles
    webhook = await scene.webhook()
    observing = ObservingService(scene.store, scene.middle.upstream, scene.clock)
    scene.clock.move(minutes=1)
    pushed = Snapshot(vehicle.car.vin, {ODOMETER: reading(1000.0, scene.clock())})
    (poll,) = await scene.store.claim_polls(scene.clock(), timedelta(minutes=2), 10)
    await asyncio.gather(
        *(observing.take("fake", pushed) for _ in range(5)),
        observing.poll(poll),
        *(scene.middle.upstream.read(vehicle, [ODOMETER]) for _ in range(3)),
    )
    await scene.spread()
    events = [event for event, _ in (await scene.store.events_after(scene.client_id, 0, 1000))[0]]
    assert [change.new for event in events for change in event.changes if change.code == ODOMETER] == [1000.0]
    await scene.drain()
    assert len(await scene.deliveries(webhook)) in {1, 2}  # the first, and the change if it came after that
    assert chained(scene) == len(scene.receiver.posts)
    assert all(earlier <= later for earlier, later in pairwise(each[0] for each in scene.receiver.posts))
