"""Commands and the audit in memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from carwire.core.commands import RECOVERY_GRACE, Accepted, AuditEntry, CommandRecord, State
from carwire.core.signals.reading import Problem
from carwire.storage.audit import of_command
from carwire.storage.memory import state


class CommandsInMemory:
    """`CommandStore`."""

    _state: state.State

    async def accept(self, record: CommandRecord, key: str | None, *, room: bool = True) -> Accepted:
        """Hand in a command."""
        s = self._state
        now = record.accepted_at
        await self._end_overdue([other for other in self._under_way(record) if other.deadline_at <= now], now)
        name = (record.client_id, record.vehicle_id, key) if key is not None else None
        named = s.commands[s.keys[name][0]] if name in s.keys else None
        if named and named.state != "not_sent":
            return Accepted(named, "replayed")
        joined = next(iter(self._under_way(record)), None)
        accepted = Accepted(joined, "joined") if joined else Accepted(record, "own" if room else "full")
        if name and accepted.how != "full":
            s.keys[name] = (accepted.record.id, now)
        if accepted.how == "own":
            self._step(record, now)
        return accepted

    async def mark_sent(self, command_id: str, now: datetime) -> bool:
        """Mark an accepted command as sent; false when it is not accepted any more or its deadline has passed."""
        record = self._state.commands.get(command_id)
        if record is None or record.state != "accepted" or record.deadline_at <= now:
            return False
        self._step(msgspec.structs.replace(record, state="sent", sent_at=now), now)
        return True

    async def end(self, command_id: str, state: State, problem: Problem | None, now: datetime) -> bool:
        """End a command; false when it has ended already."""
        record = self._state.commands.get(command_id)
        if record is None or record.ended_at is not None:
            return False
        self._step(msgspec.structs.replace(record, state=state, problem=problem, ended_at=now), now)
        return True

    async def command(self, command_id: str) -> CommandRecord | None:
        """Return a command."""
        return self._state.commands.get(command_id)

    async def recover(self, now: datetime) -> int:
        """End what nobody can be working on any more, its deadline and a grace passed."""
        until = now - RECOVERY_GRACE
        late = [r for r in self._state.commands.values() if r.ended_at is None and r.deadline_at <= until]
        await self._end_overdue(late, now)
        return len(late)

    async def note(self, kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> None:
        """Append a line to the audit."""
        self._state.note(kind, subject, detail, now)

    async def audit(self, after: int = 0, limit: int = 1000) -> list[AuditEntry]:
        """Return lines of the audit in order, from the one after `after` on."""
        return self._state.audit[after : after + limit]

    async def audit_head(self) -> tuple[int, bytes]:
        """Return number and digest of the newest line, as the next one is chained to it."""
        return self._state.audit_head

    def _under_way(self, record: CommandRecord) -> list[CommandRecord]:
        """Return commands that are the same order on the same car and have not ended: one at most."""
        order = record.car_id, record.fingerprint
        commands = self._state.commands.values()
        return [other for other in commands if other.ended_at is None and (other.car_id, other.fingerprint) == order]

    async def _end_overdue(self, records: list[CommandRecord], now: datetime) -> None:
        for record in records:
            await self.end(record.id, "not_sent" if record.state == "accepted" else "unknown", None, now)

    def _step(self, record: CommandRecord, now: datetime) -> None:
        self._state.commands[record.id] = record
        self._state.note("command", record.id, of_command(record, record.state, record.problem), now)
