"""The step of a plan that writes a line of the audit, so that what happened and its line are one transaction."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from carwire.storage.audit import chain
from carwire.storage.moments import to_us
from carwire.storage.sql.plans import Plan, marks


def append(kind: str, subject: str, detail: Mapping[str, object], now: datetime) -> Plan[None]:
    """Append a line. Done last in a plan: the head of the audit is one row, and whoever writes waits for it."""
    ((number, digest),) = yield "SELECT number, digest FROM audit_head WHERE name = 'audit' {for_update}", ()
    line = chain((number, digest), now, kind, subject, detail)
    yield (
        f"INSERT INTO audit (number, noted_at, kind, subject, detail, digest) VALUES ({marks(6)})",
        (line.number, to_us(now), kind, subject, msgspec.json.encode(line.detail).decode(), line.digest),
    )
    yield "UPDATE audit_head SET number = ?, digest = ? WHERE name = 'audit'", (line.number, line.digest)
