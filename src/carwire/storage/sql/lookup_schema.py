"""The tables of the lookup API, as `schema` has the others.

A register may have tens of millions of rows, so releases and types are numbers there, what rows have in common is
kept once as their type, and a row is found by its VIN, or the part of it that was published.
"""

from __future__ import annotations

import sqlalchemy as sa

from carwire.storage.sql.schema import own_table
from carwire.storage.sql.tables import DIGEST, ID, index, key, needed, refers

lookup_keys = own_table(
    "lookup_keys",
    needed("id", ID),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("kind", sa.String(3)),
    needed("digest", DIGEST),
    needed("name", sa.Text),
    needed("shown", sa.String(20)),
    needed("rights", sa.Text),  # JSON object
    needed("created_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    key("id"),
    sa.UniqueConstraint("digest"),
    index("lookup_keys", "client_id"),
)
lookup_tokens = own_table(
    "lookup_tokens",
    needed("digest", DIGEST),
    needed("key_id", ID, refers("lookup_keys")),
    needed("expires_at", sa.BigInteger),
    key("digest"),
    index("lookup_tokens", "key_id"),
    index("lookup_tokens", "expires_at"),
)
lookup_quotas = own_table(
    "lookup_quotas",
    needed("key_id", ID, refers("lookup_keys")),
    needed("month", sa.Integer),
    needed("used", sa.BigInteger),
    key("key_id", "month"),
)
lookup_records = own_table(
    "lookup_records",
    needed("id", ID),
    needed("recorded_at", sa.BigInteger),
    needed("client_id", ID, refers("applications", "client_id")),
    needed("key_id", ID),
    needed("product", sa.String(20)),
    sa.Column("region", sa.String(2)),
    sa.Column("reference_id", sa.Text),
    needed("features", sa.Text),  # separated by commas
    needed("status", sa.Integer),
    needed("outcome", sa.String(10)),
    needed("billable", sa.SmallInteger),
    needed("latency_us", sa.BigInteger),
    sa.Column("subject", sa.String(64)),
    key("id"),
    index("lookup_records", "client_id", "recorded_at"),
)
lookup_releases = own_table(
    "lookup_releases",
    needed("id", sa.Integer),
    needed("region", sa.String(2)),
    needed("dataset", sa.String(60)),
    needed("state", sa.String(10)),
    needed("release", sa.Text),  # JSON object
    needed("position", sa.BigInteger),
    needed("accepted", sa.BigInteger),
    needed("rejected", sa.BigInteger),
    sa.PrimaryKeyConstraint("id"),
    keyed=False,
)
lookup_types = own_table(
    "lookup_types",
    needed("release_id", sa.Integer),
    needed("id", sa.Integer),
    needed("traits", sa.Text),  # JSON object
    needed("raw", sa.Text),  # JSON object
    key("release_id", "id"),
)
lookup_entries = own_table(
    "lookup_entries",
    needed("entry_key", sa.String(32)),
    needed("release_id", sa.Integer),
    needed("slot", sa.Integer),  # 0 for a whole VIN, else the type: one row each
    needed("plate", sa.String(16)),  # empty: none
    needed("type_id", sa.Integer),
    needed("rows_count", sa.BigInteger),
    needed("rank", sa.BigInteger),
    needed("individual", sa.Text),  # JSON object, empty: nothing
    key("entry_key", "release_id", "slot"),
    sa.Index(
        "ix_lookup_entries_plate",
        "plate",
        sqlite_where=sa.text("plate <> ''"),
        postgresql_where=sa.text("plate <> ''"),
    ),
)
lookup_prefixes = own_table(
    "lookup_prefixes",
    needed("prefix", sa.String(9)),
    needed("release_id", sa.Integer),
    needed("type_id", sa.Integer),
    needed("rows_count", sa.BigInteger),
    key("prefix", "release_id", "type_id"),
)
lookup_vehicles = own_table(
    "lookup_vehicles",
    needed("region", sa.String(2)),
    needed("id", sa.String(40)),
    needed("release_id", sa.Integer),
    needed("candidate", sa.SmallInteger),
    needed("make_key", sa.String(60)),
    needed("title_key", sa.Text),
    *(
        sa.Column(name, sa.Integer if name == "year" else sa.Text)
        for name in (
            *("year", "make", "model", "badge", "series", "transmission", "body_type", "fuel", "drive", "engine"),
            "wheelbase",
        )
    ),
    needed("vehicle", sa.Text),  # JSON object
    key("region", "id", "release_id"),
    index("lookup_vehicles", "region", "make_key", "year"),
)
lookup_answers = own_table(
    "lookup_answers",  # of external services
    needed("provider", sa.String(60)),
    needed("region", sa.String(2)),
    needed("subject", DIGEST),
    needed("answer", sa.LargeBinary),
    needed("expires_at", sa.BigInteger),
    key("provider", "region", "subject"),
    index("lookup_answers", "expires_at"),
)
lookup_costs = own_table(
    "lookup_costs",
    needed("provider", sa.String(60)),
    needed("day", sa.Integer),
    needed("spent", sa.BigInteger),  # millionths
    key("provider", "day"),
)
