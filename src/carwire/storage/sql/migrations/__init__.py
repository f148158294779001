"""Alembic migrations, oldest first in ``versions``. Expand, migrate, contract: an older server keeps working on a
newer schema.
"""
