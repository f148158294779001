"""From an answer that is an error to the error that is raised.

Four shapes are read: that of API v2.0, that of v3 (a list of errors), OAuth's, and that of v1.0, which old servers
still send. What is no JSON at all still has a status and headers. Status and waiting time come from HTTP, as the body
of a proxy or of an item in a batch may lack them. Source: the wire contract, section 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from carwire_client import errors
from carwire_client.answers import Answer, describe
from carwire_client.errors import ApiError, Facts, Resolution
from carwire_client.times import read_retry_after

BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    400: errors.InvalidRequest,
    401: errors.AuthenticationFailed,
    403: errors.PermissionMissing,
    404: errors.NotFound,
    409: errors.Conflict,
    429: errors.RateLimited,
    430: errors.PlanLimit,
    501: errors.NotCapable,
}
BY_TYPE: Final[Mapping[tuple[int, str], type[ApiError]]] = {
    (400, "CONNECTED_SERVICES_ACCOUNT"): errors.AccountIssue,
    (400, "invalid_grant"): errors.GrantRefused,
    (409, "VEHICLE_STATE"): errors.VehicleState,
    (502, "UPSTREAM"): errors.UpstreamFailed,
}
Classify = Callable[[int, str | None], type[ApiError]]
_SURE: Final = frozenset({501, 503})  # of the 5xx: nothing was done


def class_of(status: int, type_: str | None) -> type[ApiError]:
    """Return the class of an error by its status, and by its type where one status has several."""
    found = BY_TYPE.get((status, type_ or "")) or BY_STATUS.get(status)
    return found or (errors.ServerFailed if status >= 500 else errors.InvalidRequest)


def error_of(answer: Answer, classify: Classify = class_of) -> ApiError:
    """Return the error an answer stands for; `classify` gives its class."""
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    return error_from(answer, body, classify)


def error_from(answer: Answer, body: object, classify: Classify = class_of) -> ApiError:
    """Return the error an answer stands for whose body is already decoded."""
    facts: Facts = {
        "status_code": answer.status,
        "request_id": answer.request_id,
        "retry_after": read_retry_after(answer.headers.get("retry-after"), answer.received_at),
        "headers": answer.headers,
        "may_have_happened": maybe_done(answer.status),
    }
    description = None
    if isinstance(body, dict):
        description = _read(body, facts)
        facts["further"] = _further(body, answer, classify)
    if description is None:
        facts["received"] = answer.body[: errors.RECEIVED_AT_MOST]
        description = f"The server answered {answer.status} with {describe(answer)}"
    return classify(answer.status, facts.get("type"))(description, **facts)


def _read(body: dict[str, Any], facts: Facts) -> str | None:
    """Put what a body says into `facts`; return its description, null when there is none."""
    entries = _objects(body.get("errors"))
    if isinstance(body.get("type"), str):
        return _version_2(body, facts)
    if entries:
        return _version_3(entries, facts)
    if isinstance(body.get("error"), str):
        return _oauth(body, facts)
    return None


def _version_2(body: dict[str, Any], facts: Facts) -> str | None:
    facts["type"] = _text(body.get("type"))
    facts["code"] = _text(body.get("code"))
    facts["doc_url"] = _text(body.get("docURL"))
    facts["request_id"] = _text(body.get("requestId")) or facts.get("request_id")
    facts["resolution"] = _resolution(body.get("resolution"))
    facts["detail"] = _objects(body.get("detail"))
    facts["suggested_user_message"] = _text(body.get("suggestedUserMessage"))
    return _text(body.get("description")) or _text(body.get("message"))


def _version_3(entries: tuple[Mapping[str, Any], ...], facts: Facts) -> str | None:
    first = entries[0]
    links, meta = _object(first.get("links")), _object(first.get("meta"))
    facts["type"] = _text(first.get("type"))
    facts["code"] = _text(first.get("code"))
    facts["doc_url"] = _text(links.get("about"))
    facts["request_id"] = _text(_object(meta.get("debug")).get("requestId")) or facts.get("request_id")
    facts["resolution"] = _resolution(first.get("resolution"))
    facts["detail"] = entries
    facts["suggested_user_message"] = _text(first.get("suggestedUserMessage"))
    return _text(first.get("detail")) or _text(first.get("title"))


def _further(body: dict[str, Any], answer: Answer, classify: Classify) -> tuple[ApiError, ...]:
    """Return the errors behind the first of a list; each has a status of its own."""
    found = []
    for entry in _objects(body.get("errors"))[1:]:
        status = status_of(entry) or answer.status
        facts: Facts = {
            "status_code": status,
            "request_id": answer.request_id,
            "headers": answer.headers,
            "may_have_happened": maybe_done(status),
        }
        description = _version_3((entry,), facts)
        found.append(classify(status, facts.get("type"))(description, **facts))
    return tuple(found)


def status_of(entry: Mapping[str, Any]) -> int | None:
    """Return the status an error of a list names, which is a text there; null for what is no status of an error."""
    status = entry.get("status")
    text = str(status) if isinstance(status, str | int) else ""
    return int(text) if len(text) == 3 and text.isascii() and text.isdigit() and 400 <= int(text) < 600 else None


def maybe_done(status: int) -> bool:
    """Tell whether a command that was answered with a status can have been carried out nevertheless."""
    return status >= 500 and status not in _SURE


def _oauth(body: dict[str, Any], facts: Facts) -> str | None:
    """OAuth's shape, and that of v1.0, which differ in the name of the description alone."""
    facts["type"] = _text(body.get("error"))
    facts["code"] = _text(body.get("code"))
    facts["request_id"] = _text(body.get("requestId")) or facts.get("request_id")
    return _text(body.get("error_description")) or _text(body.get("message")) or facts["type"]


def _resolution(value: object) -> Resolution | None:
    """Null, a word or an object: servers have sent all three."""
    if isinstance(value, str):
        return Resolution(value)
    if isinstance(value, dict):
        return Resolution(_text(value.get("type")), _text(value.get("url")))
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> tuple[Mapping[str, Any], ...]:
    return tuple(each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()
