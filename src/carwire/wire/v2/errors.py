"""The v2.0 error body, and the table from what went wrong to its type, code and status.

SDKs read every key: `code` is present even when null, `resolution` is always an object, `docURL` never null; `detail`
is left out when there is none. Source: the wire contract's error chapter. Sentences are our own.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from carwire.core.errors import FieldProblem


class ErrorKind(msgspec.Struct, frozen=True):
    """A row of the table: how one kind of failure is written. `group` is the page of the documentation it is on."""

    status: int
    type: str
    code: str | None
    resolution: str | None
    group: str
    description: str


AUTHENTICATION = ErrorKind(
    401,
    "AUTHENTICATION",
    None,
    None,
    "authentication",
    "The credentials are missing, malformed or not known here. Send HTTP Basic with client id and secret.",
)
VALIDATION = ErrorKind(
    400, "VALIDATION", None, None, "validation", "The request cannot be used as it is; detail names the fields."
)
PATH_NOT_FOUND = ErrorKind(
    404, "RESOURCE_NOT_FOUND", "PATH", None, "resource-not-found", "There is nothing at this path."
)
VERSION_NOT_FOUND = ErrorKind(
    404, "RESOURCE_NOT_FOUND", "VERSION", None, "resource-not-found", "This API version is not served here; use v2.0."
)
METHOD = ErrorKind(405, "VALIDATION", "METHOD", None, "validation", "This path does not take this method.")
TOO_LARGE = ErrorKind(
    413, "VALIDATION", "TOO_LARGE", None, "validation", "The request body is larger than is read here."
)
INTERNAL = ErrorKind(
    500,
    "SERVER",
    "INTERNAL",
    "RETRY_LATER",
    "server",
    "Something failed in the server. It is logged under the request id.",
)
UNAVAILABLE = ErrorKind(
    503, "SERVER", "UNAVAILABLE", "RETRY_LATER", "server", "The server cannot reach its database at the moment."
)
KINDS = (AUTHENTICATION, VALIDATION, METHOD, TOO_LARGE, PATH_NOT_FOUND, VERSION_NOT_FOUND, INTERNAL, UNAVAILABLE)


class Resolution(msgspec.Struct, frozen=True):
    """What the caller can do about an error; `type` is null when there is nothing."""

    type: Literal["RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "ACTION_REQUIRED"] | None


class ErrorBody(msgspec.Struct, frozen=True, rename={"status_code": "statusCode", "request_id": "requestId"}):
    """The body of every error. `requestId` is the one of the response's header and of the server's log line."""

    status_code: int
    type: str
    code: str | None
    description: str
    docURL: str  # noqa: N815  # the wire's spelling
    resolution: Resolution
    request_id: str
    detail: tuple[FieldProblem, ...] | msgspec.UnsetType = msgspec.UNSET


def error_body(kind: ErrorKind, *, request_id: str, base_url: str, fields: tuple[FieldProblem, ...] = ()) -> ErrorBody:
    """Write an error. The documentation is served by this server itself, under the path shape of the original's."""
    anchor = (kind.code or "null").lower().replace("_", "-")
    return ErrorBody(
        status_code=kind.status,
        type=kind.type,
        code=kind.code,
        description=kind.description,
        docURL=f"{base_url}/docs/errors/api-errors/{kind.group}-errors#{anchor}",
        resolution=Resolution(kind.resolution),  # type: ignore[arg-type]  # the table holds the four words
        request_id=request_id,
        detail=fields or msgspec.UNSET,
    )
