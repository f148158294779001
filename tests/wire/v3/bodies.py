"""Whether the body of a signal has the exact form the catalogue gives it."""

from __future__ import annotations

import re
from typing import Any

from carwire.core.signals.catalogue import Field, Signal

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
FORMATS = {"ISO-8601": STAMP, "ISO-4217": re.compile("[A-Z]{3}"), "HH:MM:SS": re.compile(r"\d\d:\d\d:\d\d")}


def check(value: object, field: Field, place: str) -> None:
    """Fail unless a member has its type, range and form, all the way down."""
    kinds_ = field.type.split("|")
    if value is None:
        assert "null" in kinds_, place
        return
    json_types: dict[str, tuple[type, ...]] = {
        "number": (int, float),
        "integer": (int,),
        "string": (str,),
        "boolean": (bool,),
        "object": (dict,),
        "array": (list,),
        "array<string>": (list,),
    }
    assert isinstance(value, json_types[kinds_[0]]), place
    assert isinstance(value, bool) is (kinds_[0] == "boolean"), place
    if isinstance(value, int | float) and not isinstance(value, bool):
        assert field.min is None or value >= field.min, place
        assert field.max is None or value <= field.max, place
    if isinstance(value, str) and field.format:
        assert FORMATS[field.format].fullmatch(value), (place, value)
    if kinds_[0] == "array<string>":
        assert isinstance(value, list)
        assert all(isinstance(each, str) for each in value), place
    if isinstance(value, dict):
        check_members(value, field.fields, place)
    for each in value if isinstance(value, list) and field.items else ():
        check_members(each, field.items, place)


def check_members(body: dict[str, Any], fields: dict[str, Field], place: str) -> None:
    """Fail for a member nobody knows, a required one that is missing, and any that is not of its form."""
    assert body.keys() <= fields.keys(), (place, body.keys() - fields.keys())
    assert {name for name, field in fields.items() if field.required} <= body.keys(), place
    for name, value in body.items():
        check(value, fields[name], f"{place}.{name}")


def check_body(signal: Signal, body: dict[str, Any]) -> None:
    """Fail unless a metric body is one of this signal."""
    check_members(body, signal.body, signal.code)
    assert body.get("unit") == signal.unit_word, signal.code
    if signal.scalar:
        assert list(body) == (["value", "unit"] if signal.unit_word else ["value"])
