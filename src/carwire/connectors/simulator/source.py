"""The simulated cars behind the port that real ones will use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from carwire.connectors.simulator.logins import SLOW_S, LoginCar
from carwire.connectors.simulator.mapping import NAME
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.signing import Session, answered, question, session_of
from carwire.connectors.simulator.world import World
from carwire.core.commands import COMMANDS, Arguments, Outcome, check_command
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.sources import Costs, Login, Question, SignedIn, SourceCar
from carwire.kit.secrets import Secret

Sleep = Callable[[float], Awaitable[object]]

KEY_URL: Final = "https://connect.test/virtual-key"  # leads nowhere: the simulated owner needs no page
# Nobody's patience and nobody's battery is at stake: tests may ask as often as they like.
COSTS: Final = Costs(
    reads_wake=False, commands_wake=True, wake_kwh=0.01, reads_per_minute=60_000, wakes_per_day=1_000_000
)
_SIGNED_OUT: Final = "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED"
_MISSING: Final = "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING"
_NOT_ALLOWED: Final = "CONNECTED_SERVICES_ACCOUNT:PERMISSION"
# Steps at which the sign-in fails, and the problem each is to a program.
_FAILS: Final = {
    "wrong_password": _SIGNED_OUT,
    "maker_down": "UPSTREAM:KNOWN_ISSUE",
    "server_error": "SERVER:INTERNAL",
}
# Steps whose car cannot be connected, and why.
_UNUSABLE: Final = {
    "incompatible": "COMPATIBILITY:VEHICLE_NOT_CAPABLE",
    "subscription": "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION",
}


class SimulatorSource:
    """Fulfils `carwire.core.ports.Source` over a world. Latency of fault scripts is waited out with `sleep`.

    Times are of the world's clock, which follows the caller's when it runs. Who signs in is told of cars; one comes
    into the world when a session first reads or commands it. A car that the world does not know any more, because it
    was begun again, needed the room, or lost its last seconds in a crash, comes back as a new one.
    """

    name: Final = NAME
    costs: Final = COSTS

    def __init__(self, world: World, sleep: Sleep = asyncio.sleep) -> None:
        self.world: Final = world
        self._sleep = sleep

    def clock(self, now: datetime) -> datetime:
        """Return the world's time at `now`."""
        self.world.catch_up(now)
        return self.world.now

    def circuit(self, vin: str) -> str | None:
        """Return null: faults are set on single cars, so that one car's fault says nothing about another."""
        return None

    def brands(self, country: str) -> tuple[str, ...]:
        """Return every make, the plain ``SIMULATED`` cars last: a rehearsal may be of any make in any country."""
        return brands()

    async def sign_in(self, login: Login, *, now: datetime) -> SignedIn | Question | Problem:
        """Sign in to the account the address names: see `logins`. The password may be any."""
        self.world.catch_up(now)
        session = Session(login.username.strip().lower(), login.make)
        step = session.account.step
        if step == "slow":
            await self._sleep(SLOW_S)
        if step in _FAILS:
            return Problem(_FAILS[step], self.world.now)
        return question(session) or self._signed_in(session)

    async def answer(self, state: Secret, answer: Secret | None, *, now: datetime) -> SignedIn | Question | Problem:
        """Go on after a question; a wrong answer gives it again. Raises `InvalidInput` for a state not of ours."""
        self.world.catch_up(now)
        found = answered(state, answer)
        return found if isinstance(found, Question) else self._signed_in(found)

    async def cars(self, session: Secret, *, now: datetime) -> tuple[SourceCar, ...] | Problem:
        """Return the cars of a session.

        Who asks again after the sign-in has been to the car: a virtual key that was missing is then installed.
        """
        self.world.catch_up(now)
        owner = session_of(session)
        if owner is None:
            return Problem(_SIGNED_OUT, self.world.now)
        if owner.account.step == "virtual_key":
            self._set_key(owner, "on")
        return self._described(owner)

    async def read(self, session: Secret, vin: str, codes: Sequence[str], *, now: datetime) -> Snapshot:
        """Read signals of a car; what the owner did not allow at the sign-in is a problem of permission."""
        self.world.catch_up(now)
        owner = session_of(session)
        trouble = self._trouble(owner, vin)
        if owner is None or trouble:
            return Snapshot(vin, dict.fromkeys(codes, Problem(trouble or _SIGNED_OUT, self.world.now)))
        await self._wait(owner, vin, command=False)
        snapshot = self.world.read(vin, codes)
        if not owner.lacking:
            return snapshot
        return Snapshot(vin, {code: self._allowed(owner, code, said) for code, said in snapshot.answers.items()})

    async def command(self, session: Secret, vin: str, name: str, arguments: Arguments, *, now: datetime) -> Outcome:
        """Give a car a command. Raises `InvalidInput` for a command or arguments that do not exist."""
        check_command(name, arguments)
        self.world.catch_up(now)
        owner = session_of(session)
        trouble = self._trouble(owner, vin)
        if owner is None or trouble:
            return Outcome("not_sent", Problem(trouble or _SIGNED_OUT, self.world.now))
        if COMMANDS[name].permission in owner.lacking:
            return Outcome("refused", Problem(_NOT_ALLOWED, self.world.now))
        await self._wait(owner, vin, command=True)
        return self.world.command(vin, name, arguments)

    async def pushed(self) -> AsyncIterator[Snapshot]:
        """Yield what cars tell by themselves: one that something is done to, at once; all that anybody has looked at,
        when the clock is moved by hand. What time brings is found by asking.
        """
        touched: dict[str | None, None] = {}
        bell = asyncio.Event()

        def watcher(vin: str | None) -> None:
            touched[vin] = None
            bell.set()

        forget = self.world.watch(watcher)
        try:
            while True:
                await bell.wait()
                bell.clear()
                vins = self.world.looked_at() if None in touched else [vin for vin in touched if vin]
                touched.clear()
                for vin in vins:
                    if vin in self.world:
                        yield self.world.read(vin, sorted(self.world.model(vin).signals))
                        await asyncio.sleep(0)
        finally:
            forget()

    def _signed_in(self, owner: Session) -> SignedIn:
        for car in owner.account.cars:
            if car.vin not in self.world:
                self.world.extras.announce(car.vin, car.model, _problem(owner, car))
        if owner.account.step == "virtual_key":  # to be rehearsed at every sign-in
            self._set_key(owner, "off")
        account = msgspec.json.encode([owner.username, owner.make]).decode()
        return SignedIn(owner.sealed(), Secret(account), self._described(owner), owner.lacking)

    def _described(self, owner: Session) -> tuple[SourceCar, ...]:
        return tuple(self._describe(owner, car) for car in owner.account.cars)

    def _describe(self, owner: Session, car: LoginCar) -> SourceCar:
        here = car.vin in self.world
        m = self.world.model(car.vin) if here else car_range().models[car.model]
        does = frozenset(name for name in m.commands if COMMANDS[name].permission not in owner.lacking)
        key_url = KEY_URL if here and not self.world.known(car.vin).virtual_key else None
        unusable = _UNUSABLE.get(owner.account.step)
        return SourceCar(car.vin, m.make, m.model, m.year, m.powertrain, m.signals, does, unusable, key_url)

    def _set_key(self, owner: Session, state: str) -> None:
        """Install or remove the virtual key. One car a brand is behind such a login, so these may be in the world."""
        for car in owner.account.cars:
            self._settle_in(owner, car)
            self.world.adjust(car.vin, "virtual_key", state)

    def _settle_in(self, owner: Session, car: LoginCar) -> None:
        self.world.come(car.vin, car.model, _problem(owner, car))

    def _trouble(self, owner: Session | None, vin: str) -> str | None:
        """The kind of problem that keeps a session from a car at all; else the car is in the world from then on."""
        if owner is None:
            return _SIGNED_OUT
        car = next((car for car in owner.account.cars if car.vin == vin), None)
        if car is None:
            return _MISSING
        self._settle_in(owner, car)
        return None

    def _allowed(self, owner: Session, code: str, said: Reading | Problem) -> Reading | Problem:
        signal = signals().get(code)
        lacking = signal is not None and signal.permission in owner.lacking
        return Problem(_NOT_ALLOWED, self.world.now) if lacking else said

    async def _wait(self, owner: Session, vin: str, *, command: bool) -> None:
        seconds = self.world.latency(vin, command=command)
        if seconds:
            await self._sleep(seconds)
            self._trouble(owner, vin)  # the world may have been begun again meanwhile


def brands() -> tuple[str, ...]:
    """Return every make, ``SIMULATED`` last."""
    named = (make for make in car_range().by_make if make != "SIMULATED")
    return (*named, "SIMULATED")


def _problem(owner: Session, car: LoginCar) -> str | None:
    return car.problem or _UNUSABLE.get(owner.account.step)
