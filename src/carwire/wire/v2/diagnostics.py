"""What the car's systems say of themselves: their state, and stored trouble codes."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Snapshot
from carwire.kit.clock import timestamp
from carwire.wire.v2.readings import Context, as_moment, as_text, body, need_any, needed, rows

# Every id the wire has. The signal of a system has its name without the underscores; one has none.
SYSTEM_IDS: Final = (
    "SYSTEM_ABS",
    "SYSTEM_ACTIVE_SAFETY",
    "SYSTEM_AIRBAG",
    "SYSTEM_BRAKE_FLUID",
    "SYSTEM_DRIVER_ASSISTANCE",
    "SYSTEM_EMISSIONS",
    "SYSTEM_ENGINE",
    "SYSTEM_EV_BATTERY_CONDITIONING",
    "SYSTEM_EV_CHARGING",
    "SYSTEM_EV_DRIVE_UNIT",
    "SYSTEM_EV_HV_BATTERY",
    "SYSTEM_LIGHTING",
    "SYSTEM_MIL",
    "SYSTEM_OIL_LIFE",
    "SYSTEM_OIL_PRESSURE",
    "SYSTEM_OIL_TEMPERATURE",
    "SYSTEM_TELEMATICS",
    "SYSTEM_TIRE_PRESSURE",
    "SYSTEM_TIRE_PRESSURE_MONITORING",
    "SYSTEM_TRANSMISSION",
    "SYSTEM_WASHER_FLUID",
    "SYSTEM_WATER_IN_FUEL",
)


def _code(system: str) -> str:
    return f"diagnostics-{system.removeprefix('SYSTEM_').replace('_', '').lower()}"


ID_OF_CODE: Final[dict[str, str]] = {_code(system): system for system in SYSTEM_IDS if _code(system) in signals()}
SYSTEM_STATUS: Final = tuple(ID_OF_CODE)
TROUBLE_CODES: Final = ("diagnostics-dtclist",)


class SystemBody(msgspec.Struct, frozen=True, rename="camel"):
    """One system; `description` says what is wrong."""

    system_id: str
    status: Literal["OK", "ALERT"]
    description: str | None


class SystemStatusBody(msgspec.Struct, frozen=True):
    """The systems that the car tells of."""

    systems: tuple[SystemBody, ...]


class TroubleCode(msgspec.Struct, frozen=True):
    """A diagnostic trouble code (SAE J2012) and when it was stored."""

    code: str
    timestamp: str | None


class TroubleCodesBody(msgspec.Struct, frozen=True, rename="camel"):
    """The codes stored now."""

    active_codes: tuple[TroubleCode, ...]


def system_status(snapshot: Snapshot, context: Context) -> SystemStatusBody:
    """Write the state of every system the car tells of; one is enough for an answer."""
    told = [(system, body(snapshot, code)) for code, system in ID_OF_CODE.items()]
    systems = tuple(found for system, each in told if each and (found := _system(system, each)))
    need_any(systems or (None,), snapshot, SYSTEM_STATUS, context)
    return SystemStatusBody(systems)


def trouble_codes(snapshot: Snapshot, context: Context) -> TroubleCodesBody:
    """Write the stored trouble codes."""
    listed = needed(rows(snapshot, TROUBLE_CODES[0]), snapshot, TROUBLE_CODES, context)
    return TroubleCodesBody(tuple(_trouble(row) for row in listed if as_text(row.get("code"))))


def _system(system: str, told: dict[str, Any]) -> SystemBody | None:
    status = told.get("status")
    if status not in ("OK", "ALERT"):
        return None
    return SystemBody(system, status, as_text(told.get("description")))


def _trouble(row: dict[str, Any]) -> TroubleCode:
    stored_at = as_moment(row.get("timestamp"))
    return TroubleCode(str(row["code"]), timestamp(stored_at) if stored_at else None)
