"""What lookup keeps, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from carwire.core.lookup.keys import ApiKey, Count, Record, RecordFilter
from carwire.core.lookup.names import make_key, pieces
from carwire.core.lookup.registers import WHOLE, Chunk, Entry, EntryRow, PrefixCount, Release, TypeRow, individual_of
from carwire.core.lookup.traits import Vehicle
from carwire.storage.memory.state import State


@dataclass
class Shelf:
    """All that lookup keeps. Entries are by release, then by key and type; vehicles by region, id and release."""

    keys: dict[bytes, ApiKey] = field(default_factory=dict)
    tokens: dict[bytes, tuple[str, datetime]] = field(default_factory=dict)
    quotas: Counter[tuple[str, int]] = field(default_factory=Counter)
    records: list[Record] = field(default_factory=list)
    releases: dict[int, Release] = field(default_factory=dict)
    types: dict[int, dict[int, TypeRow]] = field(default_factory=dict)
    entries: dict[int, dict[tuple[str, int], EntryRow]] = field(default_factory=dict)
    prefixes: dict[int, Counter[tuple[str, int]]] = field(default_factory=dict)
    vehicles: dict[tuple[str, str, int], tuple[Vehicle, bool]] = field(default_factory=dict)
    answers: dict[tuple[str, str, bytes], tuple[bytes, datetime]] = field(default_factory=dict)
    costs: Counter[tuple[str, int]] = field(default_factory=Counter)


class LookupInMemory:
    """`carwire.core.lookup.ports.LookupStore`."""

    _state: State
    _shelf: Shelf

    async def add_api_key(self, key: ApiKey, digest: bytes) -> bool:
        """Store a new key; see the port."""
        if key.client_id not in self._state.applications:
            return False
        self._shelf.keys[digest] = key
        self._state.applications_version += 1
        return True

    async def find_api_key(self, digest: bytes) -> ApiKey | None:
        """Return the key with this digest."""
        key = self._shelf.keys.get(digest)
        return key if key and key.client_id in self._state.applications else None

    def _tidy_shelf(self, now: datetime) -> int:
        """Drop tokens and answers that have ended, and return how many."""
        shelf = self._shelf
        before = len(shelf.tokens) + len(shelf.answers)
        shelf.tokens = {key: value for key, value in shelf.tokens.items() if value[1] > now}
        shelf.answers = {key: value for key, value in shelf.answers.items() if value[1] > now}
        return before - len(shelf.tokens) - len(shelf.answers)

    async def api_keys(self, client_id: str | None = None) -> list[ApiKey]:
        """Return keys, oldest first."""
        found = (key for key in self._shelf.keys.values() if client_id in (None, key.client_id))
        there = (key for key in found if key.client_id in self._state.applications)
        return sorted(there, key=lambda key: (key.created_at, key.id))

    async def revoke_api_key(self, key_id: str, now: datetime) -> bool:
        """End a key, and the tokens that stand for it."""
        for digest, key in self._shelf.keys.items():
            if key.id == key_id and key.revoked_at is None:
                self._shelf.keys[digest] = msgspec.structs.replace(key, revoked_at=now)
                self._shelf.tokens = {d: t for d, t in self._shelf.tokens.items() if t[0] != key_id}
                self._state.applications_version += 1
                return True
        return False

    async def add_api_key_token(self, digest: bytes, key_id: str, expires_at: datetime) -> None:
        """Store a token."""
        self._shelf.tokens[digest] = key_id, expires_at

    async def find_api_key_token(self, digest: bytes) -> tuple[ApiKey, datetime] | None:
        """Return the key a token stands for and when it ends."""
        key_id, expires_at = self._shelf.tokens.get(digest, ("", None))
        key = next((key for key in await self.api_keys() if key.id == key_id), None)
        return (key, expires_at) if key and expires_at else None

    async def take_quota(self, key_id: str, month: int, most: int | None, count: int = 1) -> int | None:
        """Count requests, unless that would be more than allowed."""
        used = self._shelf.quotas[key_id, month] + count
        if most is not None and used > most:
            return None
        self._shelf.quotas[key_id, month] = used
        return used

    async def quota_used(self, key_id: str, month: int) -> int:
        """Return how many requests are counted."""
        return self._shelf.quotas[key_id, month]

    async def add_lookup_records(self, records: Sequence[Record]) -> None:
        """Store records."""
        self._shelf.records += [record for record in records if record.client_id in self._state.applications]

    async def lookup_records(self, wanted: RecordFilter, limit: int, after: str | None = None) -> list[Record]:
        """Return a page of records in the order of their ids."""
        found = sorted((each for each in self._wanted(wanted) if each.id > (after or "")), key=lambda each: each.id)
        return found[:limit]

    async def count_lookup_records(self, wanted: RecordFilter, by: Sequence[str]) -> list[Count]:
        """Count records in groups."""
        groups: dict[tuple[str | None, ...], list[Record]] = {}
        for record in self._wanted(wanted):
            groups.setdefault(tuple(_group(record, name) for name in by), []).append(record)
        found = (Count(key, len(some), sum(each.billable for each in some)) for key, some in groups.items())
        return sorted(found, key=lambda count: tuple(value or "" for value in count.by))

    def _wanted(self, wanted: RecordFilter) -> list[Record]:
        return [
            record
            for record in self._shelf.records
            if record.client_id in self._state.applications
            and wanted.client_id in (None, record.client_id)
            and wanted.key_id in (None, record.key_id)
            and wanted.reference_id in (None, record.reference_id)
            and wanted.product in (None, record.product)
            and (wanted.since is None or record.at >= wanted.since)
            and (wanted.until is None or record.at < wanted.until)
        ]

    async def put_vehicles(self, vehicles: Sequence[Vehicle], release_id: int = 0, *, candidates: bool = False) -> None:
        """Store vehicles; see the port."""
        for vehicle in vehicles:
            place = vehicle.region, vehicle.id, release_id
            if release_id or place not in self._shelf.vehicles:
                self._shelf.vehicles[place] = vehicle, candidates

    async def candidates(self, region: str, makes: Sequence[str], years: tuple[int, int]) -> list[Vehicle]:
        """Return candidates of active releases."""
        found = [
            (vehicle.id, release_id, vehicle)
            for (where, _, release_id), (vehicle, candidate) in self._shelf.vehicles.items()
            if where == region and candidate and release_id and self._readable(release_id)
            if make_key(vehicle.traits.make or "") in makes and years[0] <= (vehicle.traits.year or 0) <= years[1]
        ]
        return [vehicle for *_, vehicle in sorted(found, key=lambda each: each[:2])]

    async def catalogue_vehicle(self, region: str, vehicle_id: str) -> Vehicle | None:
        """Return a vehicle, of an active release before what was decoded."""
        found = [
            (candidate, release_id, vehicle)
            for (where, key, release_id), (vehicle, candidate) in self._shelf.vehicles.items()
            if where == region and key == vehicle_id and self._readable(release_id)
        ]
        return max(found, key=lambda each: each[:2])[2] if found else None

    async def find_vehicles(
        self, region: str, filters: Mapping[str, str], words: Sequence[str] = (), limit: int = 1000
    ) -> tuple[list[Vehicle], int]:
        """Return vehicles that fit, and how many there are."""
        found = self._fitting(region, filters, words)
        return sorted(found, key=lambda v: (-(v.traits.year or 0), v.id))[:limit], len(found)

    async def facet(self, region: str, name: str, filters: Mapping[str, str], limit: int) -> list[tuple[str, int]]:
        """Return the values of a trait and how many vehicles have each."""
        counted = Counter(getattr(vehicle.traits, name) for vehicle in self._fitting(region, filters, ()))
        counted.pop(None, None)
        return [(str(value), n) for value, n in sorted(counted.items(), key=lambda each: (-each[1], each[0]))][:limit]

    def _fitting(self, region: str, filters: Mapping[str, str], words: Sequence[str]) -> list[Vehicle]:
        found: dict[str, Vehicle] = {}
        for (where, key, release_id), (vehicle, _) in self._shelf.vehicles.items():
            title = f" {' '.join(pieces(vehicle.title))} "
            fits = all(word in title for word in words) and all(_has(vehicle, n, value) for n, value in filters.items())
            if where == region and self._readable(release_id) and fits:
                found[key] = vehicle
        return list(found.values())

    def _readable(self, release_id: int) -> bool:
        release = self._shelf.releases.get(release_id)
        return release_id == 0 or (release is not None and release.state == "active")

    async def releases(self, region: str | None = None) -> list[Release]:
        """Return releases in every state."""
        return [release for release in self._shelf.releases.values() if region in (None, release.region)]

    async def begin_release(self, release: Release) -> Release:
        """Store a release that is loading."""
        number = max(self._shelf.releases, default=0) + 1
        begun = msgspec.structs.replace(release, id=number, state="loading", position=0)
        self._shelf.releases[number] = begun
        self._shelf.types[number], self._shelf.entries[number], self._shelf.prefixes[number] = {}, {}, Counter()
        return begun

    async def add_chunk(self, release_id: int, chunk: Chunk) -> None:
        """Add rows, and note the position with them."""
        release = self._shelf.releases[release_id]
        assert release.state == "loading", "only a release that is loading grows"
        whole = release.link in WHOLE
        self._shelf.types[release_id] |= {row.id: row for row in chunk.types}
        self._shelf.entries[release_id] |= {(row.key, 0 if whole else row.type_id): row for row in chunk.entries}
        for prefix in chunk.prefixes:
            self._shelf.prefixes[release_id][prefix.prefix, prefix.type_id] += prefix.count
        self._shelf.releases[release_id] = msgspec.structs.replace(
            release, position=chunk.position, accepted=chunk.accepted, rejected=chunk.rejected
        )

    async def finish_release(self, release_id: int) -> None:
        """Make a release the active one."""
        new = self._shelf.releases[release_id]
        for release in list(self._shelf.releases.values()):
            same = (release.region, release.dataset) == (new.region, new.dataset)
            if same and release.state == "active":
                self._shelf.releases[release.id] = msgspec.structs.replace(release, state="retired")
        self._shelf.releases[release_id] = msgspec.structs.replace(new, state="active")

    async def drop_release(self, release_id: int) -> None:
        """Delete a release with its rows."""
        self._shelf.releases.pop(release_id, None)
        self._shelf.types.pop(release_id, None)
        self._shelf.entries.pop(release_id, None)
        self._shelf.prefixes.pop(release_id, None)
        self._shelf.vehicles = {k: v for k, v in self._shelf.vehicles.items() if k[2] != release_id}

    async def register_entries(self, region: str, keys: Sequence[str]) -> list[Entry]:
        """Return entries with these keys."""
        found = [e for e in self._entries(region) if e.key in keys]
        return sorted(found, key=lambda e: (e.release.dataset, e.key, e.plate, msgspec.json.encode(e.raw)))

    async def register_entries_of_plate(self, region: str, plate: str) -> list[Entry]:
        """Return entries with this plate, the newest first."""
        ranks = [
            (-row.rank, entry.release.dataset, entry.key, entry)
            for entry, row in self._ranked(region)
            if entry.plate == plate and plate
        ]
        return [entry for *_, entry in sorted(ranks, key=lambda each: each[:3])]

    def _entries(self, region: str) -> list[Entry]:
        return [entry for entry, _ in self._ranked(region)]

    def _ranked(self, region: str) -> list[tuple[Entry, EntryRow]]:
        found = []
        for release in self._shelf.releases.values():
            if release.region == region and release.state == "active":
                types = self._shelf.types[release.id]
                for row in self._shelf.entries[release.id].values():
                    kind = types[row.type_id]
                    entry = Entry(
                        release, row.key, row.plate, row.count, kind.traits, kind.raw, individual_of(row.individual)
                    )
                    found.append((entry, row))
        return found

    async def prefix_counts(self, region: str, prefix: str) -> list[PrefixCount]:
        """Return what active releases count under a prefix."""
        found = [
            PrefixCount(release, self._shelf.types[release.id][type_id].traits, count)
            for release in self._shelf.releases.values()
            if release.region == region and release.state == "active"
            for (key, type_id), count in self._shelf.prefixes[release.id].items()
            if key == prefix
        ]
        return sorted(found, key=lambda c: (c.release.dataset, -c.count, msgspec.json.encode(c.traits)))

    async def provided(self, provider: str, region: str, subject: bytes, now: datetime) -> bytes | None:
        """Return an answer that is not too old."""
        answer, until = self._shelf.answers.get((provider, region, subject), (b"", now))
        return answer if until > now else None

    async def keep_provided(self, provider: str, region: str, subject: bytes, answer: bytes, until: datetime) -> None:
        """Keep an answer for a while."""
        self._shelf.answers[provider, region, subject] = answer, until

    async def spend_on(self, provider: str, day: int, cost: int, most: int | None) -> bool:
        """Count a cost, unless that would be more than allowed."""
        spent = self._shelf.costs[provider, day] + cost
        if most is not None and spent > most:
            return False
        self._shelf.costs[provider, day] = spent
        return True


def _group(record: Record, name: str) -> str | None:
    if name == "day":
        return record.at.date().isoformat()
    value: str | None = getattr(record, "key_id" if name == "key" else name)
    return value


def _has(vehicle: Vehicle, name: str, value: str) -> bool:
    mine = getattr(vehicle.traits, name)
    if mine is None:
        return False
    if name == "make":
        return make_key(str(mine)) == make_key(value)
    return str(mine).lower() == value.lower()
