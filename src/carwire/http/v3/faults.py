"""Errors into responses of v3, in the generation of whoever asked. The table is `carwire.wire.v3.kinds`."""

from __future__ import annotations

import math
from typing import Final

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
    JSON,
    AccessDenied,
    Answer,
    Call,
    Headers,
    NothingThere,
    PathUnknown,
    VersionUnknown,
    json_answer,
)
from carwire.http.commanding import command_headers
from carwire.http.limits import Limited
from carwire.http.v3.view import Views
from carwire.kit.redaction import redact_text
from carwire.services.commands import CommandFailed
from carwire.wire.v3 import errors, kinds
from carwire.wire.v3.envelope import View
from carwire.wire.v3.errors import ErrorAnswer
from carwire.wire.v3.kinds import ErrorKind

_log = structlog.get_logger("carwire.http")
_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="carwire"')
_BY_STATUS: Final = {400: kinds.INVALID_INPUT, 404: kinds.INVALID_PATH, 413: kinds.TOO_LARGE}
_ROWS: Final[dict[type[Exception], ErrorKind]] = {
    NotAuthenticated: kinds.UNAUTHORIZED,
    AccessDenied: kinds.ACCESS_DENIED,
    GrantMissing: kinds.PERMISSION,
    Limited: kinds.LIMITED,
    MethodNotAllowedException: kinds.METHOD,
    NotFoundException: kinds.INVALID_PATH,
    PathUnknown: kinds.INVALID_PATH,
    VersionUnknown: kinds.INVALID_PATH,
    StoreUnavailable: kinds.UNAVAILABLE,
}


class AlreadySubscribed(Exception):
    """The vehicle is subscribed to this webhook."""


class V3Faults:
    """Answers errors."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def answer(self, error: Exception, call: Call) -> Answer:
        """Answer an error. What nobody expected is logged with its traceback, and answered as SERVER:INTERNAL."""
        written = self._write(error, self._views.of(call), call.request_id)
        return Answer(json_answer(written.body).body, written.status, JSON, _headers(error))

    def _write(self, error: Exception, view: View, request_id: str) -> ErrorAnswer:
        if isinstance(error, InvalidInput):
            return errors.invalid_answer(error, view, request_id)
        if isinstance(error, NothingThere):
            return errors.missing_answer(error.what, error.name, view, request_id)
        if isinstance(error, CommandFailed) and error.sent.outcome.kind == "unknown":
            return errors.error_answer(kinds.COMMAND_TIMEOUT, view, request_id)
        if isinstance(error, Obstacle):
            return errors.problem_answer(error.problem, view, request_id)
        if isinstance(error, SerializationException):
            return errors.invalid_answer(InvalidInput(FieldProblem("body", "cannot be read")), view, request_id)
        return errors.error_answer(_kind(error, request_id), view, request_id)


def _kind(error: Exception, request_id: str) -> ErrorKind:
    if isinstance(error, AlreadySubscribed):
        return kinds.ALREADY_SUBSCRIBED
    row = next((row for kind, row in _ROWS.items() if isinstance(error, kind)), None)
    if row is None and isinstance(error, HTTPException):
        row = _BY_STATUS.get(error.status_code)
    if row is None:
        _log.error("unexpected", request_id=request_id, exc_info=error)
    elif row is kinds.UNAVAILABLE:
        _log.error("database", request_id=request_id, error=redact_text(str(error)))
    return row or kinds.INTERNAL


def _headers(error: Exception) -> Headers:
    if isinstance(error, NotAuthenticated):
        return (_CHALLENGE,)
    headers = command_headers(error.sent) if isinstance(error, CommandFailed) else ()
    wait = retry_after(error)
    return headers if wait is None else (*headers, (b"retry-after", str(wait).encode()))


def retry_after(error: Exception) -> int | None:
    """Return for how many whole seconds the caller is to wait, null where that is not the trouble."""
    if isinstance(error, Limited):
        return max(1, math.ceil(error.retry_after_s))
    return errors.retry_after(error.problem) if isinstance(error, Obstacle) else None
