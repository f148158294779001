"""The v3 error bodies. The table of what goes into them is in `kinds`.

The preview's form has codes of its own, in lower case, and no type. Its SDKs read errors with the parser of v2.0, which
needs ``type`` at the root: so the members of a v2.0 error stand beside ``errors`` there. Source: the wire contract,
sections 13 and 17.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.errors import InvalidInput
from carwire.core.signals.reading import Problem
from carwire.wire.v3.asking import MissingParameter
from carwire.wire.v3.envelope import View
from carwire.wire.v3.kinds import BY_KIND, INVALID_INPUT, MISSING_PARAMETER, NOT_FOUND, ErrorKind

_WAIT_S: Final = 60  # where whoever throttles names no time
_LONGEST_WAIT_S: Final = 31 * 86_400
_OLD_RESOLUTIONS: Final = {"USER_ACTION_REQUIRED": "ACTION_REQUIRED"}  # v2.0 has another word
# Status → code of the preview. The contract has five of them, the others are ours.
PREVIEW_CODES: Final = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "payload_too_large",
    429: "too_many_requests",
    430: "billing",
    500: "internal_error",
    501: "not_implemented",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}


class About(msgspec.Struct, frozen=True):
    """The page that explains an error."""

    about: str


class ResolutionBody(msgspec.Struct, frozen=True):
    """Who can do something about it; null when nobody can."""

    type: str | None


class Debug(msgspec.Struct, frozen=True, rename="camel"):
    """What to tell whoever runs the server."""

    request_id: str


class ErrorMeta(msgspec.Struct, frozen=True):
    """Wraps `Debug`."""

    debug: Debug


class ErrorEntry(msgspec.Struct, frozen=True, rename="camel"):
    """One error. `status` is a text. `type` and `code` are words of section 13.2 of the contract."""

    status: str
    type: str
    code: str | None
    title: str
    detail: str
    links: About
    resolution: ResolutionBody
    suggested_user_message: str | UnsetType = UNSET
    meta: ErrorMeta | UnsetType = UNSET


class PreviewErrorEntry(msgspec.Struct, frozen=True):
    """One error in the preview's form."""

    links: About
    status: str
    code: str
    title: str
    detail: str


class FieldDetail(msgspec.Struct, frozen=True):
    """A field that cannot be used, as v2.0 writes it."""

    field: str
    message: str


class ErrorsBody(msgspec.Struct, frozen=True):
    """The body of an error."""

    errors: tuple[ErrorEntry, ...]


class PreviewErrorsBody(msgspec.Struct, frozen=True, rename="camel"):
    """The body of an error in the preview, with the members of a v2.0 error."""

    errors: tuple[PreviewErrorEntry, ...]
    status_code: int
    type: str
    code: str | None
    description: str
    docURL: str  # noqa: N815  # the wire's spelling
    resolution: ResolutionBody
    request_id: str
    detail: tuple[FieldDetail, ...] | UnsetType = UNSET
    suggested_user_message: str | UnsetType = UNSET


class ErrorAnswer(msgspec.Struct, frozen=True):
    """A status, and the body that goes with it."""

    status: int
    body: ErrorsBody | PreviewErrorsBody


def error_answer(kind: ErrorKind, view: View, request_id: str, detail: str | None = None) -> ErrorAnswer:
    """Write an error; `detail` says more than the sentence of its row."""
    return _answer(kind, view, request_id, (detail or kind.detail,))


def problem_answer(problem: Problem, view: View, request_id: str) -> ErrorAnswer:
    """Write why there is no reading, or why a command did not happen."""
    return error_answer(BY_KIND[problem.kind], view, request_id)


def invalid_answer(error: InvalidInput, view: View, request_id: str) -> ErrorAnswer:
    """Write what cannot be used of what was sent: an error per field."""
    if isinstance(error, MissingParameter):
        return _answer(MISSING_PARAMETER, view, request_id, tuple(f"missing {each.field}" for each in error.fields))
    details = tuple(f"{each.field}: {each.message}" for each in error.fields) or (str(error),)
    return _answer(
        INVALID_INPUT, view, request_id, details, tuple(FieldDetail(f.field, f.message) for f in error.fields)
    )


def missing_answer(what: str, name: str, view: View, request_id: str) -> ErrorAnswer:
    """Write that something does not exist: `what` is a key of `kinds.NOT_FOUND`, `name` what it was asked for by."""
    kind = NOT_FOUND[what]
    return error_answer(kind, view, request_id, f"{kind.detail} It was asked for as {name[:60]!a}.")


def retry_after(problem: Problem) -> int | None:
    """Return for how many whole seconds a limited caller is to wait, at least 1; null for other problems."""
    if BY_KIND[problem.kind].status != 429:
        return None
    seconds = problem.retry_after
    if seconds is None or not math.isfinite(seconds):
        return _WAIT_S
    return min(max(1, math.ceil(seconds)), _LONGEST_WAIT_S)


def about(kind: ErrorKind, base_url: str) -> str:
    """Return the page that explains an error: this server serves it, under the path shape of the original's."""
    group = kind.type.lower().replace("_", "-")
    anchor = (kind.code or "null").lower().replace("_", "-")
    return f"{base_url}/docs/errors/api-errors/{group}-errors#{anchor}"


def _answer(
    kind: ErrorKind, view: View, request_id: str, details: tuple[str, ...], fields: tuple[FieldDetail, ...] = ()
) -> ErrorAnswer:
    body: ErrorsBody | PreviewErrorsBody
    if view.preview:
        body = _preview_body(kind, view.base_url, request_id, details, fields)
    else:
        body = ErrorsBody(tuple(_entry(kind, view.base_url, request_id, detail) for detail in details))
    return ErrorAnswer(kind.status, body)


def _entry(kind: ErrorKind, base_url: str, request_id: str, detail: str) -> ErrorEntry:
    return ErrorEntry(
        status=str(kind.status),
        type=kind.type,
        code=kind.code,
        title=kind.title,
        detail=detail,
        links=About(about(kind, base_url)),
        resolution=ResolutionBody(kind.resolution),
        suggested_user_message=kind.advice or UNSET,
        meta=ErrorMeta(Debug(request_id)),
    )


def _preview_body(
    kind: ErrorKind, base_url: str, request_id: str, details: tuple[str, ...], fields: tuple[FieldDetail, ...]
) -> PreviewErrorsBody:
    page, code = about(kind, base_url), PREVIEW_CODES[kind.status]
    return PreviewErrorsBody(
        errors=tuple(PreviewErrorEntry(About(page), str(kind.status), code, kind.title, detail) for detail in details),
        status_code=kind.status,
        type=kind.type,
        code=kind.short_code,
        description=kind.detail,
        docURL=page,
        resolution=ResolutionBody(_OLD_RESOLUTIONS.get(kind.resolution or "", kind.resolution)),
        request_id=request_id,
        detail=fields or UNSET,
        suggested_user_message=kind.advice or UNSET,
    )
