"""The errors of the SDK. Catch broadly or narrowly; every one of them has every attribute, null where it says nothing.

::

    CarwireError
    ├── ApiError                     the server answered with an error
    │   ├── AuthenticationFailed     401: token, client credentials or management token missing, unknown or expired
    │   ├── PermissionMissing        403: not granted by the owner, or the vehicle is not connected any more
    │   ├── InvalidRequest           400: something that was sent cannot be used; `detail` says what
    │   │   └── GrantRefused         400 of the token endpoint: the code or refresh token is unknown, used or expired
    │   ├── AccountIssue             400: the owner's account at the maker; `resolution` says who can do something
    │   ├── NotFound                 404: no such path, version or thing
    │   ├── Conflict                 409
    │   │   └── VehicleState         409: asleep, out of reach, a door open, already charging …
    │   ├── RateLimited              429: `retry_after` says for how long
    │   ├── PlanLimit                430: the plan of the application does not cover it
    │   ├── NotCapable               501: the car, its make or the server cannot do it
    │   ├── UpstreamFailed           502: the maker did not answer, or made no sense
    │   └── ServerFailed             any other 5xx
    ├── InvalidAnswer                the server answered with something that is not the API; see `received`
    ├── TransportError               there was no answer
    │   ├── ConnectionFailed         refused, unknown host, TLS, broken off
    │   └── TimedOut                 not within the time allowed
    ├── NotConfigured                an origin, client id or client secret is neither given nor in the environment
    ├── InvalidDelivery              what came to a webhook's address is no delivery that can be read
    │   └── InvalidSignature         it is not signed as it has to be; `code` says what is wrong
    ├── TokensMissing                the store holds no tokens for this owner: they have to connect
    └── StoreFailed                  the token store cannot be read, written or locked

`may_have_happened` says of a command whether it can have been carried out nevertheless. Only where it is false is it
safe to send the command again without an idempotency key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict, Unpack

import msgspec

RECEIVED_AT_MOST: Final = 1024  # bytes of an answer that are kept with an error


class Resolution(msgspec.Struct, frozen=True):
    """Who can do something about an error.

    `type` is null, ``RETRY_LATER``, ``REAUTHENTICATE``, ``CONTACT_SUPPORT``, ``ACTION_REQUIRED`` or a word added since.
    `url` is where to send the owner, where there is such a page.
    """

    type: str | None = None
    url: str | None = None


class Facts(TypedDict, total=False):
    """What may be known of an error."""

    status_code: int | None
    type: str | None
    code: str | None
    request_id: str | None
    resolution: Resolution | None
    doc_url: str | None
    retry_after: int | None
    detail: tuple[Mapping[str, Any], ...]
    suggested_user_message: str | None
    headers: Mapping[str, str]
    received: bytes
    may_have_happened: bool
    further: tuple[CarwireError, ...]


class CarwireError(Exception):
    """Base of everything the SDK raises on purpose.

    - `status_code`: of the HTTP answer, for an item of a batch of that item
    - `type`, `code`: the words of the catalogue, ``VEHICLE_STATE`` and ``ASLEEP``; of OAuth the error's name
    - `description`: a sentence in English
    - `request_id`: under which the server's operator finds it
    - `resolution`: a `Resolution`, or null
    - `doc_url`: the page that explains it
    - `retry_after`: whole seconds
    - `detail`: objects such as ``{"field": …, "message": …}``; empty where there is nothing to say
    - `suggested_user_message`: a sentence for the owner
    - `headers`: of the answer, names in lower case
    - `received`: the beginning of an answer that could not be read, at most 1 KiB
    - `further`: the errors that came with it, API v3 answers with a list; `errors` has it and them
    """

    status_code: int | None = None
    type: str | None = None
    code: str | None = None
    request_id: str | None = None
    resolution: Resolution | None = None
    doc_url: str | None = None
    retry_after: int | None = None
    detail: tuple[Mapping[str, Any], ...] = ()
    suggested_user_message: str | None = None
    headers: Mapping[str, str] = {}  # never written to: an error has its own
    received: bytes = b""
    may_have_happened: bool = False
    further: tuple[CarwireError, ...] = ()

    def __init__(self, description: str | None = None, **facts: Unpack[Facts]) -> None:
        self.description: str = description or (self.__doc__ or "").strip().splitlines()[0]
        for name, value in facts.items():
            setattr(self, name, value)
        name = ":".join(word for word in (self.type, self.code) if word)
        super().__init__(f"{name} - {self.description}" if name else self.description)

    @property
    def errors(self) -> tuple[CarwireError, ...]:
        """Every error of the answer, this one first."""
        return (self, *self.further)

    @property
    def message(self) -> str:
        """Type, code and description in one line."""
        return str(self)


class ApiError(CarwireError):
    """The server answered with an error."""


class AuthenticationFailed(ApiError):
    """Token, client credentials or management token are missing, unknown or expired."""


class PermissionMissing(ApiError):
    """The owner has not granted it, or the vehicle is not connected any more."""


class InvalidRequest(ApiError):
    """Something that was sent cannot be used."""


class GrantRefused(InvalidRequest):
    """The code or the refresh token is unknown, used or expired."""


class AccountIssue(ApiError):
    """The owner's account at the maker stands in the way."""


class NotFound(ApiError):
    """There is no such path, version or thing."""


class Conflict(ApiError):
    """It cannot be done as things are."""


class VehicleState(Conflict):
    """The car is in a state in which it cannot be done."""


class RateLimited(ApiError):
    """Too many requests."""


class PlanLimit(ApiError):
    """The plan of the application does not cover it."""


class NotCapable(ApiError):
    """The car, its make or the server cannot do it."""


class UpstreamFailed(ApiError):
    """The maker did not answer, or its answer made no sense."""


class ServerFailed(ApiError):
    """The server failed."""


class InvalidAnswer(CarwireError):
    """The server answered with something that is not the API."""


class TransportError(CarwireError):
    """There was no answer."""


class ConnectionFailed(TransportError):
    """The server could not be reached, or the connection broke."""


class TimedOut(TransportError):
    """There was no answer within the time allowed."""


class NotConfigured(CarwireError):
    """Something the client needs is neither given nor in the environment."""


class InvalidDelivery(CarwireError):
    """What came to a webhook's address is no delivery that can be read."""


class InvalidSignature(InvalidDelivery):
    """A delivery is not signed as it has to be.

    `code` is ``SIGNATURE_MISSING``, ``SIGNATURE_WRONG``, ``KEY_MISSING`` (no key was given for the signature that is
    there), ``HEADERS_UNUSABLE``, ``TOO_OLD`` or ``TOO_NEW``.
    """


class TokensMissing(CarwireError):
    """The store holds no tokens for this owner: they have to connect."""


class StoreFailed(CarwireError):
    """The token store cannot be read, written or locked."""
