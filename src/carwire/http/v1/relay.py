"""The simulated cars between processes: the one that keeps them answers the others, and those hand on what testers ask.

They know each other by a key that is made of the pepper.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from carwire.core import relay
from carwire.core.errors import FieldProblem, InvalidInput, SourceAway
from carwire.core.ports import Source
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem
from carwire.core.simulation import Simulator
from carwire.http.call import Answer, Call, Route
from carwire.http.v1.simulator import SimulatorHandlers
from carwire.kit.clock import Clock

PATH: Final = "/v1/simulator/source"
Forward = Callable[[str, str, Mapping[str, str], bytes], Awaitable[tuple[int, bytes, bytes]]]
_PASSED_ON: Final = (b"authorization", b"content-type")


class RelayHandlers:
    """Answers those who ask for this process' simulated cars."""

    def __init__(self, source: Source, simulator: Simulator) -> None:
        self._source = source
        self._simulator = simulator

    async def ask(self, call: Call) -> Answer:
        """Put a question to the source."""
        try:
            asked = relay.read_asked(call.body)
        except msgspec.MsgspecError as error:
            raise InvalidInput(FieldProblem("body", str(error))) from None
        told = await relay.ask(self._source, asked, self._simulator.state().speed)
        return Answer(relay.encode(told))


def routes(handlers: RelayHandlers) -> tuple[Route, ...]:
    """Return the one row."""
    row = Route(
        *("POST", PATH, handlers.ask, "ask_simulated"), summary="For other processes.", door="local", tag="inside"
    )
    return (row,)


class ForwardingHandlers(SimulatorHandlers):
    """Hands on what is asked of simulated cars that another process keeps; that one opens the same doors."""

    def __init__(self, forward: Forward, now: Clock) -> None:
        self._forward = forward
        self._now = now

    async def hand_on(self, call: Call) -> Answer:
        """Let the other process answer."""
        headers = {name.decode(): value.decode("latin-1") for name in _PASSED_ON for value in call.header(name)[:1]}
        target = call.scope["raw_path"].decode("ascii").partition("?")[0]
        if call.query:
            target += "?" + call.query.decode("latin-1")
        try:
            status, content_type, body = await self._forward(call.scope["method"], target, headers, call.body)
        except SourceAway:
            raise Obstacle(Problem("UPSTREAM:KNOWN_ISSUE", self._now())) from None
        return Answer(body, status, content_type)

    state = cars = car = change = faults = add_fault = clear_faults = command = clock = reset = hand_on
