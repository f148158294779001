"""What the lookup API needs: keys, tokens, quotas and records; releases of registers and catalogues; what external
services answered.
"""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from alembic import op

from carwire.storage.sql.tables import DIGEST, ID, create, index, key, needed, new_metadata, refers, table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

metadata = new_metadata()
_table = partial(table, metadata)


sa.Table("applications", metadata, sa.Column("client_id", ID, primary_key=True))  # of before, as far as referred to

lookup_keys = _table(
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
lookup_tokens = _table(
    "lookup_tokens",
    needed("digest", DIGEST),
    needed("key_id", ID, refers("lookup_keys")),
    needed("expires_at", sa.BigInteger),
    key("digest"),
    index("lookup_tokens", "key_id"),
    index("lookup_tokens", "expires_at"),
)
lookup_quotas = _table(
    "lookup_quotas",
    needed("key_id", ID, refers("lookup_keys")),
    needed("month", sa.Integer),
    needed("used", sa.BigInteger),
    key("key_id", "month"),
)
lookup_records = _table(
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
lookup_releases = _table(
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
lookup_types = _table(
    "lookup_types",
    needed("release_id", sa.Integer),
    needed("id", sa.Integer),
    needed("traits", sa.Text),  # JSON object
    needed("raw", sa.Text),  # JSON object
    key("release_id", "id"),
)
lookup_entries = _table(
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
lookup_prefixes = _table(
    "lookup_prefixes",
    needed("prefix", sa.String(9)),
    needed("release_id", sa.Integer),
    needed("type_id", sa.Integer),
    needed("rows_count", sa.BigInteger),
    key("prefix", "release_id", "type_id"),
)
lookup_vehicles = _table(
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
lookup_answers = _table(
    "lookup_answers",  # of external services
    needed("provider", sa.String(60)),
    needed("region", sa.String(2)),
    needed("subject", DIGEST),
    needed("answer", sa.LargeBinary),
    needed("expires_at", sa.BigInteger),
    key("provider", "region", "subject"),
    index("lookup_answers", "expires_at"),
)
lookup_costs = _table(
    "lookup_costs",
    needed("provider", sa.String(60)),
    needed("day", sa.Integer),
    needed("spent", sa.BigInteger),  # millionths
    key("provider", "day"),
)


def upgrade() -> None:
    """Make the tables."""
    create(op.get_bind(), *(new for new in metadata.sorted_tables if new.name != "applications"))
