"""Errors into responses: the one place where an exception becomes a status and the wire's error body."""

from __future__ import annotations

import sqlite3

import structlog
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
)

from carwire.core.errors import FieldProblem, InvalidInput, NotAuthenticated
from carwire.http.call import Answer, PathUnknown, VersionUnknown, json_answer
from carwire.kit.redaction import redact_text
from carwire.wire.v2 import errors as wire

_log = structlog.get_logger("carwire.http")


def answer_to(error: Exception, *, request_id: str, base_url: str, allowed: tuple[str, ...] = ()) -> Answer:
    """Write an error as the wire does; `allowed` are the methods its path takes.

    What nobody expected is logged with its traceback and answered as SERVER:INTERNAL.
    """
    kind, fields, headers = _classify(error, allowed)
    if kind is wire.INTERNAL:
        _log.error("unexpected", request_id=request_id, exc_info=error)
    elif kind is wire.UNAVAILABLE:
        _log.error("database", request_id=request_id, error=redact_text(str(error)))
    body = wire.error_body(kind, request_id=request_id, base_url=base_url, fields=fields)
    answer = json_answer(body, kind.status)
    return Answer(answer.body, answer.status, headers=headers)


def _classify(
    error: Exception, allowed: tuple[str, ...]
) -> tuple[wire.ErrorKind, tuple[FieldProblem, ...], tuple[tuple[bytes, bytes], ...]]:
    kind = wire.INTERNAL
    fields: tuple[FieldProblem, ...] = ()
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(error, InvalidInput):
        kind, fields = wire.VALIDATION, error.fields
    elif isinstance(error, NotAuthenticated):
        kind, headers = wire.AUTHENTICATION, ((b"www-authenticate", b'Basic realm="carwire", charset="UTF-8"'),)
    elif isinstance(error, MethodNotAllowedException):
        kind, headers = wire.METHOD, ((b"allow", ", ".join(allowed).encode()),)
    elif isinstance(error, VersionUnknown):
        kind = wire.VERSION_NOT_FOUND
    elif isinstance(error, NotFoundException | PathUnknown):
        kind = wire.PATH_NOT_FOUND
    elif isinstance(error, SerializationException):
        kind, fields = wire.VALIDATION, (FieldProblem("body", "Not readable"),)
    elif isinstance(error, HTTPException) and error.status_code in _BY_STATUS:
        kind = _BY_STATUS[error.status_code]
    elif isinstance(error, sqlite3.OperationalError):
        kind = wire.UNAVAILABLE
    return kind, fields, headers


_BY_STATUS = {400: wire.VALIDATION, 404: wire.PATH_NOT_FOUND, 413: wire.TOO_LARGE}
