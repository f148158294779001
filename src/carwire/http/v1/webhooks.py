"""``/v1/webhooks``: an application manages where it wants to hear of changes, and looks how that went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec

from carwire.core.outbox import Delivery, DeliveryFilter
from carwire.core.webhooks import Webhook
from carwire.http.call import Answer, Call, NothingThere, Route, json_answer
from carwire.http.query import decode_body, decode_query
from carwire.http.v1.webhook_bodies import (
    CheckedWebhook,
    DeliveriesQuery,
    DeliveryLog,
    DeliveryPage,
    MadeWebhook,
    NewWebhook,
    OwnWebhooks,
    Replay,
    Replayed,
    RotatedSecret,
    Rotation,
    WebhookChange,
    WebhookStanding,
    deliveries_filter,
    delivery_body,
    log_body,
    replay_filter,
    standing_body,
    uuid_of,
    verification_body,
    wanted_of,
    webhook_body,
)
from carwire.services.webhooks.managing import WebhookService
from carwire.services.webhooks.verifying import Verified, Verifying

_DONE: Final = Answer(b"", 204)
_UUID: Final = {"type": "string", "format": "uuid"}
_WEBHOOK: Final = {"webhook_id": {**_UUID, "description": "The webhook."}}
_DELIVERY: Final = {**_WEBHOOK, "delivery_id": {**_UUID, "description": "The delivery: what its receiver calls event."}}


class WebhookHandlers:
    """Handlers over webhooks of the application that asks."""

    def __init__(self, webhooks: WebhookService, verifying: Verifying) -> None:
        self._webhooks = webhooks
        self._verifying = verifying
        self._new = msgspec.json.Decoder(NewWebhook)
        self._change = msgspec.json.Decoder(WebhookChange)
        self._rotation = msgspec.json.Decoder(Rotation)
        self._replay = msgspec.json.Decoder(Replay)

    async def create(self, call: Call) -> Answer:
        """Its receiver is asked to prove itself at once, within 15 seconds; until it has, it is told nothing."""
        wanted = wanted_of(decode_body(call.body, self._new))
        made = await self._webhooks.create(_client(call), wanted)
        verified = await self._verifying.verify(made.webhook)
        secret = made.secret.reveal()
        return json_answer(MadeWebhook(webhook_body(verified.webhook), secret, verification_body(verified)))

    async def list(self, call: Call) -> Answer:
        """Oldest first."""
        found = await self._webhooks.of(_client(call))
        return json_answer(OwnWebhooks(tuple(map(webhook_body, found))))

    async def one(self, call: Call) -> Answer:
        """Say what it is, why it is told nothing, if so, and how far it is behind."""
        webhook = await self._found(call)
        return json_answer(standing_body(webhook, await self._webhooks.standing(_client(call), webhook.id)))

    async def change(self, call: Call) -> Answer:
        """What is left out stays. With another URL its receiver has to prove itself anew, and is asked at once, or
        when it is resumed.
        """
        wanted = wanted_of(decode_body(call.body, self._change))
        before = await self._found(call)
        changed = await self._webhooks.change(_client(call), before.id, wanted)
        return _checked(changed, await self._verifying.verify_changed(before, changed))

    async def delete(self, call: Call) -> Answer:
        """Delete it with its subscriptions and deliveries."""
        await self._webhooks.delete(_client(call), (await self._found(call)).id)
        return _DONE

    async def verify(self, call: Call) -> Answer:
        """Ask its receiver to prove itself, at once. One that is active stays so, whatever comes of it."""
        webhook = await self._found(call)
        return _checked(webhook, await self._verifying.verify(webhook))

    async def pause(self, call: Call) -> Answer:
        """Stop deliveries. What waits stays; what happens meanwhile is not told."""
        webhook = await self._webhooks.pause(_client(call), (await self._found(call)).id)
        return _checked(webhook)

    async def resume(self, call: Call) -> Answer:
        """Go on with deliveries, what waits first. A receiver that has never proved itself is asked to, at once."""
        webhook = await self._found(call)
        if webhook.halt == "unverified":
            return _checked(webhook, await self._verifying.verify(webhook))
        return _checked(await self._webhooks.resume(_client(call), webhook.id))

    async def rotate(self, call: Call) -> Answer:
        """Draw a new secret, shown this once. The one of before signs beside it for a while."""
        overlap = timedelta(hours=decode_body(call.body, self._rotation).overlap_hours)
        webhook = await self._found(call)
        rotated = await self._webhooks.rotate_secret(_client(call), webhook.id, overlap)
        return json_answer(RotatedSecret(rotated.secret.reveal(), rotated.former_until))

    async def replay(self, call: Call) -> Answer:
        """Send deliveries that have ended once more, the same bytes under the same event id, or count them."""
        given = decode_body(call.body, self._replay)
        wanted = replay_filter(given)
        webhook = await self._found(call)
        if wanted.id is not None:
            await self._delivery(call, webhook, wanted.id)
        count = await self._webhooks.replay(_client(call), webhook.id, wanted, count_only=given.dry_run)
        return json_answer(Replayed(count, given.dry_run))

    async def deliveries(self, call: Call) -> Answer:
        """Newest first."""
        query = decode_query(call.query, DeliveriesQuery, lax=True)
        wanted = deliveries_filter(query)
        webhook = await self._found(call)
        if query.before is not None:
            last = await self._delivery(call, webhook, uuid_of("before", query.before))
            wanted = msgspec.structs.replace(wanted, before=(last.created_at, last.id))
        found = await self._webhooks.deliveries(_client(call), webhook.id, wanted, query.limit + 1)
        page = found[: query.limit]
        more = page[-1].id if len(found) > len(page) else None
        return json_answer(DeliveryPage(tuple(map(delivery_body, page)), more))

    async def delivery(self, call: Call) -> Answer:
        """What was sent, every attempt, and what was answered where that was a failure."""
        webhook = await self._found(call)
        delivery = await self._delivery(call, webhook, _uuid(call, "delivery_id"))
        attempts = await self._webhooks.attempts(_client(call), webhook.id, delivery.id)
        sent = self._webhooks.sent(delivery, attempts[-1]) if attempts else None
        return json_answer(log_body(delivery, attempts, sent))

    async def _found(self, call: Call) -> Webhook:
        webhook_id = _uuid(call, "webhook_id")
        found = await self._webhooks.find(_client(call), webhook_id)
        if found is None:
            raise NothingThere("webhook", webhook_id)
        return found

    async def _delivery(self, call: Call, webhook: Webhook, delivery_id: str) -> Delivery:
        found = await self._webhooks.deliveries(_client(call), webhook.id, DeliveryFilter(id=delivery_id), 1)
        if not found:
            raise NothingThere("delivery", delivery_id)
        return found[0]


def routes(handlers: WebhookHandlers) -> tuple[Route, ...]:
    """Return the rows of the route table."""
    shared: dict[str, Any] = {"door": "manager_or_application", "tag": "v1"}
    one: dict[str, Any] = {**shared, "parameters": _WEBHOOK}
    base, path = "/v1/webhooks", "/v1/webhooks/{webhook_id}"
    return (
        Route(
            *("POST", base, handlers.create, "create_webhook"),
            summary="Make a webhook, and ask its receiver to prove itself.",
            answers=MadeWebhook,
            body=NewWebhook,
            **shared,
        ),
        Route(
            *("GET", base, handlers.list, "list_webhooks"),
            summary="Which webhooks does the application have?",
            answers=OwnWebhooks,
            **shared,
        ),
        Route(
            *("GET", path, handlers.one, "read_webhook"),
            summary="What is this webhook, and how does it fare?",
            answers=WebhookStanding,
            **one,
        ),
        Route(
            *("PATCH", path, handlers.change, "change_webhook"),
            summary="Change a webhook.",
            answers=CheckedWebhook,
            body=WebhookChange,
            **one,
        ),
        Route(
            *("DELETE", path, handlers.delete, "delete_webhook"),
            summary="Delete a webhook.",
            status=204,
            **one,
        ),
        *_verbs(handlers, path, one),
        Route(
            *("GET", f"{path}/deliveries", handlers.deliveries, "webhook_deliveries"),
            summary="What was this webhook told, or is still to be?",
            answers=DeliveryPage,
            query=DeliveriesQuery,
            **one,
        ),
        Route(
            *("GET", f"{path}/deliveries/{{delivery_id}}", handlers.delivery, "webhook_delivery"),
            summary="How did this delivery go?",
            answers=DeliveryLog,
            **{**one, "parameters": _DELIVERY},
        ),
    )


def _verbs(handlers: WebhookHandlers, path: str, one: dict[str, Any]) -> tuple[Route, ...]:
    """What is done with a webhook."""
    return (
        Route(
            *("POST", f"{path}/verify", handlers.verify, "verify_webhook"),
            summary="Ask the receiver of a webhook to prove itself.",
            answers=CheckedWebhook,
            **one,
        ),
        Route(
            *("POST", f"{path}/pause", handlers.pause, "pause_webhook"),
            summary="Stop deliveries.",
            answers=CheckedWebhook,
            **one,
        ),
        Route(
            *("POST", f"{path}/resume", handlers.resume, "resume_webhook"),
            summary="Go on with deliveries.",
            answers=CheckedWebhook,
            **one,
        ),
        Route(
            *("POST", f"{path}/rotate", handlers.rotate, "rotate_webhook_secret"),
            summary="Draw a new signing secret.",
            answers=RotatedSecret,
            body=Rotation,
            **one,
        ),
        Route(
            *("POST", f"{path}/replay", handlers.replay, "replay_webhook"),
            summary="Send deliveries once more, or count them.",
            answers=Replayed,
            body=Replay,
            **one,
        ),
    )


def _checked(webhook: Webhook, verified: Verified | None = None) -> Answer:
    if verified is None:
        return json_answer(CheckedWebhook(webhook_body(webhook), None))
    return json_answer(CheckedWebhook(webhook_body(verified.webhook), verification_body(verified)))


def _client(call: Call) -> str:
    return call.application.client_id


def _uuid(call: Call, name: str) -> str:
    return uuid_of(name, call.parameters[name])
