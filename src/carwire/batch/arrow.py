"""Arrow in, Arrow out: the one function that every way of decoding many VINs leads through.

    decode(table, columns=["make", "model", "model_year"])

gives the same table with three more columns; a table for a table, a record batch for a record batch, and for anything
else that speaks Arrow (a reader, a frame of polars) a reader that decodes while it is read.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from carwire.batch.columns import Column, choose
from carwire.batch.decoding import PIECE, TEXT, Decoder
from carwire.batch.naming import vin_column
from carwire.core.errors import FieldProblem, InvalidInput

_DECODERS: Final = 4  # kept for each thread: engines call once for every batch
_PLAIN: Final = 8192  # rows written out at once
_kept = threading.local()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a table.

    `vin` is the column of VINs, found by its name when null; `year` a column of model years that somebody claims.
    `columns` are names and groups (`carwire.batch.columns`), null for Carwire's own; `keep` the columns of the table
    that come along, null for all. `prefix` begins the names of the new columns. `texts` are dictionary arrays, or
    plain ones for readers that know no others. `now` is the moment the decode is made for: the newest model years and
    makers depend on it.
    """

    now: datetime
    vin: str | None = None
    year: str | None = None
    columns: tuple[str, ...] | None = None
    keep: tuple[str, ...] | None = None
    prefix: str = ""
    texts: Literal["dictionary", "plain"] = "dictionary"


class TableDecoder:
    """Decodes the batches of a table with one schema. Not for two threads at once."""

    def __init__(self, schema: pa.Schema, plan: Plan, table: str = "the table") -> None:
        """Raises `InvalidInput` for columns that are not there, hold no texts, or would be there twice."""
        self._vin = vin_column(schema.names, plan.vin, table)
        self._year = None if plan.year is None else vin_column(schema.names, plan.year, table)
        self._keep = _places(schema, plan.keep, table)
        self._plain = plan.texts == "plain"
        kind = schema.types[self._vin]
        if not (_is_text(kind) or pa.types.is_null(kind)):
            raise InvalidInput(
                FieldProblem("column", f"{schema.names[self._vin]!a} of {table} holds {kind}, not texts")
            )
        self._decoder = _decoder(tuple(choose(plan.columns)), plan.now)
        fields = [schema.field(place) for place in self._keep]
        for column, type_ in zip(self._decoder.columns, self._decoder.types, strict=True):
            fields.append(pa.field(plan.prefix + column.name, pa.string() if self._plain and type_ == TEXT else type_))
        self.schema = pa.schema(fields)
        _refuse_twins(self.schema.names)

    def decode(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Decode a batch, in pieces that bound what is in memory."""
        for start in range(0, len(batch) or 1, PIECE):
            piece = self._piece(batch.slice(start, PIECE))
            if self._plain:
                yield from _in_plain_texts(piece, self.schema)
            else:
                yield piece

    def forget(self) -> None:
        """Let go of what is remembered of the VINs so far, and of the memory it takes."""
        self._decoder.forget()

    def _piece(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        years = None if self._year is None else _years(batch.column(self._year))
        made = self._decoder.decode(_texts(batch.column(self._vin)), years)
        return pa.RecordBatch.from_arrays([*(batch.column(i) for i in self._keep), *made], self.schema.names)


def decode(
    data: Any,
    *,
    vin: str | None = None,
    year: str | None = None,
    columns: Iterable[str] | None = None,
    keep: Iterable[str] | None = None,
    prefix: str = "",
    texts: Literal["dictionary", "plain"] = "dictionary",
    now: datetime | None = None,
) -> Any:
    """Decode the VINs of a table, a record batch or a stream. See `Plan` for the parameters; `now` is now if left out.

    Raises `InvalidInput` for columns that cannot be had. A text that is no VIN is no error: its columns are null and
    `problem` says why.
    """
    plan = plan_of(vin=vin, year=year, columns=columns, keep=keep, prefix=prefix, texts=texts, now=now)
    if isinstance(data, pa.RecordBatch):
        made = decode_batches(data.schema, [data], plan)
        return made.read_all().combine_chunks().to_batches()[0]
    if isinstance(data, pa.Table):
        return decode_batches(data.schema, data.to_batches(), plan).read_all()
    reader = data if isinstance(data, pa.RecordBatchReader) else pa.RecordBatchReader.from_stream(data)
    return decode_batches(reader.schema, reader, plan)


def plan_of(
    *,
    columns: Iterable[str] | None = None,
    keep: Iterable[str] | None = None,
    now: datetime | None = None,
    **others: Any,
) -> Plan:
    """A plan from the parameters of `decode`; the moment is now if none is given."""
    return Plan(
        columns=None if columns is None else tuple(columns),
        keep=None if keep is None else tuple(keep),
        now=now or datetime.now(UTC),
        **others,
    )


def decode_batches(schema: pa.Schema, batches: Iterable[pa.RecordBatch], plan: Plan) -> pa.RecordBatchReader:
    """Decode batches of one schema as they are read."""
    decoder = TableDecoder(schema, plan)
    return pa.RecordBatchReader.from_batches(decoder.schema, (made for b in batches for made in decoder.decode(b)))


def in_batches(plan: Plan) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function from batches to batches, as engines ask for. It may be sent to other processes."""
    return functools.partial(_in_batches, plan)


def _in_batches(plan: Plan, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    decoder = None
    for batch in batches:
        decoder = decoder or TableDecoder(batch.schema, plan)
        yield from decoder.decode(batch)


def _decoder(columns: tuple[Column, ...], now: datetime) -> Decoder:
    """A decoder of this thread that may remember from earlier tables."""
    kept: dict[Any, Decoder] = _kept.__dict__.setdefault("decoders", {})
    wanted = (tuple(column.name for column in columns), now)
    decoder = kept.pop(wanted, None) or Decoder(columns, now)
    kept[wanted] = decoder
    if len(kept) > _DECODERS:
        del kept[next(iter(kept))]
    return decoder


def _in_plain_texts(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Write out what dictionaries spare, a few rows at a time."""
    for start in range(0, len(batch) or 1, _PLAIN):
        yield batch.slice(start, _PLAIN).cast(schema)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return any(is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _texts(column: pa.Array) -> pa.Array:
    return column if column.type == pa.string() else column.cast(pa.string())


def _years(column: pa.Array) -> pa.Array:
    """Claimed model years; a text that is no year, empty ones among them, claims none."""
    if pa.types.is_integer(column.type):
        return column
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.match_substring_regex(texts, r"^[0-9]{1,4}$"), texts, None).cast(pa.int64())


def _places(schema: pa.Schema, keep: tuple[str, ...] | None, table: str) -> list[int]:
    if keep is None:
        return list(range(len(schema)))
    return [vin_column(schema.names, name, table) for name in keep]


def _refuse_twins(names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            said = f"{name!a} would be there twice; set a prefix, or keep fewer columns"
            raise InvalidInput(FieldProblem("columns", said))
        seen.add(name)
