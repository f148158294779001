"""The contract's conformance list, line by line, over a server in this process with simulated cars.

Two lines are not here: 21 is about the delivery of webhooks, which is not served yet, 24 is `tests/contract`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from tests.conftest import Owned, basic, built, check_error, check_error_body
from tests.support import Connected

from carwire.kit.ids import new_id
from carwire.wire.v2.kinds import KINDS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
READS = [*STATIC_ENDPOINTS, *ENDPOINTS]
NOT_OF_CARS = {"AUTHENTICATION", "VALIDATION", "RESOURCE_NOT_FOUND"}
ACTIONS = [
    ("/security", {"action": "LOCK"}),
    ("/security", {"action": "UNLOCK"}),
    ("/charge", {"action": "START"}),
    ("/charge", {"action": "STOP"}),
    ("/charge/limit", {"limit": 0.8}),
    ("/navigation/destination", {"latitude": 52.5, "longitude": 13.4}),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("conformance")) as opened:
        yield opened


@pytest.fixture(scope="module")
def volt(client: Owned) -> Connected:
    """A car with a tank and a plug, so that it has nearly everything."""
    return client.connect("volt@example.com", "CHEVROLET")


@pytest.fixture(scope="module")
def model_3(client: Owned) -> Connected:
    """A battery car."""
    return client.connect("tesla@example.com", "TESLA")


def batch(client: Owned, car: Connected, *paths: str, **headers: str) -> list[dict[str, Any]]:
    answer = client.as_owner(car, "POST", "/batch", {"requests": [{"path": path} for path in paths]}, **headers)
    assert answer.status == 200, answer
    assert list(answer.json()) == ["responses"]
    responses: list[dict[str, Any]] = answer.json()["responses"]
    return responses


def test_line_01_request_id_and_json_on_every_response(client: Owned, volt: Connected) -> None:
    base = f"/v2.0/vehicles/{volt.vehicle_id}"
    asked = [
        ("GET", f"{base}/odometer", [volt.bearer], 200),
        ("POST", f"{base}/batch", [volt.bearer], 400),
        ("GET", "/v2.0/user", [], 401),
        ("GET", "/v2.0/vehicles", [volt.bearer], 200),
        ("GET", f"/v2.0/vehicles/{new_id()}/odometer", [volt.bearer], 403),
        ("GET", f"{base}/nothing", [volt.bearer], 404),
        ("PUT", f"{base}/odometer", [volt.bearer], 405),
        ("POST", "/oauth/token", [client.basic], 400),
        ("GET", "/v2.0/management/connections", [client.amt], 200),
        ("GET", "/v7x", [], 404),
    ]
    seen = set()
    for method, target, headers, status in asked:
        answer = client.ask(method, target, headers)
        assert answer.status == status, answer
        request_id = answer.header("sc-request-id") or ""
        assert str(UUID(request_id)) == request_id
        assert answer.header("content-type") == "application/json"
        assert all(name == name.lower() for name, _ in answer.headers)
        seen.add(request_id)
    assert len(seen) == len(asked)


@pytest.mark.parametrize("spelling", ["{}", "{}/", "{}//", "/{}", "//{}//", "{}?", "{}/?"])
@pytest.mark.parametrize("path", ["", "/odometer", "/battery/capacity", "/tires/pressure"])
def test_line_02_slashes_do_not_matter_and_nothing_is_redirected(
    client: Owned, volt: Connected, path: str, spelling: str
) -> None:
    usual = f"/v2.0/vehicles/{volt.vehicle_id}{path}"
    for method, target, headers, body in (
        ("GET", usual, [volt.bearer], b""),
        ("GET", "/v2.0/user", [volt.bearer], b""),
        ("GET", "/v2.0/vehicles", [volt.bearer], b""),
        ("GET", "/v2.0/management/connections", [client.amt], b""),
        ("POST", f"/v2.0/vehicles/{volt.vehicle_id}/batch", [volt.bearer], b'{"requests":[{"path":"/vin"}]}'),
    ):
        expected, found = (client.ask(method, each, headers, body) for each in (target, spelling.format(target)))
        assert (found.status, found.body) == (200, expected.body)


def test_line_03_the_token_endpoint_takes_credentials_from_header_or_form_and_fields_from_the_query(
    client: Owned,
) -> None:
    """But no secret from a query. The details are in `tests/http/oauth`."""
    form = {"grant_type": "refresh_token", "redirect_uri": "undefined"}
    secrets = {"client_id": client.client_id, "client_secret": client.client_secret}
    token = client.connect("line3@example.com").tokens.refresh_token.reveal()
    for headers, query, body in (
        ([client.basic], {}, {**form, "refresh_token": token}),
        ([], {}, {**form, **secrets, "refresh_token": token}),
        ([client.basic], form, {"refresh_token": token}),
    ):
        answer = client.ask("POST", f"/oauth/token?{urlencode(query)}", headers, urlencode(body).encode())
        assert answer.status == 200
        assert list(answer.json()) == ["access_token", "token_type", "expires_in", "refresh_token"]
        assert answer.json()["expires_in"] == 7200


def test_line_04_a_refresh_rotates_and_spares_who_asks_twice(client: Owned) -> None:
    car = client.connect("line4@example.com")
    old = car.tokens.refresh_token.reveal()
    form = f"grant_type=refresh_token&refresh_token={old}".encode()
    first, again = (client.ask("POST", "/oauth/token", [client.basic], form).json() for _ in range(2))
    assert first == again
    assert first["refresh_token"] != old
    assert client.as_owner(car, "GET", "/vin").status == 200, "the old access token lives on"
    bearer = (b"authorization", f"Bearer {first['access_token']}".encode())
    assert client.ask("GET", f"/v2.0/vehicles/{car.vehicle_id}/vin", [bearer]).status == 200


def test_line_05_token_errors_have_oauths_form_and_all_others_ours(client: Owned, volt: Connected) -> None:
    answer = client.ask("POST", "/oauth/token", [client.basic], b"grant_type=authorization_code&code=x")
    assert (answer.status, answer.json()) == (
        400,
        {"error": "invalid_request", "error_description": "Invalid code: x."},
    )
    check_error(client, client.ask("GET", "/v2.0/user"), 401)
    check_error(client, client.as_owner(volt, "POST", "/charge", {}), 400, "action")
    check_error(client, client.ask("GET", f"/v2.0/vehicles/{new_id()}", [volt.bearer]), 403)
    check_error(client, client.as_owner(volt, "GET", "/nothing"), 404)


def test_line_06_a_token_url_with_the_path_twice_is_served(client: Owned) -> None:
    answer = client.ask("POST", "/oauth/token/oauth/token", [client.basic], b"grant_type=refresh_token")
    assert answer.json()["error_description"] == "Missing 'refresh_token' in request."


def test_line_06_connect_is_reached_on_the_origin_of_the_api(client: Owned) -> None:
    for path in ("/oauth/authorize", "/oauth/authorize/", "//oauth/authorize"):
        query = {"response_type": "code", "redirect_uri": "https://example.com/auth", "scope": "read_vin"}
        query |= {"client_id": client.client_id, "mode": "simulated"}
        answer = client.ask("GET", f"{path}?{urlencode(query)}")
        assert answer.status == 302, answer
        assert (answer.header("location") or "").startswith("/c/")


def test_line_07_a_json_type_without_a_body_and_an_empty_object_are_accepted(client: Owned, volt: Connected) -> None:
    for body in (b"", b"{}"):
        for path in ("/odometer", "", "/security"):
            assert client.as_owner(volt, "GET", path, body).status == 200
        assert (
            client.ask("GET", "/v2.0/vehicles", [volt.bearer, (b"content-type", b"application/json")], body).status
            == 200
        )
        car = client.connect(f"line7{len(body)}@example.com")
        assert client.as_owner(car, "DELETE", "/application", body).status == 200


@pytest.mark.parametrize("absent", ["undefined", ""])
def test_line_08_undefined_and_empty_values_are_absent(client: Owned, volt: Connected, absent: str) -> None:
    for path, names in (
        ("/v2.0/vehicles", ("limit", "offset")),
        (f"/v2.0/vehicles/{volt.vehicle_id}/permissions", ("limit", "offset")),
        (f"/v2.0/vehicles/{volt.vehicle_id}/service/history", ("start_date", "end_date", "startDate", "endDate")),
    ):
        query = "&".join(f"{name}={absent}" for name in names)
        with_them, without = (client.ask("GET", each, [volt.bearer]) for each in (f"{path}?{query}", path))
        assert (with_them.status, with_them.body) == (200, without.body)


def test_line_09_dates_of_the_service_history_in_every_form(client: Owned, volt: Connected) -> None:
    path = f"/v2.0/vehicles/{volt.vehicle_id}/service/history"

    def days(query: str) -> list[str]:
        answer = client.ask("GET", path + query, [volt.bearer])
        assert answer.status == 200, answer
        return [record["serviceDate"][:10] for record in answer.json()]

    every = days("?start_date=2000-01-01&end_date=2026-01-05")
    assert len(every) >= 3
    assert every == sorted(every, reverse=True)
    one = every[1]
    start, end = f"start_date={one}", f"end_date={one}"
    for query in (
        f"?{start}&{end}",
        f"?startDate={one}&endDate={one}",
        f"?{end}?&{start}",
        f"?{start}&{end}?",
        f"?{start}&{end}?flags=country:DE",
        f"?{start}&{end}%3Fflags=a:b",
        f"%3F{start}&{end}",
        f"%3f{start}&{end}",
        f"%3F{start}?{end}",
        f"?start_date={one}T00:00:00Z&end_date={one}T23:59:59.999Z",
        f"?start_date={one}T00:00:00.000%2B00:00&{end}",
    ):
        assert days(query) == [one], query
    assert days(f"?start_date={one}") == [day for day in every if day >= one]
    assert days("") == [day for day in every if day >= "2025-01-05"], "the last year"
    for wrong in ("yesterday", "2025-13-01", "1", "2025-01-01Tx", "null"):
        check_error(client, client.ask("GET", f"{path}?start_date={wrong}", [volt.bearer]), 400, "start_date")
        check_error(client, client.ask("GET", f"{path}?endDate={wrong}", [volt.bearer]), 400, "end_date")
        both = f"{path}?end_date=2026-01-05&endDate={wrong}"
        check_error(client, client.ask("GET", both, [volt.bearer]), 400, "end_date")
    for first in ("0001-01-01", "9999-12-31"):
        assert days(f"?start_date={first}&end_date={first}") == []
        assert days(f"?end_date={first}") in ([], every)


@pytest.mark.parametrize("limit", [0.5, 1, 0.8, "0.8", "0.5", "1", "1.0", ".75"])
def test_line_10_a_charge_limit_is_a_number_or_its_text(client: Owned, volt: Connected, limit: object) -> None:
    client.as_owner(volt, "POST", "/charge", {"action": "STOP"})  # while it charges a car's limit cannot be set
    assert client.as_owner(volt, "POST", "/charge/limit", {"limit": limit}).status == 200
    assert client.as_owner(volt, "GET", "/charge/limit").json() == {"limit": float(limit)}  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0.49, 1.01, 0, -1, "0.4", "80", "x", "", None, True, [0.8], "1e-1", "NaN", "٠.٨"])
def test_line_10_a_charge_limit_out_of_range_is_refused(client: Owned, volt: Connected, limit: object) -> None:
    check_error(client, client.as_owner(volt, "POST", "/charge/limit", {"limit": limit}), 400, "limit")


KEYS = {
    "": ["id", "make", "model", "year"],
    "/permissions": ["permissions", "paging"],
    "/vin": ["vin"],
    "/odometer": ["distance"],
    "/fuel": ["range", "percentRemaining", "amountRemaining"],
    "/battery": ["percentRemaining", "range"],
    "/battery/capacity": ["capacity"],
    "/battery/nominal_capacity": ["availableCapacities", "capacity", "url"],
    "/charge": ["isPluggedIn", "state"],
    "/charge/limit": ["limit"],
    "/engine/oil": ["lifeRemaining"],
    "/location": ["latitude", "longitude"],
    "/tires/pressure": ["frontLeft", "frontRight", "backLeft", "backRight"],
    "/security": ["isLocked", "doors", "windows", "sunroof", "storage", "chargingPort"],
    "/diagnostics/system_status": ["systems"],
    "/diagnostics/dtcs": ["activeCodes"],
}


@pytest.mark.parametrize("path", KEYS)
def test_line_11_bodies_have_exactly_their_keys(client: Owned, volt: Connected, path: str) -> None:
    answer = client.as_owner(volt, "GET", path)
    assert (answer.status, list(answer.json())) == (200, KEYS[path])


def test_line_11_every_read_of_the_contract_is_among_them() -> None:
    assert {"/" if path == "" else path for path in KEYS} | {"/service/history"} == set(READS)


def test_line_11_lists_and_ids_have_their_forms(client: Owned, volt: Connected) -> None:
    user = client.ask("GET", "/v2.0/user", [volt.bearer]).json()
    assert user == {"id": volt.user_id}
    assert client.ask("GET", "/v2.0/vehicles", [volt.bearer]).json() == {
        "vehicles": [volt.vehicle_id],
        "paging": {"count": 1, "offset": 0},
    }
    assert [len(each) for each in (user["id"], volt.vehicle_id)] == [36, 36]
    attributes = client.as_owner(volt, "GET", "").json()
    assert (attributes["make"], attributes["model"], type(attributes["year"])) == ("CHEVROLET", "Volt", int)
    records = client.as_owner(volt, "GET", "/service/history?start_date=2000-01-01").json()
    assert isinstance(records, list)
    keys = ["serviceId", "serviceDate", "odometerDistance", "serviceTasks", "serviceDetails", "serviceCost"]
    assert all(list(record) == keys for record in records)


def test_line_11_what_a_car_does_not_report_of_its_doors_is_an_empty_list(client: Owned, volt: Connected) -> None:
    body = client.as_owner(volt, "GET", "/security").json()
    groups = [body[name] for name in ("doors", "windows", "sunroof", "storage", "chargingPort")]
    assert all(isinstance(group, list) for group in groups)
    assert [] in groups
    for entry in (entry for group in groups for entry in group):
        assert list(entry) == ["type", "status"]
        assert entry["status"] in {"OPEN", "CLOSED", "UNKNOWN"}


def test_line_12_commands_and_endings_say_success(client: Owned) -> None:
    car = client.connect("line12@example.com")
    done = {"status": "success", "message": "Successfully sent request to vehicle"}
    for path, body in ACTIONS:
        answer = client.as_owner(car, "POST", path, body)
        assert (answer.status, answer.json()) == (200, done), (path, body)
        assert {name for name, _ in answer.headers if name.startswith("sc-")} == {"sc-request-id"}
    answer = client.as_owner(car, "DELETE", "/application")
    assert (answer.status, answer.json()) == (200, {"status": "success"})


def test_line_13_moments_have_three_digits_and_z(client: Owned, volt: Connected) -> None:
    for path in ENDPOINTS:
        answer = client.as_owner(volt, "GET", path)
        for name in ("sc-data-age", "sc-fetched-at"):
            assert MOMENT.fullmatch(answer.header(name) or ""), path
    for record in client.as_owner(volt, "GET", "/service/history?start_date=2000-01-01").json():
        assert MOMENT.fullmatch(record["serviceDate"])
    for connection in client.ask("GET", "/v2.0/management/connections", [client.amt]).json()["connections"]:
        assert MOMENT.fullmatch(connection["connectedAt"])


def test_line_14_items_of_a_batch_have_what_sdks_look_into(client: Owned, model_3: Connected) -> None:
    items = batch(client, model_3, "/odometer", "fuel", "/", "/vin", "/location", "/odometer", "/tesla/compass")
    assert [item["path"] for item in items] == [
        "/odometer",
        "/fuel",
        "/",
        "/vin",
        "/location",
        "/odometer",
        "/tesla/compass",
    ]
    assert [item["code"] for item in items] == [200, 501, 200, 200, 200, 200, 200]
    for item in items:
        assert list(item) == ["path", "code", "body", "headers"]
        assert isinstance(item["body"], dict)
        assert all(name == name.lower() for name in item["headers"])
        assert "sc-request-id" not in item["headers"]
        alone = client.as_owner(model_3, "GET", item["path"].rstrip("/"))
        if item["code"] == 200:
            assert item["body"] == alone.json()
            assert item["headers"] == {n: v for n, v in alone.headers if n.startswith("sc-") and n != "sc-request-id"}
    assert items[1]["headers"] == {"content-type": "application/json"}
    check_error_body(client, items[1]["body"])


def test_line_14_a_limited_item_says_when_in_both_spellings(tmp_path: Path) -> None:
    with built(tmp_path, vehicle_reads_per_minute=1) as client:
        car = client.connect()
        assert client.as_owner(car, "GET", "/odometer").status == 200
        vin, limited = batch(client, car, "/vin", "/odometer")
        assert (vin["code"], limited["code"]) == (200, 429)
        assert list(limited["headers"]) == ["content-type", "retry-after", "Retry-After"]
        assert limited["headers"]["retry-after"] == limited["headers"]["Retry-After"]
        assert 1 <= int(limited["headers"]["retry-after"]) <= 60
        check_error_body(client, limited["body"])


@pytest.mark.parametrize("path", ["/nothing", "/odometers", "/batch", "/security/lock", "/tesla/nothing", "//x"])
def test_line_15_an_invalid_path_fails_the_whole_batch(client: Owned, volt: Connected, path: str) -> None:
    body = {"requests": [{"path": "/vin"}, {"path": path}]}
    check_error(client, client.as_owner(volt, "POST", "/batch", body), 400, "requests")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": None},
        {"requests": {"path": "/vin"}},
        {"requests": ["/vin"]},
        {"requests": [{}]},
        {"requests": [{"path": 1}]},
        {"requests": [{"path": "/vin", "method": "GET"}]},
        {"requests": [{"path": "/vin"}] * 51},
    ],
)
def test_line_15_a_body_that_is_no_batch_is_refused(client: Owned, volt: Connected, body: object) -> None:
    check_error(client, client.as_owner(volt, "POST", "/batch", body), 400, "requests")


@pytest.mark.parametrize(
    ("body", "field"), [(b"", "body"), (b"[]", "body"), (b"{", "body"), (b'{"requests":[{"path":"/vin"}],"x":1}', "x")]
)
def test_line_15_a_body_that_is_no_object_or_has_other_keys_is_refused(
    client: Owned, volt: Connected, body: bytes, field: str
) -> None:
    check_error(client, client.as_owner(volt, "POST", "/batch", body), 400, field)


def test_line_16_a_limited_car_says_when_to_come_again(tmp_path: Path) -> None:
    with built(tmp_path, vehicle_reads_per_minute=2) as client:
        car = client.connect()
        assert [client.as_owner(car, "GET", "/odometer").status for _ in range(3)] == [200, 200, 429]
        for answer in (
            client.as_owner(car, "GET", "/fuel"),
            client.as_owner(car, "POST", "/security", {"action": "LOCK"}),
        ):
            body = check_error(client, answer, 429)
            assert (body["type"], body["code"]) == ("RATE_LIMIT", "VEHICLE")
            assert 1 <= int(answer.header("retry-after") or "") <= 30
        assert client.as_owner(car, "GET", "/vin").status == 200, "what the car is not asked for is not limited"


@pytest.mark.parametrize("kind", [k for k in KINDS if k.code and k.type not in NOT_OF_CARS and k.code != "UNAVAILABLE"])
def test_line_17_every_error_has_its_keys_and_no_others(client: Owned, kind: Any) -> None:
    car = client.connect(f"{kind.type}.{kind.code}@smartcar.com".lower(), "LEXUS")
    body = check_error(client, client.as_owner(car, "GET", "/odometer"), kind.status)
    assert (body["type"], body["code"]) == (kind.type, kind.code)
    assert body["resolution"]["type"] == kind.resolution
    if "suggestedUserMessage" in body:
        assert "Tests" in body["suggestedUserMessage"], "it names the application"
    for path in ("", "/vin", "/permissions"):
        assert client.as_owner(car, "GET", path).status == 200, "what needs no word from the car"
    for path, sent in (("/security", {"action": "LOCK"}), ("/batch", {"requests": [{"path": "/odometer"}]})):
        answer = client.as_owner(car, "POST", path, sent)
        if path == "/batch":
            (item,) = answer.json()["responses"]
            check_error_body(client, item["body"])
            assert (item["code"], item["body"]["code"]) == (kind.status, kind.code)
        else:
            assert check_error(client, answer)["code"] in {kind.code, "VEHICLE_NOT_CAPABLE", "SMARTCAR_NOT_CAPABLE"}


def test_line_17_who_must_sign_in_again_is_told_where(client: Owned) -> None:
    car = client.connect("connected_services_account.authentication_failed@smartcar.com")
    body = check_error(client, client.as_owner(car, "GET", "/odometer"), 400)
    query = urlencode({"response_type": "vehicle_id", "client_id": client.client_id, "vehicle_id": car.vehicle_id})
    assert body["resolution"]["url"] == f"{client.base_url}/oauth/reauthenticate?{query}"


@pytest.mark.parametrize("flags", ["a:true+b:x", "a:true%20b:x", "country%3ADE+b%3Atrue", "country:DE", "", "nonsense"])
def test_line_18_flags_are_accepted_in_every_encoding(client: Owned, volt: Connected, flags: str) -> None:
    for method, path, body in (
        ("GET", "/odometer", None),
        ("GET", "", None),
        ("GET", "/permissions", None),
        ("GET", "/service/history", None),
        ("POST", "/security", {"action": "LOCK"}),
        ("POST", "/batch", {"requests": [{"path": "/vin"}]}),
    ):
        assert client.as_owner(volt, method, f"{path}?flags={flags}", body).status == 200, path
    for path, header in (
        ("/v2.0/user", volt.bearer),
        ("/v2.0/vehicles", volt.bearer),
        ("/v2.0/management/connections", client.amt),
    ):
        assert client.ask("GET", f"{path}?flags={flags}", [header]).status == 200


def test_line_19_paging_of_connections_and_no_deletion_without_a_filter(client: Owned, volt: Connected) -> None:
    body = client.ask("GET", "/v2.0/management/connections?limit=1", [client.amt]).json()
    assert list(body) == ["connections", "paging"]
    assert isinstance(body["paging"]["cursor"], str)
    body = client.ask("GET", f"/v2.0/management/connections?vehicle_id={volt.vehicle_id}", [client.amt]).json()
    assert body["paging"] == {"cursor": None}
    for query in ("", "?", "?user_id=", "?user_id=undefined&vehicle_id=", "?flags=a:b", "?mode=simulated"):
        answer = client.ask("DELETE", f"/v2.0/management/connections{query}", [client.amt])
        check_error(client, answer, 400, "user_id")
    assert client.as_owner(volt, "GET", "/odometer").status == 200


def test_line_20_the_matrix_has_no_key_but_makes(client: Owned) -> None:
    body = client.get("/v2.0/compatibility/matrix?region=US").json()
    assert len(body) > 20
    assert all(make == make.upper() and isinstance(models, list) for make, models in body.items())


@pytest.mark.parametrize("path", ["", "/odometer", "/tesla/compass", "/service/history", "/permissions"])
def test_line_22_authentication_comes_before_ids(client: Owned, volt: Connected, path: str) -> None:
    for vehicle_id in ("not-a-uuid", "x" * 36, volt.vehicle_id[:-1], volt.vehicle_id + "0"):
        target = f"/v2.0/vehicles/{vehicle_id}{path}"
        check_error(client, client.ask("GET", target, [(b"authorization", b"Bearer nothing")]), 401)
        check_error(client, client.ask("GET", target), 401)
        check_error(client, client.ask("GET", target, [volt.bearer]), 400, "id")


def test_line_22_a_bad_webhook_id_is_seen_after_a_bad_token(client: Owned, volt: Connected) -> None:
    target = f"/v2.0/vehicles/{volt.vehicle_id}/webhooks/not-a-uuid"
    check_error(client, client.ask("DELETE", target, [(b"authorization", b"Bearer wrong")]), 401)
    bearer = (b"authorization", b"Bearer " + client.management_token.encode())
    check_error(client, client.ask("DELETE", target, [bearer]), 400, "webhookId")
    check_error(client, client.ask("POST", target, [volt.bearer]), 400, "webhookId")
    check_error(client, client.ask("POST", target, [bearer]), 401)


def test_line_23_a_status_of_430_is_sent_with_a_body(client: Owned) -> None:
    car = client.connect("billing.vehicle_limit@smartcar.com")
    body = check_error(client, client.as_owner(car, "GET", "/odometer"), 430)
    assert (body["type"], body["code"]) == ("BILLING", "VEHICLE_LIMIT")
    assert body["resolution"] == {"type": "CONTACT_SUPPORT"}


def test_a_wrong_scheme_is_no_credential(client: Owned, volt: Connected) -> None:
    token = volt.tokens.access_token.reveal()
    for target, headers in (
        (f"/v2.0/vehicles/{volt.vehicle_id}", [client.basic]),
        (f"/v2.0/vehicles/{volt.vehicle_id}", [basic(f"default:{token}")]),
        (f"/v2.0/vehicles/{volt.vehicle_id}", [volt.bearer, volt.bearer]),
        ("/v2.0/user", [client.amt]),
        ("/v2.0/management/connections", [volt.bearer]),
        ("/v2.0/management/connections", [client.basic]),
        ("/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin", [volt.bearer]),
        ("/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin", [client.amt]),
    ):
        check_error(client, client.ask("GET", target, headers), 401)
