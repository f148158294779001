"""Where tokens are kept, as far as a session needs it, and the store that keeps them in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from carwire_client.models.account import Access
from carwire_client.secrets import Secret

Release = Callable[[], None]


class TokenStore(Protocol):
    """Keeps a pair of tokens under a key, one for each owner; the key is the caller's choice.

    The methods block, but not for long: who awaits calls them in a thread. What they raise, the session raises on.
    """

    def get(self, key: str) -> Access | None:
        """Return what is kept; null when nothing is."""

    def put(self, key: str, access: Access) -> None:
        """Keep a pair in place of the one before, all of it or, when that fails, nothing."""

    def try_lock(self, key: str) -> Release | None:
        """Lock a key against everybody who shares the store, without waiting; null when somebody else has it.

        What is returned unlocks it; it may be called from another thread.
        """


class MemoryTokenStore:
    """Keeps tokens as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, Access] = {}
        self._locked: set[str] = set()
        self._guard = threading.Lock()

    def get(self, key: str) -> Access | None:
        """Return what is kept; null when nothing is."""
        return self._kept.get(key)

    def put(self, key: str, access: Access) -> None:
        """Keep a pair in place of the one before."""
        self._kept[key] = access

    def try_lock(self, key: str) -> Release | None:
        """Lock a key, without waiting; null when somebody else has it."""
        with self._guard:
            if key in self._locked:
                return None
            self._locked.add(key)
        return lambda: self._locked.discard(key)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of tokens as it is written down. Whoever keeps it keeps secrets."""

    access_token: str
    refresh_token: str
    expiration: datetime
    refresh_expiration: datetime
    token_type: str = "Bearer"  # noqa: S105  # no token
    expires_in: int = 7200


def write_access(access: Access) -> bytes:
    """Write a pair as JSON, the tokens in plain text."""
    return msgspec.json.encode(
        Kept(
            access_token=access.access_token.reveal(),
            refresh_token=access.refresh_token.reveal(),
            expiration=access.expiration,
            refresh_expiration=access.refresh_expiration,
            token_type=access.token_type,
            expires_in=access.expires_in,
        )
    )


def read_access(written: bytes) -> Access:
    """Read a pair. Raises `ValueError` for what is none."""
    try:
        kept = msgspec.json.decode(written, type=Kept)
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = "holds no tokens"
        raise ValueError(msg) from None
    return Access(
        access_token=Secret(kept.access_token),
        refresh_token=Secret(kept.refresh_token),
        expiration=kept.expiration,
        refresh_expiration=kept.refresh_expiration,
        token_type=kept.token_type,
        expires_in=kept.expires_in,
    )
