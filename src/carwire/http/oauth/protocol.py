"""OAuth 2.0 at the token endpoint, through Authlib's server core.

The core is synchronous and asks a database while it decides. Ours is not, so everything it may ask for is loaded
before, it decides on what it is given, and the one write that counts, the exchange itself, is made after: two requests
may both be told yes here, and the store lets one of them win.

Two answers differ from RFC 6749 because the wire's do: an unknown code or refresh token is ``invalid_request``, not
``invalid_grant``. Source: the wire contract's chapter on token errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from carwire.core.applications import Application
from carwire.core.grants import Code, RefreshToken

Credential = Literal["code", "refresh_token"]
_METHOD: Final = "loaded"


class Asked(msgspec.Struct, frozen=True):
    """A token request with all it may refer to: the application its credentials prove, the code or token it names."""

    form: Mapping[str, str]
    application: Application | None
    code: Code | None = None
    refresh_token: RefreshToken | None = None


class Refused(msgspec.Struct, frozen=True):
    """Why not: the parts of an OAuth error."""

    status: int
    error: str
    description: str


class TokenProtocol:
    """Decides token requests."""

    def __init__(self) -> None:
        self._server = _Server()
        self._server.register_client_auth_method(_METHOD, _loaded_client)
        self._server.register_grant(_CodeGrant, [CodeChallenge(required=False)])
        self._server.register_grant(_RefreshGrant)

    def decide(self, asked: Asked) -> Credential | Refused:
        """Return what may be exchanged, or why nothing may."""
        decided: Credential | Refused = self._server.create_token_response(asked)
        return decided


def shown(text: str) -> str:
    """Return what RFC 6749 (5.2) lets stand in an error description, of text somebody sent."""
    return "".join(c for c in text[:100] if " " <= c <= "~" and c not in '"\\')


class _Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, application: Application) -> None:
        self.application = application

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == _METHOD


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = dict(form)

    @property
    def data(self) -> dict[str, str]:
        return self._form

    @property
    def datalist(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self._form.items()}


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, asked: Asked) -> None:
        super().__init__("POST", "https://token.invalid/")  # the transport is not its business
        self.payload = _Payload(asked.form)
        self.asked = asked

    @property
    def form(self) -> dict[str, str]:
        return dict(self.asked.form)


class _Server(AuthorizationServer):  # type: ignore[misc]
    def query_client(self, _client_id: str) -> None:
        return None

    def create_oauth2_request(self, asked: Asked) -> _Request:
        return _Request(asked)

    def handle_response(self, status: int, body: Any, _headers: Any) -> Credential | Refused:
        if status == 200:
            credential: Credential = body["credential"]
            return credential
        said = dict(body)
        return Refused(status, said["error"], said.get("error_description") or "The request cannot be served.")

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def save_token(self, token: Any, request: Any) -> None:
        """Left to the store, once the answer is yes."""


def _loaded_client(_query: Any, request: _Request) -> _Client:
    application = request.asked.application
    if application is None:
        raise InvalidClientError("The client id and secret are not known here", status_code=401)
    return _Client(application)


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (_METHOD,)

    def query_authorization_code(self, code: str, client: _Client) -> _CodeItem:
        found = self.request.asked.code
        if found is None or found.client_id != client.application.client_id:
            raise InvalidRequestError(f"Invalid code: {shown(code)}.")
        return _CodeItem(found, client.application, self.request.payload.redirect_uri)

    def authenticate_user(self, item: _CodeItem) -> _CodeItem:
        return item

    def delete_authorization_code(self, _item: _CodeItem) -> None:
        """Left to the store."""

    def generate_token(self, **_: Any) -> dict[str, str]:
        return {"credential": "code"}


class _CodeItem:
    """A code as Authlib asks about it.

    The redirect URI may be left out of the exchange when it is the application's default: SDKs that are told none leave
    it out on both ways.
    """

    def __init__(self, code: Code, application: Application, given: str | None) -> None:
        self.code_challenge = code.challenge
        self.code_challenge_method = "S256"
        default = application.redirect_uris[0] if application.redirect_uris else None
        self._uri = None if given is None and code.redirect_uri in {None, default} else code.redirect_uri or given

    def get_redirect_uri(self) -> str | None:
        return self._uri

    def get_scope(self) -> str:
        return ""


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (_METHOD,)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, token: str) -> _RefreshItem:
        found = self.request.asked.refresh_token
        if found is None:
            raise InvalidRequestError(f"Invalid refresh_token: {shown(token)}.")
        return _RefreshItem(found, shown(token))

    def authenticate_user(self, item: _RefreshItem) -> _RefreshItem:
        return item

    def revoke_old_credential(self, _item: _RefreshItem) -> None:
        """Left to the store."""

    def generate_token(self, **_: Any) -> dict[str, str]:
        return {"credential": "refresh_token"}


class _RefreshItem:
    def __init__(self, token: RefreshToken, text: str) -> None:
        self._token = token
        self._text = text

    def check_client(self, client: _Client) -> bool:
        if self._token.client_id != client.application.client_id:
            raise InvalidRequestError(f"Invalid refresh_token: {self._text}.")
        return True

    def get_scope(self) -> str:
        return ""
