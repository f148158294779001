"""What each call sends. The wire is that of the contract's section 9, without the slips of the official SDKs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from client.tests.conftest import request_of

from carwire_client import NotConfigured, Secret
from carwire_client.call import Call
from carwire_client.calls import account, commands, compatibility, requests, tokens, v3, vehicle
from carwire_client.settings import Application, Credentials, Reach

CAR = Reach(id="car", token="tok")
APP = Application(client_id="app", client_secret=Secret("app-secret"))
CLIENT = tokens.Client(credentials=Credentials("app", Secret("app-secret")), redirect_uri="https://example.com/auth")
ORIGIN = "https://cars.test"
AT_CAR = f"{ORIGIN}/v2.0/vehicles/car"
BEARER, BASIC, AMT = "Bearer tok", "Basic YXBwOmFwcC1zZWNyZXQ=", "Basic ZGVmYXVsdDphbXQ="
READS = {
    "attributes": "/",
    "permissions": "/permissions",
    "vin": "/vin",
    "odometer": "/odometer",
    "fuel": "/fuel",
    "battery": "/battery",
    "battery_capacity": "/battery/capacity",
    "nominal_capacity": "/battery/nominal_capacity",
    "charge": "/charge",
    "get_charge_limit": "/charge/limit",
    "engine_oil": "/engine/oil",
    "location": "/location",
    "tire_pressure": "/tires/pressure",
    "lock_status": "/security",
    "service_history": "/service/history",
    "diagnostic_system_status": "/diagnostics/system_status",
    "diagnostic_trouble_codes": "/diagnostics/dtcs",
}
COMMANDS: list[tuple[Call[Any], str, str]] = [
    (commands.lock(CAR), "/security", '{"action":"LOCK"}'),
    (commands.unlock(CAR), "/security", '{"action":"UNLOCK"}'),
    (commands.start_charge(CAR), "/charge", '{"action":"START"}'),
    (commands.stop_charge(CAR), "/charge", '{"action":"STOP"}'),
    (commands.set_charge_limit(CAR, 0.8), "/charge/limit", '{"limit":0.8}'),
    (commands.send_destination(CAR, 1, -2.5), "/navigation/destination", '{"latitude":1,"longitude":-2.5}'),
]


def query(call: Call[Any]) -> dict[str, str]:
    found = parse_qsl(urlsplit(request_of(call)[1]).query, keep_blank_values=True)
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.mark.parametrize(("name", "path"), READS.items())
def test_a_read_is_a_get_with_the_token_the_units_and_no_body(name: str, path: str) -> None:
    method, url, headers, body = request_of(getattr(vehicle, name)(CAR))
    assert (method, url, body) == ("GET", AT_CAR + ("" if path == "/" else path), None)
    assert headers == {"accept": "application/json", "authorization": BEARER, "sc-unit-system": "metric"}


def test_the_table_of_reads_has_every_read_by_its_path() -> None:
    assert {path: read.method for path, read in vehicle.READS.items()} == {path: name for name, path in READS.items()}
    for name in READS:
        assert getattr(vehicle, name)(CAR).kind == "read"


@pytest.mark.parametrize(("call", "path", "body"), COMMANDS, ids=lambda value: getattr(value, "name", None))
def test_a_command_is_a_post_of_json(call: Call[Any], path: str, body: str) -> None:
    method, url, headers, sent = request_of(call)
    assert (method, url, sent) == ("POST", AT_CAR + path, body)
    assert headers["content-type"] == "application/json"
    assert (call.kind, headers["idempotency-key"]) == ("command", "key-1")


def test_what_ends_or_begins_something_has_no_key_and_no_body() -> None:
    calls: list[tuple[Call[Any], str, str, str]] = [
        (commands.disconnect(CAR), "DELETE", "/application", BEARER),
        (commands.subscribe(CAR, "hook"), "POST", "/webhooks/hook", BEARER),
        (commands.unsubscribe(CAR, "amt", "hook"), "DELETE", "/webhooks/hook", "Bearer amt"),
    ]
    for call, verb, path, authorization in calls:
        method, url, headers, body = request_of(call)
        assert (method, url, body, call.kind) == (verb, AT_CAR + path, None, "once")
        assert headers["authorization"] == authorization
        assert not {"idempotency-key", "content-type"} & set(headers)


def test_units_flags_version_and_freshness_go_with_every_call_of_a_vehicle() -> None:
    reach = Reach(
        id="car",
        token=Secret("tok"),
        unit_system="imperial",
        api_version="3.1",
        flags={"country": "DE", "beta": True},
        max_age=60,
        stale_if_error=3600,
    )
    calls: list[Call[Any]] = [
        *(getattr(vehicle, name)(reach) for name in READS),
        *(commands.lock(reach), commands.set_charge_limit(reach, 0.9), commands.disconnect(reach)),
        *(commands.subscribe(reach, "x"), commands.unsubscribe(reach, "amt", "x")),
        *(requests.batch(reach, ["/fuel"]), requests.request(reach, "GET", "tesla/compass")),
    ]
    for call in calls:
        _, url, headers, _ = request_of(call)
        assert query(call)["flags"] == "country:DE beta:true", call
        assert url.startswith(f"{ORIGIN}/v3.1/vehicles/car"), call
        expected = {"sc-unit-system": "imperial", "carwire-max-age": "60", "carwire-stale-if-error": "3600"}
        assert expected.items() <= headers.items(), call


def test_dates_of_the_service_history_are_written_when_given() -> None:
    assert query(vehicle.service_history(CAR)) == {}
    assert query(vehicle.service_history(CAR, "2026-01-01", date(2026, 2, 1))) == {
        "start_date": "2026-01-01",
        "end_date": "2026-02-01",
    }
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert query(vehicle.service_history(CAR, end_date=moment)) == {"end_date": "2026-01-01T12:00:00+00:00"}
    with pytest.raises(ValueError, match="start_date"):
        vehicle.service_history(CAR, "last week")


@pytest.mark.parametrize("limit", [-0.1, 1.1, float("nan"), float("inf"), True, "0.8", None])
def test_a_charge_limit_out_of_range_is_refused_before_it_is_sent(limit: Any) -> None:
    with pytest.raises(ValueError, match="limit must be"):
        commands.set_charge_limit(CAR, limit)


@pytest.mark.parametrize(
    ("place", "name"),
    [((90.1, 0), "latitude"), ((-91, 0), "latitude"), ((0, 180.5), "longitude"), ((0, -181), "longitude")],
)
def test_a_destination_that_is_nowhere_is_refused_before_it_is_sent(place: tuple[float, float], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        commands.send_destination(CAR, *place)
    assert commands.send_destination(CAR, 90, -180)


@pytest.mark.parametrize("vehicle_id", ["a/b", "../user", "x?y#z", "ü", "a b"])
def test_an_id_stays_within_its_segment(vehicle_id: str) -> None:
    url = request_of(vehicle.odometer(Reach(id=vehicle_id, token="tok")))[1]
    assert urlsplit(url).path.count("/") == 4
    assert not {"?", "#", " "} & set(url.removeprefix("https://"))


@pytest.mark.parametrize("vehicle_id", ["", ".", ".."])
def test_an_id_that_is_another_path_is_refused(vehicle_id: str) -> None:
    with pytest.raises(ValueError, match="is no id"):
        vehicle.odometer(Reach(id=vehicle_id, token="tok"))


def test_a_batch_names_every_path_with_its_slash() -> None:
    method, url, headers, body = request_of(requests.batch(CAR, ["/odometer", "tires/pressure", "/"]))
    assert (method, url) == ("POST", f"{AT_CAR}/batch")
    assert body == '{"requests":[{"path":"/odometer"},{"path":"/tires/pressure"},{"path":"/"}]}'
    assert headers["content-type"] == "application/json"
    nothings: list[Any] = [[], "/odometer"]
    for nothing in nothings:
        with pytest.raises(ValueError, match="paths"):
            requests.batch(CAR, nothing)


def test_a_request_of_ones_own() -> None:
    method, url, headers, body = request_of(
        requests.request(CAR, "post", "tesla/charge/ammeter?x=1", {"amperage": 16}, {"X-Own": "1"}, api_version="2.1")
    )
    assert (method, url) == ("POST", f"{ORIGIN}/v2.1/vehicles/car/tesla/charge/ammeter?x=1")
    assert (body, headers["x-own"], headers["authorization"]) == ('{"amperage":16}', "1", BEARER)
    plain = request_of(requests.request(CAR, "GET", "/odometer"))
    assert (plain[3], "content-type" in plain[2], "idempotency-key" in plain[2]) == (None, False, False)
    empty = request_of(requests.request(CAR, "DELETE", "tesla/pin", {}))
    assert empty[3] == "{}"


def test_headers_of_a_request_go_before_those_of_the_sdk() -> None:
    given = {"Authorization": "Basic other", "SC-Unit-System": "imperial"}
    headers = request_of(requests.request(CAR, "GET", "odometer", headers=given))[2]
    assert (headers["authorization"], headers["sc-unit-system"]) == ("Basic other", "imperial")


@pytest.mark.parametrize("path", ["../user", "a/../../user", "a b", "a#b", "ü", "a\r\nb", "./x"])
def test_a_request_does_not_lead_out_of_the_vehicle(path: str) -> None:
    with pytest.raises(ValueError, match="no path of a vehicle"):
        requests.request(CAR, "GET", path)


def test_a_request_to_a_whole_address_stays_with_the_server() -> None:
    assert request_of(requests.request(CAR, "GET", "https://evil.test/x"))[1].startswith(f"{AT_CAR}/https:/evil.test")


def test_calls_of_an_owner() -> None:
    assert request_of(account.get_user(APP, "tok"))[:3] == (
        *("GET", f"{ORIGIN}/v2.0/user"),
        {"accept": "application/json", "authorization": BEARER},
    )
    assert request_of(account.get_vehicles(APP, "tok"))[1] == f"{ORIGIN}/v2.0/vehicles"
    assert query(account.get_vehicles(APP, "tok", limit=5)) == {"limit": "5"}
    assert request_of(v3.get_vehicle(APP, "tok", "car"))[1] == f"{ORIGIN}/v3/vehicles/car"


def test_signals_are_asked_of_v3() -> None:
    assert request_of(v3.get_signals(CAR))[1] == f"{ORIGIN}/v3/vehicles/car/signals"
    assert request_of(v3.get_signal(CAR, "odometer-x"))[1] == f"{ORIGIN}/v3/vehicles/car/signals/odometer-x"


def test_connections_are_asked_with_the_management_token() -> None:
    call = account.get_connections(APP, "amt", user_id="u", vehicle_id="v", mode="live", limit=5, cursor="c")
    assert request_of(call)[2]["authorization"] == AMT
    expected = {"user_id": "u", "vehicle_id": "v", "mode": "live", "limit": "5", "cursor": "c"}
    assert query(call) == expected
    assert query(account.get_connections(APP, "amt")) == {}
    deleted = account.delete_connections(APP, Secret("amt"), vehicle_id="v")
    assert request_of(deleted)[:2] == ("DELETE", f"{ORIGIN}/v2.0/management/connections?vehicle_id=v")
    assert deleted.kind == "once"


@pytest.mark.parametrize("given", [{}, {"user_id": ""}, {"vehicle_id": None, "user_id": None}])
def test_connections_are_never_deleted_without_saying_which(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Give user_id, vehicle_id or both"):
        account.delete_connections(APP, "amt", **given)


def test_compatibility_is_asked_with_the_applications_credentials() -> None:
    call = compatibility.get_compatibility(APP, "VIN", ["read_odometer", "read_fuel"])
    assert request_of(call)[2]["authorization"] == BASIC
    assert query(call) == {"vin": "VIN", "scope": "read_odometer read_fuel", "country": "US"}
    own = compatibility.get_compatibility(APP, "VIN", [], client_id="b", client_secret="c", api_version="2.5")
    assert request_of(own)[1].startswith(f"{ORIGIN}/v2.5/compatibility?")
    assert request_of(own)[2]["authorization"] == "Basic Yjpj"


def test_test_mode_of_compatibility_works_on_2_0() -> None:
    assert query(compatibility.get_compatibility(APP, "V", ["x"], test_mode_compatibility_level="bev")) == {
        **{"vin": "V", "scope": "x", "country": "US"},
        **{"mode": "test", "test_mode_compatibility_level": "bev"},
    }
    with pytest.warns(DeprecationWarning, match="test_mode"):
        assert query(compatibility.get_compatibility(APP, "V", ["x"], test_mode=True))["mode"] == "test"
    with pytest.raises(ValueError, match="mode must be"):
        compatibility.get_compatibility(APP, "V", ["x"], mode="sandbox")  # type: ignore[arg-type]


def test_the_matrix_takes_lists_or_text() -> None:
    call = compatibility.get_compatibility_matrix(
        APP, "US", scope=["read_vin", "read_fuel"], make="TESLA KIA", type="BEV", mode="live", flags={"a": False}
    )
    assert query(call) == {
        **{"region": "US", "scope": "read_vin read_fuel", "make": "TESLA KIA"},
        **{"type": "BEV", "mode": "live", "flags": "a:false"},
    }


def test_what_proves_the_application_has_to_be_there() -> None:
    with pytest.raises(NotConfigured, match="CARWIRE_CLIENT_SECRET"):
        compatibility.get_compatibility(Application(client_id="a"), "V", ["x"])
    with pytest.raises(NotConfigured, match="CARWIRE_CLIENT_ID"):
        compatibility.get_compatibility(Application(), "V", ["x"])


def test_codes_and_refresh_tokens_are_sent_as_a_form() -> None:
    method, url, headers, body = request_of(tokens.exchange_code(CLIENT, "co de", code_verifier="v", flags={"a": True}))
    assert (method, url) == ("POST", f"{ORIGIN}/oauth/token?flags=a%3Atrue")
    assert headers["authorization"] == BASIC
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(body or "")) == {
        **{"grant_type": "authorization_code", "code": "co de"},
        **{"redirect_uri": "https://example.com/auth", "code_verifier": "v"},
    }
    refresh = request_of(tokens.exchange_refresh_token(CLIENT, Secret("r")))[3]
    assert refresh == "grant_type=refresh_token&refresh_token=r"


@pytest.mark.parametrize("version", ["", "2", "v2.0", "2.0/../..", "2.0.0", "latest"])
def test_a_version_that_is_none_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="An API version"):
        account.get_user(Application(api_version=version), "tok")


@pytest.mark.parametrize("token", [None, 5, b"bytes"])
def test_what_is_no_token_is_refused(token: Any) -> None:
    with pytest.raises(TypeError, match="access token"):
        account.get_user(APP, token)


def test_no_call_shows_a_secret() -> None:
    calls: list[Call[Any]] = [
        tokens.exchange_code(CLIENT, "secret-code"),
        commands.unsubscribe(CAR, "secret-amt", "hook"),
        requests.request(CAR, "POST", "tesla/pin", {"pin": "secret-pin"}, {"authorization": "secret-header"}),
        compatibility.get_compatibility(APP, "V", ["x"], client_id="a", client_secret="secret-secret"),
        vehicle.odometer(Reach(id="car", token="secret-token")),
    ]
    for call in calls:
        assert "secret-" not in repr(call)
        shown = {name: repr(getattr(call, name)) for name in call.__struct_fields__}
        assert not any("secret-" in text for text in shown.values()), shown
