"""``POST /oauth2/token``: tokens of applications themselves. Source: the wire contract, section 3.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from carwire.core.errors import InvalidInput, NotAuthenticated
from carwire.http.call import Answer, Call, json_answer
from carwire.http.door import basic_of
from carwire.http.query import decode_params
from carwire.services.credentials import CredentialService
from carwire.wire.v3.tokens import (
    INVALID_CLIENT,
    TokenRefusal,
    form_refusal,
    read_token_request,
    token_body,
    token_refusal,
)

_NO_STORE: Final = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_CHALLENGE: Final = (b"www-authenticate", b'Basic realm="carwire", charset="UTF-8"')
_LONGEST: Final = 16 * 1024


class TokenHandlers:
    """Handles the one path. Its errors are in OAuth's form."""

    def __init__(self, credentials: CredentialService) -> None:
        self._credentials = credentials

    async def token(self, call: Call) -> Answer:
        """Give an application a token for an hour, for its `client_…` id and secret: as a form, as JSON or as HTTP
        Basic. There is no refresh token.
        """
        try:
            if len(call.body) > _LONGEST:
                return _refused(form_refusal("The request is too long."))
            asked = read_token_request(_fields(call), basic_of(call) if call.header(b"authorization") else None)
            token = await self._credentials.exchange(asked.client_id, asked.client_secret)
        except InvalidInput as error:
            return _refused(token_refusal(error))
        except NotAuthenticated:
            return _refused(INVALID_CLIENT)
        return Answer(json_answer(token_body(token)).body, headers=_NO_STORE)


def _fields(call: Call) -> Mapping[str, object]:
    """Return the fields of the body: JSON when it says so or looks so, a form else."""
    body = call.body.strip()
    if body[:1] == b"{" or b"json" in b"".join(call.header(b"content-type")).lower():
        try:
            found = msgspec.json.decode(body, type=dict[str, object])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise InvalidInput from None
        return found
    return decode_params(body)


def _refused(refusal: TokenRefusal) -> Answer:
    headers = (*_NO_STORE, _CHALLENGE) if refusal.status == 401 else _NO_STORE
    return Answer(json_answer(refusal.body).body, refusal.status, headers=headers)
