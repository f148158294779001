"""Region and country of a maker from the first two characters of a VIN (ISO 3780, assigned by SAE for ISO).

>>> country_of("VF1RFB00X60000123"), region_of("VF1RFB00X60000123")
(Country(code='FR', name='France'), 'Europe')
"""

from __future__ import annotations

from typing import Final, NamedTuple

from carwire.core.vin._countries_table import RANGES, REGIONS

_ORDER: Final = {character: rank for rank, character in enumerate("ABCDEFGHJKLMNPRSTUVWXYZ1234567890")}


class Country(NamedTuple):
    """A country as ISO 3166-1 alpha-2 code and English name; the code is empty where the assignment is historic."""

    code: str
    name: str


def _spread() -> dict[str, Country]:
    table: dict[str, Country] = {}
    for first, last, code, name in RANGES:
        for second in _ORDER:
            if _ORDER[first[1]] <= _ORDER[second] <= _ORDER[last[1]]:
                table[first[0] + second] = Country(code, name)
    return table


_COUNTRIES: Final = _spread()


def country_of(vin: str) -> Country | None:
    """Return the country the maker is registered in, null when the pair is unassigned or the VIN is shorter than 2."""
    return _COUNTRIES.get(vin[:2])


def region_of(vin: str) -> str | None:
    """Return the region of the first character, ``Europe`` or ``North America`` for example, or null."""
    return REGIONS.get(vin[:1])
