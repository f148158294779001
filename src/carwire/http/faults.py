"""Errors into responses: the one place where an exception becomes a status and the wire's error body."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
)

from carwire.core.errors import FieldProblem, InvalidInput, NotAuthenticated, StoreUnavailable
from carwire.core.grants import GrantMissing
from carwire.core.signals.obstacles import Obstacle
from carwire.http.call import (
    AccessDenied,
    Answer,
    Call,
    Headers,
    NothingThere,
    PathUnknown,
    Route,
    VersionUnknown,
    json_answer,
)
from carwire.http.commanding import command_headers
from carwire.http.limits import Limited
from carwire.http.v3.faults import V3Faults
from carwire.kit.redaction import redact_text
from carwire.services.accounts import AccountService
from carwire.services.commands import CommandFailed
from carwire.wire.v2 import errors as wire
from carwire.wire.v2.errors import ErrorBody
from carwire.wire.v2.kinds import BY_NAME, ErrorKind

_V3: Final = re.compile(r"/v3(/|$)")
_log = structlog.get_logger("carwire.http")
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_UNKNOWN: Final = (
    "The command was sent, and nobody can tell whether the car carried it out: read the car before sending it again."
)
_BASIC: Final = b'Basic realm="carwire", charset="UTF-8"'
_CHALLENGES: Final = dict.fromkeys(("application", "application_or_management", "application_or_local"), _BASIC)
_CHALLENGES["management"] = _BASIC
_BEARER: Final = b'Bearer realm="carwire"'
_BY_STATUS: Final = {400: wire.VALIDATION, 404: wire.PATH_NOT_FOUND, 413: wire.TOO_LARGE}
_ROWS: Final[dict[type[Exception], ErrorKind]] = {
    NotAuthenticated: wire.AUTHENTICATION,
    GrantMissing: wire.PERMISSION,
    AccessDenied: wire.PERMISSION,
    NothingThere: wire.PATH_NOT_FOUND,
    Limited: BY_NAME["RATE_LIMIT:SMARTCAR_API"],
    MethodNotAllowedException: wire.METHOD,
    VersionUnknown: wire.VERSION_NOT_FOUND,
    NotFoundException: wire.PATH_NOT_FOUND,
    PathUnknown: wire.PATH_NOT_FOUND,
    StoreUnavailable: wire.UNAVAILABLE,
}


class ErrorWriter:
    """Writes error bodies, with the name of the application where a sentence is for its users."""

    def __init__(self, base_url: str, accounts: AccountService) -> None:
        self._base_url = base_url
        self._accounts = accounts

    def plain(self, error: Exception, request_id: str) -> ErrorBody:
        """Write an error that says nothing to an owner. What nobody expected is logged with its traceback, and
        answered as SERVER:INTERNAL.
        """
        kind, fields = _classify(error)
        if kind is wire.INTERNAL:
            _log.error("unexpected", request_id=request_id, exc_info=error)
        elif kind is wire.UNAVAILABLE:
            _log.error("database", request_id=request_id, error=redact_text(str(error)))
        return wire.error_body(kind, request_id=request_id, base_url=self._base_url, fields=fields)

    async def body(self, error: Exception, call: Call) -> ErrorBody:
        """Write an error met while a request was served."""
        name = await self._accounts.name_of(call.client_id) if call.client_id else None
        if isinstance(error, GrantMissing):
            return wire.error_body(
                wire.PERMISSION, request_id=call.request_id, base_url=self._base_url, application=name
            )
        if not isinstance(error, Obstacle):
            return self.plain(error, call.request_id)
        body = wire.problem_body(
            error.problem,
            request_id=call.request_id,
            base_url=self._base_url,
            application=name or "",
            client_id=call.client_id or "",
            vehicle_id=call.vehicle.id if call.reached else None,
            detail=wire.capacities_detail(error.capacities),
        )
        if isinstance(error, CommandFailed) and error.sent.outcome.kind == "unknown":
            return msgspec.structs.replace(body, description=f"{body.description} {_UNKNOWN}")
        return body


class Faults:
    """Answers errors, those of v3 in its own form. `routes` tell which methods a path takes."""

    def __init__(self, writer: ErrorWriter, v3: V3Faults, routes: Sequence[Route]) -> None:
        self._writer = writer
        self._v3 = v3
        self._methods = [
            (route.path.count("{"), re.compile(_PARAMETER.sub("[^/]+", route.path)), method)
            for route in routes
            for method in ((route.method, "HEAD") if route.method == "GET" else (route.method,))
        ]

    async def answer(self, error: Exception, call: Call, route: Route) -> Answer:
        """Answer an error met while a request was served."""
        if _V3.match(route.path):
            return self._v3.answer(error, call)
        try:
            body = await self._writer.body(error, call)
        except StoreUnavailable as worse:  # asked for the application's name
            body = self._writer.plain(worse, call.request_id)
        return Answer(json_answer(body).body, body.status_code, headers=self._headers(error, door=route.door))

    def write(self, error: Exception, call: Call, *, path: str = "") -> Answer:
        """Answer an error met before any route was found, or by the framework."""
        if _V3.match(path):
            answer = self._v3.answer(error, call)
            allowed = self._headers(error, path=path) if isinstance(error, MethodNotAllowedException) else ()
            return msgspec.structs.replace(answer, headers=(*answer.headers, *allowed))
        body = self._writer.plain(error, call.request_id)
        return Answer(json_answer(body).body, body.status_code, headers=self._headers(error, path=path))

    def methods_of(self, path: str) -> set[str]:
        """Return the methods a path takes, HEAD where it takes GET. What the table names is no value of a parameter."""
        found = [(names, method) for names, pattern, method in self._methods if pattern.fullmatch(path)]
        fewest = min((names for names, _ in found), default=0)
        return {method for names, method in found if names == fewest}

    def _headers(self, error: Exception, *, path: str = "", door: str | None = None) -> Headers:
        if isinstance(error, NotAuthenticated):
            return ((b"www-authenticate", _CHALLENGES.get(door or "", _BEARER)),)
        if isinstance(error, MethodNotAllowedException):
            return ((b"allow", ", ".join(sorted(self.methods_of(path))).encode()),)
        headers = command_headers(error.sent) if isinstance(error, CommandFailed) else ()
        wait = retry_after(error)
        return headers if wait is None else (*headers, (b"retry-after", str(wait).encode()))


def retry_after(error: Exception) -> int | None:
    """Return for how many whole seconds the caller is to wait, null where that is not the trouble."""
    if isinstance(error, Limited):
        return max(1, math.ceil(error.retry_after_s))
    return wire.retry_after(error.problem) if isinstance(error, Obstacle) else None


def _classify(error: Exception) -> tuple[ErrorKind, tuple[FieldProblem, ...]]:
    if isinstance(error, InvalidInput):
        return wire.VALIDATION, error.fields
    if isinstance(error, SerializationException):
        return wire.VALIDATION, (FieldProblem("body", "Not readable"),)
    row = next((row for kind, row in _ROWS.items() if isinstance(error, kind)), None)
    if row is None and isinstance(error, HTTPException):
        row = _BY_STATUS.get(error.status_code)
    return row or wire.INTERNAL, ()
