"""Bringing a database to the newest schema with Alembic. Slow to import: a server does so only for work."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


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


def upgrade(url: str | Path, revision: str = "head") -> None:
    """Run every migration up to `revision` on the database at this SQLAlchemy URL, each in its own transaction."""
    where = sa.URL.create("sqlite", database=str(url)) if isinstance(url, Path) else url
    engine = sa.create_engine(where, poolclass=sa.NullPool)
    with engine.begin() as connection:
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
    engine.dispose()
