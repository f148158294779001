"""``carwire webhook``: where applications want to hear of changes. Kept and subscribed to; not delivered yet."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from carwire.settings import read_settings

if TYPE_CHECKING:
    from carwire.services.webhooks import WebhookService

T = TypeVar("T")


def create(client_id: str, name: str, url: str, *, json: bool = False, data: Path | None = None) -> None:
    """Keep a webhook that vehicles of an application can be subscribed to. Nothing is delivered yet.

    Parameters
    ----------
    client_id
        The application.
    name
        What to call it.
    url
        Where it will be delivered.
    json
        Print JSON.
    data
        The server's data folder.
    """
    webhook = _run(data, lambda webhooks: webhooks.create(client_id, name, url))
    shown = {"webhook_id": webhook.id, "name": webhook.name, "url": webhook.url}
    if json:
        print(msgspec.json.encode(shown).decode())
        return
    for key, value in shown.items():
        print(f"{key:<11} {value}")


def show(client_id: str, *, json: bool = False, data: Path | None = None) -> None:
    """List an application's webhooks, oldest first.

    Parameters
    ----------
    client_id
        The application.
    json
        Print JSON.
    data
        The server's data folder.
    """
    found = _run(data, lambda webhooks: webhooks.of(client_id))
    rows = [{"webhook_id": each.id, "name": each.name, "url": each.url} for each in found]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        print(f"{row['webhook_id']}  {row['name']}  {row['url']}")
    if not rows:
        print("No webhooks yet: carwire webhook create CLIENT_ID NAME URL")


def delete(client_id: str, webhook_id: str, *, data: Path | None = None) -> None:
    """Delete a webhook with its subscriptions.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    data
        The server's data folder.
    """
    _run(data, lambda webhooks: webhooks.delete(client_id, webhook_id))
    print(f"Deleted {webhook_id}.")


def _run(data: Path | None, call: Callable[[WebhookService], Coroutine[Any, Any, T]]) -> T:
    from carwire.app import open_webhooks

    async def run() -> T:
        async with open_webhooks(read_settings(os.environ, data=data)) as webhooks:
            return await call(webhooks)

    return asyncio.run(run())
