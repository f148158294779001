"""The official Python package, unmodified, against a started server: row F6 and F7 of the parity table, and errors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server, page_has_anchor, until
from tests.contract.conftest import HERE, Sdk, running

TESLA = "5YJXCDE22HF068739"
AUDI = "WAUAFAFL1GN014882"
LEVELS = "Field must be one of: [compatible,phev,incompatible,fuel,dinosaur,bev]"


def entry(permission: str, endpoint: str, reason: str | None = None) -> dict[str, Any]:
    return {
        "class": "Capability",
        "permission": permission,
        "endpoint": endpoint,
        "capable": reason is None,
        "reason": reason,
    }


def check_exception(server: Server, error: dict[str, Any], *, status: int, kind: str, code: str | None) -> None:
    """Every attribute of ``SmartcarException`` in its v2.0 branch, and none of the others."""
    assert error["class"] == "SmartcarException"
    found = error["attributes"]
    assert set(found) == {
        *("status_code", "request_id", "type", "description", "code", "doc_url", "resolution", "detail", "message"),
        "suggested_user_message",
    }
    assert (found["status_code"], found["type"], found["code"]) == (status, kind, code)
    assert len(found["request_id"]) == 36
    until(lambda: found["request_id"] in server.log)
    assert found["resolution"] == {"type": None, "url": None}
    assert found["suggested_user_message"] is None
    label = f"{kind}:{code}" if code else kind
    assert found["message"] == error["text"] == f"{label} - {found['description']}"
    assert page_has_anchor(server, found["doc_url"].removeprefix(server.base_url))


def test_get_compatibility_reads_the_answer_of_the_e2e_suite(python_sdk: Sdk, server: Server) -> None:
    options = {"client_id": server.client_id, "client_secret": server.client_secret, "version": "2.0"}
    found = python_sdk.call(
        "get_compatibility",
        "0SCGMCT0386A85356",
        scope=["read_odometer", "read_fuel"],
        country="US",
        options=options,
    )
    assert list(found) == ["class", "compatible", "reason", "capabilities", "meta"]
    assert (found["class"], found["compatible"], found["reason"]) == ("Compatibility", True, None)
    assert found["capabilities"] == [
        entry("read_odometer", "/odometer"),
        entry("read_fuel", "/fuel", "VEHICLE_NOT_CAPABLE"),
    ]
    assert len(found["meta"]["request_id"]) == 36
    assert set(found["meta"]) == {"class", "request_id"}


def test_get_compatibility_of_the_e2e_suite_with_a_level_is_compatible(python_sdk: Sdk) -> None:
    options = {"test_mode_compatibility_level": "compatible"}  # the SDK does not send it on 2.0
    found = python_sdk.call("get_compatibility", AUDI, scope=["read_vehicle_info"], options=options)
    assert found["compatible"] is True


def test_get_compatibility_needs_no_options_when_the_environment_has_credentials(python_sdk: Sdk) -> None:
    found = python_sdk.call("get_compatibility", TESLA, ["read_odometer", "read_location"])
    assert found["capabilities"] == [entry("read_odometer", "/odometer"), entry("read_location", "/location")]


def test_get_compatibility_tells_the_reasons_apart(python_sdk: Sdk) -> None:
    fuel = python_sdk.call("get_compatibility", "5YJSA1E29LF403082", ["read_fuel"])
    assert fuel["capabilities"] == [entry("read_fuel", "/fuel", "SMARTCAR_NOT_CAPABLE")]
    old = python_sdk.call("get_compatibility", "WBAKE5C58DJ107700", ["read_fuel", "read_odometer"])
    assert (old["compatible"], old["reason"], old["capabilities"]) == (False, "VEHICLE_NOT_COMPATIBLE", [])
    elsewhere = python_sdk.call("get_compatibility", TESLA, ["read_fuel"], "JP")
    assert (elsewhere["compatible"], elsewhere["reason"]) == (False, "MAKE_NOT_COMPATIBLE")
    europe = python_sdk.call("get_compatibility", TESLA, ["read_odometer"], country="DE")
    assert europe["capabilities"] == [entry("read_odometer", "/odometer")]


def test_flags_are_accepted(python_sdk: Sdk) -> None:
    options = {"flags": {"country": "DE", "beta": True}}
    assert python_sdk.call("get_compatibility", TESLA, ["read_odometer"], "US", options)["compatible"] is True


def test_get_compatibility_matrix_gives_models(python_sdk: Sdk) -> None:
    options = {"type": "BEV", "scope": ["read_battery", "read_charge"]}
    found = python_sdk.call("get_compatibility_matrix", "US", "NISSAN", options)
    assert list(found) == ["NISSAN"]
    assert found["NISSAN"]
    for line in found["NISSAN"]:
        assert line["class"] == "CompatibilityMatrixModel"
        assert line["type"] == "BEV"
        assert {"read_battery", "read_charge"} <= set(line["permissions"])
        assert line["startYear"] <= line["endYear"]
        assert len(line["endpoints"]) == len(line["permissions"])


@pytest.mark.parametrize("region", ["US", "CA", "EUROPE"])
def test_get_compatibility_matrix_reads_every_key_as_a_make(python_sdk: Sdk, region: str) -> None:
    found = python_sdk.call("get_compatibility_matrix", region, "")
    assert len(found) > 10
    assert all(line["class"] == "CompatibilityMatrixModel" for lines in found.values() for line in lines)
    several = python_sdk.call("get_compatibility_matrix", region, "TESLA LAND ROVER")
    assert several == {make: found[make] for make in found if make in {"TESLA", "LAND ROVER"}}


def test_a_huge_version_is_served_like_the_newest(python_sdk: Sdk) -> None:
    expected = python_sdk.call("get_compatibility_matrix", "US", "NISSAN")
    try:
        python_sdk.call("set_api_version", "99999999.99")
        assert python_sdk.call("get_api_version") == "99999999.99"
        assert python_sdk.call("get_compatibility_matrix", "US", "NISSAN") == expected
        refused = python_sdk.error("get_compatibility", TESLA, ["read_odometer"])
        assert refused["text"].startswith("Please use a valid API version")  # the SDK's own, after a good answer
    finally:
        python_sdk.call("set_api_version", "2.0")


@pytest.mark.parametrize(("version", "code"), [("Johnny Appleseed", "PATH"), ("1.5", "VERSION")])
def test_another_version_is_not_found(python_sdk: Sdk, server: Server, version: str, code: str) -> None:
    error = python_sdk.error("get_compatibility", TESLA, ["read_odometer"], options={"version": version})
    check_exception(server, error, status=404, kind="RESOURCE_NOT_FOUND", code=code)
    assert error["attributes"]["detail"] is None


def test_a_wrong_client_is_refused(python_sdk: Sdk, server: Server) -> None:
    for options in (
        {"client_secret": "wrong"},
        {"client_id": "wrong"},
        {"client_id": "a" * 36, "client_secret": server.client_secret},
    ):
        error = python_sdk.error("get_compatibility", "no vin", ["no_scope"], options=options)
        check_exception(server, error, status=401, kind="AUTHENTICATION", code=None)
        assert error["attributes"]["detail"] is None


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
    python_sdk: Sdk, server: Server, *, vin: str, scope: list[str], country: str, fields: list[str]
) -> None:
    error = python_sdk.error("get_compatibility", vin, scope, country)
    check_exception(server, error, status=400, kind="VALIDATION", code=None)
    assert [problem["field"] for problem in error["attributes"]["detail"]] == fields
    assert all(problem["message"] for problem in error["attributes"]["detail"])


def test_test_mode_without_a_level_says_what_the_e2e_suite_expects(python_sdk: Sdk, server: Server) -> None:
    error = python_sdk.error(
        "get",
        f"{server.base_url}/v2.0/compatibility",
        params={"vin": AUDI, "scope": "read_vehicle_info", "mode": "test"},
        headers={"Authorization": server.basic[1].decode()},
    )
    check_exception(server, error, status=400, kind="VALIDATION", code=None)
    assert error["attributes"]["detail"] == [{"field": "test_mode_compatibility_level", "message": LEVELS}]


def test_a_json_body_on_get_is_accepted(python_sdk: Sdk, server: Server) -> None:
    found = python_sdk.call(
        "get",
        f"{server.base_url}/v2.0/compatibility/",
        params={"vin": AUDI, "scope": "read_vehicle_info"},
        headers={"Authorization": server.basic[1].decode()},
        json={},
    )
    assert found["compatible"] is True


def test_a_token_nobody_gave_is_refused(python_sdk: Sdk, server: Server) -> None:
    error = python_sdk.error("get_user", "token")
    check_exception(server, error, status=401, kind="AUTHENTICATION", code=None)


@pytest.fixture
def without_credentials(server: Server) -> Iterator[Sdk]:
    with running([sys.executable, Path(HERE) / "python_driver.py"], server, credentials=False) as sdk:
        yield sdk


def test_options_carry_the_credentials_when_the_environment_has_none(without_credentials: Sdk, server: Server) -> None:
    error = without_credentials.error("get_compatibility", vin=TESLA, scope=["read_vehicle_info"])
    assert error["text"] == '"SMARTCAR_CLIENT_ID" and "SMARTCAR_CLIENT_SECRET" environment variables must be set'
    options = {"client_id": server.client_id, "client_secret": server.client_secret}
    found = without_credentials.call("get_compatibility", TESLA, ["read_vehicle_info"], options=options)
    assert found["compatible"] is True
    assert without_credentials.call("get_compatibility_matrix", "CA", "TESLA", options)["TESLA"]
