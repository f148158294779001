"""Forms sent twice: a double click, a reload. Both get the answer of the first, and a source is asked once.

What a browser knows before a sign-in, somebody else may have planted there. So the cookie from before it is no proof
for getting the new one; the same form with the same password is. Kept by one process for itself: elsewhere the second
form of a pair is treated as any other.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire.kit.clock import Clock
from carwire.kit.secrets import Secret
from carwire.services.connect.replies import Form, Reply

TWICE: Final = timedelta(seconds=60)  # within it a form may be sent again with the cookie it replaced
_MAX_KEPT: Final = 5_000


class Given(msgspec.Struct, frozen=True):
    """The cookie a form was answered with, for which session, and when."""

    session_id: str
    cookie: Secret
    at: datetime


class Repeats:
    """Joins equal forms that are worked on at the same time, and remembers which cookie a form led to."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)  # of this process: a form holds a password
        self._running: dict[bytes, asyncio.Task[Reply]] = {}
        self._given: dict[bytes, Given] = {}  # oldest first

    def name(self, session_id: str, page: str, cookie: Secret | None, form: Form) -> bytes:
        """Return what two forms have in common only if they are the same: place, cookie and every field."""
        hidden = sorted((name, value.reveal()) for name, value in form.secrets.items())
        parts = [session_id, page, cookie.reveal() if cookie else None, sorted(form.texts.items()), hidden]
        return hmac.digest(self._key, repr(parts).encode("utf-8", "surrogatepass"), "sha256")

    async def once(self, name: bytes, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """Do the work, or wait for the one who is at it. It goes on when the browser that began it hangs up."""
        running = self._running.get(name)
        if running is None:
            running = self._running[name] = asyncio.ensure_future(work())
            running.add_done_callback(lambda _: self._running.pop(name, None))
        return await asyncio.shield(running)

    def keep(self, name: bytes, session_id: str, cookie: Secret) -> None:
        """Remember the cookie a form was answered with."""
        now = self._clock()
        for old in [key for key, given in self._given.items() if now - given.at > TWICE]:
            del self._given[old]
        if len(self._given) >= _MAX_KEPT:
            del self._given[next(iter(self._given))]
        self._given[name] = Given(session_id, cookie, now)

    def given(self, name: bytes) -> Given | None:
        """Return what this form was answered with a short time ago."""
        given = self._given.get(name)
        return given if given and self._clock() - given.at <= TWICE else None
