"""Traits: what makes a car of one specification, in the words of the lookup API; and vehicles of a catalogue.

Colour is no trait: it belongs to one car. Unknown is null, never an empty text and never a zero.
"""

from __future__ import annotations

import functools
from hashlib import sha256
from typing import Final, Literal

import msgspec

FuelGroup = Literal["combustion", "hybrid", "plug-in hybrid", "battery", "fuel cell"]
FUEL_GROUPS: Final[dict[str, FuelGroup]] = {
    "Petrol": "combustion",
    "Diesel": "combustion",
    "Flex Fuel": "combustion",
    "Gas": "combustion",
    "Hybrid": "hybrid",
    "Plug-in Hybrid": "plug-in hybrid",
    "Electric": "battery",
    "Hydrogen": "fuel cell",
}


class Traits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is said of a specification. Capacity in cubic centimetres, power in kilowatts, torque in newton metres,
    range in kilometres. The `_type` fields hold the grouped value of the field they are named after.
    """

    year: int | None = None
    make: str | None = None
    model: str | None = None
    badge: str | None = None
    series: str | None = None
    model_year: str | None = None
    release_month: int | None = None
    release_year: int | None = None
    body_type: str | None = None
    body_config: str | None = None
    transmission: str | None = None
    transmission_type: str | None = None
    wheelbase: str | None = None
    wheelbase_type: str | None = None
    fuel: str | None = None
    fuel_type: str | None = None
    engine: str | None = None
    engine_type: str | None = None
    drive: str | None = None
    drive_type: str | None = None
    num_doors: int | None = None
    num_seats: int | None = None
    num_gears: int | None = None
    num_cylinders: int | None = None
    capacity_cc: int | None = None
    power_kw: int | None = None
    torque_nm: int | None = None
    range: float | None = None

    @property
    def fuel_group(self) -> FuelGroup | None:
        """The group of its fuel; null where that is not known."""
        return FUEL_GROUPS.get(self.fuel_type or "")


TRAITS: Final = Traits.__struct_fields__


class Option(msgspec.Struct, frozen=True):
    """What a car could be ordered with. `price` is in the region's currency, null where no price is known."""

    detail: str
    price: float | None
    kind: Literal["option", "pack"] = "option"
    contains: tuple[str, ...] = ()


class Vehicle(msgspec.Struct, frozen=True):
    """A vehicle of a catalogue. `id` follows from region and traits, so every server and every import gives the same
    car the same one, unless a catalogue brings ids of its own. `source` is where it comes from: ``decode``, or the name
    of an import.
    """

    id: str
    region: str
    traits: Traits
    options: tuple[Option, ...] = ()
    source: str = "decode"

    @property
    def title(self) -> str:
        """Year, make, model, badge and more in one line."""
        return title_of(self.traits)


def title_of(traits: Traits) -> str:
    """Write year, make, model, badge, series and what else tells a car from its neighbours in one line.

    >>> title_of(Traits(year=2018, make="Chevrolet", model="Bolt EV", badge="LT"))
    '2018 Chevrolet Bolt EV LT'
    """
    parts = (traits.year, traits.make, traits.model, traits.badge, traits.series, traits.transmission, traits.drive)
    return " ".join(str(part) for part in parts if part is not None)


def vehicle_of(region: str, traits: Traits, source: str = "decode", options: tuple[Option, ...] = ()) -> Vehicle:
    """Make a vehicle, with the id that follows from what it is."""
    return Vehicle(id_of(region, traits), region, traits, options, source)


@functools.lru_cache(65536)
def id_of(region: str, traits: Traits) -> str:
    """Return 16 decimal digits that follow from region and traits.

    >>> id_of("us", Traits(year=2018, make="Tesla")) == id_of("us", Traits(make="Tesla", year=2018))
    True
    """
    said = msgspec.json.encode([region, *(getattr(traits, name) for name in TRAITS)])
    # A first digit of 2 to 9 keeps away from the documented test value, sixteen ones.
    return str(2 * 10**15 + int.from_bytes(sha256(said).digest()[:8]) % (8 * 10**15))
