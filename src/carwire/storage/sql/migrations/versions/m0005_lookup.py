"""What the lookup API needs: keys, tokens, quotas and records; releases of registers and catalogues; what external
services answered.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
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


sa.Table("applications", metadata, sa.Column("client_id", ID, primary_key=True))  # of before, as far as referred to

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


def upgrade() -> None:
    """Make the tables."""
    connection = op.get_bind()
    for table in metadata.sorted_tables:
        if table.name != "applications":
            connection.execute(sa.schema.CreateTable(table))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                connection.execute(sa.schema.CreateIndex(index))
