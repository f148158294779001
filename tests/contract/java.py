"""What the official Java SDK makes of a v3 answer, written anew: there is no JVM here. Source: the wire contract,
section 17, with the habits of the JSON library it uses.

That library leaves out what it does not know, takes what is missing for null, reads a number from a text of digits, and
throws where a number or a text was wanted and something else stands. So a wrong form shows as `Unreadable` or as nulls.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

INTEGER: Final = 2**31
LONG: Final = 2**63
_DIGITS: Final = re.compile(r"-?[0-9]{1,19}")


class Unreadable(Exception):
    """The SDK would throw."""


class Meta(msgspec.Struct, frozen=True):
    """Times of a signal, Long."""

    retrieved_at: int | None
    oem_updated_at: int | None


class SignalsMeta(msgspec.Struct, frozen=True):
    """What is known of a list, Integer."""

    total_count: int | None
    page_size: int | None
    page: int | None


class Resource(msgspec.Struct, frozen=True):
    """What is looked for at the root; `attributes` are laid into the object it becomes."""

    id: str | None
    attributes: dict[str, Any]
    meta: Meta | None
    links: dict[str, str | None]


class Signals(msgspec.Struct, frozen=True):
    """A list: each of `data` is read as a root of its own."""

    signals: list[Resource]
    meta: SignalsMeta | None
    links: dict[str, str | None]
    included: Any


class VehicleAttributes(msgspec.Struct, frozen=True):
    """A car."""

    make: str | None
    model: str | None
    year: int | None


class Signal(msgspec.Struct, frozen=True):
    """A signal."""

    code: str | None
    name: str | None
    group: str | None
    status: dict[str, Any] | None
    body: dict[str, Any] | None


def read_resource(body: Any) -> Resource:
    """Read one resource."""
    root = _object(body)
    meta = None if root.get("meta") is None else _object(root["meta"])
    return Resource(
        _text(root.get("id")),
        {} if root.get("attributes") is None else _object(root["attributes"]),
        meta if meta is None else Meta(_whole(meta.get("retrievedAt"), LONG), _whole(meta.get("oemUpdatedAt"), LONG)),
        _links(root.get("links")),
    )


def read_signals(body: Any) -> Signals:
    """Read a list of signals."""
    root = _object(body)
    given = None if root.get("meta") is None else _object(root["meta"])
    meta = given and SignalsMeta(*(_whole(given.get(name), INTEGER) for name in ("totalCount", "pageSize", "page")))
    rows = root.get("data") or []
    if not isinstance(rows, list):
        raise Unreadable("data is no list")
    return Signals([read_resource(row) for row in rows], meta or None, _links(root.get("links")), root.get("included"))


def read_vehicle(attributes: dict[str, Any]) -> VehicleAttributes:
    """Read what a car is."""
    make, model = _text(attributes.get("make")), _text(attributes.get("model"))
    return VehicleAttributes(make, model, _whole(attributes.get("year"), INTEGER))


def read_signal(attributes: dict[str, Any]) -> Signal:
    """Read what a signal says."""
    status, body = (None if attributes.get(name) is None else _object(attributes[name]) for name in ("status", "body"))
    code, name, group = (_text(attributes.get(name)) for name in ("code", "name", "group"))
    return Signal(code, name, group, status, body)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"no object: {value!r}")
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, dict | list):
        raise Unreadable(f"no text: {value!r}")
    return None if value is None else str(value)


def _links(value: Any) -> dict[str, str | None]:
    return {} if value is None else {name: _text(link) for name, link in _object(value).items()}


def _whole(value: Any, end: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not _DIGITS.fullmatch(str(value)) or not -end <= int(value) < end:
        raise Unreadable(f"no whole number of this size: {value!r}")
    return int(value)
