"""The simulated cars of a process that keeps them, as the others see them: the same port, asked over HTTP.

One process keeps the world. A second world would answer differently for the same car, and what cars say would change
with whoever was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import aiohttp
import structlog

from carwire.connectors.simulator.mapping import NAME
from carwire.connectors.simulator.source import COSTS, brands
from carwire.core import relay
from carwire.core.commands import Arguments, Outcome
from carwire.core.errors import CarwireError, InvalidInput, SourceAway
from carwire.core.relay import Asked, Told
from carwire.core.signals.reading import Problem, Snapshot
from carwire.core.sources import Costs, Login, Question, SignedIn, SourceCar
from carwire.kit.clock import Clock
from carwire.kit.secrets import Secret

PATH: Final = "/v1/simulator/source"
FOLLOW_S: Final = 1.0
_CONNECT_S: Final = 2.0
_PATIENCE_S: Final = 60.0  # longer than the door waits for a read; a fault script may hold an answer back
_AWAY: Final = "UPSTREAM:KNOWN_ISSUE"
_UNKNOWN: Final = "UPSTREAM:NO_RESPONSE"
_log = structlog.get_logger("carwire.simulator")


class _Lost(CarwireError):
    """The question went out, and no answer came back."""


class RemoteSource:
    """Fulfils `carwire.core.ports.Source`. `find` says where the process is that keeps the cars, null when nobody can
    tell; it is asked again whenever that does not answer. `key` is what both hold.
    """

    name: Final = NAME
    costs: Final[Costs] = COSTS

    def __init__(self, find: Callable[[], str | None], key: Secret, now: Clock) -> None:
        self._find = find
        self._key = key
        self._now = now
        self._origin: str | None = None
        self._client: aiohttp.ClientSession | None = None
        self._told: tuple[datetime, Told] | None = None

    def clock(self, now: datetime) -> datetime:
        """Return the cars' time at `now`, as it went on since they were last asked."""
        if self._told is None:
            return now
        at, told = self._told
        return told.time + timedelta(seconds=int((now - at).total_seconds() * told.speed))

    def circuit(self, vin: str) -> str | None:
        """Return null, as `SimulatorSource` does."""
        return None

    def brands(self, country: str) -> tuple[str, ...]:
        """Return every make, as `SimulatorSource` does."""
        return brands()

    async def sign_in(self, login: Login, *, now: datetime) -> SignedIn | Question | Problem:
        """Sign in; see the port."""
        return await self._signing(Asked("sign_in", now, login=login))

    async def answer(self, state: Secret, answer: Secret | None, *, now: datetime) -> SignedIn | Question | Problem:
        """Go on after a question; see the port."""
        return await self._signing(Asked("answer", now, secret=state, reply=answer))

    async def cars(self, session: Secret, *, now: datetime) -> tuple[SourceCar, ...] | Problem:
        """Return the cars of a session; see the port."""
        try:
            told = await self._ask(Asked("cars", now, secret=session))
        except (SourceAway, _Lost):
            return Problem(_AWAY, now)
        return told.problem or told.cars or ()

    async def read(self, session: Secret, vin: str, codes: Sequence[str], *, now: datetime) -> Snapshot:
        """Read signals of a car. Raises `SourceAway` when nobody can be asked: no car has said anything then."""
        try:
            told = await self._ask(Asked("read", now, secret=session, vin=vin, codes=tuple(codes)))
        except _Lost as error:
            raise SourceAway from error
        assert told.snapshot is not None
        return told.snapshot

    async def command(self, session: Secret, vin: str, name: str, arguments: Arguments, *, now: datetime) -> Outcome:
        """Give a car a command; see the port. One whose answer did not come back may have been carried out."""
        asked = Asked("command", now, secret=session, vin=vin, name=name, arguments=dict(arguments))
        try:
            told = await self._ask(asked)
        except SourceAway:
            return Outcome("not_sent", Problem(_AWAY, now))
        except _Lost:
            return Outcome("unknown", Problem(_UNKNOWN, now))
        assert told.outcome is not None
        return told.outcome

    async def follow(self) -> None:
        """Keep the cars' clock right, until this is cancelled."""
        was_away = False
        while True:
            try:
                await self._ask(Asked("clock", self._now()))
                was_away = False
            except (SourceAway, _Lost) as error:
                if not was_away:
                    _log.warning("the simulated cars cannot be reached", error=str(error))
                was_away = True
            await asyncio.sleep(FOLLOW_S)

    async def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, bytes]:
        """Hand a request on to the process that keeps the cars, as it came; return status, type and body of the answer.

        Raises `SourceAway`.
        """
        try:
            return await self._send(method, target, headers, body)
        except _Lost as error:
            raise SourceAway from error

    async def close(self) -> None:
        """Let go of kept connections."""
        if self._client:
            await self._client.close()
            self._client = None

    async def _signing(self, asked: Asked) -> SignedIn | Question | Problem:
        try:
            told = await self._ask(asked)
        except (SourceAway, _Lost):
            return Problem(_AWAY, asked.now)
        found = told.signed_in or told.question or told.problem
        assert found is not None
        return found

    async def _ask(self, asked: Asked) -> Told:
        headers = {"authorization": f"Bearer {self._key.reveal()}", "content-type": "application/json"}
        status, _, body = await self._send("POST", PATH, headers, relay.encode(asked))
        if status != 200:
            self._origin = None
            msg = f"what is asked for the simulated cars answers {status}: is it a Carwire with the same pepper?"
            raise SourceAway(msg)
        told = relay.read_told(body)
        self._told = asked.now, told
        if told.refused:
            raise InvalidInput(*told.refused)
        return told

    async def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, bytes]:
        self._origin = origin = self._origin or self._find()
        if origin is None:
            msg = "nobody keeps the simulated cars, as far as is known here: see CARWIRE_SIMULATOR_URL"
            raise SourceAway(msg)
        client = self._client = self._client or aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_PATIENCE_S, connect=_CONNECT_S)
        )
        try:
            async with client.request(method, origin + target, headers=headers, data=body) as answer:
                content = await answer.read()
                return answer.status, answer.headers.get("content-type", "").encode("latin-1"), content
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._origin = None
            msg = f"{origin} does not answer for the simulated cars"
            raise SourceAway(msg) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            self._origin = None
            raise _Lost from error
