"""The calls of ``/v2.0/vehicles/{id}`` that command the car."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.grants import demand
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem
from carwire.http.call import Answer, Call, json_answer
from carwire.http.faults import command_headers
from carwire.http.v2.vehicles import Handler, VehicleHandlers, unit_system
from carwire.services.commands import DEADLINE, LONGEST, MAX_KEY, CommandService
from carwire.wire.v2.actions import Action, read_order
from carwire.wire.v2.static import ActionBody

KEY_HEADER: Final = b"idempotency-key"
DEADLINE_HEADER: Final = b"carwire-deadline"
_WHOLE: Final = re.compile(r"[0-9]{1,4}")
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


def read_body(body: bytes) -> object:
    """Read a JSON body; none at all is null. Raises `InvalidInput` on the field ``body``."""
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(FieldProblem("body", f"Not JSON: {error}"[:200])) from None


def idempotency_key(call: Call) -> str | None:
    """Return the key of a command, null when there is none. Raises `InvalidInput` for one too long or unprintable."""
    key = call.one_header(KEY_HEADER)
    if not key:
        return None
    if len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
        raise InvalidInput(FieldProblem(KEY_HEADER.decode(), f"Must be at most {MAX_KEY} printable ASCII characters"))
    return key


def deadline_of(call: Call) -> timedelta:
    """Return how long a command may wait before it is sent."""
    text = call.one_header(DEADLINE_HEADER)
    longest = int(LONGEST.total_seconds())
    if text is None:
        return DEADLINE
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= longest:
        raise InvalidInput(FieldProblem(DEADLINE_HEADER.decode(), f"Must be a whole number of seconds, 1 to {longest}"))
    return timedelta(seconds=int(text))
