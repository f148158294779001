"""Plans for commands and the audit."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from carwire.core.commands import Accepted, AuditEntry, CommandRecord, State
from carwire.core.signals.reading import Problem
from carwire.storage.audit import chain, of_command
from carwire.storage.moments import from_us, from_us_or_null, to_us, to_us_or_null
from carwire.storage.sql.plans import Plan, Planned, Row, Value, marks, reads, writes

_COLUMNS: Final = (
    "id, client_id, vehicle_id, car_id, name, arguments, fingerprint, state, problem, accepted_at, deadline_at,"
    " sent_at, ended_at"
)


class CommandPlans(Planned):
    """`carwire.core.ports.CommandStore`."""

    @writes
    def accept(self, record: CommandRecord, key: str | None) -> Plan[Accepted]:
        """Hand in a command. One at a time for each car, so that two equal ones find each other."""
        yield "SELECT id FROM cars WHERE id = ? {for_update}", (record.car_id,)
        if key is not None:
            rows = yield (
                f"SELECT {_COLUMNS} FROM commands WHERE id = (SELECT command_id FROM idempotency_keys"
                " WHERE client_id = ? AND vehicle_id = ? AND idempotency_key = ?)",
                (record.client_id, record.vehicle_id, key),
            )
            if rows:
                return Accepted(_record(rows[0]), "replayed")
        rows = yield (
            f"SELECT {_COLUMNS} FROM commands WHERE car_id = ? AND fingerprint = ? AND ended_at IS NULL",
            (record.car_id, record.fingerprint),
        )
        accepted = Accepted(_record(rows[0]), "joined") if rows else Accepted(record, "own")
        if accepted.how == "own":
            yield f"INSERT INTO commands ({_COLUMNS}) VALUES ({marks(13)})", _row(record)
        if key is not None:
            yield (
                "INSERT INTO idempotency_keys (client_id, vehicle_id, idempotency_key, command_id, created_at)"
                f" VALUES ({marks(5)})",
                (record.client_id, record.vehicle_id, key, accepted.record.id, to_us(record.accepted_at)),
            )
        if accepted.how == "own":
            yield from _note("command", record.id, of_command(record, record.state), record.accepted_at)
        return accepted

    @writes
    def mark_sent(self, command_id: str, now: datetime) -> Plan[bool]:
        """Mark an accepted command as sent; false when it is not accepted any more or its deadline has passed."""
        at = to_us(now)
        rows = yield (
            "UPDATE commands SET state = 'sent', sent_at = ? WHERE id = ? AND state = 'accepted' AND deadline_at > ?"
            f" RETURNING {_COLUMNS}",
            (at, command_id, at),
        )
        yield from _note_steps(rows, now)
        return bool(rows)

    @writes
    def end(self, command_id: str, state: State, problem: Problem | None, now: datetime) -> Plan[bool]:
        """End a command; false when it has ended already."""
        rows = yield (
            "UPDATE commands SET state = ?, problem = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL"
            f" RETURNING {_COLUMNS}",
            (state, _problem_text(problem), to_us(now), command_id),
        )
        yield from _note_steps(rows, now)
        return bool(rows)

    @reads
    def command(self, command_id: str) -> Plan[CommandRecord | None]:
        """Return a command."""
        rows = yield f"SELECT {_COLUMNS} FROM commands WHERE id = ?", (command_id,)
        return _record(rows[0]) if rows else None

    @writes
    def recover(self, now: datetime) -> Plan[int]:
        """End what nobody can be working on any more, its deadline passed."""
        at = to_us(now)
        rows = yield (
            "UPDATE commands SET state = CASE state WHEN 'accepted' THEN 'not_sent' ELSE 'unknown' END, ended_at = ?"
            f" WHERE ended_at IS NULL AND deadline_at <= ? RETURNING {_COLUMNS}",
            (at, at),
        )
        yield from _note_steps(rows, now)
        return len(rows)

    @writes
    def note(self, kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> Plan[None]:
        """Append a line to the audit."""
        yield from _note(kind, subject, detail, now)

    @reads
    def audit(self, after: int = 0, limit: int = 1000) -> Plan[list[AuditEntry]]:
        """Return lines of the audit in order, from the one after `after` on."""
        rows = yield (
            "SELECT number, noted_at, kind, subject, detail, digest FROM audit WHERE number > ?"
            " ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [
            AuditEntry(number, from_us(noted_us), kind, subject, msgspec.json.decode(detail), digest)
            for number, noted_us, kind, subject, detail, digest in rows
        ]


def _note(kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> Plan[None]:
    """Append a line. Done last in a plan: the head of the audit is one row, and whoever writes waits for it."""
    ((number, digest),) = yield "SELECT number, digest FROM audit_head WHERE name = 'audit' {for_update}", ()
    line = chain((number, digest), now, kind, subject, detail)
    yield (
        f"INSERT INTO audit (number, noted_at, kind, subject, detail, digest) VALUES ({marks(6)})",
        (line.number, to_us(now), kind, subject, msgspec.json.encode(line.detail).decode(), line.digest),
    )
    yield "UPDATE audit_head SET number = ?, digest = ? WHERE name = 'audit'", (line.number, line.digest)


def _note_steps(rows: list[Row], now: datetime) -> Plan[None]:
    for row in rows:
        record = _record(row)
        yield from _note("command", record.id, of_command(record, record.state, record.problem), now)


def _problem_text(problem: Problem | None) -> str | None:
    return None if problem is None else msgspec.json.encode(problem).decode()


def _row(record: CommandRecord) -> tuple[Value, ...]:
    return (
        record.id,
        record.client_id,
        record.vehicle_id,
        record.car_id,
        record.name,
        msgspec.json.encode(record.arguments).decode(),
        record.fingerprint,
        record.state,
        _problem_text(record.problem),
        to_us(record.accepted_at),
        to_us(record.deadline_at),
        to_us_or_null(record.sent_at),
        to_us_or_null(record.ended_at),
    )


def _record(row: Row) -> CommandRecord:
    return CommandRecord(
        id=row[0],
        client_id=row[1],
        vehicle_id=row[2],
        car_id=row[3],
        name=row[4],
        arguments=msgspec.json.decode(row[5]),
        fingerprint=row[6],
        state=row[7],
        problem=row[8] and msgspec.json.decode(row[8], type=Problem),
        accepted_at=from_us(row[9]),
        deadline_at=from_us(row[10]),
        sent_at=from_us_or_null(row[11]),
        ended_at=from_us_or_null(row[12]),
    )
