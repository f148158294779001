"""The tables as they stand at the newest migration. Imported by migrations and tests, never by a running server.

Types are those SQLite and PostgreSQL share: moments are BIGINT microseconds since 1970, truth is 0 or 1, JSON is TEXT,
digests and sealed values are bytes. Rows that are looked up all day by one key are kept in that key's order
(``WITHOUT ROWID``) on SQLite. Columns that repeat an application, an owner, a mode or a car spare the hot statements a
join; none of them ever changes.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

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


applications = _table(
    "applications",
    _needed("client_id", ID),
    _needed("name", sa.String(100)),
    _needed("redirect_uris", sa.Text),  # JSON array of strings
    _needed("secret_digest", DIGEST),
    _needed("management_token_digest", DIGEST),
    sa.Column("management_token_sealed", sa.LargeBinary),  # null: registered before tokens were kept
    _needed("created_at", sa.BigInteger),
    _needed("rules", sa.Text),  # JSON object
    # The management token of before, which signs until its end.
    sa.Column("former_token_sealed", sa.LargeBinary),
    sa.Column("former_token_until", sa.BigInteger),
    _key("client_id"),
    sa.UniqueConstraint("management_token_digest"),
    keyed=False,
)
client_secrets = _table(
    "client_secrets",  # with which an application gets tokens of its own; null end: until it is deleted
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
counters = _table("counters", _needed("name", sa.String(36)), _needed("number", sa.BigInteger), _key("name"))
sealing = _table("sealing", _needed("name", sa.String(36)), _needed("canary_sealed", sa.LargeBinary), _key("name"))

connect_sessions = _table(
    "connect_sessions",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("cookie_digest", DIGEST),
    _needed("record", sa.LargeBinary),  # the flow's own JSON
    sa.Column("secret_sealed", sa.LargeBinary),
    _needed("version", sa.BigInteger),
    _needed("expires_at", sa.BigInteger),
    _needed("closed", sa.SmallInteger),
    _key("id"),
    _index("connect_sessions", "client_id"),
    _index("connect_sessions", "expires_at"),
    keyed=False,
)
owners = _table(
    "owners",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("source", sa.String(40)),
    _needed("mode", sa.String(10)),
    _needed("account_digest", DIGEST),
    _needed("created_at", sa.BigInteger),
    sa.Column("maker_session_sealed", sa.LargeBinary),  # null: nothing is connected
    _key("id"),
    sa.UniqueConstraint("client_id", "source", "mode", "account_digest"),
)
cars = _table(
    "cars",
    _needed("id", ID),
    _needed("source", sa.String(40)),
    _needed("vin", sa.String(17)),
    _needed("make", sa.Text),
    _needed("model", sa.Text),
    _needed("year", sa.Integer),
    _needed("powertrain", sa.String(4)),
    sa.Column("changed_at", sa.BigInteger),
    # The number and the sequence of its last event.
    sa.Column("event_number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("event_sequence", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    _key("id"),
    sa.UniqueConstraint("source", "vin"),
)
vehicles = _table(
    "vehicles",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("car_id", ID, _refers("cars", cascade=False)),
    _key("id"),
    sa.UniqueConstraint("client_id", "car_id"),
    _index("vehicles", "car_id"),
)
connections = _table(
    "connections",
    _needed("vehicle_id", ID, _refers("vehicles")),
    _needed("user_id", ID, _refers("owners")),
    _needed("client_id", ID),
    _needed("car_id", ID),
    _needed("account_digest", DIGEST),
    _needed("mode", sa.String(10)),
    _needed("permissions", sa.Text),  # separated by blanks, sorted
    _needed("connected_at", sa.BigInteger),
    _needed("updated_at", sa.BigInteger),
    sa.Column("external_id", sa.Text),
    sa.Column("capacity_kwh", sa.Double),
    _needed("id", ID),  # by which API v3 calls a connection
    # How often something was kept of what the car said to this account.
    sa.Column("revision", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("poll_at", sa.BigInteger),  # when a worker asks the car next; null: nobody waits for news
    _key("vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    _index("connections", "client_id", "connected_at", "vehicle_id", "user_id"),
    _index("connections", "client_id", "updated_at", "vehicle_id", "user_id"),
    _index("connections", "client_id", "external_id"),
    _index("connections", "user_id"),
    _index("connections", "car_id"),
    _index("connections", "poll_at"),
)

grants = _table(
    "grants",
    _needed("id", ID),
    _needed("client_id", ID),
    _needed("user_id", ID, _refers("owners")),
    _needed("mode", sa.String(10)),
    _needed("created_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    _key("id"),
    _index("grants", "user_id"),
)
grant_vehicles = _table(
    "grant_vehicles",
    _needed("grant_id", ID, _refers("grants")),
    _needed("vehicle_id", ID),
    _needed("user_id", ID),
    _key("grant_id", "vehicle_id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    _index("grant_vehicles", "vehicle_id", "user_id"),
)
consents = _table(
    "consents",
    _needed("grant_id", ID),
    _needed("user_id", ID, _refers("owners")),
    _needed("text_version", sa.Text),
    _needed("language", sa.Text),
    _needed("application_name", sa.Text),
    _needed("vehicles", sa.Text),  # JSON object: vehicle id → permissions, as they were then
    _needed("agreed_at", sa.BigInteger),
    _key("grant_id"),
    _index("consents", "user_id"),
    keyed=False,
)
codes = _table(
    "codes",
    _needed("digest", DIGEST),
    _needed("grant_id", ID, _refers("grants")),
    sa.Column("redirect_uri", sa.Text),
    sa.Column("challenge", sa.Text),
    _needed("expires_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
    _key("digest"),
    _index("codes", "expires_at"),
    _index("codes", "grant_id"),
)
access_tokens = _table(
    "access_tokens",  # those of a revoked grant are deleted
    _needed("digest", DIGEST),
    _needed("grant_id", ID, _refers("grants")),
    _needed("client_id", ID),
    _needed("user_id", ID),
    _needed("mode", sa.String(10)),
    _needed("expires_at", sa.BigInteger),
    _key("digest"),
    _index("access_tokens", "expires_at"),
    _index("access_tokens", "grant_id"),
)
refresh_tokens = _table(
    "refresh_tokens",
    _needed("digest", DIGEST),
    _needed("grant_id", ID, _refers("grants")),
    _needed("expires_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
    _key("digest"),
    _index("refresh_tokens", "expires_at"),
    _index("refresh_tokens", "grant_id"),
)

readings = _table(
    "readings",
    _needed("car_id", ID, _refers("cars")),
    _needed("account_digest", DIGEST),
    _needed("code", sa.String(100)),
    sa.Column("value", sa.Text),  # JSON; null: it was never told
    sa.Column("unit", sa.Text),
    sa.Column("measured_at", sa.BigInteger),
    sa.Column("maker_at", sa.BigInteger),
    _needed("fetched_at", sa.BigInteger),
    _needed("source", sa.String(40)),
    sa.Column("problem", sa.Text),  # its kind; null: the value is what was told last
    sa.Column("problem_at", sa.BigInteger),
    sa.Column("told", sa.Text),  # JSON: the value that was told last, from which a change is counted; null: none
    _key("car_id", "account_digest", "code"),
)
budgets = _table(
    "budgets",  # a car may be asked before it is connected: no reference
    _needed("car_id", ID),
    _needed("calls", sa.Double),
    _needed("wakes", sa.Double),
    _needed("level_at", sa.Double),  # seconds since 1970
    _key("car_id"),
)

_under_way: Final = sa.text("ended_at IS NULL")
commands = _table(
    "commands",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("vehicle_id", ID),
    _needed("car_id", ID),
    _needed("name", sa.String(40)),
    _needed("arguments", sa.Text),  # JSON object
    _needed("fingerprint", DIGEST),
    _needed("state", sa.String(10)),
    sa.Column("problem", sa.Text),  # JSON
    _needed("accepted_at", sa.BigInteger),
    _needed("deadline_at", sa.BigInteger),
    sa.Column("sent_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    _key("id"),
    _index("commands", "client_id"),
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
    _needed("client_id", ID),
    _needed("vehicle_id", ID),
    _needed("idempotency_key", sa.Text),
    _needed("command_id", ID, _refers("commands")),
    _needed("created_at", sa.BigInteger),
    _key("client_id", "vehicle_id", "idempotency_key"),
    _index("idempotency_keys", "command_id"),
    _index("idempotency_keys", "created_at"),
)
audit = _table(
    "audit",  # lines can be added, not changed or deleted: triggers see to it
    _needed("number", sa.BigInteger),
    _needed("noted_at", sa.BigInteger),
    _needed("kind", sa.Text),
    _needed("subject", sa.Text),
    _needed("detail", sa.Text),  # JSON object
    _needed("digest", DIGEST),
    _key("number"),
)
audit_head = _table(
    "audit_head", _needed("name", sa.String(36)), _needed("number", sa.BigInteger), _needed("digest", DIGEST),
    _key("name"),
)  # fmt: skip

webhooks = _table(
    "webhooks",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("name", sa.Text),
    _needed("url", sa.Text),
    _needed("created_at", sa.BigInteger),
    sa.Column("error_url", sa.Text),
    _needed("triggers", sa.Text),  # JSON array of objects
    _needed("signals", sa.Text),  # JSON array of signal codes
    _needed("auto_subscribe", sa.SmallInteger),
    _needed("version", sa.String(10)),  # of the payload
    _needed("form", sa.Text),  # JSON object
    sa.Column("halt", sa.String(20)),  # why nothing is delivered; null: it is
    sa.Column("failing_since", sa.BigInteger),
    _key("id"),
    _index("webhooks", "client_id", "created_at"),
)
webhook_secrets = _table(
    "webhook_secrets",  # which sign what is delivered; null end: the current one
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
    _needed("first", sa.SmallInteger),  # 1: it has been told nothing yet; 2: an event is on its way to it; 0: it has
    sa.Column("scheduled_at", sa.BigInteger),  # when it is told all; null: by triggers alone
    sa.Column("sequence", sa.BigInteger),  # of what it was told last
    _needed("fired_at", sa.Text),  # JSON object: name of a trigger → microseconds since 1970
    _key("webhook_id", "vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    _index("subscriptions", "vehicle_id", "user_id"),
    _index("subscriptions", "scheduled_at"),
)
history = _table(
    "history",  # every value that was not the one before
    _needed("car_id", ID, _refers("cars")),
    _needed("account_digest", DIGEST),
    _needed("code", sa.String(100)),
    _needed("fetched_at", sa.BigInteger),
    _needed("value", sa.Text),  # JSON
    sa.Column("measured_at", sa.BigInteger),
    _key("car_id", "account_digest", "code", "fetched_at"),
    _index("history", "fetched_at"),
)
_waiting: Final = sa.text("fanned = 0")
events = _table(
    "events",
    _needed("position", sa.BigInteger),  # of all events, without gaps, in the order they were committed in
    _needed("id", ID),
    _needed("car_id", ID, _refers("cars")),
    _needed("account_digest", DIGEST),
    _needed("number", sa.BigInteger),  # of the car's events, without gaps
    _needed("sequence", sa.BigInteger),  # milliseconds since 1970, greater than that of the car's event before
    _needed("happened_at", sa.BigInteger),
    _needed("kind", sa.String(10)),
    _needed("detail", sa.Text),  # JSON object: changes and failures
    sa.Column("webhook_id", ID),  # null: for everybody
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
    _needed("id", ID),  # which receivers know as the event's
    _needed("webhook_id", ID, _refers("webhooks")),
    _needed("subscription_id", ID, _refers("subscriptions")),
    _needed("vehicle_id", ID),
    _needed("user_id", ID),
    _needed("kind", sa.String(20)),
    _needed("position", sa.BigInteger),  # of its event
    _needed("body", sa.LargeBinary),
    sa.Column("slot", sa.Integer),  # where in the body attempts differ
    _needed("created_at", sa.BigInteger),
    _needed("state", sa.String(10)),
    _needed("attempts", sa.Integer),
    sa.Column("next_at", sa.BigInteger),  # null: it has ended
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
    _needed("id", ID),  # which receivers know as the delivery's
    _needed("delivery_id", ID, _refers("deliveries")),
    _needed("number", sa.Integer),
    _needed("began_at", sa.BigInteger),
    _needed("seconds", sa.Double),
    sa.Column("status", sa.Integer),
    sa.Column("problem", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("answer", sa.Text),  # how it began, of a failure
    _key("id"),
    _index("attempts", "delivery_id"),
    keyed=False,
)

usage = _table(
    "usage",  # how often an application made a call on a day, counted from 1970
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("day", sa.Integer),
    _needed("method", sa.String(10)),
    _needed("route", sa.Text),
    _needed("calls", sa.BigInteger),
    _key("client_id", "day", "method", "route"),
)

from carwire.storage.sql import lookup_schema  # noqa: E402, F401  # its tables belong to the same metadata
