"""How webhooks are told: the one object behind `carwire.services.webhooks.spelling.Spelling`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from carwire.core.delivery import Sent
from carwire.core.events import Event
from carwire.core.outbox import DeliveryKind, Frozen
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import SigningKeys, Subscription, Webhook
from carwire.kit.secrets import Secret
from carwire.wire import deliveries
from carwire.wire.deliveries import Answers
from carwire.wire.doctor import explain_answer, explain_signature
from carwire.wire.signing import signature, standard_headers

SIGNATURE = "SC-Signature"


class WireSpelling:
    """Spells for a server that clients reach at `base_url`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def spell(
        self,
        webhook: Webhook,
        subscription: Subscription,
        event: Event,
        answers: Answers,
        fired: Sequence[Trigger],
    ) -> list[tuple[DeliveryKind, Frozen]]:
        """Write what a webhook is told of an event."""
        return deliveries.spell(webhook, subscription, event, answers, fired, base_url=self._base_url)

    def needs(self, webhook: Webhook) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the signals that have to be read beside those a webhook names, and those its version cannot tell."""
        return deliveries.needs(webhook)

    def live(self, vehicle: Vehicle, event: Event, answers: Answers) -> list[tuple[DeliveryKind, Frozen]]:
        """Write what a stream without a webhook is told of an event."""
        return deliveries.live(vehicle, event, answers, base_url=self._base_url)

    def fill(self, frozen: Frozen, attempt_id: str, at: datetime) -> bytes:
        """Return the bytes of one attempt."""
        return deliveries.fill(frozen, attempt_id, at)

    def verification(self, webhook: Webhook, challenge: str, attempt_id: str, at: datetime) -> bytes:
        """Write the request that asks a receiver to prove itself."""
        return deliveries.verify_body(webhook, challenge, attempt_id, at)

    def headers(self, keys: SigningKeys, delivery_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """Sign a body in both ways, as far as there are keys."""
        signed = standard_headers(keys.secrets, delivery_id, at, body) if keys.secrets else {}
        if keys.management_token is not None:
            signed[SIGNATURE] = signature(keys.management_token, body)
        return signed

    def explain(self, token: Secret, body: bytes, given: str) -> str:
        """Say what is wrong with a receiver's ``SC-Signature`` of a body, or that it is right."""
        return explain_signature(token, body, given)

    def objection(self, webhook: Webhook, token: Secret, challenge: str, sent: Sent) -> str | None:
        """Say why an answer does not prove a receiver; null when it does."""
        return explain_answer(token, challenge, sent, only_200=webhook.version == "4.0")
