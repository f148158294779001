"""Replay against its specification, over random histories: what has ended and is asked for is sent, nothing else."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import pytest
from tests.crash.scene import Scene, answer
from tests.fakes import NOW

from carwire.core.delivery import ATTEMPTS, Sent
from carwire.core.outbox import DeliveryFilter, DeliveryState
from carwire.core.ports import Store
from carwire.core.webhooks import Webhook
from carwire.storage.memory import MemoryStore

pytestmark = pytest.mark.anyio


class Made(msgspec.Struct):
    """A delivery as this test knows it."""

    vehicle_id: str
    at: datetime
    state: DeliveryState = "due"


class History:
    """What happened to the deliveries of one webhook, by a receiver that refuses some of them for good."""

    def __init__(self, scene: Scene, webhook: Webhook, seed: int) -> None:
        self.scene, self.webhook, self.dice = scene, webhook, random.Random(seed)
        self.made: dict[str, Made] = {}
        self.refused: set[str] = set()
        self.failures: dict[str, int] = {}

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 0, timeout_s: float = 0.0
    ) -> Sent:
        """Be the receiver, and keep the books."""
        self.scene.receiver.posts.append((self.scene.clock(), url, body, headers))
        name = headers["webhook-id"]
        if name not in self.refused:
            self.made[name].state = "delivered"
            return answer(200)
        self.failures[name] = self.failures.get(name, 0) + 1
        if self.failures[name] == ATTEMPTS:
            self.made[name].state = "dead"
        return answer(500)

    async def events(self, most: int) -> None:
        """Let some cars move, some of which the receiver will not hear of."""
        for _ in range(self.dice.randint(0, most)):
            await self.scene.move(self.dice.choice(self.scene.vehicles))
            self.scene.clock.move(seconds=self.dice.choice([0, 1, 60]))
            await self.scene.spread()
        for each in await self.scene.deliveries(self.webhook):
            if each.id not in self.made:
                self.made[each.id] = Made(each.vehicle_id, each.created_at)
                self.refused |= {each.id} if self.dice.random() < 0.4 else set()

    async def days(self, count: int) -> None:
        """Let days go by. A receiver that refuses all of them is taken for dead, and somebody resumes it."""
        for _ in range(count):
            self.scene.clock.move(days=2)
            await self.scene.store.halt_webhook(self.webhook.id, None, self.scene.clock())
            await self.scene.drain()

    def filter(self) -> DeliveryFilter:
        """Draw what is asked for."""
        moments = [
            *[None] * (4 * len(self.made)),
            *(each.at + timedelta(seconds=late) for each in self.made.values() for late in (0, 1)),
            None,
        ]
        names = [*[None] * (4 * len(self.made)), *self.made, ""]
        cars = [None, None, None, *(each.id for each in self.scene.vehicles)]
        states: list[DeliveryState | None] = [None, "dead", "dead", "delivered", "due"]
        choose = self.dice.choice
        return DeliveryFilter(choose(states), choose(moments), choose(moments), choose(names), choose(cars))

    def specified(self, wanted: DeliveryFilter) -> set[str]:
        """What is to be sent: all that has ended, in the state, the window, of the vehicle, that was asked for."""
        return {
            name
            for name, each in self.made.items()
            if each.state != "due"
            and (wanted.state is None or each.state == wanted.state)
            and (wanted.since is None or each.at >= wanted.since)
            and (wanted.until is None or each.at < wanted.until)
            and (wanted.id is None or name == wanted.id)
            and (wanted.vehicle_id is None or each.vehicle_id == wanted.vehicle_id)
        }


async def check(history: History, wanted: DeliveryFilter) -> int:
    """Replay, and fail unless it is what is specified, once, with the same bytes."""
    scene, webhook = history.scene, history.webhook
    expected, kept = history.specified(wanted), {each.id: each for each in await scene.deliveries(webhook)}
    scene.receiver.posts.clear()
    assert await scene.service.replay(scene.client_id, webhook.id, wanted, count_only=True) == len(expected)
    assert {each.id: each for each in await scene.deliveries(webhook)} == kept
    assert await scene.service.replay(scene.client_id, webhook.id, wanted) == len(expected)
    for name in expected:
        history.made[name].state, history.failures[name] = "due", 0
    await scene.drain()
    assert sorted(scene.receiver.ids) == sorted(expected)
    after = {each.id: each for each in await scene.deliveries(webhook)}
    assert {name: each.frozen for name, each in after.items()} == {name: each.frozen for name, each in kept.items()}
    assert {name: each.state for name, each in after.items()} == {name: m.state for name, m in history.made.items()}
    return len(expected)


async def histories(store: Store, count: int) -> list[int]:
    """Return how many deliveries each replay sent."""
    scene = await Scene(store).begin(vehicles=2)
    sizes = []
    for seed in range(count):
        webhook = await scene.webhook()
        history = History(scene, webhook, seed)
        scene.receiver.post = history.post  # type: ignore[method-assign]
        await history.events(4)
        await history.days(history.dice.choice([0, 1, ATTEMPTS]))
        await history.events(4)
        await scene.drain()
        sizes += [await check(history, history.filter()) for _ in range(3)]
        await history.days(1)
        sizes.append(await check(history, DeliveryFilter(state="dead")))
        await scene.service.delete(scene.client_id, webhook.id)
        scene.clock.now = NOW + timedelta(days=60 * (seed + 1))
    return sizes


async def test_1000_histories_in_memory() -> None:
    sizes = await histories(MemoryStore(), 1000)
    assert sum(sizes) > 1000
    assert sum(size > 1 for size in sizes) > 300


async def test_some_histories_in_every_store(stores: list[Store]) -> None:
    assert sum(await histories(stores[0], 8)) > 8
