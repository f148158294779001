"""Regions: data, not code. A region is known by name; it answers once it is configured.

The United States and Canada are configured by themselves: there the decode of a VIN says enough.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Region(msgspec.Struct, frozen=True):
    """A region: its code, its name, the subdivisions a plate belongs to, whether vPIC covers its cars, and whether
    chassis numbers shorter than a VIN may be asked for.
    """

    code: str
    name: str
    states: tuple[str, ...] = ()
    decoded: bool = False
    short_numbers: bool = False


REGIONS: Final = {
    region.code: region
    for region in (
        Region("au", "Australia", ("ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA")),
        Region("nz", "New Zealand", short_numbers=True),
        Region("my", "Malaysia"),
        Region("uk", "United Kingdom"),
        Region("us", "United States", decoded=True),
        Region("ca", "Canada", decoded=True),
        Region("nl", "Netherlands"),
        Region("de", "Germany"),
        Region("fr", "France"),
        Region("es", "Spain"),
        Region("it", "Italy"),
        Region("be", "Belgium"),
        Region("lu", "Luxembourg"),
        Region("fi", "Finland"),
        Region("no", "Norway"),
        Region("se", "Sweden"),
        Region("dk", "Denmark"),
        Region("cz", "Czechia"),
        Region("ua", "Ukraine"),
        Region("il", "Israel"),
    )
}
_ALIASES: Final = {"gb": "uk"}


def region_of(code: str) -> Region | None:
    """Return a region by its code, whatever the case; null when it is in no table.

    >>> region_of("GB").code
    'uk'
    """
    code = code.strip().lower()
    return REGIONS.get(_ALIASES.get(code, code))
