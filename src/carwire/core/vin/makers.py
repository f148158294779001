"""Makers by manufacturer identifier, for the world outside vPIC, and what each is known to write at position 10.

>>> maker_of("WVW").makes
('VOLKSWAGEN',)
>>> maker_of("ZZZ") is None
True
"""

from __future__ import annotations

from typing import Final, NamedTuple

from carwire.core.vin._wmi_table import WMI_TABLE
from carwire.core.vin.structure import wmi_of

# Makes whose position 10 is the ISO model-year code in every market they sell in, and makes that write something else
# there outside North America (a plant, a steering side, a zero, a filler). Others are not known either way.
_YEAR_AT_10: Final = frozenset(
    {
        "AUDI",
        "BYD",
        "CUPRA",
        "GENESIS",
        "HYUNDAI",
        "JAGUAR",
        "KIA",
        "LAND ROVER",
        "LUCID",
        "MG",
        "NIO",
        "OPEL",
        "POLESTAR",
    }
    | {"PORSCHE", "SEAT", "SKODA", "SSANGYONG", "TESLA", "VAUXHALL", "VINFAST", "VOLKSWAGEN", "VOLVO", "XPENG"}
)
_NO_YEAR_AT_10: Final = frozenset(
    {
        "BMW",
        "CITROEN",
        "DACIA",
        "DAIHATSU",
        "DS",
        "FORD",
        "HONDA",
        "LEXUS",
        "MAZDA",
        "MERCEDES-BENZ",
        "MINI",
        "MITSUBISHI",
    }
    | {"NISSAN", "PEUGEOT", "RENAULT", "SMART", "SUBARU", "SUZUKI", "TOYOTA", "ALPINE", "ROLLS-ROYCE", "IVECO", "FIAT"}
)


class Maker(NamedTuple):
    """A manufacturer and the makes it sells under one identifier, upper case as VIN decoders spell them."""

    name: str
    makes: tuple[str, ...]


def maker_of(wmi: str | None) -> Maker | None:
    """Return who builds under this identifier (three or six characters), null when it is not in the table."""
    if wmi is None:
        return None
    found = WMI_TABLE.get(wmi) or WMI_TABLE.get(wmi[:3])
    return Maker(*found) if found else None


def writes_year_at_10(makes: tuple[str, ...]) -> bool | None:
    """Tell whether these makes write the model year at position 10 outside North America too; null when that is not
    known.
    """
    if makes and all(make in _YEAR_AT_10 for make in makes):
        return True
    if makes and all(make in _NO_YEAR_AT_10 for make in makes):
        return False
    return None


def makes_of(vin: str) -> tuple[str, ...]:
    """Return the makes that can stand on a car with this VIN, by its manufacturer identifier; empty when it is
    unknown.
    """
    maker = maker_of(wmi_of(vin))
    return maker.makes if maker else ()
