"""Who is known is counted: by application, method and the route's template, whatever the answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import Owned, built, started
from tests.support import Connected

from carwire.storage.sql.sqlite import FILE_NAME

QUESTION = "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Owned]:
    with built(tmp_path) as client:
        yield client


def counted(client: Owned) -> dict[tuple[str, str, str], int]:
    """What was counted since the store was made, by application, method and route."""
    usage = client.carwire.services.usage
    client.run(usage.write())
    return {(row.client_id, row.method, row.route): row.calls for row in client.run(usage.of_days(2))}


def test_calls_are_counted_by_their_template(client: Owned) -> None:
    other = client.another()
    car = client.connect()
    assert counted(client) == {}
    assert client.get(QUESTION).status == 200
    assert other.get(QUESTION).status == 200
    assert client.as_owner(car, "GET", "/odometer").status == 200
    assert client.as_owner(car, "GET", "/odometer/").status == 200
    assert client.as_owner(car, "HEAD", "/odometer").status == 200
    assert client.as_owner(car, "POST", "/security", {"action": "LOCK"}).status == 200
    assert client.get("/v1/vins/5YJ").status == 200
    assert client.ask("GET", "/v2.0/management/connections?limit=1", [client.amt]).status == 200
    assert counted(client) == {
        (client.client_id, "GET", "/v2.0/compatibility"): 1,
        (other.client_id, "GET", "/v2.0/compatibility"): 1,
        (client.client_id, "GET", "/v2.0/vehicles/{id}/odometer"): 2,
        (client.client_id, "HEAD", "/v2.0/vehicles/{id}/odometer"): 1,
        (client.client_id, "POST", "/v2.0/vehicles/{id}/security"): 1,
        (client.client_id, "GET", "/v1/vins/{vin}"): 1,
        (client.client_id, "GET", "/v2.0/management/connections"): 1,
    }


def test_a_refused_call_of_somebody_known_is_counted(client: Owned) -> None:
    car = client.connect(permissions=["read_vin"])
    assert client.as_owner(car, "GET", "/odometer").status == 403
    assert client.as_owner(car, "POST", "/charge", {"action": "FLY"}).status == 400
    assert client.get("/v1/vins/!").status == 400
    assert counted(client) == {
        (client.client_id, "GET", "/v2.0/vehicles/{id}/odometer"): 1,
        (client.client_id, "POST", "/v2.0/vehicles/{id}/charge"): 1,
        (client.client_id, "GET", "/v1/vins/{vin}"): 1,
    }


def test_nobody_is_not_counted(client: Owned) -> None:
    car: Connected = client.connect()
    for method, target in (
        ("GET", QUESTION),
        ("GET", f"/v2.0/vehicles/{car.vehicle_id}/odometer"),
        ("POST", f"/v2.0/vehicles/{car.vehicle_id}/charge"),
        ("GET", "/v1/vins/5YJ"),
        ("GET", "/health"),
        ("GET", "/"),
        ("GET", "/v1.0/vehicles"),
        ("GET", "/nothing"),
    ):
        client.ask(method, target)
        client.ask(method, target, [(b"authorization", b"Bearer nothing")])
    assert client.get("/nothing").status == 404
    assert counted(client) == {}


def test_an_odd_method_at_the_door_of_a_make_in_upper_case_is_counted_once_and_short(client: Owned) -> None:
    car = client.connect()
    assert client.as_owner(car, "MKACTIVITYANDMORE", "/TESLA/charge").status == 403
    assert counted(client) == {(client.client_id, "MKACTIVITY", "/v2.0/vehicles/{id}/{make}"): 1}


def test_a_server_writes_usage_down_at_its_end(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        for _ in range(3):
            assert server.get(QUESTION).status == 200
        client_id = server.client_id
    with closing(sqlite3.connect(tmp_path / "data" / FILE_NAME)) as database:
        rows = database.execute("SELECT client_id, method, route, calls FROM usage").fetchall()
    assert rows == [(client_id, "GET", "/v2.0/compatibility", 3)]


def test_the_counts_of_requests_at_once_are_all_there(client: Owned) -> None:
    async def many() -> None:
        await asyncio.gather(*(client.send("GET", "/v1/vins/5YJ", [client.basic]) for _ in range(50)))

    client.run(many())
    assert list(counted(client).values()) == [50]
