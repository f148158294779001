"""API v3 with a token of the application: tokens, connections, vehicles, signals; both clients, against Carwire."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from client.tests.conftest import KINDS, NOW, Drive, Hand, Place, Told, answer, hand_of, http, request_of
from tests.support import Connected

from carwire_client import (
    ApplicationSession,
    AuthenticationFailed,
    Client,
    InvalidAnswer,
    InvalidRequest,
    NotCapable,
    NotConfigured,
    NotFound,
    PermissionMissing,
    Secret,
    V3Client,
    bodies,
    signals,
)
from carwire_client.calls.ga import owners, vehicles
from carwire_client.calls.ga.tokens import application_token
from carwire_client.drivers import Driver
from carwire_client.settings import Application, OwnedReach, Surface
from carwire_client.v3 import Signal

APP = Surface(token="tok")
CAR = OwnedReach(id="car", user_id="me", token="tok")
KNOWN = Application(v3_client_id="client_a", v3_client_secret=Secret("s3cret"))


@pytest.fixture(scope="module")
def machine(place: Place) -> dict[str, str]:
    """Credentials of the application itself."""
    new = place.owned.run(place.owned.carwire.services.credentials.draw(place.owned.client_id))
    return {"v3_client_id": new.machine_id, "v3_client_secret": new.secret.reveal()}


@pytest.fixture(scope="module")
def many(place: Place) -> Connected:
    """An owner with seven cars."""
    return place.connect("7-vehicles@smartcar.com", "KIA")


@pytest.fixture(scope="module")
def tesla(place: Place) -> Connected:
    """An owner with one electric car."""
    return place.connect("tesla@example.com", "TESLA")


@pytest.fixture(params=KINDS)
def v3(request: pytest.FixtureRequest, place: Place, machine: dict[str, str]) -> Iterator[Hand]:
    """Each kind of client, with credentials of v3."""
    with place.hand(request.param, **machine) as made:
        yield made


# --- tokens


def test_a_token_is_asked_for_once_by_all_calls(v3: Hand, many: Connected) -> None:
    client, session = v3.client, v3.client.v3.ref.token
    v3(client.v3.connections(mode="simulated"))
    first = v3(session.token())
    v3(client.v3.connections(mode="simulated"))
    assert v3(session.token()) == first
    assert client.v3 is client.v3


def test_a_token_the_server_refuses_is_replaced_once(v3: Hand, many: Connected) -> None:
    session = v3.client.v3.ref.token
    v3(v3.client.v3.connections())
    kept = session._newest
    session._newest = type(kept)(access_token=Secret("forged"), expiration=kept.expiration)
    assert v3(v3.client.v3.connections(mode="simulated")).items
    assert session._newest.access_token not in {Secret("forged"), kept.access_token}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_is_named_when_it_is_needed(kind: str) -> None:
    with hand_of(kind, "http://x.test") as hand, pytest.raises(NotConfigured, match="CARWIRE_V3_CLIENT_ID"):
        hand(hand.client.v3.connections())
    with (
        hand_of(kind, "http://x.test", v3_client_id="client_a") as hand,
        pytest.raises(NotConfigured, match="CARWIRE_V3_CLIENT_SECRET"),
    ):
        hand(hand.client.v3.connections())


def test_credentials_come_from_the_environment() -> None:
    environ = {"CARWIRE_ORIGIN": "http://x.test", "CARWIRE_V3_CLIENT_ID": "i", "CARWIRE_V3_CLIENT_SECRET": "s"}
    with Client(environ=environ) as client:
        known = client.ref.v3_credentials()
        assert (known.client_id, known.client_secret) == ("i", Secret("s"))
    with Client(environ=environ, v3_client_id="given") as client:
        assert client.ref.v3_client_id == "given"


def test_a_wrong_secret_is_refused_and_shown_nowhere(place: Place, machine: dict[str, str]) -> None:
    wrong = {**machine, "v3_client_secret": "wrong-secret"}
    for kind in KINDS:
        with place.hand(kind, **wrong) as hand, pytest.raises(AuthenticationFailed) as caught:
            hand(hand.client.v3.connections())
        assert caught.value.type == "invalid_client"
        assert "wrong-secret" not in repr(caught.value.__dict__)


def test_a_token_is_asked_for_as_documented() -> None:
    method, url, headers, body = request_of(application_token(KNOWN))
    assert (method, url) == ("POST", "https://cars.test/oauth2/token")
    assert body == "grant_type=client_credentials&client_id=client_a&client_secret=s3cret"
    assert "authorization" not in headers
    found = Drive([answer(503), answer(200, b'{"access_token":"abcd","expires_in":60}')])(application_token(KNOWN))
    assert (found.access_token, found.expiration) == (Secret("abcd"), NOW + timedelta(seconds=60))
    assert "abcd" not in repr(found)
    assert found.raw is None


@pytest.mark.parametrize("body", [b"{}", b"[]", b"x", b'{"access_token":"a","expires_in":-99999999999}'])
def test_a_token_that_is_none_is_an_invalid_answer(body: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        Drive([answer(200, body)])(application_token(KNOWN))


def tokens(told: Told, *lives: int) -> None:
    """Let the server give tokens that live so long."""
    told.tell(*(http(200, json.dumps({"access_token": f"t-{n}", "expires_in": life})) for n, life in enumerate(lives)))


def test_a_token_is_renewed_shortly_before_its_end(told: Told) -> None:
    at = [datetime.now(UTC)]
    tokens(told, 3600, 3600)
    with Driver(told.url, environ={}, v3_client_id="i", v3_client_secret="s") as driver:
        session = ApplicationSession(driver, clock=lambda: at[0])
        assert session.token() == session.token() == Secret("t-0")
        at[0] += timedelta(seconds=3530)
        assert session.token() == Secret("t-0")
        at[0] += timedelta(seconds=15)
        assert session.token() == Secret("t-1")
        assert len(told.requests) == 2


def test_a_token_of_short_life_is_used_nevertheless(told: Told) -> None:
    tokens(told, 30, 30)
    with Driver(told.url, environ={}, v3_client_id="i", v3_client_secret="s") as driver:
        session = ApplicationSession(driver)
        assert session.token() == session.token()


def test_threads_share_one_request(told: Told) -> None:
    tokens(told, 3600)
    found = []
    with Client(told.url, environ={}, v3_client_id="i", v3_client_secret="s") as client:
        threads = [threading.Thread(target=lambda: found.append(client.v3.ref.token.token())) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert found == [Secret("t-0")] * 8
    assert len(told.requests) == 1


def test_tasks_share_one_request(told: Told) -> None:
    tokens(told, 3600)

    async def both(client: Any) -> list[Secret]:
        return list(await asyncio.gather(*(client.v3.ref.token.token() for _ in range(5))))

    with hand_of("awaited", told.url, v3_client_id="i", v3_client_secret="s") as hand:
        assert hand(both(hand.client)) == [Secret("t-0")] * 5
    assert len(told.requests) == 1


def test_a_token_may_be_given(told: Told) -> None:
    told.tell(http(200, '{"data": []}'))
    with Driver(told.url, environ={}) as driver:
        assert V3Client(client=driver, token="mine").connections().items == ()
    assert b"Bearer mine" in told.requests[0]


# --- connections


def test_connections_are_listed_and_gone_through(v3: Hand, many: Connected) -> None:
    face = v3.client.v3
    page = v3(face.connections(user_id=many.user_id, mode="simulated", size=3, sort="createdAt"))
    assert (len(page.items), page.page.total_count, page.page.size, page.page.number) == (3, 7, 3, 1)
    assert (page.page.order_by, page.page.order_direction) == ("createdAt", "ASC")
    following = v3(
        face.connections(user_id=many.user_id, mode="simulated", size=3, after=page.page.next_cursor, sort="createdAt")
    )
    assert not {each.id for each in page.items} & {each.id for each in following.items}
    every = v3.all(face.iter_connections(user_id=many.user_id, mode="simulated", size=2))
    assert {each.vehicle_id for each in every} == set(many.vehicle_ids)
    assert len(every) == 7
    first = every[0]
    assert (first.user_id, first.vehicle.make, first.vehicle.mode) == (many.user_id, "KIA", "simulated")
    assert "read_odometer" in first.permissions
    assert first.created_at.tzinfo is UTC
    assert v3(face.connection(first.id)).vehicle_id == first.vehicle_id
    assert v3(face.connections(vehicle_id=first.vehicle_id, mode="simulated")).items[0].id == first.id
    assert v3(face.connections(user_id=many.user_id)).items == ()


def test_connections_and_owners_are_deleted(v3: Hand, place: Place) -> None:
    owner = place.connect("2-vehicles@smartcar.com", {"blocking": "HYUNDAI", "awaited": "FORD"}[v3.kind])
    face = v3.client.v3
    first, _ = v3.all(face.iter_connections(user_id=owner.user_id, mode="simulated"))
    assert v3(face.delete_connection(first.id)).meta.status == 204
    with pytest.raises(NotFound):
        v3(face.connection(first.id))
    v3(face.delete_user(owner.user_id))
    assert v3.all(face.iter_connections(user_id=owner.user_id, mode="simulated")) == []
    with pytest.raises(NotFound):
        v3(face.delete_user(owner.user_id))


def test_every_field_that_is_wrong_has_an_error(v3: Hand) -> None:
    with pytest.raises(InvalidRequest) as caught:
        v3(v3.client.v3.connections(page=0, size=0))
    assert [each.description.split(":")[0] for each in caught.value.errors] == ["page[number]", "page[size]"]
    assert caught.value.errors[0] is caught.value
    assert {each.status_code for each in caught.value.errors} == {400}


def connection_body(**changes: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "attributes": {"permissions": ["read_vin"], "seen": 1},
        "relationships": {"vehicle": {"data": {"id": "v"}}, "user": {"data": {"id": "u"}}},
        **changes,
    }


def test_a_server_without_cursors_is_gone_through_by_numbers() -> None:
    def page(number: int, count: int) -> bytes:
        rows = [connection_body(id=f"{number}-{n}") for n in range(count)]
        return json.dumps({"data": rows, "meta": {"pageNumber": number, "pageSize": 2, "totalCount": 3}}).encode()

    drive = Drive([answer(200, page(1, 2))])
    first = drive(owners.iter_connections(APP, size=2))
    assert first.following is not None
    second = Drive([answer(200, page(2, 1))])
    last = second(first.following)
    assert "page%5Bnumber%5D=2" in second.sent[0].url
    assert [each.id for each in last.items] == ["2-0"]
    assert last.following is None


def test_links_lead_on_where_nothing_is_counted_and_a_circle_is_seen() -> None:
    linked = json.dumps({"data": [connection_body()], "links": {"next": "/x"}})
    assert Drive([answer(200, linked)])(owners.iter_connections(APP)).following is not None
    circle = json.dumps({"data": [connection_body()], "meta": {"nextCursor": "a"}})
    following = Drive([answer(200, circle)])(owners.iter_connections(APP)).following
    with pytest.raises(InvalidAnswer, match="itself"):
        Drive([answer(200, circle)])(following)


def test_what_is_not_known_is_kept() -> None:
    found = Drive([answer(200, json.dumps({"data": connection_body()}))])(owners.connection(APP, "c"))
    assert found.extra == {"seen": 1}
    bare = Drive([answer(200, json.dumps(connection_body()))])(owners.connection(APP, "c"))
    assert (bare.id, bare.vehicle_id, bare.user_id) == ("c", "v", "u")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data": 5}', b'{"data": [5]}', b'{"data": [{}]}', b"<html>"])
def test_bodies_that_are_no_connections_are_invalid_answers(body: bytes) -> None:
    for call in (owners.connections(APP), owners.connection(APP, "c")):
        with pytest.raises(InvalidAnswer):
            Drive([answer(200, body)])(call)


# --- vehicles and signals


def test_a_vehicle_and_its_signals(v3: Hand, tesla: Connected) -> None:
    car = v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id)
    known = v3(car.get())
    assert (known.id, known.make, known.mode, known.powertrain_type) == (tesla.vehicle_id, "TESLA", "simulated", "BEV")
    every = v3(car.signals())
    assert every.vehicle.id == tesla.vehicle_id
    assert every.page.total_count == len(every.items) > 50
    charge = every["tractionbattery-stateofcharge"]
    assert (charge.ok, charge.unit, charge.group) == (True, "percent", "TractionBattery")
    assert charge.value == charge.value_or_raise() == v3(car.signal("tractionbattery-stateofcharge")).value
    assert charge.oem_updated_at <= charge.retrieved_at
    assert {each.tzinfo for each in (charge.ingested_at, charge.retrieved_at, charge.oem_updated_at)} == {UTC}
    failed = next(each for each in every.items if each.error and each.error.type == "COMPATIBILITY")
    assert failed.status == "ERROR"
    with pytest.raises(NotCapable) as caught:
        failed.value_or_raise()
    assert (caught.value.code, caught.value.status_code) == (failed.error.code, 501)
    assert every.get("nothing") is None
    with pytest.raises(NotFound):
        v3(car.signal("no-such"))


def test_units_and_age_are_those_asked_for(v3: Hand, tesla: Connected) -> None:
    face, code = v3.client.v3, "odometer-traveleddistance"
    metric = v3(face.vehicle(tesla.vehicle_id, tesla.user_id).signal(code))
    imperial = v3(face.vehicle(tesla.vehicle_id, tesla.user_id, unit_system="imperial", max_age=3600).signal(code))
    assert metric.value == pytest.approx(imperial.value * 1.609344)
    assert (metric.unit, imperial.unit) == ("km", "miles")
    assert v3(face.vehicle(tesla.vehicle_id, tesla.user_id).signal(code, unit_system="imperial")).unit == "miles"
    with pytest.raises(ValueError, match="metric"):
        face.vehicle("a", "b", unit_system="nautical")


def test_what_has_not_changed_is_given_back(v3: Hand, tesla: Connected) -> None:
    car = v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id, max_age=3600)
    for ask in (car.get, car.signals, lambda **more: car.signal("odometer-traveleddistance", **more)):
        first = v3(ask())
        assert first.etag
        assert not first.not_modified
        again = v3(ask(if_none_match=first))
        assert again.not_modified
        assert (again.raw, again.etag) == (first.raw, first.etag)
        assert v3(ask(if_none_match=again)).not_modified


def test_another_owners_vehicle_is_not_there(v3: Hand, tesla: Connected, many: Connected) -> None:
    with pytest.raises(NotFound) as caught:
        v3(v3.client.v3.vehicle(tesla.vehicle_id, many.user_id).signals())
    assert (caught.value.type, caught.value.code) == ("RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND")
    assert caught.value.request_id


def signal_body(status: Any, body: Any = None, **meta: Any) -> dict[str, Any]:
    attributes = {"code": "a-b", "status": status, "body": body}
    return {"data": {"id": "a-b", "type": "signal", "attributes": attributes, "meta": meta}}


def read(body: Any) -> Signal[Any]:
    found = Drive([answer(200, json.dumps(body))])(vehicles.signal(CAR, "a-b"))
    assert isinstance(found, Signal)
    return found


def test_a_signal_is_read_in_every_form_it_has_had() -> None:
    ms = 1_700_000_000_000
    wrapped = read(signal_body({"value": "SUCCESS"}, {"value": 5, "unit": "km"}, oemUpdatedAt="2026-11-21T12:00:00Z"))
    assert (wrapped.value, wrapped.unit, wrapped.oem_updated_at) == (5, "km", NOW)
    bare = read(signal_body({"value": "SUCCESS"}, {"values": [1]}, retrievedAt=ms)["data"])
    assert (bare.value, bare.retrieved_at) == ([1], datetime.fromtimestamp(ms / 1000, UTC))
    early = read(signal_body(None, {"value": True}))
    assert early.ok
    assert read(signal_body({"value": "UNAVAILABLE"})).body == {}
    with pytest.raises(NotFound):
        read(signal_body({"value": "UNAVAILABLE"})).value_or_raise()
    permission = {"value": "ERROR", "error": {"type": "PERMISSION", "code": "UNKNOWN", "detail": "Ask."}}
    last = read(signal_body(permission, {"value": 7}))
    assert (last.value, last.ok) == (7, False)
    with pytest.raises(PermissionMissing, match="Ask"):
        last.body_or_raise()


def value(code: str, body: Any) -> Any:
    """Return the value of a signal with that body."""
    attributes = {"code": code, "status": {"value": "SUCCESS"}, "body": body}
    return read({"data": {"id": code, "type": "signal", "attributes": attributes}}).value


def test_a_value_is_of_the_type_of_its_code() -> None:
    assert repr(value(signals.ODOMETER_TRAVELEDDISTANCE, {"value": 5, "unit": "km"})) == "5.0"
    assert value(signals.CHARGE_ISCHARGING, {"value": False}) is False
    door = {"row": 0, "column": 1, "isOpen": None, "isLocked": True, "colour": "red"}
    doors = value(signals.CLOSURE_DOORS, {"values": [door], "rowCount": 2, "new": 1})
    known = bodies.Door(row=0, column=1, is_open=None, is_locked=True)
    assert doors == bodies.Doors(values=(known,), row_count=2)
    assert value(signals.VEHICLEIDENTIFICATION_PACKAGES, {"values": ["a", "b"]}) == ("a", "b")
    rows = [{"code": "P0420", "timestamp": "2026-11-21T12:00:00Z"}, {"code": "P1", "timestamp": "never"}]
    assert [each.timestamp for each in value(signals.DIAGNOSTICS_DTCLIST, {"values": rows})] == [NOW, None]
    charge = value(signals.CHARGE_CHARGERECORDS, {"values": [{"startTime": "2026-11-21T12:00:00Z"}]})
    assert charge == (bodies.ChargeRecord(start_time=NOW),)
    assert value(signals.DIAGNOSTICS_ABS, {"status": "NEW_WORD"}).status == "NEW_WORD"


@pytest.mark.parametrize("code", signals.CODES)
def test_a_body_that_says_nothing_has_no_value(code: str) -> None:
    assert value(code, {}) is None


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (signals.ODOMETER_TRAVELEDDISTANCE, {"value": "far"}),
        (signals.CLOSURE_DOORS, {"values": 5}),
        (signals.WHEEL_TIRES, {"values": [{"row": 0}]}),
        (signals.DIAGNOSTICS_DTCLIST, {"values": ["P0420"]}),
        (signals.SERVICE_RECORDS, {"values": {"time": 5}}),
        (signals.LOCATION_PRECISELOCATION, {"latitude": [1]}),
    ],
)
def test_a_value_that_is_not_what_its_code_says_is_an_invalid_answer(code: str, body: Any) -> None:
    attributes = {"code": code, "status": {"value": "SUCCESS"}, "body": body}
    found = read({"data": {"id": code, "type": "signal", "attributes": attributes}})
    with pytest.raises(InvalidAnswer, match=code) as caught:
        found.value_or_raise()
    assert json.loads(caught.value.received) == body == found.body


def test_everything_a_car_says_is_of_the_type_of_its_code(v3: Hand, tesla: Connected) -> None:
    said = [each for each in v3(v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id).signals()).items if each.ok]
    assert len(said) > 40
    assert [each.code for each in said if each.value is None] == []
    assert {"Doors", "Tires", "float", "bool", "str"} <= {type(each.value).__name__ for each in said}


@pytest.mark.parametrize("body", [signal_body({"value": 5}), signal_body("ERROR", 5), {"data": {"attributes": []}}])
def test_bodies_that_are_no_signal_are_invalid_answers(body: object) -> None:
    with pytest.raises(InvalidAnswer):
        read(body)


def test_a_read_names_owner_units_and_age() -> None:
    _, url, headers, _ = request_of(vehicles.signals(CAR, max_age=0, page=2, size=5))
    assert url == "https://cars.test/v3/vehicles/car/signals?page%5Bnumber%5D=2&page%5Bsize%5D=5"
    assert (headers["sc-user-id"], headers["sc-unit-system"], headers["carwire-max-age"]) == ("me", "metric", "0")
    assert "sc-user-id" not in request_of(vehicles.get_vehicle(CAR))[2]
