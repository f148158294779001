"""``carwire webhook list`` and ``show``, and how webhooks are printed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carwire.cli.managing import managed
from carwire.core.outbox import Delivery, DeliveryFilter, Standing
from carwire.core.triggers import name_of
from carwire.core.webhooks import Halt, Webhook
from carwire.services.webhooks.verifying import Verified

if TYPE_CHECKING:
    from carwire.app import Management

LAST: Final = 50  # deliveries in which failures are looked for
SHOWN: Final = 5
HALTS: Final[dict[Halt, str]] = {
    "unverified": "nobody has proved that the URL is theirs",
    "paused": "somebody paused it",
    "gone": "its receiver answered 410, Gone",
    "failing": "its receiver took nothing for five days",
}
OPENS: Final = (
    "Webhooks go by https to public addresses only. A receiver at home or in the same cluster is opened by its\n"
    "network, http into it included: CARWIRE_WEBHOOK_NETWORKS=192.168.1.0/24, on this machine 127.0.0.0/8. Set it\n"
    "for the server, and for this command as well."
)


def show_all(client_id: str, *, json: bool = False, data: Path | None = None) -> None:
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
    rows = [short(each) for each in managed(data, lambda m: m.webhooks.of(client_id))]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        print(f"{row['webhook_id']}  {row['state']:<10}  {row['name']}  {row['url']}")
    if not rows:
        print("No webhooks yet: carwire webhook create CLIENT_ID NAME URL")


def show(client_id: str, webhook_id: str, *, json: bool = False, data: Path | None = None) -> None:
    """Show one webhook: what it is, why it is told nothing, how far it is behind, and what failed last.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    json
        Print JSON.
    data
        The server's data folder.
    """
    webhook, standing, failures = managed(data, lambda m: _look(m, client_id, webhook_id))
    shown = {**whole(webhook), **msgspec.to_builtins(standing)}
    if json:
        rows = [failure_row(each) for each in failures]
        print(msgspec.json.encode({**shown, "failures": rows}).decode())
        return
    show_values({key: value for key, value in shown.items() if value not in (None, [])})
    if webhook.halt:
        print(f"\nIt is told nothing: {HALTS[webhook.halt]}. See: carwire webhook doctor {client_id} {webhook.id}")
    if failures:
        print("\nThe last failures:")
    for each in failures:
        print("  " + "  ".join(str(value) for value in failure_row(each).values() if value is not None))


def short(webhook: Webhook) -> dict[str, Any]:
    """Return what tells a webhook from others."""
    return {"webhook_id": webhook.id, "name": webhook.name, "url": webhook.url, "state": webhook.halt or "active"}


def whole(webhook: Webhook) -> dict[str, Any]:
    """Return everything of a webhook."""
    form = {name: value for name, value in msgspec.structs.asdict(webhook.form).items() if name != "besides"}
    return {
        **short(webhook),
        "error_url": webhook.error_url,
        "triggers": [_trigger(name_of(each), each.cool_down_s) for each in webhook.triggers],
        "signals": list(webhook.signals),
        "auto_subscribe": webhook.auto_subscribe,
        "payload": webhook.version,
        **form,
        "created_at": moment(webhook.created_at),
        "failing_since": moment(webhook.failing_since),
    }


def show_values(values: Mapping[str, object]) -> None:
    """Print names and values, one to a line."""
    for key, value in values.items():
        print(f"{key:<14} {', '.join(map(str, value)) if isinstance(value, list) else value}")


def said_of(verified: Verified) -> str:
    """Say what came of a verification, and what may be done about it."""
    if verified.objection is None:
        paused = " It stays paused." if verified.webhook.halt == "paused" else ""
        return f"Verified: the receiver has proved itself in {verified.seconds:.2f} s.{paused}"
    again = f"Then: carwire webhook verify {verified.webhook.client_id} {verified.webhook.id}"
    said = f"Not verified: {verified.objection}"
    if verified.problem == "blocked":
        return f"{said}\n{OPENS}\n{again}"
    if verified.problem == "token":
        return f"{said}: carwire app rotate-management-token {verified.webhook.client_id}\n{again}"
    return f"{said}\n{again}"


def moment(at: datetime | None) -> str | None:
    """Write a moment, to the second."""
    return None if at is None else at.isoformat(timespec="seconds")


def failure_row(delivery: Delivery) -> dict[str, Any]:
    """Return what is said of a delivery that failed."""
    return {
        "created_at": moment(delivery.created_at),
        "delivery_id": delivery.id,
        "state": delivery.state,
        "status": delivery.status,
        "problem": delivery.problem,
        "attempts": delivery.attempts,
        "next_at": moment(delivery.next_at),
    }


async def failures_of(m: Management, client_id: str, webhook_id: str) -> list[Delivery]:
    """Return the last deliveries whose last attempt failed, newest first."""
    found = await m.webhooks.deliveries(client_id, webhook_id, DeliveryFilter(), LAST)
    return [each for each in found if each.problem is not None][:SHOWN]


async def _look(m: Management, client_id: str, webhook_id: str) -> tuple[Webhook, Standing, list[Delivery]]:
    webhook = await m.webhooks.get(client_id, webhook_id)
    standing = await m.webhooks.standing(client_id, webhook_id)
    return webhook, standing, await failures_of(m, client_id, webhook_id)


def _trigger(name: str, cool_down_s: int) -> str:
    named = name.removesuffix(" changes None")
    return f"{named} (rests for {cool_down_s} s)" if cool_down_s else named
