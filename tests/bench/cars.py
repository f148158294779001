"""What 10,000 simulated cars cost: run ``python tests/bench/cars.py``.

Every car is driven, charged or parked by its own scenario; the cars are made first, then the world is moved by a
simulated minute and all of them are brought up to it.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.connectors.simulator.world import World

CARS = 10_000
MINUTES = 20


def world_of_many(cars: int) -> World:
    """Return a world with so many cars, of all models and in all scenarios."""
    world, models, scenarios = World(), list(car_range().models.values()), list(SCENARIOS)
    for n in range(cars - len(world.vins())):
        model = models[n % len(models)]
        world.add(car_range().vin_of(model, n), model.id)
    for n, vin in enumerate(world.vins()):
        world.start(vin, scenarios[n % len(scenarios)])
    return world


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def resident_mib() -> float:
    """The most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Cost(NamedTuple):
    """What was measured: seconds to make the cars, seconds for a simulated minute of all, MiB they take."""

    making: float
    minutes: list[float]
    mib: float


def measure(cars: int = CARS) -> Cost:
    """Make the cars and let them live."""
    car_range()
    before = resident_mib()
    made: list[World] = []
    making = seconds(lambda: made.append(world_of_many(cars)))
    (world,) = made
    minutes = []
    for _ in range(MINUTES):
        world.step(60)
        minutes.append(seconds(world.settle))
    return Cost(making, minutes, resident_mib() - before)


if __name__ == "__main__":
    cost = measure()
    print(f"{CARS:,} cars made in {cost.making:.2f} s, taking {cost.mib:.0f} MiB")
    print(f"a simulated minute of all: {median(cost.minutes):.3f} s, {min(cost.minutes):.3f}-{max(cost.minutes):.3f}")
