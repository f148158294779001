"""``carwire webhook``: what is done with one: verified, paused, resumed, secrets rotated, deliveries sent once more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from carwire.cli.managing import hours, managed
from carwire.cli.webhook_looks import moment, said_of, show_values
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.outbox import DeliveryFilter
from carwire.core.webhooks import Webhook
from carwire.services.webhooks.verifying import Verified

if TYPE_CHECKING:
    from carwire.app import Management


def verify(client_id: str, webhook_id: str, *, data: Path | None = None) -> None:
    """Ask the receiver of a webhook to prove itself; if it does, it is told of changes from now on.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    data
        The server's data folder.
    """
    verified = managed(data, lambda m: _verify(m, client_id, webhook_id))
    print(said_of(verified))
    if verified.objection is not None:
        raise SystemExit(1)


def pause(client_id: str, webhook_id: str, *, data: Path | None = None) -> None:
    """Stop deliveries. What waits stays; what happens meanwhile is not told.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    data
        The server's data folder.
    """
    managed(data, lambda m: m.webhooks.pause(client_id, webhook_id))
    print(f"Paused {webhook_id}.")


def resume(client_id: str, webhook_id: str, *, data: Path | None = None) -> None:
    """Go on with deliveries, what waits first. A receiver that never proved itself is asked to.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    data
        The server's data folder.
    """
    found = managed(data, lambda m: _resume(m, client_id, webhook_id))
    if isinstance(found, Webhook):
        print(f"Resumed {webhook_id}.")
        return
    print(said_of(found))
    if found.objection is not None:
        raise SystemExit(1)


def rotate(
    client_id: str, webhook_id: str, *, overlap: float = 24, json: bool = False, data: Path | None = None
) -> None:
    """Draw a new signing secret; the one of before signs beside it a while longer.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    overlap
        For how many hours, 0 to 168, the secret of before still signs: let the receiver know both meanwhile.
    json
        Print JSON.
    data
        The server's data folder.
    """
    signs_for = hours(overlap, "overlap")
    rotated = managed(data, lambda m: m.webhooks.rotate_secret(client_id, webhook_id, signs_for))
    shown = {
        "webhook_id": webhook_id,
        "secret": rotated.secret.reveal(),
        "former_until": moment(rotated.former_until),
    }
    if json:
        print(msgspec.json.encode(shown).decode())
        return
    show_values(shown)
    print("\nThe secret is not shown again: it is kept sealed.")


def replay(
    client_id: str,
    webhook_id: str,
    *,
    delivery: str | None = None,
    since: str | None = None,
    until: str | None = None,
    failed_only: bool = False,
    yes: bool = False,
    data: Path | None = None,
) -> None:
    """Send deliveries that have ended once more, the same bytes under the same event id. Counts them and asks first.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    delivery
        The delivery to send: what its receiver calls event id.
    since
        Those made then or later: 2026-11-22, or 2026-11-22T08:30:00+01:00; without an offset it is UTC.
    until
        Those made before.
    failed_only
        Only such as were given up.
    yes
        Do not ask.
    data
        The server's data folder.
    """
    if delivery is None and since is None:
        raise InvalidInput(FieldProblem("since", "give --delivery or --since"))
    wanted = DeliveryFilter(
        "dead" if failed_only else None, _moment_of("since", since), _moment_of("until", until), delivery
    )
    count = managed(data, lambda m: _count(m, client_id, webhook_id, wanted))
    print(f"{count} {'delivery' if count == 1 else 'deliveries'} that ended would be sent once more.")
    if not count:
        return
    if not yes and not _agreed("Send? [y/N] "):
        print("Nothing is sent.")
        return
    done = managed(data, lambda m: m.webhooks.replay(client_id, webhook_id, wanted))
    print(f"{done} will be sent by the server that runs, or at its next start.")


def _agreed(question: str) -> bool:
    """Ask. Where nobody can answer, it is no."""
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        return False


async def _verify(m: Management, client_id: str, webhook_id: str) -> Verified:
    return await m.verifying.verify(await m.webhooks.get(client_id, webhook_id))


async def _resume(m: Management, client_id: str, webhook_id: str) -> Webhook | Verified:
    if (await m.webhooks.get(client_id, webhook_id)).halt == "unverified":
        return await _verify(m, client_id, webhook_id)
    return await m.webhooks.resume(client_id, webhook_id)


async def _count(m: Management, client_id: str, webhook_id: str, wanted: DeliveryFilter) -> int:
    if wanted.id is not None:
        await m.webhooks.delivery(client_id, webhook_id, wanted.id)
    return await m.webhooks.replay(client_id, webhook_id, wanted, count_only=True)


def _moment_of(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(FieldProblem(name, f"{text[:60]!a} is no date or time like 2026-11-22T08:30:00")) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
