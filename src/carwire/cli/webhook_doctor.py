"""``carwire webhook doctor``: why a webhook is told nothing, and what is wrong with a signature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from carwire.cli.managing import managed
from carwire.cli.webhook_looks import HALTS, OPENS, failures_of, moment, said_of
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.outbox import Attempt, Delivery
from carwire.core.webhooks import Webhook
from carwire.services.webhooks.diagnosing import Judged
from carwire.services.webhooks.verifying import Verified

if TYPE_CHECKING:
    from carwire.app import Management

_Failed = Sequence[tuple[Delivery, Attempt]]


def doctor(
    client_id: str,
    webhook_id: str,
    *,
    signature: str | None = None,
    delivery: str | None = None,
    data: Path | None = None,
) -> None:
    """Say why a webhook is told nothing, and ask its receiver to prove itself; or what is wrong with a signature.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    signature
        An SC-Signature that came, or that the receiver worked out; goes with --delivery.
    delivery
        The delivery it is of: what its receiver calls event id.
    data
        The server's data folder.
    """
    if (signature is None) is not (delivery is None):
        raise InvalidInput(FieldProblem("signature", "give --signature and --delivery together"))
    if signature is not None and delivery is not None:
        _tell_signature(managed(data, lambda m: _judge(m, client_id, webhook_id, delivery, signature)))
        return
    webhook, failed, verified = managed(data, lambda m: _examine(m, client_id, webhook_id))
    _tell_state(webhook, failed)
    print(f"\n{said_of(verified)}")
    if webhook.halt and verified.webhook.enabled:
        print("It is told of changes from now on.")
    if verified.objection is not None:
        raise SystemExit(1)


def _tell_signature(judged: Sequence[Judged]) -> None:
    """Print what is said of the attempt whose signature it is, if there is one, else of the last."""
    found = next((each for each in judged if each.said == "The signature is right."), judged[-1])
    print(f"Attempt {found.attempt.number}, {moment(found.attempt.at)}: {found.said}")
    print(f"\nThe {len(found.body)} bytes that were sent:\n{found.body.decode()}")


def _tell_state(webhook: Webhook, failed: _Failed) -> None:
    if webhook.halt is None:
        print(f"{webhook.name} is active.")
    else:
        print(f"{webhook.name} is told nothing: {HALTS[webhook.halt]}.")
    if webhook.failing_since:
        print(f"It has been failing since {moment(webhook.failing_since)}.")
    if webhook.halt == "paused":
        print(f"To go on: carwire webhook resume {webhook.client_id} {webhook.id}")
    for delivery, attempt in failed:
        print(f"\n{moment(attempt.at)}  {delivery.id}  attempt {attempt.number}: {attempt.detail}")
        if attempt.answer:
            print(f"  It answered: {attempt.answer}")
    if any(attempt.problem == "blocked" for _, attempt in failed):
        print(f"\n{OPENS}")


async def _examine(m: Management, client_id: str, webhook_id: str) -> tuple[Webhook, _Failed, Verified]:
    webhook = await m.webhooks.get(client_id, webhook_id)
    failed = []
    for each in await failures_of(m, client_id, webhook_id):
        attempts = await m.webhooks.attempts(client_id, webhook_id, each.id)
        failed += [(each, attempts[-1])] if attempts else []
    return webhook, failed, await m.verifying.verify(webhook)


async def _judge(m: Management, client_id: str, webhook_id: str, delivery_id: str, given: str) -> list[Judged]:
    webhook = await m.webhooks.get(client_id, webhook_id)
    delivery = await m.webhooks.delivery(client_id, webhook_id, delivery_id)
    attempts = await m.webhooks.attempts(client_id, webhook_id, delivery_id)
    if not attempts:
        raise InvalidInput(FieldProblem("delivery", "it has not been sent yet"))
    return await m.diagnosing.signature(webhook, delivery, attempts, given)
