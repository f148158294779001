"""From answers to errors."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
from typing import Any

import pytest
from client.tests.conftest import NOW, Drive, answer

import carwire_client
from carwire_client import errors
from carwire_client.calls.ga import owners
from carwire_client.errors import ApiError, CarwireError, Resolution
from carwire_client.faults import error_of
from carwire_client.settings import Surface
from carwire_client.times import read_moment, read_retry_after

FULL = {
    "statusCode": 409,
    "type": "VEHICLE_STATE",
    "code": "DOOR_OPEN",
    "description": "A door is open.",
    "docURL": "https://docs.test/#door-open",
    "resolution": {"type": "ACTION_REQUIRED", "url": "https://docs.test/act"},
    "requestId": "r-1",
    "detail": [{"field": ["doors"], "message": "one is open"}],
    "suggestedUserMessage": "Close the doors.",
}
TREE: list[tuple[int, str, type[ApiError]]] = [
    (400, "VALIDATION", errors.InvalidRequest),
    (400, "CONNECTED_SERVICES_ACCOUNT", errors.AccountIssue),
    (401, "AUTHENTICATION", errors.AuthenticationFailed),
    (403, "PERMISSION", errors.PermissionMissing),
    (404, "RESOURCE_NOT_FOUND", errors.NotFound),
    (409, "VEHICLE_STATE", errors.VehicleState),
    (409, "OTHER", errors.Conflict),
    (413, "VALIDATION", errors.InvalidRequest),
    (429, "RATE_LIMIT", errors.RateLimited),
    (430, "BILLING", errors.PlanLimit),
    (500, "SERVER", errors.ServerFailed),
    (501, "COMPATIBILITY", errors.NotCapable),
    (502, "UPSTREAM", errors.UpstreamFailed),
    (502, "", errors.ServerFailed),
    (503, "SERVER", errors.ServerFailed),
    (599, "SERVER", errors.ServerFailed),
]


def error(status: int, body: object, **headers: str) -> ApiError:
    return error_of(answer(status, json.dumps(body), **headers))


def test_every_member_of_a_v2_error_is_an_attribute() -> None:
    found = error(409, FULL, retry_after="7", sc_request_id="header")
    assert type(found) is errors.VehicleState
    assert (found.status_code, found.type, found.code) == (409, "VEHICLE_STATE", "DOOR_OPEN")
    assert (found.description, found.doc_url) == ("A door is open.", "https://docs.test/#door-open")
    assert found.resolution == Resolution("ACTION_REQUIRED", "https://docs.test/act")
    assert (found.request_id, found.retry_after) == ("r-1", 7)
    assert found.detail == ({"field": ["doors"], "message": "one is open"},)
    assert found.suggested_user_message == "Close the doors."
    assert found.message == str(found) == "VEHICLE_STATE:DOOR_OPEN - A door is open."


@pytest.mark.parametrize(("status", "type_", "expected"), TREE)
def test_status_and_type_say_which_error_it_is(status: int, type_: str, expected: type[ApiError]) -> None:
    found = error(status, {"type": type_, "code": None, "description": "x"} if type_ else {})
    assert type(found) is expected


def test_every_error_has_every_attribute_whatever_came() -> None:
    names = [
        *("status_code", "type", "code", "description", "request_id", "resolution", "doc_url", "retry_after", "detail"),
        *("suggested_user_message", "headers", "received", "may_have_happened", "message"),
    ]
    bodies: list[Any] = [{}, [], None, "x", 1, FULL, {"type": None}, {"error": "x"}, {"errors": [{}]}, {"errors": [1]}]
    found: list[CarwireError] = [error(400, body) for body in bodies]
    found += [errors.TimedOut(), errors.InvalidAnswer(), errors.NotConfigured("x"), errors.TokensMissing()]
    for each in found:
        assert [name for name in names if not hasattr(each, name)] == []
        assert each.description


def test_what_the_body_lacks_is_taken_from_the_headers() -> None:
    found = error(
        429, {"type": "RATE_LIMIT", "code": "VEHICLE", "description": "x"}, sc_request_id="h", retry_after="9"
    )
    assert (found.request_id, found.retry_after, found.status_code) == ("h", 9, 429)


def test_a_body_that_names_another_status_is_not_believed() -> None:
    assert error(409, {**FULL, "statusCode": 200}).status_code == 409


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("RETRY_LATER", Resolution("RETRY_LATER")),
        ({}, Resolution()),
        ({"type": None}, Resolution()),
        (5, None),
    ],
)
def test_a_resolution_may_be_null_a_word_or_an_object(value: object, expected: Resolution | None) -> None:
    assert error(409, {**FULL, "resolution": value}).resolution == expected


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", '{"type": "SERV', "", "[1]", "null", '"x"', b"\xff\xfe"])
@pytest.mark.parametrize(("status", "expected"), [(401, errors.AuthenticationFailed), (502, errors.ServerFailed)])
def test_an_error_that_is_not_the_apis_still_is_one_by_its_status(
    body: bytes | str, status: int, expected: type[ApiError]
) -> None:
    found = error_of(answer(status, body, content_type="text/html"))
    assert type(found) is expected
    assert found.received == (body.encode() if isinstance(body, str) else body)
    assert str(status) in found.description


def test_at_most_a_kibibyte_of_it_is_kept() -> None:
    assert len(error_of(answer(500, b"<" * 5000)).received) == 1024


def test_errors_of_v3_are_read() -> None:
    entry = {
        "status": "501",
        "type": "COMPATIBILITY",
        "code": "VEHICLE_NOT_CAPABLE",
        "title": "Not",
        "detail": "It has none.",
        "links": {"about": "https://docs.test/"},
        "resolution": {"type": None},
        "suggestedUserMessage": "Sorry.",
        "meta": {"debug": {"requestId": "r-3"}},
    }
    found = error(501, {"errors": [entry]})
    assert type(found) is errors.NotCapable
    assert (found.type, found.code, found.description) == ("COMPATIBILITY", "VEHICLE_NOT_CAPABLE", "It has none.")
    assert (found.request_id, found.doc_url) == ("r-3", "https://docs.test/")
    assert found.suggested_user_message == "Sorry."


def test_of_several_errors_the_first_is_raised_and_all_are_told() -> None:
    entries = [
        {"status": "400", "type": "VALIDATION", "code": "MISSING_PARAMETER", "detail": "missing a"},
        {"status": "404", "type": "RESOURCE_NOT_FOUND", "code": "VEHICLE_NOT_FOUND", "detail": "no b"},
        {"status": "huge", "title": "Third"},
        "nonsense",
    ]
    found = error(400, {"errors": entries}, sc_request_id="r-9")
    assert found.errors == (found, *found.further)
    assert [type(each) for each in found.errors] == [errors.InvalidRequest, errors.NotFound, errors.InvalidRequest]
    assert [each.status_code for each in found.errors] == [400, 404, 400]
    assert [each.description for each in found.errors] == ["missing a", "no b", "Third"]
    assert {each.request_id for each in found.errors} == {"r-9"}
    twin = pickle.loads(pickle.dumps(found))
    assert [str(each) for each in twin.errors] == [str(each) for each in found.errors]
    assert error(409, FULL).errors[1:] == ()


def test_errors_of_the_preview_are_read_with_and_without_the_members_of_v2() -> None:
    entries = [
        {"links": {"about": "x"}, "status": "400", "code": "bad_request", "title": "Bad", "detail": detail}
        for detail in ("one", "two")
    ]
    bare = error(400, {"errors": entries})
    assert [(each.code, each.description) for each in bare.errors] == [("bad_request", "one"), ("bad_request", "two")]
    both = error(409, {**FULL, "errors": entries})
    assert (type(both), both.code, both.description) == (errors.VehicleState, "DOOR_OPEN", "A door is open.")
    assert [each.description for each in both.further] == ["two"]


def test_no_secret_stands_in_any_of_several_errors() -> None:
    echoed = {"errors": [{"detail": "token tok-secret"}, {"detail": "again tok-secret"}]}
    with pytest.raises(CarwireError) as caught:
        Drive([answer(400, json.dumps(echoed))])(owners.connections(Surface(token="tok-secret")))
    assert [each.description for each in caught.value.errors] == ["token ***", "again ***"]
    assert "tok-secret" not in repr([vars(each) for each in caught.value.errors])


def test_errors_of_oauth_and_of_v1_are_read() -> None:
    oauth = error(401, {"error": "invalid_client", "error_description": "No."})
    assert (type(oauth), oauth.type, oauth.code) == (errors.AuthenticationFailed, "invalid_client", None)
    assert str(oauth) == "invalid_client - No."
    old = error(409, {"error": "vehicle_state_error", "message": "Asleep", "code": "VS_000", "requestId": "r"})
    assert (old.type, old.code, old.description, old.request_id) == ("vehicle_state_error", "VS_000", "Asleep", "r")
    assert error(400, {"error": "x"}).description == "x"


def test_an_error_can_be_copied_and_sent_to_another_process() -> None:
    found = error(409, FULL)
    for twin in (copy.copy(found), pickle.loads(pickle.dumps(found))):
        assert type(twin) is type(found)
        assert twin.__dict__ == found.__dict__
        assert str(twin) == str(found)


def test_only_a_server_that_failed_leaves_open_whether_it_was_done() -> None:
    open_ = {
        status for status in (400, 401, 403, 409, 429, 500, 501, 502, 503, 504) if error(status, {}).may_have_happened
    }
    assert open_ == {500, 502, 504}


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"^[ │├└─]*([A-Z]\w+)", inspect.cleandoc(errors.__doc__ or ""), re.MULTILINE)
    classes = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, CarwireError)]
    assert sorted(set(drawn) & {c.__name__ for c in classes}) == sorted(c.__name__ for c in classes)
    assert [c.__name__ for c in classes if not hasattr(carwire_client, c.__name__)] == []
    assert [c.__name__ for c in classes if not c.__doc__] == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        (" 0 ", 0),
        ("Sat, 21 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        (None, None),
        ("9" * 40, None),
    ],
)
def test_how_long_to_wait_is_read_from_a_number_or_a_date(text: str | None, seconds: int | None) -> None:
    assert read_retry_after(text, NOW) == seconds


@pytest.mark.parametrize("value", ["", "never", "2026-13-01", None, True, [], {}, float("nan"), float("inf"), 10**30])
def test_what_is_no_moment_is_null(value: object) -> None:
    assert read_moment(value) is None


def test_moments_are_in_utc_however_they_are_written() -> None:
    written = [
        "2026-11-21T12:00:00.000Z",
        "2026-11-21T13:00:00+01:00",
        "2026-11-21T12:00:00",
        1795262400,
        1795262400000,
    ]
    assert {read_moment(value) for value in written} == {NOW}
