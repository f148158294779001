"""What API v3 needs: secrets and tokens of applications themselves, signals that failed, what a webhook is for, whose
subscription it is, and what is called.

A reading may hold no value and a problem instead. Webhooks and subscriptions are made anew; their rows stay, a
subscription once for every owner who is connected to its vehicle.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
ID: Final = sa.String(36)
DIGEST: Final = sa.LargeBinary(32)
_Item = sa.Column[Any] | sa.Constraint | sa.Index


def _needed(name: str, kind: Any, *more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False)


def _table(name: str, *items: _Item, keyed: bool = True) -> sa.Table:
    return sa.Table(name, metadata, *items, sqlite_with_rowid=not keyed)


def _key(*columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns)


def _refers(table: str, column: str = "id", *, cascade: bool = True) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.{column}", ondelete="CASCADE" if cascade else None)


def _index(table: str, *columns: str) -> sa.Index:
    return sa.Index(f"ix_{table}_{'_'.join(columns)}", *columns)


# Tables of before that are referred to, as far as they are.
sa.Table("applications", metadata, sa.Column("client_id", ID, primary_key=True))
sa.Table("cars", metadata, sa.Column("id", ID, primary_key=True))
sa.Table("vehicles", metadata, sa.Column("id", ID, primary_key=True))
sa.Table(
    "connections",
    metadata,
    sa.Column("vehicle_id", ID, primary_key=True),
    sa.Column("user_id", ID, primary_key=True),
)

client_secrets = _table(
    "client_secrets",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("digest", DIGEST),
    _needed("created_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    _key("id"),
    _index("client_secrets", "client_id"),
)
application_tokens = _table(
    "application_tokens",
    _needed("digest", DIGEST),
    _needed("client_id", ID),
    _needed("secret_id", ID, _refers("client_secrets")),
    _needed("expires_at", sa.BigInteger),
    _key("digest"),
    _index("application_tokens", "expires_at"),
    _index("application_tokens", "secret_id"),
)
readings = _table(
    "readings",
    _needed("car_id", ID, _refers("cars")),
    _needed("account_digest", DIGEST),
    _needed("code", sa.String(100)),
    sa.Column("value", sa.Text),
    sa.Column("unit", sa.Text),
    sa.Column("measured_at", sa.BigInteger),
    sa.Column("maker_at", sa.BigInteger),
    _needed("fetched_at", sa.BigInteger),
    _needed("source", sa.String(40)),
    sa.Column("problem", sa.Text),
    sa.Column("problem_at", sa.BigInteger),
    _key("car_id", "account_digest", "code"),
)
webhooks = _table(
    "webhooks",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("name", sa.Text),
    _needed("url", sa.Text),
    _needed("created_at", sa.BigInteger),
    sa.Column("error_url", sa.Text),
    _needed("triggers", sa.Text),
    _needed("signals", sa.Text),
    _needed("enabled", sa.SmallInteger),
    _needed("auto_subscribe", sa.SmallInteger),
    _key("id"),
    _index("webhooks", "client_id", "created_at"),
)
subscriptions = _table(
    "subscriptions",
    _needed("id", ID),
    _needed("webhook_id", ID, _refers("webhooks")),
    _needed("vehicle_id", ID),
    _needed("user_id", ID),
    _needed("created_at", sa.BigInteger),
    _key("webhook_id", "vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    _index("subscriptions", "vehicle_id", "user_id"),
)
usage = _table(
    "usage",
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("day", sa.Integer),
    _needed("method", sa.String(10)),
    _needed("route", sa.Text),
    _needed("calls", sa.BigInteger),
    _key("client_id", "day", "method", "route"),
)

_WEBHOOKS: Final = "SELECT id, client_id, name, url, created_at FROM webhooks"
_SUBSCRIPTIONS: Final = (
    "SELECT s.webhook_id, s.vehicle_id, c.user_id, s.created_at FROM subscriptions s"
    " JOIN connections c ON c.vehicle_id = s.vehicle_id"
)
_READINGS: Final = "car_id, account_digest, code, value, unit, measured_at, maker_at, fetched_at, source"
_NEW: Final[dict[str, object]] = {"triggers": "[]", "signals": "[]", "enabled": 1, "auto_subscribe": 0}


def upgrade() -> None:
    """Make the new tables and carry over what those of before hold."""
    connection = op.get_bind()
    hooks = connection.exec_driver_sql(_WEBHOOKS).mappings().all()
    subscribed = connection.exec_driver_sql(_SUBSCRIPTIONS).mappings().all()
    op.drop_table("subscriptions")
    op.drop_table("webhooks")
    for table in (client_secrets, application_tokens, webhooks, subscriptions, usage):
        _create(connection, table)
    if hooks:
        connection.execute(webhooks.insert(), [{**row, **_NEW} for row in hooks])
    if subscribed:
        connection.execute(subscriptions.insert(), [{**row, "id": str(uuid4())} for row in subscribed])
    op.add_column("connections", sa.Column("revision", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.create_index(
        "ix_connections_client_id_updated_at_vehicle_id_user_id",
        "connections",
        ["client_id", "updated_at", "vehicle_id", "user_id"],
    )
    if connection.dialect.name == "sqlite":
        _rebuild_readings(connection)
    else:
        op.alter_column("readings", "value", existing_type=sa.Text, nullable=True)
        op.add_column("readings", sa.Column("problem", sa.Text))
        op.add_column("readings", sa.Column("problem_at", sa.BigInteger))


def _create(connection: sa.Connection, table: sa.Table) -> None:
    connection.execute(sa.schema.CreateTable(table))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):  # a set: the snapshot needs an order
        connection.execute(sa.schema.CreateIndex(index))


def _rebuild_readings(connection: sa.Connection) -> None:
    """SQLite lets no column that must not be null become one that may."""
    op.rename_table("readings", "readings_before")
    _create(connection, readings)
    op.execute(f"INSERT INTO readings ({_READINGS}) SELECT {_READINGS} FROM readings_before")  # noqa: S608  # constants
    op.drop_table("readings_before")
