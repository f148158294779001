"""Reads of single makes about the car and its user: attributes, status, battery, compass, speed, key, access."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.wire.v2.readings import (
    Context,
    as_number,
    as_rows,
    as_text,
    body,
    flag,
    fraction,
    need_any,
    needed,
    number,
    word,
)

ATTRIBUTES: Final = (
    "connectivitysoftware-currentfirmwareversion",
    "vehicleidentification-trim",
    "vehicleidentification-nickname",
    "location-isathome",
    "surveillance-isenabled",
    "vehicleidentification-exteriorcolor",
    "wheel-style",
)
STATUS: Final = (
    "connectivitystatus-isonline",
    "connectivitystatus-isasleep",
    "service-isinservice",
    "transmission-gearstate",
)
BATTERY: Final = (
    "tractionbattery-stateofcharge",
    "tractionbattery-range",
    "tractionbattery-isheateractive",
    "tractionbattery-estimatedrange",
    "tractionbattery-idealrange",
    "tractionbattery-maxrangechargecounter",
)
COMPASS: Final = ("location-preciselocation",)
SPEEDOMETER: Final = ("motion-currentspeed",)
VIRTUAL_KEY: Final = ("connectivitystatus-isdigitalkeypaired",)
USER_ACCESS: Final = ("vehicleuseraccount-role", "vehicleuseraccount-permissions")


class SentryMode(msgspec.Struct, frozen=True):
    """Whether the car can watch its surroundings, and does."""

    available: bool | None
    enabled: bool | None


class Style(msgspec.Struct, frozen=True, rename="camel"):
    """Colour and trim."""

    exterior_color: str | None
    exterior_trim: str | None
    interior_trim: str | None


class WheelBody(msgspec.Struct, frozen=True):
    """Style and, in millimetres, diameter of the wheels."""

    style: str | None
    diameter: float | None


class DriveUnit(msgspec.Struct, frozen=True):
    """The motors."""

    front: str | None
    rear: str | None


class ExtendedAttributesBody(msgspec.Struct, frozen=True, rename="camel"):
    """What the car is, and how it is equipped."""

    id: str | None
    make: str | None
    model: str | None
    year: int | None
    firmware_version: str | None
    trim_badging: str | None
    efficiency_package: str | None
    performance_package: str | None
    nickname: str | None
    driver_assist_version: str | None
    at_home: bool | None
    sentry_mode: SentryMode
    style: Style
    wheel: WheelBody
    drive_unit: DriveUnit


class ExtendedStatusBody(msgspec.Struct, frozen=True, rename="camel"):
    """`status` is ``ONLINE``, ``ASLEEP`` or ``OFFLINE``: words of ours, since no source has theirs."""

    status: Literal["ONLINE", "ASLEEP", "OFFLINE"] | None
    in_service: bool | None
    gear: str | None


class ExtendedBatteryBody(msgspec.Struct, frozen=True, rename="camel"):
    """Percentages from 0 to 1, ranges in km or miles: the shown one, by the way it is driven, by its rating."""

    percent_remaining: float | None
    range: float | None
    heater_on: bool | None
    range_estimated: float | None
    range_ideal: float | None
    percent_remaining_usable: float | None
    max_range_charge_counter: float | None
    not_enough_power_to_heat: bool | None


class CompassBody(msgspec.Struct, frozen=True):
    """Where the car points: degrees clockwise from north, and the point of the compass."""

    heading: float | None
    direction: str | None


class SpeedometerBody(msgspec.Struct, frozen=True):
    """The speed, km/h or mph."""

    speed: float


class VirtualKeyBody(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the key that signs commands is paired with the car."""

    is_paired: bool


class UserAccessBody(msgspec.Struct, frozen=True, rename="camel"):
    """``OWNER`` or ``DRIVER``, and the rights in the maker's words."""

    access_type: str | None
    permissions: tuple[str, ...] | None


def attributes(snapshot: Snapshot, context: Context) -> ExtendedAttributesBody:
    """Write what the car is and how it is equipped; `context.vehicle` gives id, make, model and year."""
    vehicle = context.vehicle
    enabled = flag(snapshot, "surveillance-isenabled")
    found = ExtendedAttributesBody(
        id=vehicle.id if vehicle else None,
        make=vehicle.car.make if vehicle else None,
        model=vehicle.car.model if vehicle else None,
        year=vehicle.car.year if vehicle else None,
        firmware_version=word(snapshot, "connectivitysoftware-currentfirmwareversion"),
        trim_badging=word(snapshot, "vehicleidentification-trim"),
        efficiency_package=None,
        performance_package=None,
        nickname=word(snapshot, "vehicleidentification-nickname"),
        driver_assist_version=None,
        at_home=flag(snapshot, "location-isathome") if _may_locate(context) else None,
        sentry_mode=SentryMode(_available(snapshot, "surveillance-isenabled"), enabled),
        style=Style(word(snapshot, "vehicleidentification-exteriorcolor"), None, None),
        wheel=WheelBody(word(snapshot, "wheel-style"), None),
        drive_unit=DriveUnit(None, None),
    )
    known = tuple(snapshot.value(code) for code in ATTRIBUTES)
    need_any(known, snapshot, ATTRIBUTES, context)
    return found


def status(snapshot: Snapshot, context: Context) -> ExtendedStatusBody:
    """Write whether the car can be reached, is in service, and its gear."""
    found = ExtendedStatusBody(
        _reached(flag(snapshot, STATUS[0]), flag(snapshot, STATUS[1])),
        flag(snapshot, STATUS[2]),
        word(snapshot, STATUS[3]),
    )
    need_any(msgspec.structs.astuple(found), snapshot, STATUS, context)
    return found


def battery(snapshot: Snapshot, context: Context) -> ExtendedBatteryBody:
    """Write the battery with its further ranges."""
    system = context.system
    found = ExtendedBatteryBody(
        percent_remaining=fraction(snapshot, BATTERY[0]),
        range=number(snapshot, BATTERY[1], system),
        heater_on=flag(snapshot, BATTERY[2]),
        range_estimated=_range(snapshot, "ESTIMATED", BATTERY[3], context),
        range_ideal=_range(snapshot, "IDEAL_CONDITIONS", BATTERY[4], context),
        percent_remaining_usable=None,
        max_range_charge_counter=number(snapshot, BATTERY[5]),
        not_enough_power_to_heat=None,
    )
    need_any(msgspec.structs.astuple(found), snapshot, BATTERY, context)
    return found


def compass(snapshot: Snapshot, context: Context) -> CompassBody:
    """Write where the car points."""
    place = body(snapshot, COMPASS[0]) or {}
    found = CompassBody(as_number(place.get("heading")), as_text(place.get("direction")))
    need_any((found.heading, found.direction), snapshot, COMPASS, context)
    return found


def speedometer(snapshot: Snapshot, context: Context) -> SpeedometerBody:
    """Write how fast the car drives."""
    return SpeedometerBody(needed(number(snapshot, SPEEDOMETER[0], context.system), snapshot, SPEEDOMETER, context))


def virtual_key(snapshot: Snapshot, context: Context) -> VirtualKeyBody:
    """Write whether the key is paired."""
    return VirtualKeyBody(needed(flag(snapshot, VIRTUAL_KEY[0]), snapshot, VIRTUAL_KEY, context))


def user_access(snapshot: Snapshot, context: Context) -> UserAccessBody:
    """Write what the user of the maker's account may do."""
    role = word(snapshot, USER_ACCESS[0])
    rights = (body(snapshot, USER_ACCESS[1]) or {}).get("values")
    found = UserAccessBody(
        role.upper() if role else None,
        tuple(right for right in rights if isinstance(right, str)) if isinstance(rights, list) else None,
    )
    need_any((found.access_type, found.permissions), snapshot, USER_ACCESS, context)
    return found


def _may_locate(context: Context) -> bool:
    """Where the car is takes a permission of its own, which this endpoint does not ask for."""
    return context.vehicle is not None and "read_location" in context.vehicle.permissions


def _available(snapshot: Snapshot, code: str) -> bool | None:
    answer = snapshot.answers.get(code)
    if isinstance(answer, Reading):
        return True
    return False if isinstance(answer, Problem) and answer.type == "COMPATIBILITY" else None


def _reached(online: bool | None, asleep: bool | None) -> Literal["ONLINE", "ASLEEP", "OFFLINE"] | None:
    if online is False:
        return "OFFLINE"
    if asleep:
        return "ASLEEP"
    return "ONLINE" if online else None


def _range(snapshot: Snapshot, kind: str, code: str, context: Context) -> float | None:
    """A further range: among those of the battery's range, else a signal of its own."""
    among = as_rows((body(snapshot, BATTERY[1], context.system) or {}).get("additionalValues")) or []
    told = next((as_number(row.get("value")) for row in among if row.get("type") == kind), None)
    return number(snapshot, code, context.system) if told is None else told
