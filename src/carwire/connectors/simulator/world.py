"""The simulated world: its clock, its cars, and everything that was done to them.

A car is a function of the seed, the starting moment and the events that name it. Cars do not meet, so each is brought
up to the world's time when it is asked for, and a world of ten thousand costs what the few that are looked at cost.
`World.replay` makes the same world, to the byte, from `World.record`.

The clock stands until it is moved by `step`, or runs after a real clock, at any speed, once `run` is called and
`catch_up` is told the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from carwire.connectors.simulator import orders
from carwire.connectors.simulator.adjust import ADJUSTMENTS, adjust
from carwire.connectors.simulator.car import Car, decode, encode, spoken
from carwire.connectors.simulator.faults import Fault, SetFault, active, error_of, latency
from carwire.connectors.simulator.life import begin, live, new_car, wake
from carwire.connectors.simulator.mapping import answer, moment
from carwire.connectors.simulator.models import Model, car_range
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.core.commands import COMMANDS, Arguments, Outcome, check_command
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.reading import Problem, Reading, Snapshot

STARTED_AT: Final = 1_767_592_800  # 5 January 2026, 06:00 UTC, a Monday
MAX_STEP: Final = 31 * 86_400  # seconds
_END: Final = 4_102_444_800  # the year 2100: no world lasts longer
_UNSENT: Final = frozenset({"VEHICLE_STATE:ASLEEP", "VEHICLE_STATE:UNREACHABLE"})
_THROTTLED_S: Final = 60.0  # what a throttled caller is told to wait, when a fault does not say


class Added(msgspec.Struct, frozen=True, tag="added"):
    """A car came into the world at epoch second `at`."""

    at: int
    vin: str
    model: str


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
    """All that is needed to make a world again. Moments are epoch seconds."""

    seed: int
    started_at: int
    time: int
    events: tuple[Event, ...] = ()
    version: int = 1


class World:
    """Simulated cars under one clock. Not safe for several threads."""

    def __init__(self, seed: int = 1, started_at: int = STARTED_AT) -> None:
        self.seed: Final = seed
        self.started_at: Final = started_at
        self.time = started_at  # epoch seconds
        self._events: list[Event] = []
        self._cars: dict[str, Car] = {}
        self._pending: dict[str, list[Event]] = {}  # of a replay: what a car not yet looked at went through
        self._scripts: dict[str, list[SetFault]] = {}
        self._models: dict[str, Model] = {}
        self._pace: tuple[datetime, int, float] | None = None
        cars = car_range()
        self._fleet: Final = {cars.vin_of(model): model for model in cars.models.values()}
        self._models.update(self._fleet)

    # --- the clock

    @property
    def now(self) -> datetime:
        """The world's time."""
        return moment(self.time)

    def step(self, seconds: int) -> None:
        """Move the clock on. Raises `InvalidInput` for less than nothing, for more than 31 days, and past 2100."""
        if not 0 <= seconds <= MAX_STEP or self.time + seconds > _END:
            raise InvalidInput(FieldProblem("duration", f"must be 0 to {MAX_STEP} seconds, and no later than 2100"))
        self.time += seconds

    def run(self, now: datetime, speed: float = 1.0) -> None:
        """Let the clock run after a real one, `speed` seconds a second, from the real moment `now` on; 0 stops it."""
        if not 0 <= speed <= 3600:
            raise InvalidInput(FieldProblem("speed", "must be 0 to 3600"))
        self.catch_up(now)
        self._pace = (now, self.time, speed)

    def catch_up(self, now: datetime) -> None:
        """Move the clock to where it is at the real moment `now`; a clock that only steps stays."""
        if self._pace:
            real, simulated, speed = self._pace
            self.time = max(self.time, simulated + int((now - real) / timedelta(seconds=1) * speed))

    # --- the cars

    def vins(self) -> list[str]:
        """Return the VIN of every car: one of each model, then those that were added."""
        return list(self._models)

    def __contains__(self, vin: object) -> bool:
        return vin in self._models

    def find(self, text: str) -> str:
        """Return the VIN a text means: a VIN, or the id of a model, in any case. Raises `InvalidInput`."""
        if text.upper() in self._models:
            return text.upper()
        model = car_range().models.get(text.lower())
        if model is None:
            raise InvalidInput(FieldProblem("car", f"{text[:60]!a} is neither a model nor the VIN of a car in here"))
        return car_range().vin_of(model)

    def add(self, vin: str, model: str) -> None:
        """Bring a car into the world, now; one that is there stays. Raises `InvalidInput` for an unknown model."""
        if vin in self._models:
            return
        if model not in car_range().models:
            raise InvalidInput(FieldProblem("model", f"{model[:60]!a} is no model"))
        self._note(Added(self.time, vin, model))

    def model(self, vin: str) -> Model:
        """Return the model of a car. Raises `InvalidInput` for a VIN that is not in here."""
        if vin not in self._models:
            raise InvalidInput(FieldProblem("car", f"{vin[:60]!a} is not the VIN of a car in here"))
        return self._models[vin]

    def car(self, vin: str) -> Car:
        """Return a car as it is at the world's time. Only the world may change it."""
        model = self.model(vin)
        car = self._cars.get(vin)
        if car is None:
            history = self._pending.pop(vin, [])
            born = next((event.at for event in history if isinstance(event, Added)), self.started_at)
            car = self._cars[vin] = new_car(vin, model, self.seed, born // 60)
            for event in history:
                self._bring(car, model, event.at)
                self._apply(car, model, event)
        self._bring(car, model, self.time)
        return car

    def settle(self) -> None:
        """Bring every car up to the world's time."""
        for vin in self._models:
            self.car(vin)

    def dump(self) -> bytes:
        """Return the state of every car as JSON, in the order of VINs: equal worlds give equal bytes."""
        return msgspec.json.encode([self.car(vin) for vin in sorted(self._models)])

    # --- what can be done to them

    def start(self, vin: str, scenario: str) -> None:
        """Let a car begin a scenario now. Raises `InvalidInput` for one nobody knows."""
        if scenario not in SCENARIOS:
            raise InvalidInput(FieldProblem("scenario", f"{scenario[:60]!a} is none of {', '.join(SCENARIOS)}"))
        self._do(Started(self.time, vin, scenario))

    def adjust(self, vin: str, name: str, text: str) -> None:
        """Set something on a car by hand. Raises `InvalidInput` when it cannot be; nothing is changed then."""
        self._do(Adjusted(self.time, vin, name, text))

    def fault(self, vin: str, fault: Fault | None) -> None:
        """Add a fault to a car's script, or empty it with null."""
        self._do(Faulted(self.time, vin, fault))

    def script(self, vin: str) -> tuple[SetFault, ...]:
        """Return the fault script of a car."""
        self.car(vin)
        return tuple(self._scripts.get(vin, ()))

    def command(self, vin: str, name: str, arguments: Arguments) -> Outcome:
        """Give a car a command now. Raises `InvalidInput` for a command or arguments that do not exist."""
        check_command(name, arguments)
        # No car needs the digits of a PIN, so no file gets to hold them.
        kept = {key: value for key, value in arguments.items() if key != "pin"}
        outcome = self._do(Commanded(self.time, vin, name, kept))
        assert outcome is not None
        return outcome

    def read(self, vin: str, codes: Sequence[str]) -> Snapshot:
        """Read signals as the maker's service would answer now, faults included."""
        car, model = self.car(vin), self.model(vin)
        faults = active(self._scripts.get(vin, ()), self.time, "reads")
        stale = next((each.said for each in faults if each.said is not None), None)
        said = spoken(car) if stale is None else decode(stale)
        return Snapshot(vin, {code: self._answer(car, said, model, code, faults) for code in codes})

    def latency(self, vin: str, *, command: bool) -> float:
        """Return by how many seconds an answer about this car is late now."""
        self.car(vin)
        return latency(active(self._scripts.get(vin, ()), self.time, "commands" if command else "reads"))

    # --- the record

    def record(self) -> Record:
        """Return what the world can be made from again."""
        return Record(self.seed, self.started_at, self.time, tuple(self._events))

    @classmethod
    def replay(cls, record: Record) -> World:
        """Make the world of a record. Its cars live through their events when they are looked at.

        Raises `ValueError` for a record that no world of this version has written.
        """
        _check(record)
        world = cls(record.seed, record.started_at)
        world.time = record.time
        world._events = list(record.events)
        for event in record.events:
            if isinstance(event, Added):
                world._models[event.vin] = car_range().models[event.model]
            world._pending.setdefault(event.vin, []).append(event)
        return world

    def _answer(self, car: Car, said: Car, model: Model, code: str, faults: list[SetFault]) -> Reading | Problem:
        fault = error_of(faults, code)
        return answer(car, said, model, code, self.time) if fault is None else _problem(fault, self.now)

    def _note(self, event: Event) -> None:
        self._events.append(event)
        if isinstance(event, Added):
            self._models[event.vin] = car_range().models[event.model]
            self._pending.setdefault(event.vin, []).append(event)

    def _do(self, event: Event) -> Outcome | None:
        car, model = self.car(event.vin), self.model(event.vin)
        outcome = self._apply(car, model, event)
        self._events.append(event)
        return outcome

    @staticmethod
    def _bring(car: Car, model: Model, second: int) -> None:
        minute = second // 60
        while car.minute < minute:
            live(car, model)

    def _apply(self, car: Car, model: Model, event: Event) -> Outcome | None:
        if isinstance(event, Started):
            begin(car, model, SCENARIOS[event.scenario])
            wake(car, event.at)
        elif isinstance(event, Adjusted):
            adjust(car, model, event.name, event.text)
            wake(car, event.at)
        elif isinstance(event, Commanded):
            return self._obey(car, model, event)
        elif isinstance(event, Faulted):
            script = self._scripts.setdefault(car.vin, [])
            if event.fault is None:
                script.clear()
            else:
                said = encode(spoken(car)) if event.fault.stale else None
                script.append(SetFault(event.fault, event.at, said))
        return None

    def _obey(self, car: Car, model: Model, event: Commanded) -> Outcome:
        now = moment(event.at)
        faults = active(self._scripts.get(car.vin, ()), event.at, "commands")
        fault = error_of(faults)
        if fault is not None:
            return _failed(_problem(fault, now))
        half = next((each.fault.half for each in faults if each.fault.half), None)
        lost = Outcome("unknown", Problem("UPSTREAM:NO_RESPONSE", now))
        if half == "command_lost":
            return lost
        unsent = orders.unsent(car)
        if unsent:
            return Outcome("not_sent", Problem(unsent, now))
        refused = orders.refusal(car, model, event.name)
        if refused:
            return Outcome("refused", Problem(refused, now))
        wake(car, event.at)
        orders.EFFECTS[event.name](car, model, event.arguments)
        return lost if half == "answer_lost" else Outcome("done")


def _check(record: Record) -> None:
    moments = [0, record.started_at, *(event.at for event in record.events), record.time, _END]
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


def _problem(fault: Fault, now: datetime) -> Problem:
    assert fault.kind is not None
    wait = fault.retry_after_s
    if wait is None and fault.kind.startswith("RATE_LIMIT:"):
        wait = _THROTTLED_S
    return Problem(fault.kind, now, wait)


def _failed(problem: Problem) -> Outcome:
    """Say how a command ends that met this problem: where the maker answered in disorder, it may have happened."""
    kind = problem.kind
    if kind in {"UPSTREAM:NO_RESPONSE", "UPSTREAM:UNKNOWN_ISSUE", "UPSTREAM:INVALID_DATA"}:
        return Outcome("unknown", problem)
    if kind.startswith(("UPSTREAM:", "RATE_LIMIT:", "SERVER:")) or kind in _UNSENT:
        return Outcome("not_sent", problem)
    return Outcome("refused", problem)
