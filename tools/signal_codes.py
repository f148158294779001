"""Write the SDK's module of signal codes from the server's catalogue: run by ``make docs``; a test fails when it is out
of date.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT: Final = Path(__file__).parents[1]
CATALOGUE: Final = ROOT / "src/carwire/core/signals/catalogue.json"
MODULE: Final = "client/src/carwire_client/signals.py"
PUBLISHED: Final = frozenset({"signal", "attribute"})
_WIDTH: Final = 119
_HEAD: Final = '''\
"""The published signals of API v3: their codes, to be asked for. Written by ``make docs`` from the server's catalogue.

Each carries the type of its value (see `carwire_client.bodies`); beneath it stands what it says, its unit where it has
one (metric; Carwire converts to imperial when asked to), the members of its body, and the permission the owner has to
grant.

>>> CODES["odometer-traveleddistance"].kind
<class 'float'>
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from carwire_client import bodies
from carwire_client.bodies import SignalCode
'''
_SCALARS: Final = {
    "number": "float",
    "integer": "int",
    "string": "str",
    "boolean": "bool",
    "array<string>": "tuple[str, ...]",
}
_TABLE: Final = """
CODES: Final[Mapping[str, SignalCode[Any]]] = MappingProxyType(
    {str(each): each for each in tuple(globals().values()) if isinstance(each, SignalCode)}
)
"""
# What a body is that has more members than one value: the struct of the whole, or of an entry of its only list.
_BODIES: Final = {
    "charge-chargelimits": "LimitRules",
    "charge-chargerecords": "ChargeRecord",
    "charge-chargetimers": "ChargeTimer",
    "closure-doors": "Doors",
    "closure-enginecover": "Closure",
    "closure-fronttrunk": "LockableClosure",
    "closure-reartrunk": "LockableClosure",
    "closure-sunroof": "Closure",
    "closure-tailgate": "LockableClosure",
    "closure-windows": "Windows",
    "diagnostics-dtclist": "TroubleCode",
    "location-preciselocation": "PreciseLocation",
    "service-records": "WorkshopVisit",
    "tractionbattery-nominalcapacity": "RatedCapacity",
    "transmission-drivemode": "DriveMode",
    "wheel-tires": "Tires",
}


def main() -> None:
    """Write the module."""
    (ROOT / MODULE).write_text(module(), encoding="utf-8")


def module() -> str:
    """Return the text of the module."""
    rows = [row for row in msgspec.json.decode(CATALOGUE.read_bytes()) if row["kind"] in PUBLISHED]
    names = "\n".join(line for row in rows for line in _constant(row))
    return f"{_HEAD}\n{names}\n{_TABLE}"


def _name(row: Mapping[str, Any]) -> str:
    name: str = row["code"]
    return name.replace("-", "_").upper()


def _type(row: Mapping[str, Any]) -> str:
    """Return the type of a signal's value."""
    body = row["body"]
    if "value" in body:
        return _SCALARS[body["value"]["type"]]
    if body.keys() == {"values"} and body["values"]["type"] in _SCALARS:
        return _SCALARS[body["values"]["type"]]
    if body.keys() == {"status", "description"}:
        return "bodies.Health"
    name = f"bodies.{_BODIES[row['code']]}"
    return f"tuple[{name}, ...]" if body.keys() == {"values"} else name


def _constant(row: Mapping[str, Any]) -> Iterator[str]:
    code = row["code"]
    yield f'{_name(row)}: Final = SignalCode("{code}", {_type(row)})'
    facts = [row["description"]]
    if row.get("unit_word"):
        facts.append(f"Unit: {row['unit_word']}.")
    facts += [f"Body: {_members(row['body'])}.", f"Permission: {row['permission']}."]
    text = '"""' + " ".join(facts) + '"""'
    yield from textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _members(body: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({_kind(member)})" for name, member in body.items())


def _kind(member: Mapping[str, Any]) -> str:
    """Name a member's type; of a list with objects what those have."""
    words: str = member["type"].replace("|", " or ")
    items = member.get("items")
    if isinstance(items, Mapping) and items and all(isinstance(each, Mapping) for each in items.values()):
        return f"list of objects: {', '.join(items)}"
    return words


if __name__ == "__main__":
    main()
