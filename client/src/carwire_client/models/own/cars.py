"""Why a vehicle does not answer, and simulated cars."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from carwire_client.models.own.base import OwnPart, OwnResult


class Step(OwnPart, frozen=True, kw_only=True):
    """One step on the way: its verdict, the fact it rests on, and what would change it.

    `kind` is what blocks, in the words of the errors; `retry_after_s` in seconds.
    """

    step: str
    verdict: str
    fact: str
    would_change: str | None = None
    kind: str | None = None
    retry_after_s: float | None = None


class LastKnown(OwnPart, frozen=True, kw_only=True):
    """The times of the last known reading, aware, and its age in seconds."""

    fetched_at: datetime
    age_s: float
    measured_at: datetime | None = None
    maker_at: datetime | None = None


class Why(OwnResult, frozen=True, kw_only=True):
    """Every step on the way to a signal or a command, and the name of the one that blocks; null when none is known to.

    `asked` says whether the car was asked for this answer.
    """

    vehicle_id: str
    signal: str | None = None
    command: str | None = None
    at: datetime
    asked: bool = False
    blocked_by: str | None = None
    steps: tuple[Step, ...] = ()
    last: LastKnown | None = None


class World(OwnResult, frozen=True, kw_only=True):
    """The simulated world. `clock` is ``real`` or ``stepped``, `speed` in seconds a second, 0 while it stands."""

    now: datetime
    started_at: datetime | None = None
    clock: str
    speed: float
    seed: int
    cars: int


class CarSummary(OwnPart, frozen=True, kw_only=True):
    """A simulated car. `battery` and `tank` are shares of 1, null where there is none; the odometer is in km."""

    vin: str
    model_id: str
    make: str
    model: str
    year: int
    powertrain: str
    scenario: str
    stage: str
    battery: float | None = None
    tank: float | None = None
    odometer_km: float
    signals: int
    commands: int


class ChangedCar(OwnResult, frozen=True, kw_only=True):
    """A simulated car after a change: the members of `CarSummary`."""

    vin: str
    model_id: str
    make: str
    model: str
    year: int
    powertrain: str
    scenario: str
    stage: str
    battery: float | None = None
    tank: float | None = None
    odometer_km: float
    signals: int
    commands: int


class Cars(OwnResult, frozen=True, kw_only=True):
    """A page of simulated cars; `count` is that of all."""

    cars: tuple[CarSummary, ...]
    count: int
    offset: int = 0


class CarSignals(OwnResult, frozen=True, kw_only=True):
    """What a simulated car says at `now`: readings and problems by the code of the signal, as they came."""

    now: datetime
    car: CarSummary
    answers: dict[str, dict[str, Any]]


class PlacedFault(OwnPart, frozen=True, kw_only=True):
    """A fault of a script as it came, and when it was set."""

    set_at: datetime
    fault: dict[str, Any]


class Faults(OwnResult, frozen=True, kw_only=True):
    """All that goes wrong with a simulated car's connection."""

    faults: tuple[PlacedFault, ...]


class CommandOutcome(OwnResult, frozen=True, kw_only=True):
    """What became of a command: `kind` is ``done``, ``refused``, ``not_sent`` or ``unknown``; `problem` says why."""

    kind: str
    problem: dict[str, Any] | None = None
