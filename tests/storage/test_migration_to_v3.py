"""A database of before API v3 is upgraded with everything in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.postgres import cluster, empty_database, postgres_url

from carwire.core.grants import Principal
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vehicles import ConnectionFilter, ConnectionPage
from carwire.core.webhooks import SubscriptionFilter, Webhook
from carwire.storage.sealing import open_sealer
from carwire.storage.sql import upgrade
from carwire.storage.sql.sqlite import FILE_NAME
from carwire.storage.sql.store import SqlStore, open_store

__all__ = ["cluster", "empty_database", "postgres_url"]
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
US = int(AT.timestamp() * 1_000_000)
DIGEST = b"d" * 32
ROWS: dict[str, list[dict[str, Any]]] = {
    "applications": [
        {
            "client_id": "app", "name": "App", "redirect_uris": "[]", "secret_digest": b"s" * 32,
            "management_token_digest": b"m" * 32, "created_at": US, "rules": "{}",
        }
    ],
    "owners": [
        {
            "id": f"user {n}", "client_id": "app", "source": "simulator", "mode": mode,
            "account_digest": DIGEST[:-1] + bytes([n]), "created_at": US,
        }
        for n, mode in enumerate(("simulated", "live"))
    ],
    "cars": [
        {
            "id": "car", "source": "simulator", "vin": "0SC00000000000001", "make": "TESLA", "model": "Model 3",
            "year": 2022, "powertrain": "BEV",
        }
    ],
    "vehicles": [{"id": "vehicle", "client_id": "app", "car_id": "car"}],
    "connections": [
        {
            "vehicle_id": "vehicle", "user_id": f"user {n}", "client_id": "app", "car_id": "car",
            "account_digest": DIGEST[:-1] + bytes([n]), "mode": mode, "permissions": "read_odometer",
            "connected_at": US + n, "updated_at": US + n, "id": f"connection {n}",
        }
        for n, mode in enumerate(("simulated", "live"))
    ],
    "readings": [
        {
            "car_id": "car", "account_digest": DIGEST[:-1] + b"\0", "code": "odometer-traveleddistance",
            "value": "12.5", "unit": "km", "measured_at": US, "maker_at": US, "fetched_at": US, "source": "simulator",
        }
    ],
    "webhooks": [{"id": "hook", "client_id": "app", "name": "Hook", "url": "https://a.example/", "created_at": US}],
    "subscriptions": [{"webhook_id": "hook", "vehicle_id": "vehicle", "created_at": US}],
}  # fmt: skip
Open = Callable[[], SqlStore]


def filled(where: sa.URL | str) -> None:
    """Put the rows into a database of revision 0002."""
    engine = sa.create_engine(where, poolclass=sa.NullPool)
    with engine.begin() as connection:
        known = sa.MetaData()
        known.reflect(connection)
        for name, rows in ROWS.items():
            connection.execute(known.tables[name].insert(), rows)
    engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Open:
    """An SQLite file of before."""
    upgrade.upgrade(tmp_path / FILE_NAME, "0002")
    filled(sa.URL.create("sqlite", database=str(tmp_path / FILE_NAME)))
    return lambda: open_store(tmp_path, None, open_sealer(tmp_path, None))


@pytest.fixture
def postgres(empty_database: str, tmp_path: Path) -> Open:
    """A PostgreSQL database of before."""
    upgrade.upgrade("postgresql+psycopg://", "0002", lambda: psycopg.connect(empty_database))
    filled(empty_database.replace("postgresql://", "postgresql+psycopg://"))
    return lambda: open_store(tmp_path, empty_database, open_sealer(tmp_path, None))


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """A database of before, of each kind."""
    yield request.getfixturevalue(request.param)


def test_what_was_kept_is_there_afterwards(opened: Open) -> None:
    asyncio.run(_look(opened()))


async def _look(store: SqlStore) -> None:
    try:
        vehicle = await store.reach(Principal("app", "user 0"), "vehicle")
        assert vehicle is not None
        assert vehicle.revision == 0
        kept = Reading(12.5, "km", AT, AT, AT, "simulator")
        assert await store.answers(vehicle) == {"odometer-traveleddistance": kept}
        assert await store.readings(vehicle, ["odometer-traveleddistance"]) == {"odometer-traveleddistance": kept}
        found, total, _ = await store.connected("app", ConnectionFilter(), ConnectionPage(10))
        assert ([each.id for each in found], total) == (["connection 1", "connection 0"], 2)
        assert await store.webhooks("app") == [Webhook("hook", "app", "Hook", "https://a.example/", AT)]
        subscribed, total = await store.subscriptions("app", SubscriptionFilter(), 10, 0)
        assert total == 2, "once for every owner"
        assert {each.vehicle.user_id for each in subscribed} == {"user 0", "user 1"}
        assert {(each.webhook_id, each.created_at) for each in subscribed} == {("hook", AT)}
        assert len({each.id for each in subscribed}) == 2
        failed = Problem("UPSTREAM:NO_RESPONSE", AT + timedelta(seconds=1))
        await store.keep(vehicle, {"odometer-traveleddistance": failed, "fuel": failed}, AT)
        assert (await store.answers(vehicle))["fuel"] == failed
        again = await store.reach(Principal("app", "user 0"), "vehicle")
        assert again is not None
        assert again.revision == 1
    finally:
        await store.close()
