"""The one error of the official package, and how an answer becomes one. Source: the wire contract, section 6.5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

SDK_ERROR: Final = "SDK_ERROR"


class SmartcarException(Exception):
    """A call failed.

    - `message`: ``TYPE:CODE - description``, or what there is instead; also the text of the exception
    - `type`, `code`, `description`: as the server has them
    - `status_code`, `request_id`: of the answer
    - `resolution`: ``{"type": …, "url": …}``, null for errors that have none
    - `doc_url`, `detail`, `suggested_user_message`: as the server has them
    - `retry_after`: seconds, as text

    Every attribute can be read of every error; the official package lacks those the server said nothing about.
    """

    message: Any = None
    type: Any = None
    code: Any = None
    description: Any = None
    status_code: Any = None
    request_id: Any = None
    resolution: Any = None
    doc_url: Any = None
    detail: Any = None
    retry_after: Any = None
    suggested_user_message: Any = None

    def __init__(self, **facts: Any) -> None:
        for name, value in facts.items():
            setattr(self, name, _resolution(value) if name == "resolution" else value or None)
        if {"type", "code", "description"} <= facts.keys():
            label = f"{self.type}:{self.code}" if self.code else f"{self.type}"
            self.message = f"{label} - {self.description}"
        super().__init__(self.message)


def exception_of(
    status: int | None, headers: Mapping[str, str], body: bytes, *, alone: bool = True
) -> SmartcarException:
    """Return the error an answer stands for; names of headers are in lower case.

    `alone` is false for an item of a batch, whose type of content need not be said.
    """
    text = body.decode("utf-8", "replace")
    if alone and "application/json" not in headers.get("content-type", ""):
        return SmartcarException(status_code=status, message=text)
    request_id = headers.get("sc-request-id")
    unknown = {"status_code": status, "request_id": request_id, "type": SDK_ERROR, "message": text}
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return SmartcarException(**unknown)
    if not isinstance(found, dict):
        return SmartcarException(**unknown)
    if found.get("error"):
        return _named(found, status, request_id) or SmartcarException(**unknown)
    if not found.get("type"):
        return SmartcarException(**unknown)
    waiting = {} if headers.get("retry-after") is None else {"retry_after": headers["retry-after"]}
    return SmartcarException(
        status_code=found.get("statusCode") or status,
        request_id=found.get("requestId") or request_id,
        type=found["type"],
        description=found.get("description"),
        code=found.get("code"),
        doc_url=found.get("docURL"),
        resolution=found.get("resolution"),
        detail=found.get("detail"),
        suggested_user_message=found.get("suggestedUserMessage"),
        **waiting,
    )


def _named(found: dict[str, Any], status: int | None, request_id: str | None) -> SmartcarException | None:
    """Read the shape of v1.0, or that of OAuth."""
    if found.get("message"):
        return SmartcarException(
            status_code=found.get("statusCode") or status,
            request_id=found.get("requestId") or request_id,
            type=found["error"],
            message=found["message"],
            code=found.get("code"),
        )
    if found.get("error_description"):
        return SmartcarException(status_code=status, type=found["error"], message=found["error_description"])
    return None


def _resolution(value: object) -> dict[str, Any]:
    """Null, a word or an object: servers have sent all three."""
    if isinstance(value, dict):
        return {"type": value.get("type"), "url": value.get("url")}
    return {"type": value if isinstance(value, str) else None, "url": None}
