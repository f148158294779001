"""One hand for both official SDKs: names and answers as the wire spells them, so that a check is written once."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Final, Literal

from tests.conftest import CARWIRE, Answer, Server, basic, environment
from tests.contract.conftest import Sdk
from tests.contract.connecting import CALLBACK, Walk, chromium, connect_in

Name = Literal["python", "node"]
_VEHICLE: Final = [
    *("vehicle_info", "location", "odometer", "vin", "fuel", "battery", "charge", "engine_oil", "tires"),
]
# What the suites ask the owners of each make for; nobody's suite has a Tesla with everything, so ours has.
SCOPES: Final[dict[Name, dict[str, list[str]]]] = {
    "python": {
        "CHEVROLET": [
            *(f"required:read_{name}" for name in _VEHICLE if name != "charge"),
            *("required:control_security", "read_charge", "required:read_security"),
        ],
        "FORD": [
            *("required:read_charge", "required:control_charge", "control_navigation"),
            *("read_service_history", "read_diagnostics"),
        ],
        "KIA": ["required:read_charge", "required:control_charge"],
        "BMW": ["required:read_odometer"],
    },
    "node": {
        "CHEVROLET": [
            *(f"required:read_{name}" for name in _VEHICLE),
            *("required:control_security", "required:read_user_profile", "required:read_diagnostics"),
        ],
        "FORD": [
            *("required:control_charge", "required:control_security", "required:read_security"),
            *("required:control_navigation", "required:read_service_history"),
        ],
        "KIA": ["required:read_charge", "required:control_charge"],
        "BMW": ["read_odometer"],
    },
}
EVERYTHING: Final = [
    *(f"read_{name}" for name in _VEHICLE),
    *("read_security", "read_service_history", "read_diagnostics", "read_speedometer", "read_compass"),
    *("control_charge", "control_security", "control_navigation"),
]
_SPELLED: Final = {"doc_url": "docURL"}


@dataclass
class Car:
    """A vehicle as its owner's tokens reach it; `scope` without the word that some permissions are required."""

    id: str
    token: str
    refresh_token: str
    user_id: str
    scope: list[str]


@dataclass
class Hand:
    """An official SDK, the server it talks to, and the cars that were connected with it."""

    name: Name
    sdk: Sdk
    server: Server
    cars: dict[str, Car] = field(default_factory=dict)
    _owners: Iterator[int] = field(default_factory=count)

    # --- the SDK

    def call(self, function: str, *args: object) -> Any:
        """Call what Python names so, and which has to succeed; return what the wire's spelling makes of the answer."""
        return self.wire(self.sdk.call(self.named(function), *map(self.given, args)))

    def error(self, function: str, *args: object) -> dict[str, Any]:
        """Call what has to fail with the SDK's own error; return that error's members."""
        return self.members(self.sdk.error(self.named(function), *map(self.given, args)))

    def vehicle(self, car: Car, method: str, *args: object, **options: object) -> Any:
        """Call a method of a vehicle."""
        return self.call(f"vehicle.{method}", self.made(car, options), *args)

    def vehicle_error(self, car: Car, method: str, *args: object, **options: object) -> dict[str, Any]:
        """Call a method of a vehicle that has to fail."""
        return self.error(f"vehicle.{method}", self.made(car, options), *args)

    def members(self, error: dict[str, Any]) -> dict[str, Any]:
        """Return the members of the SDK's own error in the wire's spelling; none of them that has no value."""
        assert error["known"], error
        found = {
            name: value
            for name, value in self.wire(error["attributes"]).items()
            if value is not None and name != "name"
        }
        if self.name == "python" and "resolution" in found:
            found["resolution"] = {key: part for key, part in found["resolution"].items() if key == "type" or part}
        return found

    def class_of(self, function: str, *args: object) -> tuple[str, list[str]]:
        """Return the Python class of an answer, and its fields in their order."""
        value = self.sdk.call(function, *args)
        return value["class"], [name for name in value if name != "class"]

    def wire(self, value: Any) -> Any:
        """Spell an answer as the wire does: no class names, dates as text, camel case."""
        if isinstance(value, list):
            return [self.wire(part) for part in value]
        if not isinstance(value, dict):
            return value
        if list(value) == ["date"]:
            return value["date"]
        return {camel(key): self.wire(part) for key, part in value.items() if key != "class"}

    def named(self, function: str) -> str:
        """Return what the SDK calls a function that Python names so."""
        return function if self.name == "python" else ".".join(map(camel, function.split(".")))

    def given(self, value: object) -> object:
        """Spell the keys of options as the SDK does."""
        if self.name == "python" or not isinstance(value, dict):
            return value
        return {camel(key): self.given(part) for key, part in value.items()}

    def made(self, car: Car, options: dict[str, object]) -> dict[str, object]:
        """Return what the SDK makes a vehicle with. `options` in its own spelling."""
        if self.name == "node":
            return {"id": car.id, "token": car.token, **options}
        return {"vehicle_id": car.id, "access_token": car.token, "options": options}

    # --- cars

    @property
    def client(self) -> dict[str, object]:
        """What the suites make their clients with."""
        known = {"client_id": self.server.client_id, "client_secret": self.server.client_secret}
        return {**known, "redirect_uri": CALLBACK, "mode": "test"}

    def auth_url(self, scope: list[str], options: dict[str, object] | None = None, **client: object) -> str:
        """Return the address at which an owner begins."""
        url: str = self.call("auth.get_auth_url", {**self.client, **client}, scope, options or {})
        return url

    def connect_cars(self) -> None:
        """Let owners of every make the suites know connect their cars in Chromium."""
        with chromium() as page:
            for make, scope in {**SCOPES[self.name], "TESLA": EVERYTHING}.items():
                query = connect_in(page, self.auth_url(scope), make, f"{make}-{self.name}@email.com")
                self.cars[make] = self.exchange(query["code"], scope)

    def connect(self, make: str = "CHEVROLET", scope: Iterable[str] = EVERYTHING, username: str | None = None) -> Car:
        """Let an owner connect one more car, by plain requests, for a check that would spoil it for others."""
        username = username or f"{next(self._owners)}-{self.name}@email.com"
        query = Walk(self.server).connect(self.auth_url(list(scope)), make, username)
        return self.exchange(query["code"], scope)

    def exchange(self, code: str, scope: Iterable[str] = ()) -> Car:
        """Exchange a code, and ask for the owner and the one vehicle."""
        access = self.call("auth.exchange_code", self.client, code)
        token = access["accessToken"]
        (vehicle_id,) = self.call("get_vehicles", token)["vehicles"]
        user_id = self.call("get_user", token)["id"]
        plain = [name.removeprefix("required:") for name in scope]
        return Car(vehicle_id, token, access["refreshToken"], user_id, plain)

    def car(self, permission: str) -> Car:
        """Return the first car whose owner has granted a permission."""
        return next(car for car in self.cars.values() if permission in car.scope)

    # --- the server behind the SDK's back

    @cached_property
    def webhook_id(self) -> str:
        """A webhook of the application, made with the command line."""
        done = subprocess.run(
            [CARWIRE, "webhook", "create", self.server.client_id, self.name, "http://127.0.0.1:9/hook", "--json"],
            env=environment(CARWIRE_DATA=str(self.server.folder)),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        webhook_id: str = json.loads(done.stdout)["webhook_id"]
        return webhook_id

    def ask(self, car: Car, path: str, system: str = "metric") -> Answer:
        """Read a path of a vehicle without the SDK."""
        headers = [(b"authorization", f"Bearer {car.token}".encode()), (b"sc-unit-system", system.encode())]
        return self.server.ask("GET", f"/v2.0/vehicles/{car.id}{path}", headers)

    def set(self, car: Car, scenario: str, **settings: object) -> None:
        """Put the simulated car into a state. Its owner has to have granted the VIN."""
        body = {"scenario": scenario, "settings": settings}
        answer = self.server.post(f"/v1/simulator/cars/{self.vin(car)}", body)
        assert answer.status == 200, answer

    def break_down(self, car: Car, **fault: object) -> None:
        """Let something go wrong with the connection of the simulated car."""
        answer = self.server.post(f"/v1/simulator/cars/{self.vin(car)}/faults", fault)
        assert answer.status == 200, answer

    def vin(self, car: Car) -> str:
        """Return the VIN of a car whose owner has granted that it is read."""
        vin: str = self.ask(car, "/vin").json()["vin"]
        return vin

    @property
    def amt(self) -> str:
        """The application management token."""
        token: str = self.server.demo["application_management_token"]
        return token

    def connections(self, query: str = "") -> dict[str, Any]:
        """Read the application's connections without the SDK."""
        found: dict[str, Any] = self.server.ask(
            "GET", f"/v2.0/management/connections?{query}", [basic(f"default:{self.amt}")]
        ).json()
        return found


def camel(name: str) -> str:
    """Spell a name as the wire does.

    >>> camel("percent_remaining")
    'percentRemaining'
    """
    return _SPELLED.get(name) or re.sub(r"(?<=[a-z0-9])_([a-z])", lambda found: found[1].upper(), name)


def meta_of(answer: Answer) -> dict[str, str]:
    """Return what SDKs make of an answer's headers, but for the request id, which is another each time."""
    names = {"sc-data-age": "dataAge", "sc-fetched-at": "fetchedAt", "sc-unit-system": "unitSystem"}
    return {key: value for header, key in names.items() if (value := answer.header(header)) is not None}


def without_request_id(value: dict[str, Any]) -> dict[str, Any]:
    """Check the request id of an answer's meta and take it out of a copy."""
    meta = dict(value["meta"])
    assert len(meta.pop("requestId")) == 36
    return json.loads(json.dumps({**value, "meta": meta}))  # type: ignore[no-any-return]
