"""The official npm package, unmodified, against a started server: rows F6 and F7 of the parity table, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server, page_has_anchor, until
from tests.contract.conftest import HERE, Sdk, running

pytestmark = pytest.mark.node

TESLA = "5YJXCDE22HF068739"
AUDI = "WAUAFAFL1GN014882"
LEVELS = "Field must be one of: [compatible,phev,incompatible,fuel,dinosaur,bev]"


@pytest.fixture
def credentials(server: Server) -> dict[str, str]:
    return {"clientId": server.client_id, "clientSecret": server.client_secret}


def check_error(server: Server, error: dict[str, Any], *, status: int, kind: str, code: str | None) -> None:
    """Every attribute of ``SmartcarError``: null ones are not set by the SDK."""
    assert error["class"] == "SmartcarError"
    found = error["attributes"]
    optional = ({"code"} if code else set()) | ({"detail"} if "detail" in found else set())
    assert set(found) == {
        *("name", "message", "type", "description", "docURL", "statusCode", "requestId", "resolution"),
        *optional,
    }
    assert (found["name"], found["statusCode"], found["type"]) == ("SmartcarError", status, kind)
    assert found.get("code") == code
    assert len(found["requestId"]) == 36
    until(lambda: found["requestId"] in server.log)
    assert found["resolution"] == {"type": None}
    assert found["message"] == f"{kind}:{code or 'null'} - {found['description']}"
    assert page_has_anchor(server, found["docURL"].removeprefix(server.base_url))


@pytest.mark.parametrize(("vin", "capable"), [(TESLA, True), (AUDI, False)])
def test_get_compatibility_holds_what_the_e2e_suite_asserts(
    node_sdk: Sdk, credentials: dict[str, str], vin: str, capable: bool
) -> None:
    found = node_sdk.call("getCompatibility", vin, ["read_odometer", "read_location"], None, credentials)
    assert set(found) == {"compatible", "reason", "capabilities", "meta"}
    assert (found["compatible"], found["reason"]) == (True, None)
    assert len(found["meta"]["requestId"]) == 36
    assert len(found["capabilities"]) == 2
    assert [c["capable"] for c in found["capabilities"]] == [capable, capable]


def test_get_compatibility_matrix_holds_what_the_e2e_suite_asserts(node_sdk: Sdk, credentials: dict[str, str]) -> None:
    options = {"scope": ["read_battery", "read_charge"], "make": "NISSAN", "type": "BEV", **credentials}
    found = node_sdk.call("getCompatibilityMatrix", "US", options)
    assert set(found) == {"NISSAN", "meta"}
    assert found["NISSAN"]
    for line in found["NISSAN"]:
        assert set(line) == {"model", "type", "startYear", "endYear", "endpoints", "permissions"}
        assert line["type"] == "BEV"
        assert {"read_battery", "read_charge"} <= set(line["permissions"])
    assert len(found["meta"]["requestId"]) == 36


def test_the_third_argument_may_be_country_null_or_the_options(node_sdk: Sdk, credentials: dict[str, str]) -> None:
    scope = ["read_odometer", "read_vin"]
    expected = node_sdk.call("getCompatibility", TESLA, scope)["capabilities"]
    for more in ((None,), ("US",), (credentials,), (None, credentials), ("US", credentials)):
        assert node_sdk.call("getCompatibility", TESLA, scope, *more)["capabilities"] == expected
    elsewhere = node_sdk.call("getCompatibility", TESLA, scope, "JP", credentials)
    assert (elsewhere["compatible"], elsewhere["reason"]) == (False, "MAKE_NOT_COMPATIBLE")
    assert node_sdk.call("getCompatibility", TESLA, scope, "DE")["capabilities"] == expected


def test_flags_are_accepted(node_sdk: Sdk) -> None:
    options = {"flags": {"country": "DE", "beta": True}}
    assert node_sdk.call("getCompatibility", TESLA, ["read_odometer"], "US", options)["compatible"] is True
    assert node_sdk.call("getCompatibilityMatrix", "US", {**options, "make": "NISSAN"})["NISSAN"]


@pytest.mark.parametrize("mode", [{"mode": "test"}, {"mode": "simulated"}, {"testMode": True}, {}])
@pytest.mark.parametrize(
    ("level", "battery", "fuel"),
    [
        ("compatible", True, True),
        ("phev", True, True),
        ("bev", True, False),
        ("fuel", False, True),
        ("dinosaur", False, True),
    ],
)
def test_test_mode_answers_by_its_level(
    node_sdk: Sdk, mode: dict[str, object], level: str, battery: bool, fuel: bool
) -> None:
    options = {**mode, "testModeCompatibilityLevel": level}
    found = node_sdk.call("getCompatibility", AUDI, ["read_battery", "read_fuel"], "US", options)
    assert [(c["endpoint"], c["capable"]) for c in found["capabilities"]] == [
        ("/battery", battery),
        ("/battery/capacity", battery),
        ("/fuel", fuel),
    ]


def test_test_mode_answers_incompatible(node_sdk: Sdk) -> None:
    options = {"testModeCompatibilityLevel": "incompatible"}
    found = node_sdk.call("getCompatibility", TESLA, ["read_vin"], None, options)
    assert (found["compatible"], found["reason"], found["capabilities"]) == (False, "VEHICLE_NOT_COMPATIBLE", [])


@pytest.mark.parametrize("mode", [{"mode": "live"}, {"testMode": False}])
def test_live_mode_is_no_test(node_sdk: Sdk, mode: dict[str, object]) -> None:
    found = node_sdk.call("getCompatibility", "WBAKE5C58DJ107700", ["read_vin"], None, mode)
    assert found["reason"] == "VEHICLE_NOT_COMPATIBLE"


@pytest.mark.parametrize("mode", [{"mode": "test"}, {"mode": "simulated"}, {"testMode": True}])
def test_test_mode_without_a_level_is_refused(node_sdk: Sdk, server: Server, mode: dict[str, object]) -> None:
    error = node_sdk.error("getCompatibility", AUDI, ["read_vehicle_info"], None, mode)
    check_error(server, error, status=400, kind="VALIDATION", code=None)
    assert error["attributes"]["detail"] == [{"field": "test_mode_compatibility_level", "message": LEVELS}]


def test_the_matrix_takes_lists_and_texts(node_sdk: Sdk) -> None:
    as_list = node_sdk.call("getCompatibilityMatrix", "EUROPE", {"make": ["KIA", "LAND ROVER"], "scope": ["read_vin"]})
    as_text = node_sdk.call("getCompatibilityMatrix", "EUROPE", {"make": "KIA LAND ROVER", "scope": "read_vin"})
    assert set(as_list) == set(as_text) == {"KIA", "LAND ROVER", "meta"}
    assert as_list["KIA"] == as_text["KIA"]
    assert set(node_sdk.call("getCompatibilityMatrix", "US", {"make": "NOTHING"})) == {"meta"}
    assert len(node_sdk.call("getCompatibilityMatrix", "CA", {"mode": "test"})) > 10


def test_a_huge_version_is_served_like_the_newest(node_sdk: Sdk) -> None:
    version = {"version": "99999999.99"}
    assert node_sdk.call("getCompatibility", TESLA, ["read_vin"], None, version)["compatible"] is True
    expected = node_sdk.call("getCompatibilityMatrix", "US", {"make": "NISSAN"})["NISSAN"]
    assert node_sdk.call("getCompatibilityMatrix", "US", {"make": "NISSAN", **version})["NISSAN"] == expected
    try:
        node_sdk.call("setApiVersion", "99999999.99")
        assert node_sdk.call("getApiVersion") == "99999999.99"
        assert node_sdk.call("getCompatibility", TESLA, ["read_vin"])["compatible"] is True
    finally:
        node_sdk.call("setApiVersion", "2.0")


@pytest.mark.parametrize(("version", "code"), [("Johnny Appleseed", "PATH"), ("1.0", "VERSION"), ("2", "VERSION")])
def test_another_version_is_not_found(node_sdk: Sdk, server: Server, version: str, code: str) -> None:
    error = node_sdk.error("getCompatibility", TESLA, ["read_vin"], None, {"version": version})
    check_error(server, error, status=404, kind="RESOURCE_NOT_FOUND", code=code)


def test_a_wrong_client_is_refused(node_sdk: Sdk, server: Server) -> None:
    for wrong in ({"clientSecret": "wrong"}, {"clientId": "wrong"}):
        for function, args in (
            ("getCompatibility", ("no vin", ["no_scope"], None)),
            ("getCompatibilityMatrix", ("X",)),
        ):
            error = node_sdk.error(function, *args, wrong)
            check_error(server, error, status=401, kind="AUTHENTICATION", code=None)


@pytest.mark.parametrize(
    ("vin", "scope", "country", "fields"),
    [
        (TESLA, ["read_everything"], "US", ["scope"]),
        (TESLA, [], "US", ["scope"]),
        ("5YJ", ["read_vin"], "US", ["vin"]),
        ("5YJXCDE22HF06873O", ["read_vin"], "US", ["vin"]),
        ("", [], "US", ["vin", "scope"]),
        (TESLA, ["read_vin"], "XX", ["country"]),
    ],
)
def test_a_wrong_question_is_refused_with_its_fields(
    node_sdk: Sdk, server: Server, *, vin: str, scope: list[str], country: str, fields: list[str]
) -> None:
    error = node_sdk.error("getCompatibility", vin, scope, country)
    check_error(server, error, status=400, kind="VALIDATION", code=None)
    assert [problem["field"] for problem in error["attributes"]["detail"]] == fields


def test_an_absent_vin_is_undefined_on_the_wire_and_required(node_sdk: Sdk, server: Server) -> None:
    error = node_sdk.error("getCompatibility", "undefined", ["read_vin"])
    check_error(server, error, status=400, kind="VALIDATION", code=None)
    assert error["attributes"]["detail"] == [{"field": "vin", "message": "Required"}]


@pytest.mark.parametrize("function", ["getUser", "getVehicles"])
def test_a_token_nobody_gave_is_refused(node_sdk: Sdk, server: Server, function: str) -> None:
    error = node_sdk.error(function, "token")
    check_error(server, error, status=401, kind="AUTHENTICATION", code=None)


@pytest.fixture
def without_credentials(server: Server, node_modules: Path) -> Iterator[Sdk]:
    command = ["node", str(HERE / "node_driver.js")]
    with running(command, server, credentials=False, NODE_PATH=str(node_modules)) as sdk:
        yield sdk


def test_options_carry_the_credentials_when_the_environment_has_none(
    without_credentials: Sdk, credentials: dict[str, str]
) -> None:
    error = without_credentials.error("getCompatibility", TESLA, ["read_vin"])
    assert error["text"] == "Error: SMARTCAR_CLIENT_ID not set or passed as arguments"
    assert without_credentials.call("getCompatibility", TESLA, ["read_vin"], credentials)["compatible"] is True
