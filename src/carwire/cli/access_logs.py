"""Access logs: lines of Apache and nginx (common and combined), and JSON objects of whatever writes them.

Read as a stream, compressed or not. A line that says no method and path is foreign: it is counted, not believed.
"""

from __future__ import annotations

import gzip
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from io import BufferedIOBase, BufferedReader, FileIO
from typing import Any, Final

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.kit.redaction import redact_text

NOBODY: Final = "-"
_LONGEST: Final = 65_536  # bytes of a line; what is longer is foreign
_MAX_NAME: Final = 100
_GZIP: Final = b"\x1f\x8b"
_COMMON: Final = re.compile(
    r'^\S+ (?:\S+ )??\S+ (?P<who>"[^"]*"|\S+) \[(?P<at>[^\]]{1,60})\] '
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?:[0-9]{3}|-)(?: |$)'
)
_REQUEST: Final = re.compile(r"^(?P<method>[A-Z]{3,10}) (?P<path>\S+)(?: HTTP/[0-9.]+)?$")
_MOMENT: Final = re.compile(
    r"^(?P<day>[0-9]{2})/(?P<month>[A-Z][a-z]{2})/(?P<year>[0-9]{4}):(?P<time>[0-9:]{8}) (?P<zone>[+-][0-9]{4})$"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Names that servers and proxies give to the same thing, the first that is there counts. Our own lines have `route`.
_METHODS: Final = ("method", "request_method", "http_method", "verb", "requestMethod")
_PATHS: Final = ("route", "path", "request_uri", "uri", "url", "request_path", "pathname", "target", "requestUrl")
_REQUESTS: Final = ("request", "request_line", "requestLine")
_WHO: Final = ("client_id", "remote_user", "user", "username", "user_id")
_WHEN: Final = ("timestamp", "time", "ts", "@timestamp", "time_iso8601", "time_local", "datetime", "date")
_INSIDE: Final = ("request", "req", "http", "httpRequest")  # objects that hold method and path


class Line(msgspec.Struct, frozen=True):
    """One request: who made it (`NOBODY` where the log does not say), method, path as it stands, and the moment."""

    who: str
    method: str
    path: str
    at: datetime | None


class CutOff(Exception):
    """The log ends in the middle: what came before counts."""


def read_log(where: str) -> Iterator[Line | None]:
    """Yield every line of a file, of standard input for ``-``: a request, or null for what is none. Blank lines are
    left out.

    Raises `InvalidInput` when it cannot be opened, `CutOff` when a compressed file ends too soon.
    """
    with _opened(where) as file:
        try:
            yield from (parse_line(line) for line in _lines(file) if line.strip())
        except (OSError, EOFError, zlib.error) as error:
            raise CutOff from error


def parse_line(raw: bytes) -> Line | None:
    """Read one line; null for one that is no request.

    >>> parse_line(b'::1 - app [21/Nov/2026:13:05:00 +0100] "GET /v2.0/user HTTP/1.1" 200 2').at.isoformat()
    '2026-11-21T12:05:00+00:00'
    """
    if len(raw) > _LONGEST:
        return None
    text = raw.decode("utf-8", "replace").strip()
    return _of_object(text) if text.startswith("{") else _of_text(text)


@contextmanager
def _opened(where: str) -> Iterator[BufferedIOBase]:
    with ExitStack() as stack:
        try:
            plain = FileIO(sys.stdin.fileno() if where == "-" else where, closefd=where != "-")
        except OSError as error:
            raise InvalidInput(FieldProblem("log", f"{where} cannot be read: {error.strerror}")) from error
        file = stack.enter_context(BufferedReader(plain))
        yield stack.enter_context(gzip.GzipFile(fileobj=file)) if file.peek(2)[:2] == _GZIP else file


def _lines(file: BufferedIOBase) -> Iterator[bytes]:
    """Yield lines, of one that is too long its beginning, which is one byte too long."""
    while line := file.readline(_LONGEST + 1):
        if len(line) > _LONGEST:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = file.readline(_LONGEST)
        yield line


def _of_text(text: str) -> Line | None:
    found = _COMMON.match(text)
    asked = found and _REQUEST.match(found["request"])
    if not found or not asked:
        return None
    return Line(_name(found["who"].strip('"')), asked["method"], asked["path"], _moment(found["at"]))


def _of_object(text: str) -> Line | None:
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    inner: dict[str, Any] = next((whole[key] for key in _INSIDE if isinstance(whole.get(key), dict)), {})
    objects = (whole, inner)
    method, path = _text(objects, _METHODS), _text(objects, _PATHS)
    asked = _REQUEST.match(_text(objects, _REQUESTS) or f"{(method or '').upper()} {path or ''}")
    if asked is None:
        return None
    return Line(_name(_text(objects, _WHO) or NOBODY), asked["method"], asked["path"], _when(objects))


def _text(objects: tuple[Mapping[str, Any], ...], names: tuple[str, ...]) -> str | None:
    found = (each.get(name) for each in objects for name in names)
    return next((text for text in found if isinstance(text, str) and text), None)


def _name(text: str) -> str:
    """Whoever it is, without what looks like a secret and what a terminal would obey."""
    shown = "".join(c if c.isprintable() else "?" for c in redact_text(text, _MAX_NAME))
    return shown or NOBODY


def _when(objects: tuple[Mapping[str, Any], ...]) -> datetime | None:
    for each in objects:
        for name in _WHEN:
            value = each.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                return _moment(value) if isinstance(value, str) else _of_epoch(value)
    return None


def _moment(text: str) -> datetime | None:
    """Read a moment in either of the two spellings logs have; null for any other."""
    common = _MOMENT.match(text)
    try:
        if common is None:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        month = _MONTHS.index(common["month"]) + 1
        hours, minutes = int(common["zone"][:3]), int(common["zone"][0] + common["zone"][3:])
        zone = timezone(timedelta(hours=hours, minutes=minutes))
        local = datetime.fromisoformat(f"{common['year']}-{month:02}-{common['day']}T{common['time']}")
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _of_epoch(value: float) -> datetime | None:
    """Read seconds since 1970, or milliseconds where they are too many for seconds."""
    try:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
