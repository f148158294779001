"""The tables as they stand at the newest migration. Imported by migrations and tests, never by a running server.

Types are those SQLite and PostgreSQL share: moments are BIGINT microseconds since 1970, truth is 0 or 1, JSON is TEXT,
digests and sealed values are bytes. Rows that are looked up all day by one key are kept in that key's order
(``WITHOUT ROWID``) on SQLite. Columns that repeat an application, an owner, a mode or a car spare the hot statements a
join; none of them ever changes.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import sqlalchemy as sa

from carwire.storage.sql.tables import DIGEST, ID, index, key, needed, new_metadata, refers, table

metadata = new_metadata()
own_table = partial(table, metadata)


applications = own_table(
    "applications",
    needed("client_id", ID),
    needed("name", sa.String(100)),
    needed("redirect_uris", sa.Text),  # JSON array of strings
    needed("secret_digest", DIGEST),
    needed("management_token_digest", DIGEST),
    sa.Column("management_token_sealed", sa.LargeBinary),  # null: registered before tokens were kept
    needed("created_at", sa.BigInteger),
    needed("rules", sa.Text),  # JSON object
    # The management token of before, which signs until its end.
    sa.Column("former_token_sealed", sa.LargeBinary),
    sa.Column("former_token_until", sa.BigInteger),
    key("client_id"),
    sa.UniqueConstraint("management_token_digest"),
    keyed=False,
)
client_secrets = own_table(
    "client_secrets",  # with which an application gets tokens of its own; null end: until it is deleted
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("digest", DIGEST),
    needed("created_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    key("id"),
    index("client_secrets", "client_id"),
)
application_tokens = own_table(
    "application_tokens",
    needed("digest", DIGEST),
    needed("client_id", ID),
    needed("secret_id", ID, refers("client_secrets")),
    needed("expires_at", sa.BigInteger),
    key("digest"),
    index("application_tokens", "expires_at"),
    index("application_tokens", "secret_id"),
)
counters = own_table("counters", needed("name", sa.String(36)), needed("number", sa.BigInteger), key("name"))
sealing = own_table("sealing", needed("name", sa.String(36)), needed("canary_sealed", sa.LargeBinary), key("name"))

connect_sessions = own_table(
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
owners = own_table(
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
cars = own_table(
    "cars",
    needed("id", ID),
    needed("source", sa.String(40)),
    needed("vin", sa.String(17)),
    needed("make", sa.Text),
    needed("model", sa.Text),
    needed("year", sa.Integer),
    needed("powertrain", sa.String(4)),
    sa.Column("changed_at", sa.BigInteger),
    # The number and the sequence of its last event.
    sa.Column("event_number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("event_sequence", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    key("id"),
    sa.UniqueConstraint("source", "vin"),
)
vehicles = own_table(
    "vehicles",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("car_id", ID, refers("cars", cascade=False)),
    key("id"),
    sa.UniqueConstraint("client_id", "car_id"),
    index("vehicles", "car_id"),
)
connections = own_table(
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
    # How often something was kept of what the car said to this account.
    sa.Column("revision", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("poll_at", sa.BigInteger),  # when a worker asks the car next; null: nobody waits for news
    key("vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    index("connections", "client_id", "connected_at", "vehicle_id", "user_id"),
    index("connections", "client_id", "updated_at", "vehicle_id", "user_id"),
    index("connections", "client_id", "external_id"),
    index("connections", "user_id"),
    index("connections", "car_id"),
    index("connections", "poll_at"),
)

grants = own_table(
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
grant_vehicles = own_table(
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
consents = own_table(
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
codes = own_table(
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
access_tokens = own_table(
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
refresh_tokens = own_table(
    "refresh_tokens",
    needed("digest", DIGEST),
    needed("grant_id", ID, refers("grants")),
    needed("expires_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
    key("digest"),
    index("refresh_tokens", "expires_at"),
    index("refresh_tokens", "grant_id"),
)

readings = own_table(
    "readings",
    needed("car_id", ID, refers("cars")),
    needed("account_digest", DIGEST),
    needed("code", sa.String(100)),
    sa.Column("value", sa.Text),  # JSON; null: it was never told
    sa.Column("unit", sa.Text),
    sa.Column("measured_at", sa.BigInteger),
    sa.Column("maker_at", sa.BigInteger),
    needed("fetched_at", sa.BigInteger),
    needed("source", sa.String(40)),
    sa.Column("problem", sa.Text),  # its kind; null: the value is what was told last
    sa.Column("problem_at", sa.BigInteger),
    sa.Column("told", sa.Text),  # JSON: the value that was told last, from which a change is counted; null: none
    key("car_id", "account_digest", "code"),
)
budgets = own_table(
    "budgets",  # a car may be asked before it is connected: no reference
    needed("car_id", ID),
    needed("calls", sa.Double),
    needed("wakes", sa.Double),
    needed("level_at", sa.Double),  # seconds since 1970
    key("car_id"),
)

_under_way: Final = sa.text("ended_at IS NULL")
commands = own_table(
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
    index("commands", "vehicle_id"),
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
idempotency_keys = own_table(
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
audit = own_table(
    "audit",  # lines can be added, not changed or deleted: triggers see to it
    needed("number", sa.BigInteger),
    needed("noted_at", sa.BigInteger),
    needed("kind", sa.Text),
    needed("subject", sa.Text),
    needed("detail", sa.Text),  # JSON object
    needed("digest", DIGEST),
    key("number"),
)
audit_head = own_table(
    "audit_head", needed("name", sa.String(36)), needed("number", sa.BigInteger), needed("digest", DIGEST),
    key("name"),
)  # fmt: skip

webhooks = own_table(
    "webhooks",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("name", sa.Text),
    needed("url", sa.Text),
    needed("created_at", sa.BigInteger),
    sa.Column("error_url", sa.Text),
    needed("triggers", sa.Text),  # JSON array of objects
    needed("signals", sa.Text),  # JSON array of signal codes
    needed("auto_subscribe", sa.SmallInteger),
    needed("version", sa.String(10)),  # of the payload
    needed("form", sa.Text),  # JSON object
    sa.Column("halt", sa.String(20)),  # why nothing is delivered; null: it is
    sa.Column("failing_since", sa.BigInteger),
    key("id"),
    index("webhooks", "client_id", "created_at"),
)
webhook_secrets = own_table(
    "webhook_secrets",  # which sign what is delivered; null end: the current one
    needed("id", ID),
    needed("webhook_id", ID, refers("webhooks")),
    needed("secret_sealed", sa.LargeBinary),
    needed("created_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    key("id"),
    index("webhook_secrets", "webhook_id"),
)
subscriptions = own_table(
    "subscriptions",
    needed("id", ID),
    needed("webhook_id", ID, refers("webhooks")),
    needed("vehicle_id", ID),
    needed("user_id", ID),
    needed("created_at", sa.BigInteger),
    needed("first", sa.SmallInteger),  # 1: it has been told nothing yet; 2: an event is on its way to it; 0: it has
    sa.Column("scheduled_at", sa.BigInteger),  # when it is told all; null: by triggers alone
    sa.Column("sequence", sa.BigInteger),  # of what it was told last
    needed("fired_at", sa.Text),  # JSON object: name of a trigger → microseconds since 1970
    key("webhook_id", "vehicle_id", "user_id"),
    sa.UniqueConstraint("id"),
    sa.ForeignKeyConstraint(
        ["vehicle_id", "user_id"], ["connections.vehicle_id", "connections.user_id"], ondelete="CASCADE"
    ),
    index("subscriptions", "vehicle_id", "user_id"),
    index("subscriptions", "scheduled_at"),
)
history = own_table(
    "history",  # every value that was not the one before
    needed("car_id", ID, refers("cars")),
    needed("account_digest", DIGEST),
    needed("code", sa.String(100)),
    needed("fetched_at", sa.BigInteger),
    needed("value", sa.Text),  # JSON
    sa.Column("measured_at", sa.BigInteger),
    key("car_id", "account_digest", "code", "fetched_at"),
    index("history", "fetched_at"),
)
_waiting: Final = sa.text("fanned = 0")
events = own_table(
    "events",
    needed("position", sa.BigInteger),  # of all events, without gaps, in the order they were committed in
    needed("id", ID),
    needed("car_id", ID, refers("cars")),
    needed("account_digest", DIGEST),
    needed("number", sa.BigInteger),  # of the car's events, without gaps
    needed("sequence", sa.BigInteger),  # milliseconds since 1970, greater than that of the car's event before
    needed("happened_at", sa.BigInteger),
    needed("kind", sa.String(10)),
    needed("detail", sa.Text),  # JSON object: changes and failures
    sa.Column("webhook_id", ID),  # null: for everybody
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
deliveries = own_table(
    "deliveries",
    needed("id", ID),  # which receivers know as the event's
    needed("webhook_id", ID, refers("webhooks")),
    needed("subscription_id", ID, refers("subscriptions")),
    needed("vehicle_id", ID),
    needed("user_id", ID),
    needed("kind", sa.String(20)),
    needed("position", sa.BigInteger),  # of its event
    needed("body", sa.LargeBinary),
    sa.Column("slot", sa.Integer),  # where in the body attempts differ
    needed("created_at", sa.BigInteger),
    needed("state", sa.String(10)),
    needed("attempts", sa.Integer),
    sa.Column("next_at", sa.BigInteger),  # null: it has ended
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
attempts = own_table(
    "attempts",
    needed("id", ID),  # which receivers know as the delivery's
    needed("delivery_id", ID, refers("deliveries")),
    needed("number", sa.Integer),
    needed("began_at", sa.BigInteger),
    needed("seconds", sa.Double),
    sa.Column("status", sa.Integer),
    sa.Column("problem", sa.Text),
    sa.Column("detail", sa.Text),
    sa.Column("answer", sa.Text),  # how it began, of a failure
    key("id"),
    index("attempts", "delivery_id"),
    keyed=False,
)

usage = own_table(
    "usage",  # how often an application made a call on a day, counted from 1970
    needed("client_id", ID, refers("applications", "client_id")),
    needed("day", sa.Integer),
    needed("method", sa.String(10)),
    needed("route", sa.Text),
    needed("calls", sa.BigInteger),
    key("client_id", "day", "method", "route"),
)

from carwire.storage.sql import lookup_schema  # noqa: E402, F401  # its tables belong to the same metadata
