"""Reads over a server in this process: headers, the order of checks, units, ages, pages, makes and methods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.conftest import Owned, built, check_error
from tests.support import Connected

from carwire.core.permissions import PERMISSIONS
from carwire.kit.ids import new_id
from carwire.wire.v2.actions import ACTIONS
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.vehicles import ENDPOINTS

AGED = {"sc-data-age", "sc-fetched-at"}
IN_UNITS = {"/odometer", "/fuel", "/battery", "/battery/capacity", "/tires/pressure", "/service/history"}
STATIC = ("", "/vin", "/permissions")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("vehicles")) as opened:
        yield opened


@pytest.fixture(scope="module")
def volt(client: Owned) -> Connected:
    return client.connect("volt@example.com", "CHEVROLET")


@pytest.fixture(scope="module")
def tesla(client: Owned) -> Connected:
    return client.connect("tesla@example.com", "TESLA")


def move(client: Owned, seconds: int) -> None:
    """Let time pass for the simulated cars."""
    assert client.post("/v1/simulator/clock", {"step": seconds}).status == 200


# Headers.


@pytest.mark.parametrize("path", [*STATIC, *ENDPOINTS])
def test_headers_are_those_of_the_contracts_table(client: Owned, volt: Connected, path: str) -> None:
    answer = client.as_owner(volt, "GET", path)
    assert answer.status == 200
    expected = set() if path in STATIC else AGED | ({"sc-unit-system"} if path in IN_UNITS else set())
    assert {name for name, _ in answer.headers if name.startswith("sc-")} == {"sc-request-id", *expected}


@pytest.mark.parametrize(
    ("asked", "named"), [("imperial", "imperial"), ("IMPERIAL", "imperial"), ("metric", "metric"), ("", "metric")]
)
def test_numbers_and_header_follow_the_unit_system(client: Owned, volt: Connected, asked: str, named: str) -> None:
    metric = client.as_owner(volt, "GET", "/odometer").json()["distance"]
    answer = client.as_owner(volt, "GET", "/odometer", sc_unit_system=asked)
    assert answer.header("sc-unit-system") == named
    factor = 1.609344 if named == "imperial" else 1
    assert answer.json()["distance"] * factor == pytest.approx(metric)


@pytest.mark.parametrize(
    ("path", "factor"), [("/tires/pressure", 6.894757293), ("/fuel", None), ("/battery/capacity", 1)]
)
def test_pressure_is_told_in_psi_and_capacity_stays_in_kwh(
    client: Owned, volt: Connected, path: str, factor: float | None
) -> None:
    metric = client.as_owner(volt, "GET", path).json()
    imperial = client.as_owner(volt, "GET", path, sc_unit_system="imperial").json()
    if factor is None:
        assert imperial["range"] * 1.609344 == pytest.approx(metric["range"])
        assert imperial["amountRemaining"] * 3.785411784 == pytest.approx(metric["amountRemaining"])
        assert imperial["percentRemaining"] == metric["percentRemaining"]
    else:
        assert {k: v * factor for k, v in imperial.items()} == pytest.approx(metric)


@pytest.mark.parametrize("system", ["furlongs", "metric,imperial", "é"])
def test_an_unknown_unit_system_is_refused(client: Owned, volt: Connected, system: str) -> None:
    for method, path, body in (("GET", "/odometer", None), ("POST", "/security", {"action": "LOCK"})):
        answer = client.ask(
            method,
            f"/v2.0/vehicles/{volt.vehicle_id}{path}",
            [volt.bearer, (b"sc-unit-system", system.encode())],
            b"" if body is None else json.dumps(body).encode(),
        )
        check_error(client, answer, 400, "sc-unit-system")


def test_a_header_given_twice_is_refused(client: Owned, volt: Connected) -> None:
    for name in ("sc-unit-system", "carwire-max-age", "carwire-stale-if-error"):
        twice = [(name.encode(), b"metric" if "unit" in name else b"1")] * 2
        answer = client.ask("GET", f"/v2.0/vehicles/{volt.vehicle_id}/odometer", [volt.bearer, *twice])
        check_error(client, answer, 400, name)


# How old an answer may be.


def test_a_kept_reading_is_given_when_the_request_allows_its_age(client: Owned) -> None:
    car = client.connect("aged@example.com", "TESLA")
    first = client.as_owner(car, "GET", "/tesla/compass")
    move(client, 60)
    kept = client.as_owner(car, "GET", "/tesla/compass", carwire_max_age="60")
    assert [kept.header(name) for name in AGED] == [first.header(name) for name in AGED]
    newer = client.as_owner(car, "GET", "/tesla/compass", carwire_max_age="59")
    assert (newer.header("sc-fetched-at") or "") > (first.header("sc-fetched-at") or "")
    newest = client.as_owner(car, "GET", "/tesla/compass", carwire_max_age="0")
    assert newest.header("sc-fetched-at") == newer.header("sc-fetched-at")


def test_a_stale_value_is_given_for_a_car_that_cannot_be_asked(client: Owned) -> None:
    car = client.connect("stale@example.com")
    first = client.as_owner(car, "GET", "/odometer")
    assert client.post(f"/v1/simulator/cars/{car.vins[0]}/faults", {"kind": "VEHICLE_STATE:UNREACHABLE"}).status == 200
    move(client, 600)
    check_error(client, client.as_owner(car, "GET", "/odometer"), 409)
    check_error(client, client.as_owner(car, "GET", "/odometer", carwire_stale_if_error="60"), 409)
    stale = client.as_owner(car, "GET", "/odometer", carwire_stale_if_error="86400")
    assert (stale.status, stale.body) == (200, first.body)
    assert stale.header("sc-data-age") == first.header("sc-data-age"), "it says how old it is"
    (item,) = client.as_owner(
        car, "POST", "/batch", {"requests": [{"path": "/odometer"}]}, carwire_stale_if_error="86400"
    ).json()["responses"]
    assert (item["code"], item["headers"]["sc-data-age"]) == (200, first.header("sc-data-age"))


@pytest.mark.parametrize("seconds", ["-1", "1.5", "x", "", "9" * 10, "315360001", "٣"])
def test_an_age_that_is_no_number_of_seconds_is_refused(client: Owned, volt: Connected, seconds: str) -> None:
    for name in ("carwire-max-age", "carwire-stale-if-error"):
        headers = [volt.bearer, (name.encode(), seconds.encode())]
        check_error(client, client.ask("GET", f"/v2.0/vehicles/{volt.vehicle_id}/odometer", headers), 400, name)


# The order of checks.


def test_credentials_come_before_values_and_values_before_permissions(client: Owned) -> None:
    car = client.connect("narrow@example.com", permissions=["read_vin"])
    nobody = (b"authorization", b"Bearer nothing")
    for method, path, bad in (
        ("GET", "/service/history?start_date=x", "start_date"),
        ("POST", "/security", "body"),
        ("POST", "/charge/limit", "body"),
    ):
        target = f"/v2.0/vehicles/{car.vehicle_id}{path}"
        check_error(client, client.ask(method, target, [nobody]), 401)
        check_error(client, client.ask(method, target, [car.bearer]), 400, bad)
    check_error(client, client.as_owner(car, "GET", "/service/history"), 403)
    check_error(client, client.as_owner(car, "POST", "/security", {"action": "LOCK"}), 403)


def test_a_permission_comes_before_what_the_car_can(client: Owned) -> None:
    car = client.connect("bare@example.com", "TESLA", permissions=["read_vin"])
    assert check_error(client, client.as_owner(car, "GET", "/fuel"), 403)["type"] == "PERMISSION"
    assert check_error(client, client.as_owner(car, "GET", "/chevrolet/charge/completion"), 403)["code"] is None


def test_a_refusal_names_the_application_and_sends_the_owner_back(client: Owned) -> None:
    car = client.connect("narrow@example.com", permissions=[])
    body = check_error(client, client.as_owner(car, "GET", "/odometer"), 403)
    assert body["resolution"] == {"type": "REAUTHENTICATE"}
    assert "Tests" in body["suggestedUserMessage"]
    answer = client.ask("GET", f"/v2.0/vehicles/{new_id()}/odometer", [car.bearer])
    assert check_error(client, answer, 403)["suggestedUserMessage"] == body["suggestedUserMessage"]


# Makes.


@pytest.mark.parametrize(("make", "rest"), [each for each in MAKE_READS if each[0] != "tesla"])
def test_a_call_of_another_make_is_not_served(client: Owned, tesla: Connected, make: str, rest: str) -> None:
    body = check_error(client, client.as_owner(tesla, "GET", f"/{make}/{rest}"), 501)
    assert (body["type"], body["code"]) == ("COMPATIBILITY", "SMARTCAR_NOT_CAPABLE")


@pytest.mark.parametrize(("make", "rest"), MAKE_READS)
def test_a_make_in_upper_case_is_a_matter_of_permission(client: Owned, tesla: Connected, make: str, rest: str) -> None:
    for spelled in (make.upper(), make.title()):
        assert check_error(client, client.as_owner(tesla, "GET", f"/{spelled}/{rest}"), 403)["type"] == "PERMISSION"
        answer = client.as_owner(tesla, "POST", "/batch", {"requests": [{"path": f"/{spelled}/{rest}"}]})
        (item,) = answer.json()["responses"]
        assert (item["code"], item["body"]["type"]) == (403, "PERMISSION")


@pytest.mark.parametrize(
    ("method", "path"), [each for each in ACTIONS if each[1].count("/") > 1 and "tesla" in each[1]]
)
def test_commands_of_a_make_in_upper_case_are_a_matter_of_permission(
    client: Owned, tesla: Connected, method: str, path: str
) -> None:
    body = check_error(client, client.as_owner(tesla, method, path.replace("tesla", "TESLA"), {"action": "START"}), 403)
    assert body["type"] == "PERMISSION"
    check_error(client, client.ask(method, f"/v2.0/vehicles/{tesla.vehicle_id}{path.replace('tesla', 'TESLA')}"), 401)


@pytest.mark.parametrize(
    "path", ["/ODOMETER", "/Vin", "/TESLA", "/TESLA/nothing", "/Service/History", "/TIRES/PRESSURE"]
)
def test_other_paths_in_upper_case_lead_nowhere(client: Owned, tesla: Connected, path: str) -> None:
    assert check_error(client, client.as_owner(tesla, "GET", path), 404)["code"] == "PATH"


def test_ids_in_upper_case_are_the_same_ids(client: Owned, volt: Connected) -> None:
    answer = client.ask("GET", f"/v2.0/vehicles/{volt.vehicle_id.upper()}", [volt.bearer])
    assert answer.json()["id"] == volt.vehicle_id


# Methods.


@pytest.mark.parametrize("path", [*STATIC, "/odometer", "/service/history", "/tesla/compass"])
def test_head_answers_like_get_without_the_body(client: Owned, tesla: Connected, path: str) -> None:
    got, headed = (client.as_owner(tesla, method, path) for method in ("GET", "HEAD"))
    assert (headed.status, headed.body) == (got.status, b"")
    assert {name for name, _ in headed.headers} == {name for name, _ in got.headers}
    assert headed.header("content-length") == str(len(got.body))


def test_head_of_a_refusal_has_no_body_either(client: Owned, tesla: Connected) -> None:
    assert client.as_owner(tesla, "HEAD", "/fuel").status == 501
    assert client.as_owner(tesla, "HEAD", "/fuel").body == b""
    answer = client.ask("HEAD", f"/v2.0/vehicles/{tesla.vehicle_id}/odometer")
    assert (answer.status, answer.body) == (401, b"")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/odometer", "GET, HEAD"),
        ("DELETE", "/charge", "GET, HEAD, POST"),
        ("GET", "/batch", "POST"),
        ("POST", "/application", "DELETE"),
        ("PATCH", "/tesla/pin", "DELETE, POST"),
    ],
)
def test_a_method_that_is_not_served_is_told_which_are(
    client: Owned, volt: Connected, method: str, path: str, allowed: str
) -> None:
    answer = client.as_owner(volt, method, path)
    assert check_error(client, answer, 405)["code"] == "METHOD"
    assert answer.header("allow") == allowed


# Pages.


def test_vehicles_are_listed_page_by_page(client: Owned) -> None:
    owner = client.connect("12-vehicles@smartcar.com")
    assert len(owner.vehicle_ids) == 12

    def page(query: str) -> tuple[list[str], dict[str, int]]:
        body = client.ask("GET", f"/v2.0/vehicles{query}", [owner.bearer]).json()
        return body["vehicles"], body["paging"]

    assert page("") == (owner.vehicle_ids[:10], {"count": 12, "offset": 0})
    assert page("?limit=5&offset=10") == (owner.vehicle_ids[10:], {"count": 12, "offset": 10})
    assert page("?limit=50") == (owner.vehicle_ids, {"count": 12, "offset": 0})
    assert page("?offset=12") == ([], {"count": 12, "offset": 12})
    for name, wrong in (
        ("limit", "0"),
        ("limit", "51"),
        ("limit", "-1"),
        ("limit", "x"),
        ("offset", "-1"),
        ("offset", "1.5"),
    ):
        check_error(client, client.ask("GET", f"/v2.0/vehicles?{name}={wrong}", [owner.bearer]), 400, name)


def test_permissions_are_listed_page_by_page_without_prefixes(client: Owned, volt: Connected) -> None:
    body = client.as_owner(volt, "GET", "/permissions").json()
    assert body["paging"] == {"count": len(PERMISSIONS), "offset": 0}
    assert body["permissions"] == sorted(PERMISSIONS)[:25]
    body = client.as_owner(volt, "GET", "/permissions?limit=2&offset=25").json()
    assert body["permissions"] == sorted(PERMISSIONS)[25:27]
    check_error(client, client.as_owner(volt, "GET", "/permissions?limit=51"), 400, "limit")
    (item,) = client.as_owner(volt, "POST", "/batch", {"requests": [{"path": "/permissions?limit=1"}]}).json()[
        "responses"
    ]
    assert item["body"]["permissions"] == sorted(PERMISSIONS)[:1]


def test_a_bad_value_in_a_batch_spoils_its_item_only(client: Owned, volt: Connected) -> None:
    paths = ["/permissions?limit=x", "/service/history?start_date=x", "/vin"]
    items = client.as_owner(volt, "POST", "/batch", {"requests": [{"path": path} for path in paths]}).json()[
        "responses"
    ]
    assert [item["code"] for item in items] == [400, 400, 200]
    assert [item["body"]["detail"][0]["field"] for item in items[:2]] == ["limit", "start_date"]


def test_a_batch_asks_the_car_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    with built(tmp_path_factory.mktemp("budget"), vehicle_reads_per_minute=1) as client:
        car = client.connect()
        paths = ["/odometer", "/fuel", "/battery", "/location", "/tires/pressure"]
        answer = client.as_owner(car, "POST", "/batch", {"requests": [{"path": path} for path in paths]})
        assert [item["code"] for item in answer.json()["responses"]] == [200] * 5


# Battery capacities.


def test_a_capacity_only_the_owner_can_tell_comes_with_a_link(client: Owned) -> None:
    car = client.connect("battery@connect.test", "TESLA")
    body = client.as_owner(car, "GET", "/battery/nominal_capacity").json()
    assert body["capacity"] is None
    assert len(body["availableCapacities"]) > 1
    assert body["url"].endswith("&redirect_uri=")
    query = parse_qs(urlsplit(body["url"]).query)
    assert (query["vehicle_id"], query["client_id"]) == ([car.vehicle_id], [client.client_id])
    error = check_error(client, client.as_owner(car, "GET", "/battery/capacity"), 500)
    assert error["code"] == "MULTIPLE_RECORDS_FOUND"
    capacities = [each["capacity"] for each in body["availableCapacities"]]
    assert error["detail"] == [{"capacities": capacities}]


def test_a_vehicle_that_was_disconnected_is_gone_for_every_token(client: Owned) -> None:
    owner = client.connect("3-vehicles@smartcar.com", "KIA")
    again = client.connect("3-vehicles@smartcar.com", "KIA")
    assert again.vehicle_ids == owner.vehicle_ids
    first, *rest = owner.vehicle_ids
    assert client.ask("DELETE", f"/v2.0/vehicles/{first}/application", [owner.bearer]).status == 200
    for car in (owner, again):
        check_error(client, client.ask("GET", f"/v2.0/vehicles/{first}/vin", [car.bearer]), 403)
        check_error(client, client.ask("DELETE", f"/v2.0/vehicles/{first}/application", [car.bearer]), 403)
        body = client.ask("GET", "/v2.0/vehicles", [car.bearer]).json()
        assert body == {"vehicles": rest, "paging": {"count": 2, "offset": 0}}
    for vehicle_id in rest:
        assert client.ask("DELETE", f"/v2.0/vehicles/{vehicle_id}/application", [owner.bearer]).status == 200
    assert client.ask("GET", "/v2.0/vehicles", [owner.bearer]).json() == {
        "vehicles": [],
        "paging": {"count": 0, "offset": 0},
    }
    assert client.ask("GET", "/v2.0/user", [owner.bearer]).json() == {"id": owner.user_id}
