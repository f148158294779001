"""A sender that is made at its first request, beside the event loop: loading what speaks HTTP, and whom the system
trusts, takes a quarter of the time a server needs to start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from carwire.core.delivery import Sent
from carwire.core.ports import Sender


class LaterSender:
    """Fulfils `carwire.core.ports.Sender` with what `make` returns. For one event loop."""

    def __init__(self, make: Callable[[], Sender]) -> None:
        self._make = make
        self._made: asyncio.Future[Sender] | None = None

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 1024, timeout_s: float = 15.0
    ) -> Sent:
        """Send one POST of JSON. The first waits for the sender to be made, which its time limit does not count."""
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        sender = await asyncio.shield(self._made)
        return await sender.post(url, body, headers, keep=keep, timeout_s=timeout_s)

    async def close(self) -> None:
        """Let go of kept connections."""
        if self._made is not None:
            await (await self._made).close()
