"""Words for tables: what the schema and every migration are written with. Migrations that are released keep what they
make, so nothing here may change; a new word is added.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

ID: Final = sa.String(36)
DIGEST: Final = sa.LargeBinary(32)
Item = sa.Column[Any] | sa.Constraint | sa.Index


def new_metadata() -> sa.MetaData:
    """Return metadata without tables, which names constraints by what they are about."""
    return sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table(metadata: sa.MetaData, name: str, *items: Item, keyed: bool = True) -> sa.Table:
    """Return a table; one that is `keyed` is kept in the order of its key on SQLite."""
    return sa.Table(name, metadata, *items, sqlite_with_rowid=not keyed)


def needed(name: str, kind: Any, *more: Any) -> sa.Column[Any]:
    """Return a column that is never null."""
    return sa.Column(name, kind, *more, nullable=False)


def key(*columns: str) -> sa.PrimaryKeyConstraint:
    """Return the key of a table."""
    return sa.PrimaryKeyConstraint(*columns)


def refers(table: str, column: str = "id", *, cascade: bool = True) -> sa.ForeignKey:
    """Return a reference; with `cascade` the row goes when what it refers to goes."""
    return sa.ForeignKey(f"{table}.{column}", ondelete="CASCADE" if cascade else None)


def index(table: str, *columns: str) -> sa.Index:
    """Return an index, named by its table and columns."""
    return sa.Index(f"ix_{table}_{'_'.join(columns)}", *columns)


def create(connection: sa.Connection, *tables: sa.Table) -> None:
    """Make tables with their indexes, always in the same order: snapshots are compared."""
    for new in tables:
        connection.execute(sa.schema.CreateTable(new))
        for one in sorted(new.indexes, key=lambda each: str(each.name)):
            connection.execute(sa.schema.CreateIndex(one))
