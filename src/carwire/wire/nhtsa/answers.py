"""What NHTSA's API answers, in its JSON: field names with capitals, every value a text.

In the flat form a value that is not known is the empty text; in rows it is null, and its number too. Displacements
that vPIC works out from another one are written as the live service writes them, which computes in decimals of a fixed
precision (SQL Server's); the published tables round otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Final

import msgspec

from carwire.core.vin.elements import Element, ElementValues, Value

SUCCESS: Final = (
    "Results returned successfully. NOTE: Any missing decoded values should be interpreted as NHTSA does not have data"
    " on the specific variable. Missing value should NOT be interpreted as an indication that a feature or technology"
    " is unavailable for a vehicle."
)
# Spelling of the methods of a path, which NHTSA takes in any case.
METHODS: Final = (
    "DecodeVin",
    "DecodeVinExtended",
    "DecodeVinValues",
    "DecodeVinValuesExtended",
    "DecodeVINValuesBatch",
    "DecodeWMI",
)
# Keys of the flat form beside the elements: numbers of rows, and what the standalone tables do not hold.
_NUMBERS: Final = {"MakeID": 26, "ModelID": 28, "ManufacturerId": 27}
_EMPTY: Final = ("AdaptiveHeadlights", "CashForClunkers", "DriverAssist", "NCSABodyType", "NCSAMake", "NCSAModel")
_EMPTY_TOO: Final = ("NCSAMapExcApprovedBy", "NCSAMapExcApprovedOn", "NCSAMappingException", "NCSANote")
_NOT_FLAT: Final = frozenset({"PlantAddress"})
_MANUFACTURER, _MAKE, _VEHICLE_TYPE = 27, 26, 39
_NUMBER: Final = r"([0-9]+\.?[0-9]*|\.[0-9]+)"
_CONVERSION: Final = re.compile(rf"Conversion [0-9]+: {_NUMBER} ([*/]) {_NUMBER}\s*\Z")
_LEAST_SCALE: Final = 6  # decimals of a quotient


class Row(msgspec.Struct, frozen=True, rename="pascal"):
    """A variable and its value, null when not known. `value_id` is empty where values have no numbers."""

    value: str | None
    value_id: str | None
    variable: str
    variable_id: int


class Wmi(
    msgspec.Struct,
    frozen=True,
    rename=lambda name: "URL" if name == "url" else "".join(map(str.title, name.split("_"))),
):
    """A manufacturer identifier. The standalone tables hold neither the common name, nor parent, address and dates;
    `make` is null where the identifier serves several makes.
    """

    common_name: str | None
    created_on: str | None
    date_available_to_public: str | None
    make: str | None
    manufacturer_name: str | None
    parent_company_name: str | None
    url: str | None
    updated_on: str | None
    vehicle_type: str | None


class Rows(msgspec.Struct, frozen=True, rename="pascal"):
    """An answer of rows. `count` is the number of variables."""

    count: int
    message: str
    search_criteria: str | None
    results: list[Row]


class Flat(msgspec.Struct, frozen=True, rename="pascal"):
    """An answer of flat objects, one a VIN."""

    count: int
    message: str
    search_criteria: str | None
    results: list[dict[str, str]]


class Wmis(msgspec.Struct, frozen=True, rename="pascal"):
    """An answer about a manufacturer identifier; no result where it is not registered."""

    count: int
    message: str
    search_criteria: str | None
    results: list[Wmi]


class Refusal(msgspec.Struct, frozen=True, rename="pascal"):
    """An error: nothing is counted, and `message` says why."""

    message: str
    count: int = 0
    search_criteria: str | None = None
    results: list[str] = []


def rows(reading: ElementValues, elements: Sequence[Element]) -> Rows:
    """Write an answer of rows: a row for each variable, for notes one for each note."""
    values = _by_number(reading)
    found = [row for element in elements for row in _rows_of(element, values.get(element.number, ()))]
    return Rows(len(found), SUCCESS, f"VIN:{reading.vin}", found)


def flat(readings: Sequence[ElementValues], elements: Sequence[Element], criteria: str | None) -> Flat:
    """Write an answer of flat objects."""
    return Flat(len(readings), SUCCESS, criteria, [_flat(reading, elements) for reading in readings])


def wmis(wmi: str, reading: ElementValues) -> Wmis:
    """Write an answer about a manufacturer identifier, from what it says by itself."""
    criteria = f"WMI:{wmi}"
    values = _by_number(reading)
    if _MANUFACTURER not in values:
        return Wmis(0, "No data found", criteria, [])
    make = next((value.text for value in values.get(_MAKE, ()) if value.source == "Make"), None)
    name, kind = (next((value.text for value in values.get(n, ())), None) for n in (_MANUFACTURER, _VEHICLE_TYPE))
    found = Wmi(None, None, None, make, name, None, None, None, kind)
    return Wmis(1, SUCCESS, criteria, [found])


def text_of(value: Value) -> str:
    """A value as the live service writes it.

    >>> text_of(Value(12, "146.4569858273574815", "", "Conversion 6: 2.4 / 0.016387064"))
    '146.45698582735'
    """
    converted = _CONVERSION.match(value.source)
    if not converted:
        return value.text
    left, sign, right = converted.groups()
    scales = [len(number.partition(".")[2]) for number in (left, right)]
    with localcontext() as context:
        context.prec, context.rounding = 60, ROUND_DOWN
        if sign == "*":
            return f"{Decimal(left) * Decimal(right):.{sum(scales)}f}"
        whole, _, decimals = right.partition(".")
        scale = max(_LEAST_SCALE, scales[0] + len(whole.lstrip("0") + decimals) + 1)
        return str((Decimal(left) / Decimal(right)).quantize(Decimal(1).scaleb(-scale)))


def _by_number(reading: ElementValues) -> dict[int, list[Value]]:
    found: dict[int, list[Value]] = {}
    for value in reading.values:
        found.setdefault(value.number, []).append(value)
    return found


def _rows_of(element: Element, values: Iterable[Value]) -> list[Row]:
    made = [
        Row(text_of(value), value.attribute if element.listed else "", element.variable, element.number)
        for value in values
    ]
    return made or [Row(None, None, element.variable, element.number)]


def _flat(reading: ElementValues, elements: Sequence[Element]) -> dict[str, str]:
    values = _by_number(reading)
    found = {e.code: ", ".join(map(text_of, values.get(e.number, ()))) for e in elements if e.code not in _NOT_FLAT}
    found |= {key: next((value.attribute for value in values.get(n, ())), "") for key, n in _NUMBERS.items()}
    found |= dict.fromkeys((*_EMPTY, *_EMPTY_TOO), "")
    found["VIN"] = reading.vin
    return dict(sorted(found.items()))
