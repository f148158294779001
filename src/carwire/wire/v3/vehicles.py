"""A vehicle, alone and as it travels with other resources. Source: the wire contract, section 6."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.vehicles import Mode, Vehicle
from carwire.core.vin.powertrain import Powertrain
from carwire.wire.v3.envelope import SelfLink, Single, View, single


class VehicleAttributes(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What a car is. The preview has the first three alone.

    A fuel-cell car says ``FCEV``, which the published list of powertrains lacks.
    """

    make: str
    model: str
    year: int
    powertrain_type: Powertrain | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET


class VehicleResource(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle."""

    id: str
    type: Literal["vehicle"] = "vehicle"
    attributes: VehicleAttributes
    links: SelfLink


class Included(msgspec.Struct, frozen=True):
    """The vehicle an answer is about: an object, not the list JSON:API would have."""

    vehicle: VehicleResource


def vehicle_path(vehicle_id: str) -> str:
    """Return the path of a vehicle behind ``/v3``."""
    return f"/vehicles/{vehicle_id}"


def vehicle_attributes(vehicle: Vehicle, view: View) -> VehicleAttributes:
    """Write what a car is."""
    car = vehicle.car
    if view.preview:
        return VehicleAttributes(car.make, car.model, car.year)
    return VehicleAttributes(car.make, car.model, car.year, car.powertrain, vehicle.mode)


def vehicle_resource(vehicle: Vehicle, view: View) -> VehicleResource:
    """Write a vehicle as a resource, without what an answer wraps it in."""
    link = SelfLink(view.link(vehicle_path(vehicle.id)))
    return VehicleResource(id=vehicle.id, attributes=vehicle_attributes(vehicle, view), links=link)


def vehicle_body(vehicle: Vehicle, view: View) -> VehicleResource | Single[VehicleResource]:
    """Answer ``GET /vehicles/{vehicleId}``."""
    return single(vehicle_resource(vehicle, view), view)
