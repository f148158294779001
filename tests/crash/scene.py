"""Webhooks around a store, at a clock that stands: cars that say something, a receiver that answers as it is told."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from tests.fakes import NOW, ODOMETER, FakeSource, Middle, StandingClock, reading

from carwire.core.delivery import Sent
from carwire.core.outbox import Delivery, DeliveryFilter, Tried
from carwire.core.ports import Sender, Store
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Form, Webhook
from carwire.services.webhooks.delivering import Delivering
from carwire.services.webhooks.fanning_out import FanOut
from carwire.services.webhooks.managing import Wanted, WebhookService
from carwire.wire.telling import WireSpelling

T = TypeVar("T")
URL = "https://receiver.example/hook"
ALL = 1_000_000  # more deliveries than there are
SECOND = timedelta(seconds=1)


def answer(status: int | None = 200, *, body: bytes = b"", retry_after_s: float | None = None) -> Sent:
    """Return what a sender tells of an answer; a null status is a time limit that was reached."""
    if status is None:
        return Sent(None, "timeout", "No answer came within 15 s.", 15.0, b"", None, None)
    return Sent(status, None if status < 300 else "status", None, 0.01, body, None, retry_after_s)


@dataclass
class Told:
    """A receiver in the place of the sender: what it was sent, and what it answers, by URL and moment."""

    clock: Callable[[], datetime]
    says: Callable[[str, datetime], Sent] = lambda url, at: answer()
    posts: list[tuple[datetime, str, bytes, Mapping[str, str]]] = field(default_factory=list)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 1024, timeout_s: float = 15.0
    ) -> Sent:
        """Take a request and answer it at once."""
        at = self.clock()
        self.posts.append((at, url, body, headers))
        await asyncio.sleep(0)
        return self.says(url, at)

    async def close(self) -> None:
        """Nothing is kept open."""

    @property
    def ids(self) -> list[str]:
        """The ids of what was sent, which stay the same on every attempt."""
        return [headers["webhook-id"] for *_, headers in self.posts]


class Scene:
    """Services of webhooks over a store. `tries` is everything that was tried, in order."""

    def __init__(self, store: Store, *, sender: Sender | None = None, clock: StandingClock | None = None) -> None:
        self.middle = Middle(store, FakeSource(), clock=clock)
        self.store, self.clock = store, self.middle.clock
        self.receiver = Told(self.clock)
        self.spelling = WireSpelling("https://carwire.example")
        self.fan_out = FanOut(store, self.spelling, self.clock)
        self.tries: list[Tried] = []
        self._next: list[datetime] = []
        dice = random.Random(1)
        sender = sender or self.receiver
        self.delivering = Delivering(
            store, sender, self.spelling, self.clock, on_tried=self._on_tried, dice=dice.random
        )
        self.service = WebhookService(store, self.spelling, self.clock)
        self.client_id = ""
        self.vehicles: list[Vehicle] = []
        self._values: dict[str, float] = {}

    async def begin(self, vehicles: int = 1, who: str = "owner") -> Scene:
        """Register an application, and let an owner connect cars to it that have said something once."""
        self.client_id = self.client_id or await self.middle.application()
        username = f"{who}:{','.join(f'{who.upper()}{number:05}' for number in range(vehicles))}"
        found = await self.middle.connected(self.client_id, username)
        self.vehicles += found
        await few_at_once([self.move(each) for each in found])
        return self

    async def webhook(
        self, url: str = URL, *triggers: Trigger, vehicles: Sequence[Vehicle] | None = None, form: Form | None = None
    ) -> Webhook:
        """Make an active webhook that hears of vehicles, all of them unless told otherwise."""
        wanted = Wanted(
            name="W", url=url, triggers=triggers or (Trigger(ODOMETER),), signals=(ODOMETER,), form=form or Form()
        )
        made = (await self.service.create(self.client_id, wanted)).webhook
        await self.store.halt_webhook(made.id, None, self.clock())
        heard = self.vehicles if vehicles is None else vehicles
        assert all(await few_at_once([self.service.subscribe(vehicle, made.id) for vehicle in heard]))
        found = await self.store.webhook(made.id)
        assert found
        return found

    async def move(self, vehicle: Vehicle, km: float = 1.0) -> None:
        """Let a car have come farther, and say so."""
        self._values[vehicle.id] = value = self._values.get(vehicle.id, 0.0) + km
        await self.store.keep(vehicle, {ODOMETER: reading(value, self.clock())}, self.clock())

    async def spread(self) -> None:
        """Fan out all events that wait."""
        for shard in await self.store.waiting_shards():
            await self.fan_out.fan_out(shard)

    async def drain(self) -> int:
        """Send everything that is due, and return how many requests that was."""
        return sum([await self.delivering.drain(each) for each in await self.store.due_webhooks(self.clock())])

    async def live(self, until: datetime, tick: Callable[[timedelta], timedelta] = lambda _: SECOND) -> None:
        """Let time go by: from one moment at which something is due to the next, but never less than a tick, which may
        depend on the time gone by.
        """
        began = self.clock.now
        while True:
            await self.drain()
            while self._next and self._next[0] <= self.clock.now:
                heapq.heappop(self._next)
            if not self._next or self._next[0] > until:
                self.clock.now = max(self.clock.now, until)
                return
            self.clock.now = max(self._next[0], self.clock.now + tick(self.clock.now - began))

    async def deliveries(self, webhook: Webhook, **wanted: str) -> list[Delivery]:
        """Return all deliveries of a webhook."""
        return await self.store.deliveries(webhook.id, DeliveryFilter(**wanted), ALL)  # type: ignore[arg-type]

    def _on_tried(self, tried: Tried) -> None:
        self.tries.append(tried)
        if tried.next_at:
            heapq.heappush(self._next, tried.next_at)


async def few_at_once(work: Sequence[Awaitable[T]]) -> list[T]:
    """Do much, but not all at once."""
    done: list[T] = []
    for start in range(0, len(work), 20):
        done += await asyncio.gather(*work[start : start + 20])
    return done


def hours(at: datetime) -> float:
    """Return how many hours after the beginning a moment is."""
    return (at - NOW) / timedelta(hours=1)
