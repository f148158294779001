"""Every problem has one row and a body that all SDKs can read."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.wire.v2.snapshots import NOW, problem, written

from carwire.core.errors import FieldProblem
from carwire.core.signals import problems
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem
from carwire.wire.v2 import errors, kinds

BASE = "https://cars.example.test"
CLIENT = "4f0c2a9e-6b1d-4d57-9a3e-0c8b7e51d6f2"
VEHICLE = "7d2c5b18-94ae-4c03-b6f1-e85a30d7c249"
REQUEST = "91e6d0b4-3f2a-4c8e-a7d5-5b0c49f1e283"
ALWAYS = ["statusCode", "type", "code", "description", "docURL", "resolution", "requestId"]
GROUPS = {
    *("authentication", "billing", "compatibility", "connected-services-account", "permission", "rate-limit"),
    *("resource-not-found", "server", "upstream", "validation", "vehicle-state"),
}
# Type -> status, as the wire has it; what departs from it is ours or named below.
STATUS = {
    "AUTHENTICATION": 401,
    "PERMISSION": 403,
    "VALIDATION": 400,
    "RESOURCE_NOT_FOUND": 404,
    "BILLING": 430,
    "COMPATIBILITY": 501,
    "CONNECTED_SERVICES_ACCOUNT": 400,
    "RATE_LIMIT": 429,
    "SERVER": 500,
    "UPSTREAM": 502,
    "VEHICLE_STATE": 409,
    "TOO_OLD": 409,
}
RESOLUTION = {
    "PERMISSION": "REAUTHENTICATE",
    "COMPATIBILITY:PLATFORM_NOT_CAPABLE": "REAUTHENTICATE",
    "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED": "REAUTHENTICATE",
    "CONNECTED_SERVICES_ACCOUNT:PERMISSION": "REAUTHENTICATE",
    "CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED": "ACTION_REQUIRED",
    "SERVER:INTERNAL": "RETRY_LATER",
    "VEHICLE_STATE:LOW_BATTERY": "RETRY_LATER",
    "VEHICLE_STATE:UNKNOWN": "RETRY_LATER",
    "TOO_OLD": "RETRY_LATER",
}
BY_TYPE = {"BILLING": "CONTACT_SUPPORT", "SERVER": "CONTACT_SUPPORT", "RATE_LIMIT": "RETRY_LATER"}
BY_TYPE["UPSTREAM"] = "RETRY_LATER"


def body(found: Problem, vehicle_id: str | None = VEHICLE, **more: Any) -> Any:
    """The body of a problem as it is on the wire."""
    made = errors.problem_body(
        found,
        request_id=REQUEST,
        base_url=BASE,
        application="Demo {App}",
        client_id=CLIENT,
        vehicle_id=vehicle_id,
        **more,
    )
    return written(made)


def test_every_kind_of_problem_has_a_row_and_every_row_but_ours_a_kind() -> None:
    assert set(problems.KINDS) <= set(kinds.BY_NAME)
    ours = {"VALIDATION:METHOD", "VALIDATION:TOO_LARGE", "SERVER:UNAVAILABLE"}
    assert set(kinds.BY_NAME) - set(problems.KINDS) == ours
    assert len({kind.name for kind in errors.KINDS}) == len(errors.KINDS)


@pytest.mark.parametrize("kind", problems.KINDS)
def test_a_row_has_the_names_of_its_kind(kind: str) -> None:
    row = errors.kind_of(problem(kind))
    assert (row.type, row.code) == (("VEHICLE_STATE", "UNKNOWN") if kind == "TOO_OLD" else problems.split(kind))
    type_ = kind.partition(":")[0]
    assert row.status == STATUS[type_]
    assert row.resolution == RESOLUTION.get(kind, BY_TYPE.get(type_))
    assert row.group in GROUPS


@pytest.mark.parametrize("kind", problems.KINDS)
def test_a_body_has_every_key_and_leaves_out_what_has_no_value(kind: str) -> None:
    found = body(problem(kind, 7.2))
    assert list(found)[: len(ALWAYS)] == ALWAYS
    assert set(found) <= {*ALWAYS, "suggestedUserMessage"}
    assert found["statusCode"] == errors.kind_of(problem(kind)).status
    assert found["requestId"] == REQUEST
    assert found["description"].endswith(".")
    assert found["code"] is None or isinstance(found["code"], str)
    anchor = (found["code"] or "null").lower().replace("_", "-")
    group = found["type"].lower().replace("_", "-")
    assert found["docURL"] == f"{BASE}/docs/errors/api-errors/{group}-errors#{anchor}"
    assert found["resolution"].keys() <= {"type", "url"}
    assert isinstance(found["resolution"].get("url", ""), str)
    assert found["resolution"]["type"] in {None, "RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "ACTION_REQUIRED"}


@pytest.mark.parametrize("kind", problems.KINDS)
def test_owners_are_told_what_they_can_do_and_no_more(kind: str) -> None:
    found = body(problem(kind))
    type_ = kind.partition(":")[0]
    told = {"PERMISSION", "COMPATIBILITY", "CONNECTED_SERVICES_ACCOUNT", "UPSTREAM", "VEHICLE_STATE", "TOO_OLD"}
    if type_ in told or kind == "RATE_LIMIT:VEHICLE":
        assert "Demo {App}" in found["suggestedUserMessage"]
        assert "{application}" not in found["suggestedUserMessage"]
        assert found["suggestedUserMessage"].endswith(".")
    else:
        assert "suggestedUserMessage" not in found


def test_no_two_rows_say_the_same() -> None:
    rows = [*errors.KINDS, kinds.TOO_OLD]
    assert len({row.description for row in rows}) == len(rows)


def test_a_login_that_failed_leads_back_to_signing_in() -> None:
    failed = problem("CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED")
    url = urlsplit(body(failed)["resolution"]["url"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{BASE}/oauth/reauthenticate"
    assert parse_qs(url.query) == {"response_type": ["vehicle_id"], "client_id": [CLIENT], "vehicle_id": [VEHICLE]}
    assert body(failed, vehicle_id=None)["resolution"] == {"type": "REAUTHENTICATE"}


def test_a_missing_key_leads_to_the_page_that_explains_it() -> None:
    found = body(problem("CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED"))
    url = f"{BASE}/docs/errors/api-errors/connected-services-account-errors#virtual-key-required"
    assert found["resolution"] == {"type": "ACTION_REQUIRED", "url": url}


def test_no_other_kind_has_a_url() -> None:
    with_url = {kind for kind in problems.KINDS if "url" in body(problem(kind))["resolution"]}
    account = "CONNECTED_SERVICES_ACCOUNT:"
    assert with_url == {f"{account}AUTHENTICATION_FAILED", f"{account}VIRTUAL_KEY_REQUIRED"}


def test_several_capacities_are_the_detail() -> None:
    several = Obstacle(problem("SERVER:MULTIPLE_RECORDS_FOUND"), (58.0, 77.4))
    found = body(several.problem, detail=errors.capacities_detail(several.capacities))
    assert found["detail"] == [{"capacities": [58.0, 77.4]}]
    assert errors.capacities_detail(()) == ()
    assert str(several) == "SERVER:MULTIPLE_RECORDS_FOUND"


def test_fields_are_the_detail_of_a_validation_error() -> None:
    made = errors.error_body(
        errors.VALIDATION, request_id=REQUEST, base_url=BASE, fields=(FieldProblem("limit", "must be a number"),)
    )
    found = written(made)
    assert found["detail"] == [{"field": "limit", "message": "must be a number"}]
    assert "suggestedUserMessage" not in written(
        errors.error_body(errors.PERMISSION, request_id=REQUEST, base_url=BASE)
    )


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [
        (None, 60),
        (0, 1),
        (-5, 1),
        (0.2, 1),
        (7.2, 8),
        (60, 60),
        (1e12, 31 * 86_400),
        (float("inf"), 60),
        (float("nan"), 60),
    ],
)
def test_who_is_limited_waits_a_whole_number_of_seconds(seconds: float | None, waits: int) -> None:
    found = errors.retry_after(problem("RATE_LIMIT:VEHICLE", seconds))
    assert found == waits
    assert type(found) is int


@pytest.mark.parametrize("kind", problems.KINDS)
def test_only_a_429_names_a_time_to_wait(kind: str) -> None:
    limited = Problem(kind, NOW, retry_after=9)
    assert errors.retry_after(limited) == (9 if errors.kind_of(limited).status == 429 else None)
