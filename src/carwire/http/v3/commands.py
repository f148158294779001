"""Commands of v3: the call stays open until the car has answered. Source: the wire contract, section 8.

An answer that takes long is begun with 202 and headers, so that nobody in between gives up, and ended by its body; a
space now and then keeps the connection in use. An error in such a body has its own status.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec

from carwire.core.commands import Arguments, CommandRecord
from carwire.http.call import Answer, Call, NothingThere, json_answer
from carwire.http.commanding import command_headers, deadline_of, idempotency_key, read_body
from carwire.http.v3.faults import V3Faults
from carwire.http.v3.view import Views, answered
from carwire.services.commands import LONGEST, CommandFailed, CommandService, Sent
from carwire.wire.v3.commands import CommandCall, command_id, execution_body, read_command
from carwire.wire.v3.schedules import CREATE, DELETE, changed_body

Handler = Callable[[Call], Awaitable[Answer]]
Write = Callable[[CommandRecord], object]
LONG_AFTER: Final = timedelta(seconds=175)
_NOTHING: Final = "RESOURCE_NOT_FOUND:PATH"  # what a car says of something it does not have
_ALIVE_S: Final = 15.0  # between two signs of life in a long answer
_encode: Final = msgspec.json.Encoder().encode


class CommandHandlers:
    """Handlers over the commands. After `long_after` an answer is begun before its end is known."""

    def __init__(
        self, commands: CommandService, views: Views, faults: V3Faults, long_after: timedelta = LONG_AFTER
    ) -> None:
        self._commands = commands
        self._views = views
        self._faults = faults
        self._long_after_s = long_after.total_seconds()

    def command(self, row: CommandCall) -> Handler:
        """Return the handler of one command."""

        async def handle(call: Call) -> Answer:
            order = read_command(row, read_body(call.body))
            view = self._views.of(call)
            return await self.carry_out(
                call, order.command, order.arguments, lambda record: execution_body(record, view)
            )

        handle.__doc__ = (
            "Sent once, before its deadline (`carwire-deadline`, seconds, "
            f"{LONGEST.total_seconds():g} unless said), and answered when the car has. With an `idempotency-key` a "
            "repeated request is answered as the first, unless that one was not sent. When nobody can tell what became "
            "of it, the answer is 504: read the car before sending it again."
        )
        return handle

    async def carry_out(
        self, call: Call, name: str, arguments: Arguments, write: Write, missing: NothingThere | None = None
    ) -> Answer:
        """Send a command and answer with what `write` makes of its record. `missing` is what is not there, when the car
        says that something is not.
        """
        sending = asyncio.create_task(
            self._commands.send(
                call.vehicle, name, arguments, key=idempotency_key(call), deadline=deadline_of(call, LONGEST)
            )
        )
        await asyncio.wait({sending}, timeout=self._long_after_s)
        if not sending.done():
            return Answer(b"", 202, tail=self._tail(sending, call, write, missing))
        sent = await _ended(sending, missing)
        record = await self._record(call, sent)
        return Answer(json_answer(write(record)).body, headers=command_headers(sent))

    async def execution(self, call: Call) -> Answer:
        """What became of a command, by the id its answer named. Our own: the original publishes no such call."""
        asked = call.parameters["execution_id"]
        known = command_id(asked)
        record = await self._commands.find(call.vehicle, known) if known else None
        if record is None:
            raise NothingThere("command", asked)
        write = changed_body if record.name in {CREATE, DELETE} else execution_body
        return answered(call, write(record, self._views.of(call)))

    async def _record(self, call: Call, sent: Sent) -> CommandRecord:
        record = await self._commands.find(call.vehicle, sent.id)
        if record is None:  # gone with its owner meanwhile
            raise NothingThere("command", sent.id)
        return record

    async def _tail(
        self, sending: asyncio.Task[Sent], call: Call, write: Write, missing: NothingThere | None
    ) -> AsyncGenerator[bytes]:
        while not sending.done():
            await asyncio.wait({sending}, timeout=_ALIVE_S)
            if not sending.done():
                yield b" "
        try:
            yield _encode(write(await self._record(call, await _ended(sending, missing))))
        except Exception as error:
            yield self._faults.answer(error, call).body


async def _ended(sending: asyncio.Task[Sent], missing: NothingThere | None) -> Sent:
    try:
        return await sending
    except CommandFailed as error:
        if missing is None or error.problem.kind != _NOTHING:
            raise
        raise missing from None
