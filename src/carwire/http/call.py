"""One request as the handlers see it, read straight from the ASGI scope, and the answer they give.

The paths that carry the load are plain ASGI, the others go through the framework; handlers are the same and see a
`Call`.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from carwire.core.applications import Application
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.grants import AccessToken
from carwire.core.vehicles import Vehicle

JSON: Final = b"application/json"
CLIENT: Final = "client_id"  # where the scope's state names the application that a door has proven
ONE_MAKE: Final = "v2.0, one make"  # the tag of calls that only cars of one make answer
NHTSA: Final = "nhtsa"  # the tag of NHTSA's methods
NHTSA_PATH: Final = "/api/vehicles/"
Headers = tuple[tuple[bytes, bytes], ...]
_encode = msgspec.json.Encoder().encode


class PathUnknown(Exception):
    """There is nothing at this path."""


class VersionUnknown(Exception):
    """The path names an API version that is not served."""


class AccessDenied(Exception):
    """The token is known, and of a kind that does not open this."""


class NothingThere(Exception):
    """There is no such resource for whoever asks. `what` is its kind, `name` what it was asked for by."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(what)
        self.what = what
        self.name = name


class Answer(msgspec.Struct, frozen=True):
    """A status, a body and headers besides the ones every response carries.

    With a `tail`, headers go out at once and the body is what it gives, piece by piece.
    """

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: Headers = ()
    tail: AsyncGenerator[bytes] | None = None


_CAUTION: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


def with_caution(headers: Headers) -> Headers:
    """Add to the headers of an answer that it is data for its caller alone: not kept, unless it says how long; not
    guessed at; nothing to show, or to frame. Pages have a policy of their own and stay as they are.
    """
    return headers + _caution_besides(tuple([name for name, _ in headers]))


@functools.lru_cache(maxsize=256)
def _caution_besides(names: tuple[bytes, ...]) -> Headers:
    """Return what an answer with headers of these names lacks; there are a few dozen kinds of answers."""
    if b"content-security-policy" in names:
        return ()
    return tuple(each for each in _CAUTION if each[0] not in names)


class Call:
    """A request: its query, headers and path parameters, the body where the route takes one, and who asks.

    Its door fills in what it proves: `application` for credentials of one, `token` for an access token, `vehicle` for
    one that reaches the vehicle of the path.
    """

    __slots__ = ("_application", "_headers", "_token", "_vehicle", "body", "parameters", "request_id", "scope")

    def __init__(
        self,
        scope: Mapping[str, Any],
        parameters: Mapping[str, str] | None = None,
        body: bytes = b"",
        request_id: str = "",
    ) -> None:
        self.scope = scope
        self.parameters = parameters or {}
        self.body = body
        self.request_id = request_id
        self._headers: dict[bytes, list[bytes]] | None = None
        self._application: Application | None = None
        self._token: AccessToken | None = None
        self._vehicle: Vehicle | None = None

    @property
    def application(self) -> Application:
        """The application whose credentials came along."""
        assert self._application is not None, "this route's door proves no application"
        return self._application

    @property
    def token(self) -> AccessToken:
        """What the access token stands for."""
        assert self._token is not None, "this route's door proves no token"
        return self._token

    @property
    def vehicle(self) -> Vehicle:
        """The vehicle of the path, reached through the token."""
        assert self._vehicle is not None, "this route's door reaches no vehicle"
        return self._vehicle

    @property
    def proven(self) -> bool:
        """Whether a door has proven a token."""
        return self._token is not None

    @property
    def reached(self) -> bool:
        """Whether a door has reached a vehicle."""
        return self._vehicle is not None

    def prove(
        self,
        *,
        application: Application | None = None,
        token: AccessToken | None = None,
        vehicle: Vehicle | None = None,
    ) -> None:
        """Note what a door has proven."""
        self._application, self._token, self._vehicle = application, token, vehicle

    @property
    def client_id(self) -> str | None:
        """The application that asks, as far as a door has proven it."""
        if self._application:
            return self._application.client_id
        return self._token.principal.client_id if self._token else None

    @property
    def address(self) -> str:
        """The address the request came from."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def query(self) -> bytes:
        """The raw query string."""
        query: bytes = self.scope["query_string"]
        return query

    def one_header(self, name: bytes) -> str | None:
        """Return the text of a header that came once, null when it did not come. Raises `InvalidInput` else."""
        found = self.header(name)
        if not found:
            return None
        if len(found) > 1:
            raise InvalidInput(FieldProblem(name.decode("ascii"), "Given more than once"))
        return found[0].decode("latin-1").strip()

    def header(self, name: bytes) -> list[bytes]:
        """Return every value of a header, `name` in lower case."""
        headers = self._headers
        if headers is None:
            headers = self._headers = {}
            for key, value in self.scope["headers"]:
                headers.setdefault(key, []).append(value)
        return headers.get(name, [])


# What has to be shown at a route: an application's id and secret, or the key in the server's data folder instead; a
# management token; either of the application's; an access token; one that reaches the vehicle of the path; either of
# the two. In v3: a token of the application itself; that, naming the owner, to command the vehicle; that, with or
# without the owner, or an access token, to read it. A key of the lookup API, which its handlers check themselves.
Door = Literal[
    "application",
    "application_or_local",
    "local",
    "management",
    "manager_or_application",
    "token",
    "vehicle",
    "vehicle_or_management",
    "application_token",
    "owned_vehicle",
    "readable_vehicle",
    "any_vehicle",
    "lookup",
]


class Route(msgspec.Struct, frozen=True):
    """One row of the route table: where, who may, what comes in, what goes out, and the words of the API document.

    `path` has parameters in braces. `query` and `body` are the structs the handler reads, `answers` the type of its
    JSON, null for a page. `door` null means that anybody may call; `permission` is what the owner must have granted;
    `status` is of an answer that went well. `form` bodies are url-encoded; `schema` describes a body that no struct
    does. `streams`: the answer is server-sent events.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Callable[[Call], Awaitable[Answer]]
    name: str
    summary: str
    answers: Any = None
    door: Door | None = "application"
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    parameters: dict[str, dict[str, Any]] = {}
    tag: str = ""
    form: bool = False
    schema: dict[str, Any] | None = None
    permission: str | None = None
    status: Literal[200, 202, 204] = 200
    streams: bool = False

    @property
    def takes_body(self) -> bool:
        """Whether there is a body to read."""
        return self.method in {"POST", "PUT", "PATCH"} or self.body is not None


def json_answer(body: object, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """Encode a body as JSON."""
    return Answer(_encode(body), status, JSON, tuple(headers))
