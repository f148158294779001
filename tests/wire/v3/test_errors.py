"""Every problem and whatever the edge finds is a valid error in both generations."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.wire.v3.samples import ALL_KINDS, BASE, GA, PREVIEW, REQUEST_ID, VIEWS, problem, written

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.problems import KINDS, split
from carwire.wire.v3 import errors, kinds
from carwire.wire.v3.asking import MissingParameter, user_of
from carwire.wire.v3.envelope import View
from carwire.wire.v3.kinds import ErrorKind

Codes = dict[tuple[str, int], set[str | None]]
# Section 13.2 of the contract: type → status and codes. What our core knows besides is named below.
CATALOGUE: Codes = {
    ("VALIDATION", 400): {"INVALID_INPUT_FORMAT", "MISSING_PARAMETER"},
    ("CONNECTED_SERVICES_ACCOUNT", 400): {
        *("ACCOUNT_ISSUE", "AUTHENTICATION_FAILED", "NO_VEHICLES", "SUBSCRIPTION", "VEHICLE_MISSING", "PERMISSION"),
        "VIRTUAL_KEY_REQUIRED",
    },
    ("AUTHENTICATION", 401): {"UNAUTHORIZED"},
    ("AUTHENTICATION", 403): {"ACCESS_DENIED"},
    ("PERMISSION", 403): {None},
    ("RESOURCE_NOT_FOUND", 404): {"VERSION", "VEHICLE_NOT_FOUND", "INVALID_PATH"},
    ("VEHICLE_STATE", 409): {
        *("ASLEEP", "CHARGE_FAULT", "CHARGING_IN_PROGRESS", "CHARGING_PLUG_NOT_CONNECTED", "DOOR_OPEN"),
        *("FULLY_CHARGED", "HOOD_OPEN", "IGNITION_ON", "IN_MOTION", "NOT_CHARGING", "REMOTE_ACCESS_DISABLED"),
        *("TRUNK_OPEN", "UNKNOWN", "UNREACHABLE", "VEHICLE_OFFLINE_FOR_SERVICE"),
    },
    ("RATE_LIMIT", 429): {"SMARTCAR_API", "VEHICLE"},
    ("BILLING", 430): {"ACCOUNT_SUSPENDED", "INVALID_PLAN", "VEHICLE_LIMIT", "VEHICLE_REQUEST_LIMIT"},
    ("SERVER", 500): {"INTERNAL", "MULTIPLE_RECORDS_FOUND", "RECORD_NOT_FOUND"},
    ("COMPATIBILITY", 501): {
        *("MAKE_NOT_COMPATIBLE", "PLATFORM_NOT_CAPABLE", "SMARTCAR_NOT_CAPABLE", "VEHICLE_NOT_CAPABLE"),
    },
    ("UPSTREAM", 502): {"INVALID_DATA", "KNOWN_ISSUE", "NO_RESPONSE", "RATE_LIMIT", "UNKNOWN_ISSUE"},
}
OURS: Codes = {
    ("VEHICLE_STATE", 409): {"CHARGING_PLUG_CONNECTED", "LOW_BATTERY"},
    ("VALIDATION", 405): {"METHOD"},
    ("VALIDATION", 409): {"ALREADY_SUBSCRIBED"},
    ("VALIDATION", 413): {"TOO_LARGE"},
    ("SERVER", 503): {"UNAVAILABLE"},
    ("UPSTREAM", 504): {"NO_RESPONSE"},
    ("RESOURCE_NOT_FOUND", 404): {
        *("SIGNAL_NOT_FOUND", "CONNECTION_NOT_FOUND", "USER_NOT_FOUND", "SCHEDULE_NOT_FOUND", "COMMAND_NOT_FOUND"),
        *("WEBHOOK_NOT_FOUND", "SUBSCRIPTION_NOT_FOUND", "APPLICATION_NOT_FOUND"),
    },
}
RESOLUTIONS = {None, "RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "USER_ACTION_REQUIRED"}
LOWER_CASE = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 500: "internal_error"}
ROWS = [*kinds.BY_KIND.values(), *kinds.EDGE]


def body(kind: ErrorKind, view: View) -> Any:
    answer = errors.error_answer(kind, view, REQUEST_ID)
    assert answer.status == kind.status
    return written(answer.body)


def test_the_rows_are_the_catalogue_and_what_is_ours() -> None:
    found: Codes = {}
    for row in ROWS:
        found.setdefault((row.type, row.status), set()).add(row.code)
    wanted = {key: CATALOGUE.get(key, set()) | OURS.get(key, set()) for key in CATALOGUE.keys() | OURS.keys()}
    assert found == wanted


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_problem_is_answered_by_its_row(kind: str) -> None:
    for view in VIEWS:
        answer = errors.problem_answer(problem(kind), view, REQUEST_ID)
        assert answer.status == kinds.BY_KIND[kind].status
        (entry,) = written(answer.body)["errors"]
        assert entry["detail"] == KINDS[kind]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.type}:{row.code}-{row.status}")
def test_the_general_form_has_every_member(row: ErrorKind) -> None:
    (entry,) = body(row, GA)["errors"]
    always = ["status", "type", "code", "title", "detail", "links", "resolution"]
    assert list(entry)[: len(always)] == always
    assert entry["status"] == str(row.status)
    assert (entry["type"], entry["code"]) == (row.type, row.code)
    assert entry["title"].upper().replace(" ", "_") == (row.code or row.type)
    assert entry["detail"].endswith(".")
    assert entry["resolution"]["type"] in RESOLUTIONS
    assert entry["meta"] == {"debug": {"requestId": REQUEST_ID}}
    assert entry["links"]["about"].startswith(f"{BASE}/docs/errors/api-errors/")
    assert entry.get("suggestedUserMessage", ".").endswith(".")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.type}:{row.code}-{row.status}")
def test_the_preview_s_form_has_lower_case_codes_and_no_type(row: ErrorKind) -> None:
    found = body(row, PREVIEW)
    (entry,) = found["errors"]
    assert set(entry) == {"links", "status", "code", "title", "detail"}
    assert entry["code"] == LOWER_CASE.get(row.status, entry["code"]) == entry["code"].lower()
    assert found["statusCode"] == row.status
    assert found["resolution"]["type"] in RESOLUTIONS - {"USER_ACTION_REQUIRED"} | {"ACTION_REQUIRED"}


@pytest.mark.parametrize("kind", [kind for kind in ALL_KINDS if kind != "TOO_OLD"])
def test_beside_the_preview_s_form_stands_what_v2_0_says(kind: str) -> None:
    found = body(kinds.BY_KIND[kind], PREVIEW)
    assert (found["type"], found["code"]) == split(kind)


def test_no_two_rows_say_the_same() -> None:
    rows = list({(row.type, row.code, row.status): row for row in kinds.EDGE}.values())
    assert len({row.detail for row in rows}) == len(rows) == len(kinds.EDGE)


def test_fields_that_cannot_be_used_are_an_error_each() -> None:
    error = InvalidInput(FieldProblem("a", "must be b"), FieldProblem("c", "must be d"))
    answer = errors.invalid_answer(error, GA, REQUEST_ID)
    assert answer.status == 400
    found = written(answer.body)["errors"]
    assert [each["detail"] for each in found] == ["a: must be b", "c: must be d"]
    assert {each["code"] for each in found} == {"INVALID_INPUT_FORMAT"}
    assert (
        written(errors.invalid_answer(InvalidInput(message="Not this."), GA, REQUEST_ID).body)["errors"][0]["detail"]
        == "Not this."
    )


def test_a_user_nobody_named_is_a_missing_parameter() -> None:
    with pytest.raises(MissingParameter) as caught:
        user_of(None)
    (entry,) = written(errors.invalid_answer(caught.value, GA, REQUEST_ID).body)["errors"]
    assert (entry["code"], entry["detail"]) == ("MISSING_PARAMETER", "missing userId")
    assert user_of("5C1B7C60-2f0b-4f9c-8a53-0b7d9b9f1e10") == "5c1b7c60-2f0b-4f9c-8a53-0b7d9b9f1e10"
    for text in ("me", "5c1b7c60-2f0b-4f9c-8a53-0b7d9b9f1e10\n"):
        with pytest.raises(InvalidInput, match="sc-user-id"):
            user_of(text)


@pytest.mark.parametrize("what", kinds.NOT_FOUND)
def test_what_does_not_exist_is_named_and_never_at_length(what: str) -> None:
    answer = errors.missing_answer(what, "x\n" * 500, GA, REQUEST_ID)
    (entry,) = written(answer.body)["errors"]
    assert (answer.status, entry["code"]) == (404, f"{what.upper()}_NOT_FOUND")
    assert "x\\n" in entry["detail"]
    assert len(entry["detail"]) < 250


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [(None, 60), (0, 1), (-5, 1), (0.2, 1), (7.2, 8), (1e12, 31 * 86_400), (float("inf"), 60), (float("nan"), 60)],
)
def test_who_is_limited_waits_a_whole_number_of_seconds(seconds: float | None, waits: int) -> None:
    assert errors.retry_after(problem("RATE_LIMIT:VEHICLE", retry_after=seconds)) == waits


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_only_a_429_names_a_time_to_wait(kind: str) -> None:
    waits = errors.retry_after(problem(kind, retry_after=9))
    assert waits == (9 if kinds.BY_KIND[kind].status == 429 else None)


def test_a_command_nobody_can_tell_of_is_a_504() -> None:
    assert errors.error_answer(kinds.COMMAND_TIMEOUT, GA, REQUEST_ID).status == 504
    assert "before sending it again" in msgspec.json.encode(body(kinds.COMMAND_TIMEOUT, GA)).decode()
