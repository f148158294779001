"""The embedded database: one SQLite file in the data folder, in WAL mode, committed with fsync.

A new file is made from ``schema.sql``, the snapshot of the newest schema, so that a first start loads neither
SQLAlchemy nor Alembic; a test holds the snapshot against the migrations. An older file is upgraded by them.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from carwire.core.applications import Application
from carwire.core.errors import CannotStart

HEAD: Final = "0001"  # newest migration; a test holds it against Alembic's
FILE_NAME: Final = "carwire.sqlite3"
_CHECKED_UP_TO: Final = (
    64 * 1024 * 1024
)  # bytes: a whole check reads every page, which a start may not wait for beyond this
_OTHERS_SEEN_WITHIN: Final = 0.02  # seconds
_COLUMNS: Final = "client_id, name, redirect_uris, secret_digest, management_token_digest, created_at"


def open_database(folder: Path) -> sqlite3.Connection:
    """Open the database in `folder`, made and upgraded as needed.

    Raises `CannotStart` with one sentence when the folder cannot be written, the file is damaged or no database, or a
    newer Carwire has made it.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the data folder {folder} cannot be made: {error.strerror}"
        raise CannotStart(msg) from error
    try:
        connection = _connect(path)
        try:
            version = _version(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    if version != HEAD:
        connection.close()
        _upgrade(path, version)
        connection = _connect(path)
    return connection


class SqliteApplications:
    """`carwire.core.ports.ApplicationStore` on an open connection. Keyed reads answer within the event loop."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._others = 0
        self._ask_again_at = 0.0

    def add(self, application: Application) -> None:
        """Store a new application."""
        with self._connection:
            self._connection.execute(
                f"INSERT INTO applications ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608  # a constant
                _row(application),
            )

    def find(self, client_id: str) -> Application | None:
        """Return the application with this client id, or null."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM applications WHERE client_id = ?",  # noqa: S608  # a constant
            (client_id,),
        ).fetchone()
        return _application(row) if row else None

    def replace(self, application: Application) -> bool:
        """Store `application` over the one with its client id; false when there is none."""
        with self._connection:
            done = self._connection.execute(
                "UPDATE applications SET name = ?, redirect_uris = ?, secret_digest = ?, management_token_digest = ?,"
                " created_at = ? WHERE client_id = ?",
                (*_row(application)[1:], application.client_id),
            )
        return done.rowcount == 1

    def delete(self, client_id: str) -> bool:
        """Delete it; false when there is none."""
        with self._connection:
            return self._connection.execute("DELETE FROM applications WHERE client_id = ?", (client_id,)).rowcount == 1

    def version(self) -> int:
        """Return a number that changes whenever anybody has written: at once for us, within 20 ms for other processes.

        SQLite tells of others at the price of three system calls, so it is asked that often and not at every request.
        """
        now = monotonic()
        if now >= self._ask_again_at:
            self._ask_again_at = now + _OTHERS_SEEN_WITHIN
            (self._others,) = self._connection.execute("PRAGMA data_version").fetchone()
        return self._others << 32 | self._connection.total_changes

    def all(self) -> list[Application]:
        """Return every application, oldest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM applications ORDER BY created_at, client_id"  # noqa: S608  # a constant
        )
        return [_application(row) for row in rows]


def _row(application: Application) -> tuple[str, str, str, bytes, bytes, str]:
    return (
        application.client_id,
        application.name,
        msgspec.json.encode(application.redirect_uris).decode(),
        application.secret_digest,
        application.management_token_digest,
        application.created_at.isoformat(),
    )


def _application(row: tuple[str, str, str, bytes, bytes, str]) -> Application:
    client_id, name, redirect_uris, secret_digest, management_token_digest, created_at = row
    return Application(
        client_id=client_id,
        name=name,
        redirect_uris=tuple(msgspec.json.decode(redirect_uris, type=list[str])),
        secret_digest=secret_digest,
        management_token_digest=management_token_digest,
        created_at=datetime.fromisoformat(created_at),
    )


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.touch(mode=0o600)  # SQLite gives its other files the rights of this one
    connection = sqlite3.connect(path, timeout=5, cached_statements=256)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if path.stat().st_size <= _CHECKED_UP_TO:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> str | None:
    """Return the schema's revision; a database without any table gets the newest schema first."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            for statement in files(__package__ or "").joinpath("schema.sql").read_text("utf-8").split(";\n"):
                connection.execute(statement)
        elif "alembic_version" not in tables:
            return None
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


def _unusable(path: Path, error: sqlite3.DatabaseError) -> CannotStart:
    if isinstance(error, sqlite3.OperationalError):
        return CannotStart(f"the database {path} cannot be opened or written: {error}")
    said = " ".join(str(error).split())
    return CannotStart(f"the database {path} is damaged or no SQLite file: {said}. Restore it from a backup.")
