"""Verifying: a receiver proves that it knows the management token before it is told anything."""

from __future__ import annotations

from typing import Final

import msgspec

from carwire.core.ports import Sender, WebhookStore
from carwire.core.webhooks import Webhook
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.services.webhooks.spelling import Spelling

_WHOLE: Final = 1 << 16  # bytes of an answer: enough to see what it is
_NO_TOKEN: Final = "the application has no sealed management token: draw a new one"  # noqa: S105  # no token


class Verified(msgspec.Struct, frozen=True):
    """What came of it: `objection` says why the receiver has not proved itself, null when it has; `problem` is that of
    `carwire.core.delivery.Sent`, or ``token`` where there is nothing to prove it with.
    """

    webhook: Webhook
    objection: str | None
    status: int | None
    seconds: float
    problem: str | None = None


class Verifying:
    """Sends the challenge and judges the answer."""

    def __init__(self, store: WebhookStore, sender: Sender, spelling: Spelling, clock: Clock) -> None:
        self._store = store
        self._sender = sender
        self._spelling = spelling
        self._clock = clock

    async def verify(self, webhook: Webhook) -> Verified:
        """Ask a webhook's receiver to prove itself. If it does, deliveries begin or go on, unless they were paused."""
        challenge, attempt_id, at = new_id(), new_id(), self._clock()
        keys = await self._store.signing_keys(webhook.client_id, webhook.id, at)
        if keys.management_token is None:
            return Verified(webhook, _NO_TOKEN, None, 0.0, "token")
        body = self._spelling.verification(webhook, challenge, attempt_id, at)
        headers = self._spelling.headers(keys, attempt_id, body, at)
        sent = await self._sender.post(webhook.url, body, headers, keep=_WHOLE)
        objection = self._spelling.objection(webhook, keys.management_token, challenge, sent)
        if objection is None and webhook.halt not in {None, "paused"}:
            await self._store.halt_webhook(webhook.id, None, self._clock())
            webhook = msgspec.structs.replace(webhook, halt=None, failing_since=None)
        return Verified(webhook, objection, sent.status, sent.seconds, sent.problem)

    async def verify_changed(self, before: Webhook, changed: Webhook) -> Verified | None:
        """Ask a receiver elsewhere than before to prove itself; null when there is nothing to ask now. One that was
        paused is asked when it is resumed.
        """
        if changed.url == before.url or before.halt == "paused":
            return None
        return await self.verify(changed)
