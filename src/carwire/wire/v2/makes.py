"""Reads of one make: ``/vehicles/{id}/{make}/...``. What a signal tells is filled in, the rest is null.

Source: the wire contract's chapter on make-specific endpoints. Some of them ask for what no signal holds; they are in
the table all the same, so that their path exists, and answer COMPATIBILITY:SMARTCAR_NOT_CAPABLE.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem, Snapshot
from carwire.wire.v2 import charging, climate, extended, history
from carwire.wire.v2.readings import Context
from carwire.wire.v2.vehicles import Endpoint


def _nothing(_snapshot: Snapshot, context: Context) -> NoReturn:
    raise Obstacle(Problem("COMPATIBILITY:SMARTCAR_NOT_CAPABLE", context.now))


def _charge_of(make: str) -> tuple[Endpoint, ...]:
    """What several makes have."""
    return (
        Endpoint(
            f"/{make}/charge/completion",
            "read_charge",
            charging.COMPLETION,
            charging.completion,
            charging.CompletionBody,
        ),
        Endpoint(
            f"/{make}/charge/voltmeter", "read_charge", charging.VOLTMETER, charging.voltmeter, charging.VoltmeterBody
        ),
    )


def _details_of(make: str) -> Endpoint:
    return Endpoint(
        f"/{make}/charge", "read_charge", charging.DETAILS, charging.details, charging.DetailsBody, in_units=True
    )


def _records_of(make: str, body: Any, answers: Any) -> Endpoint:
    return Endpoint(f"/{make}/charge/records", "read_charge_records", history.CHARGE_RECORDS, body, answers)


def _missing(path: str, permission: str) -> Endpoint:
    return Endpoint(path, permission, (), _nothing, None)


_TESLA: Final = (
    _missing("/tesla/alerts", "read_alerts"),
    Endpoint(
        "/tesla/attributes",
        "read_extended_vehicle_info",
        extended.ATTRIBUTES,
        extended.attributes,
        extended.ExtendedAttributesBody,
    ),
    Endpoint(
        "/tesla/status", "read_extended_vehicle_info", extended.STATUS, extended.status, extended.ExtendedStatusBody
    ),
    Endpoint(
        "/tesla/battery",
        "read_battery",
        extended.BATTERY,
        extended.battery,
        extended.ExtendedBatteryBody,
        in_units=True,
    ),
    _details_of("tesla"),
    *_charge_of("tesla"),
    Endpoint("/tesla/charge/ammeter", "read_charge", charging.AMMETER, charging.ammeter, charging.AmmeterBody),
    Endpoint("/tesla/charge/wattmeter", "read_charge", charging.WATTMETER, charging.wattmeter, charging.WattmeterBody),
    Endpoint("/tesla/charge/schedule", "read_charge", charging.SCHEDULE, charging.schedule, charging.ScheduleBody),
    _records_of("tesla", history.charge_record_pages, history.ChargeRecordPages),
    _missing("/tesla/charge/records/billing", "read_charge_records"),
    Endpoint("/tesla/climate/cabin", "read_climate", climate.CABIN, climate.cabin, climate.CabinBody, in_units=True),
    Endpoint("/tesla/climate/defroster", "read_climate", climate.DEFROSTER, climate.defroster, climate.DefrosterBody),
    Endpoint(
        "/tesla/climate/steering_wheel",
        "read_climate",
        climate.STEERING_WHEEL,
        climate.steering_wheel,
        climate.SteeringWheelBody,
    ),
    Endpoint("/tesla/compass", "read_compass", extended.COMPASS, extended.compass, extended.CompassBody),
    Endpoint(
        "/tesla/speedometer",
        "read_speedometer",
        extended.SPEEDOMETER,
        extended.speedometer,
        extended.SpeedometerBody,
        in_units=True,
    ),
    Endpoint(
        "/tesla/thermometer/exterior",
        "read_thermometer",
        climate.EXTERIOR,
        climate.exterior,
        climate.ThermometerBody,
        in_units=True,
    ),
    Endpoint(
        "/tesla/thermometer/interior",
        "read_thermometer",
        climate.INTERIOR,
        climate.interior,
        climate.ThermometerBody,
        in_units=True,
    ),
    _missing("/tesla/migration", "read_vehicle_info"),
    Endpoint(
        "/tesla/virtual_key",
        "read_vehicle_info",
        extended.VIRTUAL_KEY,
        extended.virtual_key,
        extended.VirtualKeyBody,
    ),
    Endpoint(
        "/tesla/user/access",
        "read_user_profile",
        extended.USER_ACCESS,
        extended.user_access,
        extended.UserAccessBody,
    ),
    _missing("/tesla/user/info", "read_user_profile"),
)
_ROWS: Final = (
    *_TESLA,
    *_charge_of("cadillac"),
    *_charge_of("chevrolet"),
    _missing("/ford/charge/schedule_by_location", "read_charge_locations"),
    _missing("/lincoln/charge/schedule_by_location", "read_charge_locations"),
    _missing("/nissan/charge/schedule", "read_charge"),
    _records_of("bmw", history.charge_records, history.ChargeRecordsBody),
    _records_of("mini", history.charge_records, history.ChargeRecordsBody),
    _details_of("audi"),
)


def _key(row: Endpoint) -> tuple[str, str]:
    make, _, rest = row.path[1:].partition("/")
    return make, rest


# (make in lower case, the path behind it) → its row.
MAKE_READS: Final[dict[tuple[str, str], Endpoint]] = {_key(row): row for row in _ROWS}
MAKES_WITH_ENDPOINTS: Final = frozenset(make for make, _ in MAKE_READS)
