"""What every result has: its `meta`, and the body as it came.

A result is a frozen struct whose attributes are the wire's members in snake case. Members the SDK does not know are
kept: `extra` has those of the result itself, `raw` the whole body. A member that may be null may also be missing; when
another one is missing, or is of another type, the answer is an `InvalidAnswer`. Words of an enumeration are plain text,
so that a word added later is no error; the known ones stand in the docstrings.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from carwire_client.answers import Answer, invalid, json_of
from carwire_client.times import read_moment

R = TypeVar("R", bound="Result")
Shape = Callable[[Any], Any]
_OWN: Final = ("meta", "raw")


class _Quiet:
    """Leaves out of `repr` what would fill the screen."""

    __slots__ = ()
    __struct_fields__: ClassVar[tuple[str, ...]]

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name not in {"raw", "headers"})
        return f"{type(self).__name__}({', '.join(shown)})"


class Meta(_Quiet, msgspec.Struct, frozen=True, kw_only=True):
    """About an answer. What the server does not say is null.

    - `request_id`: under which the server's operator finds the request
    - `data_age`: when the car measured it; `fetched_at`: when it was fetched from the maker. Aware datetimes in UTC
    - `unit_system`: ``metric`` or ``imperial``; null where no unit depends on it
    - `status`: of the HTTP answer; `headers`: all of them, names in lower case
    """

    request_id: str | None = None
    data_age: datetime | None = None
    fetched_at: datetime | None = None
    unit_system: str | None = None
    status: int = 200
    headers: Mapping[str, str] = {}

    @property
    def command_id(self) -> str | None:
        """Under which Carwire keeps the command this is the answer to."""
        return self.headers.get("carwire-command-id")


def meta_of(status: int, headers: Mapping[str, str], request_id: str | None = None) -> Meta:
    """Read what headers say; their names are in lower case. `request_id` is for headers that have none."""
    return Meta(
        request_id=headers.get("sc-request-id") or request_id,
        data_age=read_moment(headers.get("sc-data-age")),
        fetched_at=read_moment(headers.get("sc-fetched-at")),
        unit_system=headers.get("sc-unit-system"),
        status=status,
        headers=headers,
    )


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """A part of a result. Members the SDK does not know are in the `raw` of the result."""


class Result(_Quiet, msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The result of a call: `meta` is about the answer, `raw` its decoded body as it came."""

    meta: Meta = Meta()
    raw: Any = None

    @property
    def extra(self) -> dict[str, Any]:
        """The members of the body that are no attributes of this class."""
        if not isinstance(self.raw, dict):
            return {}
        return {name: value for name, value in self.raw.items() if name not in names_of(type(self))}


@functools.cache
def names_of(kind: type[Result]) -> frozenset[str]:
    """Return the names on the wire of what a class has of its own."""
    named = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return frozenset(wire for name, wire in named if name not in _OWN)


def read_result(kind: type[R], answer: Answer, shape: Shape | None = None, *, may_be_empty: bool = False) -> R:
    """Read an answer. `shape` makes an object of a body that is none, and moments of texts.

    Raises `InvalidAnswer` for what is no JSON object or lacks a member that must be there. `may_be_empty` is for calls
    of which the status says it all.
    """
    body = {} if may_be_empty and not answer.body.strip() else json_of(answer)
    return convert(kind, body, answer, meta_of(answer.status, answer.headers), shape)


def convert(kind: type[R], body: Any, answer: Answer, meta: Meta, shape: Shape | None = None) -> R:
    """Make a result of a decoded body; `answer` is what is told of when it cannot be."""
    shaped = body if shape is None else shape(body)
    if not isinstance(shaped, dict):
        raise invalid(answer, f"{kind.__name__}: the answer is {type(shaped).__name__} instead of an object")
    own = {name: value for name, value in shaped.items() if name in names_of(kind)}
    try:
        found = msgspec.convert(own, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(answer, f"{kind.__name__}: {error}") from None
    return msgspec.structs.replace(found, meta=meta, raw=body)


def with_moments(*path: str) -> Shape:
    """Return a shape that reads the text at a path as a moment, null where it is none; lists are gone through.

    >>> with_moments("rows", "at")({"rows": [{"at": "never"}, {"at": "2026-01-01"}]})["rows"][0]
    {'at': None}
    """

    def shape(body: Any) -> Any:
        return _at(body, path)

    return shape


def _at(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_at(each, path) for each in value]
    if not path:
        return read_moment(value)
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: _at(value[path[0]], path[1:])}
