"""The module of signal codes is what the server's catalogue says."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from carwire.core.signals.catalogue import Field, signals
from carwire_client import signals as codes
from carwire_client.bodies import SignalCode

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import signal_codes


def test_the_module_is_up_to_date() -> None:
    written = (signal_codes.ROOT / signal_codes.MODULE).read_text("utf-8")
    assert written == signal_codes.module(), "run `make docs`"


def test_every_published_code_is_a_constant_and_no_other() -> None:
    published = {code for code, row in signals().items() if row.kind in {"signal", "attribute"}}
    constants = {value for name, value in vars(codes).items() if isinstance(value, SignalCode)}
    assert published == constants == set(codes.CODES)
    assert len(published) == 93
    assert codes.TRACTIONBATTERY_STATEOFCHARGE == "tractionbattery-stateofcharge"


@pytest.mark.parametrize("code", codes.CODES.values())
def test_the_type_of_a_code_is_that_of_the_catalogue(code: SignalCode[Any]) -> None:
    body = signals()[code].body
    if "value" in body:
        assert code.kind is SCALARS[body["value"].type]
    elif body.keys() == {"values"}:
        assert get_origin(code.kind) is tuple
        agree(get_args(code.kind)[0], body["values"])
    else:
        agree(code.kind, Field(type="object", fields=body))


SCALARS = {"string": str, "number": float, "integer": int, "boolean": bool}


def agree(kind: Any, field: Field) -> None:
    """Demand that a type is what the catalogue says of a member."""
    if field.type == "array<string>":
        assert kind in {str, tuple[str, ...]}
        return
    members = field.fields or field.items
    if not members:
        assert (
            kind is SCALARS[field.type.removesuffix("|null")]
            or (kind, field.type) == (int, "number")
            or is_moment(kind, field)
        )
        return
    hints = get_type_hints(kind)
    named = {each.encode_name: each for each in msgspec.structs.fields(kind)}
    assert named.keys() == members.keys() - {"unit"}
    for name, member in members.items():
        if name != "unit":
            assert named[name].required == member.required
            agree(inner(hints[named[name].name]), member)


def is_moment(kind: Any, field: Field) -> bool:
    """Tell whether a text is read as a moment."""
    return kind is datetime and field.format == "ISO-8601"


def inner(hint: Any) -> Any:
    """Return the type itself, without null; of a tuple the type of its entries."""
    options = [each for each in get_args(hint) if each is not type(None)]
    found = options[0] if isinstance(hint, UnionType) else hint
    return get_args(found)[0] if get_origin(found) is tuple else found


def test_a_code_is_copied_with_its_type() -> None:
    for code in (codes.ODOMETER_TRAVELEDDISTANCE, codes.SERVICE_RECORDS):
        for same in (copy.deepcopy(code), pickle.loads(pickle.dumps(code))):
            assert (same, same.kind) == (code, code.kind)
    assert json.dumps(codes.WHEEL_TIRES) == '"wheel-tires"'
