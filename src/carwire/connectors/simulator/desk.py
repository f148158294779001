"""The simulated world under the hands of whoever tests with it: fulfils `carwire.core.simulation.Simulator`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from carwire.connectors.simulator.car import fuel_level, soc
from carwire.connectors.simulator.keeper import Keeper
from carwire.connectors.simulator.models import PREFIX
from carwire.connectors.simulator.row import moment
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.connectors.simulator.world import World
from carwire.core.commands import Arguments, Outcome
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.catalogue import signals
from carwire.core.simulation import CarSignals, CarSummary, Clockwork, Fault, PlacedFault, WorldState
from carwire.kit.clock import Clock

MAX_SEED: Final = 2**63


class Desk:
    """Works on a world in this process. `now` is the real clock, which the world's follows when it runs."""

    def __init__(self, world: World, clock: Clockwork, now: Clock, reset: Callable[[int], None] | None = None) -> None:
        self.world: Final = world
        self._clock: Final = clock
        self._now = now
        self._reset = reset or world.reset

    @classmethod
    def of(cls, keeper: Keeper, now: Clock) -> Desk:
        """Return the desk of a server's world."""
        return cls(keeper.world, keeper.clock, now, keeper.reset)

    def state(self) -> WorldState:
        """Return the clock and what else there is to say of all cars together."""
        world = self._present()
        return WorldState(
            world.now, moment(world.started_at), self._clock, world.speed or 0.0, world.seed, len(world.vins())
        )

    def page(self, offset: int, limit: int, *, made_up: bool = False) -> tuple[int, Iterator[CarSummary]]:
        """Return how many cars there are, and so many of them in short, each worked out when it is asked for."""
        world = self._present()
        vins = [vin for vin in world.vins() if not made_up or vin.startswith(PREFIX)]
        return len(vins), self._worked_out(vins[offset : offset + limit])

    def _worked_out(self, vins: Sequence[str]) -> Iterator[CarSummary]:
        for vin in vins:
            if vin in self.world:  # the world may be begun again between two
                yield self.summary(vin)

    def summary(self, vin: str) -> CarSummary:
        """Return one car in short."""
        world = self._present()
        now, model = world.car(vin), world.model(vin)
        return CarSummary(
            vin=vin,
            model_id=model.id,
            make=model.make,
            model=model.model,
            year=model.year,
            powertrain=model.powertrain,
            scenario=now.scenario,
            stage=SCENARIOS[now.scenario].stages[now.stage].name,
            battery=round(soc(now, model), 4) if model.battery_kwh else None,
            tank=round(fuel_level(now, model), 4) if model.tank else None,
            odometer_km=round(now.odometer_km, 1),
            signals=len(model.signals),
            commands=len(model.commands),
        )

    def signals(self, car: str, beginnings: Sequence[str]) -> CarSignals:
        """Read the signals whose codes begin so; without beginnings all the car has."""
        world = self._present()
        vin = world.find(car)
        has, wanted = world.model(vin).signals, tuple(beginnings) or ("",)
        codes = [code for code in signals() if code in has and code.startswith(wanted)]
        if not codes:
            raise InvalidInput(FieldProblem("codes", "the car has no signal with such a code"))
        return CarSignals(world.now, self.summary(vin), world.read(vin, codes).answers)

    def change(self, car: str, scenario: str | None, settings: Mapping[str, str]) -> CarSummary:
        """Begin a scenario, then set things by hand, in order: all of it or nothing."""
        if scenario is None and not settings:
            raise InvalidInput(FieldProblem("settings", "give a scenario or settings like charge=0.5"))
        vin = self._present().find(car)
        self.world.change(vin, scenario, settings)
        self.world.extras.touch(vin)
        return self.summary(vin)

    def faults(self, car: str) -> tuple[PlacedFault, ...]:
        """Return the car's fault script."""
        script = self._present().script(self.world.find(car))
        return tuple(PlacedFault(moment(each.at), each.fault) for each in script)

    def add_fault(self, car: str, fault: Fault) -> tuple[PlacedFault, ...]:
        """Add a fault to the script, and return it."""
        unknown = next((code for code in fault.codes if code not in signals()), None)
        if unknown is not None:
            raise InvalidInput(FieldProblem("codes", f"{unknown[:60]!a} is no signal"))
        if not fault.does_something:
            raise InvalidInput(FieldProblem("kind", "nothing would go wrong: give a kind, a latency, stale or half"))
        vin = self._present().find(car)
        self.world.fault(vin, fault)
        self.world.extras.touch(vin)
        return self.faults(car)

    def clear_faults(self, car: str) -> None:
        """Empty the script."""
        vin = self._present().find(car)
        self.world.fault(vin, None)
        self.world.extras.touch(vin)

    def command(self, car: str, name: str, arguments: Arguments) -> Outcome:
        """Give the car a command, as its maker's service would."""
        vin = self._present().find(car)
        outcome = self.world.command(vin, name, arguments)
        self.world.extras.touch(vin)
        return outcome

    def step(self, seconds: int) -> WorldState:
        """Move the clock on."""
        self._present().step(seconds)
        return self.state()

    def run(self, speed: float) -> WorldState:
        """Let the clock run at a speed; 0 stops it. A stepped clock does not run."""
        if self._clock == "stepped":
            raise InvalidInput(FieldProblem("speed", "this world's clock only steps"))
        self.world.run(self._now(), speed)
        return self.state()

    def reset(self, seed: int) -> WorldState:
        """Begin a new world; the old one is forgotten."""
        if not -MAX_SEED <= seed < MAX_SEED:
            raise InvalidInput(FieldProblem("seed", "must be a number of 64 bits"))
        self._reset(seed)
        return self.state()

    def _present(self) -> World:
        self.world.catch_up(self._now())
        return self.world
