"""``GET /v1/vehicles/{id}/why``: the one thing that keeps a signal, or a command, from a vehicle."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from carwire.core.commands import COMMANDS
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.catalogue import signals
from carwire.http.call import Answer, Call, json_answer
from carwire.http.query import decode_query
from carwire.services.why import WhyService

MAX_AGE_S: Final = 999_999_999
_Signal = Annotated[
    str,
    Meta(
        description="Code of a signal. Give either this or `command`.",
        extra_json_schema={"enum": sorted(signals())},
    ),
]
_Command = Annotated[
    str,
    Meta(
        description="Name of a command, which is not given. Either this or `signal`.",
        extra_json_schema={"enum": sorted(COMMANDS)},
    ),
]
_Age = Annotated[int, Meta(ge=0, le=MAX_AGE_S, description="Seconds: how old a value may be. Of signals only.")]
_Ask = Annotated[
    bool,
    Meta(description="Ask the car first, once, where that does not wake it; of signals only. Else nobody is asked."),
]


class WhyQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to explain."""

    signal: _Signal | None = None
    command: _Command | None = None
    max_age: _Age | None = None
    ask: _Ask = False


class WhyHandlers:
    """Handlers over one service."""

    def __init__(self, service: WhyService) -> None:
        self._service = service

    async def explain(self, call: Call) -> Answer:
        """Walk from plan and permission to the car and the age of what it said, and name the step that blocks.

        Answered from what is known: the car is not asked, unless `ask` says so, and never woken. Each step has a
        verdict, the fact it rests on, and what would change it.
        """
        query = decode_query(call.query, WhyQuery, lax=True)
        if (query.signal is None) is (query.command is None):
            raise InvalidInput(FieldProblem("signal", "Give either signal or command"))
        if query.signal is not None:
            max_age = None if query.max_age is None else timedelta(seconds=query.max_age)
            found = await self._service.of_signal(call.vehicle, query.signal, max_age=max_age, ask=query.ask)
        else:
            assert query.command is not None
            _refuse_of_signals(query)
            found = await self._service.of_command(call.vehicle, query.command)
        return json_answer(found)


def _refuse_of_signals(query: WhyQuery) -> None:
    """Raise `InvalidInput` for what means nothing for a command."""
    given = {"max_age": query.max_age is not None, "ask": query.ask}
    problems = [FieldProblem(name, "Of signals only") for name, there in given.items() if there]
    if problems:
        raise InvalidInput(*problems)
