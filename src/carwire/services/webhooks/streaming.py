"""Streams: an application hears of events as they happen, without an address anybody could send to.

A stream goes through the event log from a position on, and reads no further than it is listened to: whoever is slow
costs a batch of memory. Where it stands is a `Place`, by which it can be taken up again without loss or repetition.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic
from typing import Final

import msgspec
import structlog

from carwire.core.applications import Application
from carwire.core.errors import CarwireError, StoreUnavailable
from carwire.core.events import Event
from carwire.core.outbox import DeliveryKind, Frozen
from carwire.core.polling import Poll, Polled
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Subscription, SubscriptionFilter, Webhook
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.services.webhooks.bell import Bell
from carwire.services.webhooks.fanning_out import deliveries_of, left_by
from carwire.services.webhooks.spelling import Spelling

MOST: Final = 16  # streams of one application in one process
BATCH: Final = 100  # positions looked at at once
ALIVE_S: Final = 15.0  # between two signs of life
_LISTENED_FOR: Final = timedelta(seconds=60)
_VEHICLES: Final = 1000  # of a halted webhook, asked while somebody listens
_PLACE: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,6}))?")
_STATE_OR_ERROR: Final[tuple[DeliveryKind, ...]] = ("VEHICLE_STATE", "VEHICLE_ERROR")
_log = structlog.get_logger("carwire.webhooks")

Told = Sequence[tuple[DeliveryKind, Frozen]]


class TooManyStreams(CarwireError):
    """The application has as many streams open as it may."""


class WebhookUnknown(CarwireError):
    """The application has no such webhook."""


class Place(msgspec.Struct, frozen=True, order=True):
    """After what a stream goes on: a position, and of how many of its parts. A `part` of null is all of them.

    >>> str(Place(7)), str(Place(7, 2)), Place.read("7.2"), Place.read("soon")
    ('7', '7.2', Place(position=7, part=2), None)
    """

    position: int
    part: int | None = None

    def __str__(self) -> str:
        return str(self.position) if self.part is None else f"{self.position}.{self.part}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Read one as it is written; null for what is none."""
        found = _PLACE.fullmatch(text) if text.isascii() else None
        return found and cls(int(found[1]), None if found[2] is None else int(found[2]))


class Message(msgspec.Struct, frozen=True):
    """Something that is told. `place` is where one goes on after it."""

    place: Place
    kind: DeliveryKind
    body: bytes


class Gap(msgspec.Struct, frozen=True):
    """Where the stream should have gone on there are no events: they are kept no more, or there have not been any."""

    after: int
    place: Place


class Alive(msgspec.Struct, frozen=True):
    """There is nothing to tell up to a place."""

    place: Place


Item = Message | Gap | Alive


class Streaming:
    """Opens streams. `observe` asks a car on behalf of whoever listens to a halted webhook."""

    def __init__(
        self,
        store: Store,
        spelling: Spelling,
        bell: Bell,
        observe: Callable[[Poll], Awaitable[Polled]],
        clock: Clock,
        *,
        alive_s: float = ALIVE_S,
    ) -> None:
        self.store = store
        self.spelling = spelling
        self.bell = bell
        self.observe = observe
        self.clock = clock
        self.alive_s = alive_s
        self.running: Counter[str] = Counter()

    def end(self) -> None:
        """End all streams, and those that are opened from now on."""
        self.bell.end()

    async def open(
        self, application: Application, after: Place | None = None, webhook_id: str | None = None
    ) -> AsyncGenerator[Item]:
        """Return the stream of an application after a place, a null is the present; of all its vehicles, or as one of
        its webhooks would be told. Raises `WebhookUnknown` and `TooManyStreams`.
        """
        if webhook_id is not None and await _webhook(self.store, application.client_id, webhook_id) is None:
            raise WebhookUnknown
        first, head = await self.store.event_span()
        stream = _Stream(self, application, after or Place(head), webhook_id)
        gap = None if after is None else _gap(after, first, head)
        if self.running[application.client_id] >= MOST:
            raise TooManyStreams
        return stream.items(gap)


class _Stream:
    """One stream, from its opening to its end."""

    def __init__(self, of: Streaming, application: Application, place: Place, webhook_id: str | None) -> None:
        self._of = of
        self._application = application
        self._client_id = application.client_id
        self._place = place
        self._webhook_id = webhook_id
        self._left: dict[str, Subscription] = {}  # as this stream has left them
        self._ask_at: dict[tuple[str, str], datetime | None] = {}

    async def items(self, gap: Gap | None) -> AsyncGenerator[Item]:
        """Go on until the server ends, the application changes or is gone, or its webhook is."""
        self._of.running[self._client_id] += 1
        asking = asyncio.create_task(self._ask_cars(), name="stream") if self._webhook_id else None
        try:
            with self._of.bell.heard() as ear:
                if gap:
                    self._place = gap.place
                    yield gap
                yield Alive(self._place)
                async with aclosing(self._follow(ear)) as items:
                    async for item in items:
                        yield item
        finally:
            self._of.running[self._client_id] -= 1
            if asking:
                asking.cancel()

    async def _follow(self, ear: asyncio.Event) -> AsyncGenerator[Item]:
        checked = monotonic()
        while not self._of.bell.ended:
            ear.clear()
            webhook = await _webhook(self._of.store, self._client_id, self._webhook_id)
            if self._webhook_id and webhook is None:
                return
            begun = self._place
            async for item in self._batch(webhook):
                self._place = item.place
                yield item
            if monotonic() - checked >= self._of.alive_s:
                checked = monotonic()
                if await self._of.store.find(self._client_id) != self._application:
                    return  # its secrets may be others
                yield Alive(self._place)
            if self._place == begun and not self._of.bell.ended:
                await _heard(ear, max(0.0, checked + self._of.alive_s - monotonic()))

    async def _batch(self, webhook: Webhook | None) -> AsyncIterator[Item]:
        """Tell what the next positions hold, and leave the place behind them."""
        after, part = self._place.position, self._place.part
        rows, until = await self._of.store.events_after(
            self._client_id, after if part is None else after - 1, BATCH, None if webhook is None else self._webhook_id
        )
        known: dict[tuple[str, bytes], Mapping[str, Reading | Problem]] = {}
        for position, group in groupby(rows, key=lambda row: row[0].position):
            told = [each async for each in self._parts(list(group), webhook, known)]
            if position == after:
                told = [each for each in told if each[0] > (part or 0)]
            for number, (ordinal, kind, body) in enumerate(told, 1):
                yield Message(Place(position, None if number == len(told) else ordinal), kind, body)
        if until > self._place.position or part is not None:
            self._place = Place(max(until, after))

    async def _parts(
        self,
        rows: list[tuple[Event, Vehicle]],
        webhook: Webhook | None,
        known: dict[tuple[str, bytes], Mapping[str, Reading | Problem]],
    ) -> AsyncIterator[tuple[int, DeliveryKind, bytes]]:
        """Spell an event for each owner. The number of a part is that of its owner and kind, so that it stays the same
        whatever else is told.
        """
        of = self._of
        for place, (event, vehicle) in enumerate(rows):
            account = event.car_id, event.account
            if account not in known:
                known[account] = await of.store.answers(vehicle)
            told = await self._told(event, vehicle, webhook, known[account])
            for kind, frozen in told:
                body = of.spelling.fill(frozen, new_id(), of.clock())
                yield 2 * place + _STATE_OR_ERROR.index(kind) + 1, kind, body

    async def _told(
        self, event: Event, vehicle: Vehicle, webhook: Webhook | None, known: Mapping[str, Reading | Problem]
    ) -> Told:
        if webhook is None:
            return self._of.spelling.live(vehicle, event, _of_moment(event, known))
        wanted = SubscriptionFilter(vehicle.user_id, webhook.id, vehicle.id)
        rows, _ = await self._of.store.subscriptions(self._client_id, wanted, 1, 0)
        if not rows or rows[0].created_at > event.at:
            return ()
        subscription = self._taken_up(rows[0], event)
        told = deliveries_of(event, webhook, subscription, known, self._of.spelling)
        self._left[subscription.id] = left_by(event, subscription, told)
        return [(each.kind, each.frozen) for each in told]

    def _taken_up(self, found: Subscription, event: Event) -> Subscription:
        """Return a subscription as this stream has left it. What the webhook itself has been told of this event or of
        later ones is not counted.
        """
        left = self._left.get(found.id)
        if left is not None:
            return msgspec.structs.replace(left, vehicle=found.vehicle)
        sequence = found.sequence if found.sequence is not None and found.sequence < event.sequence else None
        fired_at = {name: at for name, at in found.fired_at.items() if at < event.at}
        return msgspec.structs.replace(found, sequence=sequence, fired_at=fired_at)

    # --- cars

    async def _ask_cars(self) -> None:
        """While somebody listens to a halted webhook, its cars are asked as if it were active, and heard."""
        of, webhook_id = self._of, self._webhook_id
        assert webhook_id is not None
        while True:
            try:
                webhook = await _webhook(of.store, self._client_id, webhook_id)
                if webhook is not None and not webhook.enabled:
                    await of.store.listen(webhook_id, of.clock() + _LISTENED_FOR)
                    await self._ask_those_due(webhook)
            except StoreUnavailable as error:
                _log.warning("waits", stream=webhook_id, error=str(error))
            except Exception:
                _log.exception("failed", stream=webhook_id)
            await asyncio.sleep(of.alive_s / 3)

    async def _ask_those_due(self, webhook: Webhook) -> None:
        of = self._of
        wanted = SubscriptionFilter(webhook_id=webhook.id)
        rows, _ = await of.store.subscriptions(self._client_id, wanted, _VEHICLES, 0)
        for each in rows:
            key = each.vehicle.id, each.vehicle.user_id
            at = self._ask_at.get(key)
            if at is None or at <= of.clock():
                polled = await of.observe(Poll(each.vehicle, webhook.codes, active=True))
                self._ask_at[key] = polled.next_at


async def _webhook(store: Store, client_id: str, webhook_id: str | None) -> Webhook | None:
    """Return a webhook of the application, told in payload version 4.0 whatever it is told itself."""
    found = None if webhook_id is None else await store.webhook(webhook_id)
    if found is None or found.client_id != client_id:
        return None
    return msgspec.structs.replace(found, version="4.0")


async def _heard(ear: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await ear.wait()
    except TimeoutError:
        return


def _gap(after: Place, first: int, head: int) -> Gap | None:
    """Say what cannot be told after a place: it lies beyond the last event, or what follows it is kept no more."""
    if after.position > head:
        return Gap(after.position, Place(head))
    if first > after.position + 1:
        return Gap(after.position, Place(first - 1))
    return None


def _of_moment(event: Event, known: Mapping[str, Reading | Problem]) -> dict[str, Reading | Problem]:
    """Return those of the last readings that are the ones an event tells of, not later ones."""
    found = {change.code: (known.get(change.code), change.new) for change in event.changes}
    return {
        code: reading
        for code, (reading, new) in found.items()
        if isinstance(reading, Reading) and reading.value == new and reading.fetched_at <= event.at
    }
