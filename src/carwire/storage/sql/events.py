"""Plans for events: the log of what happened at cars, and its spreading to the webhooks that want to know."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from carwire.core.events import Change, Event, EventKind, Failure, shard_of
from carwire.core.outbox import Audience, NewDelivery
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import EVERY_S, Form
from carwire.kit.ids import new_id
from carwire.storage.moments import from_us, to_us
from carwire.storage.sql.plans import Plan, Planned, Row, Value, chunks, insert, marks, pairs_in, reads, writes
from carwire.storage.sql.rows import LINK, REST, vehicle_of
from carwire.storage.sql.webhooks import SUBSCRIPTION, subscription, webhooks_of

_EVENT: Final = "position, id, car_id, account_digest, number, sequence, happened_at, kind, detail, webhook_id, user_id"
_WIDTH: Final = 11
_DELIVERY: Final = (
    "id, webhook_id, subscription_id, vehicle_id, user_id, kind, position, body, slot, created_at, state, attempts,"
    " next_at"
)

_ONCE: Final = " ON CONFLICT (id) DO NOTHING"


class _Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    changes: tuple[Change, ...] = ()
    failures: tuple[Failure, ...] = ()


class EventPlans(Planned):
    """`carwire.core.ports.EventStore`."""

    @reads
    def waiting_shards(self) -> Plan[list[int]]:
        """Return the shards with events that are not fanned out."""
        rows = yield "SELECT DISTINCT shard FROM events WHERE fanned = 0", ()
        return sorted(shard for (shard,) in rows)

    @reads
    def audience(self, shard: int, limit: int) -> Plan[Audience | None]:
        """Return the oldest events of a shard that wait, and who is subscribed; null when none does."""
        rows = yield (
            f"SELECT {_EVENT} FROM events WHERE shard = ? AND fanned = 0 ORDER BY position LIMIT ?",
            (shard, limit),
        )
        events = [_event(row) for row in rows]
        if not events:
            return None
        found: list[Row] = []
        for some in chunks(sorted({(event.car_id, event.account) for event in events}), 200):
            condition, values = pairs_in("c.car_id", "c.account_digest", some)
            found += yield (
                f"SELECT {SUBSCRIPTION}, {LINK}, {REST} FROM subscriptions s JOIN webhooks w ON w.id = s.webhook_id"
                " JOIN connections c ON c.vehicle_id = s.vehicle_id AND c.user_id = s.user_id"
                f" JOIN cars k ON k.id = c.car_id WHERE w.halt IS NULL AND {condition}",
                values,
            )
        subscriptions = [subscription(row) for row in found]
        return Audience(events, subscriptions, (yield from webhooks_of({each.webhook_id for each in subscriptions})))

    @writes
    def fan_out(self, events: Sequence[Event], deliveries: Sequence[NewDelivery], now: datetime) -> Plan[None]:
        """Keep deliveries, and note that these events are fanned out. Nothing is kept of an event that somebody else
        has fanned out meanwhile, nor where the subscription has ended.
        """
        at, living, open_ = to_us(now), set[str](), set[int]()
        for some in chunks(sorted({each.subscription.id for each in deliveries})):
            among = marks(len(some))
            rows = yield f"SELECT id FROM subscriptions WHERE id IN ({among}) ORDER BY id {{for_update}}", some
            living |= {subscription_id for (subscription_id,) in rows}
        for positions in chunks(sorted(event.position for event in events)):
            among = marks(len(positions))
            rows = yield (
                f"UPDATE events SET fanned = 1 WHERE fanned = 0 AND position IN ({among}) RETURNING position",
                positions,
            )
            open_ |= {position for (position,) in rows}
        made = [each for each in deliveries if each.subscription.id in living and each.event.position in open_]
        yield from insert("deliveries", _DELIVERY, [_delivery(each, at) for each in made], _ONCE)
        states = [each for each in made if each.kind == "VEHICLE_STATE"]
        were_first = {each.subscription.id for each in states if each.subscription.first}
        for subscription_id, last in sorted({each.subscription.id: each for each in states}.items()):  # the last counts
            fired_at = {name: to_us(moment) for name, moment in last.fired_at.items()}
            yield (
                "UPDATE subscriptions SET first = first * ?, sequence = ?, fired_at = ? WHERE id = ?",
                (
                    int(subscription_id not in were_first),  # it may have been resumed since, and is to be told first
                    last.event.sequence,
                    msgspec.json.encode(fired_at).decode(),
                    subscription_id,
                ),
            )

    @writes
    def announce(self, of: Vehicle, now: datetime) -> Plan[bool]:
        """Let every active subscription of a vehicle that has been told nothing hear of it; false when none is."""
        rows = yield (
            "UPDATE subscriptions SET first = 2 WHERE vehicle_id = ? AND user_id = ? AND first = 1"
            " AND webhook_id IN (SELECT id FROM webhooks WHERE halt IS NULL) RETURNING webhook_id",
            (of.id, of.user_id),
        )
        for (webhook_id,) in sorted(rows):
            yield from append(of.car.id, of.account, "first", now, webhook_id=webhook_id, user_id=of.user_id)
        return bool(rows)

    @writes
    def announce_scheduled(self, now: datetime, limit: int) -> Plan[int]:
        """Let subscriptions whose hour has come hear of their vehicles, and return how many. An hour that was missed is
        not made up for.
        """
        at = to_us(now)
        rows = yield (
            "SELECT s.id, s.webhook_id, s.user_id, s.scheduled_at, c.car_id, c.account_digest, w.form"
            " FROM subscriptions s JOIN webhooks w ON w.id = s.webhook_id"
            " JOIN connections c ON c.vehicle_id = s.vehicle_id AND c.user_id = s.user_id"
            " WHERE s.scheduled_at <= ? AND w.halt IS NULL ORDER BY c.car_id, s.id LIMIT ?",
            (at, limit),
        )
        told = 0
        for subscription_id, webhook_id, user_id, scheduled_us, car_id, account, form in rows:
            taken = yield (
                "UPDATE subscriptions SET scheduled_at = ? WHERE id = ? AND scheduled_at = ? RETURNING id",
                (_next_us(scheduled_us, form, at), subscription_id, scheduled_us),
            )
            if taken:
                yield from append(car_id, account, "scheduled", now, webhook_id=webhook_id, user_id=user_id)
                told += 1
        return told

    @reads
    def events_after(
        self, client_id: str, after: int, limit: int, webhook_id: str | None = None
    ) -> Plan[tuple[list[tuple[Event, Vehicle]], int]]:
        """Return what happened at the cars of an application's vehicles, in order, looking at `limit` positions after
        one; and up to which was looked.
        """
        ((head,),) = yield "SELECT number FROM counters WHERE name = 'events'", ()
        until = min(head, after + limit)
        if until <= after:
            return [], min(after, head)
        columns = ", ".join(f"e.{column}" for column in _EVENT.split(", "))
        rows = yield (
            f"SELECT {columns}, {LINK}, {REST} FROM events e"
            " JOIN connections c ON c.car_id = e.car_id AND c.account_digest = e.account_digest"
            " JOIN cars k ON k.id = c.car_id WHERE e.position > ? AND e.position <= ? AND c.client_id = ?"
            " AND (e.webhook_id IS NULL OR (e.webhook_id = ? AND e.user_id = c.user_id))"
            " ORDER BY e.position, c.user_id, c.vehicle_id",
            (after, until, client_id, webhook_id or ""),
        )
        return [(_event(row[:_WIDTH]), vehicle_of(row[_WIDTH:])) for row in rows], until

    @reads
    def event_span(self) -> Plan[tuple[int, int]]:
        """Return the position of the oldest event that is kept, and the last."""
        ((head,),) = yield "SELECT number FROM counters WHERE name = 'events'", ()
        ((first,),) = yield "SELECT min(position) FROM events", ()
        return (head + 1 if first is None else min(first, head + 1)), head


def append(
    car_id: str,
    account: bytes,
    kind: EventKind,
    now: datetime,
    *,
    changes: tuple[Change, ...] = (),
    failures: tuple[Failure, ...] = (),
    webhook_id: str | None = None,
    user_id: str | None = None,
) -> Plan[None]:
    """Append an event to the log, with the car's next number and the next position. The last lock a plan takes."""
    at_ms = to_us(now) // 1000
    ((number, sequence),) = yield (
        "UPDATE cars SET event_number = event_number + 1,"
        " event_sequence = CASE WHEN event_sequence >= ? THEN event_sequence + 1 ELSE ? END WHERE id = ?"
        " RETURNING event_number, event_sequence",
        (at_ms, at_ms, car_id),
    )
    ((position,),) = yield "UPDATE counters SET number = number + 1 WHERE name = 'events' RETURNING number", ()
    detail = msgspec.json.encode(_Detail(changes, failures)).decode()
    yield (
        f"INSERT INTO events ({_EVENT}, shard, fanned) VALUES ({marks(_WIDTH + 2)})",
        (
            position, new_id(), car_id, account, number, sequence, to_us(now), kind, detail, webhook_id, user_id,
            shard_of(car_id), 0,
        ),
    )  # fmt: skip


def _event(row: Row) -> Event:
    position, event_id, car_id, account, number, sequence, at, kind, text, webhook_id, user_id = row
    detail = msgspec.json.decode(text, type=_Detail)
    return Event(
        event_id, position, car_id, account, number, sequence, from_us(at), kind, detail.changes, detail.failures,
        webhook_id, user_id,
    )  # fmt: skip


def _next_us(scheduled_us: int, form: str, at: int) -> int | None:
    """Return the next hour of a schedule after a moment."""
    every = msgspec.json.decode(form, type=Form).every
    if every is None:
        return None
    step = EVERY_S[every] * 1_000_000
    return scheduled_us + ((at - scheduled_us) // step + 1) * step


def _delivery(each: NewDelivery, at: int) -> tuple[Value, ...]:
    told = each.subscription
    return (
        each.id, told.webhook_id, told.id, told.vehicle.id, told.vehicle.user_id, each.kind, each.event.position,
        each.frozen.body, each.frozen.slot, at, "due", 0, at,
    )  # fmt: skip
