"""The slips of the official SDKs, by their number in the wire contract's section 10: none of them is here."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from client.tests.conftest import Drive, Hand, Told, answer, http, request_of

import carwire_client
from carwire_client import (
    Client,
    InvalidAnswer,
    NotCapable,
    Origins,
    RateLimited,
    Secret,
    ServerFailed,
    VehicleState,
    verify_payload,
)
from carwire_client.calls import account, commands, compatibility, requests, tokens, vehicle
from carwire_client.settings import Application, Credentials, Reach

CAR = Reach(id="car", token="tok")
APP = Application(client_id="app", client_secret=Secret("s"))
CLIENT = tokens.Client(credentials=Credentials("app", Secret("s")))
FAILED = '{"type": "VEHICLE_STATE", "code": %s, "description": "No.", "statusCode": 200, "requestId": "body"}'


def failure(body: str, status: int = 409, **headers: str) -> Any:
    with pytest.raises(carwire_client.CarwireError) as caught:
        Drive([answer(status, body, **headers)])(vehicle.odometer(CAR))
    return caught.value


def node_1_no_redirect_uri_is_no_text() -> None:
    assert "redirect_uri" not in (request_of(tokens.exchange_code(CLIENT, "c"))[3] or "")


def node_2_what_is_not_given_is_not_in_the_query() -> None:
    calls: list[Any] = [
        vehicle.service_history(CAR),
        account.get_vehicles(APP, "t", limit=None, offset=None),
        vehicle.permissions(CAR, limit=None),
        account.get_connections(APP, "amt", user_id=None),
    ]
    assert all("?" not in request_of(call)[1] for call in calls)


def node_3_no_address_ends_with_a_slash() -> None:
    calls: list[Any] = [account.get_user(APP, "t"), account.get_vehicles(APP, "t"), vehicle.attributes(CAR)]
    assert not any(request_of(call)[1].endswith("/") for call in calls)


def node_4_what_has_no_body_says_nothing_of_one() -> None:
    calls: list[Any] = [vehicle.odometer(CAR), commands.disconnect(CAR), commands.unsubscribe(CAR, "amt", "h")]
    for call in calls:
        _, _, headers, body = request_of(call)
        assert body is None
        assert "content-type" not in headers


def node_5_the_address_of_connect_is_connects() -> None:
    environ = {
        **{"SMARTCAR_API_ORIGIN": "https://api.test", "SMARTCAR_CONNECT_ORIGIN": "https://connect.test"},
        **{"SMARTCAR_CLIENT_ID": "a", "SMARTCAR_CLIENT_SECRET": "s"},
    }
    with Client(environ=environ) as client:
        assert client.auth().get_auth_url().startswith("https://connect.test/")


def node_6_single_select_may_be_true() -> None:
    with Client("https://x.test", client_id="a", client_secret="s", environ={}) as client:
        assert "single_select=true" in client.auth().get_auth_url(single_select=True)


def node_7_a_charge_limit_is_a_number() -> None:
    assert request_of(commands.set_charge_limit(CAR, 0.8))[3] == '{"limit":0.8}'


def node_8_errors_of_a_batch_have_their_own_status_with_and_without_headers() -> None:
    error = {"type": "COMPATIBILITY", "code": "VEHICLE_NOT_CAPABLE", "description": "No."}
    rows = [{"path": "/fuel", "code": 501, "body": error}, {"path": "/vin", "code": 501, "body": error, "headers": {}}]
    batch = Drive([answer(200, json.dumps({"responses": rows}))])(requests.batch(CAR, ["/fuel", "/vin"]))
    for item in batch:
        with pytest.raises(NotCapable) as caught:
            item()
        assert caught.value.status_code == 501


def node_9_a_delivery_is_verified_as_it_came() -> None:
    amt, spaced = "amt", b'{ "a": 1 }'
    signature = carwire_client.hash_challenge(amt, spaced.decode())
    assert verify_payload(amt, signature, spaced)
    assert not verify_payload(amt, signature, b'{"a":1}')


def node_10_detail_is_called_detail() -> None:
    body = '{"type": "VALIDATION", "code": null, "description": "No.", "detail": [{"field": "x", "message": "y"}]}'
    assert failure(body, 400).detail == ({"field": "x", "message": "y"},)


def node_11_no_make_is_called_meta() -> None:
    found = Drive([answer(200, '{"KIA": []}')])(compatibility.get_compatibility_matrix(APP, "US"))
    assert list(found.makes) == ["KIA"]


def node_12_an_error_without_a_code_does_not_name_one() -> None:
    assert str(failure(FAILED % "null")) == "VEHICLE_STATE - No."
    assert str(failure('{"type": "VEHICLE_STATE", "description": "No."}')) == "VEHICLE_STATE - No."


def python_1_headers_of_one_request_are_not_those_of_the_next() -> None:
    first, second = Reach(id="a", token="token-a", unit_system="imperial"), Reach(id="b", token="token-b")
    given = {"x-own": "1"}
    one = request_of(requests.request(first, "GET", "odometer", headers=given))[2]
    two = request_of(requests.request(second, "GET", "odometer"))[2]
    assert given == {"x-own": "1"}
    assert (one["authorization"], two["authorization"]) == ("Bearer token-a", "Bearer token-b")
    assert (two["sc-unit-system"], "x-own" in two) == ("metric", False)
    functions = [
        f for module in (account, commands, compatibility, requests, tokens, vehicle) for f in vars(module).values()
    ]
    defaults = [
        parameter.default
        for function in functions
        if inspect.isfunction(function)
        for parameter in inspect.signature(function).parameters.values()
    ]
    assert not any(isinstance(value, dict | list | set) for value in defaults)


def python_2_a_get_has_no_body() -> None:
    assert request_of(requests.request(CAR, "GET", "odometer"))[3] is None


def python_3_the_unit_system_can_be_set() -> None:
    with Client("https://x.test", environ={}) as client:
        car = client.vehicle("car", "t")
        car.set_unit_system("imperial")
        assert request_of(vehicle.odometer(car.ref))[2]["sc-unit-system"] == "imperial"


def python_4_test_mode_of_compatibility_is_sent() -> None:
    url = request_of(compatibility.get_compatibility(APP, "V", ["x"], test_mode_compatibility_level="fuel"))[1]
    assert "mode=test&test_mode_compatibility_level=fuel" in url


def python_5_everything_is_exported() -> None:
    assert {"get_vehicle", "get_compatibility_matrix", "get_management_token"} <= set(carwire_client.__all__)


def python_6_every_public_name_is_there() -> None:
    assert [name for name in carwire_client.__all__ if not hasattr(carwire_client, name)] == []


def python_7_items_of_a_batch_need_no_headers_and_any_spelling_will_do() -> None:
    for name in ("retry-after", "Retry-After", "RETRY-AFTER"):
        rows = [
            {"path": "/vin", "code": 200, "body": {"vin": "V"}},
            {"path": "/fuel", "code": 429, "body": {"type": "RATE_LIMIT"}, "headers": {name: 30}},
        ]
        batch = Drive([answer(200, json.dumps({"responses": rows}))])(requests.batch(CAR, ["/vin", "/fuel"]))
        assert batch.vin().vin == "V"
        with pytest.raises(RateLimited) as caught:
            batch.fuel()
        assert caught.value.retry_after == 30


def python_8_a_missing_key_is_an_error_of_the_sdk() -> None:
    with pytest.raises(InvalidAnswer, match="distance"):
        Drive([answer(200, "{}")])(vehicle.odometer(CAR))


def python_9_the_status_is_that_of_http() -> None:
    error = failure(FAILED % '"ASLEEP"', sc_request_id="header")
    assert (type(error), error.status_code, error.request_id) == (VehicleState, 409, "body")
    assert failure("{}", 500, sc_request_id="header").request_id == "header"


def python_10_moments_are_aware() -> None:
    body = '{"access_token": "a", "refresh_token": "b", "expires_in": 7200}'
    access = Drive([answer(200, body)])(tokens.exchange_code(CLIENT, "c"))
    assert access.expiration.tzinfo is access.refresh_expiration.tzinfo is UTC


def python_11_the_environment_is_read_when_a_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for origin in ("https://a.test", "https://b.test"):
        monkeypatch.setenv("CARWIRE_ORIGIN", origin)
        with Client() as client:
            assert client.origins.api == origin


def python_12_the_token_endpoint_may_be_given_as_an_origin_or_whole() -> None:
    for value in ("https://auth.test", "https://auth.test/oauth/token"):
        found = Origins.of({"SMARTCAR_API_ORIGIN": "https://a.test", "SMARTCAR_AUTH_ORIGIN": value})
        assert found.token == "https://auth.test/oauth/token"


def python_13_the_readme_names_only_what_there_is() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    called = set(re.findall(r"\b(?:vehicle|client|auth|session)\.(\w+)\(", readme))
    known = {n for c in ("Vehicle", "Client", "AuthClient", "OwnerSession") for n in dir(getattr(carwire_client, c))}
    assert called
    assert called <= known


def python_14_items_of_single_makes_have_a_meta() -> None:
    headers = {"sc-data-age": "2026-01-01T00:00:00Z"}
    rows = [{"path": "/tesla/compass", "code": 200, "body": {"heading": 1}, "headers": headers}]
    body = json.dumps({"responses": rows})
    found = Drive([answer(200, body, sc_request_id="r")])(requests.batch(CAR, ["/tesla/compass"])).tesla_compass()
    assert (found.body, found.meta.request_id, found.meta.data_age.tzinfo) == ({"heading": 1}, "r", UTC)


SLIPS = [function for name, function in list(globals().items()) if name.startswith(("node_", "python_"))]


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.__name__)
def test_a_slip_of_the_official_sdks_is_not_repeated(slip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slip(*([monkeypatch] if inspect.signature(slip).parameters else []))


def test_every_slip_of_the_list_is_looked_at() -> None:
    numbers = sorted(tuple(slip.__name__.split("_")[:2]) for slip in SLIPS)
    assert len(numbers) == len(set(numbers)) == 12 + 14


def test_other_sdks_end_with_a_raw_error_where_json_does_not_come(at_told: Hand, told: Told) -> None:
    """10.5: decode errors leaked out when a server sent an error that is no JSON, or no content type at all."""
    told.tell(http(500, b"<html>", kind=None))
    with pytest.raises(ServerFailed) as caught:
        at_told(at_told.client.get_user("t"))
    assert caught.value.received == b"<html>"
    told.tell(http(500, b"", kind=None))
    with pytest.raises(ServerFailed):
        at_told(at_told.client.get_user("t"))
