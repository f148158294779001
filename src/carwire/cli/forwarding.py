"""Forwarding what a stream tells to a URL, as a webhook would have come there."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from carwire.core.delivery import Sent
from carwire.core.webhooks import SigningKeys, Webhook
from carwire.kit.clock import utc_now
from carwire.kit.ids import new_id
from carwire.kit.networks import Networks
from carwire.senders.web import WebSender
from carwire.wire.telling import WireSpelling

# Whoever names a URL on their own machine or network means it; what is reached besides is public, by https.
NEAR: Final = Networks.read("127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7")
WAITS_S: Final = (1.0, 2.0, 4.0)  # before each further attempt
_WHOLE: Final = 1 << 16  # bytes of an answer to a challenge


class _Named(msgspec.Struct, frozen=True, rename="camel"):
    event_id: str


class Forwarder:
    """Sends to one URL, in order, each event until it is taken or the attempts are over. For one event loop."""

    def __init__(self, url: str, keys: SigningKeys, networks: Networks, waits_s: tuple[float, ...] = WAITS_S) -> None:
        self._url = url
        self._keys = keys
        self._waits_s = waits_s
        self._sender = WebSender((*NEAR, *networks))
        self._spelling = WireSpelling("")

    async def verify(self, webhook: Webhook) -> str | None:
        """Send a challenge, and say why the answer does not prove the receiver; null when it does."""
        assert self._keys.management_token is not None
        challenge, attempt_id, at = new_id(), new_id(), utc_now()
        body = self._spelling.verification(webhook, challenge, attempt_id, at)
        sent = await self._post(attempt_id, body, at, keep=_WHOLE)
        return self._spelling.objection(webhook, self._keys.management_token, challenge, sent)

    async def forward(self, body: bytes) -> tuple[Sent, int]:
        """Send an event, and return how the last attempt went, and how many there were."""
        event_id = msgspec.json.decode(body, type=_Named).event_id
        sent = await self._post(event_id, body, utc_now())
        for attempts, wait_s in enumerate(self._waits_s, 1):
            if sent.problem is None:
                return sent, attempts
            await asyncio.sleep(wait_s)
            sent = await self._post(event_id, body, utc_now())
        return sent, len(self._waits_s) + 1

    async def close(self) -> None:
        """Let go of kept connections."""
        await self._sender.close()

    async def _post(self, message_id: str, body: bytes, at: datetime, keep: int = 1024) -> Sent:
        headers = self._spelling.headers(self._keys, message_id, body, at)
        return await self._sender.post(self._url, body, headers, keep=keep)
