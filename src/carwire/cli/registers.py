"""``carwire register``: import what authorities publish of cars."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from carwire.core.errors import CannotStart, FieldProblem, InvalidInput
from carwire.settings import Settings, read_settings

if TYPE_CHECKING:
    from carwire.core.lookup.formats import Format
    from carwire.registers.files import RowFile
    from carwire.services.lookup.importing import Refusal, Report


def import_register(
    format: str,  # noqa: A002  # what the argument is called
    file: Path,
    *,
    region: str | None = None,
    rejects: Path | None = None,
    force: bool = False,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Import a register. A server on the same data goes on answering, and answers from it once it is whole.

    Cut off, it reads its file again and goes on writing where it stopped when it is begun again. The same file twice
    changes nothing. While it runs the data folder needs about as much room again as the file, unpacked.

    Parameters
    ----------
    format
        The name of a format, see `carwire register formats`, or a file of your own that ends in .toml.
    file
        The file as published: csv or xml, plain or as gz, xz, zst or zip.
    region
        Whose register it is; the format's own when left out.
    rejects
        Where rows that are left out are listed with their reasons; rejected-….csv in the data folder when left out.
    force
        Import it again, or although it has far fewer rows than the release before.
    json
        Print JSON.
    data
        The server's data folder.
    """
    from carwire.core.lookup.regions import region_of
    from carwire.registers.formats import format_of

    form = format_of(format)
    found = region_of(region or form.region or "")
    if found is None:
        raise InvalidInput(FieldProblem("region", f"there is no region {region!a}" if region else "name a region"))
    settings = read_settings(os.environ, data=data)
    path = rejects or settings.data / f"rejected-{found.code}-{form.dataset}.csv"
    with alone(settings, f"{found.code}-{form.dataset}"):
        report = import_file(settings, form, found.code, file, path, force=force)
    tell(report, path, json=json)


def import_file(settings: Settings, form: Format, region: str, file: Path, rejects: Path, *, force: bool) -> Report:
    """Import a file into the database of the settings."""
    from carwire.app import open_database
    from carwire.kit.clock import utc_now
    from carwire.registers.files import checksum_of, open_rows
    from carwire.registers.sorting import SortedRows
    from carwire.services.lookup.importing import ImportService

    checksum = checksum_of(file)
    store = open_database(settings)

    async def run() -> Report:
        try:
            with open_rows(file, form) as rows, listed(rejects) as refuse, _progress(file, rows) as (read, written):
                return await ImportService(store, utc_now, lambda: SortedRows(settings.data)).run(
                    form, region, checksum, rows, force=force, refuse=refuse, was_read=read, was_written=written
                )
        finally:
            await store.close()

    return asyncio.run(run())


def show_formats(*, json: bool = False) -> None:
    """List the formats of registers that are known here.

    Parameters
    ----------
    json
        Print JSON.
    """
    from carwire.registers.formats import formats

    rows = [
        {"format": f.name, "title": f.title, "region": f.region, "link": f.link, "terms": f.terms}
        for f in formats().values()
    ]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        print(f"{row['format']:<14}{row['region'] or '-':<4}{row['link']:<6}{row['title']}")


def show(*, json: bool = False, data: Path | None = None) -> None:
    """List what was imported.

    Parameters
    ----------
    json
        Print JSON.
    data
        The server's data folder.
    """
    rows = _with_store(data, lambda store: store.releases())
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for r in rows:
        counts = f"{r.accepted:>12,} rows {r.rejected:>9,} left out"
        print(f"{r.id:>4}  {r.region}  {r.dataset:<30} {r.state:<8} {counts}  {r.as_of}  {r.publisher}".rstrip())
    if not rows:
        print("Nothing was imported yet: carwire register import FORMAT FILE")


def remove(release_id: int, *, data: Path | None = None) -> None:
    """Delete what was imported, with every row of it.

    Parameters
    ----------
    release_id
        The import, as the list names it.
    data
        The server's data folder.
    """
    if release_id not in {release.id for release in _with_store(data, lambda store: store.releases())}:
        raise InvalidInput(FieldProblem("release_id", f"there is no import {release_id}"))
    _with_store(data, lambda store: store.drop_release(release_id))
    print(f"Deleted {release_id}.")


def _with_store(data: Path | None, work: Callable[[Any], Any]) -> Any:
    from carwire.app import open_database

    store = open_database(read_settings(os.environ, data=data))

    async def run() -> Any:
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


@contextlib.contextmanager
def alone(settings: Settings, name: str) -> Iterator[None]:
    """Keep a second import of the same register out."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.data / f".import-{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            msg = f"{name} is being imported by another command"
            raise CannotStart(msg) from None
        yield


@contextlib.contextmanager
def listed(path: Path) -> Iterator[Callable[[Refusal], None]]:
    """Write down rows that are left out. An earlier list is kept when there are none."""
    file: Any = None
    writer: Any = None

    def refuse(refusal: Refusal) -> None:
        nonlocal file, writer
        if file is None:
            file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            writer = csv.writer(file)
            writer.writerow(("line", "column", "reason", "value"))
        writer.writerow((refusal.line, refusal.column, refusal.reason, refusal.value))

    try:
        yield refuse
    except OSError as error:
        raise InvalidInput(FieldProblem("rejects", f"{path} cannot be written: {error.strerror}")) from error
    finally:
        if file is not None:
            file.close()


@contextlib.contextmanager
def _progress(path: Path, rows: RowFile) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """Progress bars on standard error when that is a terminal: of the bytes of the file, as nobody knows its rows
    beforehand, and of the rows that were read and are written.
    """
    if not sys.stderr.isatty():
        yield (lambda _n: None), (lambda _n: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        reading = progress.add_task(path.name, total=rows.size)
        writing = progress.add_task("written", total=None, visible=False)

        def was_read(n: int) -> None:
            progress.update(reading, completed=rows.position(), description=f"{path.name} {n:,} rows read")
            progress.update(writing, total=n)

        def was_written(n: int) -> None:
            progress.update(writing, completed=n, description=f"{n:,} rows written", visible=True)

        yield was_read, was_written


def tell(report: Report, rejects: Path, *, json: bool) -> None:
    """Say what an import did."""
    if json:
        listed = str(rejects) if report.rejected and not report.unchanged else None
        print(msgspec.json.encode({**msgspec.to_builtins(report), "rejects": listed}).decode())
        return
    if report.unchanged:
        print(f"{report.dataset} of {report.region} has this file already: nothing to do.")
        return
    print(
        f"{report.rows:,} rows: {report.accepted:,} accepted, {report.rejected:,} left out,"
        f" {report.kinds:,} kinds of cars"
    )
    if report.resumed_at:
        print(f"  {report.resumed_at:,} rows were written already, before it was cut off")
    for reason, n in report.reasons.items():
        print(f"  {n:>10,}  {reason}")
    if report.rejected:
        print(f"  listed in {rejects}")
    if report.unknown_columns:
        print(f"  columns nobody knows, not read: {', '.join(report.unknown_columns)}")
