"""Codes into tokens, tokens into new tokens, and their end.

A token is 128 bits in the form of a UUID, because the wire says 36 characters and people have columns of that width.
Only digests are kept. What follows a refresh token is derived from it under the server's pepper: a client whose answer
got lost and who asks again within the grace gets the same pair, and no second branch can grow.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from carwire.core.grants import ACCESS_LIFE, REFRESH_GRACE, REFRESH_LIFE, Code, RefreshToken, TokenPair
from carwire.core.ports import Store
from carwire.kit.clock import Clock
from carwire.kit.secrets import Secret, SecretHasher, as_token, new_token

_LONGEST = 256


class Tokens(msgspec.Struct, frozen=True):
    """A pair as it is handed out. `expires_in_s` is of the access token."""

    access_token: Secret
    refresh_token: Secret
    expires_in_s: int


class TokenService:
    """Every method is one transaction of the store."""

    def __init__(
        self, store: Store, hasher: SecretHasher, clock: Clock, refresh_grace: timedelta = REFRESH_GRACE
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._grace = refresh_grace

    async def code(self, code: Secret) -> Code | None:
        """Return what is known of a code; null for none of ours and for one that nobody used in its life. A used one is
        known longer, so that whoever comes with it again is noticed by `redeem`.
        """
        if len(code.reveal()) > _LONGEST:
            return None
        found = await self._store.code(self._hasher.hash(code))
        return found if found and (found.used_at or self._clock() < found.expires_at) else None

    async def refresh_token(self, token: Secret) -> RefreshToken | None:
        """Return what is known of a refresh token; null for none of ours, one past its life, and one revoked."""
        if len(token.reveal()) > _LONGEST:
            return None
        found = await self._store.refresh_token(self._hasher.hash(token))
        return found if found and self._clock() < found.expires_at and not found.revoked else None

    async def redeem(self, code: Secret) -> Tokens | None:
        """Exchange a code, once. Null when somebody did before; what they got is revoked then."""
        tokens, pair = self._pair(new_token(), new_token())
        outcome = await self._store.redeem(self._hasher.hash(code), pair, self._clock())
        return tokens if outcome == "done" else None

    async def refresh(self, token: Secret) -> Tokens | None:
        """Exchange a refresh token for its successor. Null when it does not live, or was exchanged too long ago; the
        whole grant is revoked in the second case.
        """
        tokens, pair = self._pair(self._derived(token, "access token"), self._derived(token, "refresh token"))
        outcome = await self._store.rotate(self._hasher.hash(token), pair, self._clock(), self._grace)
        return tokens if outcome in {"done", "again"} else None

    async def revoke(self, client_id: str, token: Secret) -> None:
        """End the grant a token of this application belongs to; a token nobody knows needs no ending (RFC 7009)."""
        if len(token.reveal()) <= _LONGEST:
            await self._store.revoke(client_id, self._hasher.hash(token), self._clock())

    def _pair(self, access: Secret, refresh: Secret) -> tuple[Tokens, TokenPair]:
        now = self._clock()
        pair = TokenPair(self._hasher.hash(access), now + ACCESS_LIFE, self._hasher.hash(refresh), now + REFRESH_LIFE)
        return Tokens(access, refresh, int(ACCESS_LIFE.total_seconds())), pair

    def _derived(self, token: Secret, what: str) -> Secret:
        return as_token(self._hasher.hash(Secret(f"{what} after {token.reveal()}")))
