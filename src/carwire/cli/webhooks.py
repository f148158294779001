"""``carwire webhook``: where applications want to hear of changes. Kept and subscribed to; not delivered yet."""

from __future__ import annotations

from pathlib import Path

import msgspec

from carwire.cli.managing import managed
from carwire.core.triggers import Trigger
from carwire.services.webhooks.managing import Wanted


def create(
    client_id: str,
    name: str,
    url: str,
    *,
    trigger: list[str] | None = None,
    signal: list[str] | None = None,
    error_url: str | None = None,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Keep a webhook that vehicles of an application can be subscribed to. Nothing is delivered yet.

    Parameters
    ----------
    client_id
        The application.
    name
        What to call it.
    url
        Where it will be delivered.
    trigger
        A signal whose changes are told; give it several times for several.
    signal
        A signal that is told then; give it several times for several.
    error_url
        Where errors will be delivered, when not to the same URL.
    json
        Print JSON.
    data
        The server's data folder.
    """
    triggers = tuple(Trigger(code) for code in trigger or ())
    wanted = Wanted(name=name, url=url, error_url=error_url, triggers=triggers, signals=tuple(signal or ()))
    made = managed(data, lambda m: m.webhooks.create(client_id, wanted))
    webhook = made.webhook
    shown = {
        "webhook_id": webhook.id,
        "name": webhook.name,
        "url": webhook.url,
        "secret": made.secret.reveal(),
        "state": webhook.halt or "active",
    }
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
    found = managed(data, lambda m: m.webhooks.of(client_id))
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
    managed(data, lambda m: m.webhooks.delete(client_id, webhook_id))
    print(f"Deleted {webhook_id}.")
