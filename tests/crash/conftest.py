"""Stores of every kind, around which webhooks are tried."""

from __future__ import annotations

import pytest
from tests.storage.conftest import Place, cluster, empty_database, place, postgres_url

from carwire.core.ports import Store

__all__ = ["cluster", "empty_database", "place", "postgres_url"]


@pytest.fixture
def stores(place: Place) -> list[Store]:
    """Two stores on one place; in memory it is the same one twice."""
    return [place.open(), place.open()]
