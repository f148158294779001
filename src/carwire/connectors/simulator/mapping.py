"""From a car's state to its signals: one row per code. A row returns the value, or why there is none just now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from carwire.connectors.simulator.body_rows import BODY_ROWS
from carwire.connectors.simulator.car import Car
from carwire.connectors.simulator.energy_rows import ENERGY_ROWS
from carwire.connectors.simulator.faults import STATIC
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.orders import DEAD_VOLTAGE
from carwire.connectors.simulator.row import Absent, Row, moment
from carwire.connectors.simulator.upkeep_rows import UPKEEP_ROWS
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading

NAME: Final = "simulator"
_MAKER_SECONDS: Final = 3  # from the car to the maker's cloud
ROWS: Final[Mapping[str, Row]] = {**ENERGY_ROWS, **BODY_ROWS, **UPKEEP_ROWS}


def answer(car: Car, said: Car, model: Model, code: str, now: int) -> Reading | Problem:
    """Return what is told of one signal, at epoch second `now` of its world, no fault standing in the way.

    `said` is the car as it spoke last; what the maker's service knows by itself is told of the car as it is.
    """
    at = moment(now)
    if code not in model.signals:
        return Problem("COMPATIBILITY:VEHICLE_NOT_CAPABLE", at)
    blocked = None if code in STATIC or code in KNOWN_TO_CLOUD else silence(car)
    if blocked:
        return Problem(blocked, at)
    known = code in KNOWN_TO_CLOUD
    found = ROWS[code](car if known else said, model)
    if isinstance(found, Absent):
        return Problem(found.kind, at)
    signal = signals()[code]
    if signal.kind == "attribute":
        return Reading(found, signal.unit, None, None, at, NAME)
    measured = now if known else min(said.measured_s, now)
    maker = min(measured + _MAKER_SECONDS, now)
    return Reading(found, signal.unit, moment(measured), moment(maker), at, NAME)


def silence(car: Car) -> str | None:
    """Return why the car answers nothing, null when it does. One that merely sleeps answers what it said last."""
    if car.contact == "none":
        return "VEHICLE_STATE:UNREACHABLE"
    if car.contact == "asleep":
        return "VEHICLE_STATE:ASLEEP"
    if not car.remote_access:
        return "VEHICLE_STATE:REMOTE_ACCESS_DISABLED"
    if car.in_service:
        return "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE"
    if car.low_voltage < DEAD_VOLTAGE:
        return "VEHICLE_STATE:LOW_BATTERY"
    return None


# What the maker's service knows without the car.
KNOWN_TO_CLOUD: Final = frozenset(
    {"connectivitystatus-isasleep", "connectivitystatus-isonline", "connectivitystatus-isdigitalkeypaired"}
    | {"service-isinservice", "service-records", "vehicleuseraccount-permissions", "vehicleuseraccount-role"}
    | {"vehicleidentification-nickname"}
)
