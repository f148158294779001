"""Charge schedules of v3. Source: the wire contract, section 9. What is set is read through the car's charge timers."""

from __future__ import annotations

from carwire.http.call import Answer, Call, NothingThere
from carwire.http.commanding import read_body
from carwire.http.v3.commands import CommandHandlers, Handler
from carwire.http.v3.view import Views
from carwire.wire.v3.schedules import (
    CREATE,
    DELETE,
    ScheduleKind,
    arguments_of,
    changed_body,
    id_of_schedule,
    read_schedule,
    read_schedule_id,
)


class ScheduleHandlers:
    """Handlers over the commands."""

    def __init__(self, commands: CommandHandlers, views: Views) -> None:
        self._commands = commands
        self._views = views

    def create(self, kind: ScheduleKind) -> Handler:
        """Return the handler that sets a schedule of a kind."""

        async def handle(call: Call) -> Answer:
            order = read_schedule(kind, read_body(call.body))
            view = self._views.of(call)
            arguments = arguments_of(order, id_of_schedule(call.vehicle.id, order))
            return await self._commands.carry_out(call, CREATE, arguments, lambda record: changed_body(record, view))

        handle.__doc__ = (
            "The car charges at this place between these times of its day. The same schedule set twice is one. "
            "`charge-chargetimers` tells which there are."
        )
        return handle

    async def delete(self, call: Call) -> Answer:
        """Delete a schedule by the id its making was answered with."""
        schedule_id = read_schedule_id(call.parameters["schedule_id"])
        view = self._views.of(call)
        return await self._commands.carry_out(
            call,
            DELETE,
            {"schedule_id": schedule_id},
            lambda record: changed_body(record, view),
            missing=NothingThere("schedule", schedule_id),
        )
