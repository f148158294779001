"""The v2.0 error body. The table of what goes into it is in `kinds`.

SDKs read every key: `code` is present even when null, `resolution` is always an object, `docURL` never null; what has
no value otherwise (`detail`, `suggestedUserMessage`, the url of a resolution) is left out, because one SDK fails on
null there. Source: the wire contract's error chapter.
"""

from __future__ import annotations

import math
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.errors import FieldProblem
from carwire.core.signals.reading import Problem
from carwire.wire.v2 import kinds
from carwire.wire.v2.kinds import (
    AUTHENTICATION,
    BY_NAME,
    INTERNAL,
    KINDS,
    METHOD,
    PATH_NOT_FOUND,
    PERMISSION,
    TOO_LARGE,
    UNAVAILABLE,
    VALIDATION,
    VERSION_NOT_FOUND,
    ErrorKind,
)

__all__ = [
    "AUTHENTICATION",
    "INTERNAL",
    "KINDS",
    "METHOD",
    "PATH_NOT_FOUND",
    "PERMISSION",
    "TOO_LARGE",
    "UNAVAILABLE",
    "VALIDATION",
    "VERSION_NOT_FOUND",
    "Detail",
    "ErrorBody",
    "ErrorKind",
    "Resolution",
    "capacities_detail",
    "error_body",
    "kind_of",
    "problem_body",
    "retry_after",
]

_WAIT_S: Final = 60  # where whoever throttles names no time
_LONGEST_WAIT_S: Final = 31 * 86_400


class Resolution(msgspec.Struct, frozen=True):
    """What the caller can do about an error; `type` is null when there is nothing. `url` is where to send the owner."""

    type: kinds.Resolution | None
    url: str | UnsetType = UNSET


class Detail(msgspec.Struct, frozen=True):
    """One entry of `detail`: a field and what is expected of it, or the battery capacities (kWh) that fit a car."""

    field: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    capacities: tuple[float, ...] | UnsetType = UNSET


class ErrorBody(
    msgspec.Struct,
    frozen=True,
    rename={
        "status_code": "statusCode",
        "request_id": "requestId",
        "suggested_user_message": "suggestedUserMessage",
    },
):
    """The body of every error. `requestId` is the one of the response's header and of the server's log line."""

    status_code: int
    type: str
    code: str | None
    description: str
    docURL: str  # noqa: N815  # the wire's spelling
    resolution: Resolution
    request_id: str
    detail: tuple[Detail, ...] | UnsetType = UNSET
    suggested_user_message: str | UnsetType = UNSET


def error_body(
    kind: ErrorKind,
    *,
    request_id: str,
    base_url: str,
    fields: tuple[FieldProblem, ...] = (),
    detail: tuple[Detail, ...] = (),
    application: str | None = None,
    url: str | None = None,
) -> ErrorBody:
    """Write an error. The documentation is served by this server itself, under the path shape of the original's.

    The owner's advice is written only where the name of the application is known, since it speaks of it.
    """
    advice = kind.advice.replace("{application}", application) if kind.advice and application else UNSET
    return ErrorBody(
        status_code=kind.status,
        type=kind.type,
        code=kind.code,
        description=kind.description,
        docURL=_documentation(kind, base_url),
        resolution=Resolution(kind.resolution, url or UNSET),
        request_id=request_id,
        detail=(*(Detail(each.field, each.message) for each in fields), *detail) or UNSET,
        suggested_user_message=advice,
    )


def kind_of(problem: Problem) -> ErrorKind:
    """Return the row of a problem: its status, for one."""
    return BY_NAME[problem.kind]


def problem_body(
    problem: Problem,
    *,
    request_id: str,
    base_url: str,
    application: str,
    client_id: str,
    vehicle_id: str | None,
    detail: tuple[Detail, ...] = (),
) -> ErrorBody:
    """Write why there is no reading or no command. `application` is its name, as its users know it."""
    kind = kind_of(problem)
    return error_body(
        kind,
        request_id=request_id,
        base_url=base_url,
        detail=detail,
        application=application,
        url=_where_to_go(kind, base_url, client_id, vehicle_id),
    )


def retry_after(problem: Problem) -> int | None:
    """Return for how many whole seconds a limited caller is to wait, at least 1; null for other problems.

    Source: the wire contract; one SDK parses an integer and nothing else.
    """
    if kind_of(problem).status != 429:
        return None
    seconds = problem.retry_after
    if seconds is None or not math.isfinite(seconds):
        return _WAIT_S
    return min(max(1, math.ceil(seconds)), _LONGEST_WAIT_S)


def capacities_detail(capacities: tuple[float, ...]) -> tuple[Detail, ...]:
    """Write the battery capacities between which only the owner can choose; nothing for none."""
    return (Detail(capacities=capacities),) if capacities else ()


def _documentation(kind: ErrorKind, base_url: str) -> str:
    anchor = (kind.code or "null").lower().replace("_", "-")
    return f"{base_url}/docs/errors/api-errors/{kind.group}-errors#{anchor}"


def _where_to_go(kind: ErrorKind, base_url: str, client_id: str, vehicle_id: str | None) -> str | None:
    if kind.name == "CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED":
        return _documentation(kind, base_url)
    if kind.name == "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED" and vehicle_id:
        # The application puts its own redirect_uri and state behind this.
        query = {"response_type": "vehicle_id", "client_id": client_id, "vehicle_id": vehicle_id}
        return f"{base_url}/oauth/reauthenticate?{urlencode(query)}"
    return None
