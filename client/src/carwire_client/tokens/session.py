"""An owner's session: an access token that is always valid, as far as that is in anybody's hands.

A refresh token is spent by its use, so it is used once: whoever needs a new pair locks the owner's key in the store,
looks whether somebody else has renewed it meanwhile, and only then asks. That the store can be written is tried before
the refresh token is spent, with the pair that is there. When the new pair then cannot be written all the same, it is
kept in memory, used, and written at the next occasion.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from carwire_client.auth import AsyncAuthClient, AuthClient
from carwire_client.errors import StoreFailed, TokensMissing
from carwire_client.models.account import Access
from carwire_client.secrets import Secret
from carwire_client.times import now
from carwire_client.tokens.store import Release, TokenStore

EARLY: Final = timedelta(minutes=1)
_LOCK_WITHIN_S: Final = 60.0
_LOOK_AGAIN_S: Final = 0.02
_log = logging.getLogger("carwire_client")


class _Base:
    """What both sessions know: the newest pair this process has seen, and over which one it is still to be written."""

    def __init__(
        self, store: TokenStore, key: str, early: timedelta = EARLY, clock: Callable[[], datetime] = now
    ) -> None:
        self.key: Final = key
        self._store = store
        self._early = early
        self._clock = clock
        self._newest: Access | None = None
        self._to_replace: Access | None = None

    def _good(self, access: Access | None, rejected: Secret | None) -> bool:
        """Tell whether a pair can be used: it is not the one just refused, and does not end shortly."""
        if access is None or access.access_token == rejected:
            return False
        return not access.ends_within(self._early, self._clock())

    def _usable(self, rejected: Secret | None) -> Access | None:
        """Return the newest pair, if it can be used as it is."""
        return self._newest if self._to_replace is None and self._good(self._newest, rejected) else None

    def _load(self) -> Access:
        """Return the newest pair that is written. Raises `TokensMissing` when there is none."""
        found = self._store.get(self.key)
        if found is None:
            raise TokensMissing
        self._newest = found
        return found

    def _settle(self) -> Access:
        """Under the lock: write what could not be written, unless somebody else has since. Return the newest."""
        newest, replaced = self._newest, self._to_replace
        found = self._load()
        self._to_replace = None
        if newest is None or replaced is None or found.refresh_token != replaced.refresh_token:
            return found
        return self._keep(newest, replaced)

    def _keep(self, access: Access, replaced: Access) -> Access:
        """Under the lock: write a pair. One that cannot be written is kept here until it can."""
        self._newest = access
        try:
            self._store.put(self.key, access)
        except Exception as error:
            self._to_replace = replaced
            _log.warning("The renewed tokens of %s are not written yet: %s", self.key, error)
        return access

    def _start(self, access: Access) -> None:
        self._store.put(self.key, access)
        self._newest, self._to_replace = access, None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}>"


class OwnerSession(_Base):
    """The tokens of one owner, renewed shortly before they end, or when the server refuses them.

    Give it wherever an access token goes: ``client.vehicle(id, session)``. Threads may share a session; sessions,
    threads and processes may share a store. `key` names the owner in the store. `early` is how long before its end a
    token is renewed.
    """

    def __init__(
        self,
        auth: AuthClient,
        store: TokenStore,
        key: str,
        *,
        early: timedelta = EARLY,
        clock: Callable[[], datetime] = now,
    ) -> None:
        super().__init__(store, key, early, clock)
        self._auth = auth
        self._turn = threading.Lock()

    def start(self, access: Access) -> None:
        """Begin with the tokens a code was exchanged for. Raises what the store raises."""
        self._start(access)

    def token(self, rejected: Secret | None = None) -> Secret:
        """Return a valid access token, another than `rejected`.

        Raises `TokensMissing` when there are none, `GrantRefused` when the owner has to connect again.
        """
        if usable := self._usable(rejected):
            return usable.access_token
        with self._turn:
            if self._to_replace is None and self._good(found := self._load(), rejected):
                return found.access_token
            return self._renew(rejected).access_token

    def _renew(self, rejected: Secret | None) -> Access:
        release = self._locked()
        try:
            found = self._settle()
            if self._good(found, rejected):
                return found
            self._store.put(self.key, found)
            return self._keep(self._auth.exchange_refresh_token(found.refresh_token), found)
        finally:
            release()

    def _locked(self) -> Release:
        end = time.monotonic() + _LOCK_WITHIN_S
        while (release := self._store.try_lock(self.key)) is None:
            if time.monotonic() > end:
                raise _stuck(self.key)
            time.sleep(_LOOK_AGAIN_S)
        return release


class AsyncOwnerSession(_Base):
    """The tokens of one owner, renewed shortly before they end, or when the server refuses them.

    Give it wherever an access token goes: ``client.vehicle(id, session)``. The tasks of an event loop may share a
    session; a renewal that has begun is ended even when the task that asked for it is cancelled, since the new tokens
    would be lost otherwise. For the rest as `OwnerSession`.
    """

    def __init__(
        self,
        auth: AsyncAuthClient,
        store: TokenStore,
        key: str,
        *,
        early: timedelta = EARLY,
        clock: Callable[[], datetime] = now,
    ) -> None:
        super().__init__(store, key, early, clock)
        self._auth = auth
        self._renewal: asyncio.Task[Access] | None = None

    async def start(self, access: Access) -> None:
        """Begin with the tokens a code was exchanged for. Raises what the store raises."""
        await asyncio.to_thread(self._start, access)

    async def token(self, rejected: Secret | None = None) -> Secret:
        """Return a valid access token, another than `rejected`.

        Raises `TokensMissing` when there are none, `GrantRefused` when the owner has to connect again.
        """
        if usable := self._usable(rejected):
            return usable.access_token
        while True:
            if self._renewal is None or self._renewal.done():
                self._renewal = asyncio.create_task(self._found(rejected))
                self._renewal.add_done_callback(_look_at)
            found = await asyncio.shield(self._renewal)
            if found.access_token != rejected:  # who began it may not have known that
                return found.access_token

    async def _found(self, rejected: Secret | None) -> Access:
        if self._to_replace is None and self._good(found := await asyncio.to_thread(self._load), rejected):
            return found
        return await self._renew(rejected)

    async def _renew(self, rejected: Secret | None) -> Access:
        release = await self._locked()
        try:
            found = await asyncio.to_thread(self._settle)
            if self._good(found, rejected):
                return found
            await asyncio.to_thread(self._store.put, self.key, found)
            renewed = await self._auth.exchange_refresh_token(found.refresh_token)
            return await asyncio.to_thread(self._keep, renewed, found)
        finally:
            release()

    async def _locked(self) -> Release:
        end = time.monotonic() + _LOCK_WITHIN_S
        while (release := await asyncio.to_thread(self._store.try_lock, self.key)) is None:
            if time.monotonic() > end:
                raise _stuck(self.key)
            await asyncio.sleep(_LOOK_AGAIN_S)
        return release


def _look_at(task: asyncio.Task[Access]) -> None:
    """See the error of a renewal whose every waiter was cancelled: nobody else will."""
    if not task.cancelled():
        task.exception()


def _stuck(key: str) -> StoreFailed:
    return StoreFailed(f"The tokens of {key} have been locked by somebody else for {_LOCK_WITHIN_S:g} seconds")
