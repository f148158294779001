"""Plans that delete what has expired."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire.storage.lives import BUDGET_REST, KEPT, KEY_LIFE
from carwire.storage.moments import to_us
from carwire.storage.sql.plans import Plan, Planned, Value, chunks, marks, writes

_BATCH: Final = 1000


class _Perishable(msgspec.Struct, frozen=True):
    """A table, its key, and the condition under which a row goes, with one placeholder: a moment `life` ago."""

    table: str
    key: str
    goes: str
    life: timedelta = timedelta(0)
    of_grant: bool = False  # with the last of them its grant goes
    in_seconds: bool = False  # the moment is kept as seconds since 1970, not as microseconds

    def until(self, now: datetime) -> Value:
        """Return the moment as the table spells it."""
        return (now - self.life).timestamp() if self.in_seconds else to_us(now - self.life)


# Used codes are not here: each goes with its grant, so that a second use still ends the tokens it led to.
_PERISHABLE: Final = (
    _Perishable("connect_sessions", "id", "expires_at <= ?"),
    _Perishable("codes", "digest", "expires_at <= ? AND used_at IS NULL", of_grant=True),
    _Perishable("access_tokens", "digest", "expires_at <= ?"),
    _Perishable("application_tokens", "digest", "expires_at <= ?"),
    _Perishable("lookup_tokens", "digest", "expires_at <= ?"),
    _Perishable("lookup_answers", "(provider, region, subject)", "expires_at <= ?"),
    _Perishable("refresh_tokens", "digest", "expires_at <= ?", of_grant=True),
    _Perishable("deliveries", "id", "created_at <= ?", KEPT),
    _Perishable("events", "position", "happened_at <= ? AND fanned = 1", KEPT),
    _Perishable("history", "(car_id, account_digest, code, fetched_at)", "fetched_at <= ?", KEPT),
    _Perishable("idempotency_keys", "(client_id, vehicle_id, idempotency_key)", "created_at <= ?", KEY_LIFE),
    _Perishable(
        "budgets",
        "car_id",
        "level_at <= ? AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.car_id = budgets.car_id)",
        BUDGET_REST,
        in_seconds=True,
    ),
)


class TidyPlans(Planned):
    """`carwire.core.ports.ConnectStore.tidy`."""

    async def tidy(self, now: datetime) -> int:
        """Delete what has expired; see the port. Each batch is a transaction of its own, so that nobody waits long."""
        deleted = 0
        for rows in _PERISHABLE:
            batch = _BATCH
            while batch == _BATCH:
                batch = await self._tidy(rows, now)
                deleted += batch
        return deleted

    @writes
    def _tidy(self, rows: _Perishable, now: datetime) -> Plan[int]:
        """Delete a batch. The condition stands twice: a row that was changed since it was chosen stays."""
        until = rows.until(now)
        gone = yield (
            f"DELETE FROM {rows.table} WHERE {rows.goes} AND {rows.key} IN"
            f" (SELECT {rows.key.strip('()')} FROM {rows.table} WHERE {rows.goes} LIMIT {_BATCH})"
            f" RETURNING {'grant_id' if rows.of_grant else '1'}",
            (until, until),
        )
        if rows.of_grant:
            yield from _drop_grants({grant_id for (grant_id,) in gone})
        return len(gone)


def _drop_grants(grants: set[str]) -> Plan[None]:
    """Delete grants that nothing leads to any more, and with them their used codes."""
    for some in chunks(sorted(grants)):
        yield (
            f"DELETE FROM grants WHERE id IN ({marks(len(some))})"
            " AND NOT EXISTS (SELECT 1 FROM codes WHERE grant_id = grants.id AND used_at IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM access_tokens WHERE grant_id = grants.id)"
            " AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE grant_id = grants.id)",
            some,
        )
