"""Plans for releases of registers: written in chunks beside everything else, read by VIN, plate or prefix."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import chain
from typing import Final

import msgspec

from carwire.core.lookup.registers import WHOLE, Chunk, Entry, PrefixCount, Release, individual_of
from carwire.core.lookup.traits import Traits
from carwire.storage.sql.plans import Plan, Planned, Row, Statement, Value, chunks, marks, reads, writes

_ROWS: Final = 400  # of one statement
_DROPPED: Final = 5000  # rows in one transaction
_ENTRY: Final = "entry_key, release_id, slot, plate, type_id, rows_count, rank, individual"
_RELEASE: Final = "r.id, r.release, r.state, r.position, r.accepted, r.rejected"
_READ: Final = (
    f"SELECT {_RELEASE}, e.entry_key, e.plate, e.rows_count, t.traits, t.raw, e.individual FROM lookup_entries e"
    " JOIN lookup_releases r ON r.id = e.release_id"
    " JOIN lookup_types t ON t.release_id = e.release_id AND t.id = e.type_id"
)
# With their keys: a release's rows are met in the order of the first column, whose least value comes last.
_TABLES: Final[tuple[tuple[str, str, Value], ...]] = (
    ("lookup_entries", "entry_key, release_id, slot", ""),
    ("lookup_prefixes", "prefix, release_id, type_id", ""),
    ("lookup_vehicles", "region, id, release_id", ""),
    ("lookup_types", "id, release_id", 0),
)
# Rows share these texts: what is read from them is remembered, and nobody changes it.
_release = functools.lru_cache(256)(msgspec.json.Decoder(Release).decode)
_traits = functools.lru_cache(16384)(msgspec.json.Decoder(Traits).decode)
_raw = functools.lru_cache(16384)(msgspec.json.Decoder(dict[str, str]).decode)
_encode: Final = msgspec.json.Encoder().encode


class LookupRegisterPlans(Planned):
    """`carwire.core.lookup.ports.RegisterStore`."""

    @reads
    def releases(self, region: str | None = None) -> Plan[list[Release]]:
        """Return releases in every state."""
        where, values = ("", ()) if region is None else (" WHERE r.region = ?", (region,))
        rows = yield f"SELECT {_RELEASE} FROM lookup_releases r{where} ORDER BY r.id", values
        return [_release_of(row) for row in rows]

    @writes
    def begin_release(self, release: Release) -> Plan[Release]:
        """Store a release that is loading."""
        ((newest,),) = yield "SELECT COALESCE(MAX(id), 0) FROM lookup_releases", ()
        begun = msgspec.structs.replace(release, id=int(newest) + 1, state="loading", position=0)
        yield (
            "INSERT INTO lookup_releases (id, region, dataset, state, release, position, accepted, rejected)"
            f" VALUES ({marks(8)})",
            (begun.id, begun.region, begun.dataset, begun.state, _encode(begun).decode(), 0, 0, 0),
        )
        return begun

    @writes
    def add_chunk(self, release_id: int, chunk: Chunk) -> Plan[None]:
        """Add rows, and note the position with them."""
        rows = yield "SELECT release, state FROM lookup_releases WHERE id = ? {for_update}", (release_id,)
        assert rows and rows[0][1] == "loading", "only a release that is loading grows"
        link = _release(rows[0][0]).link
        for some in chunks(chunk.types, _ROWS):
            yield _insert(
                "lookup_types (release_id, id, traits, raw)",
                [(release_id, t.id, _encode(t.traits).decode(), _encode(t.raw).decode()) for t in some],
            )
        whole = link in WHOLE
        for entries in chunks(chunk.entries, _ROWS):
            rows = [
                (e.key, release_id, 0 if whole else e.type_id, e.plate, e.type_id, e.count, e.rank, e.individual)
                for e in entries
            ]
            yield _insert(f"lookup_entries ({_ENTRY})", rows)
        for prefixes in chunks(sorted(chunk.prefixes, key=lambda p: (p.prefix, p.type_id)), _ROWS):
            yield _insert(
                "lookup_prefixes (prefix, release_id, type_id, rows_count)",
                [(p.prefix, release_id, p.type_id, p.count) for p in prefixes],
                " ON CONFLICT (prefix, release_id, type_id)"
                " DO UPDATE SET rows_count = lookup_prefixes.rows_count + excluded.rows_count",
            )
        yield (
            "UPDATE lookup_releases SET position = ?, accepted = ?, rejected = ? WHERE id = ?",
            (chunk.position, chunk.accepted, chunk.rejected, release_id),
        )

    @writes
    def finish_release(self, release_id: int) -> Plan[None]:
        """Make a release the active one, in one step with retiring the one before."""
        rows = yield "SELECT region, dataset FROM lookup_releases WHERE id = ? {for_update}", (release_id,)
        yield (
            "UPDATE lookup_releases SET state = 'retired' WHERE region = ? AND dataset = ? AND state = 'active'",
            rows[0],
        )
        yield "UPDATE lookup_releases SET state = 'active' WHERE id = ?", (release_id,)

    async def drop_release(self, release_id: int) -> None:
        """Delete a release with its rows, in pieces."""
        await self._retire(release_id)
        for table, key, since in _TABLES:
            while since is not None:
                since = await self._drop_some(table, key, release_id, since)  # noqa: PLW2901  # from where on
        await self._forget(release_id)

    @writes
    def _retire(self, release_id: int) -> Plan[None]:
        yield "UPDATE lookup_releases SET state = 'retired' WHERE id = ?", (release_id,)

    @writes
    def _drop_some(self, table: str, key: str, release_id: int, since: Value) -> Plan[Value]:
        """Delete some rows, and return where the next begin; null after the last. Others' rows are passed over once."""
        first = key.partition(",")[0]
        gone = yield (
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE release_id = ? AND {first} >= ?"
            f" ORDER BY {first} LIMIT {_DROPPED}) RETURNING {first}",
            (release_id, since),
        )
        return max(row[0] for row in gone) if len(gone) == _DROPPED else None

    @writes
    def _forget(self, release_id: int) -> Plan[None]:
        yield "DELETE FROM lookup_releases WHERE id = ?", (release_id,)

    @reads
    def register_entries(self, region: str, keys: Sequence[str]) -> Plan[list[Entry]]:
        """Return entries with these keys."""
        rows = yield (
            f"{_READ} WHERE e.entry_key IN ({marks(len(keys))}) AND r.state = 'active' AND r.region = ?",
            (*keys, region),
        )
        found = [_read(row) for row in rows]
        return sorted(found, key=_fixed) if len(found) > 1 else found

    @reads
    def register_entries_of_plate(self, region: str, plate: str) -> Plan[list[Entry]]:
        """Return entries with this plate, the newest first."""
        rows = yield (
            f"{_READ} WHERE e.plate = ? AND e.plate <> '' AND r.state = 'active' AND r.region = ?"
            " ORDER BY e.rank DESC, r.dataset, e.entry_key",
            (plate, region),
        )
        return [_read(row) for row in rows]

    @reads
    def prefix_counts(self, region: str, prefix: str) -> Plan[list[PrefixCount]]:
        """Return what active releases count under a prefix."""
        rows = yield (
            f"SELECT {_RELEASE}, t.traits, p.rows_count FROM lookup_prefixes p"
            " JOIN lookup_releases r ON r.id = p.release_id"
            " JOIN lookup_types t ON t.release_id = p.release_id AND t.id = p.type_id"
            " WHERE p.prefix = ? AND r.state = 'active' AND r.region = ?"
            " ORDER BY r.dataset, p.rows_count DESC, t.traits",
            (prefix, region),
        )
        return [PrefixCount(_release_of(row[:6]), _traits(row[6]), int(row[7])) for row in rows]


def _insert(into: str, rows: Sequence[tuple[Value, ...]], then: str = "") -> Statement:
    return _inserting(into, len(rows[0]), len(rows), then), tuple(chain.from_iterable(rows))


@functools.lru_cache(64)
def _inserting(into: str, width: int, rows: int, then: str) -> str:
    return f"INSERT INTO {into} VALUES {', '.join([f'({marks(width)})'] * rows)}{then}"


@functools.lru_cache(1024)  # one for all rows of a release
def _release_of(row: Row) -> Release:
    number, text, state, position, accepted, rejected = row
    return msgspec.structs.replace(
        _release(text), id=number, state=state, position=position, accepted=accepted, rejected=rejected
    )


def _read(row: Row) -> Entry:
    key, plate, count, traits, raw, individual = row[6:]
    return Entry(_release_of(row[:6]), key, plate, int(count), _traits(traits), _raw(raw), individual_of(individual))


def _fixed(entry: Entry) -> tuple[str, str, str, bytes]:
    return entry.release.dataset, entry.key, entry.plate, _encode(entry.raw)
