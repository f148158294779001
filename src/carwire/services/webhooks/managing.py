"""Managing webhooks of applications: made, changed, halted, deleted; their log and its replay; who is subscribed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.outbox import Attempt, Delivery, DeliveryFilter, Standing
from carwire.core.ports import Store
from carwire.core.signals.catalogue import signals as catalogue
from carwire.core.triggers import Trigger, trigger_problems
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import (
    MAX_CONCURRENCY,
    Form,
    Halt,
    SigningKeys,
    Subscription,
    SubscriptionFilter,
    Version,
    Webhook,
)
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, new_signing_secret
from carwire.kit.urls import check_url
from carwire.services.webhooks.spelling import Spelling

MAX_NAME: Final = 100
MAX_WEBHOOKS: Final = 100  # of one application
OVERLAP: Final = timedelta(days=1)  # for which a rotated secret goes on to sign
MAX_OVERLAP: Final = timedelta(days=7)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook is to be. Unset members of a change stay as they are."""

    name: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    error_url: str | UnsetType | None = UNSET
    triggers: tuple[Trigger, ...] | UnsetType = UNSET
    signals: tuple[str, ...] | UnsetType = UNSET
    auto_subscribe: bool | UnsetType = UNSET
    version: Version | UnsetType = UNSET
    form: Form | UnsetType = UNSET


class NewWebhook(msgspec.Struct, frozen=True):
    """A webhook just made, and its secret, which is shown once."""

    webhook: Webhook
    secret: Secret


class RotatedSecret(msgspec.Struct, frozen=True):
    """A new secret, which is shown once, and until when those of before sign beside it."""

    secret: Secret
    former_until: datetime


class WebhookService:
    """Every method is one transaction of the store."""

    def __init__(self, store: Store, spelling: Spelling, clock: Clock) -> None:
        self._store = store
        self._spelling = spelling
        self._clock = clock

    async def create(self, client_id: str, wanted: Wanted) -> NewWebhook:
        """Keep a webhook, not verified yet. Raises `InvalidInput` for an unknown application, a name or URL that cannot
        be used, a code that names no signal or one that its version cannot tell, or one webhook too many.
        """
        webhook, problems = self._made(Webhook(new_id(), client_id, "", "", self._clock()), wanted)
        if not client_id.isascii() or await self._store.find(client_id) is None:
            problems.append(FieldProblem("client_id", f"no application has the client id {client_id[:60]!a}"))
        elif len(await self.of(client_id)) >= MAX_WEBHOOKS:
            problems.append(FieldProblem("client_id", f"an application has at most {MAX_WEBHOOKS} webhooks"))
        if problems:
            raise InvalidInput(*problems)
        secret = new_signing_secret()
        await self._store.add_webhook(webhook, secret)
        return NewWebhook(webhook, secret)

    async def change(self, client_id: str, webhook_id: str, wanted: Wanted) -> Webhook:
        """Change a webhook. One whose URL changes is told nothing until it is verified anew. Raises `InvalidInput` as
        `create` does.
        """
        before = await self.get(client_id, webhook_id)
        changed, problems = self._made(before, wanted)
        if problems:
            raise InvalidInput(*problems)
        if changed.url != before.url:
            changed = msgspec.structs.replace(changed, halt="unverified")
        if not await self._store.change_webhook(changed, self._clock()):
            raise _unknown(webhook_id)
        return changed

    async def of(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""
        return await self._store.webhooks(client_id)

    async def find(self, client_id: str, webhook_id: str) -> Webhook | None:
        """Return a webhook of the application, null when it has none of this id."""
        found = await self._store.webhook(webhook_id)
        return found if found and found.client_id == client_id else None

    async def get(self, client_id: str, webhook_id: str) -> Webhook:
        """Return a webhook of the application. Raises `InvalidInput` when it has none of this id."""
        found = await self.find(client_id, webhook_id)
        if found is None:
            raise _unknown(webhook_id)
        return found

    async def delete(self, client_id: str, webhook_id: str) -> None:
        """Delete one with its subscriptions and deliveries. Raises `InvalidInput` when there is none of this id."""
        if not await self._store.delete_webhook(client_id, webhook_id):
            raise _unknown(webhook_id)

    async def pause(self, client_id: str, webhook_id: str) -> Webhook:
        """Stop deliveries. What waits stays; what happens meanwhile is not told. One that was never verified stays so.
        Raises `InvalidInput`.
        """
        webhook = await self.get(client_id, webhook_id)
        return webhook if webhook.halt == "unverified" else await self._halt(webhook, "paused")

    async def resume(self, client_id: str, webhook_id: str) -> Webhook:
        """Go on with deliveries, what waits first. Raises `InvalidInput` for one that was never verified."""
        webhook = await self.get(client_id, webhook_id)
        if webhook.halt == "unverified":
            raise InvalidInput(FieldProblem("webhook_id", "its receiver has not been verified yet"))
        return await self._halt(webhook, None) if webhook.halt else webhook

    async def rotate_secret(self, client_id: str, webhook_id: str, overlap: timedelta = OVERLAP) -> RotatedSecret:
        """Draw a new secret; the one of before signs beside it for `overlap`, at most `MAX_OVERLAP`. Raises
        `InvalidInput`.
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise InvalidInput(FieldProblem("overlap_hours", f"must be 0 to {MAX_OVERLAP / timedelta(hours=1):g}"))
        await self.get(client_id, webhook_id)
        secret, now = new_signing_secret(), self._clock()
        await self._store.rotate_webhook_secret(webhook_id, secret, now, now + overlap)
        return RotatedSecret(secret, now + overlap)

    async def signing_keys(self, client_id: str, webhook_id: str) -> SigningKeys:
        """Return what deliveries to a webhook are signed with."""
        return await self._store.signing_keys(client_id, webhook_id, self._clock())

    # --- the log

    async def standing(self, client_id: str, webhook_id: str) -> Standing:
        """Return how far a webhook is behind. Raises `InvalidInput` when there is no such webhook."""
        await self.get(client_id, webhook_id)
        return await self._store.standing(webhook_id)

    async def deliveries(self, client_id: str, webhook_id: str, wanted: DeliveryFilter, limit: int) -> list[Delivery]:
        """Return deliveries, newest first. Raises `InvalidInput` when there is no such webhook."""
        await self.get(client_id, webhook_id)
        return await self._store.deliveries(webhook_id, wanted, limit)

    async def attempts(self, client_id: str, webhook_id: str, delivery_id: str) -> list[Attempt]:
        """Return the attempts at a delivery, oldest first. Raises `InvalidInput` when there is no such delivery."""
        await self.delivery(client_id, webhook_id, delivery_id)
        return await self._store.attempts(delivery_id)

    async def delivery(self, client_id: str, webhook_id: str, delivery_id: str) -> Delivery:
        """Return a delivery. Raises `InvalidInput` when there is no such delivery."""
        found = await self.deliveries(client_id, webhook_id, DeliveryFilter(id=delivery_id), 1)
        if not found:
            raise InvalidInput(FieldProblem("delivery_id", f"the webhook has no delivery {delivery_id[:60]!a}"))
        return found[0]

    def sent(self, delivery: Delivery, attempt: Attempt) -> bytes:
        """Return the bytes that an attempt sent."""
        return self._spelling.fill(delivery.frozen, attempt.id, attempt.at)

    async def replay(self, client_id: str, webhook_id: str, wanted: DeliveryFilter, *, count_only: bool = False) -> int:
        """Send deliveries that have ended once more, and return how many; with `count_only` send none. Raises
        `InvalidInput` when there is no such webhook.
        """
        await self.get(client_id, webhook_id)
        if count_only:
            return await self._store.count_replay(webhook_id, wanted)
        return await self._store.replay(webhook_id, wanted, self._clock())

    # --- subscriptions

    async def subscribe(self, vehicle: Vehicle, webhook_id: str) -> bool | None:
        """Subscribe a vehicle of an owner; false when it is already, null when the application has no such webhook."""
        return await self._store.subscribe(vehicle, webhook_id, self._clock())

    async def subscriptions(
        self, client_id: str, wanted: SubscriptionFilter, limit: int, offset: int = 0
    ) -> tuple[list[Subscription], int]:
        """Return a page of an application's subscriptions, newest first, and how many there are."""
        return await self._store.subscriptions(client_id, wanted, limit, offset)

    async def unsubscribe(self, client_id: str, wanted: SubscriptionFilter) -> int:
        """End subscriptions of an application and return how many."""
        return await self._store.unsubscribe(client_id, wanted)

    def _made(self, webhook: Webhook, wanted: Wanted) -> tuple[Webhook, list[FieldProblem]]:
        """Return a webhook as it is wanted, with what has to be read for it, and what is wrong with it."""
        made = _with(webhook, wanted)
        problems = _problems(made)
        if not problems:
            besides, untold = self._spelling.needs(made)
            made = msgspec.structs.replace(made, form=msgspec.structs.replace(made.form, besides=tuple(besides)))
            text = "{} is told by no read of version {}"
            problems = [FieldProblem("signals", text.format(code, made.version)) for code in untold]
        return made, problems

    async def _halt(self, webhook: Webhook, halt: Halt | None) -> Webhook:
        await self._store.halt_webhook(webhook.id, halt, self._clock())
        return msgspec.structs.replace(webhook, halt=halt, failing_since=None)


def _with(webhook: Webhook, wanted: Wanted) -> Webhook:
    given = {name: getattr(wanted, name) for name in Wanted.__struct_fields__}
    given = {name: value for name, value in given.items() if value is not UNSET}
    if isinstance(wanted.name, str):
        given["name"] = wanted.name.strip()
    if not isinstance(wanted.signals, UnsetType):
        given["signals"] = tuple(dict.fromkeys(wanted.signals))
    if not isinstance(wanted.triggers, UnsetType):
        given["triggers"] = tuple(dict.fromkeys(wanted.triggers))
    return msgspec.structs.replace(webhook, **given)


def _problems(webhook: Webhook) -> list[FieldProblem]:
    problems = []
    if not 1 <= len(webhook.name) <= MAX_NAME or not webhook.name.isprintable():
        problems.append(FieldProblem("name", f"must be 1 to {MAX_NAME} printable characters"))
    for field, url in (("url", webhook.url), ("error_url", webhook.error_url)):
        if url is not None and (wrong := check_url(url)):
            problems.append(FieldProblem(field, wrong))
    problems += [
        FieldProblem("signals", f"{code[:60]!a} is no signal") for code in webhook.signals if code not in catalogue()
    ]
    problems += [problem for trigger in webhook.triggers for problem in trigger_problems(trigger)]
    if not 1 <= webhook.form.concurrency <= MAX_CONCURRENCY:
        problems.append(FieldProblem("concurrency", f"must be 1 to {MAX_CONCURRENCY}"))
    return problems


def _unknown(webhook_id: str) -> InvalidInput:
    return InvalidInput(FieldProblem("webhook_id", f"the application has no webhook {webhook_id[:60]!a}"))
