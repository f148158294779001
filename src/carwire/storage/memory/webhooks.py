"""Webhooks and subscriptions in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import EVERY_S, Form, Halt, Subscription, SubscriptionFilter, Webhook
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret
from carwire.storage.errors import Conflict
from carwire.storage.memory.state import State, SubscriptionRow


class WebhooksInMemory:
    """`WebhookStore`."""

    _state: State

    async def add_webhook(self, webhook: Webhook, secret: Secret) -> None:
        """Store a new webhook with its secret, and subscribe what it subscribes by itself."""
        if webhook.id in self._state.webhooks or webhook.client_id not in self._state.applications:
            raise Conflict
        self._state.webhooks[webhook.id] = webhook
        self._state.webhook_secrets[webhook.id] = [(secret, None)]
        self._subscribe_all(webhook, webhook.created_at)

    async def webhooks(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""
        found = [w for w in self._state.webhooks.values() if w.client_id == client_id]
        return sorted(found, key=lambda w: (w.created_at, w.id))

    async def webhook(self, webhook_id: str) -> Webhook | None:
        """Return a webhook of any application."""
        return self._state.webhooks.get(webhook_id)

    async def change_webhook(self, changed: Webhook, now: datetime) -> bool:
        """Store a webhook over the one of its id; false when there is none."""
        if not self._has_webhook(changed.client_id, changed.id):
            return False
        kept = self._state.webhooks[changed.id]
        self._state.webhooks[changed.id] = msgspec.structs.replace(
            changed, created_at=kept.created_at, failing_since=kept.failing_since
        )
        self._subscribe_all(changed, now)
        self._begin_telling(changed.id, now)
        return True

    async def halt_webhook(self, webhook_id: str, halt: Halt | None, now: datetime) -> bool:
        """Stop deliveries to a webhook, or at a null go on with what waits; false when there is none."""
        kept = self._state.webhooks.get(webhook_id)
        if kept is None:
            return False
        self._state.webhooks[webhook_id] = msgspec.structs.replace(kept, halt=halt, failing_since=None)
        self._begin_telling(webhook_id, now)
        return True

    async def delete_webhook(self, client_id: str, webhook_id: str) -> bool:
        """Delete one with its subscriptions and deliveries; false when the application has none of this id."""
        if not self._has_webhook(client_id, webhook_id):
            return False
        self._state.drop_webhooks({webhook_id})
        return True

    async def rotate_webhook_secret(self, webhook_id: str, secret: Secret, now: datetime, until: datetime) -> None:
        """Store a new secret; those of before sign until they end, at `until` at the latest."""
        rows = self._state.webhook_secrets[webhook_id]
        living = [(each, ends_at) for each, ends_at in rows if ends_at is None or ends_at > now]
        self._state.webhook_secrets[webhook_id] = [
            *((each, min(ends_at or until, until)) for each, ends_at in living),
            (secret, None),
        ]

    async def subscribe(self, vehicle: Vehicle, webhook_id: str, now: datetime) -> bool | None:
        """Subscribe a vehicle of an owner; see the port."""
        connected = vehicle.user_id in self._state.links.get(vehicle.id, {})
        if not connected or not self._has_webhook(vehicle.client_id, webhook_id):
            return None
        return self._subscribe(self._state.webhooks[webhook_id], vehicle.id, vehicle.user_id, now)

    async def subscriptions(
        self, client_id: str, wanted: SubscriptionFilter, limit: int, offset: int
    ) -> tuple[list[Subscription], int]:
        """Return a page of an application's subscriptions, newest first, and how many the filter lets through."""
        found = self._subscriptions(client_id, wanted)
        return found[offset : offset + limit], len(found)

    async def unsubscribe(self, client_id: str, wanted: SubscriptionFilter) -> int:
        """End subscriptions. Return how many."""
        gone = {each.id for each in self._subscriptions(client_id, wanted)}
        self._state.drop_subscriptions({key for key, row in self._state.subscriptions.items() if row.id in gone})
        return len(gone)

    def _subscribe_by_itself(self, client_id: str, vehicle_id: str, user_id: str, now: datetime) -> None:
        """Subscribe a vehicle, newly connected, to the webhooks of its application that want every one."""
        for webhook in self._state.webhooks.values():
            if webhook.client_id == client_id and webhook.auto_subscribe:
                self._subscribe(webhook, vehicle_id, user_id, now)

    def _subscribe_all(self, webhook: Webhook, now: datetime) -> None:
        for vehicle_id, links in list(self._state.links.items()) if webhook.auto_subscribe else ():
            for user_id in links:
                vehicle = self._state.vehicle(vehicle_id, user_id)
                if vehicle.client_id == webhook.client_id and vehicle.mode == "live":
                    self._subscribe(webhook, vehicle_id, user_id, now)

    def _subscribe(self, webhook: Webhook, vehicle_id: str, user_id: str, now: datetime) -> bool:
        key = (webhook.id, vehicle_id, user_id)
        self._poll_now(vehicle_id, user_id, now)
        if key in self._state.subscriptions:
            return False
        self._state.subscriptions[key] = SubscriptionRow(new_id(), now, scheduled_at=_scheduled(webhook.form, now))
        return True

    def _poll_now(self, vehicle_id: str, user_id: str, now: datetime) -> None:
        link = self._state.links[vehicle_id][user_id]
        link.poll_at = min(link.poll_at or now, now)

    def _begin_telling(self, webhook_id: str, now: datetime) -> None:
        s = self._state
        webhook = s.webhooks[webhook_id]
        if not webhook.enabled:
            return
        for each in s.deliveries.values():
            if each.webhook_id == webhook_id and each.next_at and each.next_at > now:
                s.deliveries[each.id] = msgspec.structs.replace(each, next_at=now)
        for key, row in s.subscriptions.items():
            if key[0] == webhook_id:
                row.first, row.scheduled_at = 1, _scheduled(webhook.form, now)
                self._poll_now(key[1], key[2], now)

    def _subscriptions(self, client_id: str, wanted: SubscriptionFilter) -> list[Subscription]:
        s, found = self._state, []
        for key in s.subscriptions:
            each = s.subscription(key)
            has = (key[2], key[0], key[1], each.vehicle.mode, each.id)
            wants = (wanted.user_id, wanted.webhook_id, wanted.vehicle_id, wanted.mode, wanted.id)
            matches = all(want is None or want == value for want, value in zip(wants, has, strict=True))
            if matches and s.webhooks[key[0]].client_id == client_id:
                found.append(each)
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def _has_webhook(self, client_id: str, webhook_id: str) -> bool:
        webhook = self._state.webhooks.get(webhook_id)
        return webhook is not None and webhook.client_id == client_id


def _scheduled(form: Form, now: datetime) -> datetime | None:
    return None if form.every is None else now + timedelta(seconds=EVERY_S[form.every])
