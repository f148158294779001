"""The token endpoint: a code or a refresh token is exchanged for a pair of tokens.

Source: the wire contract, section 2.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from carwire_client.answers import Answer, invalid, object_of
from carwire_client.call import FORM, Basic, Call, Flags, flags_text, form_body, pairs
from carwire_client.errors import ApiError, CarwireError, GrantRefused
from carwire_client.faults import class_of, error_of
from carwire_client.models.account import Access
from carwire_client.models.base import meta_of
from carwire_client.secrets import Secret
from carwire_client.settings import Credentials

REFRESH_LIFE: Final = timedelta(days=60)
_REFUSED: Final = frozenset(
    {"invalid_request", "invalid_grant"}
)  # the original says the first where OAuth has the second


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The application at the token endpoint; `redirect_uri` is null where the server's own setting holds."""

    credentials: Credentials
    redirect_uri: str | None = None


class _Tokens(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  # no token


def exchange_code(
    client: Client, code: str | Secret, *, code_verifier: str | Secret | None = None, flags: Flags | None = None
) -> Call[Access]:
    """Exchange the code that came back from Connect for tokens. Raises `GrantRefused` for one that is not valid.

    `code_verifier` belongs to the challenge that was sent to Connect, if one was (PKCE).
    """
    form = form_body(
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", client.redirect_uri),
        ("code_verifier", code_verifier),
    )
    given = (code,) if code_verifier is None else (code, code_verifier)
    return _exchange(client, "exchange code", form, given, flags)


def exchange_refresh_token(client: Client, refresh_token: str | Secret, *, flags: Flags | None = None) -> Call[Access]:
    """Exchange a refresh token for a new pair; the old one stops working soon after. Raises `GrantRefused`."""
    form = form_body(("grant_type", "refresh_token"), ("refresh_token", refresh_token))
    return _exchange(client, "exchange refresh token", form, (refresh_token,), flags)


def _exchange(
    client: Client, name: str, form: Secret, given: tuple[str | Secret, ...], flags: Flags | None
) -> Call[Access]:
    return Call(
        name=name,
        method="POST",
        path="",
        read=_access,
        role="token",
        kind="once",
        auth=Basic(client.credentials.client_id, client.credentials.client_secret),
        query=pairs(flags=flags_text(flags)),
        body=form,
        content_type=FORM,
        secrets=tuple(map(Secret, given)),
        confidential=True,
        fault=_fault,
    )


def _access(answer: Answer) -> Access:
    try:
        found = msgspec.convert(object_of(answer), _Tokens, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(answer, f"Access: {error}") from None
    at = answer.received_at
    try:
        expiration = at + timedelta(seconds=found.expires_in)
    except OverflowError:
        raise invalid(answer, "Access: expires_in is no length of time") from None
    return Access(
        access_token=Secret(found.access_token),
        refresh_token=Secret(found.refresh_token),
        expiration=expiration,
        refresh_expiration=at + REFRESH_LIFE,
        token_type=found.token_type,
        expires_in=found.expires_in,
        meta=meta_of(answer.status, answer.headers),
    )


def _fault(answer: Answer) -> CarwireError:
    return error_of(answer, _class_of)


def _class_of(status: int, type_: str | None) -> type[ApiError]:
    return GrantRefused if status == 400 and type_ in _REFUSED else class_of(status, type_)
