"""Application tokens: the client credentials grant (RFC 6749, 4.4). Source: the wire contract, section 3.2.

Fields come from a form or from JSON, the pair of client id and secret from there or from HTTP Basic.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.kit.secrets import Secret
from carwire.wire.v3.asking import MissingParameter

PATH: Final = "/oauth2/token"
LIFE: Final = timedelta(hours=1)
GRANT: Final = "client_credentials"
_CLIENT: Final = "client_id"
_SECRET: Final = "client_secret"  # noqa: S105  # the name of a field
_GRANT_TYPE: Final = "grant_type"
_LONGEST: Final = 255

TokenErrorCode = Literal["invalid_request", "invalid_client", "unsupported_grant_type"]


class TokenRequest(msgspec.Struct, frozen=True):
    """Who asks for a token."""

    client_id: str
    client_secret: Secret


class ApplicationTokenBody(msgspec.Struct, frozen=True):
    """A token; `expires_in` is in seconds. There is no refresh token: who needs another asks again."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class TokenError(msgspec.Struct, frozen=True):
    """Why there is no token (RFC 6749, 5.2)."""

    error: TokenErrorCode
    error_description: str


class TokenRefusal(msgspec.Struct, frozen=True):
    """A status, and the body that goes with it."""

    status: int
    body: TokenError


class UnsupportedGrant(InvalidInput):
    """Tokens are not given for this."""

    def __init__(self) -> None:
        super().__init__(FieldProblem(_GRANT_TYPE, f"must be {GRANT}"))


INVALID_CLIENT: Final = TokenRefusal(401, TokenError("invalid_client", "No client with this id and secret is known."))


def read_token_request(fields: Mapping[str, object], basic: tuple[str, Secret] | None = None) -> TokenRequest:
    """Read who asks. `basic` is the pair of HTTP Basic, if there was one. Raises `InvalidInput`.

    Unknown fields are left aside, as RFC 6749 has it.
    """
    if _text(fields, _GRANT_TYPE) != GRANT:
        raise UnsupportedGrant
    if basic is not None:
        if fields.get(_CLIENT, basic[0]) != basic[0] or _SECRET in fields:
            raise InvalidInput(FieldProblem(_CLIENT, "must be sent in one place only"))
        return TokenRequest(*basic)
    return TokenRequest(_text(fields, _CLIENT), Secret(_text(fields, _SECRET)))


def token_body(token: Secret) -> ApplicationTokenBody:
    """Write a new token."""
    return ApplicationTokenBody(token.reveal(), "Bearer", int(LIFE.total_seconds()))


def form_refusal(sentence: str) -> TokenRefusal:
    """Write that a request cannot be read at all."""
    return TokenRefusal(400, TokenError("invalid_request", sentence))


def token_refusal(error: InvalidInput) -> TokenRefusal:
    """Write why a request for a token cannot be used."""
    if not error.fields:
        return form_refusal("The body is neither a form nor a JSON object.")
    wrong = error.fields[0]
    code: TokenErrorCode = "unsupported_grant_type" if isinstance(error, UnsupportedGrant) else "invalid_request"
    return TokenRefusal(400, TokenError(code, f"{wrong.field} {wrong.message}"))


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None or value == "":
        raise MissingParameter(name)
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise InvalidInput(FieldProblem(name, f"must be a text of at most {_LONGEST} characters"))
    return value
