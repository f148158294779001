"""Webhooks and subscriptions in memory."""

from __future__ import annotations

from datetime import datetime

from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Subscription, SubscriptionFilter, Webhook
from carwire.kit.ids import new_id
from carwire.storage.errors import Conflict
from carwire.storage.memory.state import State


class WebhooksInMemory:
    """`SubscriptionStore`."""

    _state: State

    async def add_webhook(self, webhook: Webhook) -> None:
        """Store a new webhook."""
        if webhook.id in self._state.webhooks or webhook.client_id not in self._state.applications:
            raise Conflict
        self._state.webhooks[webhook.id] = webhook

    async def webhooks(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""
        found = [w for w in self._state.webhooks.values() if w.client_id == client_id]
        return sorted(found, key=lambda w: (w.created_at, w.id))

    async def delete_webhook(self, client_id: str, webhook_id: str) -> bool:
        """Delete one with its subscriptions; false when the application has none of this id."""
        if not self._has_webhook(client_id, webhook_id):
            return False
        s = self._state
        del s.webhooks[webhook_id]
        s.subscriptions = {key: value for key, value in s.subscriptions.items() if key[0] != webhook_id}
        return True

    async def subscribe(self, vehicle: Vehicle, webhook_id: str, now: datetime) -> bool | None:
        """Subscribe a vehicle of an owner; see the port."""
        connected = vehicle.user_id in self._state.links.get(vehicle.id, {})
        if not connected or not self._has_webhook(vehicle.client_id, webhook_id):
            return None
        key = (webhook_id, vehicle.id, vehicle.user_id)
        if key in self._state.subscriptions:
            return False
        self._state.subscriptions[key] = (new_id(), now)
        return True

    async def subscriptions(
        self, client_id: str, wanted: SubscriptionFilter, limit: int, offset: int
    ) -> tuple[list[Subscription], int]:
        """Return a page of an application's subscriptions, newest first, and how many the filter lets through."""
        found = self._subscriptions(client_id, wanted)
        return found[offset : offset + limit], len(found)

    async def unsubscribe(self, client_id: str, wanted: SubscriptionFilter) -> int:
        """End subscriptions. Return how many."""
        gone = {each.id for each in self._subscriptions(client_id, wanted)}
        s = self._state
        s.subscriptions = {key: value for key, value in s.subscriptions.items() if value[0] not in gone}
        return len(gone)

    def _subscriptions(self, client_id: str, wanted: SubscriptionFilter) -> list[Subscription]:
        s, found = self._state, []
        for (webhook_id, vehicle_id, user_id), (subscription_id, at) in s.subscriptions.items():
            if s.webhooks[webhook_id].client_id != client_id:
                continue
            vehicle = s.vehicle(vehicle_id, user_id)
            has = (user_id, webhook_id, vehicle_id, vehicle.mode, subscription_id)
            wants = (wanted.user_id, wanted.webhook_id, wanted.vehicle_id, wanted.mode, wanted.id)
            if all(want is None or want == value for want, value in zip(wants, has, strict=True)):
                found.append(Subscription(subscription_id, webhook_id, vehicle, at))
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def _has_webhook(self, client_id: str, webhook_id: str) -> bool:
        webhook = self._state.webhooks.get(webhook_id)
        return webhook is not None and webhook.client_id == client_id
