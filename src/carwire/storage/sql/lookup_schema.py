"""The tables of the lookup API, as `schema` has the others.

A register may have tens of millions of rows, so releases and types are numbers there, what rows have in common is
kept once as their type, and a row is found by its VIN, or the part of it that was published.
"""

from __future__ import annotations

import sqlalchemy as sa

from carwire.storage.sql.schema import DIGEST, ID, _index, _key, _needed, _refers, _table

lookup_keys = _table(
    "lookup_keys",
    _needed("id", ID),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("kind", sa.String(3)),
    _needed("digest", DIGEST),
    _needed("name", sa.Text),
    _needed("shown", sa.String(20)),
    _needed("rights", sa.Text),  # JSON object
    _needed("created_at", sa.BigInteger),
    sa.Column("revoked_at", sa.BigInteger),
    _key("id"),
    sa.UniqueConstraint("digest"),
    _index("lookup_keys", "client_id"),
)
lookup_tokens = _table(
    "lookup_tokens",
    _needed("digest", DIGEST),
    _needed("key_id", ID, _refers("lookup_keys")),
    _needed("expires_at", sa.BigInteger),
    _key("digest"),
    _index("lookup_tokens", "key_id"),
    _index("lookup_tokens", "expires_at"),
)
lookup_quotas = _table(
    "lookup_quotas",
    _needed("key_id", ID, _refers("lookup_keys")),
    _needed("month", sa.Integer),
    _needed("used", sa.BigInteger),
    _key("key_id", "month"),
)
lookup_records = _table(
    "lookup_records",
    _needed("id", ID),
    _needed("recorded_at", sa.BigInteger),
    _needed("client_id", ID, _refers("applications", "client_id")),
    _needed("key_id", ID),
    _needed("product", sa.String(20)),
    sa.Column("region", sa.String(2)),
    sa.Column("reference_id", sa.Text),
    _needed("features", sa.Text),  # separated by commas
    _needed("status", sa.Integer),
    _needed("outcome", sa.String(10)),
    _needed("billable", sa.SmallInteger),
    _needed("latency_us", sa.BigInteger),
    sa.Column("subject", sa.String(64)),
    _key("id"),
    _index("lookup_records", "client_id", "recorded_at"),
)
lookup_releases = _table(
    "lookup_releases",
    _needed("id", sa.Integer),
    _needed("region", sa.String(2)),
    _needed("dataset", sa.String(60)),
    _needed("state", sa.String(10)),
    _needed("release", sa.Text),  # JSON object
    _needed("position", sa.BigInteger),
    _needed("accepted", sa.BigInteger),
    _needed("rejected", sa.BigInteger),
    sa.PrimaryKeyConstraint("id"),
    keyed=False,
)
lookup_types = _table(
    "lookup_types",
    _needed("release_id", sa.Integer),
    _needed("id", sa.Integer),
    _needed("traits", sa.Text),  # JSON object
    _needed("raw", sa.Text),  # JSON object
    _key("release_id", "id"),
)
lookup_entries = _table(
    "lookup_entries",
    _needed("entry_key", sa.String(32)),
    _needed("release_id", sa.Integer),
    _needed("slot", sa.Integer),  # 0 for a whole VIN, else the type: one row each
    _needed("plate", sa.String(16)),  # empty: none
    _needed("type_id", sa.Integer),
    _needed("rows_count", sa.BigInteger),
    _needed("rank", sa.BigInteger),
    _needed("individual", sa.Text),  # JSON object, empty: nothing
    _key("entry_key", "release_id", "slot"),
    sa.Index(
        "ix_lookup_entries_plate",
        "plate",
        sqlite_where=sa.text("plate <> ''"),
        postgresql_where=sa.text("plate <> ''"),
    ),
)
lookup_prefixes = _table(
    "lookup_prefixes",
    _needed("prefix", sa.String(9)),
    _needed("release_id", sa.Integer),
    _needed("type_id", sa.Integer),
    _needed("rows_count", sa.BigInteger),
    _key("prefix", "release_id", "type_id"),
)
lookup_vehicles = _table(
    "lookup_vehicles",
    _needed("region", sa.String(2)),
    _needed("id", sa.String(40)),
    _needed("release_id", sa.Integer),
    _needed("candidate", sa.SmallInteger),
    _needed("make_key", sa.String(60)),
    _needed("title_key", sa.Text),
    *(
        sa.Column(name, sa.Integer if name == "year" else sa.Text)
        for name in (
            *("year", "make", "model", "badge", "series", "transmission", "body_type", "fuel", "drive", "engine"),
            "wheelbase",
        )
    ),
    _needed("vehicle", sa.Text),  # JSON object
    _key("region", "id", "release_id"),
    _index("lookup_vehicles", "region", "make_key", "year"),
)
lookup_answers = _table(
    "lookup_answers",  # of external services
    _needed("provider", sa.String(60)),
    _needed("region", sa.String(2)),
    _needed("subject", DIGEST),
    _needed("answer", sa.LargeBinary),
    _needed("expires_at", sa.BigInteger),
    _key("provider", "region", "subject"),
    _index("lookup_answers", "expires_at"),
)
lookup_costs = _table(
    "lookup_costs",
    _needed("provider", sa.String(60)),
    _needed("day", sa.Integer),
    _needed("spent", sa.BigInteger),  # millionths
    _key("provider", "day"),
)
