"""Answers as the strictest SDK needs them: keys and types, headers in lower case, moments of one form."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final
from uuid import uuid4

import pytest
from tests.conftest import Answer, basic
from tests.contract.conforming import as_heard
from tests.contract.hands import Car, Hand
from tests.contract.test_official_errors import check_strictly

from carwire.conformance import CHECKS, Access, Report, Talk, run
from carwire.conformance.expecting import expect_keys
from carwire.conformance.reads import READS
from carwire.conformance.shapes import expect_shape
from carwire.conformance.web import Web
from carwire.kit.secrets import Secret

pytestmark = [pytest.mark.browser]

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
    heard = as_heard(answer)
    heard.expect_json()
    heard.expect_request_id()
    for name in ("sc-data-age", "sc-fetched-at"):
        if answer.header(name) is not None:
            heard.expect_moment(name)


def bearer(car: Car) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + car.token.encode()


@pytest.mark.parametrize("path", READS)
def test_a_read_has_its_keys_and_types_and_no_others(python_hand: Hand, path: str) -> None:
    """As the conformance kit has them; and a plug-in hybrid that has everything may not leave any of them null."""
    answer = python_hand.ask(volt(python_hand), path)
    assert answer.status == 200, answer
    check_headers(answer)
    body, read = answer.json(), READS[path]
    if read.keys:
        expect_keys(body, set(read.keys))
        assert [key for key, value in body.items() if value is None] == (
            ["url"] if path.endswith("nominal_capacity") else []
        )
    expect_shape(body, read.shape)


def test_the_conformance_kit_passes_what_the_suites_connected(python_hand: Hand) -> None:
    server, car = python_hand.server, volt(python_hand)
    access = Access(
        client_id=server.client_id,
        client_secret=Secret(server.client_secret),
        management_token=Secret(python_hand.amt),
        access_token=Secret(car.token),
    )

    async def ask() -> Report:
        async with Web(server.base_url, 30) as web:
            return await run(Talk(server.base_url, web, access), CHECKS)

    found = asyncio.run(ask())
    assert [each for each in found.findings if each.outcome == "fails"] == []
    assert found.counts["holds"] > 150


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


def test_refusals_the_kit_does_not_ask_for_are_read_by_the_strictest(python_hand: Hand) -> None:
    server, car = python_hand.server, volt(python_hand)
    base = f"/v2.0/vehicles/{car.id}"
    asked = [
        ("GET", f"{base}/odometer", [server.basic], 401),
        ("GET", f"{base}/odometer", [bearer(python_hand.cars["KIA"])], 403),
        ("GET", f"/v2.0/vehicles/{uuid4()}/", [bearer(car)], 403),
        ("GET", "/v1.0/user", [bearer(car)], 404),
        ("PUT", f"{base}/odometer", [bearer(car)], 405),
        ("POST", f"{base}/batch", [bearer(car)], 400),
        ("POST", f"{base}/security", [bearer(car)], 400),
        ("DELETE", f"{base}/webhooks/webhookID", [(b"authorization", b"Bearer amt")], 401),
        ("DELETE", "/v2.0/management/connections", [basic(f"default:{python_hand.amt}")], 400),
    ]
    for method, target, headers, status in asked:
        answer = server.ask(method, target, headers)
        assert answer.status == status, (method, target, answer)
        check_strictly(server, answer)
