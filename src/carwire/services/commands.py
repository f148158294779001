"""Commands: accepted, sent once, and told as they ended.

Every command is kept before it goes out, so that nothing that happened to a car is ever unrecorded; each change of its
state is a line of the audit. Whoever asks waits for the end; if they go away, the command goes on.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from carwire.core.commands import COMMANDS, Arguments, CommandRecord, Outcome, check_command
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.grants import Principal, demand
from carwire.core.ports import Store
from carwire.core.signals.problems import Obstacle
from carwire.core.signals.reading import Problem
from carwire.core.vehicles import Vehicle
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher
from carwire.upstream.door import Upstream

DEADLINE: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(seconds=300)
MAX_KEY: Final = 255  # characters of an idempotency key
_LOOK_AGAIN_S: Final = 0.05  # at a command another process has in hand
_PATIENCE: Final = timedelta(seconds=5)  # past the deadline, for that process to write down the end
_SECRET: Final = frozenset({"pin"})  # arguments that are not kept


class Sent(msgspec.Struct, frozen=True):
    """A command's id and how it ended. `replayed`: it was answered from an earlier request with the same key."""

    id: str
    outcome: Outcome
    replayed: bool


class CommandFailed(Obstacle):
    """A command ended otherwise than done."""

    def __init__(self, sent: Sent) -> None:
        assert sent.outcome.problem is not None
        super().__init__(sent.outcome.problem)
        self.sent = sent


class CommandService:
    """Sends commands to vehicles that a principal has reached."""

    def __init__(self, store: Store, upstream: Upstream, hasher: SecretHasher, clock: Clock) -> None:
        self._store = store
        self._upstream = upstream
        self._hasher = hasher
        self._clock = clock
        self._running: dict[str, asyncio.Task[Outcome]] = {}

    async def send(
        self,
        vehicle: Vehicle,
        name: str,
        arguments: Arguments,
        *,
        key: str | None = None,
        deadline: timedelta = DEADLINE,
    ) -> Sent:
        """Give a vehicle a command and wait for its end, at the latest a little after the deadline.

        Raises `CommandFailed` unless it is done, `GrantMissing` without the permission, `InvalidInput` for a command
        that does not exist or a key that named another one. The same key answers as before; an equal order under way
        is joined and not sent again.
        """
        command = check_command(name, arguments)
        demand(vehicle, command.permission)
        record = self._record(vehicle, name, arguments, deadline)
        accepted = await self._store.accept(record, key)
        found = accepted.record
        if accepted.how == "replayed" and found.fingerprint != record.fingerprint:
            raise InvalidInput(FieldProblem("idempotency-key", "Was used for another command on this vehicle"))
        if accepted.how == "own":
            task = asyncio.create_task(self._carry_out(vehicle, found, arguments))
            self._running[found.id] = task
            task.add_done_callback(lambda _: self._running.pop(found.id, None))
        sent = Sent(found.id, await self._end_of(found), accepted.how == "replayed")
        if sent.outcome.kind != "done":
            raise CommandFailed(sent)
        return sent

    async def finish(self) -> None:
        """Wait for the commands under way: before the server stops."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _record(self, vehicle: Vehicle, name: str, arguments: Arguments, deadline: timedelta) -> CommandRecord:
        now = self._clock()
        # Of one owner to one application: nobody joins another's command, or learns how it ended.
        order = msgspec.json.encode([name, dict(arguments), vehicle.client_id, vehicle.user_id], order="sorted")
        return CommandRecord(
            id=new_id(),
            client_id=vehicle.client_id,
            vehicle_id=vehicle.id,
            car_id=vehicle.car.id,
            name=name,
            arguments={key: value for key, value in arguments.items() if key not in _SECRET},
            fingerprint=self._hasher.hash(Secret(order.decode())),
            state="accepted",
            problem=None,
            accepted_at=now,
            deadline_at=now + deadline,
        )

    async def _carry_out(self, vehicle: Vehicle, record: CommandRecord, arguments: Arguments) -> Outcome:
        turn = self._upstream.turn(vehicle)
        try:
            async with asyncio.timeout(self._left_s(record)):
                await turn.acquire()
        except TimeoutError:
            return await self._ended(record, _late(self._upstream, vehicle))
        try:
            return await self._ended(record, await self._outcome(vehicle, record, arguments))
        finally:
            turn.release()

    async def _outcome(self, vehicle: Vehicle, record: CommandRecord, arguments: Arguments) -> Outcome:
        if self._left_s(record) <= 0:
            return _late(self._upstream, vehicle)
        if not await self._still_granted(vehicle, record.name):
            return Outcome("not_sent", Problem("PERMISSION", self._upstream.now(vehicle)))
        blocked = await self._upstream.admit(vehicle)
        if blocked:
            return Outcome("not_sent", blocked)
        if not await self._store.mark_sent(record.id, self._clock()):
            return _late(self._upstream, vehicle)
        return await self._upstream.command(vehicle, record.name, arguments, max(0.0, self._left_s(record)))

    async def _still_granted(self, vehicle: Vehicle, name: str) -> bool:
        """Tell whether the owner still grants it: they may have gone while the command waited for its turn."""
        found = await self._store.reach(Principal(vehicle.client_id, vehicle.user_id), vehicle.id)
        return found is not None and COMMANDS[name].permission in found.permissions

    def _left_s(self, record: CommandRecord) -> float:
        return (record.deadline_at - self._clock()).total_seconds()

    async def _ended(self, record: CommandRecord, outcome: Outcome) -> Outcome:
        await self._store.end(record.id, outcome.kind, outcome.problem, self._clock())
        return outcome

    async def _end_of(self, record: CommandRecord) -> Outcome:
        task = self._running.get(record.id)
        if task:
            return await asyncio.shield(task)
        last = record.deadline_at + _PATIENCE
        while record.ended_at is None and self._clock() < last:
            await asyncio.sleep(_LOOK_AGAIN_S)
            record = await self._store.command(record.id) or record
        if record.state == "done":
            return Outcome("done")
        # One that a crash cut off is ended without anybody knowing why.
        problem = record.problem or Problem("UPSTREAM:NO_RESPONSE", record.ended_at or last)
        state = "unknown" if record.state in {"accepted", "sent"} else record.state
        return Outcome(state, problem)  # type: ignore[arg-type]  # the two others are ruled out


def _late(upstream: Upstream, vehicle: Vehicle) -> Outcome:
    return Outcome("not_sent", Problem("UPSTREAM:NO_RESPONSE", upstream.now(vehicle)))
