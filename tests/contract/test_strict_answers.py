"""Answers as the strictest SDK needs them: keys and types, headers in lower case, moments of one form."""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from tests.conftest import Answer, basic
from tests.contract.hands import Car, Hand
from tests.contract.test_official_errors import check_strictly

pytestmark = [pytest.mark.browser]

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NUMBER: Final = (int, float)
# Path → key → type. A plug-in hybrid that has everything may not leave any of them null.
READS: Final[dict[str, dict[str, Any]]] = {
    "/": {"id": str, "make": str, "model": str, "year": int},
    "/permissions": {"permissions": list, "paging": dict},
    "/vin": {"vin": str},
    "/odometer": {"distance": NUMBER},
    "/fuel": {"range": NUMBER, "percentRemaining": NUMBER, "amountRemaining": NUMBER},
    "/battery": {"percentRemaining": NUMBER, "range": NUMBER},
    "/battery/capacity": {"capacity": NUMBER},
    "/battery/nominal_capacity": {"availableCapacities": list, "capacity": dict, "url": (str, type(None))},
    "/charge": {"isPluggedIn": bool, "state": str},
    "/charge/limit": {"limit": NUMBER},
    "/engine/oil": {"lifeRemaining": NUMBER},
    "/location": {"latitude": float, "longitude": float},
    "/tires/pressure": dict.fromkeys(("frontLeft", "frontRight", "backLeft", "backRight"), NUMBER),
    "/security": {"isLocked": bool, **dict.fromkeys(("doors", "windows", "sunroof", "storage", "chargingPort"), list)},
    "/diagnostics/system_status": {"systems": list},
    "/diagnostics/dtcs": {"activeCodes": list},
}
COMMANDS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("/security", {"action": "LOCK"}),
    ("/security", {"action": "UNLOCK"}),
    ("/charge", {"action": "START"}),
    ("/charge", {"action": "STOP"}),
    ("/charge/limit", {"limit": 0.8}),
    ("/navigation/destination", {"latitude": 40.748817, "longitude": -73.985428}),
]


def volt(hand: Hand) -> Car:
    return hand.cars.get("STRICT") or hand.cars.setdefault("STRICT", hand.connect("CHEVROLET"))


def check_headers(answer: Answer) -> None:
    """Lower case, JSON, a request id, and moments with three digits and the letter."""
    assert all(name == name.lower() for name, _ in answer.headers)
    assert answer.header("content-type") == "application/json"
    assert str(UUID(answer.header("sc-request-id"))) == answer.header("sc-request-id")
    for name in ("sc-data-age", "sc-fetched-at"):
        assert MOMENT.fullmatch(answer.header(name) or "2026-01-05T06:00:00.000Z")


def bearer(car: Car) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + car.token.encode()


@pytest.mark.parametrize("path", READS)
def test_a_read_has_its_keys_and_types_and_no_others(python_hand: Hand, path: str) -> None:
    answer = python_hand.ask(volt(python_hand), path)
    assert answer.status == 200, answer
    check_headers(answer)
    body = answer.json()
    assert set(body) == set(READS[path])
    for key, kind in READS[path].items():
        assert isinstance(body[key], kind), (key, body[key])
        assert kind is bool or not isinstance(body[key], bool), key


@pytest.mark.parametrize(("path", "body"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_command_is_answered_with_a_status_and_a_message(python_hand: Hand, path: str, body: dict[str, Any]) -> None:
    car = volt(python_hand)
    python_hand.set(car, "parked", charge=0.4, plug="ac", locked=True)
    if body.get("action") == "START" or "limit" in body:
        python_hand.vehicle(car, "stop_charge")
    headers = [bearer(car), (b"content-type", b"application/json; charset=utf-8")]
    answer = python_hand.server.ask("POST", f"/v2.0/vehicles/{car.id}{path}", headers, json.dumps(body).encode())
    assert answer.status == 200, answer
    check_headers(answer)
    assert answer.json() == {"status": "success", "message": "Successfully sent request to vehicle"}


def test_the_answers_that_are_of_no_car_have_their_keys(python_hand: Hand) -> None:
    server, car = python_hand.server, volt(python_hand)
    amt, webhook = basic(f"default:{python_hand.amt}"), f"/v2.0/vehicles/{car.id}/webhooks/{python_hand.webhook_id}"
    raw_amt = (b"authorization", b"Bearer " + python_hand.amt.encode())
    doomed, other = python_hand.connect(), python_hand.connect()
    asked = [
        ("GET", "/v2.0/user/", bearer(car), {"id"}),
        ("GET", "/v2.0/vehicles/", bearer(car), {"vehicles", "paging"}),
        ("POST", webhook, bearer(car), {"webhookId", "vehicleId"}),
        ("DELETE", webhook, raw_amt, {"status"}),
        ("DELETE", f"/v2.0/vehicles/{doomed.id}/application", bearer(doomed), {"status"}),
        ("GET", "/v2.0/management/connections/", amt, {"connections", "paging"}),
        ("DELETE", f"/v2.0/management/connections/?vehicle_id={other.id}", amt, {"connections"}),
        ("GET", "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin&country=US", server.basic, None),
    ]
    for method, target, credentials, keys in asked:
        answer = server.ask(method, target, [credentials])
        assert answer.status == 200, answer
        check_headers(answer)
        assert set(answer.json()) == (keys or {"compatible", "reason", "capabilities"}), target


def test_the_items_of_a_batch_are_objects_with_headers(python_hand: Hand) -> None:
    car = volt(python_hand)
    body = json.dumps({"requests": [{"path": path} for path in (*READS, "/tesla/compass")]}).encode()
    answer = python_hand.server.ask("POST", f"/v2.0/vehicles/{car.id}/batch", [bearer(car)], body)
    check_headers(answer)
    for item in answer.json()["responses"]:
        assert set(item) == {"path", "code", "body", "headers"}
        assert isinstance(item["body"], dict)
        assert isinstance(item["code"], int)
        assert all(name == name.lower() and isinstance(value, str) for name, value in item["headers"].items())
        assert (item["headers"].get("content-type") == "application/json") is (item["code"] != 200)


def test_every_refusal_that_is_of_no_car_is_read_by_the_strictest(python_hand: Hand) -> None:
    server, car = python_hand.server, volt(python_hand)
    base = f"/v2.0/vehicles/{car.id}"
    asked = [
        ("GET", f"{base}/odometer", [], 401),
        ("GET", f"{base}/odometer", [server.basic], 401),
        ("GET", f"{base}/odometer", [bearer(python_hand.cars["KIA"])], 403),
        ("GET", "/v2.0/vehicles/bad_id/", [bearer(car)], 400),
        ("GET", f"/v2.0/vehicles/{uuid4()}/", [bearer(car)], 403),
        ("GET", f"{base}/nothing", [bearer(car)], 404),
        ("GET", "/v1.0/user", [bearer(car)], 404),
        ("PUT", f"{base}/odometer", [bearer(car)], 405),
        ("POST", f"{base}/batch", [bearer(car)], 400),
        ("POST", f"{base}/security", [bearer(car)], 400),
        ("POST", f"{base}/webhooks/webhookID", [bearer(car)], 400),
        ("DELETE", f"{base}/webhooks/webhookID", [(b"authorization", b"Bearer amt")], 401),
        ("GET", "/v2.0/management/connections", [basic("default:amt")], 401),
        ("DELETE", "/v2.0/management/connections", [basic(f"default:{python_hand.amt}")], 400),
        ("GET", "/v2.0/compatibility?vin=x", [server.basic], 400),
    ]
    for method, target, headers, status in asked:
        answer = server.ask(method, target, headers)
        assert answer.status == status, (method, target, answer)
        check_strictly(server, answer)


def test_the_token_endpoint_answers_in_its_own_form_with_two_texts(python_hand: Hand) -> None:
    server, form = python_hand.server, (b"content-type", b"application/x-www-form-urlencoded")
    asked: list[tuple[dict[str, str], tuple[bytes, bytes], int]] = [
        ({"grant_type": "authorization_code", "code": "x"}, server.basic, 400),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, server.basic, 400),
        ({"grant_type": "password"}, server.basic, 400),
        ({}, server.basic, 400),
        ({"grant_type": "authorization_code", "code": "x"}, basic("a:b"), 401),
    ]
    for fields, credentials, status in asked:
        answer = server.ask("POST", "/oauth/token", [credentials, form], urlencode(fields).encode())
        assert answer.status == status
        check_headers(answer)
        body = answer.json()
        assert set(body) == {"error", "error_description"}
        assert all(isinstance(text, str) and text for text in body.values())
