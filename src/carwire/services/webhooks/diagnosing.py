"""Diagnosing: what is wrong with a signature that a receiver found, or made, for a delivery."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.outbox import Attempt, Delivery
from carwire.core.ports import WebhookStore
from carwire.core.webhooks import Webhook
from carwire.services.webhooks.spelling import Spelling


class Judged(msgspec.Struct, frozen=True):
    """One attempt, the bytes it sent, and what is to be said of a signature of them."""

    attempt: Attempt
    body: bytes
    said: str


class Diagnosing:
    """Looks; nothing is sent or changed."""

    def __init__(self, store: WebhookStore, spelling: Spelling) -> None:
        self._store = store
        self._spelling = spelling

    async def signature(
        self, webhook: Webhook, delivery: Delivery, attempts: Sequence[Attempt], given: str
    ) -> list[Judged]:
        """Judge a signature against what each attempt at a delivery sent, under the management token of then. Raises
        `InvalidInput` where there is no such token.
        """
        judged = []
        for each in attempts:
            keys = await self._store.signing_keys(webhook.client_id, webhook.id, each.at)
            if keys.management_token is None:
                raise InvalidInput(FieldProblem("client_id", "the application has no sealed management token"))
            body = self._spelling.fill(delivery.frozen, each.id, each.at)
            judged.append(Judged(each, body, self._spelling.explain(keys.management_token, body, given)))
        return judged
