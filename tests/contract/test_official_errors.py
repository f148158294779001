"""Every way to fail that a tester can order, through both official SDKs' error classes and as the strictest reads it.

The addresses, VINs, statuses and resolutions are the contract's, written down here once more, so that the server's own
tables are not measured by themselves.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import pytest
from tests.conftest import Answer, Server, page_has_anchor
from tests.contract.conforming import as_heard
from tests.contract.hands import Car, Hand

from carwire.conformance.errors import expect_error

pytestmark = [pytest.mark.browser]

# Type → status; code → the rest of the VIN, and the resolution where it has one.
STATUS: Final = {
    "COMPATIBILITY": 501,
    "CONNECTED_SERVICES_ACCOUNT": 400,
    "UPSTREAM": 502,
    "VEHICLE_STATE": 409,
}
LOGINS: Final[dict[str, tuple[str, str | None]]] = {
    "COMPATIBILITY.MAKE_NOT_COMPATIBLE": ("70BE6600", None),
    "COMPATIBILITY.SMARTCAR_NOT_CAPABLE": ("DC18F57F", None),
    "COMPATIBILITY.VEHICLE_NOT_CAPABLE": ("4C7CDF7A", None),
    "CONNECTED_SERVICES_ACCOUNT.ACCOUNT_ISSUE": ("6BAAA136", None),
    "CONNECTED_SERVICES_ACCOUNT.AUTHENTICATION_FAILED": ("1D803C7B", "REAUTHENTICATE"),
    "CONNECTED_SERVICES_ACCOUNT.NO_VEHICLES": ("7671837B", None),
    "CONNECTED_SERVICES_ACCOUNT.SUBSCRIPTION": ("B9BAF29F", None),
    "CONNECTED_SERVICES_ACCOUNT.VEHICLE_MISSING": ("4E29EEBD", None),
    "UPSTREAM.INVALID_DATA": ("98A0A649", "RETRY_LATER"),
    "UPSTREAM.KNOWN_ISSUE": ("A8760B72", "RETRY_LATER"),
    "UPSTREAM.NO_RESPONSE": ("C23E43AB", "RETRY_LATER"),
    "UPSTREAM.UNKNOWN_ISSUE": ("D4878901", "RETRY_LATER"),
    "VEHICLE_STATE.ASLEEP": ("E8896323", None),
    "VEHICLE_STATE.CHARGING_IN_PROGRESS": ("21F1E672", None),
    "VEHICLE_STATE.CHARGING_PLUG_NOT_CONNECTED": ("CBFC7C21", None),
    "VEHICLE_STATE.DOOR_OPEN": ("F8BD90B8", None),
    "VEHICLE_STATE.FULLY_CHARGED": ("9CD9D894", None),
    "VEHICLE_STATE.HOOD_OPEN": ("19CD4A2C", None),
    "VEHICLE_STATE.IGNITION_ON": ("1D49E58A", None),
    "VEHICLE_STATE.IN_MOTION": ("4F6EE640", None),
    "VEHICLE_STATE.REMOTE_ACCESS_DISABLED": ("588A5CC1", None),
    "VEHICLE_STATE.TRUNK_OPEN": ("3C607FDB", None),
    "VEHICLE_STATE.UNKNOWN": ("E6CC0314", "RETRY_LATER"),
    "VEHICLE_STATE.UNREACHABLE": ("47EBF067", None),
    "VEHICLE_STATE.VEHICLE_OFFLINE_FOR_SERVICE": ("AF1D71A1", None),
}
READS: Final = (
    *("/odometer", "/fuel", "/battery", "/battery/capacity", "/battery/nominal_capacity", "/charge", "/charge/limit"),
    *("/engine/oil", "/location", "/tires/pressure", "/security", "/service/history"),
    *("/diagnostics/system_status", "/diagnostics/dtcs"),
)
COMMANDS: Final = ("lock", "unlock", "start_charge", "stop_charge")


def check_strictly(server: Server, answer: Answer) -> Any:
    """Read an error as the Java SDK does: a key that is missing, or null where it is not allowed, is no error of its
    own there but a crash. Its table of headers knows lower case only, and waits whole seconds.
    """
    assert all(name == name.lower() for name, _ in answer.headers), answer.headers
    expect_error(as_heard(answer))
    body = answer.json()
    assert (answer.header("retry-after") or "0").isdigit()
    assert (answer.header("retry-after") is not None) is (body["type"] == "RATE_LIMIT")
    assert page_has_anchor(server, body["docURL"].removeprefix(server.base_url))
    return body


def owner(hand: Hand, login: str) -> Car:
    """The car behind a login, connected once for each SDK."""
    return hand.cars.get(login) or hand.cars.setdefault(login, hand.connect(username=f"{login}@smartcar.com"))


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_of_errors_meets_its_error_in_every_read(hand: Hand, login: str) -> None:
    kind, _, code = login.partition(".")
    rest, resolution = LOGINS[login]
    car = owner(hand, login)
    error = hand.vehicle_error(car, "odometer")
    assert (error["statusCode"], error["type"], error["code"]) == (STATUS[kind], kind, code)
    assert error["resolution"]["type"] == resolution
    assert ("url" in error["resolution"]) is (code == "AUTHENTICATION_FAILED")
    assert error["message"] == f"{kind}:{code} - {error['description']}"
    assert "Carwire demo" in error["suggestedUserMessage"]
    assert error["docURL"].endswith(f"-errors#{code.lower().replace('_', '-')}")
    assert len(error["requestId"]) == 36
    assert "detail" not in error
    assert "retryAfter" not in error
    assert hand.vehicle(car, "vin")["vin"] == f"0SCLR0002{rest}"
    assert hand.vehicle(car, "attributes")["id"] == car.id
    assert hand.vehicle(car, "permissions")["permissions"]


@pytest.mark.parametrize("login", LOGINS)
def test_the_strictest_sdk_reads_every_error_of_a_login(python_hand: Hand, login: str) -> None:
    kind, _, code = login.partition(".")
    car = owner(python_hand, login)
    for path in READS:
        body = check_strictly(python_hand.server, python_hand.ask(car, path))
        assert (body["type"], body["code"]) == (kind, code), path


@pytest.mark.parametrize("login", ["VEHICLE_STATE.DOOR_OPEN", "UPSTREAM.NO_RESPONSE", "VEHICLE_STATE.UNREACHABLE"])
def test_a_login_of_errors_meets_its_error_in_commands(hand: Hand, login: str) -> None:
    car = owner(hand, login)
    for command in COMMANDS:
        error = hand.vehicle_error(car, command)
        assert f"{error['type']}.{error['code']}" == login


def test_a_token_nobody_gave_is_refused_everywhere(hand: Hand) -> None:
    """Both suites: no detail, and a resolution that is empty but there."""
    known = hand.cars["TESLA"]
    for token in ("garbage", str(uuid4()), known.refresh_token):
        car = Car(known.id, token, "", "", [])
        for error in (
            hand.error("get_user", token),
            hand.error("get_vehicles", token),
            *(
                hand.vehicle_error(car, name)
                for name in ("attributes", "odometer", "permissions", "lock", "disconnect")
            ),
            hand.vehicle_error(car, "batch", ["/odometer"]),
            hand.vehicle_error(car, "subscribe", str(uuid4())),
        ):
            assert (error["statusCode"], error["type"]) == (401, "AUTHENTICATION")
            assert error["resolution"] == {"type": None}
            assert not {"code", "detail"} & set(error)


def test_a_vehicle_of_another_owner_is_as_unknown_as_one_that_is_none(hand: Hand) -> None:
    token, other = hand.cars["TESLA"].token, hand.cars["CHEVROLET"].id
    for vehicle_id in (other, str(uuid4())):
        car = Car(vehicle_id, token, "", "", [])
        for name in ("attributes", "odometer", "permissions", "lock", "disconnect"):
            error = hand.vehicle_error(car, name)
            assert (error["statusCode"], error["type"]) == (403, "PERMISSION")
            assert error["resolution"] == {"type": "REAUTHENTICATE"}
    assert hand.vehicle(hand.cars["CHEVROLET"], "odometer")["distance"] > 0


def test_an_id_that_is_none_is_no_request(hand: Hand) -> None:
    """Python suite: 400, and a resolution with nothing in it."""
    for wrong in ("bad_id", "1", "x" * 36):
        error = hand.vehicle_error(Car(wrong, hand.cars["TESLA"].token, "", "", []), "attributes")
        assert (error["statusCode"], error["type"], error["resolution"]) == (400, "VALIDATION", {"type": None})


def test_what_was_not_granted_is_refused_with_words_for_the_owner(hand: Hand) -> None:
    """Python suite: an exception of ten members, whose text has no code where there is none."""
    car = hand.cars["KIA"]
    raw = hand.sdk.error(hand.named("vehicle.odometer"), hand.made(car, {}))
    error = hand.members(raw)
    assert (error["statusCode"], error["type"]) == (403, "PERMISSION")
    assert "Carwire demo" in error["suggestedUserMessage"]
    if hand.name == "python":
        assert len(raw["attributes"]) == 10
        assert error["message"].startswith("PERMISSION - ")
    else:
        assert error["message"].startswith("PERMISSION:null - ")


def test_a_tesla_has_no_fuel(hand: Hand) -> None:
    error = hand.vehicle_error(hand.cars["TESLA"], "fuel")
    assert (error["statusCode"], error["type"], error["code"]) == (501, "COMPATIBILITY", "VEHICLE_NOT_CAPABLE")
