"""``carwire lookup``: which vehicles VINs are, one by one or a file of them, on the database and without the server."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carwire.core.errors import CarwireError, FieldProblem, InvalidInput
from carwire.settings import read_settings

if TYPE_CHECKING:
    from carwire.core.lookup.answers import Found
    from carwire.core.lookup.regions import Region
    from carwire.services.lookup.finding import LookupService

COLUMNS: Final = (
    *("vin", "confidence", "vehicle_id", "year", "make", "model", "badge", "series", "body_type", "fuel_type"),
    *("transmission_type", "drive_type", "title", "colour", "upstream_vehicle", "others", "rule", "problem"),
)
_NAMES: Final = frozenset({"vin", "vinnumber", "vehicleidentificationnumber", "chassisnumber"})
_PIECE: Final = 1000  # VINs between two writes


def vin(*vins: str, region: str = "us", json: bool = False, data: Path | None = None) -> None:
    """Say which vehicles VINs are. Nothing is metered: this is the owner of the server asking.

    Parameters
    ----------
    vins
        VINs of 17 characters.
    region
        The region they are asked for in.
    json
        Print one JSON object a line, as the API answers.
    data
        The server's data folder.
    """
    from carwire.core.lookup.asking import Question, read_region, read_vin
    from carwire.wire.lookup.bodies import lookup_body

    asked = Question(read_region(region, None), frozenset({"match_explain"}))

    async def run() -> bool:
        failed = False
        async with _service(data) as service:
            for text in vins:
                try:
                    found = await service.by_vin(read_vin(text, asked.region), asked)
                except CarwireError as error:
                    failed = True
                    print(f"{text!a}: {error}", file=sys.stderr)
                    continue
                if json:
                    print(msgspec.json.encode(lookup_body(found, asked.features)).decode())
                else:
                    _draw(found)
        return failed

    if asyncio.run(run()):
        sys.exit(1)


def batch(
    source: Path,
    out: Path,
    *,
    region: str = "us",
    column: str | None = None,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Look up every VIN of a file and write a row each. Memory does not grow with the file.

    Cut off, a CSV goes on where it stopped when it is begun again with the same files.

    Parameters
    ----------
    source
        A CSV, or a Parquet file, with a column of VINs.
    out
        Where to write: .csv or .parquet.
    region
        The region they are asked for in.
    column
        The column of VINs, where it is not called so.
    json
        Print the summary as JSON.
    data
        The server's data folder.
    """
    from carwire.core.lookup.asking import read_region

    if not source.is_file():
        raise InvalidInput(FieldProblem("source", f"{source} is no file"))
    if out.exists() and out.samefile(source):
        raise InvalidInput(FieldProblem("out", f"{out} is the file that is read"))
    if out.suffix.lower() not in {".csv", ".parquet"}:
        raise InvalidInput(FieldProblem("out", f"{out} must end in .csv or .parquet"))
    counts = asyncio.run(_batch(source, out, read_region(region, None), column, data))
    total = sum(counts.values())
    if json:
        print(msgspec.json.encode({"file": str(out), "vins": total, "outcomes": dict(counts)}).decode())
        return
    print(f"{total:,} VINs looked up in {region}, written to {out}")
    for outcome, n in counts.most_common():
        print(f"  {outcome:<12}{n:>12,}  {n / max(1, total):>6.1%}")


async def _batch(source: Path, out: Path, region: Region, column: str | None, data: Path | None) -> Counter[str]:
    """Look up and write in pieces, to a draft that takes the place of `out` once all are there."""
    from carwire.core.lookup.asking import Question

    draft = out.with_name(f".{out.name}.draft")
    counts: Counter[str] = Counter()
    question = Question(region, frozenset({"match_explain"}))
    vins = _vins(source, column)
    with _writer(draft, out.suffix.lower(), source) as (done, write):
        for _ in range(done):
            next(vins, None)
        counts.update(_outcomes(draft) if done else {})
        async with _service(data) as service:
            await service.check_region(region)
            while rows := [await _row(service, text, question) for text in _take(vins)]:
                counts.update(row["confidence"] or ("not a VIN" if row["problem"] else "no match") for row in rows)
                write(rows)
                if sys.stderr.isatty():
                    print(f"\r{sum(counts.values()):>12,} VINs", end="", file=sys.stderr, flush=True)
    draft.replace(out)
    _mark(draft).unlink(missing_ok=True)
    return counts


async def _row(service: LookupService, text: str, question: Any) -> dict[str, Any]:
    from carwire.core.lookup.asking import read_vin
    from carwire.core.lookup.refusal import LookupRefused

    try:
        vin = read_vin(text, question.region)
    except LookupRefused as refusal:
        return {**dict.fromkeys(COLUMNS), "vin": text[:64], "problem": refusal.hint or str(refusal)}
    return _flat(vin, await service.by_vin(vin, question))


def _flat(vin: str, found: Found) -> dict[str, Any]:
    traits = found.vehicle.traits if found.vehicle else None
    return {
        **{name: getattr(traits, name, None) for name in COLUMNS},
        "vin": vin,
        "confidence": found.confidence,
        "vehicle_id": found.vehicle.id if found.vehicle else None,
        "title": found.vehicle.title if found.vehicle else None,
        "colour": found.colour,
        "upstream_vehicle": found.upstream_vehicle,
        "others": len(found.additional),
        "rule": found.explanation.rule if found.explanation else None,
        "problem": None,
    }


def _take(vins: Iterator[str]) -> list[str]:
    return [text for _, text in zip(range(_PIECE), vins, strict=False)]


def _vins(path: Path, column: str | None) -> Iterator[str]:
    if path.suffix.lower() == ".parquet":
        yield from _parquet_vins(path, column)
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.readline()
            file.seek(0)
            rows = csv.reader(file, delimiter=max(",;\t|", key=sample.count))
            index = _column(next(rows, []), column, path)
            yield from (row[index].strip() if len(row) > index else "" for row in rows if row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(FieldProblem("source", f"{path} is no CSV in UTF-8: {error}")) from error


def _parquet_vins(path: Path, column: str | None) -> Iterator[str]:
    pa, parquet = _pyarrow()
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            name = names[_column(names, column, path)]
            for batch in file.iter_batches(batch_size=_PIECE, columns=[name]):
                yield from ("" if vin is None else str(vin).strip() for vin in batch.column(0).to_pylist())
    except pa.ArrowException as error:
        raise InvalidInput(FieldProblem("source", f"{path} is no Parquet file: {error}")) from error


def _column(names: list[str], wanted: str | None, path: Path) -> int:
    for index, name in enumerate(names):
        if name == wanted or (wanted is None and "".join(c for c in name.casefold() if c.isalnum()) in _NAMES):
            return index
    what = f"no column {wanted!r}" if wanted else "no column that looks like VINs; name it with --column"
    raise InvalidInput(FieldProblem("column", f"{path} has {what}; it has: {', '.join(names)[:300]}"))


Writing = tuple[int, Callable[[list[dict[str, Any]]], None]]


@contextlib.contextmanager
def _writer(draft: Path, kind: str, source: Path) -> Iterator[Writing]:
    """Give how many rows are there already, and what writes more."""
    try:
        if kind == ".parquet":
            with _parquet_writer(draft) as write:
                yield 0, write
            return
        done = _whole_rows(draft, source)
        with draft.open("a" if done else "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            if not done:
                writer.writeheader()

            def write_rows(rows: list[dict[str, Any]]) -> None:
                writer.writerows(rows)
                file.flush()

            _mark(draft).write_text(_stamp(source), "utf-8")
            yield done, write_rows
    except OSError as error:
        raise InvalidInput(FieldProblem("out", f"{draft} cannot be written: {error.strerror}")) from error


def _whole_rows(draft: Path, source: Path) -> int:
    """Return how many rows of a draft are whole, cutting off what is not; none for a draft of another file."""
    try:
        if not draft.exists() or _mark(draft).read_text("utf-8") != _stamp(source):
            return 0
    except OSError:
        return 0
    count = end = 0
    with draft.open("rb") as file:
        for line in file:
            if not line.endswith(b"\r\n"):
                break
            end += len(line)
            count += 1
    with draft.open("rb+") as file:
        file.truncate(end)
    return max(0, count - 1)


def _outcomes(draft: Path) -> Iterator[str]:
    with draft.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["confidence"] or ("not a VIN" if row["problem"] else "no match")


def _mark(draft: Path) -> Path:
    return draft.with_name(f"{draft.name}.of")


def _stamp(source: Path) -> str:
    stat = source.stat()
    return f"{source.resolve()} {stat.st_size} {stat.st_mtime_ns}"


@contextlib.contextmanager
def _parquet_writer(path: Path) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    pa, parquet = _pyarrow()
    kinds = dict.fromkeys(("year", "others", "rule"), pa.int32())
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        yield lambda rows: writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise InvalidInput(FieldProblem("source", "Parquet needs the extra: pip install 'carwire[parquet]'")) from None
    return pa, parquet


@contextlib.asynccontextmanager
async def _service(data: Path | None) -> AsyncIterator[LookupService]:
    from carwire.app import open_lookup

    async with open_lookup(read_settings(os.environ, data=data)) as service:
        yield service


def _draw(found: Found) -> None:
    vehicle = found.vehicle
    print(f"{found.vin}  {vehicle.title if vehicle else 'no match'}  {found.confidence or ''}".rstrip())
    if vehicle:
        traits = msgspec.to_builtins(vehicle.traits)
        print(
            "  "
            + ", ".join(f"{name} {value}" for name, value in traits.items() if name not in {"year", "make", "model"})
        )
    for name, value in (("authority", found.upstream_vehicle), ("colour", found.colour)):
        if value:
            print(f"  {name}: {value}")
    if found.explanation and found.explanation.rule and found.confidence == "reduced":
        print(f"  reduced by rule {found.explanation.rule}")
    for other in found.additional:
        print(f"  or {other.title}")
