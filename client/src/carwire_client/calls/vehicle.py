"""What a vehicle is asked. Source: the wire contract, section 3; what fails, fails as its section 6.2 has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec

from carwire_client.call import Call, pairs
from carwire_client.calls.building import vehicle_read
from carwire_client.models import vehicle as models
from carwire_client.models.base import Result, Shape, with_moments
from carwire_client.paging import Page
from carwire_client.settings import Reach

_CODES: Final = with_moments("activeCodes", "timestamp")


def attributes(vehicle: Reach) -> Call[models.Attributes]:
    """Read make, model, year and id. Permission ``read_vehicle_info``."""
    return vehicle_read(vehicle, "", models.Attributes)


def permissions(vehicle: Reach, *, limit: int | None = None, offset: int | None = None) -> Call[models.Permissions]:
    """Read one page of what the owner has granted: `limit` of them, from `offset` on."""
    return vehicle_read(vehicle, "/permissions", models.Permissions, query=pairs(limit=limit, offset=offset))


def iter_permissions(vehicle: Reach, *, limit: int = 25, offset: int = 0) -> Call[Page[str]]:
    """Go through everything the owner has granted; `limit` is how many are asked for at a time."""

    def page(found: models.Permissions) -> Page[str]:
        end = offset + len(found.permissions)
        more = bool(found.permissions) and found.paging is not None and end < found.paging.count
        return Page(found.permissions, iter_permissions(vehicle, limit=limit, offset=end) if more else None)

    return permissions(vehicle, limit=limit, offset=offset).then(page)


def vin(vehicle: Reach) -> Call[models.Vin]:
    """Read the VIN. Permission ``read_vin``."""
    return vehicle_read(vehicle, "/vin", models.Vin)


def odometer(vehicle: Reach) -> Call[models.Odometer]:
    """Read how far it has gone: km or miles. Permission ``read_odometer``."""
    return vehicle_read(vehicle, "/odometer", models.Odometer)


def fuel(vehicle: Reach) -> Call[models.Fuel]:
    """Read what is in the tank. Permission ``read_fuel``."""
    return vehicle_read(vehicle, "/fuel", models.Fuel)


def battery(vehicle: Reach) -> Call[models.Battery]:
    """Read state of charge and range of the drive battery. Permission ``read_battery``."""
    return vehicle_read(vehicle, "/battery", models.Battery)


def battery_capacity(vehicle: Reach) -> Call[models.BatteryCapacity]:
    """Read what the drive battery can hold: kWh. Permission ``read_battery``."""
    return vehicle_read(vehicle, "/battery/capacity", models.BatteryCapacity)


def nominal_capacity(vehicle: Reach) -> Call[models.NominalCapacity]:
    """Read the rated capacity of the drive battery, or between which its owner has to choose. Permission
    ``read_battery``.
    """
    return vehicle_read(vehicle, "/battery/nominal_capacity", models.NominalCapacity)


def charge(vehicle: Reach) -> Call[models.Charge]:
    """Read whether it is plugged in and charging. Permission ``read_charge``."""
    return vehicle_read(vehicle, "/charge", models.Charge)


def get_charge_limit(vehicle: Reach) -> Call[models.ChargeLimit]:
    """Read up to where it charges: from 0 to 1. Permission ``read_charge``."""
    return vehicle_read(vehicle, "/charge/limit", models.ChargeLimit)


def engine_oil(vehicle: Reach) -> Call[models.EngineOil]:
    """Read how much life the engine oil has left: from 0 to 1. Permission ``read_engine_oil``."""
    return vehicle_read(vehicle, "/engine/oil", models.EngineOil)


def location(vehicle: Reach) -> Call[models.Location]:
    """Read where it was when it last said so: degrees. Permission ``read_location``."""
    return vehicle_read(vehicle, "/location", models.Location)


def tire_pressure(vehicle: Reach) -> Call[models.TirePressure]:
    """Read the pressure of each tyre: kPa or psi. Permission ``read_tires``."""
    return vehicle_read(vehicle, "/tires/pressure", models.TirePressure)


def lock_status(vehicle: Reach) -> Call[models.LockStatus]:
    """Read whether it is locked, and what is open. Permission ``read_security``."""
    return vehicle_read(vehicle, "/security", models.LockStatus)


def service_history(
    vehicle: Reach, start_date: str | date | None = None, end_date: str | date | None = None
) -> Call[models.ServiceHistory]:
    """Read the visits to the workshop. Permission ``read_service_history``.

    Both dates are included; each is a day, a moment (one without an offset is in UTC), or text in ISO 8601. Left out:
    the last year.
    """
    query = pairs(start_date=_day("start_date", start_date), end_date=_day("end_date", end_date))
    return vehicle_read(vehicle, "/service/history", models.ServiceHistory, _history, query)


def diagnostic_system_status(vehicle: Reach) -> Call[models.DiagnosticSystemStatus]:
    """Read how the systems of the car are. Permission ``read_diagnostics``."""
    return vehicle_read(vehicle, "/diagnostics/system_status", models.DiagnosticSystemStatus)


def diagnostic_trouble_codes(vehicle: Reach) -> Call[models.DiagnosticTroubleCodes]:
    """Read the trouble codes that are active. Permission ``read_diagnostics``."""
    return vehicle_read(vehicle, "/diagnostics/dtcs", models.DiagnosticTroubleCodes, _CODES)


def _day(name: str, value: str | date | None) -> str | None:
    """Write a day or moment. Raises `ValueError` for text that is neither."""
    if value is None or isinstance(value, date):
        return None if value is None else value.isoformat()
    try:
        datetime.fromisoformat(value)
    except ValueError:
        msg = f"{name} must be a day like 2026-11-21 or a moment, ISO 8601, not {value!r}"
        raise ValueError(msg) from None
    return value


def _history(body: Any) -> Any:
    """A list on the wire; one page of documentation has a single object, and details that are one object."""
    rows = [body] if isinstance(body, dict) and "items" not in body else body
    if not isinstance(rows, list):
        return body
    return {"items": [_visit(row) for row in with_moments("serviceDate")(rows)]}


def _visit(row: Any) -> Any:
    details = row.get("serviceDetails") if isinstance(row, dict) else None
    return {**row, "serviceDetails": [details]} if isinstance(details, dict) else row


class Read(msgspec.Struct, frozen=True):
    """A read of a vehicle by its path: the method's name, the class of its result, and how the body is shaped."""

    method: str
    result: type[Result]
    shape: Shape | None = None


READS: Final[Mapping[str, Read]] = {
    "/": Read("attributes", models.Attributes),
    "/permissions": Read("permissions", models.Permissions),
    "/vin": Read("vin", models.Vin),
    "/odometer": Read("odometer", models.Odometer),
    "/fuel": Read("fuel", models.Fuel),
    "/battery": Read("battery", models.Battery),
    "/battery/capacity": Read("battery_capacity", models.BatteryCapacity),
    "/battery/nominal_capacity": Read("nominal_capacity", models.NominalCapacity),
    "/charge": Read("charge", models.Charge),
    "/charge/limit": Read("get_charge_limit", models.ChargeLimit),
    "/engine/oil": Read("engine_oil", models.EngineOil),
    "/location": Read("location", models.Location),
    "/tires/pressure": Read("tire_pressure", models.TirePressure),
    "/security": Read("lock_status", models.LockStatus),
    "/service/history": Read("service_history", models.ServiceHistory, _history),
    "/diagnostics/system_status": Read("diagnostic_system_status", models.DiagnosticSystemStatus),
    "/diagnostics/dtcs": Read("diagnostic_trouble_codes", models.DiagnosticTroubleCodes, _CODES),
}
