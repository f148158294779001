"""Backups: every row of a database in one file, with a checksum for each table, and back into an empty database of
either kind.

The file is a zip: for each table ``rows/<table>.jsonl``, one JSON array a row behind one of the columns, bytes in
base64; and ``manifest.json``. A table's checksum is the sum of its rows' SHA-256, modulo 2²⁵⁶: no order changes it,
and the two databases order text differently. Keys and pepper are not in it. Slow to import: Alembic is used.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic.util import CommandError

from carwire.core.errors import CannotStart
from carwire.storage.sql import upgrade
from carwire.storage.sql.opening import HEAD, OURS
from carwire.storage.sql.schema import metadata

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_CHUNK: Final = 500  # rows of one statement
_OURS: Final = frozenset(metadata.tables)
_MADE_AT_THE_START: Final = frozenset({"counters", "audit_head", "sealing"})  # of a database nobody has used
_SPOILT: Final = (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error, msgspec.DecodeError)


class Place(msgspec.Struct, frozen=True):
    """A database: the file, or SQLAlchemy's URL with what opens a connection."""

    url: str | Path
    connect: Callable[[], Any] | None = None


class TableSum(msgspec.Struct, frozen=True):
    """How many rows a table has, and their checksum."""

    rows: int
    checksum: str


class Manifest(msgspec.Struct, frozen=True):
    """What is in a backup: the revision of its schema, when it was made by which Carwire, what tells the pepper of its
    digests apart from another, and its tables.
    """

    format: int
    carwire: str
    revision: str
    made_at: datetime
    pepper: str
    tables: dict[str, TableSum]


class _Sum:
    def __init__(self) -> None:
        self.rows, self._total = 0, 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self._total += int.from_bytes(sha256(line).digest())

    def done(self) -> TableSum:
        return TableSum(self.rows, f"{self._total % 2**256:064x}")


def back_up(place: Place, file: Path, *, carwire: str, made_at: datetime, pepper: str) -> Manifest:
    """Write a database to a new file, as it is at one moment, while servers go on. Raises `CannotStart`."""
    if file.exists():
        msg = f"{file} is there already"
        raise CannotStart(msg)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            with _snapshot(place) as connection:
                revision, tables = _tables(connection)
                if revision != HEAD:
                    msg = f"the database has schema {revision}, this Carwire has {HEAD}: start a server once"
                    raise CannotStart(msg)
                sums = {str(table.name): _write(archive, connection, table) for table in tables}
            manifest = Manifest(FORMAT, carwire, revision, made_at, pepper, sums)
            archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(file)
    except (OSError, sa.exc.SQLAlchemyError) as error:
        msg = f"the backup {file} cannot be written: {_said(error)}"
        raise CannotStart(msg) from error
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """Return what a backup says of itself. Raises `CannotStart` for a file that is none, or of a newer Carwire."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except _SPOILT as error:
        msg = f"{file} is no backup of Carwire, or a damaged one: {_said(error)}"
        raise CannotStart(msg) from error
    if manifest.format != FORMAT or manifest.revision > HEAD:
        msg = f"{file} was made by a newer Carwire, {manifest.carwire}"
        raise CannotStart(msg)
    return manifest


def restore(place: Place, file: Path) -> Manifest:
    """Fill an empty database from a backup, bring it to the newest schema, and return what is in it now. What was
    written is read again and compared. Raises `CannotStart`; then no row was stored.
    """
    manifest = read_manifest(file)
    try:
        _refuse_unless_empty(place)
        upgrade.upgrade(place.url, manifest.revision, place.connect)
        with zipfile.ZipFile(file) as archive, _begin(place) as connection:
            _, tables = _tables(connection)
            _clear(connection, tables)
            for table in tables:
                if table.name in manifest.tables:
                    _fill(archive, connection, table)
            found = {table.name: _sum(connection, table) for table in tables if table.name in manifest.tables}
            wrong = sorted(name for name, told in manifest.tables.items() if found.get(name) != told)
            if wrong:
                msg = f"{file} is damaged: {', '.join(wrong)} came out otherwise than they were written"
                raise CannotStart(msg)
        upgrade.upgrade(place.url, "head", place.connect)
    except (*_SPOILT, CommandError, sa.exc.SQLAlchemyError) as error:
        msg = f"the backup {file} cannot be restored: {_said(error)}"
        raise CannotStart(msg) from error
    return manifest


def _snapshot(place: Place) -> Any:
    engine = upgrade.engine_of(place.url, place.connect, begins="BEGIN")
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.begin()


def _begin(place: Place) -> Any:
    return upgrade.engine_of(place.url, place.connect).begin()


def _tables(connection: sa.Connection) -> tuple[str, list[sa.Table]]:
    """Return the revision and our tables, those that are referred to first. Raises `CannotStart` for another's."""
    there = set(sa.inspect(connection).get_table_names())
    if not there >= OURS:
        msg = "the database has none of Carwire's tables"
        raise CannotStart(msg)
    found = sa.MetaData()
    found.reflect(connection, only=sorted(there & _OURS))
    (revision,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
    return str(revision), list(found.sorted_tables)


def _refuse_unless_empty(place: Place) -> None:
    if isinstance(place.url, Path) and not place.url.exists():
        return
    with _begin(place) as connection:
        there = sa.inspect(connection).get_table_names()
        if not there:
            return
        _, tables = _tables(connection)
        used = [t.name for t in tables if t.name not in _MADE_AT_THE_START and _holds(connection, t)]
    if used:
        msg = f"the database is in use: there are rows in {', '.join(sorted(used)[:3])}. A backup fills an empty one"
        raise CannotStart(msg)


def _holds(connection: sa.Connection, table: sa.Table) -> bool:
    return connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None


def _clear(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    for table in tables:
        if table.name in _MADE_AT_THE_START:
            connection.execute(sa.delete(table))


def _write(archive: zipfile.ZipFile, connection: sa.Connection, table: sa.Table) -> TableSum:
    counted = _Sum()
    with archive.open(_name(table), "w", force_zip64=True) as out:
        out.write(msgspec.json.encode([str(column.name) for column in _columns(table)]) + b"\n")
        for line in _lines(connection, table):
            counted.add(line)
            out.write(line + b"\n")
    return counted.done()


def _sum(connection: sa.Connection, table: sa.Table) -> TableSum:
    counted = _Sum()
    for line in _lines(connection, table):
        counted.add(line)
    return counted.done()


def _lines(connection: sa.Connection, table: sa.Table) -> Iterator[bytes]:
    """Spell rows. The columns come in the order of their names, which is the same in both databases."""
    wanted = sa.select(*_columns(table)).execution_options(stream_results=True, yield_per=_CHUNK)
    encode = msgspec.json.Encoder().encode
    for row in connection.execute(wanted):
        yield encode(tuple(row))


def _fill(archive: zipfile.ZipFile, connection: sa.Connection, table: sa.Table) -> None:
    columns = _columns(table)
    with archive.open(_name(table)) as lines:
        next(lines, None)
        rows = (msgspec.json.decode(line) for line in lines)
        while some := list(islice(rows, _CHUNK)):
            connection.execute(sa.insert(table), [_values(columns, row) for row in some])


def _values(columns: Sequence[sa.Column[Any]], row: Sequence[Any]) -> dict[str, Any]:
    if len(row) != len(columns):
        msg = f"a row has {len(row)} values for {len(columns)} columns"
        raise ValueError(msg)
    return {
        column.name: b64decode(value) if isinstance(column.type, sa.LargeBinary) and value is not None else value
        for column, value in zip(columns, row, strict=True)
    }


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    return sorted(table.columns, key=lambda column: column.name)


def _name(table: sa.Table) -> str:
    return f"rows/{table.name}.jsonl"


def _said(error: Exception) -> str:
    """Say what went wrong in a line; SQLAlchemy would quote the statement with its values."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split())[:300] or type(error).__name__
