"""Webhooks of applications: kept, listed, deleted. Vehicles are subscribed through the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.ports import Store
from carwire.core.signals.catalogue import signals as catalogue
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Subscription, SubscriptionFilter, Webhook
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id

MAX_NAME: Final = 100
MAX_URL: Final = 2048


class WebhookService:
    """Every method is one transaction of the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(
        self,
        client_id: str,
        name: str,
        url: str,
        *,
        error_url: str | None = None,
        triggers: Sequence[str] = (),
        signals: Sequence[str] = (),
    ) -> Webhook:
        """Keep a webhook. Raises `InvalidInput` for an unknown application, a bad name, a URL that is none, or a code
        that names no signal.
        """
        problems = []
        if not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
            problems.append(FieldProblem("name", f"must be 1 to {MAX_NAME} printable characters"))
        for field, each in (("url", url), ("error_url", error_url)):
            if each is not None and not _is_url(each):
                problems.append(FieldProblem(field, f"must be an http or https URL of at most {MAX_URL} characters"))
        for field, codes in (("triggers", triggers), ("signals", signals)):
            problems += [
                FieldProblem(field, f"{code[:60]!a} is no signal") for code in codes if code not in catalogue()
            ]
        if not client_id.isascii() or await self._store.find(client_id) is None:
            problems.append(FieldProblem("client_id", f"no application has the client id {client_id[:60]!a}"))
        if problems:
            raise InvalidInput(*problems)
        webhook = Webhook(
            new_id(), client_id, name.strip(), url, self._clock(), error_url, _once(triggers), _once(signals)
        )
        await self._store.add_webhook(webhook)
        return webhook

    async def of(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""
        return await self._store.webhooks(client_id)

    async def delete(self, client_id: str, webhook_id: str) -> None:
        """Delete one with its subscriptions. Raises `InvalidInput` when the application has none of this id."""
        if not await self._store.delete_webhook(client_id, webhook_id):
            raise InvalidInput(FieldProblem("webhook_id", f"the application has no webhook {webhook_id[:60]!a}"))

    async def find(self, client_id: str, webhook_id: str) -> Webhook | None:
        """Return a webhook of the application, null when it has none of this id."""
        return next((each for each in await self.of(client_id) if each.id == webhook_id), None)

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


def _once(codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def _is_url(url: str) -> bool:
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.fragment
    except ValueError:
        return False
