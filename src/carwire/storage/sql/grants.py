"""Plans for grants, codes and tokens.

A grant is revoked in two steps of one transaction: the mark on its row, which also makes whoever is about to issue
tokens wait or give up, then the deletion of its access tokens. So a request needs to look at its token alone.
"""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from datetime import datetime, timedelta

from carwire.core.grants import AccessToken, Code, Exchange, RefreshToken, TokenPair
from carwire.storage.audit import of_credential, of_redemption
from carwire.storage.moments import from_us, from_us_or_null, to_us
from carwire.storage.sql.auditing import append
from carwire.storage.sql.plans import Plan, Planned, reads, writes
from carwire.storage.sql.rows import ACCESS, access_token, application_token


class GrantPlans(Planned):
    """`carwire.core.ports.GrantStore`."""

    @reads
    def code(self, digest: bytes) -> Plan[Code | None]:
        """Return a code, used or not; null when there is none."""
        rows = yield (
            "SELECT c.grant_id, g.client_id, c.redirect_uri, c.challenge, c.expires_at, c.used_at"
            " FROM codes c JOIN grants g ON g.id = c.grant_id WHERE c.digest = ?",
            (digest,),
        )
        if not rows:
            return None
        grant_id, client_id, redirect_uri, challenge, expires_us, used_us = rows[0]
        return Code(digest, grant_id, client_id, redirect_uri, challenge, from_us(expires_us), from_us_or_null(used_us))

    @writes
    def redeem(self, digest: bytes, tokens: TokenPair, now: datetime) -> Plan[Exchange]:
        """Exchange a code for tokens, once: of any number of callers one gets ``done``. A second use revokes."""
        outcome = yield from _redeem(digest, tokens, to_us(now))
        yield from append(of_redemption(outcome), of_credential(digest), {}, now)
        return outcome

    @reads
    def refresh_token(self, digest: bytes) -> Plan[RefreshToken | None]:
        """Return a refresh token, used or not; null when there is none."""
        rows = yield (
            "SELECT r.grant_id, g.client_id, r.expires_at, r.used_at, g.revoked_at"
            " FROM refresh_tokens r JOIN grants g ON g.id = r.grant_id WHERE r.digest = ?",
            (digest,),
        )
        if not rows:
            return None
        grant_id, client_id, expires_us, used_us, revoked_us = rows[0]
        return RefreshToken(
            digest, grant_id, client_id, from_us(expires_us), from_us_or_null(used_us), revoked_us is not None
        )

    @writes
    def rotate(self, digest: bytes, tokens: TokenPair, now: datetime, grace: timedelta) -> Plan[Exchange]:
        """Exchange a refresh token for its successor; see the port for ``again`` and ``reused``."""
        outcome = yield from _rotate(digest, tokens, now, grace)
        if outcome == "reused":
            yield from append("token.refresh_reused", of_credential(digest), {}, now)
        return outcome

    @reads
    def access_token(self, digest: bytes, now: datetime) -> Plan[AccessToken | None]:
        """Return what a living access token of a living grant stands for."""
        rows = yield (
            f"SELECT {ACCESS} FROM access_tokens a WHERE a.digest = ? AND a.expires_at > ?",
            (digest, to_us(now)),
        )
        return access_token(rows[0]) if rows else None

    @writes
    def revoke(self, client_id: str, digest: bytes, now: datetime) -> Plan[bool]:
        """Revoke the grant an access or refresh token of this application belongs to; false when there is none."""
        rows = yield (
            "SELECT id FROM grants WHERE client_id = ? AND id IN (SELECT grant_id FROM access_tokens WHERE digest = ?"
            " UNION ALL SELECT grant_id FROM refresh_tokens WHERE digest = ?)",
            (client_id, digest, digest),
        )
        for (grant_id,) in rows:
            yield from _revoke(grant_id, to_us(now))
        return bool(rows)

    @writes
    def issue(self, secret_id: str, digest: bytes, expires_at: datetime) -> Plan[bool]:
        """Store a token of an application itself; false when the secret it is for was deleted meanwhile."""
        rows = yield "SELECT client_id FROM client_secrets WHERE id = ? {for_update}", (secret_id,)
        if not rows:
            return False
        yield (
            "INSERT INTO application_tokens (digest, client_id, secret_id, expires_at) VALUES (?, ?, ?, ?)",
            (digest, rows[0][0], secret_id, to_us(expires_at)),
        )
        return True

    @reads
    def application_token(self, digest: bytes, now: datetime) -> Plan[AccessToken | None]:
        """Return what a living token of an application itself stands for."""
        rows = yield (
            "SELECT client_id, expires_at FROM application_tokens WHERE digest = ? AND expires_at > ?",
            (digest, to_us(now)),
        )
        return application_token(*rows[0]) if rows else None


def _redeem(digest: bytes, tokens: TokenPair, at: int) -> Plan[Exchange]:
    won = yield (
        "UPDATE codes SET used_at = ? WHERE digest = ? AND used_at IS NULL AND expires_at > ? RETURNING grant_id",
        (at, digest, at),
    )
    if won:
        return "done" if (yield from _issue(won[0][0], tokens)) else "unknown"
    used = yield "SELECT grant_id FROM codes WHERE digest = ? AND used_at IS NOT NULL", (digest,)
    if not used:
        return "unknown"
    yield from _revoke(used[0][0], at)
    return "reused"


def _rotate(digest: bytes, tokens: TokenPair, now: datetime, grace: timedelta) -> Plan[Exchange]:
    at = to_us(now)
    won = yield (
        "UPDATE refresh_tokens SET used_at = ? WHERE digest = ? AND used_at IS NULL AND expires_at > ?"
        " RETURNING grant_id",
        (at, digest, at),
    )
    if won:
        return "done" if (yield from _issue(won[0][0], tokens)) else "unknown"
    used = yield (
        "SELECT grant_id, used_at FROM refresh_tokens WHERE digest = ? AND used_at IS NOT NULL AND expires_at > ?",
        (digest, at),
    )
    if not used:
        return "unknown"
    grant_id, used_us = used[0]
    if from_us(used_us) + grace >= now:
        return "again" if (yield from _issue(grant_id, tokens)) else "unknown"
    return "reused" if (yield from _revoke(grant_id, at)) else "unknown"


def _issue(grant_id: str, tokens: TokenPair) -> Plan[bool]:
    """Store a pair of tokens; false when the grant was revoked meanwhile.

    A pair handed out again has its rows already; its access token may live longer now.
    """
    living = yield (
        "SELECT client_id, user_id, mode FROM grants WHERE id = ? AND revoked_at IS NULL {for_update}",
        (grant_id,),
    )
    if not living:
        return False
    yield (
        "INSERT INTO access_tokens (digest, grant_id, client_id, user_id, mode, expires_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at",
        (tokens.access_digest, grant_id, *living[0], to_us(tokens.access_expires_at)),
    )
    yield (
        "INSERT INTO refresh_tokens (digest, grant_id, expires_at) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING",
        (tokens.refresh_digest, grant_id, to_us(tokens.refresh_expires_at)),
    )
    return True


def _revoke(grant_id: str, at: int) -> Plan[bool]:
    """Revoke a grant; false when somebody was quicker."""
    rows = yield "UPDATE grants SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING id", (at, grant_id)
    yield "DELETE FROM access_tokens WHERE grant_id = ?", (grant_id,)
    return bool(rows)
