"""The event log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from carwire.core.events import Change, Event, EventKind, Failure, shard_of
from carwire.core.outbox import Audience, Delivery, NewDelivery
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import EVERY_S
from carwire.kit.ids import new_id
from carwire.storage.memory.state import State


class EventsInMemory:
    """`EventStore`."""

    _state: State

    async def waiting_shards(self) -> list[int]:
        """Return the shards with events that are not fanned out."""
        return sorted({shard_of(each.car_id) for each in self._state.events if each.position in self._state.waiting})

    async def audience(self, shard: int, limit: int) -> Audience | None:
        """Return the oldest events of a shard that wait, and who is subscribed; null when none does."""
        s = self._state
        waiting = [each for each in s.events if each.position in s.waiting and shard_of(each.car_id) == shard][:limit]
        if not waiting:
            return None
        cars = {(each.car_id, each.account) for each in waiting}
        active = {key: each for key, each in s.webhooks.items() if each.enabled}
        everybody = (s.subscription(key) for key in s.subscriptions if key[0] in active)
        found = [each for each in everybody if (each.vehicle.car.id, each.vehicle.account) in cars]
        return Audience(waiting, found, {each.webhook_id: active[each.webhook_id] for each in found})

    async def fan_out(self, events: Sequence[Event], deliveries: Sequence[NewDelivery], now: datetime) -> None:
        """Keep deliveries, and note that these events are fanned out."""
        s = self._state
        fanned = {event.position for event in events} & s.waiting
        s.waiting -= fanned
        for each in deliveries:
            told = each.subscription
            row = s.subscriptions.get((told.webhook_id, told.vehicle.id, told.vehicle.user_id))
            if row is None or row.id != told.id or each.event.position not in fanned:
                continue
            s.deliveries.setdefault(
                each.id,
                Delivery(
                    each.id, told.webhook_id, told.vehicle.id, told.vehicle.user_id, each.kind, each.event.position,
                    each.frozen, now, next_at=now,
                ),
            )  # fmt: skip
            if each.kind == "VEHICLE_STATE":
                row.first, row.sequence = 0 if told.first else row.first, each.event.sequence
                row.fired_at = each.fired_at

    async def announce(self, of: Vehicle, now: datetime) -> bool:
        """Let every active subscription of a vehicle that has been told nothing hear of it."""
        s = self._state
        rows = [
            (key, row)
            for key, row in sorted(s.subscriptions.items())
            if key[1:] == (of.id, of.user_id) and row.first == 1 and s.webhooks[key[0]].enabled
        ]
        for (webhook_id, _, user_id), row in rows:
            row.first = 2
            append(s, of.car.id, of.account, "first", now, webhook_id=webhook_id, user_id=user_id)
        return bool(rows)

    async def announce_scheduled(self, now: datetime, limit: int) -> int:
        """Let subscriptions whose hour has come hear of their vehicles, and return how many."""
        s, told = self._state, 0
        for key, row in sorted(s.subscriptions.items()):
            every = s.webhooks[key[0]].form.every
            if told == limit or row.scheduled_at is None or row.scheduled_at > now or not s.webhooks[key[0]].enabled:
                continue
            if every is None:
                row.scheduled_at = None
                continue
            step = timedelta(seconds=EVERY_S[every])
            row.scheduled_at += ((now - row.scheduled_at) // step + 1) * step
            vehicle = s.vehicle(*key[1:])
            append(s, vehicle.car.id, vehicle.account, "scheduled", now, webhook_id=key[0], user_id=key[2])
            told += 1
        return told

    async def events_after(
        self, client_id: str, after: int, limit: int, webhook_id: str | None = None
    ) -> tuple[list[tuple[Event, Vehicle]], int]:
        """Return what happened at the cars of an application's vehicles, and up to which position was looked."""
        s = self._state
        until = min(s.position, after + limit)
        found = []
        for event in s.events:
            if after < event.position <= until and event.webhook_id in {None, webhook_id}:
                links = sorted((user, vehicle) for vehicle, each in s.links.items() for user in each)
                links = [each for each in links if event.user_id in {None, each[0]}]
                reached = (s.vehicle(vehicle, user) for user, vehicle in links)
                key = (client_id, event.car_id, event.account)
                found += [(event, each) for each in reached if (each.client_id, each.car.id, each.account) == key]
        return found, max(until, min(after, s.position))

    async def event_span(self) -> tuple[int, int]:
        """Return the position of the oldest event that is kept, and the last."""
        s = self._state
        return (s.events[0].position if s.events else s.position + 1), s.position


def append(
    s: State,
    car_id: str,
    account: bytes,
    kind: EventKind,
    now: datetime,
    *,
    changes: tuple[Change, ...] = (),
    failures: tuple[Failure, ...] = (),
    webhook_id: str | None = None,
    user_id: str | None = None,
) -> None:
    """Append an event to the log, with the car's next number and the next position."""
    s.position += 1
    number, sequence = s.counted.get(car_id, (0, 0))
    s.counted[car_id] = number + 1, max(sequence + 1, int(now.timestamp() * 1000))
    event = Event(
        new_id(), s.position, car_id, account, *s.counted[car_id], now, kind, changes, failures, webhook_id, user_id
    )
    s.events.append(msgspec.json.decode(msgspec.json.encode(event), type=Event))  # nobody else's values
    s.waiting.add(s.position)
