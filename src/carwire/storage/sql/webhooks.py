"""Plans for webhooks and subscriptions."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from datetime import datetime

from carwire.core.webhooks import Webhook
from carwire.storage.moments import from_us, to_us
from carwire.storage.sql.plans import Plan, Planned, marks, reads, writes


class WebhookPlans(Planned):
    """`carwire.core.ports.SubscriptionStore`."""

    @writes
    def add_webhook(self, webhook: Webhook) -> Plan[None]:
        """Store a new webhook."""
        yield (
            f"INSERT INTO webhooks (id, client_id, name, url, created_at) VALUES ({marks(5)})",
            (webhook.id, webhook.client_id, webhook.name, webhook.url, to_us(webhook.created_at)),
        )

    @reads
    def webhooks(self, client_id: str) -> Plan[list[Webhook]]:
        """Return an application's webhooks, oldest first."""
        rows = yield (
            "SELECT id, client_id, name, url, created_at FROM webhooks WHERE client_id = ? ORDER BY created_at, id",
            (client_id,),
        )
        return [
            Webhook(webhook_id, client_id, name, url, from_us(created_us))
            for webhook_id, client_id, name, url, created_us in rows
        ]

    @writes
    def delete_webhook(self, client_id: str, webhook_id: str) -> Plan[bool]:
        """Delete one with its subscriptions; false when the application has none of this id."""
        rows = yield "DELETE FROM webhooks WHERE id = ? AND client_id = ? RETURNING id", (webhook_id, client_id)
        return bool(rows)

    @writes
    def subscribe(self, client_id: str, webhook_id: str, vehicle_id: str, now: datetime) -> Plan[bool]:
        """Subscribe a vehicle; twice is once. False when the application has no such webhook, or is not connected to
        the vehicle.
        """
        vehicle = yield "SELECT id FROM vehicles WHERE id = ? AND client_id = ? {for_update}", (vehicle_id, client_id)
        linked = yield "SELECT 1 FROM connections WHERE vehicle_id = ? LIMIT 1", (vehicle_id,)
        if not vehicle or not linked or not (yield from _has(client_id, webhook_id)):
            return False
        yield (
            "INSERT INTO subscriptions (webhook_id, vehicle_id, created_at) VALUES (?, ?, ?)"
            " ON CONFLICT (webhook_id, vehicle_id) DO NOTHING",
            (webhook_id, vehicle_id, to_us(now)),
        )
        return True

    @writes
    def unsubscribe(self, client_id: str, webhook_id: str, vehicle_id: str) -> Plan[bool]:
        """End a subscription, if there is one. False when the application has no such webhook."""
        if not (yield from _has(client_id, webhook_id)):
            return False
        yield "DELETE FROM subscriptions WHERE webhook_id = ? AND vehicle_id = ?", (webhook_id, vehicle_id)
        return True


def _has(client_id: str, webhook_id: str) -> Plan[bool]:
    rows = yield "SELECT id FROM webhooks WHERE id = ? AND client_id = ? {for_update}", (webhook_id, client_id)
    return bool(rows)
