"""``/v1/simulator``: the simulated cars under the hands of whoever tests with them.

Any application may, unless a setting keeps them to this machine: simulated cars are nobody's. A VIN that an owner typed
may be that of a real car, so the list shows applications only such VINs as no car has.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from carwire.core.commands import Outcome
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.simulation import (
    MAX_PAGE,
    MAX_SPEED,
    MAX_STEP,
    CarSignals,
    CarSummary,
    Fault,
    PlacedFault,
    Simulator,
    WorldState,
)
from carwire.http.call import Answer, Call, Route, json_answer
from carwire.http.query import decode_body, decode_query

MAX_CODES: Final = 4000  # characters of a query
_CAR: Final = {
    "car": {
        "type": "string",
        "minLength": 1,
        "maxLength": 60,
        "description": "The VIN of a simulated car, or the id of a model.",
    }
}
_Seed = Annotated[int, Meta(ge=-(2**53), le=2**53, description="Another seed gives other cars.")]
# Limits are documented here and kept by the world itself, whose words then are the same for every caller.
_Step = Annotated[int, Meta(description="In seconds.", extra_json_schema={"minimum": 0, "maximum": MAX_STEP})]
_Speed = Annotated[
    float, Meta(description="0 stops the clock.", extra_json_schema={"minimum": 0, "maximum": MAX_SPEED})
]


class CarList(msgspec.Struct, frozen=True):
    """A page of the cars in short: one of each model, then those that came with sign-ins. `count` is that of all."""

    cars: list[CarSummary]
    count: int
    offset: int


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page."""

    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description="Cars of a page.")] = 100
    offset: Annotated[int, Meta(ge=0, le=1_000_000, description="Cars to leave out.")] = 0


class SignalsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which signals."""

    codes: (
        Annotated[str, Meta(max_length=MAX_CODES, description="Beginnings of codes, separated by commas. All: none.")]
        | None
    ) = None


class Changes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change on a car: the scenario begins first, then the settings are made in the order given."""

    scenario: str | None = None
    settings: dict[str, bool | float | str] = {}


class FaultScript(msgspec.Struct, frozen=True):
    """All that goes wrong with a car's connection."""

    faults: tuple[PlacedFault, ...]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command to a car."""

    name: str
    arguments: dict[str, bool | float | str | list[Any]] = {}


class ClockChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Move the clock on by so many seconds, or let it run at so many seconds a second."""

    step: _Step | None = None
    speed: _Speed | None = None


class NewWorld(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new world begins with."""

    seed: _Seed = 1


class SimulatorHandlers:
    """Handlers over the simulated world."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._changes = msgspec.json.Decoder(Changes)
        self._fault = msgspec.json.Decoder(Fault)
        self._order = msgspec.json.Decoder(Order)
        self._clock = msgspec.json.Decoder(ClockChange)
        self._new_world = msgspec.json.Decoder(NewWorld)

    async def state(self, call: Call) -> Answer:
        """Say what time it is in the simulated world, how fast it passes, and how many cars there are."""
        return json_answer(self._simulator.state())

    async def cars(self, call: Call) -> Answer:
        """List simulated cars; to an application only those whose VIN is made up."""
        query = decode_query(call.query, ListQuery, lax=True)
        count, cars = self._simulator.page(query.offset, query.limit, made_up=call.client_id is not None)
        found = []
        for summary in cars:
            found.append(summary)
            await asyncio.sleep(0)  # a car may have days to catch up on: others get their turn between two
        return json_answer(CarList(found, count, query.offset))

    async def car(self, call: Call) -> Answer:
        """Read a car's signals, each with its three times: all of them, or those whose codes begin so."""
        query = decode_query(call.query, SignalsQuery)
        beginnings = [code for code in (query.codes or "").split(",") if code]
        return json_answer(self._simulator.signals(call.parameters["car"], beginnings))

    async def change(self, call: Call) -> Answer:
        """Let a car begin a scenario, set things on it by hand, or both: all of it or nothing."""
        wanted = decode_body(call.body, self._changes)
        settings = {name: _text(value) for name, value in wanted.settings.items()}
        return json_answer(self._simulator.change(call.parameters["car"], wanted.scenario, settings))

    async def faults(self, call: Call) -> Answer:
        """Say what goes wrong with a car's connection."""
        return json_answer(FaultScript(self._simulator.faults(call.parameters["car"])))

    async def add_fault(self, call: Call) -> Answer:
        """Let something go wrong with a car's connection, and say all that does."""
        fault = decode_body(call.body, self._fault)
        return json_answer(FaultScript(self._simulator.add_fault(call.parameters["car"], fault)))

    async def clear_faults(self, call: Call) -> Answer:
        """Let nothing more go wrong with a car's connection."""
        self._simulator.clear_faults(call.parameters["car"])
        return json_answer(FaultScript(()))

    async def command(self, call: Call) -> Answer:
        """Give a car a command, whoever owns it, and say what became of it."""
        order = decode_body(call.body, self._order)
        return json_answer(self._simulator.command(call.parameters["car"], order.name, order.arguments))

    async def clock(self, call: Call) -> Answer:
        """Move the world's clock on, or change its speed."""
        wanted = decode_body(call.body, self._clock)
        if (wanted.step is None) is (wanted.speed is None):
            raise InvalidInput(FieldProblem("step", "Give either step or speed"))
        if wanted.step is not None:
            return json_answer(self._simulator.step(wanted.step))
        assert wanted.speed is not None
        return json_answer(self._simulator.run(wanted.speed))

    async def reset(self, call: Call) -> Answer:
        """Begin a new world; the old one is forgotten. Cars of sign-ins come back, new, when they are asked."""
        return json_answer(self._simulator.reset(decode_body(call.body, self._new_world).seed))


def routes(handlers: SimulatorHandlers, *, for_applications: bool) -> tuple[Route, ...]:
    """Return the rows of the route table: for applications too, or for commands on this machine alone."""
    shared: dict[str, Any] = {"door": "application_or_local" if for_applications else "local", "tag": "v1"}
    of_car = {**shared, "parameters": _CAR}
    base, car = "/v1/simulator", "/v1/simulator/cars/{car}"
    return (
        Route(
            *("GET", base, handlers.state, "simulator"),
            summary="What time is it for the simulated cars, and how many are there?",
            answers=WorldState,
            **shared,
        ),
        Route(
            *("GET", f"{base}/cars", handlers.cars, "simulated_cars"),
            summary="Which simulated cars are there, and what are they doing?",
            answers=CarList,
            query=ListQuery,
            **shared,
        ),
        Route(
            *("GET", car, handlers.car, "read_simulated_car"),
            summary="What does this simulated car say?",
            answers=CarSignals,
            query=SignalsQuery,
            **of_car,
        ),
        Route(
            *("POST", car, handlers.change, "change_simulated_car"),
            summary="Begin a scenario with a simulated car, or set something on it.",
            answers=CarSummary,
            body=Changes,
            **of_car,
        ),
        Route(
            *("GET", f"{car}/faults", handlers.faults, "simulated_faults"),
            summary="What goes wrong with this simulated car's connection?",
            answers=FaultScript,
            **of_car,
        ),
        Route(
            *("POST", f"{car}/faults", handlers.add_fault, "add_simulated_fault"),
            summary="Let something go wrong with a simulated car's connection.",
            answers=FaultScript,
            body=Fault,
            **of_car,
        ),
        Route(
            *("DELETE", f"{car}/faults", handlers.clear_faults, "clear_simulated_faults"),
            summary="Let nothing more go wrong with it.",
            answers=FaultScript,
            **of_car,
        ),
        Route(
            *("POST", f"{car}/commands", handlers.command, "command_simulated_car"),
            summary="Give a simulated car a command.",
            answers=Outcome,
            body=Order,
            **of_car,
        ),
        Route(
            *("POST", f"{base}/clock", handlers.clock, "move_simulated_clock"),
            summary="Move the simulated cars' clock.",
            answers=WorldState,
            body=ClockChange,
            **shared,
        ),
        Route(
            *("POST", f"{base}/reset", handlers.reset, "reset_simulator"),
            summary="Begin a new simulated world.",
            answers=WorldState,
            body=NewWorld,
            **shared,
        ),
    )


def _text(value: bool | float | str) -> str:
    """Spell a setting as the command line has it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else repr(value)
