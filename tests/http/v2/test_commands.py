"""Commands over a server in this process: what bodies may hold, and what comes back when one is repeated or late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import Owned, built, check_error
from tests.support import Connected

from carwire.wire.v2.actions import ACTIONS

LOCK = {"action": "LOCK"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("commands")) as opened:
        yield opened


@pytest.fixture(scope="module")
def tesla(client: Owned) -> Connected:
    return client.connect("tesla@example.com", "TESLA")


def orders(client: Owned, car: Connected) -> list[tuple[Any, Any]]:
    """What the audit says of the car's commands."""
    lines = client.run(client.carwire.store.audit(0, 100_000))
    of_car = (line.detail for line in lines if line.detail.get("vehicle_id") == car.vehicle_id)
    return [(detail["name"], detail["state"]) for detail in of_car]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/charge", None, "body"),
        ("/charge", {}, "action"),
        ("/charge", {"action": "start"}, "action"),
        ("/charge", {"action": "LOCK"}, "action"),
        ("/charge", {"action": None}, "action"),
        ("/charge", {"action": ["START"]}, "action"),
        ("/charge", {"action": "START", "now": True}, "now"),
        ("/charge", [], "body"),
        ("/charge", b"{", "body"),
        ("/charge", b"\xff", "body"),
        ("/charge", b"null", "body"),
        ("/charge", b"[" * 5000, "body"),
        ("/charge/limit", {}, "limit"),
        ("/charge/limit", {"limit": "80%"}, "limit"),
        ("/security", {"action": "START"}, "action"),
        ("/security", {"Action": "LOCK"}, "Action"),
        ("/navigation/destination", {"latitude": 91, "longitude": 0}, "latitude"),
        ("/navigation/destination", {"latitude": 0, "longitude": -180.1}, "longitude"),
        ("/navigation/destination", {"latitude": "0", "longitude": 0}, "latitude"),
        ("/navigation/destination", {"latitude": 0}, "longitude"),
        ("/navigation/destination", b'{"latitude": NaN, "longitude": 0}', "body"),
        ("/navigation/destination", b'{"latitude": 1e400, "longitude": 0}', "body"),
        ("/tesla/climate/cabin", {"action": "START"}, "temperature"),
        ("/tesla/climate/cabin", {"action": "SET", "temperature": 5}, "temperature"),
        ("/tesla/charge/ammeter", {"amperage": 4}, "amperage"),
        ("/tesla/charge/schedule", {"type": "START_TIME", "enable": True, "time": "24:00"}, "time"),
        ("/tesla/pin", {"pin": "12345"}, "pin"),
        ("/tesla/pin", {"pin": 1234}, "pin"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_and_nothing_is_sent(
    client: Owned, tesla: Connected, path: str, body: Any, field: str
) -> None:
    before = orders(client, tesla)
    answer = client.as_owner(tesla, "POST", path, body)
    problem = check_error(client, answer, 400, field)
    assert "12345" not in json.dumps(problem), "what was sent is not repeated: it may be a PIN"
    assert orders(client, tesla) == before


def test_a_body_may_be_anything_where_there_is_no_command(client: Owned) -> None:
    for make in ("ford", "lincoln", "nissan"):
        car = client.connect(f"{make}@example.com", make.upper())
        for method, path in (each for each in ACTIONS if each[1].startswith(f"/{make}/")):
            body = check_error(client, client.as_owner(car, method, path, {"any": 1}), 501)
            assert body["code"] == "SMARTCAR_NOT_CAPABLE"
        assert orders(client, car) == []


def test_a_temperature_is_taken_in_the_unit_system_of_the_request(client: Owned, tesla: Connected) -> None:
    body = {"action": "SET", "temperature": 70}
    check_error(client, client.as_owner(tesla, "POST", "/tesla/climate/cabin", body), 400, "temperature")
    assert client.as_owner(tesla, "POST", "/tesla/climate/cabin", body, sc_unit_system="imperial").status == 200


def test_a_command_is_named_and_its_outcome_told_in_headers(client: Owned) -> None:
    car = client.connect("headers@example.com")
    answer = client.as_owner(car, "POST", "/security", LOCK)
    assert answer.status == 200
    command_id = answer.header("carwire-command-id") or ""
    assert str(UUID(command_id)) == command_id
    assert answer.header("carwire-command-outcome") == "done"
    assert orders(client, car) == [("security-lock", state) for state in ("accepted", "sent", "done")]
    record = client.run(client.carwire.store.command(command_id))
    assert record
    assert record.state == "done"


def test_a_refused_command_is_told_as_the_cars_problem(client: Owned) -> None:
    car = client.connect("door@example.com")
    fault = {"kind": "VEHICLE_STATE:DOOR_OPEN", "on": "commands"}
    assert client.post(f"/v1/simulator/cars/{car.vins[0]}/faults", fault).status == 200
    answer = client.as_owner(car, "POST", "/security", LOCK)
    assert check_error(client, answer, 409)["code"] == "DOOR_OPEN"
    assert answer.header("carwire-command-outcome") == "refused"
    assert client.as_owner(car, "GET", "/odometer").status == 200


@pytest.mark.parametrize("half", ["answer_lost", "command_lost"])
def test_an_unknown_outcome_is_told_as_unknown(client: Owned, half: str) -> None:
    car = client.connect(f"{half}@example.com")
    assert client.post(f"/v1/simulator/cars/{car.vins[0]}/faults", {"half": half}).status == 200
    answer = client.as_owner(car, "POST", "/security", {"action": "UNLOCK"}, idempotency_key="k")
    body = check_error(client, answer, 502)
    assert answer.header("carwire-command-outcome") == "unknown"
    assert "read the car before sending it again" in body["description"]
    again = client.as_owner(car, "POST", "/security", {"action": "UNLOCK"}, idempotency_key="k")
    assert (again.status, again.header("carwire-command-id")) == (502, answer.header("carwire-command-id"))
    assert len(orders(client, car)) == 3, "accepted, sent, unknown: once"


def test_an_idempotency_key_repeats_the_answer_and_not_the_command(client: Owned) -> None:
    car = client.connect("key@example.com")
    answers = [client.as_owner(car, "POST", "/security", LOCK, idempotency_key="k 1") for _ in range(5)]
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.header("carwire-command-id") for answer in answers}) == 1
    assert len(orders(client, car)) == 3
    for path, body in (("/security", {"action": "UNLOCK"}), ("/charge", {"action": "START"})):
        answer = client.as_owner(car, "POST", path, body, idempotency_key="k 1")
        check_error(client, answer, 400, "idempotency-key")
    assert client.as_owner(car, "POST", "/security", {"action": "UNLOCK"}, idempotency_key="k 2").status == 200


def test_parallel_retries_with_one_key_are_one_command(client: Owned) -> None:
    car = client.connect("parallel@example.com")
    headers = [car.bearer, (b"idempotency-key", b"k")]
    target = f"/v2.0/vehicles/{car.vehicle_id}/security"

    async def all_at_once() -> list[Any]:
        sent = (client.send("POST", target, headers, b'{"action":"LOCK"}') for _ in range(20))
        return await asyncio.gather(*sent)

    answers = client.run(all_at_once())
    assert {(answer.status, answer.header("carwire-command-id")) for answer in answers} == {
        (200, answers[0].header("carwire-command-id"))
    }
    assert len(orders(client, car)) == 3


@pytest.mark.parametrize("key", ["x" * 256, "é", "a\x00b", "\x7f"])
def test_a_key_that_cannot_be_kept_is_refused(client: Owned, tesla: Connected, key: str) -> None:
    headers = [tesla.bearer, (b"idempotency-key", key.encode())]
    target = f"/v2.0/vehicles/{tesla.vehicle_id}/security"
    check_error(client, client.ask("POST", target, headers, b'{"action":"LOCK"}'), 400, "idempotency-key")
    twice = [tesla.bearer, (b"idempotency-key", b"a"), (b"idempotency-key", b"b")]
    check_error(client, client.ask("POST", target, twice, b'{"action":"LOCK"}'), 400, "idempotency-key")


@pytest.mark.parametrize("deadline", ["0", "301", "-1", "1.5", "x", "", "99999"])
def test_a_deadline_out_of_range_is_refused(client: Owned, tesla: Connected, deadline: str) -> None:
    headers = [tesla.bearer, (b"carwire-deadline", deadline.encode())]
    target = f"/v2.0/vehicles/{tesla.vehicle_id}/security"
    check_error(client, client.ask("POST", target, headers, b'{"action":"LOCK"}'), 400, "carwire-deadline")


def test_a_car_that_takes_longer_than_the_deadline_leaves_an_unknown_outcome(client: Owned) -> None:
    car = client.connect("late@example.com")
    assert client.post(f"/v1/simulator/cars/{car.vins[0]}/faults", {"latency_s": 600}).status == 200
    answer = client.as_owner(car, "POST", "/security", LOCK, carwire_deadline="1")
    assert check_error(client, answer, 502)["code"] == "NO_RESPONSE"
    assert answer.header("carwire-command-outcome") == "unknown"
    assert orders(client, car)[-1] == ("security-lock", "unknown")


def test_a_command_changes_what_a_kept_reading_would_say(client: Owned) -> None:
    car = client.connect("changed@example.com")
    assert client.as_owner(car, "POST", "/security", LOCK).status == 200
    assert client.as_owner(car, "GET", "/security", carwire_max_age="3600").json()["isLocked"] is True
    assert client.as_owner(car, "POST", "/security", {"action": "UNLOCK"}).status == 200
    assert client.as_owner(car, "GET", "/security", carwire_max_age="3600").json()["isLocked"] is False


def test_a_pin_is_set_and_is_nowhere_to_be_read(client: Owned, tesla: Connected) -> None:
    for method in ("POST", "DELETE"):
        answer = client.as_owner(tesla, method, "/tesla/pin", {"pin": "7391"})
        assert answer.status in {200, 409, 501}, answer
        assert "7391" not in answer.text
    assert "7391" not in repr(client.run(client.carwire.store.audit(0, 100_000)))
