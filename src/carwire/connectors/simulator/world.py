"""The simulated world: its clock, its cars, and everything that was done to them.

A car is a function of the seed, the starting moment and the events that name it. Cars do not meet, so each is brought
up to the world's time when it is asked for, and a world of ten thousand costs what the few that are looked at cost.
`World.replay` makes the same world, to the byte, from `World.record`. A server's world, which goes on for months,
remembers where it stands instead of all it went through (`World.checkpoint`), and lets a car skip days that nobody
saw (`skip`).

The clock stands until it is moved by `step`, or runs after a real clock, at any speed, once `run` is called and
`catch_up` is told the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from carwire.connectors.simulator.adjust import adjust
from carwire.connectors.simulator.car import Car, decode, encode, spoken
from carwire.connectors.simulator.events import (
    END,
    Added,
    Adjusted,
    Checkpoint,
    Commanded,
    Event,
    Faulted,
    Record,
    Started,
    check_checkpoint,
    check_record,
)
from carwire.connectors.simulator.extras import Extras
from carwire.connectors.simulator.faults import SetFault, active, error_of, latency, problem_of
from carwire.connectors.simulator.life import begin, new_car, ready_car, wake
from carwire.connectors.simulator.mapping import answer
from carwire.connectors.simulator.models import Model, car_range
from carwire.connectors.simulator.orders import obey
from carwire.connectors.simulator.row import moment
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.connectors.simulator.skip import bring
from carwire.core.commands import Arguments, Outcome, check_command
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.simulation import MAX_SPEED, MAX_STEP, Fault

Watcher = Callable[[str | None], None]

STARTED_AT: Final = 1_767_592_800  # 5 January 2026, 06:00 UTC, a Monday
MAX_FAULTS: Final = 100  # in the script of one car
MOST_EXTRAS: Final = 20_000  # cars beyond one of each model


class World:
    """Simulated cars under one clock. Not safe for several threads.

    With `skip_after`, in minutes, a car that nobody looked at for longer skips what it can; null never skips. A world
    that keeps no events bounds the cars beyond one of each model: see `extras`.
    """

    def __init__(self, seed: int = 1, started_at: int = STARTED_AT) -> None:
        self.skip_after: int | None = None
        self.beginnings = 0  # grows when it is begun again
        self.extras = Extras(MOST_EXTRAS)
        self._remembers = True
        self._watchers: list[Watcher] = []
        self._begin(seed, started_at)

    def _begin(self, seed: int, started_at: int) -> None:
        self.seed = seed
        self.started_at = started_at
        self.extras = Extras(self.extras.most)
        self.time = started_at  # epoch seconds
        self.revision = 0  # grows with whatever is done, time that passes by itself aside
        self._events: list[Event] = []
        self._cars: dict[str, Car] = {}
        self._pending: dict[str, list[Event]] = {}  # what a car not yet looked at went through
        self._scripts: dict[str, list[SetFault]] = {}
        self._pace: tuple[datetime, int, float] | None = None
        self._moment: tuple[int, datetime] | None = None  # the last one asked for: made once a second
        cars = car_range()
        self._models: dict[str, Model] = {cars.vin_of(model): model for model in cars.models.values()}

    def reset(self, seed: int, started_at: int = STARTED_AT) -> None:
        """Begin again, with another seed and at another time; the clock stands."""
        before = self.revision
        self._begin(seed, started_at)
        self.revision = before + 1
        self.beginnings += 1
        self._tell(None)

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Let somebody be told, until they call what is returned, of every car something is done to, by its VIN; a null
        is all of them: the clock was moved by hand.
        """
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    # --- the clock

    @property
    def now(self) -> datetime:
        """The world's time."""
        if self._moment is None or self._moment[0] != self.time:
            self._moment = self.time, moment(self.time)
        return self._moment[1]

    def step(self, seconds: int) -> None:
        """Move the clock on. Raises `InvalidInput` for less than nothing, for more than 31 days, and past 2100."""
        if not 0 <= seconds <= MAX_STEP or self.time + seconds > END:
            raise InvalidInput(FieldProblem("step", f"must be 0 to {MAX_STEP} seconds, and no later than 2100"))
        self.time += seconds
        self.revision += 1
        self._tell(None)
        if self._pace:
            real, simulated, speed = self._pace
            self._pace = real, simulated + seconds, speed

    def run(self, now: datetime, speed: float = 1.0) -> None:
        """Let the clock run after a real one, `speed` seconds a second, from the real moment `now` on; 0 stops it."""
        if not 0 <= speed <= MAX_SPEED:
            raise InvalidInput(FieldProblem("speed", f"must be 0 to {MAX_SPEED:g}"))
        self.catch_up(now)
        self._pace = (now, self.time, speed)
        self.revision += 1

    def stand(self) -> None:
        """Let the clock stand until it is stepped."""
        self._pace = None

    @property
    def speed(self) -> float | None:
        """How fast the clock runs, in seconds a second; null when it only steps."""
        return self._pace[2] if self._pace else None

    def catch_up(self, now: datetime) -> None:
        """Move the clock to where it is at the real moment `now`; a clock that only steps stays."""
        if self._pace:
            real, simulated, speed = self._pace
            passed = simulated + int((now - real).total_seconds() * speed)
            if passed > self.time:
                self.time = min(END, passed)

    # --- the cars

    def vins(self) -> list[str]:
        """Return the VIN of every car: one of each model, then those that were added."""
        return list(self._models)

    def __contains__(self, vin: object) -> bool:
        return vin in self._models

    def find(self, text: str) -> str:
        """Return the VIN a text means: a VIN, or the id of a model, in any case. Raises `InvalidInput`.

        A car that was announced comes when it is named.
        """
        vin = text.upper()
        announced = self.extras.announced(vin)
        if announced:
            self.come(vin, announced.model, announced.problem)
        if vin in self._models:
            return vin
        model = car_range().models.get(text.lower())
        if model is None:
            raise InvalidInput(FieldProblem("car", f"{text[:60]!a} is neither a model nor the VIN of a car in here"))
        return car_range().vin_of(model)

    def add(self, vin: str, model: str, *, ready: bool = False) -> None:
        """Bring a car into the world, now; one that is there stays. A `ready` one is plugged in and not full.

        Raises `InvalidInput` for an unknown model.
        """
        if vin in self._models:
            return
        if model not in car_range().models:
            raise InvalidInput(FieldProblem("model", f"{model[:60]!a} is no model"))
        self._make_room(1)
        event = Added(self.time, vin, model, ready)
        self._note(event)
        self._expect(event)

    def come(self, vin: str, model: str, problem: str | None = None) -> None:
        """Let the car of a login be there, ready if it is new, and count as used now.

        `problem` is the kind that everything but the VIN of a new one meets.
        """
        if vin in self._models:
            self.extras.use(vin)
            return
        self.add(vin, model, ready=True)
        if problem:
            self.fault(vin, Fault(kind=problem))

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
            came = next((event for event in history if isinstance(event, Added)), None)
            make = ready_car if came and came.ready else new_car
            car = self._cars[vin] = make(vin, model, self.seed, (came.at if came else self.started_at) // 60)
            for event in history:
                self._bring(car, model, event.at)
                self._apply(car, model, event)
        self._bring(car, model, self.time)
        return car

    def known(self, vin: str) -> Car:
        """Return a car as it was when last looked at, at no cost: for what time alone does not change."""
        return self._cars.get(vin) or self.car(vin)

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

    def change(self, vin: str, scenario: str | None, settings: Mapping[str, str]) -> None:
        """Begin a scenario, then set things by hand, in order. Raises `InvalidInput`; nothing is changed then."""
        before, events = encode(self.car(vin)), len(self._events)
        try:
            if scenario is not None:
                self.start(vin, scenario)
            for name, text in settings.items():
                self.adjust(vin, name, text)
        except InvalidInput:
            self._cars[vin] = decode(before)
            del self._events[events:]
            raise

    def fault(self, vin: str, fault: Fault | None) -> None:
        """Add a fault to a car's script, or empty it with null. Raises `InvalidInput` when the script is full."""
        if fault and len(self.script(vin)) >= MAX_FAULTS:
            raise InvalidInput(FieldProblem("fault", f"the script has {MAX_FAULTS} faults already; clear it first"))
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
        check_record(record)
        world = cls(record.seed, record.started_at)
        world.time = record.time
        world._events = list(record.events)
        for event in record.events:
            world._expect(event)
        return world

    def forget(self) -> None:
        """Keep no events from now on: the world can be kept by `checkpoint` alone."""
        self._remembers = False
        self._events.clear()
        self._make_room(0)

    def looked_at(self) -> list[str]:
        """Return the VIN of every car that has a state to keep; of the extras, those that would go first come first."""
        for vin in [vin for vin, past in self._pending.items() if not all(isinstance(each, Added) for each in past)]:
            self.car(vin)
        extras = dict.fromkeys(self.extras.by_use())
        return [*(vin for vin in self._cars if vin not in extras), *(vin for vin in extras if vin in self._cars)]

    def checkpoint(self, now: datetime, *, cars: bool = True) -> Checkpoint:
        """Return where the world stands at the real moment `now`; without `cars` all the rest, after `looked_at`."""
        self.catch_up(now)
        return Checkpoint(
            seed=self.seed,
            started_at=self.started_at,
            time=self.time,
            kept_at=now,
            speed=self.speed,
            cars=tuple(self._cars[vin] for vin in self.looked_at()) if cars else (),
            waiting=tuple(event for each in self._pending.values() for event in each if isinstance(event, Added)),
            scripts={vin: tuple(script) for vin, script in self._scripts.items() if script},
            touched=self.extras.touched(),
        )

    @classmethod
    def resume(cls, kept: Checkpoint) -> World:
        """Go on from a checkpoint, forgetful; its clock goes on from the moment it was kept.

        Raises `ValueError` for one that no world of this version has written.
        """
        check_checkpoint(kept)
        world = cls(kept.seed, kept.started_at)
        world.forget()
        world.time = kept.time
        for car in kept.cars:
            if car.vin not in world:
                world._models[car.vin] = car_range().models[car.model]
                world.extras.came(car.vin)
            world._cars[car.vin] = car
        for event in kept.waiting:
            world._expect(event)
        world._scripts = {vin: list(script) for vin, script in kept.scripts.items() if vin in world}
        for vin in kept.touched:
            world.extras.touch(vin)
        world._make_room(0)
        if kept.speed is not None:
            world._pace = kept.kept_at, kept.time, kept.speed
        return world

    def _expect(self, event: Event) -> None:
        """Let a car that nobody has looked at yet go through an event when somebody does."""
        if isinstance(event, Added):
            self._models[event.vin] = car_range().models[event.model]
            self.extras.came(event.vin)
        self._pending.setdefault(event.vin, []).append(event)

    def _make_room(self, more: int) -> None:
        """Let cars go until there is room for so many more. A world that can be made again keeps them all."""
        while not self._remembers and (vin := self.extras.to_go(more)):
            self.extras.gone(vin)
            del self._models[vin]
            self._cars.pop(vin, None)
            self._pending.pop(vin, None)
            self._scripts.pop(vin, None)

    def _answer(self, car: Car, said: Car, model: Model, code: str, faults: list[SetFault]) -> Reading | Problem:
        fault = error_of(faults, code)
        return answer(car, said, model, code, self.time) if fault is None else problem_of(fault, self.now)

    def _note(self, event: Event) -> None:
        self.revision += 1
        if self._remembers:
            self._events.append(event)

    def _do(self, event: Event) -> Outcome | None:
        car, model = self.car(event.vin), self.model(event.vin)
        outcome = self._apply(car, model, event)
        self._note(event)
        self._tell(event.vin)
        return outcome

    def _tell(self, vin: str | None) -> None:
        for watcher in self._watchers:
            watcher(vin)

    def _bring(self, car: Car, model: Model, second: int) -> None:
        bring(car, model, second // 60, skip_after=self.skip_after)

    def _apply(self, car: Car, model: Model, event: Event) -> Outcome | None:
        if isinstance(event, Started):
            begin(car, model, SCENARIOS[event.scenario])
            wake(car, event.at)
        elif isinstance(event, Adjusted):
            adjust(car, model, event.name, event.text)
            wake(car, event.at)
        elif isinstance(event, Commanded):
            return obey(car, model, event, active(self._scripts.get(car.vin, ()), event.at, "commands"))
        elif isinstance(event, Faulted):
            script = self._scripts.setdefault(car.vin, [])
            if event.fault is None:
                script.clear()
            else:
                said = encode(spoken(car)) if event.fault.stale else None
                script.append(SetFault(event.fault, event.at, said))
        return None
