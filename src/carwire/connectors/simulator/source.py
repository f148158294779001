"""The simulated cars behind the port that real ones will use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from carwire.connectors.simulator.faults import Fault
from carwire.connectors.simulator.logins import SLOW_S, Account, sign_in
from carwire.connectors.simulator.mapping import NAME
from carwire.connectors.simulator.world import World
from carwire.core.commands import Arguments, Outcome
from carwire.core.signals.reading import Problem, Snapshot
from carwire.core.sources import Costs, Login, SourceCar

Sleep = Callable[[float], Awaitable[object]]

# Steps of the sign-in after which there is no list of cars, and the problem each is to a program.
_ENDS: Final = {
    "incompatible": "COMPATIBILITY:VEHICLE_NOT_CAPABLE",
    "subscription": "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION",
    "no_vehicles": "CONNECTED_SERVICES_ACCOUNT:NO_VEHICLES",
    "wrong_password": "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED",
    "maker_down": "UPSTREAM:KNOWN_ISSUE",
    "server_error": "SERVER:INTERNAL",
}


class SimulatorSource:
    """Fulfils `carwire.core.ports.Source` over a world. Times are of the world's clock, which follows the caller's
    when it runs. Latency of fault scripts is waited out with `sleep`.
    """

    name: Final = NAME
    costs: Final = Costs(reads_wake=False, commands_wake=True, wake_kwh=0.01, reads_per_minute=60)

    def __init__(self, world: World, sleep: Sleep = asyncio.sleep) -> None:
        self.world: Final = world
        self._sleep = sleep

    async def cars(self, login: Login, *, now: datetime) -> tuple[SourceCar, ...] | Problem:
        """Return the cars of a login, which are in the world from then on, or why there are none to show.

        Questions a sign-in asks in between (a code, a PIN) are the business of whoever shows them: see `logins`.
        """
        self.world.catch_up(now)
        account = sign_in(login.username, login.make)
        if account.step == "slow":
            await self._sleep(SLOW_S)
        if account.step in _ENDS:
            return Problem(_ENDS[account.step], self.world.now)
        self._settle_in(account)
        return tuple(self.describe(car.vin) for car in account.cars)

    def describe(self, vin: str) -> SourceCar:
        """Return what a car of the world can be asked. Raises `InvalidInput` for one that is not there."""
        m = self.world.model(vin)
        return SourceCar(vin, m.make, m.model, m.year, m.powertrain, m.signals, m.commands)

    async def read(self, vin: str, codes: Sequence[str], *, now: datetime) -> Snapshot:
        """Read signals of a car; one that is not in the world is missing from the account."""
        self.world.catch_up(now)
        if vin not in self.world:
            missing = Problem("CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING", self.world.now)
            return Snapshot(vin, dict.fromkeys(codes, missing))
        await self._wait(vin, command=False)
        return self.world.read(vin, codes)

    async def command(self, vin: str, name: str, arguments: Arguments, *, now: datetime) -> Outcome:
        """Give a car a command. Raises `InvalidInput` for a command or arguments that do not exist."""
        self.world.catch_up(now)
        if vin not in self.world:
            return Outcome("not_sent", Problem("CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING", self.world.now))
        await self._wait(vin, command=True)
        return self.world.command(vin, name, arguments)

    def _settle_in(self, account: Account) -> None:
        for car in account.cars:
            if car.vin in self.world:
                continue
            self.world.add(car.vin, car.model)
            if car.problem:
                self.world.fault(car.vin, Fault(kind=car.problem))

    async def _wait(self, vin: str, *, command: bool) -> None:
        seconds = self.world.latency(vin, command=command)
        if seconds:
            await self._sleep(seconds)
