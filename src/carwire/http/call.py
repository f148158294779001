"""One request as the handlers see it, read straight from the ASGI scope, and the answer they give.

The paths that carry the load are plain ASGI, the others go through the framework; handlers are the same and see a
`Call`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

JSON: Final = b"application/json"
_encode = msgspec.json.Encoder().encode


class PathUnknown(Exception):
    """There is nothing at this path."""


class VersionUnknown(Exception):
    """The path names an API version that is not served."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A status, a body and headers besides the ones every response carries."""

    body: bytes
    status: int = 200
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Call:
    """A request: its query, headers and path parameters, and the body where the route takes one."""

    __slots__ = ("body", "parameters", "scope")

    def __init__(
        self, scope: Mapping[str, Any], parameters: Mapping[str, str] | None = None, body: bytes = b""
    ) -> None:
        self.scope = scope
        self.parameters = parameters or {}
        self.body = body

    @property
    def query(self) -> bytes:
        """The raw query string."""
        query: bytes = self.scope["query_string"]
        return query

    def header(self, name: bytes) -> list[bytes]:
        """Return every value of a header, `name` in lower case."""
        return [value for key, value in self.scope["headers"] if key == name]


class Route(msgspec.Struct, frozen=True):
    """One row of the route table: where, who may, what comes in, what goes out, and the words of the API document.

    `path` has parameters in braces. `query` and `body` are the structs the handler reads, `answers` the type of its
    JSON, null for a page. `door` null means that anybody may call. `heavy` handlers run in a thread, because they
    compute for long.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    handler: Callable[[Call], Answer]
    name: str
    summary: str
    answers: Any = None
    door: Literal["application"] | None = "application"
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    parameters: dict[str, dict[str, Any]] = {}
    tag: str = ""
    heavy: bool = False


def json_answer(body: object, status: int = 200) -> Answer:
    """Encode a body as JSON."""
    return Answer(_encode(body), status)
