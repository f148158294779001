"""Grants, codes and tokens in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from carwire.core.grants import AccessToken, Code, Exchange, Principal, RefreshToken, TokenPair
from carwire.storage.audit import of_credential, of_redemption
from carwire.storage.memory.state import Grant, State


class GrantsInMemory:
    """`GrantStore`."""

    _state: State

    async def code(self, digest: bytes) -> Code | None:
        """Return a code, used or not; null when there is none."""
        return self._state.codes.get(digest)

    async def redeem(self, digest: bytes, tokens: TokenPair, now: datetime) -> Exchange:
        """Exchange a code for tokens, once: of any number of callers one gets ``done``. A second use revokes."""
        outcome = self._redeem(digest, tokens, now)
        self._state.note(of_redemption(outcome), of_credential(digest), {}, now)
        return outcome

    def _redeem(self, digest: bytes, tokens: TokenPair, now: datetime) -> Exchange:
        code = self._state.codes.get(digest)
        if code is None:
            return "unknown"
        grant = self._state.grants[code.grant_id]
        if code.used_at is not None:
            self._revoke(grant)
            return "reused"
        if grant.revoked or code.expires_at <= now:
            return "unknown"
        self._state.codes[digest] = msgspec.structs.replace(code, used_at=now)
        self._issue(grant, tokens)
        return "done"

    async def refresh_token(self, digest: bytes) -> RefreshToken | None:
        """Return a refresh token, used or not; null when there is none."""
        token = self._state.refresh.get(digest)
        return token and msgspec.structs.replace(token, revoked=self._state.grants[token.grant_id].revoked)

    async def rotate(self, digest: bytes, tokens: TokenPair, now: datetime, grace: timedelta) -> Exchange:
        """Exchange a refresh token for its successor."""
        token = await self.refresh_token(digest)
        if token is None or token.revoked or token.expires_at <= now:
            return "unknown"
        grant = self._state.grants[token.grant_id]
        if token.used_at is not None and now - token.used_at > grace:
            self._revoke(grant)
            self._state.note("token.refresh_reused", of_credential(digest), {}, now)
            return "reused"
        self._issue(grant, tokens)
        if token.used_at is not None:
            return "again"
        self._state.refresh[digest] = msgspec.structs.replace(token, used_at=now)
        return "done"

    async def access_token(self, digest: bytes, now: datetime) -> AccessToken | None:
        """Return what a living access token of a living grant stands for."""
        grant_id, expires_at = self._state.access.get(digest, (None, now))
        grant = self._state.grants.get(grant_id or "")
        if grant is None or expires_at <= now:
            return None
        return AccessToken(Principal(grant.client_id, grant.user_id, grant.id), grant.mode, expires_at)

    async def revoke(self, client_id: str, digest: bytes, now: datetime) -> bool:
        """Revoke the grant an access or refresh token of this application belongs to; false when there is none."""
        del now
        refresh = self._state.refresh.get(digest)
        grant_id = refresh.grant_id if refresh else self._state.access.get(digest, ("", None))[0]
        grant = self._state.grants.get(grant_id)
        if grant is None or grant.client_id != client_id:
            return False
        self._revoke(grant)
        return True

    async def issue(self, secret_id: str, digest: bytes, expires_at: datetime) -> bool:
        """Store a token of an application itself; false when the secret it is for was deleted meanwhile."""
        if secret_id not in self._state.secrets:
            return False
        self._state.application_tokens[digest] = (secret_id, expires_at)
        return True

    async def application_token(self, digest: bytes, now: datetime) -> AccessToken | None:
        """Return what a living token of an application itself stands for."""
        secret_id, expires_at = self._state.application_tokens.get(digest, ("", now))
        if expires_at <= now:
            return None
        return AccessToken(Principal(self._state.secrets[secret_id].client_id), None, expires_at)

    def _revoke(self, grant: Grant) -> None:
        grant.revoked = True
        self._state.access = {key: value for key, value in self._state.access.items() if value[0] != grant.id}

    def _issue(self, grant: Grant, tokens: TokenPair) -> None:
        self._state.access[tokens.access_digest] = (grant.id, tokens.access_expires_at)
        token = RefreshToken(tokens.refresh_digest, grant.id, grant.client_id, tokens.refresh_expires_at, None, False)
        self._state.refresh.setdefault(tokens.refresh_digest, token)
