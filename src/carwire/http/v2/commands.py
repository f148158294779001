"""The calls of ``/v2.0/vehicles/{id}`` that command the car."""

from __future__ import annotations

from typing import Final

from carwire.core.grants import demand
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem
from carwire.http.call import Answer, Call, json_answer
from carwire.http.commanding import command_headers, deadline_of, idempotency_key, read_body
from carwire.http.v2.vehicles import Handler, VehicleHandlers
from carwire.http.wishes import unit_system
from carwire.services.commands import DEADLINE, CommandService
from carwire.wire.v2.actions import Action, read_order
from carwire.wire.v2.static import ActionBody

_DONE: Final = json_answer(ActionBody()).body


class ActionHandlers:
    """Handlers over the commands."""

    def __init__(self, commands: CommandService, vehicles: VehicleHandlers) -> None:
        self._commands = commands
        self._vehicles = vehicles

    def act(self, action: Action, make: str | None = None) -> Handler:
        """Return the handler of a call that commands the car; `make` is the only one it is for."""

        async def handle(call: Call) -> Answer:
            vehicle = call.vehicle
            order = read_order(action, read_body(call.body) if action.body else None, unit_system(call))
            key, deadline = idempotency_key(call), deadline_of(call)
            demand(vehicle, action.permission)
            if make is not None:
                self._vehicles.check_make(vehicle, make)
            if order.command is None:
                raise Obstacle(Problem("COMPATIBILITY:SMARTCAR_NOT_CAPABLE", self._vehicles.now(vehicle)))
            sent = await self._commands.send(vehicle, order.command, order.arguments, key=key, deadline=deadline)
            return Answer(_DONE, headers=command_headers(sent))

        handle.__doc__ = (
            f"Sent once, before its deadline (`carwire-deadline`, seconds, {DEADLINE.total_seconds():g} unless said). "
            "With an `idempotency-key` a repeated request is answered as the first, unless that one was not sent. When "
            "nobody can tell what became of it, the error says so."
        )
        return handle
