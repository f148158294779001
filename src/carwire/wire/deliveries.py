"""Deliveries, in the version of the payload that a webhook is told in. Nothing here is sent, signed or kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from carwire.core.events import Event
from carwire.core.outbox import DeliveryKind, Frozen
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Subscription, Webhook
from carwire.wire.v2 import deliveries as v2
from carwire.wire.v3 import deliveries as v4
from carwire.wire.v3.deliveries import Answers, fill, live_body

__all__ = ["Answers", "fill", "live", "live_body", "needs", "spell", "verify_body"]


def spell(
    webhook: Webhook,
    subscription: Subscription,
    event: Event,
    answers: Answers,
    fired: Sequence[Trigger],
    *,
    base_url: str,
    test: bool = False,
) -> list[tuple[DeliveryKind, Frozen]]:
    """Return what a webhook is told of an event: nothing, a state, errors, or both; version 2.0 has no errors.

    `fired` are the triggers that did; `base_url` is the server's own, without a slash at its end. `test` marks what
    somebody asked for as a trial.
    """
    told: list[tuple[DeliveryKind, Frozen | None]]
    if webhook.version == "2.0":
        report = v2.state_body(webhook, subscription, event, answers, fired, base_url=base_url, test=test)
        told = [("VEHICLE_STATE", report)]
    else:
        state = v4.state_body(webhook, subscription, event, answers, fired, base_url=base_url, test=test)
        errors = v4.error_body(webhook, subscription, event, base_url=base_url, test=test)
        told = [("VEHICLE_STATE", state), ("VEHICLE_ERROR", errors)]
    return [(kind, frozen) for kind, frozen in told if frozen is not None]


def needs(webhook: Webhook) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the signals that have to be read beside those a webhook names, and those its version cannot tell."""
    return v2.needs(webhook) if webhook.version == "2.0" else ((), ())


def live(vehicle: Vehicle, event: Event, answers: Answers, *, base_url: str) -> list[tuple[DeliveryKind, Frozen]]:
    """Return what a stream is told of an event, in version 4.0: signals that changed, problems that began or ended."""
    state = live_body(vehicle, event, answers, base_url=base_url)
    errors = v4.live_error_body(vehicle, event, base_url=base_url)
    told: list[tuple[DeliveryKind, Frozen | None]] = [("VEHICLE_STATE", state), ("VEHICLE_ERROR", errors)]
    return [(kind, frozen) for kind, frozen in told if frozen is not None]


def verify_body(webhook: Webhook, challenge: str, attempt_id: str, at: datetime) -> bytes:
    """Write the challenge a webhook has to answer before it is told anything."""
    if webhook.version == "2.0":
        return v2.verify_body(webhook, challenge)
    return v4.verify_body(webhook, challenge, attempt_id, at)
