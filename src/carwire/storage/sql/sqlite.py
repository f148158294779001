"""The embedded database: one SQLite file in the data folder, in WAL mode, committed with fsync.

A new file is made from ``schema.sql``, the snapshot of the newest schema, so that a first start loads neither
SQLAlchemy nor Alembic; a test holds the snapshot against the migrations. An older file is upgraded by them.
"""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Final

from carwire.core.errors import CannotStart
from carwire.storage.sealing import Sealer
from carwire.storage.sql.opening import HEAD, OURS, check_keys, prepare
from carwire.storage.sql.sqlite_driver import connect, run

FILE_NAME: Final = "carwire.sqlite3"
_CHECKED_UP_TO: Final = (
    64 * 1024 * 1024
)  # bytes: a whole check reads every page, which a start may not wait for beyond this


def open_database(folder: Path, sealer: Sealer) -> sqlite3.Connection:
    """Open the database in `folder`, made and upgraded as needed. The connection begins no transactions by itself.

    Raises `CannotStart` with one sentence when the folder cannot be written, the file is damaged or no database, or a
    newer Carwire has made it, and when the sealer's keys do not open it.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the data folder {folder} cannot be made: {error.strerror}"
        raise CannotStart(msg) from error
    try:
        connection = _checked(path)
        try:
            version = _version(connection, sealer)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.DatabaseError, OSError) as error:
        raise _unusable(path, error) from error
    if version != HEAD:
        connection.close()
        _upgrade(path, version)
        connection = connect(path)
    _prepare(connection, path, sealer)
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, sealer: Sealer) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            run(connection.execute, prepare(sealer))
    except sqlite3.DatabaseError as error:
        connection.close()
        raise _unusable(path, error) from error
    except BaseException:
        connection.close()
        raise


def _checked(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    try:
        if path.stat().st_size <= _CHECKED_UP_TO:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection, sealer: Sealer) -> str | None:
    """Return the schema's revision, null for another program's; a database without any table gets the newest schema
    first. Raises `CannotStart` when the keys do not open it.
    """
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            for statement in files(__package__ or "").joinpath("schema.sql").read_text("utf-8").split(";\n"):
                connection.execute(statement)
        elif not tables >= OURS:
            return None
        elif "sealing" in tables:
            run(connection.execute, check_keys(sealer))
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def _upgrade(path: Path, version: str | None) -> None:
    if version is None:
        msg = f"{path} is a database, but not one of Carwire's"
        raise CannotStart(msg)
    from carwire.storage.sql import upgrade  # noqa: PLC0415  # SQLAlchemy and Alembic take a second to load

    try:
        upgrade.upgrade(path)
    except Exception as error:
        msg = f"{path} has schema {version}, which cannot be brought to {HEAD}: {' '.join(str(error).split())}"
        raise CannotStart(msg) from error


def _unusable(path: Path, error: sqlite3.DatabaseError | OSError) -> CannotStart:
    if isinstance(error, sqlite3.OperationalError | OSError):
        return CannotStart(f"the database {path} cannot be opened or written: {error}")
    said = " ".join(str(error).split())
    return CannotStart(f"the database {path} is damaged or no SQLite file: {said}. Restore it from a backup.")
