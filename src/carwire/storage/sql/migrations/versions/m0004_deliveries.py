"""Webhooks that are delivered: events of cars, how they are told, and how that went.

Webhooks and subscriptions are made anew; their rows stay. A webhook of before has never been verified: nothing is
delivered until it is.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
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
sa.Table(
    "connections",
    metadata,
    sa.Column("vehicle_id", ID, primary_key=True),
    sa.Column("user_id", ID, primary_key=True),
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
    _needed("auto_subscribe", sa.SmallInteger),
    _needed("version", sa.String(10)),
    _needed("form", sa.Text),
    sa.Column("halt", sa.String(20)),
    sa.Column("failing_since", sa.BigInteger),
    _key("id"),
    _index("webhooks", "client_id", "created_at"),
)
webhook_secrets = _table(
    "webhook_secrets",
    _needed("id", ID),
    _needed("webhook_id", ID, _refers("webhooks")),
    _needed("secret_sealed", sa.LargeBinary),
    _needed("created_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    _key("id"),
    _index("webhook_secrets", "webhook_id"),
)
subscriptions = _table(
    "subscriptions",
    _needed("id", ID),
    _needed("webhook_id", ID, _refers("webhooks")),
    _needed("vehicle_id", ID),
    _needed("user_id", ID),
    _needed("created_at", sa.BigInteger),
    _needed("first", sa.SmallInteger),
    sa.Column("scheduled_at", sa.BigInteger),
    sa.Column("sequence", sa.BigInteger),
    _needed("fired_at", sa.Text),
    _key("webhook_id", "vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    _index("subscriptions", "vehicle_id", "user_id"),
    _index("subscriptions", "scheduled_at"),
)
history = _table(
    "history",
    _needed("car_id", ID, _refers("cars")),
    _needed("account_digest", DIGEST),
    _needed("code", sa.String(100)),
    _needed("fetched_at", sa.BigInteger),
    _needed("value", sa.Text),
    sa.Column("measured_at", sa.BigInteger),
    _key("car_id", "account_digest", "code", "fetched_at"),
    _index("history", "fetched_at"),
)
_waiting: Final = sa.text("fanned = 0")
events = _table(
    "events",
    _needed("position", sa.BigInteger),
    _needed("id", ID),
    _needed("car_id", ID, _refers("cars")),
    _needed("account_digest", DIGEST),
    _needed("number", sa.BigInteger),
    _needed("sequence", sa.BigInteger),
    _needed("happened_at", sa.BigInteger),
    _needed("kind", sa.String(10)),
    _needed("detail", sa.Text),
    sa.Column("webhook_id", ID),
    sa.Column("user_id", ID),
    _needed("shard", sa.SmallInteger),
    _needed("fanned", sa.SmallInteger),
    _key("position"),
    _index("events", "car_id", "account_digest"),
    _index("events", "happened_at"),
    sa.Index("ix_events_shard_waiting", "shard", "position", sqlite_where=_waiting, postgresql_where=_waiting),
)
_due: Final = sa.text("next_at IS NOT NULL")
deliveries = _table(
    "deliveries",
    _needed("id", ID),
    _needed("webhook_id", ID, _refers("webhooks")),
    _needed("subscription_id", ID, _refers("subscriptions")),
    _needed("vehicle_id", ID),
    _needed("user_id", ID),
    _needed("kind", sa.String(20)),
    _needed("position", sa.BigInteger),
    _needed("body", sa.LargeBinary),
    sa.Column("slot", sa.Integer),
    _needed("created_at", sa.BigInteger),
    _needed("state", sa.String(10)),
    _needed("attempts", sa.Integer),
    sa.Column("next_at", sa.BigInteger),
    sa.Column("status", sa.Integer),
    sa.Column("problem", sa.Text),
    _key("id"),
    sa.Index("ix_deliveries_due", "webhook_id", "next_at", sqlite_where=_due, postgresql_where=_due),
    _index("deliveries", "webhook_id", "created_at"),
    _index("deliveries", "subscription_id"),
    _index("deliveries", "created_at"),
    keyed=False,
)
attempts = _table(
    "attempts",
    _needed("id", ID),
    _needed("delivery_id", ID, _refers("deliveries")),
    _needed("number", sa.Integer),
    _needed("began_at", sa.BigInteger),
    _needed("seconds", sa.Double),
    sa.Column("status", sa.Integer),
    sa.Column("problem", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("answer", sa.Text),
    _key("id"),
    _index("attempts", "delivery_id"),
    keyed=False,
)


_WEBHOOKS: Final = (
    "SELECT id, client_id, name, url, created_at, error_url, triggers, signals, auto_subscribe FROM webhooks"
)
_SUBSCRIPTIONS: Final = "SELECT id, webhook_id, vehicle_id, user_id, created_at FROM subscriptions"
_NEW: Final[dict[str, object]] = {"version": "4.0", "form": "{}", "halt": "unverified"}
_FIRST: Final[dict[str, object]] = {"first": 1, "fired_at": "{}"}
_NONE: Final = sa.text("0")


def upgrade() -> None:
    """Make the new tables and carry over what those of before hold."""
    connection = op.get_bind()
    hooks = connection.exec_driver_sql(_WEBHOOKS).mappings().all()
    subscribed = connection.exec_driver_sql(_SUBSCRIPTIONS).mappings().all()
    op.drop_table("subscriptions")
    op.drop_table("webhooks")
    for table in (webhooks, webhook_secrets, subscriptions, history, events, deliveries, attempts):
        _create(connection, table)
    if hooks:
        connection.execute(webhooks.insert(), [{**row, **_NEW, "triggers": _objects(row["triggers"])} for row in hooks])
    if subscribed:
        connection.execute(subscriptions.insert(), [{**row, **_FIRST} for row in subscribed])
    op.add_column("applications", sa.Column("former_token_sealed", sa.LargeBinary))
    op.add_column("applications", sa.Column("former_token_until", sa.BigInteger))
    op.add_column("cars", sa.Column("event_number", sa.BigInteger, nullable=False, server_default=_NONE))
    op.add_column("cars", sa.Column("event_sequence", sa.BigInteger, nullable=False, server_default=_NONE))
    op.add_column("connections", sa.Column("poll_at", sa.BigInteger))
    op.create_index("ix_connections_poll_at", "connections", ["poll_at"])
    op.add_column("readings", sa.Column("told", sa.Text))


def _objects(codes: str) -> str:
    return msgspec.json.encode([{"code": code} for code in msgspec.json.decode(codes)]).decode()


def _create(connection: sa.Connection, table: sa.Table) -> None:
    connection.execute(sa.schema.CreateTable(table))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):  # a set: the snapshot needs an order
        connection.execute(sa.schema.CreateIndex(index))
