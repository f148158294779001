"""Vehicles by VIN and plate, and what keys were used for."""

from __future__ import annotations

from typing import Any

from carwire_client.models.own.base import OwnPart, OwnResult


class VehicleOption(OwnPart, frozen=True, kw_only=True):
    """What a car could be ordered with. `kind` is ``option`` or ``pack``; a pack `contains` options. No price
    is null.
    """

    detail: str
    price: float | None = None
    kind: str = "option"
    contains: tuple[str, ...] = ()


class CatalogueVehicle(OwnPart, frozen=True, kw_only=True):
    """A vehicle of the catalogue; what is not known is null. `year` is a text of four digits on the wire."""

    id: str
    region: str
    title: str
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
    options: tuple[VehicleOption, ...] = ()


class LookupResult(OwnResult, frozen=True, kw_only=True):
    """The vehicle of a VIN or plate, or none.

    - `confidence` is ``standard`` or ``reduced``: then a person should look; null without a vehicle
    - `upstream_vehicle` is the authority's own description
    - `additional_vehicles` are others that it may be, the likeliest first
    - what belongs to a feature is there when the feature was asked for, and may be null even then
    """

    success: bool
    vehicle: CatalogueVehicle | None = None
    upstream_vehicle: str | None = None
    confidence: str | None = None
    colour: str | None = None
    vin: str | None = None
    additional_vehicles: tuple[CatalogueVehicle, ...] = ()
    extended_data: dict[str, Any] | None = None
    additional_upstream_data: dict[str, Any] | None = None
    writeoff_info: dict[str, Any] | None = None
    stolen_info: dict[str, Any] | None = None
    vehicle_age: dict[str, Any] | None = None
    registration_status: dict[str, Any] | None = None
    performance_info: dict[str, Any] | None = None
    build_data: dict[str, Any] | None = None
    match: dict[str, Any] | None = None


class FoundVehicle(OwnResult, frozen=True, kw_only=True):
    """A vehicle by its id."""

    success: bool
    vehicle: CatalogueVehicle


class VehicleOptions(OwnResult, frozen=True, kw_only=True):
    """What a vehicle could be ordered with, not what is fitted."""

    success: bool
    options: tuple[VehicleOption, ...] = ()


class VehicleSpec(OwnPart, frozen=True, kw_only=True):
    """One thing that is known of a vehicle; `int_value` is null where it is no whole number."""

    category: str
    id: str
    description: str
    value: str
    int_value: int | None = None
    location: str | None = None


class VehicleSpecs(OwnResult, frozen=True, kw_only=True):
    """All that is known of a vehicle, one by one."""

    success: bool
    specs: tuple[VehicleSpec, ...] = ()


class FittedOptions(OwnResult, frozen=True, kw_only=True):
    """What a car is fitted with; nothing is known without a source of build sheets."""

    success: bool
    options: tuple[dict[str, Any], ...] = ()


class VehicleSearch(OwnResult, frozen=True, kw_only=True):
    """Vehicles that a text fits; `total` counts those that were not sent, too."""

    success: bool
    total: int
    confidence: str | None = None
    vehicles: tuple[CatalogueVehicle, ...] = ()


class FacetValue(OwnPart, frozen=True, kw_only=True):
    """A value of a trait and how many vehicles have it."""

    value: str
    count: int


class VehicleFacets(OwnResult, frozen=True, kw_only=True):
    """Values by trait, most frequent first."""

    success: bool
    facets: dict[str, tuple[FacetValue, ...]]


class NarrowedVehicles(OwnResult, frozen=True, kw_only=True):
    """Vehicles that have the values asked for, and the traits in which they differ."""

    success: bool
    total: int
    vehicles: tuple[CatalogueVehicle, ...] = ()
    facets: dict[str, tuple[FacetValue, ...]]


class BuildData(OwnResult, frozen=True, kw_only=True):
    """How a car was built; nothing is known without a source of build sheets."""

    success: bool
    features: tuple[dict[str, str], ...] = ()
    build_date: str | None = None


class LookupUsage(OwnResult, frozen=True, kw_only=True):
    """Counts, one row a group: the values of what was grouped by, ``requests`` and ``billable``."""

    success: bool
    usage: tuple[dict[str, Any], ...] = ()


class UsageRecord(OwnPart, frozen=True, kw_only=True):
    """One answered request. `subject_hash` stands for the VIN or plate."""

    id: str
    at: str
    account_id: str
    key_id: str
    product: str
    region: str | None = None
    reference_id: str | None = None
    features: tuple[str, ...] = ()
    status: int
    outcome: str
    billable: bool
    latency_ms: float
    subject_hash: str | None = None


class UsageRecords(OwnResult, frozen=True, kw_only=True):
    """A page of records, the oldest first; `next_cursor` is null on the last one."""

    success: bool
    records: tuple[UsageRecord, ...] = ()
    next_cursor: str | None = None
