"""Files of VINs: read in pieces, judged on every core, written as they are read, summed up at the end."""

from __future__ import annotations

import csv
import itertools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carwire.batch.naming import vin_column
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vin.structure import tidy
from carwire.services.compatibility import Summary, summarise
from carwire.settings import read_settings

if TYPE_CHECKING:
    import pyarrow as pa

_PIECE: Final = 10_000  # VINs judged at once
_FACTS: Final = ("vin", "compatible", "reason", "make", "model", "model_year", "powertrain", "problem")
Row = dict[str, Any]


def judge_file(
    path: Path, permissions: Sequence[str], country: str, *, column: str | None, out: Path | None, json: bool
) -> None:
    """Judge every VIN of a file and write one row each: the facts, then a column per permission (true, false, empty).

    Raises `InvalidInput` when the file cannot be read, has no column of VINs, or the output has no known ending.
    """
    from carwire.app import build_offline

    out = out or path.with_name(f"{path.stem}.compatibility{path.suffix if path.suffix == '.parquet' else '.csv'}")
    if not path.is_file():
        raise InvalidInput(FieldProblem("file", f"{path} is no file"))
    if out.exists() and out.samefile(path):
        raise InvalidInput(FieldProblem("out", f"{out} is the file that is read"))
    _, service = build_offline(read_settings(os.environ))
    counts: Counter[str] = Counter()
    pieces = _read(path, column)
    first = next(pieces, [])  # a file without a column of VINs is refused before anything is written
    with _writer(out, (*_FACTS, *permissions)) as write, progress(path) as advance:
        for vins in itertools.chain([first], pieces):
            answers = service.check_many([tidy(vin) for vin in vins], permissions, country)
            rows = [_row(summarise(v, a)) for v, a in zip(vins, answers, strict=True)]
            for row in rows:
                counts[row["reason"] or ("not a VIN" if row["problem"] else "compatible")] += 1
                counts.update(p for p in permissions if row.get(p))
            write(rows)
            advance(len(rows))
    outcomes = {k: n for k, n in counts.most_common() if k not in permissions}
    summary = {
        "file": str(out),
        "vins": sum(outcomes.values()),
        "outcomes": outcomes,
        "capable": {p: counts[p] for p in permissions},
    }
    if json:
        print(msgspec.json.encode(summary).decode())
        return
    print(f"{summary['vins']:,} VINs judged for {country}, written to {out}")
    for outcome, n in outcomes.items():
        print(f"  {outcome:<24}{n:>10,}  {n / max(1, sum(outcomes.values())):>6.1%}")
    for permission in permissions:
        print(f"  {permission:<24}{counts[permission]:>10,}  capable")


def _row(summary: Summary) -> Row:
    facts = {name: getattr(summary, name) for name in _FACTS}
    facts["problem"] = summary.problem.message if summary.problem else None
    return facts | {c.permission: c.capable for c in summary.capabilities}


def _read(path: Path, column: str | None) -> Iterator[list[str]]:
    if path.suffix.lower() == ".parquet":
        yield from _read_parquet(path, column)
        return
    piece: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.readline()
            file.seek(0)
            delimiter = max(",;\t|", key=sample.count)
            rows = csv.reader(file, delimiter=delimiter)
            index = vin_column(next(rows, []), column, str(path))
            for row in rows:
                if not row:
                    continue
                piece.append(row[index].strip() if len(row) > index else "")
                if len(piece) == _PIECE:
                    yield piece
                    piece = []
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(FieldProblem("file", f"{path} is no CSV in UTF-8: {error}")) from error
    if piece:
        yield piece


def _read_parquet(path: Path, column: str | None) -> Iterator[list[str]]:
    pa, pq = _pyarrow()
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            name = names[vin_column(names, column, str(path))]
            for batch in file.iter_batches(batch_size=_PIECE, columns=[name]):
                yield ["" if vin is None else str(vin).strip() for vin in batch.column(0).to_pylist()]
    except pa.ArrowException as error:
        raise InvalidInput(FieldProblem("file", f"{path} is no Parquet file: {error}")) from error


@contextmanager
def _writer(out: Path, names: Sequence[str]) -> Iterator[Callable[[list[Row]], None]]:
    """Give a function that writes rows to a draft beside `out`, which takes its place once all are written."""
    write_to = {".csv": _csv_writer, ".parquet": _parquet_writer}.get(out.suffix.lower())
    if write_to is None:
        raise InvalidInput(FieldProblem("out", f"{out} must end in .csv or .parquet"))
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with write_to(draft, names) as write:
            yield write
        draft.replace(out)
    except OSError as error:
        raise InvalidInput(FieldProblem("out", f"{out} cannot be written: {error.strerror}")) from error
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def _csv_writer(path: Path, names: Sequence[str]) -> Iterator[Callable[[list[Row]], None]]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()

        def write(rows: list[Row]) -> None:
            writer.writerows({k: str(v).lower() if isinstance(v, bool) else v for k, v in r.items()} for r in rows)

        yield write


@contextmanager
def _parquet_writer(path: Path, names: Sequence[str]) -> Iterator[Callable[[list[Row]], None]]:
    pa, pq = _pyarrow()
    schema = _schema(pa, names)
    with pq.ParquetWriter(path, schema, compression="zstd") as parquet:
        yield lambda rows: parquet.write_table(pa.Table.from_pylist(rows, schema=schema))


def _schema(pa: Any, names: Sequence[str]) -> pa.Schema:
    kinds = {"compatible": pa.bool_(), "model_year": pa.int16(), **dict.fromkeys(names[len(_FACTS) :], pa.bool_())}
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise InvalidInput(FieldProblem("file", "Parquet needs the extra: pip install 'carwire[parquet]'")) from None
    return pa, parquet


@contextmanager
def progress(path: Path) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error when that is a terminal; the total is counted first."""
    if not sys.stderr.isatty():
        yield lambda _n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(path.name, total=_total(path))
        yield lambda n: progress.advance(task, n)


def _total(path: Path) -> int | None:
    """Rows of the file: told by a Parquet footer, counted in lines otherwise; null for a packed one."""
    if path.suffix.lower() in {".gz", ".bz2", ".zst"}:
        return None
    if path.suffix.lower() == ".parquet":
        _, parquet = _pyarrow()
        return int(parquet.read_metadata(path).num_rows)
    with path.open("rb") as file:
        return max(0, sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b"")) - 1)
