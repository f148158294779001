"""Rows in the order of their keys, whatever their number: pieces are sorted one by one, kept in a file without a name,
and merged while they are read.

A database's table in the order of a VIN is written page after page then. In the order of the file, every chunk of some
ten thousand rows would touch nearly every page there is.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Self

import msgspec

from carwire.core.errors import CannotStart
from carwire.core.lookup.registers import EntryRow

_BLOCK: Final = 500  # rows that are read together
_KEY: Final = attrgetter("key")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[EntryRow]).decode


class SortedRows:
    """`carwire.services.lookup.importing.Sorter` over a file in a folder, which is gone with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115  # closed by `__exit__`
        self._size = 0
        self._runs: list[list[tuple[int, int]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, rows: list[EntryRow]) -> None:
        """Take rows, in no order. Raises `CannotStart` where the folder has no room for them."""
        rows = sorted(rows, key=_KEY)
        try:
            self._runs.append([self._put(_encode(rows[at : at + _BLOCK])) for at in range(0, len(rows), _BLOCK)])
            self._file.flush()
        except OSError as error:
            msg = f"{self._folder} cannot take the rows of this file while they are put in order: {error.strerror}"
            raise CannotStart(msg) from error

    def __iter__(self) -> Iterator[EntryRow]:
        """Give all of them, by key; those of one key as they came."""
        return heapq.merge(*map(self._read, self._runs), key=_KEY)

    def _put(self, block: bytes) -> tuple[int, int]:
        place = self._size, len(block)
        self._file.write(block)
        self._size += len(block)
        return place

    def _read(self, run: list[tuple[int, int]]) -> Iterator[EntryRow]:
        for start, length in run:
            yield from _decode(os.pread(self._file.fileno(), length, start))
