"""The simulated world for a command: that of the server which runs on the data folder, else the one kept in its files.

Both are `carwire.core.simulation.Simulator`, so a verb does not see which it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from carwire.cli.running import Running, find_running
from carwire.core.commands import Arguments, Outcome
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.simulation import CarSignals, CarSummary, Fault, PlacedFault, Simulator, WorldState
from carwire.kit.clock import utc_now

_BASE: Final = "/v1/simulator"


@contextmanager
def simulator(folder: Path, *, keep: bool = True, fresh: bool = False) -> Iterator[Simulator]:
    """The simulated world of a data folder; one kept in files is kept again, unless something raised or not `keep`.

    With `fresh` the command line's own file is not read, because the world is about to be begun again.
    """
    running = find_running(folder)
    if running:
        yield RemoteSimulator(running)
        return
    from carwire.connectors.simulator.desk import Desk
    from carwire.connectors.simulator.keeper import Keeper
    from carwire.connectors.simulator.world import World
    from carwire.connectors.simulator.worldfile import STATE_FILE, load_world, save_world

    if (folder / STATE_FILE).exists():  # a server has had it: it goes on where that one left it
        keeper = Keeper(folder, None, utc_now)
        yield Desk.of(keeper, utc_now)
        if keep:
            keeper.keep_now()
        return
    world = World() if fresh else load_world(folder)
    yield Desk(world, "stepped", utc_now)
    if keep:
        save_world(world, folder)


class RemoteSimulator:
    """Fulfils `Simulator` by asking a running server."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def state(self) -> WorldState:
        """Return the clock and what else there is to say of all cars together."""
        found: WorldState = self._running.get(_BASE, WorldState)
        return found

    def page(self, offset: int, limit: int, *, made_up: bool = False) -> tuple[int, Iterator[CarSummary]]:
        """Return how many cars there are, and up to `limit` of them in short; the server knows whom it shows which."""
        found: _Cars = self._running.get(f"{_BASE}/cars?limit={limit}&offset={offset}", _Cars)
        return found.count, iter(found.cars)

    def signals(self, car: str, beginnings: Sequence[str]) -> CarSignals:
        """Read the signals whose codes begin so; without beginnings all the car has."""
        query = "?" + urlencode({"codes": ",".join(beginnings)}) if beginnings else ""
        found: CarSignals = self._running.get(_path(car) + query, CarSignals)
        return found

    def change(self, car: str, scenario: str | None, settings: Mapping[str, str]) -> CarSummary:
        """Begin a scenario, then set things by hand, in order: all of it or nothing."""
        body = {"scenario": scenario, "settings": settings}
        found: CarSummary = self._running.post(_path(car), body, CarSummary)
        return found

    def faults(self, car: str) -> tuple[PlacedFault, ...]:
        """Return the car's fault script."""
        found: _Script = self._running.get(f"{_path(car)}/faults", _Script)
        return found.faults

    def add_fault(self, car: str, fault: Fault) -> tuple[PlacedFault, ...]:
        """Add a fault to the script, and return it."""
        found: _Script = self._running.post(f"{_path(car)}/faults", fault, _Script)
        return found.faults

    def clear_faults(self, car: str) -> None:
        """Empty the script."""
        self._running.ask("DELETE", f"{_path(car)}/faults")

    def command(self, car: str, name: str, arguments: Arguments) -> Outcome:
        """Give the car a command, as its maker's service would."""
        found: Outcome = self._running.post(f"{_path(car)}/commands", {"name": name, "arguments": arguments}, Outcome)
        return found

    def step(self, seconds: int) -> WorldState:
        """Move the clock on."""
        return self._moved("/clock", {"step": seconds})

    def run(self, speed: float) -> WorldState:
        """Let the clock run at a speed; 0 stops it."""
        return self._moved("/clock", {"speed": speed})

    def reset(self, seed: int) -> WorldState:
        """Begin a new world; the old one is forgotten."""
        return self._moved("/reset", {"seed": seed})

    def _moved(self, path: str, body: object) -> WorldState:
        found: WorldState = self._running.post(_BASE + path, body, WorldState)
        return found


class _Cars(msgspec.Struct, frozen=True):
    cars: list[CarSummary]
    count: int


class _Script(msgspec.Struct, frozen=True):
    faults: tuple[PlacedFault, ...]


def _path(car: str) -> str:
    if not car.strip() or "/" in car or car in {".", ".."}:  # no path of its own
        raise InvalidInput(FieldProblem("car", f"{car[:60]!a} is neither a model nor the VIN of a car in here"))
    return f"{_BASE}/cars/{quote(car, safe='')}"
