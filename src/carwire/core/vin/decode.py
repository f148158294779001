"""What a decoded VIN looks like: every field with its source and strength, and null with a reason instead of a guess.

Strengths, strongest first:

``exact``    written in the VIN itself under a public rule (a model year by position 10, a number in a formula pattern)
``pattern``  the maker filed with NHTSA that these characters mean this value
``wmi``      follows from the manufacturer identifier alone
``default``  filled in by vPIC from make, model and year or from the vehicle type: usual for such a car, not read from
this VIN ``none``     not known; `reason` says why
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Generic, Literal, TypeVar

import msgspec

from carwire.core.vin.powertrain import Powertrain
from carwire.core.vin.structure import Structure, is_north_american

T = TypeVar("T")
Strength = Literal["exact", "pattern", "wmi", "default", "none"]


class Field(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """One value with where it comes from. `reason` is set exactly when `value` is null."""

    value: T | None
    strength: Strength
    source: str | None
    reason: str | None = None


class ErrorCode(msgspec.Struct, frozen=True, gc=False):
    """One of vPIC's error codes with its text. 0 says that the VIN decoded clean."""

    code: int
    text: str


class Engine(msgspec.Struct, frozen=True, gc=False):
    """Engine facts. Displacement in litres, power in kilowatts."""

    model: Field[str]
    cylinders: Field[int]
    displacement_l: Field[float]
    power_kw: Field[float]


class Battery(msgspec.Struct, frozen=True, gc=False):
    """Traction battery facts. Energy in kilowatt-hours, charger power in kilowatts."""

    type: Field[str]
    energy_kwh: Field[float]
    charger_level: Field[str]
    charger_power_kw: Field[float]


class Plant(msgspec.Struct, frozen=True, gc=False):
    """Where the car was assembled."""

    city: Field[str]
    state: Field[str]
    country: Field[str]
    company: Field[str]


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A VIN decoded through vPIC.

    `errors` are vPIC's own codes for this VIN and `suggested_vin` its proposal for a mistyped one, ``!`` marking a
    character it cannot name; null when it has none. `descriptor` is the part of the VIN all cars of one specification
    share.
    """

    make: Field[str]
    manufacturer: Field[str]
    model: Field[str]
    model_year: Field[int]
    series: Field[str]
    trim: Field[str]
    vehicle_type: Field[str]
    body_class: Field[str]
    doors: Field[int]
    drive_type: Field[str]
    transmission: Field[str]
    fuel_type_primary: Field[str]
    fuel_type_secondary: Field[str]
    electrification_level: Field[str]
    gvwr: Field[str]
    engine: Engine
    battery: Battery
    plant: Plant
    powertrain: Field[Powertrain]
    descriptor: str
    errors: tuple[ErrorCode, ...]
    suggested_vin: str | None
    data: str


class Identity(msgspec.Struct, frozen=True, gc=False):
    """The few decoded facts that compatibility and lookup rest on, without sources: the cheap half of a decode.

    `believed` false says that the VIN was made for another market and nothing else here is to be used: see `believed`.
    """

    make: str | None
    model: str | None
    model_year: int | None
    series: str | None
    trim: str | None
    vehicle_type: str | None
    powertrain: Powertrain | None
    believed: bool


_FOREIGN_CODES: Final = frozenset({4, 5, 7, 8, 400})
_CHECK_DIGIT_WRONG: Final = 1


def believed(vin: str, codes: Collection[int]) -> bool:
    """Tell whether vPIC's decode of `vin`, with these error codes, may be taken for the car.

    A car of a maker registered in North America is always judged by the tables filed there. A maker registered
    elsewhere files tables only for the cars it sells in North America, and its other cars share the identifier: those
    show by an unknown identifier (7), characters the maker did not file (4, 5, 8, 400), or a ninth character that is
    no check digit (1). For them nothing vPIC reads out of the characters is believed.
    """
    if is_north_american(vin):
        return 7 not in codes
    return _FOREIGN_CODES.isdisjoint(codes) and _CHECK_DIGIT_WRONG not in codes


class World(msgspec.Struct, frozen=True):
    """What can be said of a VIN made for a market whose makers file no tables.

    `makes` are the makes that share the manufacturer identifier; `cannot_be_known` says in sentences what this VIN
    does not tell, so that nobody takes silence for an answer.
    """

    manufacturer: str | None
    makes: tuple[str, ...]
    model_year_at_10: bool | None
    cannot_be_known: tuple[str, ...]


class Vin(msgspec.Struct, frozen=True):
    """The whole answer for one VIN. `decoded` is null outside vPIC, `world` is null inside it."""

    vin: str
    structure: Structure
    decoded: Decoded | None
    world: World | None
