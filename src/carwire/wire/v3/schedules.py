"""Charge schedules: at a place, between two times of day, on some days. Source: the wire contract, section 9.

The names inside a weekly and a workweek schedule are not documented: those of the daily one are read there too. Days
may be written in any case. Times are the car's own; a window that ends before it begins ends on the next day.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import UNSET, Meta, UnsetType

from carwire.core.commands import DAYS, WEEKEND, WORKDAYS, Arguments, CommandRecord, Digits, Number
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.wire.v3.asking import ATTRIBUTES, attributes_of
from carwire.wire.v3.commands import ExecutionMeta, ExecutionStatus, execution_id, execution_meta, execution_status
from carwire.wire.v3.envelope import Single, View, single
from carwire.wire.v3.vehicles import vehicle_path

PERMISSION: Final = "control_charge"
CREATE: Final = "charge-schedule-create"  # the commands of the core
DELETE: Final = "charge-schedule-delete"
MAX_ID: Final = 255

ScheduleKind = Literal["daily", "weekly", "workweek"]
ScheduleAction = Literal["create", "delete"]
_LATITUDE, _LONGITUDE, _TIME = Number(-90, 90), Number(-180, 180), Digits("00:00")
_CLOCK: Final = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_Time = Annotated[str, Meta(pattern=_CLOCK, description="a time of day like 22:00")]


class _Attributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    pass


class Place(_Attributes, frozen=True):
    """Where a schedule holds; degrees, WGS 84."""

    latitude: Annotated[float, Meta(ge=-90, le=90, description="a number from -90 to 90")]
    longitude: Annotated[float, Meta(ge=-180, le=180, description="a number from -180 to 180")]


class Times(_Attributes, frozen=True):
    """From when to when the car charges."""

    start_time: _Time
    stop_time: _Time


_Place = Annotated[Place, Meta(description="an object with latitude and longitude")]
_Times = Annotated[Times, Meta(description="an object with startTime and stopTime")]


class Daily(_Attributes, frozen=True):
    """The same times every day."""

    location: _Place
    start_time: _Time
    stop_time: _Time


class Weekly(_Attributes, frozen=True):
    """Times of their own for each day that is named."""

    location: _Place
    days: Annotated[
        dict[str, Times], Meta(description="an object of weekdays, each an object with startTime and stopTime")
    ]


class Workweek(_Attributes, frozen=True):
    """Times for Monday to Friday, and others for the weekend."""

    location: _Place
    weekdays: _Times
    weekends: _Times


class Window(msgspec.Struct, frozen=True):
    """When the car charges on some `days`, ``HH:mm`` of its local time."""

    days: tuple[str, ...]
    start: str
    stop: str


class ScheduleOrder(msgspec.Struct, frozen=True):
    """A schedule as no wire has it: the kind names how it was written, not what it means."""

    kind: ScheduleKind
    latitude: float
    longitude: float
    windows: tuple[Window, ...]


class ScheduleAttributes(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What was done with which schedule. A deletion has neither type nor parameters."""

    action: ScheduleAction
    schedule_type: ScheduleKind | UnsetType = UNSET
    status: ExecutionStatus
    execution_mode: Literal["sync"]
    schedule_id: str | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class ScheduleLinks(msgspec.Struct, frozen=True):
    """Where the schedule is: relative in both generations."""

    schedule: str


class ScheduleExecution(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a schedule."""

    id: str
    type: Literal["charge-schedule-execution"] = "charge-schedule-execution"
    attributes: ScheduleAttributes
    links: ScheduleLinks | UnsetType = UNSET
    meta: ExecutionMeta


# What stands behind ``/vehicles/{vehicleId}/charge-schedules/`` → the attributes it takes.
KINDS: Final[dict[ScheduleKind, type[msgspec.Struct]]] = {"daily": Daily, "weekly": Weekly, "workweek": Workweek}


def read_schedule(kind: ScheduleKind, body: object) -> ScheduleOrder:
    """Read a decoded JSON body. Raises `InvalidInput` naming the field as on the wire."""
    given: Any = attributes_of(body, KINDS[kind])
    _check_place(given.location)
    windows: tuple[Window, ...]
    if kind == "daily":
        windows = (_window(DAYS, given, ""),)
    elif kind == "workweek":
        windows = (_window(WORKDAYS, given.weekdays, ".weekdays"), _window(WEEKEND, given.weekends, ".weekends"))
    else:
        windows = _weekly(given.days)
    return ScheduleOrder(kind, given.location.latitude, given.location.longitude, windows)


def read_schedule_id(text: str) -> str:
    """Read the id in the path of a deletion. Raises `InvalidInput` for what cannot be one."""
    if not 1 <= len(text) <= MAX_ID or not text.isascii() or not text.isprintable():
        raise InvalidInput(FieldProblem("scheduleId", f"must have 1 to {MAX_ID} printable characters"))
    return text


def parameters_of(order: ScheduleOrder) -> dict[str, Any]:
    """Write a schedule as it is sent: `read_schedule` of it gives it back."""
    place = {"location": {"latitude": order.latitude, "longitude": order.longitude}}
    if order.kind == "daily":
        return {**place, **_times(order.windows[0])}
    if order.kind == "workweek":
        weekdays, weekends = order.windows
        return {**place, "weekdays": _times(weekdays), "weekends": _times(weekends)}
    return {**place, "days": {day.lower(): _times(window) for window in order.windows for day in window.days}}


def arguments_of(order: ScheduleOrder, schedule_id: str) -> dict[str, object]:
    """Return the arguments of the command that sets a schedule: what JSON can hold, so that they can be kept."""
    told: dict[str, object] = msgspec.json.decode(msgspec.json.encode(order))  # lists where builtins would be tuples
    return {"schedule_id": schedule_id, **told}


def order_of(arguments: Arguments) -> ScheduleOrder | None:
    """Return the schedule that a command with these arguments sets; null for the arguments of one that deletes."""
    return msgspec.convert(arguments, ScheduleOrder) if "kind" in arguments else None


def id_of_schedule(vehicle_id: str, order: ScheduleOrder) -> str:
    """Return the id of a schedule: the same for the same schedule of a vehicle, so that setting it twice is once."""
    return str(uuid5(UUID(vehicle_id), msgspec.json.encode(order).decode()))


def changed_body(record: CommandRecord, view: View) -> ScheduleExecution | Single[ScheduleExecution]:
    """Answer what a command of `CREATE` or `DELETE` changed, by its own arguments."""
    return schedule_body(record, order_of(record.arguments), str(record.arguments["schedule_id"]), view)


def schedule_body(
    record: CommandRecord, order: ScheduleOrder | None, schedule_id: str | None, view: View
) -> ScheduleExecution | Single[ScheduleExecution]:
    """Answer a schedule that was set, or with a null `order` one that was deleted. `record` is the command it took."""
    path = f"{vehicle_path(record.vehicle_id)}/charge-schedules/{schedule_id}"
    resource = ScheduleExecution(
        id=execution_id(record.id),
        attributes=ScheduleAttributes(
            action="create" if order else "delete",
            schedule_type=order.kind if order else UNSET,
            status=execution_status(record, view),
            execution_mode="sync",
            schedule_id=schedule_id or UNSET,
            parameters=parameters_of(order) if order else UNSET,
        ),
        links=ScheduleLinks(path) if order and schedule_id else UNSET,
        meta=execution_meta(record),
    )
    return single(resource, view)


def _weekly(days: dict[str, Times]) -> tuple[Window, ...]:
    place = f"{ATTRIBUTES}.days"
    if not days:
        raise InvalidInput(FieldProblem(place, "must name at least one weekday"))
    named = {}
    for name, times in days.items():
        if name.upper() not in DAYS or name.upper() in named:
            raise InvalidInput(FieldProblem(f"{place}.{name[:60]}", "must be a weekday like monday, and named once"))
        named[name.upper()] = times
    return tuple(_window((day,), named[day], f".days.{day.lower()}") for day in DAYS if day in named)


def _window(days: tuple[str, ...], times: Any, place: str) -> Window:
    for name, time in (("startTime", times.start_time), ("stopTime", times.stop_time)):
        if not _TIME.accepts(time):  # the pattern lets a line end pass
            raise InvalidInput(FieldProblem(f"{ATTRIBUTES}{place}.{name}", "must be a time of day like 22:00"))
    if times.start_time == times.stop_time:
        raise InvalidInput(FieldProblem(f"{ATTRIBUTES}{place}.stopTime", "must not be the startTime"))
    return Window(days, times.start_time, times.stop_time)


def _check_place(place: Place) -> None:
    for name, kind in (("latitude", _LATITUDE), ("longitude", _LONGITUDE)):
        if not kind.accepts(getattr(place, name)):
            raise InvalidInput(FieldProblem(f"{ATTRIBUTES}.location.{name}", kind.expects()))


def _times(window: Window) -> dict[str, str]:
    return {"startTime": window.start, "stopTime": window.stop}
