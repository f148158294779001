"""From answers to results."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from client.tests.conftest import NOW, Drive, answer

import carwire_client
from carwire_client import InvalidAnswer, Meta, NotCapable, Odometer, RateLimited, Result, Secret
from carwire_client.call import Call
from carwire_client.calls import account, commands, compatibility, requests, tokens, v3, vehicle
from carwire_client.settings import Application, Credentials, Reach

CAR = Reach(id="car", token="tok")
APP = Application(client_id="app", client_secret=Secret("app-secret"))
CLIENT = tokens.Client(credentials=Credentials("app", Secret("app-secret")))


def read(call: Call[Any], body: object, **headers: str) -> Any:
    return Drive([answer(200, json.dumps(body), **headers)])(call)


def test_a_result_says_when_and_in_which_units() -> None:
    found = read(
        vehicle.odometer(CAR),
        {"distance": 1},
        sc_request_id="r",
        sc_data_age="2026-06-01T10:15:30.120Z",
        sc_fetched_at="2026-06-01T10:15:31.004Z",
        sc_unit_system="imperial",
        carwire_command_id="c",
    )
    meta = found.meta
    assert meta.data_age == datetime(2026, 6, 1, 10, 15, 30, 120000, UTC)
    assert meta.fetched_at == datetime(2026, 6, 1, 10, 15, 31, 4000, UTC)
    assert (meta.request_id, meta.unit_system, meta.status, meta.command_id) == ("r", "imperial", 200, "c")
    assert meta.headers["sc-unit-system"] == "imperial"


def test_what_headers_do_not_say_is_null() -> None:
    meta = read(vehicle.odometer(CAR), {"distance": 1}, sc_data_age="yesterday").meta
    assert (meta.request_id, meta.data_age, meta.fetched_at, meta.unit_system) == (None, None, None, None)


def test_what_the_sdk_does_not_know_is_kept() -> None:
    body = {
        "isLocked": True,
        "doors": [{"type": "frontLeft", "status": "AJAR", "angle": 4}],
        "hood": {"open": 1},
        "meta": 5,
    }
    found = read(vehicle.lock_status(CAR), body)
    assert (found.is_locked, found.doors[0].status) == (True, "AJAR")
    assert found.extra == {"hood": {"open": 1}, "meta": 5}
    assert found.raw == body
    assert isinstance(found.meta, Meta)


def test_a_member_that_may_be_null_may_be_missing() -> None:
    assert read(vehicle.fuel(CAR), {"range": 1.5}).amount_remaining is None
    assert read(vehicle.battery(CAR), {"percentRemaining": None, "range": None}).range is None
    assert read(vehicle.lock_status(CAR), {"isLocked": False}).windows == ()
    assert read(commands.lock(CAR), {"status": "success"}).message is None


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (vehicle.odometer(CAR), {}),
        (vehicle.odometer(CAR), {"distance": None}),
        (vehicle.odometer(CAR), {"distance": "far"}),
        (vehicle.odometer(CAR), [1]),
        (vehicle.odometer(CAR), None),
        (vehicle.charge(CAR), {"state": "CHARGING"}),
        (account.get_user(APP, "tok"), {"user": "x"}),
        (account.get_vehicles(APP, "tok"), {"vehicles": [1]}),
        (compatibility.get_compatibility(APP, "V", ["x"]), {"reason": None}),
        (compatibility.get_compatibility_matrix(APP, "US"), []),
        (compatibility.get_compatibility_matrix(APP, "US"), {"KIA": [{"model": "EV6"}]}),
        (vehicle.service_history(CAR), "none"),
        (requests.batch(CAR, ["/fuel"]), {}),
        (requests.batch(CAR, ["/fuel"]), []),
        (tokens.exchange_code(CLIENT, "c"), {"access_token": "a"}),
        (tokens.exchange_code(CLIENT, "c"), {"access_token": "a", "refresh_token": "b", "expires_in": 10**12}),
        (v3.get_signals(CAR), {"data": [{}]}),
        (v3.get_signal(CAR, "x"), []),
    ],
)
def test_an_answer_that_lacks_what_must_be_there_is_an_invalid_one(call: Call[Any], body: object) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        read(call, body, sc_request_id="r")
    assert (caught.value.status_code, caught.value.request_id) == (200, "r")
    assert call.confidential or caught.value.received == json.dumps(body).encode()


def test_numbers_are_read_as_text_too_where_servers_have_sent_them_so() -> None:
    found = read(vehicle.attributes(CAR), {"id": "i", "make": "KIA", "model": "EV6", "year": "2023"})
    assert found.year == 2023


def test_the_service_history_is_a_list_on_the_wire() -> None:
    row = {
        "serviceId": 12345,
        "serviceDate": "2022-07-10T16:20:00.000Z",
        "odometerDistance": 50000,
        "serviceTasks": [{"taskId": "01", "taskDescription": "oil"}],
        "serviceDetails": [{"type": "dealership", "value": None}],
        "serviceCost": {"totalCost": "100", "currency": "USD"},
        "note": "x",
    }
    found = read(vehicle.service_history(CAR), [row, {"serviceDate": "unknown"}])
    first, second = found.items
    assert (first.service_id, first.service_date) == (12345, datetime(2022, 7, 10, 16, 20, tzinfo=UTC))
    assert first.service_cost.total_cost == 100
    assert first.service_tasks[0].task_description == "oil"
    assert (second.service_date, second.service_cost) == (None, None)
    assert found.raw[0]["note"] == "x"


def test_forms_of_the_service_history_that_stand_in_documents_are_read() -> None:
    one = read(vehicle.service_history(CAR), {"serviceId": "1", "serviceDetails": {"type": "dealership"}})
    assert [record.service_details[0].type for record in one.items] == ["dealership"]
    assert read(vehicle.service_history(CAR), []).items == ()


def test_moments_within_bodies_are_aware() -> None:
    codes = read(
        vehicle.diagnostic_trouble_codes(CAR),
        {"activeCodes": [{"code": "P1", "timestamp": "2024-09-05T14:48:00.000Z"}]},
    )
    assert codes.active_codes[0].timestamp == datetime(2024, 9, 5, 14, 48, tzinfo=UTC)
    body = {"connections": [{"vehicleId": "v", "userId": "u", "connectedAt": "2024-09-05T14:48:00Z"}], "paging": {}}
    (connection,) = read(account.get_connections(APP, "amt"), body).connections
    assert connection.connected_at == datetime(2024, 9, 5, 14, 48, tzinfo=UTC)
    assert connection.mode is None


def test_the_matrix_has_makes_and_nothing_else() -> None:
    line = {
        "model": "EV6",
        "startYear": 2022,
        "endYear": 2024,
        "type": "BEV",
        "endpoints": [],
        "permissions": ["read_vin"],
    }
    found = read(compatibility.get_compatibility_matrix(APP, "US"), {"KIA": [line], "meta": {"x": 1}})
    assert list(found.makes) == ["KIA"]
    assert found.makes["KIA"][0].start_year == 2022


@pytest.mark.parametrize("body", [b"", b"{}", b"  ", b'{"status": "success"}'])
def test_of_what_is_done_the_status_says_it_all(body: bytes) -> None:
    for call in (commands.disconnect(CAR), commands.unsubscribe(CAR, "amt", "h"), commands.lock(CAR)):
        for status in (200, 204):
            assert Drive([answer(status, body)])(call).status == "success"


def test_tokens_have_ends_in_utc_and_are_not_shown() -> None:
    body = {"access_token": "acc-1", "refresh_token": "ref-1", "expires_in": 7200, "token_type": "Bearer"}
    access = read(tokens.exchange_code(CLIENT, "c"), body)
    assert (access.access_token.reveal(), access.refresh_token.reveal()) == ("acc-1", "ref-1")
    assert access.expiration == NOW + timedelta(hours=2)
    assert access.refresh_expiration == NOW + timedelta(days=60)
    assert not access.ends_within(timedelta(minutes=119), NOW)
    assert access.ends_within(timedelta(minutes=120), NOW)
    assert "acc-1" not in f"{access!r} {access} {access.raw} {access.meta!r}"


def signal(code: str, value: object, *moments: object) -> dict[str, Any]:
    meta = dict(zip(("retrievedAt", "oemUpdatedAt"), moments, strict=False))
    status = {"value": "SUCCESS"}
    return {
        "id": code,
        "type": "signal",
        "attributes": {"code": code, "status": status, "body": {"value": value}},
        "meta": meta,
    }


def test_signals_are_read_in_both_forms() -> None:
    ms = int(NOW.timestamp() * 1000)
    preview = read(v3.get_signal(CAR, "a"), signal("a", 5, ms, ms))
    wrapped = read(v3.get_signal(CAR, "a"), {"data": signal("a", 5, "2026-11-21T12:00:00Z")})
    for found in (preview, wrapped):
        assert found.data.attributes.body == {"value": 5}
        assert found.data.meta.retrieved_at == NOW
    every = read(v3.get_signals(CAR), {"data": [signal("a", 5, ms), signal("b", None)], "included": {"vehicle": {}}})
    assert [each.attributes.code for each in every.data] == ["a", "b"]
    assert every.data[1].meta.retrieved_at is None
    assert every.extra == {"included": {"vehicle": {}}}


def test_a_vehicle_of_v3_is_read_in_both_forms() -> None:
    resource = {
        "id": "i",
        "type": "vehicle",
        "attributes": {"make": "KIA", "model": "EV6", "year": 2023},
        "links": {"self": "/x"},
    }
    for body in (resource, {"data": resource}):
        found = read(v3.get_vehicle(APP, "tok", "i"), body)
        assert (found.id, found.attributes.make, found.links.own) == ("i", "KIA", "/x")


# --- batch

ITEMS: list[dict[str, Any]] = [
    {"path": "/odometer", "code": 200, "body": {"distance": 5.5}, "headers": {"sc-unit-system": "imperial"}},
    {
        "path": "/fuel",
        "code": 501,
        "body": {"type": "COMPATIBILITY", "code": "VEHICLE_NOT_CAPABLE", "description": "No."},
    },
    {"path": "/battery", "code": 429, "body": {"type": "RATE_LIMIT"}, "headers": {"Retry-After": "9"}},
    {
        "path": "/tesla/compass",
        "code": 200,
        "body": {"heading": 90},
        "headers": {"sc-data-age": "2026-06-01T10:15:30Z"},
    },
    {"path": "/charge/limit", "code": 200, "body": {"limit": 0.8}},
    {"path": "/", "code": 200, "body": {"id": "i", "make": "KIA", "model": "EV6", "year": 2023}},
    {"path": "/service/history", "code": 200, "body": []},
    {"path": "/vin", "code": 200, "body": {}},
]


@pytest.fixture
def batch() -> Any:
    paths = [item["path"] for item in ITEMS] + ["/location"]
    return read(requests.batch(CAR, paths), {"responses": ITEMS}, sc_request_id="outer")


def test_each_item_of_a_batch_is_the_result_the_call_alone_would_have_had(batch: Any) -> None:
    odometer = batch.odometer()
    assert isinstance(odometer, Odometer)
    assert (odometer.distance, odometer.meta.unit_system, odometer.meta.request_id) == (5.5, "imperial", "outer")
    assert batch.attributes().make == "KIA"
    assert batch.service_history().items == ()
    assert batch.meta.request_id == "outer"


def test_an_item_that_failed_raises_its_own_error_with_its_own_status_and_headers(batch: Any) -> None:
    with pytest.raises(NotCapable) as caught:
        batch.fuel()
    assert (caught.value.status_code, caught.value.code) == (501, "VEHICLE_NOT_CAPABLE")
    assert caught.value.request_id == "outer"
    with pytest.raises(RateLimited) as limited:
        batch.battery()
    assert (limited.value.retry_after, limited.value.status_code) == (9, 429)


def test_items_of_single_makes_have_a_body_and_a_meta(batch: Any) -> None:
    compass = batch.tesla_compass()
    assert compass.body == {"heading": 90}
    assert compass.meta.data_age == datetime(2026, 6, 1, 10, 15, 30, tzinfo=UTC)


def test_items_are_found_by_method_by_path_and_by_the_paths_name(batch: Any) -> None:
    assert batch.get_charge_limit().limit == batch.charge_limit().limit == batch["/charge/limit"]().limit == 0.8
    assert batch["charge/limit"]().limit == 0.8
    assert len(batch) == 9
    assert [item.path for item in batch][:2] == ["/odometer", "/fuel"]
    assert "tesla_compass" in dir(batch)
    with pytest.raises(AttributeError, match="engine_oil"):
        batch.engine_oil()
    with pytest.raises(KeyError, match="engine"):
        batch["/engine/oil"]


def test_an_item_that_is_missing_or_broken_does_not_spoil_the_others(batch: Any) -> None:
    for name in ("location", "vin"):
        with pytest.raises(InvalidAnswer):
            getattr(batch, name)()
    assert batch.odometer().distance == 5.5


def test_a_path_asked_for_twice_is_answered_twice() -> None:
    rows = [{"path": "/odometer", "code": 200, "body": {"distance": number}} for number in (1, 2)]
    found = read(requests.batch(CAR, ["/odometer", "odometer"]), {"responses": rows})
    assert [item().distance for item in found.items] == [1, 2]
    assert found.odometer().distance == 1


@pytest.mark.parametrize(
    "row", [{}, {"path": "/fuel"}, {"path": "/fuel", "code": "200"}, {"path": 5, "code": 200}, None, 5]
)
def test_a_row_of_a_batch_that_is_none_is_an_invalid_answer_of_its_item_alone(row: Any) -> None:
    found = read(requests.batch(CAR, ["/fuel"]), {"responses": [row]})
    with pytest.raises(InvalidAnswer, match="lacks /fuel"):
        found.fuel()


# --- shape of the classes


def test_every_result_has_meta_raw_and_a_docstring() -> None:
    classes = [
        c for c in vars(carwire_client).values() if isinstance(c, type) and issubclass(c, Result) and c is not Result
    ]
    assert len(classes) > 25
    for each in classes:
        assert {"meta", "raw"} <= set(each.__struct_fields__), each
        assert each.__doc__, each


def test_a_result_can_be_made_by_hand_and_is_shown_without_its_body() -> None:
    assert Odometer(5.0).meta == Meta()
    shown = repr(read(vehicle.odometer(CAR), {"distance": 5, "secret": 1}))
    assert shown.startswith("Odometer(distance=5.0, meta=Meta(request_id=None, ")
    assert "secret" not in shown
