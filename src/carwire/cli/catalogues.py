"""``carwire catalogue``: import vehicles that lookups choose among."""

from __future__ import annotations

import asyncio
import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carwire.cli.registers import alone, import_file, listed, tell
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.settings import Settings, read_settings

if TYPE_CHECKING:
    from carwire.services.lookup.importing import Report


def import_catalogue(
    format: str,  # noqa: A002  # what the argument is called
    file: Path,
    *,
    region: str | None = None,
    name: str = "own",
    rejects: Path | None = None,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Import a catalogue, in place of the one of the same name.

    Parameters
    ----------
    format
        `epa` for the fuel economy file of the United States, `carwire` for one's own: see the guide.
    file
        The file: csv, of `carwire` also parquet.
    region
        Whose catalogue it is.
    name
        What you call a catalogue of your own.
    rejects
        Where rows that are left out are listed with their reasons; rejected-….csv in the data folder when left out.
    json
        Print JSON.
    data
        The server's data folder.
    """
    from carwire.core.lookup.regions import region_of

    settings = read_settings(os.environ, data=data)
    found = region_of(region or ("us" if format == "epa" else ""))
    if found is None:
        raise InvalidInput(FieldProblem("region", f"there is no region {region!a}" if region else "name a region"))
    if format not in {"epa", "carwire"}:
        raise InvalidInput(FieldProblem("format", "is epa or carwire"))
    name = "epa-vehicles" if format == "epa" else name
    path = rejects or settings.data / f"rejected-{found.code}-{name}.csv"
    if not name.replace("-", "").isalnum() or len(name) > 60:
        raise InvalidInput(FieldProblem("name", "has letters, digits and hyphens, at most 60"))
    with alone(settings, f"{found.code}-{name}"):
        if format == "epa":
            from carwire.registers.formats import format_of

            report = import_file(settings, format_of("epa"), found.code, file, path, force=False)
        else:
            report = _import(settings, found.code, name, file, path)
    tell(report, path, json=json)


def _import(settings: Settings, region: str, name: str, file: Path, rejects: Path) -> Report:
    from carwire.app import open_database
    from carwire.kit.clock import utc_now
    from carwire.registers.files import checksum_of
    from carwire.services.lookup.cataloguing import CatalogueService

    checksum = checksum_of(file)
    store = open_database(settings)

    async def run() -> Report:
        try:
            with listed(rejects) as refuse:
                return await CatalogueService(store, utc_now).run(name, region, checksum, _rows(file), refuse)
        finally:
            await store.close()

    return asyncio.run(run())


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if file.suffix.lower() == ".parquet":
        yield from _parquet(file)
        return
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            _check(reader.fieldnames or ())
            for row in reader:
                yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(FieldProblem("file", f"{file} is no CSV in UTF-8: {error}")) from error


def _parquet(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise InvalidInput(FieldProblem("file", "Parquet needs the extra: pip install 'carwire[parquet]'")) from None
    try:
        with parquet.ParquetFile(file) as opened:
            _check(opened.schema_arrow.names)
            number = 0
            for batch in opened.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise InvalidInput(FieldProblem("file", f"{file} is no Parquet file: {error}")) from error


def _check(names: Any) -> None:
    """Raise `InvalidInput` for a column nobody knows, and for one that is needed and not there."""
    from carwire.services.lookup.cataloguing import COLUMNS

    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in ("year", "make", "model") if name not in names]
    if unknown or missing:
        what = f"has no column {missing[0]}" if missing else f"has a column nobody knows: {unknown[0]!a}"
        raise InvalidInput(FieldProblem("file", f"{what}; there are {', '.join(COLUMNS)}"))
