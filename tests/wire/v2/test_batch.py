"""A batch is read whole or refused whole, and its items look alike to four SDKs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.v2.snapshots import problem, written

from carwire.core.errors import InvalidInput
from carwire.wire.v2.actions import ACTIONS
from carwire.wire.v2.batch import MAX_REQUESTS, BatchBody, BatchItem, failure, read_batch, success
from carwire.wire.v2.errors import problem_body, retry_after
from carwire.wire.v2.history import ServiceRecord
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.static import STATIC_ENDPOINTS, VinBody
from carwire.wire.v2.vehicles import ENDPOINTS

PATHS = [*ENDPOINTS, *STATIC_ENDPOINTS, *(row.path for row in MAKE_READS.values())]


def asked(*paths: object) -> dict[str, object]:
    """The body that asks for these paths."""
    return {"requests": [{"path": path} for path in paths]}


def refused(body: object) -> dict[str, str]:
    """The fields at fault."""
    with pytest.raises(InvalidInput) as caught:
        read_batch(body)
    return {each.field: each.message for each in caught.value.fields}


@pytest.mark.parametrize("path", PATHS)
def test_every_read_can_be_asked_for_with_or_without_slashes(path: str) -> None:
    assert read_batch(asked(path, path[1:], f"/{path}/")) == (BatchItem(path, ""),) * 3


def test_a_query_is_split_off() -> None:
    found = read_batch(asked("/service/history?start_date=2025-01-01&x=?", "permissions?limit=3"))
    assert found == (
        BatchItem("/service/history", "start_date=2025-01-01&x=?"),
        BatchItem("/permissions", "limit=3"),
    )


def test_a_make_in_upper_case_is_a_path_that_the_caller_refuses() -> None:
    assert read_batch(asked("/TESLA/compass")) == (BatchItem("/TESLA/compass", ""),)


def test_a_missing_list_is_named() -> None:
    assert refused({}) == {"requests": '"requests" is required'}
    assert refused(None).keys() == refused([]).keys() == {"body"}


@pytest.mark.parametrize("requests", [None, [], {}, "/odometer", [{"path": "/odometer"}] * (MAX_REQUESTS + 1)])
def test_a_list_has_one_to_fifty_entries(requests: object) -> None:
    assert refused({"requests": requests}) == {"requests": '"requests" must be a list of 1 to 50 entries'}
    assert len(read_batch(asked(*["/odometer"] * MAX_REQUESTS))) == MAX_REQUESTS


@pytest.mark.parametrize(
    "entry", [None, "/odometer", {}, {"path": 1}, {"path": "/odometer", "method": "GET"}, {"Path": "/odometer"}]
)
def test_an_entry_is_an_object_with_a_path(entry: object) -> None:
    assert refused({"requests": [{"path": "/odometer"}, entry]}).keys() == {"requests"}


@pytest.mark.parametrize(
    "path",
    ["/odometre", "/Odometer", "/../odometer", "/batch", "/application", "/tesla", "/fiat/compass", "/bmw/compass"],
)
def test_an_unknown_path_spoils_the_batch(path: str) -> None:
    assert refused(asked("/odometer", path)).keys() == {"requests"}


def test_what_only_commands_a_car_cannot_be_in_a_batch() -> None:
    reads = set(PATHS)
    commands = [path for _, path in ACTIONS if path not in reads]
    assert len(commands) >= 5
    assert all(refused(asked(path)).keys() == {"requests"} for path in commands)


def test_a_key_nobody_knows_is_refused_by_name() -> None:
    assert refused({"requests": [{"path": "/odometer"}], "request": []}) == {"request": "is not known here"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.sampled_from(PATHS),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(("requests", "path", "x")), inner, max_size=2)
            | st.fixed_dictionaries({"requests": st.lists(st.fixed_dictionaries({"path": inner}), max_size=3)})
        ),
        max_leaves=8,
    )
)
def test_whatever_is_sent_is_a_batch_or_refused(body: object) -> None:
    try:
        items = read_batch(body)
    except InvalidInput as error:
        assert error.fields
        return
    assert items
    assert all(item.path.startswith("/") and "?" not in item.path for item in items)


def test_an_answered_item_always_has_headers_in_lower_case() -> None:
    found = success("/vin", VinBody("0SCTESL0112345678"), [])
    odometer = success("/odometer", {"distance": 1}, [(b"SC-Data-Age", b"2026-03-01T12:00:00.000Z")])
    assert written(BatchBody((found, odometer))) == {
        "responses": [
            {"path": "/vin", "code": 200, "body": {"vin": "0SCTESL0112345678"}, "headers": {}},
            {
                "path": "/odometer",
                "code": 200,
                "body": {"distance": 1},
                "headers": {"sc-data-age": "2026-03-01T12:00:00.000Z"},
            },
        ]
    }


def test_service_history_stays_an_array() -> None:
    empty: list[ServiceRecord] = []
    assert written(success("/service/history", empty, []))["body"] == []


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        ("COMPATIBILITY:VEHICLE_NOT_CAPABLE", {"content-type": "application/json"}),
        (
            "RATE_LIMIT:VEHICLE",
            {"content-type": "application/json", "retry-after": "12", "Retry-After": "12"},
        ),
    ],
)
def test_a_failed_item_says_it_is_json_and_when_to_come_back(kind: str, headers: dict[str, str]) -> None:
    limited = problem(kind, 11.5)
    body = problem_body(
        limited, request_id="r", base_url="https://x.test", application="Demo", client_id="c", vehicle_id="v"
    )
    found = written(failure("/fuel", body, retry_after(limited)))
    assert found["headers"] == headers
    assert found["code"] == found["body"]["statusCode"] == body.status_code
    assert found["path"] == "/fuel"
