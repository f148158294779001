"""An application's session in API v3: one token for all of its owners, asked for by itself.

It is kept in memory alone, since another one costs one request. Whoever needs a token while one is being asked for
waits for that one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from carwire_client.calls.ga.tokens import application_token
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.models.ga.tokens import ApplicationToken
from carwire_client.secrets import Secret
from carwire_client.times import now
from carwire_client.tokens.session import EARLY


class _Base:
    """What both sessions know: the newest token."""

    def __init__(self, early: timedelta = EARLY, clock: Callable[[], datetime] = now) -> None:
        self._early = early
        self._clock = clock
        self._newest: ApplicationToken | None = None

    def _usable(self, rejected: Secret | None) -> Secret | None:
        """Return the newest token, unless it was just refused or ends shortly."""
        found = self._newest
        if found is None or found.access_token == rejected or found.ends_within(self._soon(found), self._clock()):
            return None
        return found.access_token

    def _soon(self, token: ApplicationToken) -> timedelta:
        """A token that lives for less than twice `early` is renewed in the middle of its life."""
        return min(self._early, timedelta(seconds=max(0, token.expires_in)) / 2)


class ApplicationSession(_Base):
    """Tokens of the application itself, asked for with `v3_client_id` and `v3_client_secret` of a client.

    A token is renewed shortly before it ends, or when the server refuses it. Threads may share a session. `early` is
    how long before its end a token is renewed.
    """

    def __init__(self, client: Driver, *, early: timedelta = EARLY, clock: Callable[[], datetime] = now) -> None:
        super().__init__(early, clock)
        self._client = client
        self._turn = threading.Lock()

    def token(self, rejected: Secret | None = None) -> Secret:
        """Return a valid token, another than `rejected`. Raises `AuthenticationFailed`, or `NotConfigured`."""
        if usable := self._usable(rejected):
            return usable
        with self._turn:
            if usable := self._usable(rejected):
                return usable
            self._newest = self._client.send(application_token(self._client.ref))
            return self._newest.access_token


class AsyncApplicationSession(_Base):
    """The same for a client that is awaited; the tasks of an event loop may share it."""

    def __init__(self, client: AsyncDriver, *, early: timedelta = EARLY, clock: Callable[[], datetime] = now) -> None:
        super().__init__(early, clock)
        self._client = client
        self._turn = asyncio.Lock()

    async def token(self, rejected: Secret | None = None) -> Secret:
        """Return a valid token, another than `rejected`. Raises `AuthenticationFailed`, or `NotConfigured`."""
        if usable := self._usable(rejected):
            return usable
        async with self._turn:
            if usable := self._usable(rejected):
                return usable
            self._newest = await self._client.send(application_token(self._client.ref))
            return self._newest.access_token
