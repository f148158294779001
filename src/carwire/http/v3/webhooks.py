"""Webhooks and the vehicles they hear of. Source: the wire contract, section 11."""

from __future__ import annotations

from carwire.core.grants import Principal
from carwire.core.webhooks import Subscription, SubscriptionFilter
from carwire.http.call import Answer, Call, NothingThere, json_answer
from carwire.http.commanding import read_body
from carwire.http.query import decode_params
from carwire.http.v3.connections import DELETED
from carwire.http.v3.faults import AlreadySubscribed
from carwire.http.v3.view import Views, answered
from carwire.services.vehicles import VehicleService
from carwire.services.webhooks.managing import WebhookService
from carwire.wire.v3.asking import id_of
from carwire.wire.v3.subscriptions import (
    SubscribingBody,
    read_new_subscription,
    read_subscriptions,
    subscription_body,
    subscriptions_body,
)
from carwire.wire.v3.webhooks import read_webhooks, webhook_body, webhooks_body

_SUBSCRIBING = json_answer(SubscribingBody(), 202)


class WebhookHandlers:
    """Handlers over webhooks and vehicles."""

    def __init__(self, webhooks: WebhookService, vehicles: VehicleService, views: Views) -> None:
        self._webhooks = webhooks
        self._vehicles = vehicles
        self._views = views

    async def webhooks(self, call: Call) -> Answer:
        """Oldest first. They are made by `POST /v1/webhooks`, or with `carwire webhook create`."""
        view = self._views.of(call)
        asked = read_webhooks(decode_params(call.query), view)
        found = [row for row in await self._webhooks.of(_client(call)) if asked.wanted.accepts(row)]
        page = found[asked.page.offset : asked.page.offset + asked.page.size]
        return answered(call, webhooks_body(page, asked, len(found), view))

    async def webhook(self, call: Call) -> Answer:
        """One webhook."""
        webhook_id = id_of(call.parameters["webhook_id"], "webhookId")
        found = await self._webhooks.find(_client(call), webhook_id)
        if found is None:
            raise NothingThere("webhook", webhook_id)
        return answered(call, webhook_body(found, self._views.of(call)))

    async def subscriptions(self, call: Call) -> Answer:
        """Newest first."""
        view = self._views.of(call)
        asked = read_subscriptions(decode_params(call.query), view)
        page = asked.page
        rows, total = await self._webhooks.subscriptions(_client(call), asked.wanted, page.size, page.offset)
        return answered(call, subscriptions_body(rows, asked, total, view))

    async def subscribe(self, call: Call) -> Answer:
        """Subscribe a vehicle of an owner to a webhook. The answer has no id: the list has it at once."""
        wanted = read_new_subscription(read_body(call.body))
        principal = Principal(_client(call), wanted.user_id)
        vehicle = await self._vehicles.find(principal, wanted.vehicle_id)
        if vehicle is None:
            raise NothingThere("vehicle", wanted.vehicle_id)
        done = await self._webhooks.subscribe(vehicle, wanted.webhook_id)
        if done is None:
            raise NothingThere("webhook", wanted.webhook_id)
        if not done:
            raise AlreadySubscribed
        return _SUBSCRIBING

    async def subscription(self, call: Call) -> Answer:
        """One subscription."""
        return answered(call, subscription_body(await self._found(call), self._views.of(call)))

    async def unsubscribe(self, call: Call) -> Answer:
        """End one subscription."""
        found = await self._found(call)
        await self._webhooks.unsubscribe(_client(call), SubscriptionFilter(id=found.id))
        return DELETED

    async def _found(self, call: Call) -> Subscription:
        subscription_id = id_of(call.parameters["subscription_id"], "subscriptionId")
        rows, _ = await self._webhooks.subscriptions(_client(call), SubscriptionFilter(id=subscription_id), 1)
        if not rows:
            raise NothingThere("subscription", subscription_id)
        return rows[0]


def _client(call: Call) -> str:
    return call.token.principal.client_id
