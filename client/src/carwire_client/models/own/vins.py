"""What a VIN says, and whether its car can be connected."""

from __future__ import annotations

from typing import Any

import msgspec

from carwire_client.models.own.base import FieldProblem, OwnPart, OwnResult


class CheckDigit(OwnPart, frozen=True, kw_only=True):
    """Position 9 and what it should be. `rule` is ``north_america``, ``china`` or ``none``: then `valid` is null."""

    rule: str
    given: str | None = None
    computed: str | None = None
    valid: bool | None = None


class VinProblem(OwnPart, frozen=True, kw_only=True):
    """What keeps a text from being a whole, valid VIN. `position` counts from 1."""

    kind: str
    message: str
    position: int | None = None
    character: str | None = None


class VinStructure(OwnPart, frozen=True, kw_only=True):
    """A VIN taken apart; what is not reached is null. `country` is ISO 3166-1 alpha-2, of the maker's registration.

    `model_years` are those position 10 can mean, each with the reason, as they came.
    """

    vin: str
    complete: bool
    wmi: str | None = None
    small_maker: bool = False
    vds: str | None = None
    vis: str | None = None
    region: str | None = None
    country: str | None = None
    country_name: str | None = None
    check_digit: CheckDigit
    model_years: tuple[dict[str, Any], ...] = ()
    plant_code: str | None = None
    serial: str | None = None
    problems: tuple[VinProblem, ...] = ()


class DecodedField(OwnPart, frozen=True, kw_only=True):
    """One value and where it comes from.

    `strength` is ``exact``, ``pattern``, ``wmi``, ``default`` or ``none``; `reason` is set when there is no value.
    """

    value: Any = None
    strength: str = "none"
    source: str | None = None
    reason: str | None = None


class DecodedVin(OwnPart, frozen=True, kw_only=True):
    """What the maker filed of a VIN. `engine`, `battery` and `plant` are fields by name: litres, kW, kWh."""

    make: DecodedField
    model: DecodedField
    model_year: DecodedField
    powertrain: DecodedField
    manufacturer: DecodedField = DecodedField()
    series: DecodedField = DecodedField()
    trim: DecodedField = DecodedField()
    vehicle_type: DecodedField = DecodedField()
    body_class: DecodedField = DecodedField()
    doors: DecodedField = DecodedField()
    drive_type: DecodedField = DecodedField()
    transmission: DecodedField = DecodedField()
    fuel_type_primary: DecodedField = DecodedField()
    fuel_type_secondary: DecodedField = DecodedField()
    electrification_level: DecodedField = DecodedField()
    gvwr: DecodedField = DecodedField()
    engine: dict[str, DecodedField] = msgspec.field(default_factory=dict)
    battery: dict[str, DecodedField] = msgspec.field(default_factory=dict)
    plant: dict[str, DecodedField] = msgspec.field(default_factory=dict)
    descriptor: str | None = None
    suggested_vin: str | None = None


class WorldVin(OwnPart, frozen=True, kw_only=True):
    """What is known of a VIN whose maker files nothing; `cannot_be_known` says in sentences what it does not tell."""

    manufacturer: str | None = None
    makes: tuple[str, ...] = ()
    model_year_at_10: bool | None = None
    cannot_be_known: tuple[str, ...] = ()


class Vin(OwnPart, frozen=True, kw_only=True):
    """What one VIN says. Either of `decoded` and `world` is null."""

    vin: str
    structure: VinStructure
    decoded: DecodedVin | None = None
    world: WorldVin | None = None


class VinReport(OwnResult, frozen=True, kw_only=True):
    """What one VIN says. Either of `decoded` and `world` is null."""

    vin: str
    structure: VinStructure
    decoded: DecodedVin | None = None
    world: WorldVin | None = None


class VinRow(OwnPart, frozen=True, kw_only=True):
    """One of many texts. `problem` is set when it cannot be a VIN, and `answer` is null then."""

    input: str
    answer: Vin | None = None
    problem: FieldProblem | None = None


class VinReports(OwnResult, frozen=True, kw_only=True):
    """One row for each text, in the order sent."""

    results: tuple[VinRow, ...]


class Ground(OwnPart, frozen=True, kw_only=True):
    """What a verdict rests on, and what would change it. `source` is as it came, null where none was reached."""

    statement: str
    certainty: str | None = None
    evidence: str | None = None
    source: dict[str, Any] | None = None
    would_change: str | None = None


class ExplainedCapability(OwnPart, frozen=True, kw_only=True):
    """One permission, whether the car can do what it opens, and why."""

    permission: str
    capable: bool
    reason: str | None = None
    ground: Ground


class CompatibilityExplanation(OwnResult, frozen=True, kw_only=True):
    """Whether a car can be connected, and what every verdict rests on.

    `reason` is null when it can, else ``VEHICLE_NOT_COMPATIBLE`` or ``MAKE_NOT_COMPATIBLE``. `car` is what was read
    from the VIN, `caveats` what no verdict can hold, both as they came.
    """

    vin: str
    country: str
    market: str | None = None
    compatible: bool
    reason: str | None = None
    ground: Ground
    car: dict[str, Any] = msgspec.field(default_factory=dict)
    service: str | None = None
    capabilities: tuple[ExplainedCapability, ...] = ()
    caveats: tuple[dict[str, Any], ...] = ()


class PermissionVerdict(OwnPart, frozen=True, kw_only=True):
    """One permission, and whether the car can do what it opens."""

    permission: str
    capable: bool
    reason: str | None = None


class CompatibilityRow(OwnPart, frozen=True, kw_only=True):
    """The verdict for one of many VINs. `problem` is set when it is none, and `compatible` is null then."""

    vin: str
    compatible: bool | None = None
    reason: str | None = None
    make: str | None = None
    model: str | None = None
    model_year: int | None = None
    powertrain: str | None = None
    capabilities: tuple[PermissionVerdict, ...] = ()
    problem: FieldProblem | None = None


class CompatibilityReports(OwnResult, frozen=True, kw_only=True):
    """One row for each VIN, in the order sent."""

    results: tuple[CompatibilityRow, ...]
