"""Commands: when a car refuses one, and what it does when it obeys. Two tables.

Refusals follow the state errors of the v2.0 catalogue. Its simulator chapter once let start and stop succeed whenever
the cable was in, because commands changed nothing there; here they do, so starting what is charging and stopping what
is not are refused by their own names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from carwire.connectors.simulator.car import Car, ChargeSchedule, soc
from carwire.connectors.simulator.energy import (
    has_timer,
    is_full,
    is_held_back,
    mind_schedules,
    start_charging,
    stop_charging,
)
from carwire.connectors.simulator.events import Commanded
from carwire.connectors.simulator.faults import SetFault, error_of, failed, problem_of
from carwire.connectors.simulator.life import CLIMATE_MINUTES, wake
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.row import moment
from carwire.connectors.simulator.schedules import MOST, schedule_of, with_schedule
from carwire.core.commands import Outcome
from carwire.core.signals.reading import Problem

Check = tuple[Callable[[Car, Model, Mapping[str, Any]], bool], str]
Effect = Callable[[Car, Model, Mapping[str, Any]], None]

LOW_VOLTAGE: Final = 20.0  # percent of the 12 V battery under which no command is taken
DEAD_VOLTAGE: Final = 5.0  # and under which nothing is answered
_LOW_CHARGE: Final = 0.1

_MOVING: Final[Check] = (lambda car, *_: car.kmh > 0, "VEHICLE_STATE:IN_MOTION")
_IGNITION: Final[Check] = (lambda car, *_: car.gear != "PARK", "VEHICLE_STATE:IGNITION_ON")
_DOOR: Final[Check] = (lambda car, *_: any(car.doors), "VEHICLE_STATE:DOOR_OPEN")
_HOOD: Final[Check] = (lambda car, *_: car.front, "VEHICLE_STATE:HOOD_OPEN")
_TRUNK: Final[Check] = (lambda car, *_: car.rear, "VEHICLE_STATE:TRUNK_OPEN")
_UNPLUGGED: Final[Check] = (lambda car, *_: car.session is None, "VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED")
_PLUGGED: Final[Check] = (lambda car, *_: car.session is not None, "VEHICLE_STATE:CHARGING_PLUG_CONNECTED")
_CHARGING: Final[Check] = (lambda car, *_: car.charging, "VEHICLE_STATE:CHARGING_IN_PROGRESS")
_NOT_CHARGING: Final[Check] = (lambda car, *_: not car.charging, "VEHICLE_STATE:NOT_CHARGING")
_FAULTY: Final[Check] = (lambda car, *_: car.charge_fault, "VEHICLE_STATE:CHARGE_FAULT")
_FULL: Final[Check] = (lambda car, model, _: is_full(car, model), "VEHICLE_STATE:FULLY_CHARGED")
_NO_LIMIT_NOW: Final[Check] = (lambda car, *_: car.charging, "COMPATIBILITY:SMARTCAR_NOT_CAPABLE")
_EMPTY: Final[Check] = (
    lambda car, model, _: not (model.tank and car.tank > 0) and soc(car, model) < _LOW_CHARGE and car.session is None,
    "VEHICLE_STATE:LOW_BATTERY",
)
_NOT_SO: Final[Check] = (
    lambda _, model, given: given["kind"] not in model.schedules,
    "COMPATIBILITY:VEHICLE_NOT_CAPABLE",
)
_NO_ROOM: Final[Check] = (
    lambda car, _, given: len(car.schedules) >= MOST and not _has_schedule(car, given),
    "VEHICLE_STATE:UNKNOWN",
)
_NOT_THERE: Final[Check] = (lambda car, _, given: not _has_schedule(car, given), "RESOURCE_NOT_FOUND:PATH")
_PARKED: Final = (_MOVING, _IGNITION)

REFUSALS: Final[dict[str, tuple[Check, ...]]] = {
    "security-lock": (*_PARKED, _DOOR, _HOOD, _TRUNK),
    "security-unlock": _PARKED,
    "charge-start": (_UNPLUGGED, _CHARGING, _FULL, _FAULTY),
    "charge-stop": (_UNPLUGGED, _NOT_CHARGING),
    "charge-set-limit": (_UNPLUGGED, _NO_LIMIT_NOW),
    "charge-set-amperage": (_UNPLUGGED,),
    "charge-set-schedule": (),
    "charge-schedule-create": (_NOT_SO, _NO_ROOM),
    "charge-schedule-delete": (_NOT_THERE,),
    "charge-port-open": (*_PARKED, _PLUGGED),
    "charge-port-close": (*_PARKED, _PLUGGED),
    "climate-start": (_EMPTY,),
    "climate-set": (),
    "climate-stop": (),
    "defroster-start": (_EMPTY,),
    "defroster-stop": (),
    "steering-heater-start": (_EMPTY,),
    "steering-heater-stop": (),
    "navigation-set-destination": (),
    "trunk-open": _PARKED,
    "trunk-close": _PARKED,
    "frunk-open": _PARKED,
    "frunk-close": _PARKED,
    "pin-set": (),
    "pin-clear": (),
}


def _has_schedule(car: Car, given: Mapping[str, Any]) -> bool:
    return any(each.id == given["schedule_id"] for each in car.schedules)


def _start_charge(car: Car, model: Model, _given: Mapping[str, Any]) -> None:
    start_charging(car, model)
    if car.session:
        car.session.by_hand = True


def _stop_charge(car: Car, _model: Model, _given: Mapping[str, Any]) -> None:
    stop_charging(car)
    if car.session:
        car.session.by_hand = False


def _set_limit(car: Car, model: Model, given: Mapping[str, Any]) -> None:
    car.limit = given["percent"] / 100
    if not is_full(car, model) and not is_held_back(car):
        start_charging(car, model)  # a raised limit goes on where the old one stopped


def _set_amperage(car: Car, model: Model, given: Mapping[str, Any]) -> None:
    car.amperage = float(given["amperage"])
    if car.session and car.charging:
        start_charging(car, model)


def _set_schedule(car: Car, _model: Model, given: Mapping[str, Any]) -> None:
    car.schedule = (given["type"], given["enable"], given["time"])
    if given["enable"] and car.session and not car.session.fast and car.session.open is None:
        stop_charging(car)


def _create_schedule(car: Car, model: Model, given: Mapping[str, Any]) -> None:
    _put_schedules(car, model, with_schedule(car.schedules, schedule_of(given)))


def _delete_schedule(car: Car, model: Model, given: Mapping[str, Any]) -> None:
    _put_schedules(car, model, tuple(each for each in car.schedules if each.id != given["schedule_id"]))


def _put_schedules(car: Car, model: Model, schedules: tuple[ChargeSchedule, ...]) -> None:
    """Give a car other schedules. One that is plugged in heeds them at once; left with none to wait for, it charges."""
    waited = is_held_back(car)
    car.schedules = schedules
    if not mind_schedules(car, model) and waited and not has_timer(car) and not is_full(car, model):
        start_charging(car, model)


def _climate(car: Car, _model: Model, given: Mapping[str, Any]) -> None:
    car.climate, car.target, car.climate_until = True, float(given["temperature"]), car.minute + CLIMATE_MINUTES


def _defrost(car: Car, model: Model, _given: Mapping[str, Any]) -> None:
    _climate(car, model, {"temperature": car.target})
    car.defroster = True


def _heat_wheel(car: Car, model: Model, _given: Mapping[str, Any]) -> None:
    _climate(car, model, {"temperature": car.target})
    car.steering_heater = True


def _end_climate(car: Car, _model: Model, _given: Mapping[str, Any]) -> None:
    car.climate = car.defroster = car.steering_heater = False


def _go_to(car: Car, _model: Model, given: Mapping[str, Any]) -> None:
    car.destination = (float(given["latitude"]), float(given["longitude"]))


def _assign(name: str, value: object) -> Effect:
    return lambda car, _model, _given: setattr(car, name, value)


def _aim(car: Car, _model: Model, given: Mapping[str, Any]) -> None:
    car.target = float(given["temperature"])


EFFECTS: Final[dict[str, Effect]] = {
    "security-lock": _assign("locked", value=True),
    "security-unlock": _assign("locked", value=False),
    "charge-start": _start_charge,
    "charge-stop": _stop_charge,
    "charge-set-limit": _set_limit,
    "charge-set-amperage": _set_amperage,
    "charge-set-schedule": _set_schedule,
    "charge-schedule-create": _create_schedule,
    "charge-schedule-delete": _delete_schedule,
    "charge-port-open": _assign("flap_open", value=True),
    "charge-port-close": _assign("flap_open", value=False),
    "climate-start": _climate,
    "climate-set": _aim,
    "climate-stop": _end_climate,
    "defroster-start": _defrost,
    "defroster-stop": _assign("defroster", value=False),
    "steering-heater-start": _heat_wheel,
    "steering-heater-stop": _assign("steering_heater", value=False),
    "navigation-set-destination": _go_to,
    "trunk-open": _assign("rear", value=True),
    "trunk-close": _assign("rear", value=False),
    "frunk-open": _assign("front", value=True),
    "frunk-close": _assign("front", value=False),
    "pin-set": _assign("pin", value=True),
    "pin-clear": _assign("pin", value=False),
}


def unsent(car: Car) -> str | None:
    """Return why no command reaches the car, null when it does."""
    if car.contact == "none":
        return "VEHICLE_STATE:UNREACHABLE"
    if car.contact == "asleep":
        return "VEHICLE_STATE:ASLEEP"
    return None


def refusal(car: Car, model: Model, name: str, given: Mapping[str, Any]) -> str | None:
    """Return the kind of problem with which the car refuses a command, null when it obeys."""
    if name not in model.commands:
        return "COMPATIBILITY:VEHICLE_NOT_CAPABLE"
    if not car.virtual_key:
        return "CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED"
    if not car.remote_access:
        return "VEHICLE_STATE:REMOTE_ACCESS_DISABLED"
    if car.in_service:
        return "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE"
    if car.low_voltage < LOW_VOLTAGE:
        return "VEHICLE_STATE:LOW_BATTERY"
    return next((kind for found, kind in REFUSALS[name] if found(car, model, given)), None)


def obey(car: Car, model: Model, event: Commanded, faults: Sequence[SetFault]) -> Outcome:
    """Give a car a command, with these faults in the way, and return what became of it."""
    now = moment(event.at)
    fault = error_of(faults)
    if fault is not None:
        return failed(problem_of(fault, now))
    half = next((each.fault.half for each in faults if each.fault.half), None)
    lost = Outcome("unknown", Problem("UPSTREAM:NO_RESPONSE", now))
    if half == "command_lost":
        return lost
    unreached = unsent(car)
    if unreached:
        return Outcome("not_sent", Problem(unreached, now))
    refused = refusal(car, model, event.name, event.arguments)
    if refused:
        return Outcome("refused", Problem(refused, now))
    wake(car, event.at)
    EFFECTS[event.name](car, model, event.arguments)
    return lost if half == "answer_lost" else Outcome("done")
