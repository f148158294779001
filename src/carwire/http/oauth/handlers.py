"""``POST /oauth/token``, ``POST /oauth/revoke`` and the server's metadata (RFC 8414)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from carwire.core.applications import Application
from carwire.core.errors import NotAuthenticated
from carwire.core.permissions import CONTROL, READ
from carwire.http.call import Answer, Call, Route, json_answer
from carwire.http.connect.languages import LANGUAGES
from carwire.http.door import application_of
from carwire.http.oauth.protocol import Asked, Refused, TokenProtocol, shown
from carwire.http.query import decode_text
from carwire.kit.secrets import Secret
from carwire.services.accounts import AccountService
from carwire.services.tokens import TokenService

_NO_STORE: Final = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_CHALLENGE: Final = (b"www-authenticate", b'Basic realm="carwire", charset="UTF-8"')
_ABSENT: Final = frozenset({"", "undefined"})  # an SDK sends the word when it was told nothing
_BODY_ALONE: Final = frozenset({"client_secret", "token"})
_MAX_FORM: Final = 16 * 1024


class TokenBody(msgspec.Struct, frozen=True):
    """The answer of the token endpoint. `expires_in` is in seconds, of the access token; the refresh token lives 60
    days.
    """

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class OAuthError(msgspec.Struct, frozen=True):
    """The error body of these endpoints (RFC 6749, 5.2): not the one of the others."""

    error: str
    error_description: str


class OAuthHandlers:
    """Handlers over two services. Their errors are in OAuth's form."""

    def __init__(self, accounts: AccountService, tokens: TokenService, base_url: str) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._protocol = TokenProtocol()
        self._metadata = msgspec.json.encode(metadata(base_url))

    async def token(self, call: Call) -> Answer:
        """Exchange a code or a refresh token for an access token and a new refresh token."""
        form = read_form(call)
        if isinstance(form, Refused):
            return _refused(form)
        code, token = form.get("code"), form.get("refresh_token")
        asked = Asked(
            # Only the owner narrows what was granted: a scope, which RFC 6749 lets applications send, changes nothing.
            {name: value for name, value in form.items() if name != "scope"},
            await self._application(call, form),
            await self._tokens.code(Secret(code)) if code else None,
            await self._tokens.refresh_token(Secret(token)) if token else None,
        )
        decided = self._protocol.decide(asked)
        if isinstance(decided, Refused):
            return _refused(decided)
        credential = form[decided]
        exchange = self._tokens.redeem if decided == "code" else self._tokens.refresh
        tokens = await exchange(Secret(credential))
        if tokens is None:
            return _refused(Refused(400, "invalid_request", f"Invalid {decided}: {shown(credential)}."))
        body = TokenBody(tokens.access_token.reveal(), "Bearer", tokens.expires_in_s, tokens.refresh_token.reveal())
        return Answer(json_answer(body).body, headers=_NO_STORE)

    async def revoke(self, call: Call) -> Answer:
        """End the grant a token belongs to (RFC 7009): its access and refresh tokens stop working at once."""
        form = read_form(call)
        if isinstance(form, Refused):
            return _refused(form)
        application = await self._application(call, form)
        if application is None:
            return _refused(Refused(401, "invalid_client", "The client id and secret are not known here"))
        if "token" not in form:
            return _refused(Refused(400, "invalid_request", "Missing token in request."))
        await self._tokens.revoke(application.client_id, Secret(form["token"]))
        return Answer(b"{}", headers=_NO_STORE)

    async def describe(self, _call: Call) -> Answer:
        """Say where the endpoints are and what they can (RFC 8414)."""
        return Answer(self._metadata)

    async def _application(self, call: Call, form: dict[str, str]) -> Application | None:
        """The application whose credentials came along, by Basic or in the form; null for none or wrong ones."""
        try:
            if call.header(b"authorization"):
                return await application_of(call, self._accounts)
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
            return await self._accounts.authenticate(client_id, Secret(secret)) if client_id and secret else None
        except NotAuthenticated:
            return None


def read_form(call: Call) -> dict[str, str] | Refused:
    """Return the fields of the body, and of the query string for clients that put them there; empty ones are absent.

    An application's secret and a token to revoke stand in the body alone (RFC 6749, 2.3.1): what is in a URI is
    written down by proxies. The wire has the other fields in either place; a code in a URI is used up at once.
    """
    fields: dict[str, str] = {}
    if len(call.body) > _MAX_FORM:
        return Refused(400, "invalid_request", "The form is too long.")
    for source in (call.body, call.query):
        seen: set[str] = set()
        for part in filter(None, source.strip().split(b"&")):
            name, _, value = part.partition(b"=")
            key, text = decode_text(name), decode_text(value)
            if key is None or text is None:
                return Refused(400, "invalid_request", "The form is not url-encoded UTF-8.")
            if key in seen:
                return Refused(400, "invalid_request", f"The parameter {shown(key)} is given more than once.")
            if key in _BODY_ALONE and source is call.query:
                return Refused(400, "invalid_request", f"The parameter {key} belongs in the body, not in the URI.")
            seen.add(key)
            if text not in _ABSENT:
                fields.setdefault(key, text)
    if "grant_type" not in fields and call.scope["path"].rstrip("/").endswith("token"):
        return Refused(400, "invalid_request", "Missing grant_type in request.")
    return fields


def _refused(refused: Refused) -> Answer:
    body = OAuthError(refused.error, refused.description)
    headers = (*_NO_STORE, _CHALLENGE) if refused.status == 401 else _NO_STORE
    return Answer(json_answer(body).body, refused.status, headers=headers)


def metadata(base_url: str) -> dict[str, Any]:
    """Return the authorization server's metadata."""
    return {
        "issuer": base_url,
        "authorization_endpoint": f"{base_url}/oauth/authorize",
        "token_endpoint": f"{base_url}/oauth/token",
        "revocation_endpoint": f"{base_url}/oauth/revoke",
        "response_types_supported": ["code", "none"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": [*READ, *CONTROL],
        "ui_locales_supported": [code for code, _ in LANGUAGES],
        "service_documentation": f"{base_url}/docs/api",
    }


def routes(handlers: OAuthHandlers) -> tuple[Route, ...]:
    """Return the rows of these endpoints. The second path of the token endpoint serves SDKs that add it to a whole
    token URL.
    """
    token: dict[str, Any] = {
        "summary": "Exchange a code or a refresh token.",
        "answers": TokenBody,
        "door": None,
        "tag": "oauth",
        "form": True,
        "schema": _TOKEN_FORM,
    }
    return (
        Route("POST", "/oauth/token", handlers.token, "token", **token),
        Route("POST", "/oauth/token/oauth/token", handlers.token, "token_alias", **token),
        Route(
            *("POST", "/oauth/revoke", handlers.revoke, "revoke_token"),
            summary="End the grant a token belongs to.",
            answers=dict[str, Any],
            door=None,
            tag="oauth",
            form=True,
            schema=_REVOKE_FORM,
        ),
        Route(
            *("GET", "/.well-known/oauth-authorization-server", handlers.describe, "oauth_metadata"),
            summary="Where the OAuth endpoints are and what they can (RFC 8414).",
            answers=dict[str, Any],
            door=None,
            tag="oauth",
        ),
    )


_OTHERS: Final = {"type": "string"}  # ignored; no parameter may come twice (RFC 6749, 3.2)
_REVOKE_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": _OTHERS,
    "required": ["token"],
    "properties": {"token": {"type": "string", "minLength": 1}},
}
_TOKEN_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": _OTHERS,
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["authorization_code", "refresh_token"]},
        "code": {"type": "string", "description": "With grant_type authorization_code."},
        "redirect_uri": {"type": "string", "description": "The one the code was asked for with."},
        "code_verifier": {"type": "string", "description": "PKCE (RFC 7636), when a challenge was sent."},
        "refresh_token": {"type": "string", "description": "With grant_type refresh_token."},
        "client_id": {"type": "string", "description": "Unless credentials come as HTTP Basic."},
        "client_secret": {"type": "string"},
    },
}
