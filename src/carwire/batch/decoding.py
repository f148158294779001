"""Decodes many VINs at once, each key once: what a key stands for is remembered, and a column of the answer is what is
remembered, taken in the order of the VINs.

Texts come back as dictionary arrays, so a million rows of a column are a million small numbers and the few texts that
occur.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import ultravin

from carwire.batch.columns import ERROR_CODE, SUGGESTED_VIN, SUGGESTIONS, Column, Lot
from carwire.batch.keys import Key, Keyring, Keys, is_refined, refined, shared
from carwire.core.vin.structure import tidy

PIECE: Final = 131_072  # VINs worked through at once, at most: the more, the less each costs
_REMEMBERED: Final = 50_000  # keys; what a piece adds comes on top
_LOT: Final = 8192  # VINs given to ultravin at once
_WORKING: Final = 16  # MiB that ultravin may work in
_SETTLED, _REPEATS, _CHOOSES = range(3)  # what of a key's decode depends on the serial: nothing; see keys.py
_CORRECTED: Final = frozenset({2, 3, 4})  # errors that a check digit chooses, in this model year or another
TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_YEARS: Final = 100_000  # claimed years are brought below it; one less stands for none
Template = tuple[tuple[int, str], ...]  # places in a VIN, and what is proposed there


class Decoder:
    """Decodes for one moment and one choice of columns. Not for two threads at once."""

    def __init__(self, columns: Sequence[Column], now: datetime) -> None:
        self.columns = tuple(columns)
        self._now = now
        self._keyring = Keyring()
        self._needs = sorted({i for column in columns for i in column.needs} | {ERROR_CODE, SUGGESTED_VIN})
        self._pool = ThreadPoolExecutor(os.cpu_count(), "columns")  # taking values holds no lock of the interpreter
        self.forget()

    @property
    def types(self) -> list[pa.DataType]:
        """The types of the columns."""
        return [TEXT if c.type == pa.string() and c.name not in SUGGESTIONS else c.type for c in self.columns]

    def decode(self, texts: pa.Array, years: pa.Array | None = None) -> list[pa.Array]:
        """Return the columns for texts (type string, at most `PIECE`). `years` (a type of integers) are the model years
        somebody claims, null for none: `modelyear` of NHTSA's API.
        """
        if len(self._rows) > _REMEMBERED:
            self.forget()
        found = self._keyring.keys(texts)
        claimed: list[int | None] = [None] * len(found.keys)
        if years is not None:
            found, claimed = _with_years(found, years)
        rows = self._rows_of(found, claimed).take(found.codes)
        chooses = pc.equal(self._kinds_of(rows), _CHOOSES)
        if pc.any(chooses).as_py():
            rows = pc.replace_with_mask(rows, chooses, self._refined(texts, found, claimed, chooses))
        spread = self._pool.map(lambda known: known.take(rows), self._known)
        return [
            self._proposed(values, rows, texts) if column.name in SUGGESTIONS else values
            for column, values in zip(self.columns, spread, strict=True)
        ]

    def forget(self) -> None:
        """Let go of what is remembered."""
        self._rows: dict[Key, int] = {}
        self._kinds = bytearray()
        self._templates: dict[int, Template] = {}
        self._known = [_Texts() if kind == TEXT else _Plain(kind) for kind in self.types]

    def _kinds_of(self, rows: pa.Array) -> pa.Array:
        return pa.Array.from_buffers(pa.uint8(), len(self._kinds), [None, pa.py_buffer(bytes(self._kinds))]).take(rows)

    def _rows_of(self, found: Keys, claimed: list[int | None]) -> pa.Array:
        """Where each key is remembered, decoding those that are not yet."""
        new = [place for place, key in enumerate(found.keys) if key not in self._rows]
        new.sort(key=found.samples.__getitem__)  # neighbours need the same tables: half the time
        for start in range(0, len(new), _LOT):
            lot = new[start : start + _LOT]
            self._learn([found.keys[i] for i in lot], [found.samples[i] for i in lot], [claimed[i] for i in lot])
        return pa.array([self._rows[key] for key in found.keys], pa.int32())

    def _refined(self, texts: pa.Array, found: Keys, claimed: list[int | None], chosen: pa.Array) -> pa.Array:
        """Where VINs are remembered whose check digit chooses what is proposed."""
        finer: dict[Key, int] = {}
        codes: list[int] = []
        samples: list[str] = []
        years: list[int | None] = []
        for text, place in zip(texts.filter(chosen).to_pylist(), found.codes.filter(chosen).to_pylist(), strict=True):
            vin = tidy(text)
            code = finer.setdefault(refined(found.keys[place], vin), len(finer))
            if code == len(samples):
                samples.append(vin)
                years.append(claimed[place])
            codes.append(code)
        places = pa.array(codes, pa.int32())
        return self._rows_of(Keys(places, list(finer), samples), years).take(places)

    def _learn(self, keys: list[Key], vins: list[str], years: list[int | None]) -> None:
        table = pa.table({"vin": pa.array(vins, pa.string()), "year": pa.array(years, pa.int32())})
        stream = ultravin.decode_stream(
            table,
            vin_column="vin",
            year_column="year",
            columns=self._needs,
            column_names="id",
            batch_memory_mb=_WORKING,
            now=self._now,
        )
        lot = Lot(vins, pa.table(stream).combine_chunks().to_batches()[0], self._keyring.exceptions)
        self._note(keys, lot)
        for column, known in zip(self.columns, self._known, strict=True):
            known.add(column.of(lot))

    def _note(self, keys: list[Key], lot: Lot) -> None:
        """Note where the new keys are remembered, and what the serial still decides."""
        proposed = lot.element(SUGGESTED_VIN).to_pylist()
        for key, vin, codes, suggestion in zip(keys, lot.vins, lot.codes, proposed, strict=True):
            row = self._rows[key] = len(self._kinds)
            kind = _SETTLED
            if shared(key) and not is_refined(key) and not codes.isdisjoint(_CORRECTED):
                kind = _CHOOSES
            elif shared(key) and suggestion:
                kind = _REPEATS
                self._templates[row] = tuple(
                    (i, new) for i, (old, new) in enumerate(zip(vin, suggestion, strict=False)) if old != new
                )
            self._kinds.append(kind)

    def _proposed(self, made: pa.Array, rows: pa.Array, texts: pa.Array) -> pa.Array:
        """What is proposed instead of each VIN: `made` for one of its key."""
        repeats = pc.equal(self._kinds_of(rows), _REPEATS)
        if not pc.any(repeats).as_py():
            return made
        vins = texts.filter(repeats).to_pylist()
        filled = [
            _filled(tidy(v), self._templates[row])
            for v, row in zip(vins, rows.filter(repeats).to_pylist(), strict=True)
        ]
        return pc.replace_with_mask(made, repeats, pa.array(filled, pa.string()))


def _filled(vin: str, template: Template) -> str:
    characters = list(vin[:17])
    for place, character in template:
        characters[place] = character
    return "".join(characters)


class _Plain:
    """What is remembered of a column, a value a row."""

    def __init__(self, kind: pa.DataType) -> None:
        self._values = pa.array([], kind)

    def add(self, values: pa.Array) -> None:
        """Append rows."""
        self._values = pa.concat_arrays([self._values, values])

    def take(self, rows: pa.Array) -> pa.Array:
        """The values of rows."""
        if self._values.null_count == len(self._values):
            return pa.nulls(len(rows), self._values.type)
        return self._values.take(rows)


class _Texts:
    """What is remembered of a column of texts: each text once, and which of them a row has."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._texts = pa.array([], pa.string())
        self._indices = pa.array([], pa.int32())

    def add(self, values: pa.Array) -> None:
        """Append rows."""
        encoded = values.dictionary_encode()
        places = [self._places.setdefault(text, len(self._places)) for text in encoded.dictionary.to_pylist()]
        if len(self._places) > len(self._texts):
            self._texts = pa.array(self._places, pa.string())
        self._indices = pa.concat_arrays([self._indices, pa.array(places, pa.int32()).take(encoded.indices)])

    def take(self, rows: pa.Array) -> pa.Array:
        """The texts of rows."""
        if not self._places:
            return pa.nulls(len(rows), TEXT)
        return pa.DictionaryArray.from_arrays(self._indices.take(rows), self._texts)


def _with_years(found: Keys, years: pa.Array) -> tuple[Keys, list[int | None]]:
    """Keys that contain the claimed year. A year beyond reason is only told from none."""
    claimed = pc.min_element_wise(
        pc.max_element_wise(years.cast(pa.int64()), 0, skip_nulls=False), _YEARS - 2, skip_nulls=False
    )
    both = pc.add(
        pc.multiply(found.codes.cast(pa.int64()), _YEARS), pc.fill_null(claimed, _YEARS - 1)
    ).dictionary_encode()
    pairs = [divmod(number, _YEARS) for number in both.dictionary.to_pylist()]
    named: list[int | None] = [None if year == _YEARS - 1 else year for _, year in pairs]
    keys: list[Key] = [
        found.keys[place] if year is None else (found.keys[place], year)
        for (place, _), year in zip(pairs, named, strict=True)
    ]
    return Keys(both.indices, keys, [found.samples[place] for place, _ in pairs]), named
