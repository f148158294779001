"""Webhooks of applications: kept, listed, deleted. Vehicles are subscribed through the API."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.ports import Store
from carwire.core.webhooks import Webhook
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id

MAX_NAME: Final = 100
MAX_URL: Final = 2048


class WebhookService:
    """Every method is one transaction of the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def create(self, client_id: str, name: str, url: str) -> Webhook:
        """Keep a webhook. Raises `InvalidInput` for an unknown application, a bad name, or a URL that is none."""
        problems = []
        if not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
            problems.append(FieldProblem("name", f"must be 1 to {MAX_NAME} printable characters"))
        if not _is_url(url):
            problems.append(FieldProblem("url", f"must be an http or https URL of at most {MAX_URL} characters"))
        if not client_id.isascii() or await self._store.find(client_id) is None:
            problems.append(FieldProblem("client_id", f"no application has the client id {client_id[:60]!a}"))
        if problems:
            raise InvalidInput(*problems)
        webhook = Webhook(new_id(), client_id, name.strip(), url, self._clock())
        await self._store.add_webhook(webhook)
        return webhook

    async def of(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""
        return await self._store.webhooks(client_id)

    async def delete(self, client_id: str, webhook_id: str) -> None:
        """Delete one with its subscriptions. Raises `InvalidInput` when the application has none of this id."""
        if not await self._store.delete_webhook(client_id, webhook_id):
            raise InvalidInput(FieldProblem("webhook_id", f"the application has no webhook {webhook_id[:60]!a}"))


def _is_url(url: str) -> bool:
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.fragment
    except ValueError:
        return False
