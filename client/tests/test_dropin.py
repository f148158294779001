"""The stand-in for the official package: every row of the parity table by both, at the same car.

A row is a function of a package and of a world; what it returns, and what it raises, has to be the same for both,
attribute by attribute.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any, Final
from uuid import uuid4

import pytest
import smartcar as official
import smartcar.smartcar as official_functions
from client.tests.conftest import Place, Told, http
from tests.support import Connected, approve

import carwire_client
import carwire_client.smartcar as dropin
from carwire.services.webhooks.managing import Wanted
from carwire_client import NotConfigured
from carwire_client.smartcar import asking, reading

ORIGINS: Final = ("API", "AUTH", "CONNECT", "MANAGEMENT_API", "VEHICLE_API_V3")
ATTRIBUTES: Final = (
    *("message", "type", "code", "description", "status_code", "request_id", "resolution", "doc_url", "detail"),
    *("retry_after", "suggested_user_message"),
)
IN_EVERY_ANSWER: Final = {"sc-request-id", "date", "etag", "age"}
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TESLA_VIN: Final = "5YJXCDE22HF068739"
READS: Final = {
    "V3": "attributes",
    "V4": "vin",
    "V5": "odometer",
    "V6": "fuel",
    "V7": "battery",
    "V8": "battery_capacity",
    "V9": "nominal_capacity",
    "V10": "charge",
    "V13": "get_charge_limit",
    "V15": "engine_oil",
    "V16": "location",
    "V17": "tire_pressure",
    "V18": "lock_status",
    "V23": "diagnostic_system_status",
    "V24": "diagnostic_trouble_codes",
}
pytestmark = pytest.mark.filterwarnings(  # of Python 3.12: the official package uses the first, a test here the second
    "ignore:datetime.datetime.utcnow:DeprecationWarning", "ignore:This process.*multi-threaded:DeprecationWarning"
)


@dataclass
class World:
    """A Carwire, and owners with an electric car, a plug-in hybrid and seven cars."""

    place: Place
    tesla: Connected
    volt: Connected
    many: Connected
    webhook_id: str

    def vehicle(self, package: Any, car: Connected | None = None, options: Any = None) -> Any:
        """A vehicle of the package; the electric car unless another one is named."""
        car = car or self.tesla
        return package.Vehicle(car.vehicle_ids[0], token(car), options)

    def set(self, car: Connected, **settings: object) -> None:
        """Put a simulated car into a state."""
        body = {"scenario": "parked", "settings": settings}
        answer = self.place.owned.post(f"/v1/simulator/cars/{car.vins[0]}", body)
        assert answer.status == 200, answer

    @property
    def amt(self) -> str:
        """The application's management token."""
        return self.place.owned.management_token

    def code(self, username: str) -> str:
        """A code, as Connect would have given it."""
        owned = self.place.owned
        work = approve(owned.carwire.store, owned.hasher, owned.source, owned.client_id, username, "TESLA")
        return owned.run(work)[1].reveal()


def token(car: Connected) -> str:
    return car.tokens.access_token.reveal()


def leads(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Lead both packages to a server: one reads the environment when it is imported, the other when it is called."""
    for name in [name for name in os.environ if name.startswith(("CARWIRE_", "SMARTCAR_"))]:
        monkeypatch.delenv(name)
    for name in ORIGINS:
        place = f"{url}/oauth/token" if name == "AUTH" else url
        monkeypatch.setenv(f"SMARTCAR_{'VEHICLE_API_V3' if name == 'VEHICLE_API_V3' else name}_ORIGIN", place)
        monkeypatch.setattr(f"smartcar.config.{name.removesuffix('_V3')}_ORIGIN", place)


@pytest.fixture(scope="module")
def known(place: Place) -> World:
    """Owners are connected once."""
    work = place.owned.carwire.services.webhooks.create(
        place.owned.client_id, Wanted(name="Tests", url="https://example.com/hook")
    )
    return World(
        place,
        place.connect("dropin-tesla@example.com", "TESLA"),
        place.connect("dropin-volt@example.com", "CHEVROLET"),
        place.connect("7-vehicles@smartcar.com", "KIA"),
        place.owned.run(work).webhook.id,
    )


@pytest.fixture
def world(known: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world, with both packages led to it."""
    leads(monkeypatch, known.place.url)
    monkeypatch.setenv("SMARTCAR_CLIENT_ID", known.place.owned.client_id)
    monkeypatch.setenv("SMARTCAR_CLIENT_SECRET", known.place.owned.client_secret)
    yield known
    official.set_api_version("2.0")
    dropin.set_api_version("2.0")
    asking.close()


# --- what is compared


def plain(value: Any) -> Any:
    """Write a result as what can be compared: tuples by the names of class and fields."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        fields = {name: plain(getattr(value, name)) for name in value._fields}
        return {"class": type(value).__name__, **fields} if type(value).__name__ != "Meta" else meta(fields)
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def meta(fields: dict[str, Any]) -> dict[str, Any]:
    """Of meta: what is another for each request is looked at, and left out."""
    assert len(fields["request_id"]) == 36
    assert MOMENT.fullmatch(fields.get("fetched_at", "2026-01-05T06:00:00.000Z"))
    return {**fields, "order": list(fields), "request_id": 36, "fetched_at": "fetched_at" in fields}


def outcome(package: Any, call: Callable[[], Any]) -> Any:
    """What a call returns, or the attributes of what it raises."""
    try:
        return plain(call())
    except package.SmartcarException as error:
        found = {name: getattr(error, name, None) for name in ATTRIBUTES}
        ids = found["request_id"]
        assert ids is None or len(ids) == 36
        return {**found, "request_id": ids and 36, "text": str(error), "class": type(error).__name__}


def of_v3(answer: Any) -> Any:
    """An answer of v3: its body, and the headers that are not of one request alone."""
    meta_less = json.loads(json.dumps(answer["body"]))
    names = {name.lower() for name in answer["headers"]}
    assert "sc-request-id" in names
    assert answer["headers"]["SC-Request-Id"] == answer["headers"]["sc-request-id"]
    return _timeless(meta_less), sorted(names)


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k not in {"retrievedAt", "ingestedAt", "requestId"}}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


# --- the rows

Check = Callable[[Any, World], Any]
ROWS: Final[dict[str, Check]] = {}


def row(name: str) -> Callable[[Check], Check]:
    """Enter a row of the parity table."""

    def enter(check: Check) -> Check:
        ROWS[name] = check
        return check

    return enter


def functions(package: Any) -> Any:
    """The module with the functions the official package does not have at its top."""
    return official_functions if package is official else dropin.smartcar


def _read(name: str) -> Check:
    def check(package: Any, world: World) -> Any:
        cars = (world.tesla, world.volt)
        systems: tuple[Any, ...] = (None, {"unit_system": "Imperial"})
        found = [
            outcome(package, getattr(world.vehicle(package, car, options), name)) for car in cars for options in systems
        ]
        assert any(each["class"] != "SmartcarException" for each in found)
        return found

    return check


ROWS.update({row_name: _read(name) for row_name, name in READS.items()})


@row("F1 F2")
def _version(package: Any, world: World) -> Any:
    found = []
    for version in ("2.0", "99.9"):
        package.set_api_version(version)
        found += [package.get_api_version(), outcome(package, lambda: package.get_user(token(world.tesla)))]
    package.set_api_version("0.1")
    vehicle = world.vehicle(package)
    package.set_api_version("2.0")
    found += [outcome(package, vehicle.vin), functions(package).API_VERSION]
    for wrong in ("", "two", "2"):
        with pytest.raises(ValueError, match=r"[Vv]ersion"):
            package.set_api_version(wrong)
    return found


@row("F3")
def _user(package: Any, world: World) -> Any:
    return [outcome(package, lambda: package.get_user(token(world.many)))]


@row("F4")
def _vehicles(package: Any, world: World) -> Any:
    pages: tuple[Any, ...] = (
        None,
        {},
        {"limit": 2},
        {"limit": 3, "offset": 5},
        {"limit": None, "offset": 1},
        {"limit": -1},
    )
    return [outcome(package, partial(package.get_vehicles, token(world.many), page)) for page in pages]


@row("F5")
def _vehicle(package: Any, world: World) -> Any:
    return of_v3(functions(package).get_vehicle(token(world.tesla), world.tesla.vehicle_id))


@row("F6")
def _compatibility(package: Any, world: World) -> Any:
    ask, owned = package.get_compatibility, world.place.owned
    own = {"client_id": owned.client_id, "client_secret": owned.client_secret}
    return [
        outcome(package, lambda: ask(TESLA_VIN, ["read_odometer", "read_fuel"])),
        outcome(package, lambda: ask(vin=TESLA_VIN, scope=["read_odometer"], country="DE", options=own)),
        outcome(package, lambda: ask(TESLA_VIN, ["read_odometer"], options={"version": "2.0", "flags": {"a": True}})),
        outcome(package, lambda: ask("no vin", ["read_odometer"])),
        outcome(package, lambda: ask(TESLA_VIN, ["read_odometer"], options={**own, "client_secret": "wrong"})),
    ]


@row("F7")
def _matrix(package: Any, world: World) -> Any:
    ask = functions(package).get_compatibility_matrix
    options = {"type": "BEV", "scope": ["read_odometer", "read_battery"]}
    return [outcome(package, lambda: ask("US", "TESLA", options)), outcome(package, lambda: ask("EUROPE", "VOLVO"))]


@row("F8 F9 F15")
def _webhook(package: Any, world: World) -> Any:
    body = '{"note":"Zürich"}'
    signature = package.hash_challenge("amt-demo-7f3c", body)
    return [
        signature,
        [package.verify_payload("amt-demo-7f3c", each, body) for each in (signature, "0" * 64, "")],
        functions(package).get_management_token("amt-demo-7f3c"),
        functions(package).get_management_token("amt", "somebody"),
    ]


@row("F10")
def _connections(package: Any, world: World) -> Any:
    ask, many = package.get_connections, world.many
    found = ask(world.amt, {"user_id": many.user_id}, {"limit": 3})
    assert found.paging.cursor
    return [
        plain(found._replace(paging=found.paging._replace(cursor="drawn anew"))),
        outcome(
            package, lambda: ask(world.amt, {"user_id": many.user_id}, {"limit": 5, "cursor": found.paging.cursor})
        ),
        outcome(package, lambda: ask(world.amt, filter={"vehicle_id": world.tesla.vehicle_id})),
        outcome(package, lambda: ask("wrong")),
    ]


@row("F11")
def _delete(package: Any, world: World) -> Any:
    cars = [world.place.connect(f"{package.__name__}-{n}@example.com", "TESLA") for n in range(2)]
    ask = package.delete_connections
    (one,) = ask(world.amt, {"vehicle_id": cars[0].vehicle_id}).connections
    (two,) = ask(amt=world.amt, filter={"user_id": cars[1].user_id}).connections
    assert (one.vehicle_id, two.user_id) == (cars[0].vehicle_id, cars[1].user_id)
    with pytest.raises(Exception, match="not both"):
        ask(world.amt, {"vehicle_id": "a", "user_id": "b"})
    return [one.connected_at, type(one).__name__, outcome(package, lambda: ask(world.amt))]


@row("F12 F13 F14")
def _classes(package: Any, world: World) -> Any:
    names = ("SmartcarException", "Vehicle", "AuthClient")
    return [issubclass(package.SmartcarException, Exception), [getattr(package, name).__name__ for name in names]]


@row("A1 A5")
def _auth(package: Any, world: World) -> Any:
    made = [
        package.AuthClient(),
        package.AuthClient("id", "secret", "https://example.com/auth", mode="SIMULATED"),
        package.AuthClient(client_id="id", client_secret="secret", redirect_uri="https://example.com", mode="test"),
    ]
    for old in (True, False):
        with pytest.warns(DeprecationWarning):
            made.append(package.AuthClient(test_mode=old))
    with pytest.raises(Exception, match="mode"):
        package.AuthClient(mode="dead")
    names = ("client_id", "client_secret", "redirect_uri", "mode", "auth")
    return [[getattr(each, name) for name in names] for each in made]


@row("A2")
def _auth_url(package: Any, world: World) -> Any:
    auth = package.AuthClient(redirect_uri="https://example.com/auth?a=b", mode="test")
    choices: tuple[Any, ...] = ({}, {"enabled": True}, {"enabled": False}, {"vin": TESLA_VIN}, None)
    everything = {"force_prompt": True, "state": "a b&c", "make_bypass": "TESLA", "flags": {"country": "DE", "x": True}}
    return [
        auth.get_auth_url(),
        package.AuthClient().get_auth_url([]),
        auth.get_auth_url(["read_odometer", "required:read_vin"], {**everything, "user": "me"}),
        *(auth.get_auth_url(scope=["read_vin"], options={"single_select": choice}) for choice in choices),
        auth.get_auth_url(options={"force_prompt": False, "state": "", "flags": {}}),
    ]


def _access(package: Any, found: Any) -> Any:
    assert len(found.access_token) == len(found.refresh_token) == 36
    now = datetime.now(UTC).replace(tzinfo=None)
    assert abs(found.expiration - now - timedelta(seconds=7200)) < timedelta(minutes=1)
    assert abs(found.refresh_expiration - now - timedelta(days=60)) < timedelta(minutes=1)
    return [type(found).__name__, found._fields, found.token_type, found.expires_in, len(found)]


@row("A3 A4")
def _exchange(package: Any, world: World) -> Any:
    auth = package.AuthClient(redirect_uri="https://example.com/auth")
    access = auth.exchange_code(world.code(f"code-{package.__name__}@example.com"), {"flags": {"a": True}})
    renewed = auth.exchange_refresh_token(access.refresh_token)
    assert package.get_vehicles(renewed.access_token).paging.count == 1
    wrong = package.AuthClient("nobody", "nothing")
    return [
        _access(package, access),
        _access(package, renewed),
        _masked(outcome(package, lambda: auth.exchange_code("no-such-code"))),
        _masked(outcome(package, lambda: auth.exchange_refresh_token(refresh_token="no-such-code"))),
        outcome(package, lambda: wrong.exchange_code("no-such-code")),
    ]


def _masked(error: dict[str, Any]) -> dict[str, Any]:
    """What the server echoes is masked by the stand-in alone."""
    return {k: v.replace("no-such-code", "***") if isinstance(v, str) else v for k, v in error.items()}


@row("V1")
def _make(package: Any, world: World) -> Any:
    options = {"unit_system": "imperial", "version": "99.9", "flags": {"country": "DE", "beta": True}}
    vehicle = world.vehicle(package, options=options)
    return [
        *(vehicle.vehicle_id, vehicle.access_token, vehicle._api_version, vehicle._unit_system, vehicle._flags),
        outcome(package, vehicle.odometer),
        outcome(package, world.vehicle(package, options={"version": "1.0"}).odometer),
        outcome(package, world.vehicle(package, options={"unit_system": "nautical"}).odometer),
    ]


@row("V2")
def _permissions(package: Any, world: World) -> Any:
    vehicle = world.vehicle(package)
    pages: tuple[Any, ...] = (None, {}, {"limit": 2}, {"limit": 2, "offset": 1}, {"offset": 3})
    return [outcome(package, partial(vehicle.permissions, page)) for page in pages]


def _twice(method: str, *args: Any, **settings: object) -> Check:
    def check(package: Any, world: World) -> Any:
        world.set(world.tesla, **settings)
        vehicle = world.vehicle(package)
        return [outcome(package, lambda: getattr(vehicle, method)(*args)) for _ in range(2)]

    return check


ROWS.update(
    {
        "V11": _twice("start_charge", charge=0.4, plug="ac"),
        "V11 unplugged": _twice("start_charge", plug="none"),
        "V12": _twice("stop_charge", charge=0.4, plug="ac"),
        "V14": _twice("set_charge_limit", 0.8, charge=0.95, plug="ac"),
        "V14 too low": _twice("set_charge_limit", 0.3),
        "V19": _twice("lock", locked=False),
        "V19 door": _twice("lock", locked=False, door_front_left="open"),
        "V20": _twice("unlock", locked=True, door_front_left="closed"),
        "V21": _twice("send_destination", 37.7749, -122.4194),
        "V21 nowhere": _twice("send_destination", 100, -122.4),
    }
)


@row("V22")
def _service(package: Any, world: World) -> Any:
    vehicle = world.vehicle(package)
    return [
        outcome(package, partial(vehicle.service_history, *days))
        for days in ((), ("2020-01-01",), ("2020-01-01", "2026-01-01"), ("yesterday",))
    ]


@row("V25 V26")
def _subscribe(package: Any, world: World) -> Any:
    vehicle = world.vehicle(package)
    return [
        outcome(package, lambda: vehicle.subscribe(world.webhook_id)),
        outcome(package, lambda: vehicle.subscribe("no-webhook")),
        outcome(package, lambda: vehicle.unsubscribe(world.amt, world.webhook_id)),
        outcome(package, lambda: vehicle.unsubscribe("wrong", world.webhook_id)),
    ]


@row("V27")
def _batch(package: Any, world: World) -> Any:
    found = []
    for options in (None, {"unit_system": "imperial"}):
        for car, more in ((world.tesla, ["/tesla/compass"]), (world.volt, [])):
            vehicle = world.vehicle(package, car, options)
            paths = [f"/{path}" for path in reading.READS] + more
            batch = vehicle.batch(paths)
            items = {name: outcome(package, getattr(batch, name)) for name in batch._fields if name != "meta"}
            found.append([type(batch).__name__, list(batch._fields), plain(batch.meta), items])
    return [*found, outcome(package, lambda: world.vehicle(package).batch(["/odometer", "/nonsense"]))]


@row("V28")
def _request(package: Any, world: World) -> Any:
    def ask(*args: Any) -> Any:
        return outcome(
            package, lambda: world.vehicle(package).request(*args, **({} if len(args) > 3 else {"headers": {}}))
        )

    other = {"Authorization": f"Bearer {token(world.volt)}"}
    return [
        ask("GET", "odometer"),
        ask("GET", "odometer", {}, {"sc-unit-system": "imperial"}),
        ask("GET", "odometer", {}, other),
        ask("POST", "tesla/climate/cabin", {"action": "SET", "temperature": 21}),
        ask("POST", "security", {"action": "NOTHING"}),
        ask("get", "tesla/compass"),
        ask("GET", "nonsense"),
    ]


@row("V29")
def _disconnect(package: Any, world: World) -> Any:
    car = world.place.connect(f"gone-{package.__name__}@example.com", "TESLA")
    vehicle = world.vehicle(package, car)
    return [outcome(package, vehicle.disconnect), outcome(package, vehicle.odometer)]


@row("V30 V31")
def _signals(package: Any, world: World) -> Any:
    vehicle = world.vehicle(package, world.volt, {"flags": {"a": "b"}})
    vehicle.odometer()
    return [
        of_v3(vehicle.get_signals()),
        of_v3(vehicle.get_signal("odometer-traveleddistance")),
        outcome(package, lambda: vehicle.get_signal("no-such-signal"))["status_code"],
    ]


@row("errors")
def _errors(package: Any, world: World) -> Any:
    car = world.tesla
    return [
        outcome(package, package.Vehicle(car.vehicle_ids[0], "wrong").odometer),
        outcome(package, package.Vehicle("no-id", token(car)).odometer),
        outcome(package, package.Vehicle(str(uuid4()), token(car)).odometer),
        outcome(package, package.Vehicle(world.volt.vehicle_ids[0], token(car)).odometer),
        outcome(package, lambda: package.get_user(str(uuid4()))),
    ]


@pytest.mark.parametrize("name", ROWS)
def test_both_packages_say_the_same(world: World, name: str) -> None:
    theirs, ours = (ROWS[name](package, world) for package in (official, dropin))
    assert ours == theirs


def test_no_row_of_the_parity_table_is_missing() -> None:
    entered = {word for name in ROWS for word in name.split() if re.fullmatch(r"[FAV]\d+", word)}
    every = {f"{kind}{n}" for kind, length in (("F", 15), ("A", 5), ("V", 33)) for n in range(1, length + 1)}
    # V32 is a table of the npm package; V33 never works in the official one, and has a test of its own.
    assert every - entered == {"V32", "V33"}


ANSWERS: Final[Mapping[str, bytes]] = {
    "no JSON": http(502, b"<h1>Bad gateway</h1>", kind="text/html"),
    "broken JSON": http(500, b'{"type":', "sc-request-id: " + "r" * 36),
    "an empty object": http(500, b"{}"),
    "v1.0": http(409, b'{"error":"vehicle_state_error","message":"Asleep","code":"VS_001","statusCode":409}'),
    "OAuth": http(400, b'{"error":"invalid_request","error_description":"No"}', "sc-request-id: " + "r" * 36),
    "no code": http(401, b'{"type":"AUTHENTICATION","code":null,"description":"No","statusCode":401}'),
    "a rate limit": http(
        *(429, b'{"type":"RATE_LIMIT","code":"VEHICLE","description":"Slow","statusCode":429,"resolution":null}'),
        "retry-after: 30",
    ),
    "a detail": http(
        400,
        b'{"type":"VALIDATION","code":null,"description":"No","statusCode":400,"docURL":"https://d","requestId":"'
        + b"r" * 36
        + b'","detail":[{"field":"a","message":"b"}],"resolution":{"type":"X","url":"u"},"suggestedUserMessage":"S"}',
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_errors_of_any_shape_have_the_same_attributes(told: Told, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    leads(monkeypatch, told.url)
    told.tell(ANSWERS[name])
    theirs, ours = (outcome(package, package.Vehicle("v", "t").odometer) for package in (official, dropin))
    assert ours == theirs
    assert len(told.requests) == 2


def test_a_lost_connection_is_the_same_error(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    leads(monkeypatch, told.url)
    told.tell(lambda connection: connection.close())
    theirs, ours = (outcome(package, package.Vehicle("v", "t").lock) for package in (official, dropin))
    assert ours == theirs
    assert ours["message"] == "SDK_ERROR"
    with pytest.raises(dropin.SmartcarException) as caught:
        dropin.Vehicle("v", "t").lock()
    assert isinstance(caught.value.__cause__, carwire_client.ConnectionFailed)


# --- what the official package does wrong


def test_headers_of_a_request_are_not_those_of_the_next(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    leads(monkeypatch, told.url)
    dropin.Vehicle("a", "token-a", {"unit_system": "imperial"}).request("GET", "odometer")
    dropin.Vehicle("b", "token-b").request("GET", "odometer")
    first, second = (request.decode().lower() for request in told.requests)
    assert "bearer token-a" in first
    assert "imperial" in first
    assert "bearer token-b" in second
    assert "metric" in second
    assert first.endswith("\r\n\r\n")  # no body


def test_the_unit_system_can_be_set(world: World) -> None:
    vehicle = world.vehicle(dropin)
    vehicle.set_unit_system("IMPERIAL")
    assert vehicle.odometer().meta.unit_system == "imperial"
    with pytest.raises(ValueError, match="unit system"):
        vehicle.set_unit_system("nautical")
    with pytest.raises(ValueError, match="unit_system"):
        world.vehicle(official).set_unit_system("imperial")


def test_version_1_of_compatibility_and_a_level_are_sent(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    leads(monkeypatch, told.url)
    told.tell(http(200, b'{"compatible":true}'))
    own = {"client_id": "a", "client_secret": "b", "version": "1.0", "test_mode_compatibility_level": "bev"}
    assert dropin.get_compatibility("v", ["s"], options=own).compatible is True
    assert (
        b"/v1.0/compatibility?vin=v&scope=s&country=US&mode=test&test_mode_compatibility_level=bev" in told.requests[0]
    )
    with pytest.raises(ValueError, match="mode"):
        dropin.get_compatibility("v", ["s"], options={**own, "test_mode_compatibility_level": "", "mode": "dead"})


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'"text"', b"{", b"\xff"])
def test_an_answer_that_lacks_something_is_an_error_of_the_package(
    told: Told, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    leads(monkeypatch, told.url)
    told.tell(http(200, body, "sc-request-id: " + "r" * 36))
    vehicle, auth = dropin.Vehicle("v", "t"), dropin.AuthClient("a", "b")
    calls: list[Callable[[], Any]] = [
        *(vehicle.odometer, vehicle.lock, vehicle.disconnect, vehicle.permissions, lambda: vehicle.batch(["/"])),
        *(lambda: auth.exchange_code("c"), lambda: dropin.get_vehicles("t"), lambda: dropin.get_connections("amt")),
    ]
    for call in calls:
        with pytest.raises(dropin.SmartcarException) as caught:
            call()
        assert (caught.value.type, caught.value.status_code, caught.value.request_id) == ("SDK_ERROR", 200, "r" * 36)


def test_items_of_a_batch_are_read_whatever_they_lack(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    leads(monkeypatch, told.url)
    limit = {"type": "RATE_LIMIT", "code": "VEHICLE", "description": "d"}
    rows = [
        {"path": "/odometer", "code": 200, "body": {"distance": 1}},
        {"path": "/fuel", "code": 429, "headers": {"retry-after": 9}, "body": limit},
        {"path": "/tesla/compass", "code": 200, "headers": {"sc-unit-system": "metric"}, "body": {"headingOf": 3}},
        {"path": "/tesla/list", "code": 200, "body": [1]},
    ]
    told.tell(http(200, json.dumps({"responses": rows}), "sc-request-id: " + "r" * 36))
    batch = dropin.Vehicle("v", "t").batch(["/odometer", "/fuel", "/tesla/compass", "/tesla/list"])
    assert batch.odometer() == (1, ("r" * 36,))
    compass = batch.tesla_compass()
    assert (compass.heading_of, compass.meta.unit_system, tuple(compass)) == (3, "metric", (3,))
    assert batch.tesla_list() == [1]
    with pytest.raises(dropin.SmartcarException) as caught:
        batch.fuel()
    assert (caught.value.retry_after, caught.value.status_code) == ("9", 429)


def test_a_string_resolution_is_kept() -> None:
    assert dropin.SmartcarException(resolution="RETRY_LATER").resolution == {"type": "RETRY_LATER", "url": None}


# --- what it does besides


README: Final = """
import carwire_client.smartcar as smartcar
client = smartcar.AuthClient()
scopes = ['read_vehicle_info', 'read_odometer']
auth_url = client.get_auth_url(scopes)
auth_url = client.get_auth_url(options={"force_prompt": True})
access_object = client.exchange_code(authorization_code)
database = access_object
def load_access_from_database():
    return database
def put_access_into_database(new):
    global database
    database = new
def get_fresh_access():
    access = load_access_from_database()
    new_access = client.exchange_refresh_token(access['refresh_token'])
    put_access_into_database(new_access)
    return new_access
access_token = get_fresh_access()['access_token']
vehicles = smartcar.get_vehicles(access_token)
vehicle_id = vehicles.vehicles[0]
vehicle_response = smartcar.get_vehicle(access_token, vehicle_id)
attributes = vehicle_response.get("body")
vehicle = smartcar.Vehicle(vehicle_id, access_token)
vehicle.odometer()
signals_response = vehicle.get_signals()
signals = signals_response.body
odometer = vehicle.get_signal("odometer-traveleddistance").body
"""


def test_the_examples_of_the_official_readme_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTCAR_REDIRECT_URI", "https://example.com/auth")
    found: dict[str, Any] = {"authorization_code": world.code("readme@example.com")}
    exec(README, found)
    assert found["signals"]["data"]
    assert found["odometer"]
    assert found["attributes"]


def test_modules_are_where_programs_import_them_from() -> None:
    program = """
import carwire_client.smartcar.smartcar, carwire_client.smartcar.vehicle, carwire_client.smartcar.auth_client
from carwire_client.smartcar.exception import SmartcarException
from carwire_client.smartcar.types import Odometer
from carwire_client.smartcar.v2_response import Odometer as Same, NominalCapcity
from carwire_client.smartcar.v3_response import Response
import carwire_client.smartcar as smartcar
assert Odometer is Same and smartcar.SmartcarException is SmartcarException
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    public = {name for name, value in vars(official).items() if not name.startswith("_") and callable(value)}
    assert public <= set(dropin.__all__)
    for module in ("vehicle", "auth_client"):
        assert isinstance(getattr(dropin, module), ModuleType)
    theirs = official.v2_response
    ours = importlib.import_module("carwire_client.smartcar.v2_response")
    tuples = {name for name, value in vars(theirs).items() if hasattr(value, "_fields")}
    unused = {"Door", "Window", "Sunroof", "Storage", "ChargingPort"}
    assert tuples - unused <= set(ours.__all__)
    for name in tuples - unused:
        assert getattr(ours, name)._fields == getattr(theirs, name)._fields


def test_the_environment_is_read_when_a_call_is_made(told: Told, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.vehicle(dropin).vin().vin
    leads(monkeypatch, told.url)
    told.tell(http(200, b'{"vin":"elsewhere"}'))
    assert world.vehicle(dropin).vin().vin == "elsewhere"
    for name in ORIGINS:
        monkeypatch.delenv(f"SMARTCAR_{name}_ORIGIN")
    with pytest.raises(NotConfigured, match="CARWIRE_ORIGIN"):
        world.vehicle(dropin).vin()
    with pytest.raises(NotConfigured, match="client_id"):
        dropin.AuthClient()
    with pytest.raises(NotConfigured, match="client_id"):
        dropin.get_compatibility("v", ["s"])


def test_threads_share_one_client_and_children_have_their_own(world: World) -> None:
    asking.close()  # those of the tests before
    vehicle, found = world.vehicle(dropin), []
    threads = [threading.Thread(target=lambda: found.append(vehicle.odometer().distance)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(asking._drivers) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if not asking._drivers and vehicle.odometer().distance == found[0] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert vehicle.odometer().distance == found[0]


def test_a_read_is_sent_again_when_its_connection_breaks_and_a_command_is_not(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads(monkeypatch, told.url)
    told.tell(lambda connection: connection.close(), http(200, b'{"vin":"v"}'))
    assert dropin.Vehicle("v", "t").vin().vin == "v"
    told.tell(lambda connection: connection.close(), http(200, b'{"status":"success","message":"m"}'))
    with pytest.raises(dropin.SmartcarException):
        dropin.Vehicle("v", "t").lock()
    assert len(told.requests) == 1


def test_a_token_that_is_echoed_is_masked(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    leads(monkeypatch, told.url)
    told.tell(http(401, b'{"type":"AUTHENTICATION","code":null,"description":"not secret-token"}'))
    with pytest.raises(dropin.SmartcarException) as caught:
        dropin.Vehicle("v", "secret-token").vin()
    assert caught.value.description == "not ***"
    assert caught.value.status_code == 401


def test_what_cannot_be_sent_is_an_error_of_the_package(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    leads(monkeypatch, told.url)
    for vehicle in (dropin.Vehicle("v", "to\nken"), dropin.Vehicle("..", "t"), dropin.Vehicle("v", None)):
        with pytest.raises((dropin.SmartcarException, ValueError, TypeError)):
            vehicle.odometer()
    assert not told.requests


def test_results_can_be_pickled(world: World) -> None:
    access = dropin.AuthClient().exchange_code(world.code("pickle@example.com"))
    assert pickle.loads(pickle.dumps(access)) == access
