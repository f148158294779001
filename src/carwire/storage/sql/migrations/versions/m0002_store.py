"""Everything an owner's approval leads to: owners, cars, vehicles, grants, tokens, readings, commands, the audit.

The table of applications is made anew with moments as numbers, sealed management tokens and rules; its rows stay.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from carwire.storage.sql.tables import DIGEST, ID, create, index, key, needed, new_metadata, refers, table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

metadata = new_metadata()
_table = partial(table, metadata)


applications = _table(
    "applications",
    needed("client_id", ID),
    needed("name", sa.String(100)),
    needed("redirect_uris", sa.Text),  # JSON array of strings
    needed("secret_digest", DIGEST),
    needed("management_token_digest", DIGEST),
    sa.Column("management_token_sealed", sa.LargeBinary),  # null: registered before tokens were kept
    needed("created_at", sa.BigInteger),
    needed("rules", sa.Text),  # JSON object
    key("client_id"),
    sa.UniqueConstraint("management_token_digest"),
    keyed=False,
)
counters = _table("counters", needed("name", sa.String(36)), needed("number", sa.BigInteger), key("name"))
sealing = _table("sealing", needed("name", sa.String(36)), needed("canary_sealed", sa.LargeBinary), key("name"))

connect_sessions = _table(
    "connect_sessions",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("cookie_digest", DIGEST),
    needed("record", sa.LargeBinary),  # the flow's own JSON
    sa.Column("secret_sealed", sa.LargeBinary),
    needed("version", sa.BigInteger),
    needed("expires_at", sa.BigInteger),
    needed("closed", sa.SmallInteger),
    key("id"),
    index("connect_sessions", "client_id"),
    index("connect_sessions", "expires_at"),
    keyed=False,
)
owners = _table(
    "owners",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("source", sa.String(40)),
    needed("mode", sa.String(10)),
    needed("account_digest", DIGEST),
    needed("created_at", sa.BigInteger),
    sa.Column("maker_session_sealed", sa.LargeBinary),  # null: nothing is connected
    key("id"),
    sa.UniqueConstraint("client_id", "source", "mode", "account_digest"),
)
cars = _table(
    "cars",
    needed("id", ID),
    needed("source", sa.String(40)),
    needed("vin", sa.String(17)),
    needed("make", sa.Text),
    needed("model", sa.Text),
    needed("year", sa.Integer),
    needed("powertrain", sa.String(4)),
    sa.Column("changed_at", sa.BigInteger),
    key("id"),
    sa.UniqueConstraint("source", "vin"),
)
vehicles = _table(
    "vehicles",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("car_id", ID, refers("cars", cascade=False)),
    key("id"),
    sa.UniqueConstraint("client_id", "car_id"),
    index("vehicles", "car_id"),
)
connections = _table(
    "connections",
    needed("vehicle_id", ID, refers("vehicles")),
    needed("user_id", ID, refers("owners")),
    needed("client_id", ID),
    needed("car_id", ID),
    needed("account_digest", DIGEST),
    needed("mode", sa.String(10)),
    needed("permissions", sa.Text),  # separated by blanks, sorted
    needed("connected_at", sa.BigInteger),
    needed("updated_at", sa.BigInteger),
    sa.Column("external_id", sa.Text),
    sa.Column("capacity_kwh", sa.Double),
    needed("id", ID),  # by which API v3 calls a connection
    key("vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    index("connections", "client_id", "connected_at", "vehicle_id", "user_id"),
    index("connections", "client_id", "external_id"),
    index("connections", "user_id"),
    index("connections", "car_id"),
)

grants = _table(
    "grants",
    needed("id", ID),
    needed("client_id", ID),
    needed("user_id", ID, refers("owners")),
    needed("mode", sa.String(10)),
    needed("created_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    key("id"),
    index("grants", "user_id"),
)
grant_vehicles = _table(
    "grant_vehicles",
    needed("grant_id", ID, refers("grants")),
    needed("vehicle_id", ID),
    needed("user_id", ID),
    key("grant_id", "vehicle_id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    index("grant_vehicles", "vehicle_id", "user_id"),
)
consents = _table(
    "consents",
    needed("grant_id", ID),
    needed("user_id", ID, refers("owners")),
    needed("text_version", sa.Text),
    needed("language", sa.Text),
    needed("application_name", sa.Text),
    needed("vehicles", sa.Text),  # JSON object: vehicle id → permissions, as they were then
    needed("agreed_at", sa.BigInteger),
    key("grant_id"),
    index("consents", "user_id"),
    keyed=False,
)
codes = _table(
    "codes",
    needed("digest", DIGEST),
    needed("grant_id", ID, refers("grants")),
    sa.Column("redirect_uri", sa.Text),
    sa.Column("challenge", sa.Text),
    needed("expires_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
    key("digest"),
    index("codes", "expires_at"),
    index("codes", "grant_id"),
)
access_tokens = _table(
    "access_tokens",  # those of a revoked grant are deleted
    needed("digest", DIGEST),
    needed("grant_id", ID, refers("grants")),
    needed("client_id", ID),
    needed("user_id", ID),
    needed("mode", sa.String(10)),
    needed("expires_at", sa.BigInteger),
    key("digest"),
    index("access_tokens", "expires_at"),
    index("access_tokens", "grant_id"),
)
refresh_tokens = _table(
    "refresh_tokens",
    needed("digest", DIGEST),
    needed("grant_id", ID, refers("grants")),
    needed("expires_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
    key("digest"),
    index("refresh_tokens", "expires_at"),
    index("refresh_tokens", "grant_id"),
)

readings = _table(
    "readings",
    needed("car_id", ID, refers("cars")),
    needed("account_digest", DIGEST),
    needed("code", sa.String(100)),
    needed("value", sa.Text),  # JSON
    sa.Column("unit", sa.Text),
    sa.Column("measured_at", sa.BigInteger),
    sa.Column("maker_at", sa.BigInteger),
    needed("fetched_at", sa.BigInteger),
    needed("source", sa.String(40)),
    key("car_id", "account_digest", "code"),
)
budgets = _table(
    "budgets",  # a car may be asked before it is connected: no reference
    needed("car_id", ID),
    needed("calls", sa.Double),
    needed("wakes", sa.Double),
    needed("level_at", sa.Double),  # seconds since 1970
    key("car_id"),
)

_under_way: Final = sa.text("ended_at IS NULL")
commands = _table(
    "commands",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("vehicle_id", ID),
    needed("car_id", ID),
    needed("name", sa.String(40)),
    needed("arguments", sa.Text),  # JSON object
    needed("fingerprint", DIGEST),
    needed("state", sa.String(10)),
    sa.Column("problem", sa.Text),  # JSON
    needed("accepted_at", sa.BigInteger),
    needed("deadline_at", sa.BigInteger),
    sa.Column("sent_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    key("id"),
    index("commands", "client_id"),
    sa.Index(
        "uq_commands_under_way",
        "car_id",
        "fingerprint",
        unique=True,
        sqlite_where=_under_way,
        postgresql_where=_under_way,
    ),
    sa.Index("ix_commands_deadline_at_under_way", "deadline_at", sqlite_where=_under_way, postgresql_where=_under_way),
    keyed=False,
)
idempotency_keys = _table(
    "idempotency_keys",
    needed("client_id", ID),
    needed("vehicle_id", ID),
    needed("idempotency_key", sa.Text),
    needed("command_id", ID, refers("commands")),
    needed("created_at", sa.BigInteger),
    key("client_id", "vehicle_id", "idempotency_key"),
    index("idempotency_keys", "command_id"),
    index("idempotency_keys", "created_at"),
)
audit = _table(
    "audit",  # lines can be added, not changed or deleted: triggers see to it
    needed("number", sa.BigInteger),
    needed("noted_at", sa.BigInteger),
    needed("kind", sa.Text),
    needed("subject", sa.Text),
    needed("detail", sa.Text),  # JSON object
    needed("digest", DIGEST),
    key("number"),
)
audit_head = _table(
    "audit_head", needed("name", sa.String(36)), needed("number", sa.BigInteger), needed("digest", DIGEST),
    key("name"),
)  # fmt: skip

webhooks = _table(
    "webhooks",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("name", sa.Text),
    needed("url", sa.Text),
    needed("created_at", sa.BigInteger),
    key("id"),
    index("webhooks", "client_id", "created_at"),
)
subscriptions = _table(
    "subscriptions",
    needed("webhook_id", ID, refers("webhooks")),
    needed("vehicle_id", ID, refers("vehicles")),
    needed("created_at", sa.BigInteger),
    key("webhook_id", "vehicle_id"),
    index("subscriptions", "vehicle_id"),
)

_KEPT: Final = "client_id, name, redirect_uris, secret_digest, management_token_digest, created_at"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REFUSED: Final = "the audit is append-only"
_TRIGGERS: Final = {
    "sqlite": (
        f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
        f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    ),
}


def upgrade() -> None:
    """Make the tables and carry the applications over."""
    connection = op.get_bind()
    rows = connection.exec_driver_sql(f"SELECT {_KEPT} FROM applications").mappings().all()  # noqa: S608  # a constant
    op.drop_table("applications")
    create(connection, *metadata.sorted_tables)
    if rows:
        carried = [{**row, "created_at": _microseconds(row["created_at"]), "rules": "{}"} for row in rows]
        connection.execute(applications.insert(), carried)
    for statement in _TRIGGERS[connection.dialect.name]:
        op.execute(statement)


def _microseconds(moment: Any) -> int:
    """Return a moment as 0001 kept it, text on SQLite, in microseconds since 1970."""
    aware = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (aware - _EPOCH) // timedelta(microseconds=1)
