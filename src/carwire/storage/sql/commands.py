"""Plans for commands and the audit."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from carwire.core.commands import RECOVERY_GRACE, Accepted, AuditEntry, CommandRecord, State
from carwire.core.signals.reading import Problem
from carwire.storage.audit import of_command
from carwire.storage.moments import from_us, from_us_or_null, to_us, to_us_or_null
from carwire.storage.sql.auditing import append
from carwire.storage.sql.plans import Plan, Planned, Row, Value, marks, reads, writes

_COLUMNS: Final = (
    "id, client_id, vehicle_id, car_id, name, arguments, fingerprint, state, problem, accepted_at, deadline_at,"
    " sent_at, ended_at"
)
_END_OVERDUE: Final = (
    "UPDATE commands SET state = CASE state WHEN 'accepted' THEN 'not_sent' ELSE 'unknown' END, ended_at = ?"
    " WHERE ended_at IS NULL AND deadline_at <= ?"
)


class CommandPlans(Planned):
    """`carwire.core.ports.CommandStore`."""

    @writes
    def accept(self, record: CommandRecord, key: str | None, *, room: bool = True) -> Plan[Accepted]:
        """Hand in a command. One at a time for each car, so that two equal ones find each other."""
        yield "SELECT id FROM cars WHERE id = ? {for_update}", (record.car_id,)
        at = to_us(record.accepted_at)
        overdue = yield (
            f"{_END_OVERDUE} AND car_id = ? AND fingerprint = ? RETURNING {_COLUMNS}",
            (at, at, record.car_id, record.fingerprint),
        )
        accepted = (yield from _known(record, key)) or Accepted(record, "own" if room else "full")
        if accepted.how == "own":
            yield f"INSERT INTO commands ({_COLUMNS}) VALUES ({marks(13)})", _row(record)
        if key is not None and accepted.how in {"own", "joined"}:
            yield (
                "INSERT INTO idempotency_keys (client_id, vehicle_id, idempotency_key, command_id, created_at)"
                f" VALUES ({marks(5)}) ON CONFLICT (client_id, vehicle_id, idempotency_key)"
                " DO UPDATE SET command_id = excluded.command_id, created_at = excluded.created_at",
                (record.client_id, record.vehicle_id, key, accepted.record.id, at),
            )
        yield from _note_steps(overdue, record.accepted_at)
        if accepted.how == "own":
            yield from append("command", record.id, of_command(record, record.state), record.accepted_at)
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
        """End what nobody can be working on any more, its deadline and a grace passed."""
        rows = yield f"{_END_OVERDUE} RETURNING {_COLUMNS}", (to_us(now), to_us(now - RECOVERY_GRACE))
        yield from _note_steps(rows, now)
        return len(rows)

    @writes
    def note(self, kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> Plan[None]:
        """Append a line to the audit."""
        yield from append(kind, subject, detail, now)

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

    @reads
    def audit_head(self) -> Plan[tuple[int, bytes]]:
        """Return number and digest of the newest line, as the next one is chained to it."""
        ((number, digest),) = yield "SELECT number, digest FROM audit_head WHERE name = 'audit'", ()
        return number, digest


def _known(record: CommandRecord, key: str | None) -> Plan[Accepted | None]:
    """Return what a command handed in is already: what its key names, or an equal one under way; null for a new one.

    A key whose command was never sent names nothing any more.
    """
    if key is not None:
        rows = yield (
            f"SELECT {_COLUMNS} FROM commands WHERE state <> 'not_sent' AND id = (SELECT command_id"
            " FROM idempotency_keys WHERE client_id = ? AND vehicle_id = ? AND idempotency_key = ?)",
            (record.client_id, record.vehicle_id, key),
        )
        if rows:
            return Accepted(_record(rows[0]), "replayed")
    rows = yield (
        f"SELECT {_COLUMNS} FROM commands WHERE car_id = ? AND fingerprint = ? AND ended_at IS NULL",
        (record.car_id, record.fingerprint),
    )
    return Accepted(_record(rows[0]), "joined") if rows else None


def _note_steps(rows: list[Row], now: datetime) -> Plan[None]:
    for row in rows:
        record = _record(row)
        yield from append("command", record.id, of_command(record, record.state, record.problem), now)


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
