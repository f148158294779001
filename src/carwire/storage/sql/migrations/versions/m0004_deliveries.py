"""Webhooks that are delivered: events of cars, how they are told, and how that went.

Webhooks and subscriptions are made anew; their rows stay. A webhook of before has never been verified: nothing is
delivered until it is.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
import sqlalchemy as sa
from alembic import op

from carwire.storage.sql.tables import DIGEST, ID, create, index, key, needed, new_metadata, refers, table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

metadata = new_metadata()
_table = partial(table, metadata)


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
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("name", sa.Text),
    needed("url", sa.Text),
    needed("created_at", sa.BigInteger),
    sa.Column("error_url", sa.Text),
    needed("triggers", sa.Text),
    needed("signals", sa.Text),
    needed("auto_subscribe", sa.SmallInteger),
    needed("version", sa.String(10)),
    needed("form", sa.Text),
    sa.Column("halt", sa.String(20)),
    sa.Column("failing_since", sa.BigInteger),
    key("id"),
    index("webhooks", "client_id", "created_at"),
)
webhook_secrets = _table(
    "webhook_secrets",
    needed("id", ID),
    needed("webhook_id", ID, refers("webhooks")),
    needed("secret_sealed", sa.LargeBinary),
    needed("created_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    key("id"),
    index("webhook_secrets", "webhook_id"),
)
subscriptions = _table(
    "subscriptions",
    needed("id", ID),
    needed("webhook_id", ID, refers("webhooks")),
    needed("vehicle_id", ID),
    needed("user_id", ID),
    needed("created_at", sa.BigInteger),
    needed("first", sa.SmallInteger),
    sa.Column("scheduled_at", sa.BigInteger),
    sa.Column("sequence", sa.BigInteger),
    needed("fired_at", sa.Text),
    key("webhook_id", "vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    index("subscriptions", "vehicle_id", "user_id"),
    index("subscriptions", "scheduled_at"),
)
history = _table(
    "history",
    needed("car_id", ID, refers("cars")),
    needed("account_digest", DIGEST),
    needed("code", sa.String(100)),
    needed("fetched_at", sa.BigInteger),
    needed("value", sa.Text),
    sa.Column("measured_at", sa.BigInteger),
    key("car_id", "account_digest", "code", "fetched_at"),
    index("history", "fetched_at"),
)
_waiting: Final = sa.text("fanned = 0")
events = _table(
    "events",
    needed("position", sa.BigInteger),
    needed("id", ID),
    needed("car_id", ID, refers("cars")),
    needed("account_digest", DIGEST),
    needed("number", sa.BigInteger),
    needed("sequence", sa.BigInteger),
    needed("happened_at", sa.BigInteger),
    needed("kind", sa.String(10)),
    needed("detail", sa.Text),
    sa.Column("webhook_id", ID),
    sa.Column("user_id", ID),
    needed("shard", sa.SmallInteger),
    needed("fanned", sa.SmallInteger),
    key("position"),
    index("events", "car_id", "account_digest"),
    index("events", "happened_at"),
    sa.Index("ix_events_shard_waiting", "shard", "position", sqlite_where=_waiting, postgresql_where=_waiting),
)
_due: Final = sa.text("next_at IS NOT NULL")
_dead: Final = sa.text("state = 'dead'")
deliveries = _table(
    "deliveries",
    needed("id", ID),
    needed("webhook_id", ID, refers("webhooks")),
    needed("subscription_id", ID, refers("subscriptions")),
    needed("vehicle_id", ID),
    needed("user_id", ID),
    needed("kind", sa.String(20)),
    needed("position", sa.BigInteger),
    needed("body", sa.LargeBinary),
    sa.Column("slot", sa.Integer),
    needed("created_at", sa.BigInteger),
    needed("state", sa.String(10)),
    needed("attempts", sa.Integer),
    sa.Column("next_at", sa.BigInteger),
    sa.Column("status", sa.Integer),
    sa.Column("problem", sa.Text),
    key("id"),
    sa.Index("ix_deliveries_due", "webhook_id", "next_at", sqlite_where=_due, postgresql_where=_due),
    sa.Index("ix_deliveries_dead", "webhook_id", sqlite_where=_dead, postgresql_where=_dead),
    index("deliveries", "webhook_id", "created_at"),
    index("deliveries", "subscription_id"),
    index("deliveries", "created_at"),
    keyed=False,
)
attempts = _table(
    "attempts",
    needed("id", ID),
    needed("delivery_id", ID, refers("deliveries")),
    needed("number", sa.Integer),
    needed("began_at", sa.BigInteger),
    needed("seconds", sa.Double),
    sa.Column("status", sa.Integer),
    sa.Column("problem", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("answer", sa.Text),
    key("id"),
    index("attempts", "delivery_id"),
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
    create(connection, webhooks, webhook_secrets, subscriptions, history, events, deliveries, attempts)
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
