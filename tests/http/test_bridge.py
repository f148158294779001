"""The bridge: whoever asks, or the whole server, is told beside every v2.0 answer which call of v3 replaces it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Answer, Owned, Server, built
from tests.support import Connected

from carwire.http.bridge import Bridge
from carwire.http.call import Route
from carwire.kit.ids import new_id

HEADER = "carwire-v3-call"
ASKS = (HEADER.encode(), b"1")
WEBHOOK = "2a1f4e90-93d1-4f3f-9f60-6a0a3d2b4c11"
NEW = "/v3/vehicles/{id}"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("bridge")) as client:
        yield client


@pytest.fixture(scope="module")
def car(client: Owned) -> Connected:
    return client.connect("owner@example.com", "TESLA")


def told(answer: Answer, car: Connected) -> str | None:
    """The header, with the vehicle's id taken out again."""
    text = answer.header(HEADER)
    return text and text.replace(car.vehicle_id, "{id}")


@pytest.mark.parametrize(
    ("method", "path", "status", "wanted"),
    [
        ("GET", "/odometer", 200, f"GET {NEW}/signals/odometer-traveleddistance"),
        ("HEAD", "/odometer", 200, f"GET {NEW}/signals/odometer-traveleddistance"),
        ("GET", "/odometer/", 200, f"GET {NEW}/signals/odometer-traveleddistance"),
        ("GET", "", 200, f"GET {NEW}"),
        ("GET", "/battery", 200, f"GET {NEW}/signals"),
        ("GET", "/permissions", 200, "GET /v3/connections/{connectionId}"),
        ("GET", "/fuel", 501, f"GET {NEW}/signals"),
        ("GET", "/tesla/alerts", 501, "none"),
        ("GET", "/service/history?start_date=x", 400, f"GET {NEW}/signals/service-records"),
        ("POST", "/charge", 400, f"POST {NEW}/commands/charge/start or POST {NEW}/commands/charge/stop"),
        ("POST", "/tesla/security/frunk", 400, "none"),
        ("POST", "/batch", 400, f"GET {NEW}/signals"),
        ("DELETE", f"/webhooks/{WEBHOOK}", 401, "DELETE /v3/subscriptions/{subscriptionId}"),
        ("GET", "/nothing", 404, None),
        ("GET", "/TESLA/battery", 403, None),
        ("PATCH", "/charge", 405, None),
        ("OPTIONS", "/charge", 204, None),
    ],
)
def test_an_answer_names_its_replacement_when_it_is_asked_to(  # noqa: PLR0917
    client: Owned, car: Connected, method: str, path: str, status: int, wanted: str | None
) -> None:
    answer = client.as_owner(car, method, path, carwire_v3_call="1")
    assert (answer.status, told(answer, car)) == (status, wanted)
    assert client.as_owner(car, method, path).header(HEADER) is None


@pytest.mark.parametrize(("value", "on"), [(b"1", True), (b"true", True), (b" True ", True), (b"TRUE", True)] + [
    (value, False) for value in (b"", b"0", b"false", b"yes", b"on", b"11", b"1,1", b"\xff", b"null", b"1;")
])  # fmt: skip
def test_only_one_and_true_switch_it_on(client: Owned, car: Connected, value: bytes, on: bool) -> None:
    for method, path in (("GET", "/odometer"), ("POST", "/batch")):
        target = f"/v2.0/vehicles/{car.vehicle_id}{path}"
        answer = client.ask(method, target, [car.bearer, (HEADER.encode(), value)])
        assert (answer.header(HEADER) is not None) is on
    twice = client.ask("GET", target, [car.bearer, ASKS, ASKS])
    assert twice.header(HEADER) is None


def filled(route: Route, vehicle_id: str) -> str:
    values = {"id": vehicle_id, "webhook_id": new_id(), "vin": "5YJ", "car": "tesla-3", "group": "x"}
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "x"), route.path)


def test_every_call_of_v2_0_is_told_even_to_nobody_and_no_other_is(client: Owned) -> None:
    vehicle_id = new_id()
    for route in client.carwire.routes:
        answer = client.ask(route.method, filled(route, vehicle_id), [ASKS])
        text = answer.header(HEADER)
        assert (text is not None) is route.tag.startswith("v2.0"), route.path
        if text is not None:
            assert re.fullmatch(r"none|((GET|POST|DELETE) /v3/[\w{}/-]+( or |$))+", text), text
            assert "{vehicleId}" not in text, text


@pytest.mark.parametrize("spelling", ["/v2.0/vehicles/{}/vin", "//v2.0//vehicles/{}/vin/", "/v2.7/vehicles/{}/vin"])
def test_spellings_of_a_path_are_one_call(client: Owned, car: Connected, spelling: str) -> None:
    answer = client.ask("GET", spelling.format(car.vehicle_id.upper()), [car.bearer, ASKS])
    assert told(answer, car) == f"GET {NEW}/signals/vehicleidentification-vin"


@pytest.mark.parametrize("bad", ["%0d%0aset-cookie:%20a=b", "x%00", "%C3%A9", "a" * 36, "{vehicleId}", "..%2f.."])
def test_what_is_no_id_does_not_get_into_the_header(client: Owned, car: Connected, bad: str) -> None:
    answer = client.ask("GET", f"/v2.0/vehicles/{bad}/odometer", [car.bearer, ASKS])
    assert answer.header(HEADER) in (None, "GET /v3/vehicles/{vehicleId}/signals/odometer-traveleddistance")
    assert all("\r" not in value and "\n" not in value for _, value in answer.headers)


def test_versions_that_are_not_served_have_no_replacement(client: Owned) -> None:
    assert client.ask("GET", "/v1.0/vehicles", [ASKS]).header(HEADER) is None


def test_a_setting_switches_it_on_for_all(tmp_path: Path) -> None:
    with built(tmp_path, v3_calls=True) as client:
        car = client.connect()
        for given in ({}, {"carwire_v3_call": "0"}):
            read = client.as_owner(car, "GET", "/odometer", **given)
            assert told(read, car) == f"GET {NEW}/signals/odometer-traveleddistance"
            told_both = f"POST {NEW}/commands/security/lock or POST {NEW}/commands/security/unlock"
            command = client.as_owner(car, "POST", "/security", {"action": "LOCK"}, **given)
            assert (command.status, told(command, car)) == (200, told_both)
            refused = client.ask("GET", "/v2.0/vehicles")
            assert (refused.status, told(refused, car)) == (401, "GET /v3/connections")
        for path in ("/health", "/v1/vins/5YJ", "/"):
            assert client.get(path).header(HEADER) is None


def test_a_started_server_tells_it_on_the_wire(server: Server) -> None:
    question = "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin"
    assert server.get(question, [ASKS]).header(HEADER) == "GET /v3/compatible-vehicles"
    assert server.get(question).header(HEADER) is None


def test_nothing_is_looked_up_when_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("carwire.http.bridge.find", never)
    assert Bridge().headers([], "GET", "/v2.0/vehicles") == ()
    assert Bridge(always=True).headers([], "GET", "/v1/vins/5YJ") == ()


def test_the_document_tells_of_it_at_every_v2_0_call(client: Owned) -> None:
    paths = client.ask("GET", "/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for operation in methods.values():
            asks = HEADER in [each["name"] for each in operation["parameters"] if each["in"] == "header"]
            tells = [HEADER in answer.get("headers", {}) for answer in operation["responses"].values()]
            assert asks is path.startswith("/v2.0/"), path
            assert set(tells) == {asks}, path
