"""The bodies of the plain reads: odometer, fuel, charge, oil, tyres, location."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from carwire.core.signals.reading import Snapshot
from carwire.wire.v2.readings import (
    Context,
    as_fraction,
    as_number,
    body,
    flag,
    fraction,
    need_any,
    needed,
    number,
    rows,
    word,
)

ODOMETER: Final = ("odometer-traveleddistance",)
FUEL: Final = (
    "internalcombustionengine-range",
    "internalcombustionengine-fuellevel",
    "internalcombustionengine-amountremaining",
)
CHARGE: Final = ("charge-detailedchargingstatus", "charge-ischarging", "charge-ischargingcableconnected")
CHARGE_LIMIT: Final = ("charge-chargelimits", "charge-activelimit")
ENGINE_OIL: Final = ("internalcombustionengine-oillife",)
TIRES: Final = ("wheel-tires",)
LOCATION: Final = ("location-preciselocation",)

ChargeState = Literal["CHARGING", "FULLY_CHARGED", "NOT_CHARGING"]
Position = Literal["frontLeft", "frontRight", "backLeft", "backRight"]
POSITIONS: Final[dict[tuple[int, int], Position]] = {
    (0, 0): "frontLeft",
    (0, 1): "frontRight",
    (1, 0): "backLeft",
    (1, 1): "backRight",
}


class OdometerBody(msgspec.Struct, frozen=True):
    """`distance` in km or miles."""

    distance: float


class FuelBody(msgspec.Struct, frozen=True, rename="camel"):
    """`range` in km or miles, `amountRemaining` in litres or US gallons, `percentRemaining` from 0 to 1."""

    range: float | None
    percent_remaining: float | None
    amount_remaining: float | None


class ChargeBody(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the cable is in, and what the charger does. Null is not known."""

    is_plugged_in: bool | None
    state: ChargeState | None


class ChargeLimitBody(msgspec.Struct, frozen=True):
    """The limit in force, from 0 to 1."""

    limit: float


class EngineOilBody(msgspec.Struct, frozen=True, rename="camel"):
    """Engine oil life left, from 0 to 1."""

    life_remaining: float


class TiresBody(msgspec.Struct, frozen=True, rename="camel"):
    """Pressures in kPa or psi."""

    front_left: float | None
    front_right: float | None
    back_left: float | None
    back_right: float | None


class LocationBody(msgspec.Struct, frozen=True):
    """A position in degrees, WGS 84."""

    latitude: float
    longitude: float


def odometer(snapshot: Snapshot, context: Context) -> OdometerBody:
    """Write how far the car has travelled."""
    return OdometerBody(needed(number(snapshot, ODOMETER[0], context.system), snapshot, ODOMETER, context))


def fuel(snapshot: Snapshot, context: Context) -> FuelBody:
    """Write what is in the tank. Many cars tell one or two of the three values: one is enough for an answer."""
    found = FuelBody(
        number(snapshot, FUEL[0], context.system),
        fraction(snapshot, FUEL[1]),
        number(snapshot, FUEL[2], context.system),
    )
    need_any((found.range, found.percent_remaining, found.amount_remaining), snapshot, FUEL, context)
    return found


def charge(snapshot: Snapshot, context: Context) -> ChargeBody:
    """Write whether the car is plugged in, and charging. Each of the three signals can stand in for another."""
    charging, plugged = flag(snapshot, CHARGE[1]), flag(snapshot, CHARGE[2])
    state = charge_state(snapshot)
    need_any((state, plugged), snapshot, CHARGE, context)
    if plugged is None and (charging or state == "CHARGING"):
        plugged = True
    return ChargeBody(plugged, state)


def charge_state(snapshot: Snapshot) -> ChargeState | None:
    """Return what the charger does: in the car's word where the wire knows it, else told from flow and cable."""
    said = word(snapshot, CHARGE[0])
    charging, plugged = flag(snapshot, CHARGE[1]), flag(snapshot, CHARGE[2])
    for state in get_args(ChargeState):
        if said == state:
            return state  # type: ignore[no-any-return]  # one of the three words
    if charging is not None:
        return "CHARGING" if charging else "NOT_CHARGING"
    return "NOT_CHARGING" if plugged is False else None


def charge_limit(snapshot: Snapshot, context: Context) -> ChargeLimitBody:
    """Write the limit in force."""
    return ChargeLimitBody(needed(active_limit(snapshot), snapshot, CHARGE_LIMIT, context))


def active_limit(snapshot: Snapshot) -> float | None:
    """Return the limit in force as a fraction: told as such, or the one that holds everywhere."""
    everywhere = [row for row in rows(snapshot, CHARGE_LIMIT[0]) or () if row.get("type") == "GLOBAL"]
    told = (
        fraction(snapshot, CHARGE_LIMIT[0], "activeLimit"),
        fraction(snapshot, CHARGE_LIMIT[1]),
        *(as_fraction(as_number(row.get("limit"))) for row in everywhere),
    )
    return next((limit for limit in told if limit is not None), None)


def engine_oil(snapshot: Snapshot, context: Context) -> EngineOilBody:
    """Write how much of the oil's life is left."""
    return EngineOilBody(needed(fraction(snapshot, ENGINE_OIL[0]), snapshot, ENGINE_OIL, context))


def tires(snapshot: Snapshot, context: Context) -> TiresBody:
    """Write the pressures of the four wheels."""
    read = rows(snapshot, TIRES[0], context.system) or []
    pressures = {where(row): as_number(row.get("tirePressure")) for row in read}
    found = TiresBody(*(pressures.get(position) for position in POSITIONS.values()))
    need_any(msgspec.structs.astuple(found), snapshot, TIRES, context)
    return found


def where(row: dict[str, object]) -> Position | None:
    """Return the place an entry of a grid speaks of: rows count from the front, columns from the left."""
    line, column = as_number(row.get("row")), as_number(row.get("column"))
    return None if line is None or column is None else POSITIONS.get((int(line), int(column)))


def location(snapshot: Snapshot, context: Context) -> LocationBody:
    """Write where the car is, or was last parked."""
    place = body(snapshot, LOCATION[0]) or {}
    latitude, longitude = as_number(place.get("latitude")), as_number(place.get("longitude"))
    return LocationBody(
        needed(latitude, snapshot, LOCATION, context),
        needed(longitude, snapshot, LOCATION, context),
    )
