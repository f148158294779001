"""Imports of registers: read in chunks, each one transaction that also notes how far it got, and made visible at once
when the whole file has been read.

An import that was cut off, by a kill too, goes on where it stopped when it is begun again. The same file twice changes
nothing. A newer release takes the place of the one before in one step; what is replaced is deleted afterwards.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final, Protocol

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup.formats import Format, Rejected, RowReader
from carwire.core.lookup.names import model_key
from carwire.core.lookup.ports import LookupStore
from carwire.core.lookup.registers import Chunk, EntryRow, PrefixRow, Release, TypeRow, prefix_of
from carwire.core.lookup.traits import Vehicle, vehicle_of
from carwire.kit.clock import Clock

CHUNK: Final = 50_000  # rows of the file in one transaction
_VEHICLES: Final = 1000
_SHRUNK: Final = 0.5  # a release with fewer rows than this share of the one before is held back


class Problem(Protocol):
    """A row that could not even be read."""

    @property
    def reason(self) -> str:
        """What is wrong with it."""


class Rows(Protocol):
    """A file of rows: see `carwire.registers.files.RowFile`."""

    @property
    def header(self) -> list[str]:
        """The headings."""

    @property
    def rows(self) -> Iterator[tuple[int, list[str] | Problem]]:
        """The rows with their line numbers."""


class Refusal(msgspec.Struct, frozen=True):
    """A row that was left out: where it stands, and why. `value` names no person: it is of a column that is read."""

    line: int
    column: str
    reason: str
    value: str


class Report(msgspec.Struct, frozen=True):
    """What an import did. `unchanged` says that this very file was imported before."""

    release_id: int
    region: str
    dataset: str
    rows: int
    accepted: int
    rejected: int
    kinds: int
    unknown_columns: tuple[str, ...] = ()
    reasons: dict[str, int] = {}
    unchanged: bool = False
    resumed_at: int = 0
    replaced: int | None = None


class ImportService:
    """Imports registers into the store."""

    def __init__(self, store: LookupStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(
        self,
        form: Format,
        region: str,
        checksum: str,
        file: Rows,
        *,
        force: bool = False,
        refuse: Callable[[Refusal], None] = lambda _: None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Report:
        """Import a file. `refuse` is told of every row that is left out, `progress` of every chunk.

        Raises `InvalidInput`, nothing visible, for a file that does not fit the format, that has no row that can be
        used, or far fewer rows than the release before, unless that is forced.
        """
        releases = [r for r in await self._store.releases(region) if r.dataset == form.dataset]
        active = next((r for r in releases if r.state == "active"), None)
        if active is not None and active.checksum == checksum and not force:
            return _unchanged(active)
        RowReader(form, file.header)  # a file of another kind is refused before anything is written
        loading = await self._begin(form, region, checksum, releases)
        known = await self._store.release_types(loading.id)
        reader = RowReader(form, file.header, known)
        run = _Run(self._store, loading, reader, refuse, progress)
        await run.through(file)
        if not force:
            await self._check(run, active, form)
        await self._list_vehicles(form, region, loading.id, [*known, *run.types])
        await self._store.finish_release(loading.id)
        for old in await self._store.releases(region):
            if old.dataset == form.dataset and old.state == "retired":
                await self._store.drop_release(old.id)
        return run.report(active)

    async def _begin(self, form: Format, region: str, checksum: str, releases: Sequence[Release]) -> Release:
        """Return the release to write to: one of this file that was cut off, else a new one. Others that were cut off
        are deleted.
        """
        for release in releases:
            if release.state == "loading" and release.checksum == checksum:
                return release
        for release in releases:
            if release.state != "active":
                await self._store.drop_release(release.id)
        return await self._store.begin_release(release_of(form, region, checksum, self._clock().date()))

    async def _check(self, run: _Run, active: Release | None, form: Format) -> None:
        if not run.accepted:
            await self._store.drop_release(run.release.id)
            what = f"no row of {run.rows} can be used as {form.title}; most often: {run.commonest()}"
            raise InvalidInput(FieldProblem("file", what))
        if active is not None and run.accepted < active.accepted * _SHRUNK:
            await self._store.drop_release(run.release.id)
            what = f"has {run.accepted} rows, the release before had {active.accepted}: force it if that is right"
            raise InvalidInput(FieldProblem("file", what))

    async def _list_vehicles(self, form: Format, region: str, release_id: int, types: Sequence[TypeRow]) -> None:
        """Add the kinds of cars to the catalogue: to be found and told by id, of a catalogue also to be chosen."""
        found: dict[str, Vehicle] = {}
        for row in types:
            traits = row.traits
            year = traits.year or traits.release_year
            if traits.make and traits.model and year and model_key(traits.model):
                vehicle = vehicle_of(region, msgspec.structs.replace(traits, year=year), form.dataset)
                found[vehicle.id] = vehicle
        vehicles = list(found.values())
        for start in range(0, len(vehicles), _VEHICLES):
            some = vehicles[start : start + _VEHICLES]
            await self._store.put_vehicles(some, release_id, candidates=form.catalogue)


class _Run:
    """One pass through a file."""

    def __init__(
        self,
        store: LookupStore,
        release: Release,
        reader: RowReader,
        refuse: Callable[[Refusal], None],
        progress: Callable[[int], None],
    ) -> None:
        self._store = store
        self.release = release
        self._reader = reader
        self._refuse = refuse
        self._progress = progress
        self.rows = 0
        self.accepted, self.rejected = release.accepted, release.rejected
        self.types: list[TypeRow] = []
        self._writing: asyncio.Future[None] | None = None
        self._handed_in = release.position
        self._in_flight: set[str] = set()  # keys of the chunk that is being written
        self._reasons: Counter[str] = Counter()

    async def through(self, file: Rows) -> None:
        """Read the file to its end, leaving out what was read before."""
        try:
            await self._read_all(file)
        finally:
            await self._settle()

    async def _read_all(self, file: Rows) -> None:
        pending: list[EntryRow] = []
        read, skip = self._reader.read, self.release.position
        for line, row in file.rows:
            self.rows += 1
            if self.rows <= skip:
                continue
            if isinstance(row, list):
                try:
                    pending.append(read(row, self.rows))
                except Rejected as refusal:
                    self._reject(Refusal(line, refusal.column, refusal.reason, refusal.value))
            else:
                self._reject(Refusal(line, "", row.reason, ""))
            if self.rows % CHUNK == 0:
                await self._write(pending)
                pending = []
        await self._write(pending)

    def _reject(self, refusal: Refusal) -> None:
        self.rejected += 1
        self._reasons[f"{refusal.column} {refusal.reason}".strip()] += 1
        self._refuse(refusal)

    async def _write(self, rows: list[EntryRow]) -> None:
        self.accepted += len(rows)
        types, self._reader.new_types = self._reader.new_types, []
        self.types += types
        whole = self.release.link in {"L17", "LP"}
        chunk = Chunk(
            types=types,
            entries=rows if whole else _counted(rows) if self.release.link != "none" else [],
            prefixes=await self._prefixes(rows),
            position=self.rows,
            accepted=self.accepted,
            rejected=self.rejected,
        )
        await self._settle()
        self._handed_in = self.rows
        self._writing = asyncio.ensure_future(self._store.add_chunk(self.release.id, chunk))
        await asyncio.sleep(0)  # it is handed in, and written while the next rows are read

    async def _settle(self) -> None:
        """Wait for the chunk that is being written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing
            self._progress(self._handed_in)

    async def _prefixes(self, rows: Sequence[EntryRow]) -> list[PrefixRow]:
        """Count kinds by prefix. Where a car may have several rows, it counts with its first one."""
        if self._reader.form.repeats:
            first: dict[str, EntryRow] = {}
            for row in rows:
                first.setdefault(row.key, row)
            known = await self._store.known_keys(self.release.id, [*first]) | self._in_flight
            self._in_flight = {*first}
            rows = [row for key, row in first.items() if key not in known]
        counts: Counter[tuple[str, int]] = Counter()
        for row in rows:
            if prefix := prefix_of(row.key):
                counts[prefix, row.type_id] += 1
        return [PrefixRow(prefix, type_id, count) for (prefix, type_id), count in counts.items()]

    def commonest(self) -> str:
        """Return the reason most rows were left out for."""
        return next((reason for reason, _ in self._reasons.most_common(1)), "there are no rows")

    def report(self, before: Release | None) -> Report:
        """Return what was done."""
        return Report(
            release_id=self.release.id,
            region=self.release.region,
            dataset=self.release.dataset,
            rows=self.rows,
            accepted=self.accepted,
            rejected=self.rejected,
            kinds=len(self.types),
            unknown_columns=self._reader.unknown,
            reasons=dict(self._reasons.most_common(20)),
            resumed_at=self.release.position,
            replaced=before.id if before else None,
        )


def _counted(rows: Sequence[EntryRow]) -> list[EntryRow]:
    counts = Counter((row.key, row.type_id) for row in rows)
    return [EntryRow(key, "", type_id, count) for (key, type_id), count in counts.items()]


def release_of(form: Format, region: str, checksum: str, today: date) -> Release:
    """Return what is kept of a file beside its rows."""
    return Release(
        region=region,
        dataset=form.dataset,
        format=form.name,
        checksum=checksum,
        link=form.link,
        as_of=today,
        partial=form.partial,
        publisher=form.publisher,
        terms=form.terms,
        describes=tuple(form.describes),
        catalogue=form.catalogue,
        has_writeoffs="incidents" in form.car,
        has_thefts="thefts" in form.car,
    )


def _unchanged(active: Release) -> Report:
    return Report(
        release_id=active.id,
        region=active.region,
        dataset=active.dataset,
        rows=active.position,
        accepted=active.accepted,
        rejected=active.rejected,
        kinds=0,
        unchanged=True,
    )
