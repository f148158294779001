"""Compatibility as v2.0 writes it: one entry per permission and endpoint, and the matrix with display names.

Sources: the wire contract's compatibility and permission chapters. The endpoint strings ``/battery``,
``/battery/capacity``, ``/engine/oil``, ``/fuel``, ``/location``, ``/odometer`` and ``/vin`` are documented, the
others follow the paths they stand for. Endpoints of one make stand in the answer only for cars of that make.
"""

from __future__ import annotations

import functools
from typing import Final

import msgspec

from carwire.core.compatibility.verdict import NotCapable, NotCompatible, Verdict
from carwire.core.vin.powertrain import Powertrain

ENDPOINTS: Final[dict[str, tuple[str, ...]]] = {
    "read_battery": ("/battery", "/battery/capacity"),
    "read_charge": ("/charge", "/charge/limit"),
    "read_charge_events": (),  # opens webhooks, no endpoint
    "read_diagnostics": ("/diagnostics/system_status", "/diagnostics/dtcs"),
    "read_engine_oil": ("/engine/oil",),
    "read_fuel": ("/fuel",),
    "read_location": ("/location",),
    "read_odometer": ("/odometer",),
    "read_security": ("/security",),
    "read_service_history": ("/service/history",),
    "read_tires": ("/tires/pressure",),
    "read_vehicle_info": ("/",),
    "read_vin": ("/vin",),
    "control_charge": ("/charge", "/charge/limit"),
    "control_navigation": ("/navigation/destination",),
    "control_security": ("/security",),
}
# Permission -> make -> the rest of the path behind the make.
MAKE_ENDPOINTS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "read_alerts": {"TESLA": ("alerts",)},
    "read_charge_locations": {"FORD": ("charge/schedule_by_location",), "LINCOLN": ("charge/schedule_by_location",)},
    "read_charge_records": {
        "TESLA": ("charge/records", "charge/records/billing"),
        "BMW": ("charge/records",),
        "MINI": ("charge/records",),
    },
    "read_climate": {"TESLA": ("climate/cabin", "climate/defroster", "climate/steering_wheel")},
    "read_compass": {"TESLA": ("compass",)},
    "read_extended_vehicle_info": {"TESLA": ("attributes", "status")},
    "read_speedometer": {"TESLA": ("speedometer",)},
    "read_thermometer": {"TESLA": ("thermometer/interior", "thermometer/exterior")},
    "read_user_profile": {"TESLA": ("user/info",)},
    "control_climate": {"TESLA": ("climate/cabin", "climate/defroster", "climate/steering_wheel")},
    "control_pin": {"TESLA": ("pin",)},
    "control_trunk": {"TESLA": ("security/trunk", "security/frunk")},
}
DISPLAY_NAMES: Final[dict[str, str]] = {
    "read_alerts": "Alerts",
    "read_battery": "EV battery",
    "read_charge": "EV charging status",
    "read_charge_events": "EV charging events",
    "read_charge_locations": "EV charging locations",
    "read_charge_records": "EV charging records",
    "read_climate": "Climate",
    "read_compass": "Compass",
    "read_diagnostics": "Diagnostics",
    "read_engine_oil": "Engine oil life",
    "read_extended_vehicle_info": "Extended vehicle attributes",
    "read_fuel": "Fuel tank",
    "read_location": "Location",
    "read_odometer": "Odometer",
    "read_security": "Lock status",
    "read_service_history": "Service history",
    "read_speedometer": "Speedometer",
    "read_thermometer": "Thermometer",
    "read_tires": "Tire pressure",
    "read_user_profile": "User profile",
    "read_vehicle_info": "Vehicle attributes",
    "read_vin": "VIN",
    "control_charge": "EV start & stop charge",
    "control_climate": "Climate control",
    "control_navigation": "Send destination",
    "control_pin": "PIN to drive",
    "control_security": "Lock & unlock",
    "control_trunk": "Open trunk & frunk",
}


class CapabilityBody(msgspec.Struct, frozen=True, gc=False):
    """One permission and one endpoint it opens."""

    permission: str
    endpoint: str
    capable: bool
    reason: NotCapable | None


class CompatibilityBody(msgspec.Struct, frozen=True):
    """The answer of ``GET /compatibility``. `capabilities` is empty when not compatible."""

    compatible: bool
    reason: NotCompatible | None
    capabilities: list[CapabilityBody]


class MatrixEntry(msgspec.Struct, frozen=True, rename={"start_year": "startYear", "end_year": "endYear"}):
    """One model line of the matrix. Years are inclusive; `endpoints` are display names, one per permission."""

    model: str
    start_year: int
    end_year: int
    type: Powertrain
    endpoints: list[str]
    permissions: tuple[str, ...]


@functools.lru_cache(maxsize=4096)
def endpoints_of(permission: str, make: str | None) -> tuple[str, ...]:
    """Return the endpoints a permission opens on a car of `make` (upper case), those of the make itself last.

    >>> endpoints_of("read_battery", "FORD"), endpoints_of("read_compass", "TESLA"), endpoints_of("read_pin", "FORD")
    (('/battery', '/battery/capacity'), ('/tesla/compass',), ())
    """
    own = MAKE_ENDPOINTS.get(permission, {}).get(make or "", ())
    return (*ENDPOINTS.get(permission, ()), *(f"/{(make or '').lower()}/{rest}" for rest in own))


def compatibility_body(verdict: Verdict) -> CompatibilityBody:
    """Write a verdict."""
    make = verdict.make.make if verdict.make else None
    return CompatibilityBody(
        verdict.compatible,
        verdict.reason,
        [
            CapabilityBody(c.permission, endpoint, c.capable, c.reason)
            for c in verdict.capabilities
            for endpoint in endpoints_of(c.permission, make)
        ],
    )


def matrix_entry(
    model: str, start_year: int, end_year: int, powertrain: Powertrain, permissions: tuple[str, ...]
) -> MatrixEntry:
    """Write one line of the matrix."""
    names = [DISPLAY_NAMES[permission] for permission in permissions]
    return MatrixEntry(model, start_year, end_year, powertrain, names, permissions)
