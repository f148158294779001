"""``GET /v1/vehicles/{id}/why``: the one thing that blocks, for the owner's token, without asking the car."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Answer, Owned, built, check_error
from tests.support import Connected

ODOMETER = "odometer-traveleddistance"
STEPS = ["plan", "permission", "capability", "connection", "car_state", "maker", "age"]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Owned]:
    with built(tmp_path) as client:
        yield client


@pytest.fixture
def car(client: Owned) -> Connected:
    return client.connect()


def ask(client: Owned, car: Connected, query: str = f"signal={ODOMETER}") -> Answer:
    return client.ask("GET", f"/v1/vehicles/{car.vehicle_id}/why?{query}", [car.bearer])


def why(client: Owned, car: Connected, query: str = f"signal={ODOMETER}") -> dict[str, Any]:
    answer = ask(client, car, query)
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    assert [step["step"] for step in found["steps"]] == STEPS
    return found


def move(client: Owned, seconds: int) -> None:
    assert client.post("/v1/simulator/clock", {"step": seconds}).status == 200


def break_it(client: Owned, car: Connected, kind: str) -> None:
    assert client.post(f"/v1/simulator/cars/{car.vins[0]}/faults", {"kind": kind}).status == 200


def test_the_body(client: Owned, car: Connected) -> None:
    found = why(client, car)
    assert list(found) == ["vehicle_id", "signal", "command", "at", "asked", "blocked_by", "steps", "last"]
    assert list(found["steps"][0]) == ["step", "verdict", "fact", "would_change", "kind", "retry_after_s"]
    assert (found["vehicle_id"], found["signal"], found["command"]) == (car.vehicle_id, ODOMETER, None)
    assert (found["blocked_by"], found["last"], found["asked"]) == (None, None, False)

    assert client.as_owner(car, "GET", "/odometer").status == 200
    move(client, 600)
    found = why(client, car, f"signal={ODOMETER}&max_age=3600")
    assert (found["blocked_by"], found["last"]["age_s"]) == (None, 600.0)
    assert list(found["last"]) == ["measured_at", "maker_at", "fetched_at", "age_s"]
    assert found["at"] == "2026-01-05T06:10:00Z"
    assert why(client, car, f"signal={ODOMETER}&max_age=599")["blocked_by"] == "age"
    asked = why(client, car, f"signal={ODOMETER}&max_age=599&ask=true")
    assert (asked["blocked_by"], asked["asked"]) == (None, True)


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("BILLING:INVALID_PLAN", "plan"),
        ("COMPATIBILITY:VEHICLE_NOT_CAPABLE", "capability"),
        ("CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION", "connection"),
        ("VEHICLE_STATE:IN_MOTION", "car_state"),
        ("UPSTREAM:NO_RESPONSE", "maker"),
    ],
)
def test_what_the_car_answered_last_is_the_cause(client: Owned, car: Connected, kind: str, step: str) -> None:
    break_it(client, car, kind)
    assert why(client, car)["blocked_by"] is None  # nobody has asked
    found = why(client, car, f"signal={ODOMETER}&ask=1")
    assert found["blocked_by"] == step
    assert found == {**why(client, car), "asked": True}
    (blocks,) = [each for each in found["steps"] if each["verdict"] == "blocks"]
    assert blocks["kind"] == kind


def test_what_is_not_granted(client: Owned) -> None:
    car = client.connect("narrow@example.com", permissions=["read_vin"])
    for query in (f"signal={ODOMETER}", f"signal={ODOMETER}&ask=true", "command=security-lock"):
        found = why(client, car, query)
        assert (found["blocked_by"], found["last"], found["asked"]) == ("permission", None, False)
    assert why(client, car, "signal=vehicleidentification-vin")["blocked_by"] is None


def test_a_command_is_explained_and_not_given(client: Owned, car: Connected) -> None:
    found = why(client, car, "command=security-lock")
    assert (found["signal"], found["command"], found["steps"][-1]["verdict"]) == (None, "security-lock", "skipped")
    assert why(client, car, "command=charge-start&max_age=&ask=false")["command"] == "charge-start"
    lines = client.run(client.carwire.store.audit(0, 1000))
    assert not [line for line in lines if line.kind == "command"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "signal"),
        ("signal=", "signal"),
        ("signal=undefined", "signal"),
        (f"signal={ODOMETER}&command=security-lock", "signal"),
        ("signal=nothing", "signal"),
        ("signal=ODOMETER-TRAVELEDDISTANCE", "signal"),
        ("signal=%ff", "signal"),
        ("signal=%00", "signal"),
        (f"signal={'x' * 5000}", "signal"),
        (f"signal={ODOMETER}&signal={ODOMETER}", "signal"),
        ("command=fly", "command"),
        ("command=SECURITY-LOCK", "command"),
        ("command=security-lock&max_age=60", "max_age"),
        ("command=security-lock&ask=true", "ask"),
        *(
            (f"signal={ODOMETER}&max_age={value}", "max_age")
            for value in ("-1", "1.5", "x", "1e3", "9999999999", "NaN")
        ),
        *((f"signal={ODOMETER}&ask={value}", "ask") for value in ("maybe", "2", "yes")),
        (f"signal={ODOMETER}&codes=x", "codes"),
        (f"signal={ODOMETER}&" + "a=b&" * 3000, "query"),
    ],
)
def test_bad_input_is_refused_by_name(client: Owned, car: Connected, query: str, field: str) -> None:
    check_error(client, ask(client, car, query), 400, field)


def test_nobody_and_strangers_learn_nothing(client: Owned, car: Connected) -> None:
    target = f"/v1/vehicles/{car.vehicle_id}/why?signal={ODOMETER}"
    check_error(client, client.ask("GET", target), 401)
    check_error(client, client.ask("GET", target, [client.basic]), 401)
    other = client.another().connect("other@example.com")
    check_error(client, client.ask("GET", target, [other.bearer]), 404)
    check_error(client, client.ask("GET", f"/v1/vehicles/x/why?signal={ODOMETER}", [car.bearer]), 400, "id")
    check_error(client, client.ask("POST", target, [car.bearer]), 405)


def test_an_application_s_own_token_asks_too(client: Owned) -> None:
    car, neighbour = client.connect("one@a.example", "TESLA"), client.connect("two@a.example", "TESLA")
    target = f"/v1/vehicles/{car.vehicle_id}/why?signal={ODOMETER}"
    whole = client.ask("GET", target, [car.bearer]).json()
    for headers in ([client.machine], [client.machine, (b"sc-user-id", car.user_id.encode())]):
        answer = client.ask("GET", target, headers)
        assert answer.json()["blocked_by"] == whole["blocked_by"]
    stranger = [client.machine, (b"sc-user-id", neighbour.user_id.encode())]
    check_error(client, client.ask("GET", target, stranger), 404)
    check_error(client, client.ask("GET", target, [client.another().machine]), 404)


def test_the_document_names_every_signal_and_command(client: Owned) -> None:
    operation = client.ask("GET", "/openapi.json").json()["paths"]["/v1/vehicles/{id}/why"]["get"]
    choices = {each["name"]: each["schema"].get("enum", []) for each in operation["parameters"]}
    assert ODOMETER in choices["signal"]
    assert "security-lock" in choices["command"]
    assert set(operation["responses"]) >= {"200", "400", "401", "404", "429"}
    assert "501" not in operation["responses"]
    assert "sc-data-age" not in operation["responses"]["200"]["headers"]
