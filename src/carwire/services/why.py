"""Why a vehicle does not tell a signal, or would not carry out a command: from what is known, the car unasked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire.core.commands import COMMANDS, Command
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.ports import Store
from carwire.core.signals.catalogue import Signal, signals
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vehicles import Vehicle
from carwire.core.why import Known, Why, explain
from carwire.upstream.door import Upstream

_NOW: Final = timedelta(0)


class WhyService:
    """Whoever calls has a `Vehicle`, which only a principal gets."""

    def __init__(self, store: Store, upstream: Upstream) -> None:
        self._store = store
        self._upstream = upstream

    async def of_signal(
        self, vehicle: Vehicle, code: str, *, max_age: timedelta | None = None, ask: bool = False
    ) -> Why:
        """Explain a signal. `max_age` is how old a value may be, null any; `ask` asks the car for a newer one first,
        once, where that does not wake it and nothing stands in the way. Raises `InvalidInput` for a code nobody knows.
        """
        signal = signals().get(code)
        if signal is None:
            raise InvalidInput(FieldProblem("signal", f"{code[:60]!a} is no signal"))
        known = await self._known(vehicle, signal)
        answer: Reading | Problem | None = None
        asks = ask and known.signed_in and known.obstacle is None
        if signal.permission not in vehicle.permissions:
            asks = False  # nor is it looked up what others were told
        elif asks:
            recalled = await self._upstream.recall(vehicle, [code], max_age or _NOW)
            answer, asks = recalled.answers[code], recalled.asked
        else:
            answer = (await self._store.answers(vehicle, [code])).get(code)
        asked = asks and answer is not None and _found_at(answer) >= known.now
        now = self._upstream.now(vehicle)
        return explain(msgspec.structs.replace(known, answer=answer, max_age=max_age, asked=asked, now=now))

    async def of_command(self, vehicle: Vehicle, name: str) -> Why:
        """Explain a command, which is not given. Raises `InvalidInput` for one nobody knows."""
        command = COMMANDS.get(name)
        if command is None:
            raise InvalidInput(FieldProblem("command", f"{name[:60]!a} is no command"))
        return explain(await self._known(vehicle, command))

    async def _known(self, vehicle: Vehicle, wanted: Signal | Command) -> Known:
        command = isinstance(wanted, Command)
        return Known(
            vehicle=vehicle,
            wanted=wanted,
            now=self._upstream.now(vehicle),
            signed_in=await self._store.maker_session(vehicle) is not None,
            obstacle=await self._upstream.obstacle(vehicle, command=command),
            wakes=self._upstream.wakes(vehicle, command=command),
        )


def _found_at(answer: Reading | Problem) -> datetime:
    return answer.fetched_at if isinstance(answer, Reading) else answer.found_at
