"""Bodies of the lookup API. Every field of a vehicle is always there; unknown is null. The year is a text of digits, as
the documented answers have it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.lookup.answers import Found
from carwire.core.lookup.match import Explanation
from carwire.core.lookup.traits import TRAITS, Option, Vehicle

_SAME: Final = tuple(name for name in TRAITS if name != "year")


# Category, trait and what it is.
_SPECS: Final = (
    ("general", "year", "Year"),
    ("general", "make", "Make"),
    ("general", "model", "Model"),
    ("general", "badge", "Badge"),
    ("general", "series", "Series"),
    ("general", "model_year", "Model year"),
    ("general", "release_month", "Month of release"),
    ("general", "release_year", "Year of release"),
    ("body", "body_type", "Body"),
    ("body", "body_config", "Body configuration"),
    ("body", "wheelbase", "Wheelbase"),
    ("body", "num_doors", "Doors"),
    ("body", "num_seats", "Seats"),
    ("engine", "engine", "Engine"),
    ("engine", "fuel", "Fuel"),
    ("engine", "num_cylinders", "Cylinders"),
    ("engine", "capacity_cc", "Capacity in cubic centimetres"),
    ("engine", "power_kw", "Power in kilowatts"),
    ("engine", "torque_nm", "Torque in newton metres"),
    ("engine", "range", "Range in kilometres"),
    ("transmission", "transmission", "Transmission"),
    ("transmission", "num_gears", "Gears"),
    ("transmission", "drive", "Drive"),
)


class OptionBody(msgspec.Struct, frozen=True):
    """What a car could be ordered with. `contains` is of packs alone."""

    detail: str
    price: float | None
    kind: Literal["option", "pack"]
    contains: list[str] | UnsetType = UNSET


class VehicleBody(msgspec.Struct, frozen=True):
    """A vehicle of the catalogue."""

    id: str
    region: str
    title: str
    year: str | None
    make: str | None
    model: str | None
    badge: str | None
    series: str | None
    model_year: str | None
    release_month: int | None
    release_year: int | None
    body_type: str | None
    body_config: str | None
    transmission: str | None
    transmission_type: str | None
    wheelbase: str | None
    wheelbase_type: str | None
    fuel: str | None
    fuel_type: str | None
    engine: str | None
    engine_type: str | None
    drive: str | None
    drive_type: str | None
    num_doors: int | None
    num_seats: int | None
    num_gears: int | None
    num_cylinders: int | None
    capacity_cc: int | None
    power_kw: int | None
    torque_nm: int | None
    range: float | None
    options: list[OptionBody]


class LookupBody(msgspec.Struct, frozen=True):
    """The answer to a lookup. What belongs to a feature is there only when the feature was asked for."""

    success: bool
    vehicle: VehicleBody | None
    upstream_vehicle: str | None
    confidence: Literal["standard", "reduced"] | None
    colour: str | None
    vin: str | None
    additional_vehicles: list[VehicleBody]
    extended_data: dict[str, Any] | UnsetType | None = UNSET
    additional_upstream_data: dict[str, Any] | UnsetType | None = UNSET
    writeoff_info: dict[str, Any] | UnsetType | None = UNSET
    stolen_info: dict[str, Any] | UnsetType | None = UNSET
    vehicle_age: dict[str, Any] | UnsetType | None = UNSET
    registration_status: dict[str, Any] | UnsetType | None = UNSET
    performance_info: dict[str, Any] | UnsetType | None = UNSET
    build_data: dict[str, Any] | UnsetType | None = UNSET
    match: Explanation | UnsetType | None = UNSET


class OneBody(msgspec.Struct, frozen=True):
    """A vehicle by its id."""

    success: bool
    vehicle: VehicleBody


class OptionsBody(msgspec.Struct, frozen=True):
    """What a vehicle could be ordered with."""

    success: bool
    options: list[OptionBody]


class SearchBody(msgspec.Struct, frozen=True):
    """Vehicles that a text fits."""

    success: bool
    total: int
    confidence: Literal["standard", "reduced"] | None
    vehicles: list[VehicleBody]


class FacetValue(msgspec.Struct, frozen=True):
    """A value of a trait, and how many vehicles have it."""

    value: str
    count: int


class NarrowBody(msgspec.Struct, frozen=True):
    """Vehicles that fit, and by what they can be told apart further."""

    success: bool
    total: int
    vehicles: list[VehicleBody]
    facets: dict[str, list[FacetValue]]


class FacetsBody(msgspec.Struct, frozen=True):
    """Values by trait. Each trait stands at the top of the answer, too."""

    success: bool
    facets: dict[str, list[FacetValue]]


class BuildBody(msgspec.Struct, frozen=True):
    """How a car was built. No build sheets are open, so nothing is known."""

    success: bool
    features: list[dict[str, str]]
    build_date: str | None


class SpecBody(msgspec.Struct, frozen=True):
    """One thing that is known of a vehicle. `int_value` is null where the value is no whole number; `location` always
    is: no source says where in the car a thing is.
    """

    category: str
    id: str
    description: str
    value: str
    int_value: int | None
    location: str | None


class SpecsBody(msgspec.Struct, frozen=True):
    """All that is known of a vehicle, one by one."""

    success: bool
    specs: list[SpecBody]


class FittedOption(msgspec.Struct, frozen=True):
    """An option that a build sheet says is fitted. `match_score` is 0.6 to 1."""

    build_sheet_lines: list[str]
    option_id: str
    option_code: str
    option_title: str
    option_details: str
    match_score: float
    match_category: str
    msrp: float | None


class FittedBody(msgspec.Struct, frozen=True):
    """What a car is fitted with. No build sheets are open, so nothing is known."""

    success: bool
    options: list[FittedOption]


class LookupToken(msgspec.Struct, frozen=True):
    """A token that stands for an account's key. `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str


class RefusalBody(msgspec.Struct, frozen=True):
    """Why there is no answer."""

    success: bool
    error: bool
    message: str
    code: str
    request_id: str
    hint: str | UnsetType = UNSET


def option_body(option: Option) -> OptionBody:
    """Spell an option."""
    return OptionBody(
        option.detail, option.price, option.kind, list(option.contains) if option.kind == "pack" else UNSET
    )


@functools.lru_cache(16384)
def vehicle_body(vehicle: Vehicle) -> VehicleBody:
    """Spell a vehicle."""
    traits = vehicle.traits
    return VehicleBody(
        id=vehicle.id,
        region=vehicle.region,
        title=vehicle.title,
        year=None if traits.year is None else f"{traits.year:04}",
        options=[option_body(option) for option in vehicle.options],
        **{name: getattr(traits, name) for name in _SAME},
    )


def lookup_body(found: Found, features: frozenset[str]) -> LookupBody:
    """Spell an answer."""
    body = LookupBody(
        success=True,
        vehicle=None if found.vehicle is None else vehicle_body(found.vehicle),
        upstream_vehicle=found.upstream_vehicle,
        confidence=found.confidence,
        colour=found.colour,
        vin=found.vin,
        additional_vehicles=[vehicle_body(vehicle) for vehicle in found.additional],
    )
    extras = {feature: found.extras.get(feature) for feature in features if feature != "match_explain"}
    if "match_explain" in features:
        extras["match"] = found.explanation
    return msgspec.structs.replace(body, **extras) if extras else body


def specs_body(vehicle: Vehicle) -> SpecsBody:
    """Spell what is known of a vehicle, one by one."""
    known = ((row, getattr(vehicle.traits, row[1])) for row in _SPECS)
    return SpecsBody(
        True,
        [
            SpecBody(category, name, text, str(value), value if isinstance(value, int) else None, None)
            for (category, name, text), value in known
            if value is not None
        ],
    )


def facets_body(facets: dict[str, list[tuple[str, int]]]) -> dict[str, Any]:
    """Spell facets, both ways clients know them: under `facets`, and by name at the top."""
    values = facet_values(facets)
    return {**values, "success": True, "facets": values}


def facet_values(facets: dict[str, list[tuple[str, int]]]) -> dict[str, list[FacetValue]]:
    """Spell the values of facets."""
    return {name: [FacetValue(value, count) for value, count in found] for name, found in facets.items()}


def search_body(vehicles: Sequence[Vehicle], total: int) -> SearchBody:
    """Spell what a text fits: one vehicle is a match, several are a choice."""
    confidence: Literal["standard", "reduced"] | None = None if not total else "standard" if total == 1 else "reduced"
    return SearchBody(True, total, confidence, [vehicle_body(vehicle) for vehicle in vehicles])
