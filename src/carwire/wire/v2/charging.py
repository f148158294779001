"""Reads of single makes about charging: the meters, the end, the timer, and everything at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, Literal

import msgspec

from carwire.core.signals.reading import Reading, Snapshot
from carwire.kit.clock import timestamp
from carwire.wire.v2.readings import (
    Context,
    as_rows,
    as_text,
    flag,
    need_any,
    needed,
    number,
    rows,
    word,
)
from carwire.wire.v2.reads import CHARGE, CHARGE_LIMIT, ChargeState, active_limit, charge_state

AMMETER: Final = ("charge-amperage",)
VOLTMETER: Final = ("charge-voltage",)
WATTMETER: Final = ("charge-wattage",)
COMPLETION: Final = ("charge-timetocomplete",)
SCHEDULE: Final = ("charge-chargetimers",)
DETAILS: Final = (
    *CHARGE,
    *WATTMETER,
    "charge-chargerate",
    "charge-isfastchargerpresent",
    "charge-chargeportstatuscolor",
    "charge-ischargingcablelatched",
    *COMPLETION,
    *SCHEDULE,
    *CHARGE_LIMIT,
)


class AmmeterBody(msgspec.Struct, frozen=True):
    """The current, ampere."""

    amperage: float


class VoltmeterBody(msgspec.Struct, frozen=True):
    """The voltage, volt."""

    voltage: float


class WattmeterBody(msgspec.Struct, frozen=True):
    """The power, kW."""

    wattage: float


class CompletionBody(msgspec.Struct, frozen=True):
    """When the limit will be reached, ISO 8601."""

    time: str


class TimerBody(msgspec.Struct, frozen=True):
    """A time of day, ``HH:mm``, and whether it is heeded."""

    enabled: bool
    time: str | None


class ScheduleBody(msgspec.Struct, frozen=True, rename="camel"):
    """When the car is to be ready, and when it is to begin charging."""

    departure_time: TimerBody
    start_time: TimerBody


class DetailsBody(msgspec.Struct, frozen=True, rename="camel"):
    """Everything about charging. `wattage` in kW, `chargeRate` in km/h or mph, `socLimit` from 0 to 1.

    `chargeType` is ``AC`` or ``DC`` while plugged in, `chargePortLatch` ``LOCKED`` or ``UNLOCKED``: words of ours,
    since no source has theirs.
    """

    charging_status: ChargeState | None
    is_plugged_in: bool | None
    wattage: float | None
    charge_rate: float | None
    charge_type: Literal["AC", "DC"] | None
    charge_port_color: str | None
    charge_port_latch: Literal["LOCKED", "UNLOCKED"] | None
    completion_time: str | None
    charge_mode: Literal["manual", "timer"] | None
    soc_limit: float | None
    external_power_status: str | None


def ammeter(snapshot: Snapshot, context: Context) -> AmmeterBody:
    """Write the charging current."""
    return AmmeterBody(needed(number(snapshot, AMMETER[0]), snapshot, AMMETER, context))


def voltmeter(snapshot: Snapshot, context: Context) -> VoltmeterBody:
    """Write the charging voltage."""
    return VoltmeterBody(needed(number(snapshot, VOLTMETER[0]), snapshot, VOLTMETER, context))


def wattmeter(snapshot: Snapshot, context: Context) -> WattmeterBody:
    """Write the charging power."""
    return WattmeterBody(needed(_kilowatts(snapshot), snapshot, WATTMETER, context))


def completion(snapshot: Snapshot, context: Context) -> CompletionBody:
    """Write when charging will be complete."""
    return CompletionBody(needed(_completed(snapshot), snapshot, COMPLETION, context))


def schedule(snapshot: Snapshot, context: Context) -> ScheduleBody:
    """Write the timer that is set; one that is not set is not enabled. It is not one that holds at a place only."""
    told = needed(rows(snapshot, SCHEDULE[0]), snapshot, SCHEDULE, context)
    timers = [each for each in told if not each.get("condition")]
    return ScheduleBody(_timer(timers, "departureTimers", "time"), _timer(timers, "schedules", "start"))


def details(snapshot: Snapshot, context: Context) -> DetailsBody:
    """Write everything about charging; whether the car charges, or is plugged in, must be known."""
    state, plugged = charge_state(snapshot), flag(snapshot, CHARGE[2])
    need_any((state, plugged), snapshot, CHARGE, context)
    timers = rows(snapshot, SCHEDULE[0])
    latched = flag(snapshot, "charge-ischargingcablelatched")
    return DetailsBody(
        charging_status=state,
        is_plugged_in=True if plugged is None and state == "CHARGING" else plugged,
        wattage=_kilowatts(snapshot),
        charge_rate=number(snapshot, "charge-chargerate", context.system),
        charge_type=_charge_type(flag(snapshot, "charge-isfastchargerpresent"), plugged),
        charge_port_color=word(snapshot, "charge-chargeportstatuscolor"),
        charge_port_latch=None if latched is None else "LOCKED" if latched else "UNLOCKED",
        completion_time=_completed(snapshot),
        charge_mode=None if timers is None else "timer" if timers else "manual",
        soc_limit=active_limit(snapshot),
        external_power_status=None,
    )


def _charge_type(fast: bool | None, plugged: bool | None) -> Literal["AC", "DC"] | None:
    if fast:
        return "DC"
    return "AC" if plugged and fast is False else None


def _kilowatts(snapshot: Snapshot) -> float | None:
    watts = number(snapshot, WATTMETER[0])
    return None if watts is None else watts / 1000


def _completed(snapshot: Snapshot) -> str | None:
    """The minutes that were left count from when the car said so."""
    minutes, reading = number(snapshot, COMPLETION[0]), snapshot.answers.get(COMPLETION[0])
    if minutes is None or not isinstance(reading, Reading):
        return None
    said_at = reading.measured_at or reading.maker_at or reading.fetched_at
    try:
        return timestamp(said_at + timedelta(minutes=minutes))
    except OverflowError:
        return None


def _timer(timers: list[dict[str, Any]], group: str, member: str) -> TimerBody:
    times = [as_text(each.get(member)) for timer in timers for each in as_rows(timer.get(group)) or ()]
    first = next((time for time in times if time), None)
    return TimerBody(first is not None, first[:5] if first else None)
