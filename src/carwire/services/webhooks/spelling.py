"""How what is told is spelled and signed: the seam to the wire, which services do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from carwire.core.delivery import Sent
from carwire.core.events import Event
from carwire.core.outbox import DeliveryKind, Frozen
from carwire.core.signals.reading import Problem, Reading
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import SigningKeys, Subscription, Webhook
from carwire.kit.secrets import Secret


class Spelling(Protocol):
    """Pure: the same again for the same arguments."""

    def spell(
        self,
        webhook: Webhook,
        subscription: Subscription,
        event: Event,
        answers: Mapping[str, Reading | Problem],
        fired: Sequence[Trigger],
    ) -> Sequence[tuple[DeliveryKind, Frozen]]:
        """Write what a webhook is told of an event."""

    def needs(self, webhook: Webhook) -> tuple[Sequence[str], Sequence[str]]:
        """Return the signals that have to be read beside those a webhook names, and those its version cannot tell."""

    def live(
        self, vehicle: Vehicle, event: Event, answers: Mapping[str, Reading | Problem]
    ) -> Sequence[tuple[DeliveryKind, Frozen]]:
        """Write what whoever listens to everything is told of an event; `answers` are those of its moment."""

    def fill(self, frozen: Frozen, attempt_id: str, at: datetime) -> bytes:
        """Return the bytes of one attempt."""

    def verification(self, webhook: Webhook, challenge: str, attempt_id: str, at: datetime) -> bytes:
        """Write the request that asks a receiver to prove itself."""

    def headers(self, keys: SigningKeys, delivery_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """Sign a body, in every way there are keys for."""

    def objection(self, webhook: Webhook, token: Secret, challenge: str, sent: Sent) -> str | None:
        """Say why an answer does not prove a receiver; null when it does."""

    def explain(self, token: Secret, body: bytes, given: str) -> str:
        """Say what is wrong with a receiver's ``SC-Signature`` of a body, or that it is right."""
