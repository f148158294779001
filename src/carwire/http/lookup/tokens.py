"""``POST /auth-broker/request-token``: a token that stands for an account's key (RFC 6749, client credentials)."""

from __future__ import annotations

from typing import Final

from carwire.core.errors import NotAuthenticated
from carwire.core.lookup.refusal import LookupRefused
from carwire.http.call import Answer, Call, json_answer
from carwire.http.door import basic_of
from carwire.http.lookup.calls import parameters, refusal
from carwire.services.accounts import AccountService
from carwire.services.lookup.keys import TOKEN_LIFE, KeyService
from carwire.wire.lookup.bodies import LookupToken

_NO_STORE: Final = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
_BASIC: Final = b'Basic realm="carwire", charset="UTF-8"'


class TokenHandlers:
    """Handlers over two services."""

    def __init__(self, accounts: AccountService, keys: KeyService) -> None:
        self._accounts = accounts
        self._keys = keys

    async def request(self, call: Call) -> Answer:
        """Exchange an application's id and secret for a token. The account needs a secret key, whose rights it has."""
        try:
            try:
                application = await self._accounts.authenticate(*basic_of(call))
            except NotAuthenticated:
                raise LookupRefused("client_invalid", "Send a known client id and secret as Basic") from None
            if parameters(call.body).get("grant_type") != "client_credentials":
                raise LookupRefused("unsupported_grant_type", "grant_type must be client_credentials")
            token = await self._keys.issue(application.client_id)
        except Exception as error:
            answer = refusal(error, call, challenge=_BASIC)
            return Answer(answer.body, answer.status, headers=(*answer.headers, *_NO_STORE))
        body = LookupToken(token.reveal(), int(TOKEN_LIFE.total_seconds()) - 1, "", "bearer")
        return json_answer(body, headers=_NO_STORE)
