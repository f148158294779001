"""Plans for keys of the lookup API, their tokens, quotas and records; and for what external services answered."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from carwire.core.lookup.keys import ApiKey, Count, Record, RecordFilter, Rights
from carwire.storage.moments import from_us, from_us_or_null, to_us, to_us_or_null
from carwire.storage.sql.plans import WROTE, Plan, Planned, Row, Value, chunks, marks, reads, writes

_KEY: Final = "k.id, k.client_id, k.kind, k.name, k.shown, k.rights, k.created_at, k.revoked_at"
_RECORD: Final = (
    "id, recorded_at, client_id, key_id, product, region, reference_id, features, status, outcome, billable,"
    " latency_us, subject"
)
_ROWS: Final = 100  # of one statement
_DAY_US: Final = 86_400_000_000
_GROUPS: Final = {
    "key": "key_id",
    "reference_id": "reference_id",
    "day": f"recorded_at / {_DAY_US}",
    "product": "product",
    "region": "region",
    "outcome": "outcome",
}
_rights = functools.lru_cache(1024)(msgspec.json.Decoder(Rights).decode)


class LookupKeyPlans(Planned):
    """`carwire.core.lookup.ports.KeyStore` and `ProviderStore`."""

    async def add_api_key(self, key: ApiKey, digest: bytes) -> bool:
        """Store a new key; see the port."""
        done = await self._add_api_key(key, digest)
        self._database.look_again()
        return done

    async def revoke_api_key(self, key_id: str, now: datetime) -> bool:
        """End a key, and the tokens that stand for it."""
        done = await self._revoke_api_key(key_id, now)
        self._database.look_again()
        return done

    @writes
    def _add_api_key(self, key: ApiKey, digest: bytes) -> Plan[bool]:
        there = yield "SELECT client_id FROM applications WHERE client_id = ? {for_update}", (key.client_id,)
        if not there:
            return False
        yield (
            "INSERT INTO lookup_keys (id, client_id, kind, digest, name, shown, rights, created_at, revoked_at)"
            f" VALUES ({marks(9)})",
            (
                *(key.id, key.client_id, key.kind, digest, key.name, key.shown),
                *(msgspec.json.encode(key.rights).decode(), to_us(key.created_at), to_us_or_null(key.revoked_at)),
            ),
        )
        yield WROTE
        return True

    @reads
    def find_api_key(self, digest: bytes) -> Plan[ApiKey | None]:
        """Return the key with this digest."""
        rows = yield f"SELECT {_KEY} FROM lookup_keys k WHERE k.digest = ?", (digest,)
        return _key(rows[0]) if rows else None

    @reads
    def api_keys(self, client_id: str | None = None) -> Plan[list[ApiKey]]:
        """Return keys, oldest first."""
        where, values = ("", ()) if client_id is None else (" WHERE k.client_id = ?", (client_id,))
        rows = yield f"SELECT {_KEY} FROM lookup_keys k{where} ORDER BY k.created_at, k.id", values
        return [_key(row) for row in rows]

    @writes
    def _revoke_api_key(self, key_id: str, now: datetime) -> Plan[bool]:
        rows = yield (
            "UPDATE lookup_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING id",
            (to_us(now), key_id),
        )
        yield "DELETE FROM lookup_tokens WHERE key_id = ?", (key_id,)
        yield WROTE
        return bool(rows)

    @writes
    def add_api_key_token(self, digest: bytes, key_id: str, expires_at: datetime) -> Plan[None]:
        """Store a token."""
        yield (
            f"INSERT INTO lookup_tokens (digest, key_id, expires_at) VALUES ({marks(3)})",
            (digest, key_id, to_us(expires_at)),
        )

    @reads
    def find_api_key_token(self, digest: bytes) -> Plan[tuple[ApiKey, datetime] | None]:
        """Return the key a token stands for and when it ends."""
        rows = yield (
            f"SELECT t.expires_at, {_KEY} FROM lookup_tokens t JOIN lookup_keys k ON k.id = t.key_id"
            " WHERE t.digest = ?",
            (digest,),
        )
        return (_key(rows[0][1:]), from_us(rows[0][0])) if rows else None

    @writes
    def take_quota(self, key_id: str, month: int, most: int | None, count: int = 1) -> Plan[int | None]:
        """Count requests, unless that would be more than allowed: one statement, so nobody can come in between."""
        yield (
            f"INSERT INTO lookup_quotas (key_id, month, used) VALUES ({marks(3)})"
            " ON CONFLICT (key_id, month) DO NOTHING",
            (key_id, month, 0),
        )
        rows = yield (
            "UPDATE lookup_quotas SET used = used + ? WHERE key_id = ? AND month = ? AND used + ? <= ? RETURNING used",
            (count, key_id, month, count, 2**62 if most is None else most),
        )
        return int(rows[0][0]) if rows else None

    @reads
    def quota_used(self, key_id: str, month: int) -> Plan[int]:
        """Return how many requests are counted."""
        rows = yield "SELECT used FROM lookup_quotas WHERE key_id = ? AND month = ?", (key_id, month)
        return int(rows[0][0]) if rows else 0

    @writes
    def add_lookup_records(self, records: Sequence[Record]) -> Plan[None]:
        """Store records; applications are locked first, as by whoever deletes them."""
        there: set[str] = set()
        for some in chunks(sorted({record.client_id for record in records})):
            found = yield (
                f"SELECT client_id FROM applications WHERE client_id IN ({marks(len(some))})"
                " ORDER BY client_id {for_update}",
                some,
            )
            there |= {client_id for (client_id,) in found}
        for some_records in chunks([record for record in records if record.client_id in there], _ROWS):
            yield (
                f"INSERT INTO lookup_records ({_RECORD}) VALUES {', '.join([f'({marks(13)})'] * len(some_records))}",
                tuple(value for record in some_records for value in _values(record)),
            )

    @reads
    def lookup_records(self, wanted: RecordFilter, limit: int, after: str | None = None) -> Plan[list[Record]]:
        """Return a page of records in the order of their ids."""
        where, values = _where(wanted)
        rows = yield (
            f"SELECT {_RECORD} FROM lookup_records WHERE {where} AND id > ? ORDER BY id LIMIT ?",
            (*values, after or "", limit),
        )
        return [_record(row) for row in rows]

    @reads
    def count_lookup_records(self, wanted: RecordFilter, by: Sequence[str]) -> Plan[list[Count]]:
        """Count records in groups."""
        where, values = _where(wanted)
        columns = ", ".join(_GROUPS[name] for name in by)
        grouped = f" GROUP BY {columns} ORDER BY {columns}" if by else ""
        rows = yield (
            f"SELECT COUNT(*), COALESCE(SUM(billable), 0){', ' if by else ''}{columns} FROM lookup_records"
            f" WHERE {where}{grouped}",
            values,
        )
        found = (Count(_shown(by, row[2:]), int(row[0]), int(row[1])) for row in rows if row[0])
        return sorted(found, key=lambda count: tuple(value or "" for value in count.by))

    @reads
    def provided(self, provider: str, region: str, subject: bytes, now: datetime) -> Plan[bytes | None]:
        """Return an answer that is not too old."""
        rows = yield (
            "SELECT answer FROM lookup_answers WHERE provider = ? AND region = ? AND subject = ? AND expires_at > ?",
            (provider, region, subject, to_us(now)),
        )
        return bytes(rows[0][0]) if rows else None

    @writes
    def keep_provided(self, provider: str, region: str, subject: bytes, answer: bytes, until: datetime) -> Plan[None]:
        """Keep an answer for a while."""
        yield (
            f"INSERT INTO lookup_answers (provider, region, subject, answer, expires_at) VALUES ({marks(5)})"
            " ON CONFLICT (provider, region, subject)"
            " DO UPDATE SET answer = excluded.answer, expires_at = excluded.expires_at",
            (provider, region, subject, answer, to_us(until)),
        )

    @writes
    def spend_on(self, provider: str, day: int, cost: int, most: int | None) -> Plan[bool]:
        """Count a cost, unless that would be more than allowed."""
        yield (
            f"INSERT INTO lookup_costs (provider, day, spent) VALUES ({marks(3)})"
            " ON CONFLICT (provider, day) DO NOTHING",
            (provider, day, 0),
        )
        rows = yield (
            "UPDATE lookup_costs SET spent = spent + ? WHERE provider = ? AND day = ? AND spent + ? <= ? RETURNING 1",
            (cost, provider, day, cost, 2**62 if most is None else most),
        )
        return bool(rows)


def _key(row: Row) -> ApiKey:
    key_id, client_id, kind, name, shown, rights, created_at, revoked_at = row
    return ApiKey(
        key_id, client_id, kind, name, shown, _rights(rights), from_us(created_at), from_us_or_null(revoked_at)
    )


def _values(record: Record) -> tuple[Value, ...]:
    return (
        *(record.id, to_us(record.at), record.client_id, record.key_id, record.product, record.region),
        *(record.reference_id, ",".join(record.features), record.status, record.outcome, int(record.billable)),
        *(record.latency_us, record.subject),
    )


def _record(row: Row) -> Record:
    record_id, at, client_id, key_id, product, region, reference, features, status, outcome, billable, us, subject = row
    names = tuple(features.split(",")) if features else ()
    return Record(
        record_id, from_us(at), client_id, key_id, product, region, reference, names, status, outcome, bool(billable),
        us, subject,
    )  # fmt: skip


def _where(wanted: RecordFilter) -> tuple[str, tuple[Value, ...]]:
    conditions: list[str] = ["1 = 1"]
    values: list[Value] = []
    for column, value in (
        ("client_id = ?", wanted.client_id),
        ("recorded_at >= ?", to_us_or_null(wanted.since)),
        ("recorded_at < ?", to_us_or_null(wanted.until)),
        ("key_id = ?", wanted.key_id),
        ("reference_id = ?", wanted.reference_id),
        ("product = ?", wanted.product),
    ):
        if value is not None:
            conditions.append(column)
            values.append(value)
    return " AND ".join(conditions), tuple(values)


def _shown(by: Sequence[str], values: Row) -> tuple[str | None, ...]:
    return tuple(
        from_us(int(value) * _DAY_US).date().isoformat() if name == "day" else value
        for name, value in zip(by, values, strict=True)
    )
