"""A database on a PostgreSQL server: looked at, made and upgraded at the start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from carwire.core.errors import CannotStart
from carwire.storage.sealing import Sealer
from carwire.storage.sql.opening import HEAD, OURS, check_keys, prepare
from carwire.storage.sql.plans import Plan, spelled
from carwire.storage.sql.postgres_pool import connect_timeout

_TABLES: Final = (
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
)


def open_database(url: str, sealer: Sealer) -> None:
    """Bring the database to the newest schema. Raises `CannotStart`; no message holds the password."""
    with _told_apart(url) as name, connect(url) as connection:
        _open(connection, url, name, sealer)


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a connection. Raises `CannotStart`; no message holds the password."""
    with _told_apart(url):
        return psycopg.connect(url, connect_timeout=connect_timeout(url))


@contextlib.contextmanager
def _told_apart(url: str) -> Iterator[str]:
    """Give the database's name, and say by it what goes wrong."""
    try:
        named = conninfo_to_dict(url)
    except psycopg.Error:
        msg = "CARWIRE_DATABASE is not a URL PostgreSQL can read"
        raise CannotStart(msg) from None  # its message may quote the password
    name = f"the PostgreSQL database {named.get('dbname', '')!a} at {named.get('host', 'this machine')!a}"
    try:
        yield name
    except psycopg.Error as error:
        msg = f"{name} cannot be used: {_said(error, named)}"
        raise CannotStart(msg) from None


def _open(connection: psycopg.Connection[Any], url: str, name: str, sealer: Sealer) -> None:
    version = _version(connection, name, sealer)
    connection.commit()
    if version != HEAD:
        _upgrade(url, name, version)
    _run(connection, prepare(sealer))
    connection.commit()


def _version(connection: psycopg.Connection[Any], name: str, sealer: Sealer) -> str | None:
    """Return the schema's revision, null for an empty database."""
    tables = {table for (table,) in connection.execute(_TABLES)}
    if not tables:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables >= OURS else None
    if row is None:
        msg = f"{name} has tables, but not those of Carwire"
        raise CannotStart(msg)
    if "sealing" in tables:
        _run(connection, check_keys(sealer))
    return str(row[0])


def _upgrade(url: str, name: str, version: str | None) -> None:
    from carwire.storage.sql import upgrade  # noqa: PLC0415  # SQLAlchemy and Alembic take a second to load

    try:
        upgrade.upgrade("postgresql+psycopg://", connect=lambda: connect(url))
    except Exception as error:
        said = _said(error, conninfo_to_dict(url))
        msg = f"{name} has schema {version}, which cannot be brought to {HEAD}: {said}"
        raise CannotStart(msg) from None


def _run(connection: psycopg.Connection[Any], steps: Plan[None]) -> None:
    try:
        text, values = next(steps)
        while True:
            cursor = connection.execute(spelled(text), values)
            text, values = steps.send(cursor.fetchall() if cursor.description else [])
    except StopIteration:
        return


def _said(error: Exception, named: dict[str, Any]) -> str:
    """Return an error's text in one line, without the password should it be in there."""
    said = " ".join(str(error).split())
    password = named.get("password")
    return said.replace(str(password), "***") if password else said
