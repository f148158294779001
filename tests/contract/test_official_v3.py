"""Errors of v3 through both official SDKs: each becomes their own error, with all its members, and none their
`SDK_ERROR`.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import page_has_anchor
from tests.contract.hands import EVERYTHING, Hand
from tests.contract.machines import machine_of
from tests.contract.rows.types import ALWAYS
from tests.contract.rows.v3 import ODOMETER, bodies

pytestmark = [pytest.mark.browser]


def check_error(hand: Hand, found: dict[str, Any], status: int, kind: str, code: str | None) -> None:
    """Fail unless an error has every member an SDK can read, and these, and its page is there."""
    assert set(found) - {"suggestedUserMessage", "detail", "code"} == ALWAYS
    assert (found["statusCode"], found["type"], found.get("code")) == (status, kind, code)
    assert len(found["requestId"]) == 36
    assert found["resolution"] == {"type": "CONTACT_SUPPORT" if kind == "BILLING" else None}
    assert found["message"].endswith(f" - {found['description']}")
    assert found["message"].startswith(kind)
    assert page_has_anchor(hand.server, found["docURL"].removeprefix(hand.server.base_url))


def test_a_signal_nobody_knows_is_not_found(hand: Hand) -> None:
    for code in ("nothing", "battery", "odometer-"):
        found = hand.vehicle_error(hand.cars["TESLA"], "get_signal", code)
        check_error(hand, found, 404, "RESOURCE_NOT_FOUND", "PATH")


def test_a_vehicle_of_nobody_or_of_another_is_not_found(hand: Hand) -> None:
    car, other = hand.cars["TESLA"], hand.cars["BMW"]
    for id_ in (str(uuid4()), other.id):
        check_error(hand, hand.error("get_vehicle", car.token, id_), 404, "RESOURCE_NOT_FOUND", "PATH")
        for method, *args in (("get_signals",), ("get_signal", ODOMETER)):
            stranger = type(car)(id_, car.token, "", car.user_id, [])
            check_error(hand, hand.vehicle_error(stranger, method, *args), 404, "RESOURCE_NOT_FOUND", "PATH")


def test_an_id_that_is_none_is_refused_by_name(hand: Hand) -> None:
    found = hand.error("get_vehicle", hand.cars["TESLA"].token, "tesla-3")
    check_error(hand, found, 400, "VALIDATION", None)
    assert [each["field"] for each in found["detail"]] == ["vehicleId"]


def test_a_token_nobody_gave_is_refused(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    token = str(uuid4())
    check_error(hand, hand.error("get_vehicle", token, car.id), 401, "AUTHENTICATION", None)
    stranger = type(car)(car.id, token, "", car.user_id, [])
    for method, *args in (("get_signals",), ("get_signal", ODOMETER)):
        check_error(hand, hand.vehicle_error(stranger, method, *args), 401, "AUTHENTICATION", None)


def test_what_is_no_token_of_an_owner_is_refused_in_the_documented_form(hand: Hand) -> None:
    """Which no SDK reads: of it they know the status and the request."""
    found = hand.error("get_vehicle", "garbage", hand.cars["TESLA"].id)
    assert found["statusCode"] == 401
    assert len(found["requestId"]) == 36


def test_a_fault_stays_inside_the_signal_it_is_about(hand: Hand) -> None:
    car = hand.connect()
    hand.break_down(car, kind="UPSTREAM:NO_RESPONSE", codes=[ODOMETER])
    found = hand.vehicle(car, "get_signals")
    states = {each["id"]: each["attributes"]["status"] for each in found["body"]["data"]}
    broken = states[ODOMETER]
    assert broken["value"] == "ERROR"
    assert set(broken["error"]) == {"type", "code", "description", "resolution"}
    assert (broken["error"]["type"], broken["error"]["code"]) == ("UPSTREAM", "NO_RESPONSE")
    assert broken["error"]["resolution"] == {"type": "RETRY_LATER"}
    assert states["tractionbattery-stateofcharge"] == {"value": "SUCCESS"}
    alone = hand.vehicle(car, "get_signal", ODOMETER)
    assert alone["body"]["attributes"]["status"] == broken
    assert hand.vehicle_error(car, "odometer")["type"] == "UPSTREAM"


def test_what_was_not_granted_is_said_inside_the_signal(hand: Hand) -> None:
    car = hand.connect("CHEVROLET", ["read_odometer"])
    found = hand.vehicle(car, "get_signals")
    states = {each["id"]: each["attributes"]["status"] for each in found["body"]["data"]}
    assert states[ODOMETER] == {"value": "SUCCESS"}
    error = states["tractionbattery-stateofcharge"]["error"]
    assert (error["type"], error["code"]) == ("PERMISSION", "UNKNOWN")
    assert bodies(found)["tractionbattery-stateofcharge"] == {}
    assert hand.vehicle_error(car, "battery")["type"] == "PERMISSION"


def test_what_a_plan_does_not_allow_fails_the_whole_call(hand: Hand) -> None:
    car = hand.connect()
    hand.break_down(car, kind="BILLING:VEHICLE_LIMIT")
    for method, *args in (("get_signals",), ("get_signal", ODOMETER)):
        found = hand.vehicle_error(car, method, *args)
        check_error(hand, found, 430, "BILLING", "VEHICLE_LIMIT")
    assert hand.call("get_vehicle", car.token, car.id)["body"]["id"] == car.id  # no car is asked


def test_a_connection_cut_in_v3_ends_what_the_owners_token_reaches(hand: Hand) -> None:
    car = hand.connect("CHEVROLET", EVERYTHING)
    machine = machine_of(hand.server)
    listed = machine.get(f"/connections?filter[vehicle.mode]=simulated&filter[vehicleId]={car.id}")
    (connection,) = listed["data"]
    assert machine.ask("DELETE", f"/connections/{connection['id']}").status == 204
    check_error(hand, hand.error("get_vehicle", car.token, car.id), 404, "RESOURCE_NOT_FOUND", "PATH")
    assert hand.vehicle_error(car, "odometer")["statusCode"] == 403
