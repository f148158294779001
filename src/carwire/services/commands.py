"""Commands: accepted, sent once, and told as they ended.

Every command is kept before it goes out, so that nothing that happened to a car is ever unrecorded; each change of its
state is a line of the audit. Whoever asks waits for the end; if they go away, the command goes on. One car's commands
queue up, and the queue is short: what would wait behind twenty others is better given again later.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Final

import msgspec

from carwire.core.commands import (
    COMMANDS,
    RECOVERY_GRACE,
    Accepted,
    Arguments,
    CommandRecord,
    Outcome,
    check_command,
)
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.grants import Principal, demand
from carwire.core.ports import Store
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem
from carwire.core.vehicles import Vehicle
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher
from carwire.upstream.door import Upstream

DEADLINE: Final = timedelta(seconds=60)
LONGEST: Final = timedelta(seconds=300)
MAX_KEY: Final = 255  # characters of an idempotency key
MOST_OF_CAR: Final = 20  # commands of one car that wait or are under way in this process
COME_AGAIN_S: Final = 5.0  # told to who comes on top of them: a car needs seconds for a command
_LOOK_AGAIN_S: Final = (0.05, 1.0)  # at a command of another process: the first pause, doubled up to the second
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
        self._queues = _Queues()

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
        that does not exist or a key that named another one. The same key answers as before, unless its command was not
        sent; an equal order under way is joined and not sent again. What finds the car's queue full is not stored.
        """
        command = check_command(name, arguments)
        demand(vehicle, command.permission)
        record = self._record(vehicle, name, arguments, deadline)
        accepted = await self._hand_in(vehicle, record, arguments, key)
        found = accepted.record
        if accepted.how == "replayed" and found.fingerprint != record.fingerprint:
            raise InvalidInput(FieldProblem("idempotency-key", "Was used for another command on this vehicle"))
        outcome = self._crowded(vehicle) if accepted.how == "full" else await self._end_of(found)
        sent = Sent(found.id, outcome, accepted.how == "replayed")
        if sent.outcome.kind != "done":
            raise CommandFailed(sent)
        return sent

    async def find(self, vehicle: Vehicle, command_id: str) -> CommandRecord | None:
        """Return a command this vehicle's owner gave it through this application, null for any other."""
        found = await self._store.command(command_id)
        if found is None or (found.client_id, found.vehicle_id) != (vehicle.client_id, vehicle.id):
            return None
        return found if self._fingerprint(vehicle, found.name, found.arguments) == found.fingerprint else None

    async def finish(self) -> None:
        """Wait for the commands under way: before the server stops."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _record(self, vehicle: Vehicle, name: str, arguments: Arguments, deadline: timedelta) -> CommandRecord:
        now = self._clock()
        return CommandRecord(
            id=new_id(),
            client_id=vehicle.client_id,
            vehicle_id=vehicle.id,
            car_id=vehicle.car.id,
            name=name,
            arguments={key: value for key, value in arguments.items() if key not in _SECRET},
            fingerprint=self._fingerprint(vehicle, name, arguments),
            state="accepted",
            problem=None,
            accepted_at=now,
            deadline_at=now + deadline,
        )

    def _fingerprint(self, vehicle: Vehicle, name: str, arguments: Arguments) -> bytes:
        """Of one owner to one application: nobody joins another's command, or learns how it ended."""
        order = msgspec.json.encode([name, dict(arguments), vehicle.client_id, vehicle.user_id], order="sorted")
        return self._hasher.hash(Secret(order.decode()))

    async def _hand_in(
        self, vehicle: Vehicle, record: CommandRecord, arguments: Arguments, key: str | None
    ) -> Accepted:
        """Hand a command to the store and begin with it if it is ours. It has its place in the queue before the store
        is asked, so that many at once do not all find the last one free.
        """
        room = self._queues.enter(record)
        try:
            accepted = await self._store.accept(record, key, room=room)
            if accepted.how == "own":
                self._begin(vehicle, accepted.record, arguments)
            return accepted
        finally:
            if room:
                self._queues.leave(record)

    def _begin(self, vehicle: Vehicle, record: CommandRecord, arguments: Arguments) -> None:
        self._queues.enter(record)
        task = asyncio.create_task(self._carry_out(vehicle, record, arguments))
        self._running[record.id] = task
        task.add_done_callback(lambda _: self._is_over(record))

    def _is_over(self, record: CommandRecord) -> None:
        self._running.pop(record.id, None)
        self._queues.leave(record)

    def _crowded(self, vehicle: Vehicle) -> Outcome:
        return Outcome("not_sent", Problem("RATE_LIMIT:VEHICLE", self._upstream.now(vehicle), COME_AGAIN_S))

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
        """Write down how a command ended. If somebody was quicker, what they wrote is what everybody is told."""
        if await self._store.end(record.id, outcome.kind, outcome.problem, self._clock()):
            return outcome
        found = await self._store.command(record.id)
        return _told(found) if found and found.ended_at else outcome

    async def _end_of(self, record: CommandRecord) -> Outcome:
        """Wait for the end of a command: of our own, or of one in another process, which may have died over it. Then
        it is ended here, once its deadline and the grace have passed.
        """
        task = self._running.get(record.id)
        if task:
            return await asyncio.shield(task)
        pause_s, longest_s = _LOOK_AGAIN_S
        found: CommandRecord | None = record
        while found and found.ended_at is None:
            if self._clock() < record.deadline_at + RECOVERY_GRACE:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, longest_s)
            else:
                await self._store.recover(self._clock())
            found = await self._store.command(record.id)
        if found is None:  # gone with its application
            return Outcome("unknown", Problem("UPSTREAM:NO_RESPONSE", self._clock()))
        return _told(found)


class _Queues:
    """The commands of each car that this process has in hand: being handed in, waiting or under way. Equal orders are
    one, because the store makes one command of them.
    """

    def __init__(self) -> None:
        self._of_car: dict[str, Counter[bytes]] = {}

    def enter(self, record: CommandRecord) -> bool:
        """Enter a command in its car's queue; false, and nothing entered, when that is full."""
        queue = self._of_car.setdefault(record.car_id, Counter())
        if record.fingerprint not in queue and len(queue) >= MOST_OF_CAR:
            return False
        queue[record.fingerprint] += 1
        return True

    def leave(self, record: CommandRecord) -> None:
        """Take out what was entered once."""
        queue = self._of_car[record.car_id]
        queue[record.fingerprint] -= 1
        if not queue[record.fingerprint]:
            del queue[record.fingerprint]
        if not queue:
            del self._of_car[record.car_id]


def _told(record: CommandRecord) -> Outcome:
    """Return how a command that has ended did. What a crash cut off has no reason written down."""
    if record.state == "done":
        return Outcome("done")
    assert record.ended_at is not None
    problem = record.problem or Problem("UPSTREAM:NO_RESPONSE", record.ended_at)
    return Outcome(record.state, problem)  # type: ignore[arg-type]  # accepted and sent have no end


def _late(upstream: Upstream, vehicle: Vehicle) -> Outcome:
    return Outcome("not_sent", Problem("UPSTREAM:NO_RESPONSE", upstream.now(vehicle)))
