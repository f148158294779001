"""Reads of single makes about climate: cabin, defrosters, steering wheel, thermometers."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from carwire.core.signals.reading import Problem, Snapshot
from carwire.wire.v2.readings import Context, flag, need_any, needed, number

CABIN: Final = ("hvac-iscabinhvacactive", "hvac-cabintargettemperature")
DEFROSTER: Final = ("hvac-isfrontdefrosteractive", "hvac-isreardefrosteractive")
STEERING_WHEEL: Final = ("hvac-issteeringheateractive",)
EXTERIOR: Final = ("climate-externaltemperature",)
INTERIOR: Final = ("climate-internaltemperature",)

Switch = Literal["ON", "OFF"]


class CabinBody(msgspec.Struct, frozen=True):
    """Whether the cabin is heated or cooled, and to which temperature, °C or °F."""

    status: Switch | None
    temperature: float | None


class DefrosterBody(msgspec.Struct, frozen=True, rename="camel"):
    """The defrosters of the front and rear window."""

    front_status: Switch | None
    rear_status: Switch | None


class SteeringWheelBody(msgspec.Struct, frozen=True):
    """The heater of the steering wheel; ``UNAVAILABLE`` where there is none."""

    status: Literal["ON", "OFF", "UNAVAILABLE"]


class ThermometerBody(msgspec.Struct, frozen=True):
    """A temperature, °C or °F."""

    temperature: float


def cabin(snapshot: Snapshot, context: Context) -> CabinBody:
    """Write what the climate control does, and the temperature it is set to."""
    found = CabinBody(_switch(snapshot, CABIN[0]), number(snapshot, CABIN[1], context.system))
    need_any((found.status, found.temperature), snapshot, CABIN, context)
    return found


def defroster(snapshot: Snapshot, context: Context) -> DefrosterBody:
    """Write which windows are heated."""
    found = DefrosterBody(_switch(snapshot, DEFROSTER[0]), _switch(snapshot, DEFROSTER[1]))
    need_any((found.front_status, found.rear_status), snapshot, DEFROSTER, context)
    return found


def steering_wheel(snapshot: Snapshot, context: Context) -> SteeringWheelBody:
    """Write whether the steering wheel is heated."""
    answer = snapshot.answers.get(STEERING_WHEEL[0])
    if isinstance(answer, Problem) and answer.kind == "COMPATIBILITY:VEHICLE_NOT_CAPABLE":
        return SteeringWheelBody("UNAVAILABLE")
    return SteeringWheelBody(needed(_switch(snapshot, STEERING_WHEEL[0]), snapshot, STEERING_WHEEL, context))


def exterior(snapshot: Snapshot, context: Context) -> ThermometerBody:
    """Write the temperature outside."""
    return ThermometerBody(needed(number(snapshot, EXTERIOR[0], context.system), snapshot, EXTERIOR, context))


def interior(snapshot: Snapshot, context: Context) -> ThermometerBody:
    """Write the temperature in the cabin."""
    return ThermometerBody(needed(number(snapshot, INTERIOR[0], context.system), snapshot, INTERIOR, context))


def _switch(snapshot: Snapshot, code: str) -> Switch | None:
    on = flag(snapshot, code)
    return None if on is None else "ON" if on else "OFF"
