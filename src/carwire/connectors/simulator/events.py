"""What can happen to a simulated world, and the two ways to keep one: all its events, or where it stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from carwire.connectors.simulator.adjust import ADJUSTMENTS
from carwire.connectors.simulator.car import Car
from carwire.connectors.simulator.faults import SetFault
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.core.commands import COMMANDS
from carwire.core.simulation import MAX_SPEED, Fault

END: Final = 4_102_444_800  # the year 2100: no world lasts longer


class Added(msgspec.Struct, frozen=True, tag="added"):
    """A car came into the world at epoch second `at`; a `ready` one stands plugged in, and not full."""

    at: int
    vin: str
    model: str
    ready: bool = False


class Started(msgspec.Struct, frozen=True, tag="started"):
    """A car began a scenario."""

    at: int
    vin: str
    scenario: str


class Adjusted(msgspec.Struct, frozen=True, tag="adjusted"):
    """Something was set on a car by hand."""

    at: int
    vin: str
    name: str
    text: str


class Commanded(msgspec.Struct, frozen=True, tag="commanded"):
    """A command was given, whatever became of it."""

    at: int
    vin: str
    name: str
    arguments: dict[str, Any]


class Faulted(msgspec.Struct, frozen=True, tag="faulted"):
    """A fault was added to a car's script; null emptied the script."""

    at: int
    vin: str
    fault: Fault | None


Event = Added | Started | Adjusted | Commanded | Faulted


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is needed to make a world again, to the byte. Moments are epoch seconds."""

    seed: int
    started_at: int
    time: int
    events: tuple[Event, ...] = ()
    version: int = 1


class Checkpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a world stands, whatever it went through: it does not grow with what was done.

    `cars` are those somebody looked at, as they were when last looked at; `waiting` those nobody did, besides the
    specimens every world begins with. `speed` is in seconds a second, null for a clock that only steps; `kept_at` is
    the real moment at which it was `time` in the world. `touched` are the cars of sign-ins that a hand has changed.
    """

    seed: int
    started_at: int
    time: int
    kept_at: datetime
    speed: float | None
    cars: tuple[Car, ...]
    waiting: tuple[Added, ...]
    scripts: dict[str, tuple[SetFault, ...]]
    touched: tuple[str, ...] = ()
    version: int = 1


def check_record(record: Record) -> None:
    """Raise `ValueError` for a record that no world of this version has written."""
    moments = [0, record.started_at, *(event.at for event in record.events), record.time, END]
    if moments != sorted(moments):
        msg = "its times do not follow each other"
        raise ValueError(msg)
    for event in record.events:
        known = (
            (isinstance(event, Added) and event.model in car_range().models)
            or (isinstance(event, Started) and event.scenario in SCENARIOS)
            or (isinstance(event, Adjusted) and event.name in ADJUSTMENTS)
            or (isinstance(event, Commanded) and event.name in COMMANDS)
            or isinstance(event, Faulted)
        )
        if not known:
            msg = f"there is no such event: {event}"
            raise ValueError(msg)


def check_checkpoint(kept: Checkpoint) -> None:
    """Raise `ValueError` for a checkpoint that no world of this version has written."""
    if not 0 <= kept.started_at <= kept.time <= END:
        msg = "its times do not follow each other"
        raise ValueError(msg)
    if kept.kept_at.tzinfo is None or not (kept.speed is None or 0 <= kept.speed <= MAX_SPEED):
        msg = "its clock makes no sense"
        raise ValueError(msg)
    for model in (*(car.model for car in kept.cars), *(added.model for added in kept.waiting)):
        if model not in car_range().models:
            msg = f"there is no model {model}"
            raise ValueError(msg)
    for car in kept.cars:
        scenario = SCENARIOS.get(car.scenario)
        if scenario is None or not 0 <= car.stage < len(scenario.stages) or car.minute > kept.time // 60:
            msg = f"the car {car.vin} is in no state a car can be in"
            raise ValueError(msg)
