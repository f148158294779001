"""Streams of events: complete, in order, taken up where they were left, and nobody else's."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import PEPPER
from tests.fakes import LOCK, ODOMETER, FakeSource, Middle, reading

from carwire.core.events import Event
from carwire.core.outbox import DeliveryFilter
from carwire.core.polling import Poll, Polled
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.kit.secrets import SecretHasher
from carwire.services.webhooks import streaming as module
from carwire.services.webhooks.bell import Bell
from carwire.services.webhooks.fanning_out import FanOut
from carwire.services.webhooks.managing import Wanted, WebhookService
from carwire.services.webhooks.streaming import (
    MOST,
    Alive,
    Gap,
    Item,
    Message,
    Place,
    Streaming,
    TooManyStreams,
    WebhookUnknown,
)
from carwire.storage.lives import KEPT
from carwire.storage.memory import MemoryStore
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store
from carwire.wire.telling import WireSpelling

pytestmark = pytest.mark.anyio
ASLEEP = "VEHICLE_STATE:ASLEEP"


class Scene(Middle):
    """An application with a car, and streams of its events."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, FakeSource())
        self.asked: list[Poll] = []
        self.bell = Bell(store, look_s=0.01)
        spelling = WireSpelling("https://c.example")
        self.streaming = Streaming(store, spelling, self.bell, self.ask, self.clock, alive_s=60)
        self.webhooks = WebhookService(store, spelling, self.clock)
        self.value = 0.0

    async def ask(self, poll: Poll) -> Polled:
        """Note who is asked."""
        self.asked.append(poll)
        return Polled(poll.vehicle, None if len(self.asked) > 1 else self.clock())

    async def drive(self, vehicle: Vehicle, times: int = 1) -> None:
        """Let a car's odometer change so often; before the first time something has to be known."""
        for _ in range(times):
            self.value += 10
            self.clock.move(seconds=1)
            await self.store.keep(vehicle, {ODOMETER: reading(self.value, self.clock())}, self.clock())

    async def open(
        self, vehicle: Vehicle, after: Place | None = None, webhook_id: str | None = None
    ) -> AsyncGenerator[Item]:
        """Open a stream as the application of a vehicle."""
        application = await self.store.find(vehicle.client_id)
        assert application
        return await self.streaming.open(application, after, webhook_id)


@pytest.fixture
def scene(store: Store) -> Scene:
    """A scene over each store."""
    return Scene(store)


async def took(stream: AsyncGenerator[Item], count: int) -> list[Message]:
    """Take so many messages, and leave."""
    found: list[Message] = []
    async with aclosing(stream), asyncio.timeout(20):
        while len(found) < count:
            item = await anext(stream)
            if isinstance(item, Message):
                found.append(item)
    return found


async def opened(stream: AsyncGenerator[Item]) -> Item:
    """Return the first thing a stream says, and leave."""
    async with aclosing(stream):
        return await anext(stream)


def body(message: Message) -> Any:
    """What a message tells."""
    return json.loads(message.body)


def odometers(messages: list[Message]) -> list[float]:
    """What of the odometer they tell."""
    return [body(each)["data"]["signals"][0]["body"]["value"] for each in messages]


async def test_what_happens_is_told_at_once_and_what_happened_when_it_is_asked_for(scene: Scene) -> None:
    (vehicle,) = await scene.connected()
    await scene.drive(vehicle, 3)
    live = await scene.open(vehicle)
    assert await anext(live) == Alive(Place(2))
    waiting = asyncio.create_task(took(live, 2))
    await asyncio.sleep(0.05)
    await scene.drive(vehicle, 2)
    assert odometers(await waiting) == [40, 50]
    assert odometers(await took(await scene.open(vehicle, Place(0)), 4)) == [20, 30, 40, 50]
    assert odometers(await took(await scene.open(vehicle, Place(2)), 2)) == [40, 50]


async def test_an_event_tells_the_value_of_its_moment_and_the_car_s_time_only_where_it_is_known(scene: Scene) -> None:
    (vehicle,) = await scene.connected()
    await scene.drive(vehicle, 3)
    first, last = (body(each)["data"]["signals"][0] for each in await took(await scene.open(vehicle, Place(0)), 2))
    assert (first["body"]["value"], last["body"]["value"]) == (20, 30)
    assert ("oemUpdatedAt" in first["meta"], "oemUpdatedAt" in last["meta"]) == (False, True)


@pytest.mark.parametrize("seed", range(3))
async def test_however_often_it_breaks_off_nothing_is_lost_and_nothing_told_twice(scene: Scene, seed: int) -> None:
    dice = random.Random(seed)
    client_id = await scene.application()
    mine = [*await scene.connected(client_id, "a:FAKE01"), *await scene.connected(client_id, "b:FAKE02,FAKE03")]
    (other,) = await scene.connected(None, "c:FAKE04")
    for each in (*mine, other):
        await scene.drive(each)

    async def happen() -> None:
        for _ in range(120):
            await scene.drive(dice.choice([*mine, *mine, other]))
            await asyncio.sleep(0)
        await scene.drive(mine[0])

    happening = asyncio.create_task(happen())
    got: list[Message] = []
    place = Place(0)
    while not happening.done() or (await scene.store.event_span())[1] > place.position:
        stream = await scene.open(mine[0], place)
        async with aclosing(stream):
            for _ in range(dice.randrange(1, 9)):
                try:
                    item = await asyncio.wait_for(anext(stream), 0.05)
                except TimeoutError:
                    break
                place = item.place
                got += [item] if isinstance(item, Message) else []
    rows, head = await scene.store.events_after(client_id, 0, 10_000)
    assert [each.place.position for each in got] == [event.position for event, _ in rows]
    assert len({body(each)["eventId"] for each in got}) == len(got) > 50
    assert head == 121


class Twofold(MemoryStore):
    """A store in which every car has two owners in the application."""

    async def events_after(self, *asked: Any) -> tuple[list[tuple[Event, Vehicle]], int]:
        """Return each row twice."""
        rows, until = await super().events_after(*asked)
        twins = [(event, msgspec.structs.replace(vehicle, user_id="other")) for event, vehicle in rows]
        return sorted([*rows, *twins], key=lambda row: (row[0].position, row[1].user_id)), until


async def test_one_event_for_several_owners_can_be_left_between_them() -> None:
    scene = Scene(Twofold())
    (vehicle,) = await scene.connected()
    lock = {LOCK: reading(True, scene.clock()), ODOMETER: reading(1, scene.clock())}
    await scene.store.keep(vehicle, lock, scene.clock())
    for value in (50, 90):
        scene.clock.move(seconds=1)
        answers = {LOCK: Problem(ASLEEP, scene.clock()) if value == 50 else reading(True, scene.clock())}
        await scene.store.keep(vehicle, {**answers, ODOMETER: reading(value, scene.clock())}, scene.clock())
    whole = await took(await scene.open(vehicle, Place(0)), 8)
    assert [str(each.place) for each in whole] == ["1.1", "1.2", "1.3", "1", "2.1", "2.2", "2.3", "2"]
    assert [each.kind for each in whole[:4]] == ["VEHICLE_STATE", "VEHICLE_ERROR"] * 2
    for left in range(1, 8):
        rest = await took(await scene.open(vehicle, whole[left - 1].place), 8 - left)
        assert [body(each)["eventId"] for each in rest] == [body(each)["eventId"] for each in whole[left:]]


async def test_only_what_is_granted_is_told_problems_too(scene: Scene) -> None:
    client_id = await scene.application()
    (vehicle,) = await scene.connected(client_id, permissions=["read_odometer"])
    for number in (1, 2):
        scene.clock.move(seconds=1)
        told = {ODOMETER: reading(10.0 * number, scene.clock()), LOCK: reading(number == 1, scene.clock())}
        await scene.store.keep(vehicle, told, scene.clock())
    await scene.store.keep(vehicle, {LOCK: Problem(ASLEEP, scene.clock())}, scene.clock())
    await scene.store.keep(vehicle, {ODOMETER: Problem(ASLEEP, scene.clock())}, scene.clock())
    state, error = await took(await scene.open(vehicle, Place(0)), 2)
    assert [each["code"] for each in body(state)["data"]["signals"]] == [ODOMETER]
    assert [each["code"] for each in body(error)["data"]["errors"][0]["signals"]] == [ODOMETER]
    assert LOCK.encode() not in state.body + error.body
    assert error.place.position == 3


async def test_an_application_hears_nothing_of_another_one_s_cars(scene: Scene) -> None:
    (mine,) = await scene.connected(None, "a:FAKE01")
    (theirs,) = await scene.connected(None, "a:FAKE02")
    for each in (mine, theirs, mine, theirs, theirs, mine):
        await scene.drive(each)
    got = await took(await scene.open(mine, Place(0)), 2)
    assert {body(each)["data"]["vehicle"]["id"] for each in got} == {mine.id}
    webhook = (await scene.webhooks.create(theirs.client_id, Wanted(name="W", url="https://a.example/"))).webhook
    for unknown in (webhook.id, "no id"):
        with pytest.raises(WebhookUnknown):
            await scene.open(mine, None, unknown)


async def test_as_a_webhook_it_tells_what_the_webhook_is_told(scene: Scene) -> None:
    client_id = await scene.application()
    mine, other = await scene.connected(client_id, "a:FAKE01,FAKE02")
    wanted = Wanted(
        name="W", url="https://a.example/", triggers=(Trigger(ODOMETER, cool_down_s=3),), signals=(ODOMETER, LOCK)
    )
    webhook = (await scene.webhooks.create(client_id, wanted)).webhook
    await scene.store.halt_webhook(webhook.id, None, scene.clock())
    await scene.drive(mine, 2)  # before anybody is subscribed
    await scene.webhooks.subscribe(mine, webhook.id)
    assert await scene.store.announce(mine, scene.clock())
    for _ in range(9):
        await scene.drive(mine)
        await scene.drive(other)
    told = await took(await scene.open(mine, Place(0), webhook.id), 4)
    fan_out = FanOut(scene.store, WireSpelling("https://c.example"), scene.clock)
    for shard in await scene.store.waiting_shards():
        await fan_out.fan_out(shard)
    sent = [json.loads(each.frozen.body) for each in await scene.store.deliveries(webhook.id, DeliveryFilter(), 100)]

    def same(each: Any) -> Any:
        each["meta"] = {k: v for k, v in each["meta"].items() if not k.startswith("deliver")}
        return each

    assert [same(body(each)) for each in told] == sorted(map(same, sent), key=_sequence)[:4]
    assert len(sent) > 4
    assert body(told[0])["triggers"][0] == {"type": "FIRST_DELIVERY"}
    assert body(told[0])["meta"]["webhookId"] == webhook.id


def _sequence(told: Any) -> int:
    sequence: int = told["meta"]["sequence"]
    return sequence


async def test_while_somebody_listens_to_a_halted_webhook_its_cars_are_asked_and_heard(scene: Scene) -> None:
    client_id = await scene.application()
    (vehicle,) = await scene.connected(client_id)
    wanted = Wanted(name="W", url="https://a.example/", triggers=(Trigger(ODOMETER),), signals=(LOCK,), version="2.0")
    webhook = (await scene.webhooks.create(client_id, wanted)).webhook
    await scene.webhooks.subscribe(vehicle, webhook.id)
    (poll,) = await scene.store.claim_polls(scene.clock(), module._LISTENED_FOR, 10)
    await scene.store.polled([Polled(poll.vehicle, None)])
    assert (poll.active, await scene.store.waiting_for("fake", "FAKE01")) == (False, [])
    await scene.drive(vehicle)
    stream = await scene.open(vehicle, None, webhook.id)
    waiting = asyncio.create_task(took(stream, 1))
    while not scene.asked:  # noqa: ASYNC110  # notes it and no more
        await asyncio.sleep(0.01)
    assert [(each.vehicle.id, each.codes, each.active) for each in scene.asked] == [
        (vehicle.id, (LOCK, ODOMETER), True)
    ]
    assert len(await scene.store.waiting_for("fake", "FAKE01")) == 1
    assert await scene.store.claim_polls(scene.clock(), module._LISTENED_FOR, 10) == []
    await scene.drive(vehicle)
    (told,) = await waiting
    assert body(told)["meta"]["version"] == "4.0"
    scene.clock.now += module._LISTENED_FOR
    (poll,) = await scene.store.claim_polls(scene.clock(), module._LISTENED_FOR, 10)
    assert not poll.active


async def test_where_there_are_no_events_any_more_or_yet_it_says_so_and_goes_on(scene: Scene) -> None:
    (vehicle,) = await scene.connected()
    await scene.drive(vehicle, 3)
    assert await opened(await scene.open(vehicle, Place(99))) == Gap(99, Place(2))
    audience = [each async for each in _waiting(scene.store)]
    await scene.store.fan_out(audience, [], scene.clock())
    scene.clock.now += KEPT
    await scene.drive(vehicle)
    await scene.store.tidy(scene.clock())
    stream = await scene.open(vehicle, Place(0))
    assert await anext(stream) == Gap(0, Place(2))
    assert [each.place for each in await took(stream, 1)] == [Place(3)]
    assert await opened(await scene.open(vehicle, Place(2))) == Alive(Place(2))


async def _waiting(store: Store) -> AsyncGenerator[Event]:
    for shard in await store.waiting_shards():
        audience = await store.audience(shard, 100)
        assert audience
        for event in audience.events:
            yield event


async def test_a_stream_that_is_not_read_reads_nothing_itself(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    (vehicle,) = await scene.connected()
    await scene.drive(vehicle, 2 * module.BATCH + 2)
    looked: list[int] = []
    usual = scene.store.events_after

    async def events_after(client_id: str, after: int, *rest: Any) -> Any:
        looked.append(after)
        return await usual(client_id, after, *rest)

    monkeypatch.setattr(scene.store, "events_after", events_after)
    stream = await scene.open(vehicle, Place(0))
    await anext(stream)
    await anext(stream)
    for _ in range(20):
        scene.bell.ring()
        await asyncio.sleep(0)
    assert looked == [0]
    assert len(await took(stream, 2 * module.BATCH)) == 2 * module.BATCH


async def test_an_application_has_so_many_streams_and_gets_another_when_one_ends(scene: Scene) -> None:
    (vehicle,) = await scene.connected()
    (other,) = await scene.connected(None, "o:FAKE09")
    streams = [await scene.open(vehicle) for _ in range(MOST)]
    for each in streams:
        await anext(each)
    with pytest.raises(TooManyStreams):
        await scene.open(vehicle)
    await opened(await scene.open(other))
    await streams.pop().aclose()
    streams.append(await scene.open(vehicle))
    for each in streams:
        await each.aclose()
    assert scene.streaming.running[vehicle.client_id] == 0


async def test_it_ends_with_the_server_with_the_webhook_and_with_the_credentials(scene: Scene) -> None:
    client_id = await scene.application()
    (vehicle,) = await scene.connected(client_id)
    webhook = (await scene.webhooks.create(client_id, Wanted(name="W", url="https://a.example/"))).webhook
    of_webhook = await scene.open(vehicle, None, webhook.id)
    await anext(of_webhook)
    await scene.webhooks.delete(client_id, webhook.id)
    with pytest.raises(StopAsyncIteration):
        await anext(of_webhook)
    scene.streaming.alive_s = 0.01
    told = await scene.open(vehicle)
    assert [await anext(told) for _ in range(3)] == [Alive(Place(0))] * 3
    await scene.accounts.rotate_secret(client_id)
    with pytest.raises(StopAsyncIteration):
        while True:
            assert await anext(told) == Alive(Place(0))
    scene.streaming.alive_s = 60
    last = await scene.open(vehicle)
    await anext(last)
    waiting = asyncio.create_task(anext(last, None))
    await asyncio.sleep(0.01)
    scene.streaming.end()
    assert await asyncio.wait_for(waiting, 5) is None


async def test_what_another_process_writes_is_heard(tmp_path: Path) -> None:
    ours, theirs = (open_store(tmp_path, None, open_sealer(tmp_path, None)) for _ in range(2))
    scene, elsewhere = Scene(ours), Scene(theirs)
    elsewhere.hasher = SecretHasher(PEPPER)
    (vehicle,) = await scene.connected()
    await elsewhere.drive(vehicle)
    stream = await scene.open(vehicle)
    assert await anext(stream) == Alive(Place(0))
    waiting = asyncio.create_task(took(stream, 1))
    await asyncio.sleep(0.05)
    await elsewhere.drive(vehicle)
    assert odometers(await waiting) == [20]
    await ours.close()
    await theirs.close()
