"""The table of reads that are answered from signals: per endpoint its permission, signals and body, and the headers.

Source: the wire contract's endpoint chapter. Endpoints of one make are in `makes`, those that need no word from the
car in `static`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from carwire.core.signals.reading import Reading, Snapshot
from carwire.core.signals.units import UnitSystem
from carwire.kit.clock import timestamp
from carwire.wire.v2 import battery, diagnostics, history, reads, security
from carwire.wire.v2.history import ServiceRecord
from carwire.wire.v2.readings import Context

Body = msgspec.Struct | list[ServiceRecord]


class Endpoint(msgspec.Struct, frozen=True):
    """One read.

    `path` is relative to the vehicle. `codes` are the signals to ask for. `body` raises `Obstacle` when they allow no
    answer; `answers` is its type, null where there never is one. `in_units` is whether the answer names its unit
    system.
    """

    path: str
    permission: str
    codes: tuple[str, ...]
    body: Callable[[Snapshot, Context], Body]
    answers: Any
    in_units: bool = False


ENDPOINTS: Final[dict[str, Endpoint]] = {
    row.path: row
    for row in (
        Endpoint("/odometer", "read_odometer", reads.ODOMETER, reads.odometer, reads.OdometerBody, in_units=True),
        Endpoint("/fuel", "read_fuel", reads.FUEL, reads.fuel, reads.FuelBody, in_units=True),
        Endpoint("/battery", "read_battery", battery.BATTERY, battery.battery, battery.BatteryBody, in_units=True),
        Endpoint(
            "/battery/capacity",
            "read_battery",
            battery.CAPACITY,
            battery.capacity,
            battery.CapacityBody,
            in_units=True,  # kWh either way; the original sends it
        ),
        Endpoint(
            "/battery/nominal_capacity",
            "read_battery",
            battery.CAPACITY,
            battery.nominal_capacity,
            battery.NominalCapacityBody,
        ),
        Endpoint("/charge", "read_charge", reads.CHARGE, reads.charge, reads.ChargeBody),
        Endpoint("/charge/limit", "read_charge", reads.CHARGE_LIMIT, reads.charge_limit, reads.ChargeLimitBody),
        Endpoint("/engine/oil", "read_engine_oil", reads.ENGINE_OIL, reads.engine_oil, reads.EngineOilBody),
        Endpoint("/location", "read_location", reads.LOCATION, reads.location, reads.LocationBody),
        Endpoint("/tires/pressure", "read_tires", reads.TIRES, reads.tires, reads.TiresBody, in_units=True),
        Endpoint("/security", "read_security", security.SECURITY, security.security, security.SecurityBody),
        Endpoint(
            "/service/history",
            "read_service_history",
            history.SERVICE,
            history.service_history,
            list[ServiceRecord],
            in_units=True,
        ),
        Endpoint(
            "/diagnostics/system_status",
            "read_diagnostics",
            diagnostics.SYSTEM_STATUS,
            diagnostics.system_status,
            diagnostics.SystemStatusBody,
        ),
        Endpoint(
            "/diagnostics/dtcs",
            "read_diagnostics",
            diagnostics.TROUBLE_CODES,
            diagnostics.trouble_codes,
            diagnostics.TroubleCodesBody,
        ),
    )
}


def headers(snapshot: Snapshot, endpoint: Endpoint, system: UnitSystem) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer, names in lower case: of several readings the oldest counts.

    What the car measures no time for is as old as its maker's word, or our fetching it. An answer without a reading,
    such as a capacity the owner has picked, has no age.
    """
    age = fetched = None
    for code in endpoint.codes:
        answer = snapshot.answers.get(code)
        if isinstance(answer, Reading):
            measured = answer.measured_at or answer.maker_at or answer.fetched_at
            age = measured if age is None or measured < age else age
            fetched = answer.fetched_at if fetched is None or answer.fetched_at < fetched else fetched
    found: list[tuple[bytes, bytes]] = []
    if age is not None and fetched is not None:
        found = [(b"sc-data-age", timestamp(age).encode()), (b"sc-fetched-at", timestamp(fetched).encode())]
    if endpoint.in_units:
        found.append((b"sc-unit-system", system.encode()))
    return found
