"""Answers of the server asked, and what every one of them has to have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from carwire.conformance.expecting import Deviation, expect

Headers = Sequence[tuple[str, str]]
JSON: Final = "application/json"
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Answer(msgspec.Struct, frozen=True):
    """What came back for a request; header names as they came over the wire."""

    method: str
    target: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return a header, in whatever case its name came."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def json(self) -> Any:
        """Return the body read as JSON."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            raise Deviation("a body of JSON", f"{self} with a body that is none") from None

    def good(self) -> Any:
        """Return the body of an answer that has to be 200."""
        self.expect_status(200)
        return self.json()

    def expect_status(self, status: int) -> None:
        """Raise `Deviation` for another status."""
        expect(self.status == status, f"status {status}", self)

    def expect_json(self) -> None:
        """Raise `Deviation` unless the content type says JSON."""
        expect(JSON in (self.header("content-type") or ""), f"content-type {JSON}", self.header("content-type"))

    def expect_request_id(self) -> None:
        """Raise `Deviation` unless there is a request id, a UUID."""
        expect(is_uuid(self.header("sc-request-id")), "sc-request-id, a UUID", self.header("sc-request-id"))

    def expect_moment(self, name: str) -> None:
        """Raise `Deviation` unless a header is a moment as the strictest SDK reads it."""
        expect(is_moment(self.header(name)), f"{name} as YYYY-MM-DDTHH:mm:ss.SSSZ", self.header(name))

    def __str__(self) -> str:
        what = self._error()
        kind = self.header("content-type")
        return f"status {self.status}{f' {what}' if what else '' if kind is None else f' of {kind}'}"

    __repr__ = __str__

    def _error(self) -> str:
        """Name an error by its type and code, in whichever of the wire's forms."""
        try:
            body = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return ""
        if isinstance(body, dict) and isinstance(body.get("errors"), list) and body["errors"]:
            body = body["errors"][0]
        if not isinstance(body, dict):
            return ""
        parts = [body.get("type") or body.get("error"), body.get("code")]
        return ":".join(part for part in parts if isinstance(part, str))


def is_uuid(value: object) -> bool:
    """Tell whether something is a UUID as it is usually written."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def is_moment(value: object) -> bool:
    """Tell whether something is a moment in UTC with milliseconds and the letter Z."""
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None
