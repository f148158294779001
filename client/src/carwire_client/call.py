"""One call of the API as a value: what is sent, how its answer is read, and whether it may be repeated.

Calls are built by the functions of `carwire_client.calls` and sent by a client. Nothing here waits or reads a clock.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, Protocol, TypeVar
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from carwire_client.answers import Answer
from carwire_client.errors import CarwireError
from carwire_client.faults import error_of
from carwire_client.secrets import Secret

T = TypeVar("T")
U = TypeVar("U")

Role = Literal["api", "token", "management", "v3", "iam", "management_v3", "compatibility_v3"]
Kind = Literal["read", "command", "once"]
Flags = Mapping[str, str | bool]
Pairs = tuple[tuple[str, str], ...]

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"


class TokenSource(Protocol):
    """Where a `Client` gets an access token from for each call: `OwnerSession` is one."""

    def token(self, rejected: Secret | None = None) -> Secret:
        """Return a token that is valid; a newer one than `rejected`, which the server has just refused."""


class AsyncTokenSource(Protocol):
    """Where an `AsyncClient` gets an access token from for each call: `AsyncOwnerSession` is one."""

    async def token(self, rejected: Secret | None = None) -> Secret:
        """Return a token that is valid; a newer one than `rejected`, which the server has just refused."""


Token = str | Secret | TokenSource | AsyncTokenSource


class Bearer(msgspec.Struct, frozen=True):
    """Shows a token."""

    token: Secret


class Basic(msgspec.Struct, frozen=True):
    """Shows a name and a secret."""

    name: str
    secret: Secret


class Renewable(msgspec.Struct, frozen=True):
    """Shows a token that a source is asked for, and another one when the server refuses the first."""

    source: TokenSource | AsyncTokenSource


Auth = Bearer | Basic | Renewable | None


class Call(msgspec.Struct, Generic[T], frozen=True, kw_only=True, repr_omit_defaults=True):
    """A call whose answer is a `T`.

    - `path` begins with a slash and comes behind the origin of `role`; of the role ``token`` the origin says it all
    - `kind`: a *read* may be repeated; a *command* carries one idempotency key over all attempts and is repeated only
      when it surely was not carried out, or when the server will know it by its key; *once* is repeated only when it
      surely was not sent, or was turned away at the door
    - `read` turns a 2xx, and the statuses of `also`, into a `T` or raises `InvalidAnswer`; `fault` turns any other
      answer into the error it is
    - `secrets` are those it sends besides its credentials: they appear in no text
    - `confidential`: the answer holds secrets, so nothing of it is kept with an error
    """

    name: str
    method: str
    path: str
    read: Callable[[Answer], T]
    role: Role = "api"
    kind: Kind = "read"
    auth: Auth = None
    query: Pairs = ()
    headers: tuple[tuple[str, Secret], ...] = ()
    body: Secret | None = None
    content_type: str | None = None
    key: str | None = None
    secrets: tuple[Secret, ...] = ()
    confidential: bool = False
    also: tuple[int, ...] = ()
    fault: Callable[[Answer], CarwireError] = error_of

    def __repr__(self) -> str:
        return f"<Call {self.name}: {self.method} {self.path}>"

    def then(self, change: Callable[[T], U]) -> Call[U]:
        """Return the same call, whose result is made into something else."""
        read = self.read
        return self.reading(lambda answer: change(read(answer)))

    def reading(self, read: Callable[[Answer], U]) -> Call[U]:
        """Return the same call, whose answer is read in another way."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        return Call(**{**fields, "read": read})


def authorized(token: Token) -> Auth:
    """Return how a token is shown. Raises `TypeError` for what is none."""
    if isinstance(token, str | Secret):
        return Bearer(Secret(token))
    if not hasattr(token, "token"):
        msg = f"An access token is a text, a Secret or a token source, not {type(token).__name__}"
        raise TypeError(msg)
    return Renewable(token)


def basic_credentials(name: str, secret: Secret) -> str:
    """Return name and secret as HTTP Basic has them (RFC 7617)."""
    return base64.b64encode(f"{name}:{secret.reveal()}".encode()).decode("ascii")


def json_body(value: object) -> Secret:
    """Write a JSON body."""
    return Secret(msgspec.json.encode(value).decode())


def form_body(*fields: tuple[str, str | Secret | None]) -> Secret:
    """Write a form of the fields that have a value."""
    return Secret(urlencode([(name, Secret(value).reveal()) for name, value in fields if value is not None]))


def pairs(**parameters: str | int | None) -> Pairs:
    """Return the query parameters that have a value, in the order given."""
    return tuple((name, str(value)) for name, value in parameters.items() if value is not None)


def flags_text(flags: Flags | None) -> str | None:
    """Write flags as one parameter: ``country:DE beta:true``; null when there are none.

    >>> flags_text({"country": "DE", "beta": True})
    'country:DE beta:true'
    """
    if not flags:
        return None
    return " ".join(
        f"{name}:{str(value).lower() if isinstance(value, bool) else value}" for name, value in flags.items()
    )


def segment(value: str) -> str:
    """Write an id as one segment of a path. Raises `ValueError` for what would be none, or another path.

    >>> segment("a/b")
    'a%2Fb'
    """
    if value in {"", ".", ".."}:
        msg = f"{value!r} is no id"
        raise ValueError(msg)
    return quote(value, safe="")


def query_text(query: Pairs) -> str:
    """Write a query; empty when there is none."""
    return urlencode(query, quote_via=quote_plus)
