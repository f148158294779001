"""What 10,000 simulated cars cost, as one line of JSON: run ``python tests/bench/simulator.py``.

``seconds`` is a simulated minute of all of them, the median of twenty; ``mib`` the memory they take; then what keeping
the world and going on from it costs, and a car that nobody looked at for a year.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec

sys.path.insert(0, str(Path(__file__).parent))
from cars import CARS, measure, seconds, world_of_many

from carwire.connectors.simulator.events import Checkpoint
from carwire.connectors.simulator.keeper import SKIP_AFTER
from carwire.connectors.simulator.world import World

_ABSENT_DAYS = 365


def figures(cars: int = CARS) -> dict[str, float]:
    """Measure everything: seconds, and MiB where the name says so."""
    cost = measure(cars)
    world = world_of_many(cars)
    world.settle()
    kept: list[bytes] = []
    keeping = seconds(lambda: kept.append(msgspec.json.encode(world.checkpoint(datetime.now(UTC)))))
    resumed: list[World] = []
    resuming = seconds(lambda: resumed.append(World.resume(msgspec.json.decode(kept[0], type=Checkpoint))))
    few = World()
    few.skip_after = SKIP_AFTER["real"]
    few.settle()
    few.time += _ABSENT_DAYS * 86_400
    return {
        "cars": cars,
        "seconds": round(median(cost.minutes), 4),
        "mib": round(cost.mib, 1),
        "making_seconds": round(cost.making, 3),
        "keeping_seconds": round(keeping, 3),
        "kept_mib": round(len(kept[0]) / 2**20, 1),
        "resuming_seconds": round(resuming, 3),
        "year_of_one_car_seconds": round(seconds(few.settle) / len(few.vins()), 4),
    }


if __name__ == "__main__":
    print(msgspec.json.encode(figures()).decode())
