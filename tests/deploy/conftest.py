"""Databases for installations."""

from tests.postgres import cluster, empty_database, postgres_url

__all__ = ["cluster", "empty_database", "postgres_url"]
