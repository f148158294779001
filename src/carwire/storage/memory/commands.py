"""Commands and the audit in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from carwire.core.commands import Accepted, AuditEntry, CommandRecord, State
from carwire.core.signals.reading import Problem
from carwire.storage.audit import BEGINNING, chain, of_command
from carwire.storage.memory import state


class CommandsInMemory:
    """`CommandStore`."""

    _state: state.State

    async def accept(self, record: CommandRecord, key: str | None) -> Accepted:
        """Hand in a command."""
        s = self._state
        name = (record.client_id, record.vehicle_id, key) if key is not None else None
        if name in s.keys:
            return Accepted(s.commands[s.keys[name][0]], "replayed")
        under_way = (
            other
            for other in s.commands.values()
            if other.ended_at is None and (other.car_id, other.fingerprint) == (record.car_id, record.fingerprint)
        )
        accepted = Accepted(joined, "joined") if (joined := next(under_way, None)) else Accepted(record, "own")
        if name:
            s.keys[name] = (accepted.record.id, record.accepted_at)
        if accepted.how == "own":
            await self._step(record, record.accepted_at)
        return accepted

    async def mark_sent(self, command_id: str, now: datetime) -> bool:
        """Mark an accepted command as sent; false when it is not accepted any more or its deadline has passed."""
        record = self._state.commands.get(command_id)
        if record is None or record.state != "accepted" or record.deadline_at <= now:
            return False
        await self._step(msgspec.structs.replace(record, state="sent", sent_at=now), now)
        return True

    async def end(self, command_id: str, state: State, problem: Problem | None, now: datetime) -> bool:
        """End a command; false when it has ended already."""
        record = self._state.commands.get(command_id)
        if record is None or record.ended_at is not None:
            return False
        await self._step(msgspec.structs.replace(record, state=state, problem=problem, ended_at=now), now)
        return True

    async def command(self, command_id: str) -> CommandRecord | None:
        """Return a command."""
        return self._state.commands.get(command_id)

    async def recover(self, now: datetime) -> int:
        """End what nobody can be working on any more, its deadline passed."""
        late = [r for r in self._state.commands.values() if r.ended_at is None and r.deadline_at <= now]
        for record in late:
            await self.end(record.id, "not_sent" if record.state == "accepted" else "unknown", None, now)
        return len(late)

    async def note(self, kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> None:
        """Append a line to the audit."""
        lines = self._state.audit
        head = (lines[-1].number, lines[-1].digest) if lines else BEGINNING
        lines.append(chain(head, now, kind, subject, detail))

    async def audit(self, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        """Return lines of the audit in order, from the one after `after` on."""
        return self._state.audit[after : after + limit]

    async def _step(self, record: CommandRecord, now: datetime) -> None:
        self._state.commands[record.id] = record
        await self.note("command", record.id, of_command(record, record.state, record.problem), now)
