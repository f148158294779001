"""Where events come from: a process that lets cars say something new, and writes down what it was told is kept."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path

from tests.crash.plan import Plan
from tests.fakes import ODOMETER, reading

from carwire.app import open_database
from carwire.core.errors import StoreUnavailable
from carwire.core.grants import Principal
from carwire.core.ports import Store
from carwire.core.vehicles import Vehicle

LANES = 4  # transactions at once


def acknowledged(plan: Plan) -> list[tuple[str, float]]:
    """Return the events of which the driver was told that they are kept: car and value."""
    lines = acks(plan).read_text().splitlines() if acks(plan).exists() else []
    return [(car_id, float(value)) for car_id, value in (line.split(" ") for line in lines)]


def acks(plan: Plan) -> Path:
    """The file they are written to."""
    return plan.path / "acknowledged"


def enough(plan: Plan) -> Path:
    """The file that is there when the driver may stop: everything that was to die has."""
    return plan.path / "enough"


def main(plan: Plan, principal: Principal) -> None:
    """Write until there are as many events as planned, and on until it is enough."""
    asyncio.run(_main(plan, principal))


async def _main(plan: Plan, principal: Principal) -> None:
    store = open_database(plan.settings())
    ids, _ = await store.vehicles(principal, 10_000, 0)
    vehicles = [found for each in sorted(ids) if (found := await store.reach(principal, each))]
    done = len(acknowledged(plan))
    pace = _Pace(plan.rate, plan.events - done, enough(plan))
    with acks(plan).open("a", buffering=1) as log:

        async def lane(own: Sequence[Vehicle]) -> None:
            dice = random.Random(f"{plan.seed} {done} {own[0].id}")
            while await pace.turn():
                vehicle, km = dice.choice(own), round((time.time() - plan.began) * 1000)
                if await _say(store, plan, vehicle, km):
                    log.write(f"{vehicle.car.id} {km}\n")
                else:
                    pace.again()

        await asyncio.gather(*(lane(vehicles[number::LANES]) for number in range(LANES)))
    await store.close()


async def _say(store: Store, plan: Plan, vehicle: Vehicle, km: float) -> bool:
    """Let a car have come as far as this. What is not acknowledged may be kept or not."""
    now = plan.clock()
    try:
        return await store.keep(vehicle, {ODOMETER: reading(float(km), now)}, now)
    except StoreUnavailable:
        await asyncio.sleep(0.1)
        return False


class _Pace:
    """So many turns, at a rate, and more until there is an end."""

    def __init__(self, rate: float, turns: int, end: Path) -> None:
        self._left = turns
        self._end = end
        self._every = 1 / rate
        self._next = time.monotonic()

    async def turn(self) -> bool:
        """Wait for a turn; false when there is none left."""
        if self._left <= 0 and self._end.exists():
            return False
        self._left -= 1
        every = self._every if self._left >= 0 else 10 * self._every
        self._next = max(self._next + every, time.monotonic() - 0.2)
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        return True

    def again(self) -> None:
        """Take back a turn that came to nothing."""
        self._left += 1
