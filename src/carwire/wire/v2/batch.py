"""Batch: several reads of one vehicle in one request, each answered as it would have been alone.

Source: the wire contract's batch chapter. The limit of 50 is ours; it names none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.wire.v2.errors import ErrorBody
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS

MAX_REQUESTS: Final = 50
_FIELD: Final = "requests"


class BatchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One read: its path relative to the vehicle, which may carry a query."""

    path: str


class BatchRequests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a batch, for the API document."""

    requests: tuple[BatchRequest, ...]


class BatchItem(msgspec.Struct, frozen=True):
    """One read that was asked for: `path` with its leading slash, and the raw query behind it."""

    path: str
    query: str


class BatchResponse(msgspec.Struct, frozen=True):
    """What one read came to; `code` is the status it would have had alone. Names of `headers` are in lower case."""

    path: str
    code: int
    body: Any
    headers: dict[str, str]


class BatchBody(msgspec.Struct, frozen=True):
    """The answers, in the order asked."""

    responses: tuple[BatchResponse, ...]


def read_batch(body: object) -> tuple[BatchItem, ...]:
    """Read a decoded JSON body. Raises `InvalidInput` for the request as a whole, unknown paths included."""
    if not isinstance(body, dict):
        raise InvalidInput(FieldProblem("body", "must be an object"))
    if _FIELD not in body:
        raise _refused("is required")
    unknown = [FieldProblem(str(key)[:60] or "body", "is not known here") for key in body if key != _FIELD]
    if unknown:
        raise InvalidInput(*unknown[:10])
    requests = body[_FIELD]
    if not isinstance(requests, list) or not 0 < len(requests) <= MAX_REQUESTS:
        raise _refused(f"must be a list of 1 to {MAX_REQUESTS} entries")
    return tuple(_item(request) for request in requests)


def success(path: str, body: object, headers: Iterable[tuple[bytes, bytes]]) -> BatchResponse:
    """Write a read that was answered. SDKs look into `headers` of every such item, so it is always there."""
    return BatchResponse(path, 200, body, {name.decode().lower(): value.decode() for name, value in headers})


def failure(path: str, body: ErrorBody, retry_after: int | None = None) -> BatchResponse:
    """Write a read that failed; `retry_after` in seconds where it was limited.

    One SDK takes an item for an error only if its headers say it is JSON. Two read the waiting time in lower case, one
    in title case.
    """
    headers = {"content-type": "application/json"}
    if retry_after is not None:
        headers |= dict.fromkeys(("retry-after", "Retry-After"), str(retry_after))
    return BatchResponse(path, body.status_code, body, headers)


def _item(request: object) -> BatchItem:
    if not isinstance(request, dict) or not isinstance(request.get("path"), str):
        raise _refused("must hold objects with a path")
    if len(request) > 1:
        raise _refused("must hold objects with nothing but a path")
    path, _, query = request["path"].partition("?")
    path = "/" + "/".join(part for part in path.split("/") if part)
    if not _is_read(path):
        raise _refused(f"names {path[:60]!a}, which is nothing that can be read")
    return BatchItem(path, query)


def _is_read(path: str) -> bool:
    """A make in upper case is a matter of permission, so it counts as a path."""
    make, _, rest = path[1:].partition("/")
    return path in STATIC_ENDPOINTS or path in ENDPOINTS or (make.lower(), rest) in MAKE_READS


def _refused(why: str) -> InvalidInput:
    return InvalidInput(FieldProblem(_FIELD, f'"{_FIELD}" {why}'))
