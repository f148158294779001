"""Imports of registers: a file is read to its end and its rows are put in the order of their keys; only then are they
written, in chunks, each one transaction that also notes how far it got, and made visible at once when all are there.

A file that is refused has written nothing. An import that was cut off, by a kill too, reads its file again and goes on
writing where it stopped. The same file twice changes nothing. A newer release takes the place of the one before in one
step; what is replaced is deleted afterwards.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import Final, Protocol

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup.formats import Format, Rejected, RowReader
from carwire.core.lookup.names import model_key
from carwire.core.lookup.ports import LookupStore
from carwire.core.lookup.registers import WHOLE, Chunk, EntryRow, PrefixRow, Release, TypeRow, prefix_of
from carwire.core.lookup.traits import Vehicle, vehicle_of
from carwire.kit.clock import Clock

CHUNK: Final = 50_000  # rows that are put in order, or written in one transaction, together
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


class Sorter(Protocol):
    """Puts any number of rows in order: see `carwire.registers.sorting.SortedRows`."""

    def add(self, rows: list[EntryRow]) -> None:
        """Take rows, in no order."""

    def __iter__(self) -> Iterator[EntryRow]:
        """Give all of them, by key; those of one key as they came."""


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

    def __init__(self, store: LookupStore, clock: Clock, sorting: Callable[[], AbstractContextManager[Sorter]]) -> None:
        self._store = store
        self._clock = clock
        self._sorting = sorting

    async def run(
        self,
        form: Format,
        region: str,
        checksum: str,
        file: Rows,
        *,
        force: bool = False,
        refuse: Callable[[Refusal], None] = lambda _: None,
        was_read: Callable[[int], None] = lambda _: None,
        was_written: Callable[[int], None] = lambda _: None,
    ) -> Report:
        """Import a file. `refuse` is told of every row that is left out, `was_read` and `was_written` how many rows
        have been, chunk by chunk; where a car has several, fewer are written than read.

        Raises `InvalidInput`, nothing written, for a file that does not fit the format, that has no row that can be
        used, or far fewer rows than the release before, unless that is forced.
        """
        releases = [r for r in await self._store.releases(region) if r.dataset == form.dataset]
        active = next((r for r in releases if r.state == "active"), None)
        if active is not None and active.checksum == checksum and not force:
            return unchanged(active)
        reader = RowReader(form, file.header)
        with self._sorting() as rows:
            read = _Reading(reader, rows, refuse, was_read)
            read.through(file)
            _check(read, active, form, force=force)
            loading = await self._begin(form, region, checksum, read, releases)
            await self._write(loading, read, _merged(rows, whole=form.link in WHOLE), was_written)
        await self._list_vehicles(form, region, loading.id, reader.types)
        await self._store.finish_release(loading.id)
        for old in await self._store.releases(region):
            if old.dataset == form.dataset and old.state == "retired":
                await self._store.drop_release(old.id)
        return Report(
            release_id=loading.id,
            region=region,
            dataset=form.dataset,
            rows=read.rows,
            accepted=read.accepted,
            rejected=read.rejected,
            kinds=len(reader.types),
            unknown_columns=reader.unknown,
            reasons=dict(read.reasons.most_common(20)),
            resumed_at=loading.position,
            replaced=active.id if active else None,
        )

    async def _begin(
        self, form: Format, region: str, checksum: str, read: _Reading, releases: Sequence[Release]
    ) -> Release:
        """Return the release to write to: one of this file that was cut off, else a new one. Others that were cut off
        are deleted.
        """
        begun = (checksum, read.accepted, read.rejected)
        for release in releases:
            written = release.state == "loading" and release.position > 0
            if written and (release.checksum, release.accepted, release.rejected) == begun:
                return release
        for release in releases:
            if release.state != "active":
                await self._store.drop_release(release.id)
        return await self._store.begin_release(release_of(form, region, checksum, self._clock().date()))

    async def _write(
        self, release: Release, read: _Reading, rows: Iterator[EntryRow], was_written: Callable[[int], None]
    ) -> None:
        """Write what is not written yet. A chunk is put together while the one before is written."""
        position = release.position
        types = [] if position else read.reader.types
        rest = islice(rows, position, None)
        writing: asyncio.Future[None] | None = None
        try:
            while (entries := list(islice(rest, CHUNK))) or types:
                if writing is not None:
                    await writing
                    was_written(position)
                position += len(entries)
                chunk = Chunk(types, entries, _prefixes(entries), position, read.accepted, read.rejected)
                writing, types = asyncio.ensure_future(self._store.add_chunk(release.id, chunk)), []
                await asyncio.sleep(0)  # it is handed in
        finally:
            if writing is not None:
                await writing
        was_written(position)

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


class _Reading:
    """One pass through a file, of which the rows that can be used go to a sorter."""

    def __init__(
        self, reader: RowReader, rows: Sorter, refuse: Callable[[Refusal], None], was_read: Callable[[int], None]
    ) -> None:
        self.reader = reader
        self._sorter = rows
        self._refuse = refuse
        self._was_read = was_read
        self.rows = self.accepted = self.rejected = 0
        self.reasons: Counter[str] = Counter()

    def through(self, file: Rows) -> None:
        """Read the file to its end."""
        pending: list[EntryRow] = []
        read = self.reader.read
        for line, row in file.rows:
            self.rows += 1
            if isinstance(row, list):
                try:
                    pending.append(read(row, self.rows))
                except Rejected as refusal:
                    self._reject(Refusal(line, refusal.column, refusal.reason, refusal.value))
            else:
                self._reject(Refusal(line, "", row.reason, ""))
            if self.rows % CHUNK == 0:
                self._hand_in(pending)
                pending = []
        self._hand_in(pending)

    def _reject(self, refusal: Refusal) -> None:
        self.rejected += 1
        self.reasons[f"{refusal.column} {refusal.reason}".strip()] += 1
        self._refuse(refusal)

    def _hand_in(self, rows: list[EntryRow]) -> None:
        self.accepted += len(rows)
        link = self.reader.form.link
        if link != "none":
            self._sorter.add(rows if link in WHOLE else _counted(rows))
        self._was_read(self.rows)

    def commonest(self) -> str:
        """Return the reason most rows were left out for."""
        return next((reason for reason, _ in self.reasons.most_common(1)), "there are no rows")


def _check(read: _Reading, active: Release | None, form: Format, *, force: bool) -> None:
    if force:
        return
    if not read.accepted:
        what = f"no row of {read.rows} can be used as {form.title}; most often: {read.commonest()}"
        raise InvalidInput(FieldProblem("file", what))
    if active is not None and read.accepted < active.accepted * _SHRUNK:
        what = f"has {read.accepted} rows, the release before had {active.accepted}: force it if that is right"
        raise InvalidInput(FieldProblem("file", what))


def _counted(rows: Iterable[EntryRow]) -> list[EntryRow]:
    """Return one row for each key and type, with the sum of their counts."""
    counts: Counter[tuple[str, int]] = Counter()
    for row in rows:
        counts[row.key, row.type_id] += row.count
    return [EntryRow(key, "", type_id, count) for (key, type_id), count in counts.items()]


def _merged(rows: Iterable[EntryRow], *, whole: bool) -> Iterator[EntryRow]:
    """Return one row for each place in the table: of a car the newest, of a part of a VIN the sum for each type."""
    if whole:
        return _newest(rows)
    return chain.from_iterable(_counted(same) for _, same in groupby(rows, attrgetter("key")))


def _newest(rows: Iterable[EntryRow]) -> Iterator[EntryRow]:
    newest: EntryRow | None = None
    for row in rows:
        if newest is None or row.key == newest.key:
            newest = row if newest is None or row.rank >= newest.rank else newest
        else:
            yield newest
            newest = row
    if newest is not None:
        yield newest


def _prefixes(rows: Iterable[EntryRow]) -> list[PrefixRow]:
    """Count kinds by prefix."""
    counts: Counter[tuple[str, int]] = Counter()
    for row in rows:
        if prefix := prefix_of(row.key):
            counts[prefix, row.type_id] += row.count
    return [PrefixRow(prefix, type_id, count) for (prefix, type_id), count in counts.items()]


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


def unchanged(active: Release) -> Report:
    """Return what is reported of a file that was imported before."""
    return Report(
        release_id=active.id,
        region=active.region,
        dataset=active.dataset,
        rows=active.accepted + active.rejected,
        accepted=active.accepted,
        rejected=active.rejected,
        kinds=0,
        unchanged=True,
    )
