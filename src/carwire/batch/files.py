"""Tables in files, read and written in batches: CSV (packed by gzip, bzip2 or zstd, too) and Parquet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from carwire.core.errors import FieldProblem, InvalidInput

ENDINGS: Final = (".csv", ".parquet")
_PACKED: Final = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
AT_ONCE: Final = 20_480  # VINs of a file decoded together: bounds the memory of a run
_BLOCK: Final = 4 * 1024 * 1024  # bytes of CSV read at once
_HEADER: Final = 1024 * 1024  # bytes a header may have


class Writer(Protocol):
    """What writes batches of one schema."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch."""


class Source:
    """A file of VINs: its schema and its batches, each of at most `AT_ONCE` rows."""

    def __init__(self, path: Path) -> None:
        """Raises `InvalidInput` when the file is not there or is neither CSV nor Parquet."""
        self.path = path
        if not path.is_file():
            raise InvalidInput(FieldProblem("in", f"{path} is no file"))
        self._parquet = path.suffix.lower() == ".parquet"
        with self._readable():
            self.schema: pa.Schema = pq.read_schema(path) if self._parquet else self._header()

    def batches(self, skip: int) -> Iterator[pa.RecordBatch]:
        """Read the rows after the first `skip`."""
        with self._readable():
            for batch in self._read():
                if skip >= len(batch):
                    skip -= len(batch)
                else:
                    yield batch.slice(skip)
                    skip = 0

    def _read(self) -> Iterator[pa.RecordBatch]:
        if self._parquet:
            with pq.ParquetFile(self.path) as file:
                yield from file.iter_batches(batch_size=AT_ONCE)
            return
        read = pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=self.schema.names, skip_rows=1)
        convert = pa_csv.ConvertOptions(column_types=self.schema, null_values=[""], strings_can_be_null=True)
        parse = pa_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True)
        with self._stream() as stream, pa_csv.open_csv(stream, read, parse, convert) as rows:
            for batch in rows:
                yield from (batch.slice(start, AT_ONCE) for start in range(0, len(batch), AT_ONCE))

    def _header(self) -> pa.Schema:
        with self._stream() as stream:
            text = stream.read(_HEADER)
        if not text.strip():
            raise InvalidInput(FieldProblem("in", f"{self.path} is empty"))
        lines = io.StringIO(text[: text.rfind(b"\n") + 1 or None].decode("utf-8-sig"), newline="")
        first = lines.readline()
        self._delimiter = max(",;\t|", key=first.count)
        names = next(csv.reader([first], delimiter=self._delimiter))
        if len(set(names)) < len(names):
            raise InvalidInput(FieldProblem("in", f"{self.path} has two columns of one name"))
        return pa.schema([(name, pa.string()) for name in names])

    def _stream(self) -> Any:
        return pa.input_stream(str(self.path), compression=_PACKED.get(self.path.suffix.lower()))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        kind = "Parquet file" if self._parquet else "CSV in UTF-8"
        try:
            yield
        except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
            raise InvalidInput(FieldProblem("in", f"{self.path} is no {kind}: {_said(error)}")) from error


@contextmanager
def writing(path: Path, schema: pa.Schema, kind: str, *, header: bool = True) -> Iterator[Writer]:
    """Give what writes batches to a file of this kind: an ending of `ENDINGS`."""
    if kind == ".csv":
        with pa_csv.CSVWriter(path, schema, write_options=pa_csv.WriteOptions(include_header=header)) as writer:
            yield writer
    else:
        with pq.ParquetWriter(path, schema, compression="zstd") as parquet:
            yield _Parquet(parquet)


class _Parquet:
    """A row group a batch."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a row group."""
        self._writer.write_batch(pa.RecordBatch.from_arrays(list(map(_compact, batch.columns)), schema=batch.schema))


def _compact(column: pa.Array) -> pa.Array:
    """Let a dictionary have what occurs, in the order in which it does: the same rows are the same bytes then."""
    if not pa.types.is_dictionary(column.type):
        return column
    used = column.indices.dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        used.indices.cast(column.type.index_type), column.dictionary.take(used.dictionary)
    )


def _said(error: Exception) -> str:
    """The first line of an error, without the row that it quotes."""
    return re.sub(r"(got [0-9]+): .*", r"\1", str(error).splitlines()[0])[:300]


def join(parts: list[Path], target: Path, schema: pa.Schema, kind: str) -> None:
    """Write the rows of files, in order, to one."""
    if kind == ".csv":
        with target.open("wb") as out:
            for part in parts:
                with part.open("rb") as file:
                    while piece := file.read(_BLOCK):
                        out.write(piece)
        return
    with writing(target, schema, kind) as writer:
        for part in parts:
            with pq.ParquetFile(part, memory_map=True) as file:
                for group in range(file.num_row_groups):
                    for batch in file.read_row_group(group, use_threads=False).to_batches():
                        writer.write(batch)
