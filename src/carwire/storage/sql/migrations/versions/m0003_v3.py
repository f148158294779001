"""What API v3 needs: secrets and tokens of applications themselves, signals that failed, what a webhook is for, whose
subscription it is, and what is called.

A reading may hold no value and a problem instead. Webhooks and subscriptions are made anew; their rows stay, a
subscription once for every owner who is connected to its vehicle.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from carwire.storage.sql.tables import DIGEST, ID, create, index, key, needed, new_metadata, refers, table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

metadata = new_metadata()
_table = partial(table, metadata)


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
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("digest", DIGEST),
    needed("created_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    key("id"),
    index("client_secrets", "client_id"),
)
application_tokens = _table(
    "application_tokens",
    needed("digest", DIGEST),
    needed("client_id", ID),
    needed("secret_id", ID, refers("client_secrets")),
    needed("expires_at", sa.BigInteger),
    key("digest"),
    index("application_tokens", "expires_at"),
    index("application_tokens", "secret_id"),
)
readings = _table(
    "readings",
    needed("car_id", ID, refers("cars")),
    needed("account_digest", DIGEST),
    needed("code", sa.String(100)),
    sa.Column("value", sa.Text),
    sa.Column("unit", sa.Text),
    sa.Column("measured_at", sa.BigInteger),
    sa.Column("maker_at", sa.BigInteger),
    needed("fetched_at", sa.BigInteger),
    needed("source", sa.String(40)),
    sa.Column("problem", sa.Text),
    sa.Column("problem_at", sa.BigInteger),
    key("car_id", "account_digest", "code"),
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
    needed("enabled", sa.SmallInteger),
    needed("auto_subscribe", sa.SmallInteger),
    key("id"),
    index("webhooks", "client_id", "created_at"),
)
subscriptions = _table(
    "subscriptions",
    needed("id", ID),
    needed("webhook_id", ID, refers("webhooks")),
    needed("vehicle_id", ID),
    needed("user_id", ID),
    needed("created_at", sa.BigInteger),
    key("webhook_id", "vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    index("subscriptions", "vehicle_id", "user_id"),
)
usage = _table(
    "usage",
    needed("client_id", ID, refers("applications", "client_id")),
    needed("day", sa.Integer),
    needed("method", sa.String(10)),
    needed("route", sa.Text),
    needed("calls", sa.BigInteger),
    key("client_id", "day", "method", "route"),
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
    create(connection, client_secrets, application_tokens, webhooks, subscriptions, usage)
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


def _rebuild_readings(connection: sa.Connection) -> None:
    """SQLite lets no column that must not be null become one that may."""
    op.rename_table("readings", "readings_before")
    create(connection, readings)
    op.execute(f"INSERT INTO readings ({_READINGS}) SELECT {_READINGS} FROM readings_before")  # noqa: S608  # constants
    op.drop_table("readings_before")
