"""The chain of the audit: every line carries a digest over itself and the digest of the line before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from carwire.core.commands import AuditEntry, CommandRecord, State
from carwire.core.errors import CarwireError
from carwire.core.grants import Approval, Exchange
from carwire.core.ports import CommandStore
from carwire.core.signals.reading import Problem
from carwire.storage.moments import to_us

Head = tuple[int, bytes]  # number and digest of the newest line
BEGINNING: Final[Head] = (0, bytes(32))  # stands for the line before the first


def chain(head: Head, at: datetime, kind: str, subject: str, detail: Mapping[str, object]) -> AuditEntry:
    """Return the line that follows `head`."""
    previous, number = head[1], head[0] + 1
    line = {"number": number, "at": to_us(at), "kind": kind, "subject": subject, "detail": dict(detail)}
    digest = sha256(previous + msgspec.json.encode(line, order="deterministic")).digest()
    return AuditEntry(number, at, kind, subject, dict(detail), digest)


def first_break(entries: Sequence[AuditEntry], head: Head = BEGINNING) -> int | None:
    """Return the number that the first line had to have which does not follow from the one before; null when all do.

    `head` is the line before the first of `entries`. Lines cut off at the end are not noticed here: compare the last
    digest with one that was kept elsewhere.
    """
    for entry in entries:
        if chain(head, entry.at, entry.kind, entry.subject, entry.detail) != entry:
            return head[0] + 1
        head = entry.number, entry.digest
    return None


class AuditBroken(CarwireError):
    """A line is missing, was changed, or was put in."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} of the audit is missing or is not what was written")


async def verified(store: CommandStore, kept: Head = BEGINNING) -> Head:
    """Read the audit to its end and return its head. Raises `AuditBroken` with the first line that does not follow from
    the one before, lines cut off at the end included, or that is not the one of a `kept` head.
    """
    wanted = dict((kept, await store.audit_head()))  # more lines may come while it is read
    if kept[0] in wanted and wanted[kept[0]] != kept[1]:
        raise AuditBroken(kept[0])
    head = BEGINNING
    while lines := await _lines(store, head[0]):
        changed = (line.number for line in lines if wanted.get(line.number, line.digest) != line.digest)
        number = first_break(lines, head) or next(changed, None)
        if number is not None:
            raise AuditBroken(number)
        head = lines[-1].number, lines[-1].digest
    if max(wanted) > head[0]:
        raise AuditBroken(head[0] + 1)
    return head


async def _lines(store: CommandStore, after: int) -> list[AuditEntry]:
    """Return lines; of those that hold what cannot be read only the ones before."""
    for limit in (1000, 1):
        with suppress(msgspec.MsgspecError, ValueError, TypeError, OverflowError):
            return await store.audit(after, limit)
    raise AuditBroken(after + 1)


def of_command(record: CommandRecord, state: State, problem: Problem | None = None) -> dict[str, object]:
    """Return what the audit says of a command's step. Arguments stay out: they may be places, and nobody can delete
    them here.
    """
    detail: dict[str, object] = {
        "state": state,
        "name": record.name,
        "client_id": record.client_id,
        "vehicle_id": record.vehicle_id,
    }
    return detail | {"problem": problem.kind} if problem else detail


def of_approval(approval: Approval) -> dict[str, object]:
    """Return what the audit says of an owner's consent: which permissions hold from then on, on how many cars."""
    owner = approval.owner
    permissions = list(dict.fromkeys(name for car in approval.cars for name in car.permissions))
    return {"client_id": owner.client_id, "mode": owner.mode, "permissions": permissions, "cars": len(approval.cars)}


def of_credential(digest: bytes) -> str:
    """Return what the audit calls a code or token by: the beginning of the digest under which the database has it."""
    return digest.hex()[:16]


def of_redemption(outcome: Exchange) -> str:
    """Return the kind of line that says how the exchange of a code ended."""
    return "token.redeemed" if outcome == "done" else f"token.code_{outcome}"
