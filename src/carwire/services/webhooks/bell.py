"""The bell: whoever listens to events is woken by a new one, whichever process wrote it.

What this process writes rings at once. Of what others write the last position tells, which is looked up every
`LOOK_S` while anybody listens, once for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

import structlog

from carwire.core.errors import StoreUnavailable
from carwire.core.ports import EventStore

LOOK_S: Final = 0.5
_log = structlog.get_logger("carwire.webhooks")


class Bell:
    """Rings in one event loop. After `end` nobody waits any more."""

    def __init__(self, store: EventStore, look_s: float = LOOK_S) -> None:
        self._store = store
        self._look_s = look_s
        self._ears: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self.ended = False

    def ring(self) -> None:
        """Wake everybody who listens. To be called in the event loop."""
        for each in self._ears:
            each.set()

    def end(self) -> None:
        """Wake everybody for the last time: the server ends."""
        self.ended = True
        self.ring()

    @contextlib.contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """Listen: the event is set by every ring, and cleared by whoever waits for it."""
        ear = asyncio.Event()
        self._ears.add(ear)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="bell")
        try:
            yield ear
        finally:
            self._ears.discard(ear)
            if not self._ears and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> None:
        seen: int | None = None
        while True:
            try:
                _, head = await self._store.event_span()
                if seen is not None and head != seen:
                    self.ring()
                seen = head
            except StoreUnavailable as error:
                _log.warning("not looked", error=str(error))
            await asyncio.sleep(self._look_s)
