"""The tables as they stand at the newest migration. Imported by migrations and tests, never by a running server."""

from __future__ import annotations

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

applications = sa.Table(
    "applications",
    metadata,
    sa.Column("client_id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("redirect_uris", sa.Text, nullable=False),  # JSON array of strings
    sa.Column("secret_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("management_token_digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)
