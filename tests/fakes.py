"""What tests put in the place of the outside: a clock that stands, a source that does as it is told, and the middle
put together around both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.support import approve

from carwire.core.budgets import Budget
from carwire.core.commands import Arguments, Outcome
from carwire.core.delivery import Sent
from carwire.core.grants import Principal
from carwire.core.permissions import PERMISSIONS
from carwire.core.ports import Source, Store
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.sources import Costs, Login, Question, SignedIn, SourceCar
from carwire.core.vehicles import Vehicle
from carwire.kit.secrets import Secret, SecretHasher
from carwire.services.access import AccessService
from carwire.services.accounts import AccountService
from carwire.services.commands import CommandService
from carwire.services.tokens import TokenService
from carwire.services.vehicles import VehicleService
from carwire.upstream.door import Upstream

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEPPER = bytes(range(32))
ODOMETER, LOCK = "odometer-traveleddistance", "closure-islocked"
CHARGE, FUEL = "tractionbattery-stateofcharge", "internalcombustionengine-fuellevel"
CHEAP = Costs(reads_wake=False, commands_wake=True, wake_kwh=0.1, reads_per_minute=1_000_000, wakes_per_day=1_000_000)
DONE = Outcome("done")
SIGNED_OUT = "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED"


class StandingClock:
    """Tells the same time until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **lengths: float) -> None:
        """Move on by a `timedelta` of these lengths."""
        self.now += timedelta(**lengths)


def reading(value: object, at: datetime = NOW, source: str = "fake", **times: datetime | None) -> Reading:
    """Return a reading that was measured, had and fetched at one moment, unless told otherwise."""
    moments: dict[str, datetime | None] = {"measured_at": at, "maker_at": at, "fetched_at": at, **times}
    return Reading(value, None, source=source, **moments)  # type: ignore[arg-type]  # odd ones are the point


@dataclass
class FakeSource:
    """Fulfils `Source`, and counts what it is asked.

    `says` answers reads code by code; `snapshot`, when set, answers them whole; `ends` is how commands end. An
    exception in either place is raised. `hold` keeps every answer back until it is set; `begun` is set once something
    was asked. `signed_out` are the user names whose session no longer works.
    """

    name: str = "fake"
    costs: Costs = CHEAP
    part: str | None = "fake service"
    says: Callable[[str, datetime], Reading | Problem] = lambda code, now: reading(len(code), now)
    snapshot: Callable[[str, Sequence[str], datetime], object] | None = None
    ends: Outcome | Exception | Callable[[str, Arguments], Outcome] = DONE
    hold: asyncio.Event | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    signed_out: set[str] = field(default_factory=set)
    reads: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    orders: list[tuple[str, str, Arguments]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def clock(self, now: datetime) -> datetime:
        """Return our own time."""
        return now

    def circuit(self, vin: str) -> str | None:
        """Name the one service all cars hang on."""
        return self.part

    def brands(self, country: str) -> tuple[str, ...]:
        """Return one brand."""
        return ("FAKE",)

    async def sign_in(self, login: Login, *, now: datetime) -> SignedIn | Question | Problem:
        """Let anybody in. A user name ``who:vin,vin`` has these cars; without VINs there is one."""
        _, _, vins = login.username.partition(":")
        return SignedIn(Secret(login.username), Secret(login.username), tuple(map(_car, (vins or "FAKE01").split(","))))

    async def answer(self, state: Secret, answer: Secret | None, *, now: datetime) -> SignedIn | Question | Problem:
        """Never needed: no question is asked."""
        raise NotImplementedError

    async def cars(self, session: Secret, *, now: datetime) -> tuple[SourceCar, ...] | Problem:
        """Return the cars of a session."""
        found = await self.sign_in(Login(session.reveal(), session), now=now)
        assert isinstance(found, SignedIn)
        return found.cars

    async def read(self, session: Secret, vin: str, codes: Sequence[str], *, now: datetime) -> Snapshot:
        """Read as told."""
        self.reads.append((vin, tuple(codes)))
        self.begun.set()
        if self.hold:
            await self.hold.wait()
        if session.reveal() in self.signed_out:
            return Snapshot(vin, dict.fromkeys(codes, Problem(SIGNED_OUT, now)))
        if self.snapshot:
            return self.snapshot(vin, codes, now)  # type: ignore[return-value]  # may be nonsense on purpose
        return Snapshot(vin, {code: self.says(code, now) for code in codes})

    async def command(self, session: Secret, vin: str, name: str, arguments: Arguments, *, now: datetime) -> Outcome:
        """Carry out as told."""
        self.orders.append((vin, name, dict(arguments)))
        self.begun.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await (self.hold.wait() if self.hold else asyncio.sleep(0))
        finally:
            self.at_once -= 1
        if session.reveal() in self.signed_out:
            return Outcome("not_sent", Problem(SIGNED_OUT, now))
        if isinstance(self.ends, Exception):
            raise self.ends
        return self.ends if isinstance(self.ends, Outcome) else self.ends(name, arguments)


def _car(vin: str) -> SourceCar:
    return SourceCar(vin, "FAKE", "Model", 2026, "BEV", frozenset(), frozenset())


class Middle:
    """Services and upstream over a store and sources, at a standing clock."""

    def __init__(
        self,
        store: Store,
        *sources: Source,
        budgets: dict[str, Budget] | None = None,
        timeout_s: float = 5.0,
        on_event: Callable[[str], None] = lambda _: None,
        clock: StandingClock | None = None,
    ) -> None:
        self.store = store
        self.clock = clock or StandingClock()
        self.hasher = SecretHasher(PEPPER)
        self.sources = {source.name: source for source in sources}
        self.upstream = Upstream(store, self.sources, self.clock, budgets, timeout_s, on_event=on_event)
        self.accounts = AccountService(store, self.hasher, self.clock)
        self.access = AccessService(store, self.hasher, self.clock)
        self.tokens = TokenService(store, self.hasher, self.clock)
        self.vehicles = VehicleService(store, self.upstream, self.clock)
        self.commands = CommandService(store, self.upstream, self.hasher, self.clock)

    async def application(self, name: str = "Tests") -> str:
        """Register an application and return its client id."""
        return (await self.accounts.register(name, ("https://example.com/auth",))).application.client_id

    async def code(self, client_id: str, username: str = "owner", **options: object) -> Secret:
        """Let an owner approve, and return the code."""
        source = next(iter(self.sources.values()))
        options = {"now": self.clock(), **options}
        _, code, _ = await approve(self.store, self.hasher, source, client_id, username, **options)  # type: ignore[arg-type]
        return code

    async def connected(
        self,
        client_id: str | None = None,
        username: str = "owner",
        permissions: Iterable[str] = PERMISSIONS,
        source: str | None = None,
    ) -> list[Vehicle]:
        """Let an owner connect all their cars, and return the vehicles in the order of their VINs."""
        client_id = client_id or await self.application()
        chosen = self.sources[source] if source else next(iter(self.sources.values()))
        user_id, _, _ = await approve(
            self.store, self.hasher, chosen, client_id, username, permissions=permissions, now=self.clock()
        )
        principal = Principal(client_id, user_id)
        ids, _ = await self.store.vehicles(principal, 1000, 0)
        return sorted([await self.again(principal, each) for each in ids], key=lambda vehicle: vehicle.car.vin)

    async def again(self, principal: Principal | Vehicle, vehicle_id: str = "") -> Vehicle:
        """Return a vehicle as it is stored now."""
        if isinstance(principal, Vehicle):
            vehicle_id, principal = principal.id, Principal(principal.client_id, principal.user_id)
        vehicle = await self.store.reach(principal, vehicle_id)
        assert vehicle
        return vehicle


class NoWay:
    """A sender whose every connection is refused, or answered as `answer` says."""

    def __init__(self, answer: Callable[[bytes], Sent] | None = None) -> None:
        self.answer = answer
        self.urls: list[str] = []

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 1024, timeout_s: float = 15.0
    ) -> Sent:
        """Send nothing."""
        self.urls.append(url)
        if self.answer is not None:
            return self.answer(body)
        return Sent(None, "refused", "Nothing listens at the endpoint.", 0.0, b"", None, None)

    async def close(self) -> None:
        """Nothing is open."""
