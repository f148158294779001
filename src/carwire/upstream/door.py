"""Reading cars and giving them commands, through one door.

A read is answered from what is kept when that is fresh enough. Else it joins a read of the same car that is under way,
or spends from the car's budget and asks the source, once. What comes back is checked before it is believed: another
car's answer, a number that is none and a measurement from the future are thrown away. A command is never repeated, is
sent only before its deadline, and waits for its turn: a car gets one at a time.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, Literal
from weakref import WeakValueDictionary

import msgspec
import structlog

from carwire.core.budgets import DAY_S, Bucket, Budget, full, take
from carwire.core.commands import Arguments, Outcome
from carwire.core.errors import SourceAway
from carwire.core.ports import Source, VehicleStore
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.vehicles import Vehicle
from carwire.kit.clock import Clock
from carwire.upstream.age import is_current, is_fresh
from carwire.upstream.circuit import FAILURES, Circuits
from carwire.upstream.metrics import UpstreamMetrics

READ_TIMEOUT_S: Final = 30.0
_FUTURE: Final = timedelta(hours=1)  # clocks of cars are wrong by less
_FEW: Final = 20  # codes that are looked up one by one; of more everything that is kept is looked at
_INVALID: Final = "UPSTREAM:INVALID_DATA"
_SIGNED_OUT: Final = "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED"
# Problems that no earlier answer stands in for: what the account may not see any more is not shown from before.
_FINAL: Final = frozenset({"COMPATIBILITY", "PERMISSION", "CONNECTED_SERVICES_ACCOUNT"})
_log = structlog.get_logger("carwire.upstream")


class Freshness(msgspec.Struct, frozen=True):
    """How old an answer may be. `max_age`: what was fetched this long ago need not be asked again. `stale_if_error`:
    what may be given when the car cannot be asked; null gives the problem instead.
    """

    max_age: timedelta = timedelta(0)
    stale_if_error: timedelta | None = None


NEWEST: Final = Freshness()


class _Fetched(msgspec.Struct, frozen=True):
    """What came of a read. `asked`: the source was, and answers for itself."""

    answers: dict[str, Reading | Problem]
    asked: bool = True


class Recalled(msgspec.Struct, frozen=True):
    """What is known of signals. `asked`: some of it was too old, so that the car was asked, or would have been."""

    answers: dict[str, Reading | Problem | None]
    asked: bool


class _Flight(msgspec.Struct):
    """A read under way, for an account at the source; `user_id` is whose session is used."""

    codes: frozenset[str]
    account: bytes
    user_id: str
    fetched: asyncio.Task[_Fetched]


class Upstream:
    """The door. `budgets` are per source; a source without one gets what its costs say. `on_event` is told the id of a
    car whose answers were news.
    """

    def __init__(
        self,
        store: VehicleStore,
        sources: Mapping[str, Source],
        clock: Clock,
        budgets: Mapping[str, Budget] | None = None,
        timeout_s: float = READ_TIMEOUT_S,
        *,
        on_event: Callable[[str], None] = lambda _: None,
        metrics: UpstreamMetrics | None = None,
    ) -> None:
        self._store = store
        self._sources = sources
        self._clock = clock
        self._budgets = {name: budget_of(source) for name, source in sources.items()} | dict(budgets or {})
        self._timeout_s = timeout_s
        self._on_event = on_event
        self._circuits = Circuits()
        self._source_of: dict[str, str] = {}  # circuit → source
        self._metrics = metrics or UpstreamMetrics()
        self._metrics.open_circuits = self.open_circuits
        self._flights: dict[str, list[_Flight]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def now(self, vehicle: Vehicle) -> datetime:
        """Return the time the vehicle's car lives in."""
        source = self._sources.get(vehicle.car.source)
        return source.clock(self._clock()) if source else self._clock()

    def open_circuits(self) -> dict[str, int]:
        """Return how many makers' services are left alone now, by source."""
        found = Counter(dict.fromkeys(self._sources, 0))
        found.update(self._source_of[name] for name in self._circuits.are_open())
        return found

    # --- reads

    async def read(
        self, vehicle: Vehicle, codes: Sequence[str], freshness: Freshness = NEWEST, now: datetime | None = None
    ) -> Snapshot:
        """Read signals of a vehicle's car; `now` is the time it lives in, if that is known already."""
        car = vehicle.car
        kept = await self._store.readings(vehicle, codes) if freshness is not NEWEST else {}
        now = now or self.now(vehicle)
        if freshness.max_age:
            fresh = {c: r for c, r in kept.items() if is_fresh(r, car.changed_at, now, freshness.max_age)}
            if len(fresh) == len(codes):
                return Snapshot(car.vin, fresh)
        found = (await self._shared(vehicle, codes)).answers
        limit = freshness.stale_if_error
        if limit is not None:
            found = {code: _or_last(answer, kept.get(code), now, limit) for code, answer in found.items()}
        return Snapshot(car.vin, found)

    async def recall(self, vehicle: Vehicle, codes: Sequence[str], max_age: timedelta) -> Recalled:
        """Return what is known of signals, without waking the car.

        What was answered longer than `max_age` ago is asked for again, where that wakes nobody and the budget has
        room; else it stands. Null: nobody has answered yet. A signal the car lacks is not asked for twice a day.
        """
        kept = await self._store.answers(vehicle, codes if len(codes) <= _FEW else None)
        now, changed_at = self.now(vehicle), vehicle.car.changed_at
        old = [code for code in codes if not is_current(kept.get(code), changed_at, now, max_age)]
        source = self._sources.get(vehicle.car.source)
        found: dict[str, Reading | Problem] = {}
        if old and source is not None and not source.costs.reads_wake:
            fetched = await self._shared(vehicle, old)
            found = fetched.answers
            if not fetched.asked:
                found = {code: kept.get(code, problem) for code, problem in found.items()}
        told = {code: found.get(code) or kept.get(code) for code in codes}
        return Recalled({code: _with_last(answer, kept.get(code)) for code, answer in told.items()}, asked=bool(old))

    async def _shared(self, vehicle: Vehicle, codes: Sequence[str]) -> _Fetched:
        wanted = frozenset(codes)
        flight = self._under_way(vehicle, wanted, of_anyone=True)
        if flight:
            fetched = await asyncio.shield(flight.fetched)
            if flight.user_id == vehicle.user_id or not _about_owner(fetched.answers):
                return _Fetched({code: fetched.answers[code] for code in codes}, fetched.asked)
        flight = self._under_way(vehicle, wanted, of_anyone=False) or self._take_off(vehicle, tuple(codes))
        fetched = await asyncio.shield(flight.fetched)  # a caller who goes away does not take it from the others
        return _Fetched({code: fetched.answers[code] for code in codes}, fetched.asked)

    def _under_way(self, vehicle: Vehicle, wanted: frozenset[str], *, of_anyone: bool) -> _Flight | None:
        """A read that will hold what is wanted: by the owner's own session, rather than by that of the same account in
        another application. Other accounts' reads are not for them: the car may have changed hands.
        """
        flights = [
            flight
            for flight in self._flights.get(vehicle.car.id, ())
            if flight.account == vehicle.account and wanted <= flight.codes and not flight.fetched.done()
        ]
        own = (flight for flight in flights if flight.user_id == vehicle.user_id)
        return next(own, None) or (flights[0] if of_anyone and flights else None)

    def _take_off(self, vehicle: Vehicle, codes: tuple[str, ...]) -> _Flight:
        task = asyncio.create_task(self._fetch(vehicle, codes))
        flight = _Flight(frozenset(codes), vehicle.account, vehicle.user_id, task)
        self._flights.setdefault(vehicle.car.id, []).append(flight)
        task.add_done_callback(lambda _: self._landed(vehicle.car.id, flight))
        return flight

    def _landed(self, car_id: str, flight: _Flight) -> None:
        flights = [other for other in self._flights.pop(car_id, ()) if other is not flight]
        if flights:
            self._flights[car_id] = flights

    async def _fetch(self, vehicle: Vehicle, codes: tuple[str, ...]) -> _Fetched:
        car = vehicle.car
        blocked = await self._blocked(vehicle, wakes=self._wakes(vehicle, command=False))
        if blocked:
            return _Fetched(dict.fromkeys(codes, blocked), asked=False)
        source = self._sources[car.source]
        session = await self._store.maker_session(vehicle)
        if session is None:
            self._circuits.give_up(source.circuit(car.vin))
            return _Fetched(dict.fromkeys(codes, self._problem(vehicle, _SIGNED_OUT)))
        try:
            reading = source.read(session, car.vin, codes, now=self._clock())
            answers = self._checked(vehicle, codes, await asyncio.wait_for(reading, self._timeout_s))
        except SourceAway:
            self._circuits.give_up(source.circuit(car.vin))
            return _Fetched(dict.fromkeys(codes, self._problem(vehicle, "UPSTREAM:KNOWN_ISSUE")), asked=False)
        except TimeoutError:
            answers = dict.fromkeys(codes, self._problem(vehicle, "UPSTREAM:NO_RESPONSE"))
        except Exception as error:
            _log.warning("source failed", source=car.source, error=type(error).__name__)
            answers = dict.fromkeys(codes, self._problem(vehicle, "UPSTREAM:UNKNOWN_ISSUE"))
        failed = any(isinstance(a, Problem) and a.kind in FAILURES for a in answers.values())
        self._note(source, car.vin, well=not failed)
        self._metrics.asked(source.name, "read", "failed" if failed else "well")
        await self._keep(vehicle, answers)
        return _Fetched(answers)

    async def take(self, vehicle: Vehicle, pushed: Snapshot) -> None:
        """Keep what a car told by itself, as far as it is credible. Nothing is asked, nothing spent."""
        answers = self._checked(vehicle, list(pushed.answers), pushed)
        await self._keep(vehicle, {c: a for c, a in answers.items() if not _is_invalid(a)})

    async def _keep(self, vehicle: Vehicle, answers: Mapping[str, Reading | Problem]) -> None:
        if await self._store.keep(vehicle, answers, self._clock()):
            self._on_event(vehicle.car.id)

    def _checked(self, vehicle: Vehicle, codes: Sequence[str], snapshot: Snapshot) -> dict[str, Reading | Problem]:
        invalid = self._problem(vehicle, _INVALID)
        if snapshot.vin != vehicle.car.vin:
            _log.warning("another car's answer", source=vehicle.car.source)
            return dict.fromkeys(codes, invalid)
        latest = self.now(vehicle) + _FUTURE
        return {
            code: invalid if isinstance(answer, Reading) and not _credible(answer, latest) else answer
            for code in codes
            for answer in (snapshot.answers.get(code, invalid),)
        }

    # --- commands

    def turn(self, vehicle: Vehicle) -> asyncio.Lock:
        """Return what is held while a command of this process is at the car."""
        lock = self._turns.get(vehicle.car.id)
        if lock is None:
            lock = self._turns[vehicle.car.id] = asyncio.Lock()
        return lock

    async def admit(self, vehicle: Vehicle) -> Problem | None:
        """Spend a command from the car's budget. Return why it cannot be sent, null when it can."""
        return await self._blocked(vehicle, wakes=self._wakes(vehicle, command=True))

    async def command(self, vehicle: Vehicle, name: str, arguments: Arguments, timeout_s: float) -> Outcome:
        """Give a command, once, waiting no longer than `timeout_s` for what becomes of it."""
        car = vehicle.car
        source = self._sources[car.source]
        session = await self._store.maker_session(vehicle)
        if session is None:
            self._circuits.give_up(source.circuit(car.vin))
            return Outcome("not_sent", self._problem(vehicle, _SIGNED_OUT))
        try:
            sending = source.command(session, car.vin, name, arguments, now=self._clock())
            outcome = self._explained(vehicle, await asyncio.wait_for(sending, timeout_s))
        except TimeoutError:
            outcome = Outcome("unknown", self._problem(vehicle, "UPSTREAM:NO_RESPONSE"))
        except Exception as error:
            _log.warning("source failed", source=car.source, error=type(error).__name__)
            outcome = Outcome("unknown", self._problem(vehicle, "UPSTREAM:UNKNOWN_ISSUE"))
        failed = outcome.problem is not None and outcome.problem.kind in FAILURES
        self._note(source, car.vin, well=not failed)
        self._metrics.asked(source.name, "command", outcome.kind)
        self._flights.pop(car.id, None)  # reads from before tell nobody how the car is after
        if outcome.kind in {"done", "unknown"}:
            await self._store.mark_changed(car.id, self.now(vehicle))
        return outcome

    def _explained(self, vehicle: Vehicle, outcome: Outcome) -> Outcome:
        """A source that does not say why a command is not done leaves nobody without a reason."""
        if outcome.kind == "done" or outcome.problem is not None:
            return outcome
        return Outcome(outcome.kind, self._problem(vehicle, "UPSTREAM:UNKNOWN_ISSUE"))

    # --- what stands in the way

    async def obstacle(self, vehicle: Vehicle, *, command: bool = False) -> Problem | None:
        """Return why the car could not be asked now, or be given a command; null when it could. Spends nothing."""
        source = self._sources.get(vehicle.car.source)
        if source is None:
            return self._problem(vehicle, "COMPATIBILITY:PLATFORM_NOT_CAPABLE")
        wait = self._circuits.peek_s(source.circuit(vehicle.car.vin), monotonic())
        if wait is not None:
            return self._problem(vehicle, "UPSTREAM:KNOWN_ISSUE", wait)
        budget, at = self._budgets[source.name], self._clock().timestamp()
        level = await self._store.level(vehicle.car.id) or full(budget, at)
        _, wait = take(level, budget, at, calls=1, wakes=self._wakes(vehicle, command=command))
        return None if wait is None else self._problem(vehicle, "RATE_LIMIT:VEHICLE", wait)

    def waking(self, vehicle: Vehicle) -> tuple[bool, int]:
        """Tell whether asking the car may wake it, and how many times a day it may be woken."""
        budget = self._budgets.get(vehicle.car.source)
        return self.wakes(vehicle), budget.wakes.size if budget else 1

    def wakes(self, vehicle: Vehicle, *, command: bool = False) -> bool:
        """Tell whether asking the car, or giving it a command, may wake it."""
        return bool(self._wakes(vehicle, command=command))

    async def _blocked(self, vehicle: Vehicle, *, wakes: int) -> Problem | None:
        source = self._sources.get(vehicle.car.source)
        if source is None:
            return self._problem(vehicle, "COMPATIBILITY:PLATFORM_NOT_CAPABLE")
        wait = self._circuits.wait_s(source.circuit(vehicle.car.vin), monotonic())
        if wait is not None:
            self._metrics.held_back(source.name, "circuit")
            return self._problem(vehicle, "UPSTREAM:KNOWN_ISSUE", wait)
        budget = self._budgets[source.name]
        wait = await self._store.spend(vehicle.car.id, budget, self._clock(), calls=1, wakes=wakes)
        if wait is None:
            self._metrics.woke(source.name, wakes)
            return None
        self._circuits.give_up(source.circuit(vehicle.car.vin))
        self._metrics.held_back(source.name, await self._spent(vehicle, budget, wakes))
        return self._problem(vehicle, "RATE_LIMIT:VEHICLE", wait)

    async def _spent(self, vehicle: Vehicle, budget: Budget, wakes: int) -> Literal["calls", "wakes"]:
        """Tell which of a car's two budgets had no room. Looked at afterwards: only the count depends on it."""
        if not wakes:
            return "calls"
        at = self._clock().timestamp()
        level = await self._store.level(vehicle.car.id) or full(budget, at)
        return "wakes" if take(level, budget, at, calls=1, wakes=0)[1] is None else "calls"

    def _note(self, source: Source, vin: str, *, well: bool) -> None:
        name = source.circuit(vin)
        if name is not None:
            self._source_of[name] = source.name
        self._circuits.note(name, monotonic(), well=well)

    def _wakes(self, vehicle: Vehicle, *, command: bool) -> int:
        source = self._sources.get(vehicle.car.source)
        return int(source is not None and (source.costs.commands_wake if command else source.costs.reads_wake))

    def _problem(self, vehicle: Vehicle, kind: str, retry_after_s: float | None = None) -> Problem:
        return Problem(kind, self.now(vehicle), retry_after_s)


def budget_of(source: Source) -> Budget:
    """Return what a car of this source can bear by the source's own account."""
    costs = source.costs
    return Budget(Bucket(costs.reads_per_minute, 60.0), Bucket(costs.wakes_per_day, DAY_S))


def _with_last(answer: Reading | Problem | None, kept: Reading | Problem | None) -> Reading | Problem | None:
    """Put the last reading beside a problem, where it may be shown."""
    if not isinstance(answer, Problem):
        return answer
    last = kept.last if isinstance(kept, Problem) else kept
    return msgspec.structs.replace(answer, last=None if answer.type in _FINAL else last)


def _is_invalid(answer: Reading | Problem) -> bool:
    return isinstance(answer, Problem) and answer.kind == _INVALID


def _or_last(answer: Reading | Problem, kept: Reading | None, now: datetime, limit: timedelta) -> Reading | Problem:
    if isinstance(answer, Reading) or kept is None or answer.type in _FINAL:
        return answer
    if kept.age(now) <= limit:
        return kept
    return msgspec.structs.replace(answer, last=kept)


def _about_owner(answers: Mapping[str, Reading | Problem]) -> bool:
    return any(isinstance(a, Problem) and a.type == "CONNECTED_SERVICES_ACCOUNT" for a in answers.values())


def _credible(reading: Reading, latest: datetime) -> bool:
    moments = (reading.measured_at, reading.maker_at, reading.fetched_at)
    return all(m is None or m <= latest for m in moments) and _finite(reading.value)


def _finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list):
        return all(map(_finite, value))
    return True
