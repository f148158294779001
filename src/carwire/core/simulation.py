"""What the simulated cars are asked and told from outside: their clock, their state, what goes wrong with them.

The port of `carwire.core.ports.Source` is for what every source of data can do; this one is for what only made-up cars
can: being changed by hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

import msgspec

from carwire.core.commands import Arguments, Outcome
from carwire.core.signals.problems import KINDS
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vin.powertrain import Powertrain

On = Literal["all", "reads", "commands"]
Half = Literal["answer_lost", "command_lost"]
Clockwork = Literal["real", "stepped"]  # runs after the real clock, or stands until it is told to move
MAX_LATENCY_S: Final = 600.0
MAX_STEP: Final = 31 * 86_400  # seconds the clock moves at once
MAX_SPEED: Final = 3600.0  # seconds a second
MAX_PAGE: Final = 1000  # cars


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong with a car's connection.

    `kind` is a kind of problem that is answered instead; `codes` narrows it to some signals. `latency_s` holds every
    answer back. `stale` lets reads answer what the car said when the fault was set. `half` makes commands half-done:
    with ``answer_lost`` the car does it and the answer is lost, with ``command_lost`` it never arrives; the outcome is
    unknown either way. `retry_after_s` goes with a problem of throttling. The window is `after_s` to `after_s + for_s`
    seconds from when the fault was set; a null `for_s` has no end.
    """

    kind: str | None = None
    on: On = "all"
    codes: tuple[str, ...] = ()
    latency_s: float = 0.0
    stale: bool = False
    half: Half | None = None
    retry_after_s: float | None = None
    after_s: int = 0
    for_s: int | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            msg = f"{self.kind!r} is no kind of problem"
            raise ValueError(msg)
        lengths = (self.latency_s, self.after_s, self.for_s or 0, self.retry_after_s or 0)
        if not all(math.isfinite(length) and length >= 0 for length in lengths):
            msg = "lengths of time are not negative"
            raise ValueError(msg)
        if self.latency_s > MAX_LATENCY_S:
            msg = f"a latency is at most {MAX_LATENCY_S:g} seconds"
            raise ValueError(msg)

    @property
    def does_something(self) -> bool:
        """Whether anything goes wrong at all."""
        return bool(self.kind or self.latency_s or self.stale or self.half)


class PlacedFault(msgspec.Struct, frozen=True):
    """A fault in a car's script and the moment of the simulated world it was set."""

    set_at: datetime
    fault: Fault


class WorldState(msgspec.Struct, frozen=True):
    """The simulated world as a whole. `now` is its time; `speed` is in seconds a second, 0 while the clock stands."""

    now: datetime
    started_at: datetime
    clock: Clockwork
    speed: float
    seed: int
    cars: int


class CarSummary(msgspec.Struct, frozen=True):
    """One simulated car in short. `battery` and `tank` are shares of 1, null where there is none; `signals` and
    `commands` say how many it has.
    """

    vin: str
    model_id: str
    make: str
    model: str
    year: int
    powertrain: Powertrain
    scenario: str
    stage: str
    battery: float | None
    tank: float | None
    odometer_km: float
    signals: int
    commands: int


class CarSignals(msgspec.Struct, frozen=True):
    """What a simulated car answers at one moment of its world, after the faults of its script."""

    now: datetime
    car: CarSummary
    answers: Mapping[str, Reading | Problem]


class Simulator(Protocol):
    """The simulated world under the hands of whoever tests with it. `car` is a VIN or the id of a model.

    Everything raises `InvalidInput` for a car that is not there and for what cannot be done; nothing has changed then.
    """

    def state(self) -> WorldState:
        """Return the clock and what else there is to say of all cars together."""

    def page(self, offset: int, limit: int, *, made_up: bool = False) -> tuple[int, Iterator[CarSummary]]:
        """Return how many cars there are, and up to `limit` of them in short, each worked out when it is asked for.

        With `made_up` only those whose VIN can be nobody's: an owner may have typed the VIN of a real car.
        """

    def signals(self, car: str, beginnings: Sequence[str]) -> CarSignals:
        """Read the signals whose codes begin so; without beginnings all the car has."""

    def change(self, car: str, scenario: str | None, settings: Mapping[str, str]) -> CarSummary:
        """Begin a scenario, then set things by hand, in order: all of it or nothing."""

    def faults(self, car: str) -> tuple[PlacedFault, ...]:
        """Return the car's fault script."""

    def add_fault(self, car: str, fault: Fault) -> tuple[PlacedFault, ...]:
        """Add a fault to the script, and return it."""

    def clear_faults(self, car: str) -> None:
        """Empty the script."""

    def command(self, car: str, name: str, arguments: Arguments) -> Outcome:
        """Give the car a command, as its maker's service would. Latency of the script is not waited out."""

    def step(self, seconds: int) -> WorldState:
        """Move the clock on."""

    def run(self, speed: float) -> WorldState:
        """Let the clock run at a speed; 0 stops it."""

    def reset(self, seed: int) -> WorldState:
        """Begin a new world; the old one is forgotten."""


def every_car(simulator: Simulator) -> Iterator[CarSummary]:
    """Return every car in short, page by page."""
    offset, count = 0, 1
    while offset < count:
        count, cars = simulator.page(offset, MAX_PAGE)
        yield from cars
        offset += MAX_PAGE
