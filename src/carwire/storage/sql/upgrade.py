"""Bringing a database to the newest schema with Alembic. Slow to import: a server does so only for work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

_LOCK: Final = 0x6361727769726500  # of PostgreSQL's advisory locks: two servers that start at once upgrade in turn


def config() -> Config:
    """Return Alembic's configuration for the migrations in this package."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("path_separator", "os")
    return made


def head() -> str:
    """Return the newest revision."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    assert newest is not None
    return newest


def upgrade(url: str | Path, revision: str = "head", connect: Callable[[], Any] | None = None) -> None:
    """Run every migration up to `revision` on the database at this SQLAlchemy URL, all in one transaction.

    `connect` opens the connection instead of the URL, which then only names the kind of database.
    """
    engine = engine_of(url, connect)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
    engine.dispose()


def engine_of(
    url: str | Path, connect: Callable[[], Any] | None = None, *, begins: str = "BEGIN IMMEDIATE"
) -> sa.Engine:
    """Return an engine without a pool. `begins` is how a transaction begins on SQLite."""
    where = sa.URL.create("sqlite", database=str(url)) if isinstance(url, Path) else sa.make_url(url)
    engine = sa.create_engine(where, poolclass=sa.NullPool, **({"creator": connect} if connect else {}))
    if engine.dialect.name == "sqlite":
        _take_over_transactions(engine, begins)
    return engine


def _take_over_transactions(engine: sa.Engine, begins: str) -> None:
    """Begin transactions ourselves: the sqlite3 module leaves statements that make or drop tables outside of them."""

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begins)
