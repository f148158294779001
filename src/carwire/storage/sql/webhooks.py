"""Plans for webhooks and subscriptions."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Subscription, SubscriptionFilter, Webhook
from carwire.kit.ids import new_id
from carwire.storage.moments import from_us, to_us
from carwire.storage.sql.plans import Plan, Planned, Row, Value, marks, reads, writes
from carwire.storage.sql.rows import LINK, REST, vehicle

_WEBHOOK: Final = "id, client_id, name, url, created_at, error_url, triggers, signals, enabled, auto_subscribe"
_FROM: Final = (
    "FROM subscriptions s JOIN connections c ON c.vehicle_id = s.vehicle_id AND c.user_id = s.user_id"
    " JOIN webhooks w ON w.id = s.webhook_id AND w.client_id = c.client_id"
)
_FILTERS: Final = {
    "user_id": "s.user_id",
    "webhook_id": "s.webhook_id",
    "vehicle_id": "s.vehicle_id",
    "mode": "c.mode",
    "id": "s.id",
}


class WebhookPlans(Planned):
    """`carwire.core.ports.SubscriptionStore`."""

    @writes
    def add_webhook(self, webhook: Webhook) -> Plan[None]:
        """Store a new webhook."""
        yield f"INSERT INTO webhooks ({_WEBHOOK}) VALUES ({marks(10)})", _row(webhook)

    @reads
    def webhooks(self, client_id: str) -> Plan[list[Webhook]]:
        """Return an application's webhooks, oldest first."""
        rows = yield f"SELECT {_WEBHOOK} FROM webhooks WHERE client_id = ? ORDER BY created_at, id", (client_id,)
        return [_webhook(row) for row in rows]

    @writes
    def delete_webhook(self, client_id: str, webhook_id: str) -> Plan[bool]:
        """Delete one with its subscriptions; false when the application has none of this id."""
        rows = yield "DELETE FROM webhooks WHERE id = ? AND client_id = ? RETURNING id", (webhook_id, client_id)
        return bool(rows)

    @writes
    def subscribe(self, vehicle: Vehicle, webhook_id: str, now: datetime) -> Plan[bool | None]:
        """Subscribe a vehicle of an owner; see the port."""
        linked = yield (
            "SELECT vehicle_id FROM connections WHERE vehicle_id = ? AND user_id = ? {for_update}",
            (vehicle.id, vehicle.user_id),
        )
        known = yield (
            "SELECT id FROM webhooks WHERE id = ? AND client_id = ? {for_update}",
            (webhook_id, vehicle.client_id),
        )
        if not linked or not known:
            return None
        rows = yield (
            f"INSERT INTO subscriptions (id, webhook_id, vehicle_id, user_id, created_at) VALUES ({marks(5)})"
            " ON CONFLICT (webhook_id, vehicle_id, user_id) DO NOTHING RETURNING id",
            (new_id(), webhook_id, vehicle.id, vehicle.user_id, to_us(now)),
        )
        return bool(rows)

    @reads
    def subscriptions(
        self, client_id: str, wanted: SubscriptionFilter, limit: int, offset: int
    ) -> Plan[tuple[list[Subscription], int]]:
        """Return a page of an application's subscriptions, newest first, and how many the filter lets through."""
        where, values = _filtered(client_id, wanted)
        ((total,),) = yield f"SELECT count(*) {_FROM} WHERE {where}", values
        rows = yield (
            f"SELECT s.id, s.webhook_id, s.created_at, {LINK}, {REST} {_FROM} JOIN cars k ON k.id = c.car_id"
            f" WHERE {where} ORDER BY s.created_at DESC, s.id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [_subscription(row) for row in rows], total

    @writes
    def unsubscribe(self, client_id: str, wanted: SubscriptionFilter) -> Plan[int]:
        """End subscriptions. Return how many."""
        where, values = _filtered(client_id, wanted)
        rows = yield f"DELETE FROM subscriptions WHERE id IN (SELECT s.id {_FROM} WHERE {where}) RETURNING id", values
        return len(rows)


def _filtered(client_id: str, wanted: SubscriptionFilter) -> tuple[str, tuple[Value, ...]]:
    where, values = ["w.client_id = ?"], [client_id]
    for name, column in _FILTERS.items():
        value = getattr(wanted, name)
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    return " AND ".join(where), tuple(values)


def _row(webhook: Webhook) -> tuple[Value, ...]:
    return (
        webhook.id,
        webhook.client_id,
        webhook.name,
        webhook.url,
        to_us(webhook.created_at),
        webhook.error_url,
        msgspec.json.encode(webhook.triggers).decode(),
        msgspec.json.encode(webhook.signals).decode(),
        int(webhook.enabled),
        int(webhook.auto_subscribe),
    )


def _webhook(row: Row) -> Webhook:
    webhook_id, client_id, name, url, created_us, error_url, triggers, signals, enabled, auto_subscribe = row
    return Webhook(
        webhook_id,
        client_id,
        name,
        url,
        from_us(created_us),
        error_url,
        msgspec.json.decode(triggers, type=tuple[str, ...]),
        msgspec.json.decode(signals, type=tuple[str, ...]),
        enabled=bool(enabled),
        auto_subscribe=bool(auto_subscribe),
    )


def _subscription(row: Row) -> Subscription:
    found = vehicle(row[3], row[4], row[5], row[6], row[7:])
    return Subscription(row[0], row[1], found, from_us(row[2]))
