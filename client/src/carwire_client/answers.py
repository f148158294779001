"""From status, headers and bytes to what they say. Nothing here waits or reads a clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from carwire_client.errors import RECEIVED_AT_MOST, InvalidAnswer

__all__ = ["Answer", "describe", "invalid", "json_of", "object_of"]


class Answer(msgspec.Struct, frozen=True):
    """What came back: names of headers in lower case, the body whole and decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def request_id(self) -> str | None:
        """Under which the server's operator finds the request."""
        return self.headers.get("sc-request-id")

    @property
    def content_type(self) -> str:
        """The media type, in lower case and without parameters; empty where the answer does not say."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def json_of(answer: Answer) -> Any:
    """Return the body read as JSON. Raises `InvalidAnswer` for what says it is something else, or is."""
    if answer.content_type and "json" not in answer.content_type:
        raise invalid(answer, f"The answer is {describe(answer)} instead of JSON")
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid(answer, f"The answer is {describe(answer)} and cannot be read as JSON") from None


def object_of(answer: Answer) -> dict[str, Any]:
    """Return the JSON object in the body. Raises `InvalidAnswer` for anything else."""
    body = json_of(answer)
    if not isinstance(body, dict):
        raise invalid(answer, f"The answer is {_NAMES.get(type(body), 'a value')} instead of an object")
    return body


def invalid(answer: Answer, why: str) -> InvalidAnswer:
    """Return the error for an answer that is not the API's, with the beginning of it attached."""
    return InvalidAnswer(
        why,
        status_code=answer.status,
        request_id=answer.request_id,
        headers=answer.headers,
        received=answer.body[:RECEIVED_AT_MOST],
        may_have_happened=True,
    )


def describe(answer: Answer) -> str:
    """Say in a few words what came.

    >>> from carwire_client.times import now
    >>> describe(Answer(502, {"content-type": "text/html"}, b"<html>", now()))
    '6 bytes of text/html'
    """
    kind = answer.content_type[:60] or "an unnamed type"
    return f"{len(answer.body)} bytes of {kind}" if answer.body else "empty"


_NAMES = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "a truth value", type(None): "null"}
