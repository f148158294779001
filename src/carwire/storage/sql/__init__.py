"""The database: schema and migrations in SQLAlchemy and Alembic, hot statements on the raw driver."""
