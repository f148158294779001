"""The door: HTTP Basic with an application's client id and secret."""

from __future__ import annotations

import binascii
from typing import Final

from carwire.core.applications import Application
from carwire.core.errors import NotAuthenticated
from carwire.http.call import Call
from carwire.kit.secrets import Secret
from carwire.services.accounts import AccountService

_MAX_HEADER: Final = 1024


def application_of(call: Call, accounts: AccountService) -> Application:
    """Return the application that asks. Raises `NotAuthenticated` for anything but one well-formed, known Basic
    header.
    """
    headers = call.header(b"authorization")
    if len(headers) != 1 or len(headers[0]) > _MAX_HEADER:
        raise NotAuthenticated
    remembered = accounts.recognise(headers[0])
    if remembered:
        return remembered
    scheme, _, value = headers[0].partition(b" ")
    if scheme.lower() != b"basic":
        raise NotAuthenticated
    try:
        client_id, colon, secret = binascii.a2b_base64(value.strip(), strict_mode=True).decode("utf-8").partition(":")
    except ValueError:
        raise NotAuthenticated from None
    if not colon:
        raise NotAuthenticated
    return accounts.authenticate(client_id, Secret(secret), proof=headers[0])
