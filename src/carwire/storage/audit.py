"""The chain of the audit: every line carries a digest over itself and the digest of the line before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

import msgspec

from carwire.core.commands import AuditEntry, CommandRecord, State
from carwire.core.grants import Exchange
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


def of_credential(digest: bytes) -> str:
    """Return what the audit calls a code or token by: the beginning of the digest under which the database has it."""
    return digest.hex()[:16]


def of_redemption(outcome: Exchange) -> str:
    """Return the kind of line that says how the exchange of a code ended."""
    return "token.redeemed" if outcome == "done" else f"token.code_{outcome}"
