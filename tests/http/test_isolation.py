"""Nobody reaches what is not theirs: every route × whoever may ask × every place that takes an id.

The matrix is made from the route table. A route, a path parameter or a query parameter that no rule here covers fails
the test, and so does the matrix when any one of the checks behind it is taken away. What runs here is the matrix of
v2.0 and of our own calls; that of v3 is in `tests/http/v3/test_isolation.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import Answer, Owned, basic, built
from tests.fakes import StandingClock
from tests.support import Connected

from carwire.app import open_database
from carwire.core.grants import ACCESS_LIFE
from carwire.core.vehicles import ConnectionFilter
from carwire.core.webhooks import Webhook
from carwire.http.call import Route
from carwire.kit.ids import new_id
from carwire.kit.secrets import new_signing_secret, new_token
from carwire.services import accounts
from carwire.services.webhooks import streaming
from carwire.services.webhooks.managing import WebhookService
from carwire.settings import Settings
from carwire.storage.memory import MemoryStore, state
from carwire.storage.memory import vehicles as memory_vehicles
from carwire.wire.v2 import errors
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS

Header = tuple[bytes, bytes]
VEHICLE = "/v2.0/vehicles/{id}"
CONNECTIONS = "/v2.0/management/connections"
# Routes anybody may call, by what they are instead of a door.
OPEN = {
    ("POST", "/auth-broker/request-token"),  # likewise: tests/http/lookup
    ("POST", "/oauth/token"),  # credentials are in its form: tests/http/oauth
    ("POST", "/oauth/token/oauth/token"),
    ("POST", "/oauth/revoke"),
    ("POST", "/oauth2/token"),  # likewise: tests/http/v3/test_tokens.py
    ("GET", "/v3/compatible-vehicles"),  # of no owner and no application
    ("GET", "/.well-known/oauth-authorization-server"),
    *(("GET", f"/api/vehicles/{m}/{{vin}}") for m in ("DecodeVin", "DecodeVinExtended", "DecodeVinValues")),
    ("GET", "/api/vehicles/DecodeVinValuesExtended/{vin}"),  # NHTSA's: tests/http/test_nhtsa.py
    ("GET", "/api/vehicles/DecodeWMI/{wmi}"),
    ("POST", "/api/vehicles/DecodeVINValuesBatch"),
    *(("GET", path) for path in ("/health", "/ready", "/metrics")),
    *(("GET", path) for path in ("/", "/docs/api", "/docs/errors", "/docs/errors/api-errors/{group}", "/openapi.json")),
}
# Parameters of paths and queries that name something, and whether that something is somebody's.
NAMES = {"id": True, "webhook_id": True, "user_id": True, "vehicle_id": True, "cursor": True, "external_id": True}
NAMES |= {
    "vin": False,
    "wmi": False,
    "group": False,
    "car": False,
}  # a VIN is only decoded; simulated cars are nobody's
NAMES |= dict.fromkeys(("connection_id", "subscription_id", "application_id", "execution_id", "schedule_id"), True)
NAMES["delivery_id"] = True
NAMES |= dict.fromkeys(("filter[userId]", "filter[vehicleId]", "filter[webhookId]", "filter[user.externalId]"), True)
NAMES |= {"page[after]": True, "code": False, "filter[vehicle.mode]": False}
NAMES |= {"after": False, "webhook": True}  # a position is nobody's
NAMES |= dict.fromkeys(("filter[name]", "filter[callbackUri]", "filter[isEnabled]", "filter[autoSubscribe]"), False)
BODIES: dict[str, Any] = {
    "/charge": {"action": "START"},
    "/charge/limit": {"limit": 0.9},
    "/security": {"action": "LOCK"},
    "/navigation/destination": {"latitude": 1, "longitude": 2},
    "/tesla/charge/ammeter": {"amperage": 16},
    "/tesla/charge/schedule": {"type": "START_TIME", "enable": True, "time": "07:30"},
    "/tesla/charge/charge_port_door": {"action": "OPEN"},
    "/tesla/climate/cabin": {"action": "STOP"},
    "/tesla/climate/defroster": {"action": "STOP"},
    "/tesla/climate/steering_wheel": {"action": "STOP"},
    "/tesla/security/frunk": {"action": "OPEN"},
    "/tesla/security/trunk": {"action": "OPEN"},
    "/tesla/pin": {"pin": "1234"},
    "/ford/charge/schedule_by_location": {},
    "/lincoln/charge/schedule_by_location": {},
    "/nissan/charge/schedule": {},
    "/batch": {"requests": [{"path": path} for path in ("/odometer", "/location", "/vin", "/")]},
}
WEBHOOK = "/v1/webhooks/{webhook_id}"
BODIES |= {WEBHOOK: {"name": "Mine"}, "/rotate": {}, "/replay": {"since": "2026-01-01T00:00:00Z"}}
V3_VEHICLE = "/v3/vehicles/{id}"
_PLACE = {"location": {"latitude": 1, "longitude": 2}}
_TIMES = {"startTime": "22:00", "stopTime": "06:00"}
# What stands under `data.attributes`, by what follows the vehicle.
V3_BODIES: dict[str, Any] = {
    "/commands/charge/set-limit": {"percent": 80},
    "/commands/navigation/set-destination": {"latitude": 1, "longitude": 2},
    "/charge-schedules/daily": {**_PLACE, **_TIMES},
    "/charge-schedules/weekly": {**_PLACE, "days": {"monday": _TIMES}},
    "/charge-schedules/workweek": {**_PLACE, "weekdays": _TIMES, "weekends": _TIMES},
}


# Queries without which a request would be refused even from whoever may.
QUERIES = {"/v1/vehicles/{id}/why": "?signal=odometer-traveleddistance&ask=true"}


@dataclass
class Town:
    """Two applications, four owners, and everything a caller can have in hand. `own` is whom nobody may reach."""

    client: Owned
    other: Owned
    own: Connected
    webhook: str
    other_webhook: str
    actors: dict[str, tuple[Header, ...]] = field(default_factory=dict)
    narrow: Connected | None = None
    secrets: set[str] = field(default_factory=set)


def settle(client: Owned, clock: StandingClock) -> Town:
    other = client.another("Other")
    store = client.carwire.store
    gone = client.connect("gone@a.example")
    expired = client.connect("one@a.example")
    clock.now += ACCESS_LIFE
    own = client.connect("one@a.example")
    neighbour = client.connect("two@a.example")
    same_car = other.connect("one@a.example")
    narrow = client.connect("three@a.example", permissions=[])
    revoked = client.connect("one@a.example")
    client.run(client.carwire.services.tokens.revoke(client.client_id, revoked.tokens.access_token))
    client.run(client.carwire.services.vehicles.cut(client.client_id, ConnectionFilter(user_id=gone.user_id)))
    assert same_car.vins == own.vins, "the same car"
    assert same_car.vehicle_id != own.vehicle_id
    webhooks = [Webhook(new_id(), each.client_id, "W", "https://hook.example/", clock()) for each in (client, other)]
    for webhook in webhooks:
        client.run(store.add_webhook(webhook, new_signing_secret()))
    gone_token = client.connect("gone@a.example")
    client.run(client.carwire.services.vehicles.cut(client.client_id, ConnectionFilter(user_id=gone_token.user_id)))
    town = Town(client, other, own, webhooks[0].id, webhooks[1].id, narrow=narrow)
    town.secrets = {own.user_id, *own.vins, client.client_id, client.client_secret, client.management_token}
    amt = other.management_token.encode()
    town.actors = {
        "nobody": (),
        "garbage": ((b"authorization", b"Bearer " + new_token().reveal().encode()),),
        "no header at all": ((b"authorization", b"x"),),
        "two tokens": (own.bearer, own.bearer),
        "expired token": (expired.bearer,),
        "revoked grant": (revoked.bearer,),
        "refresh token": ((b"authorization", b"Bearer " + own.tokens.refresh_token.reveal().encode()),),
        "code": ((b"authorization", b"Bearer " + own.code.reveal().encode()),),
        "neighbour": (neighbour.bearer,),
        "other application with the same car": (same_car.bearer,),
        "disconnected": (gone_token.bearer,),
        "narrow": (narrow.bearer,),
        "other management token": (other.amt,),
        "other management token as bearer": ((b"authorization", b"Bearer " + amt),),
        "other credentials": (other.basic,),
        "secret as management token": (basic(f"default:{client.client_secret}"),),
        "token as management token": (basic(f"default:{own.tokens.access_token.reveal()}"),),
        "application token": (client.machine, (b"sc-user-id", own.user_id.encode())),
        "other application token": (other.machine, (b"sc-user-id", own.user_id.encode())),
        "client secret as bearer": ((b"authorization", b"Bearer " + client.client_secret.encode()),),
    }
    return town


# Actors who are somebody, and to whom; everybody else is nobody.
TOKENS = {"neighbour", "other application with the same car", "disconnected", "narrow"}
MANAGERS = {"other management token", "other management token as bearer"}
APPLICATIONS = {"other credentials"}
KNOWN_AT = {
    "vehicle": TOKENS,
    "token": TOKENS,
    "management": MANAGERS,
    "vehicle_or_management": TOKENS | MANAGERS,
    "manager_or_application": MANAGERS | APPLICATIONS,
    "application": APPLICATIONS,
    "application_or_local": APPLICATIONS,
    "local": set(),
}
V3_DOORS = {"application_token", "owned_vehicle", "readable_vehicle", "any_vehicle"}


def seen(answer: Answer) -> tuple[Any, ...]:
    """All of an answer but its request id."""
    request_id = answer.header("sc-request-id") or "none"
    headers = [(name, value) for name, value in answer.headers if name != "sc-request-id"]
    return answer.status, headers, answer.body.replace(request_id.encode(), b"?"), len(answer.body)


def uncovered(routes: tuple[Route, ...]) -> list[str]:
    """Routes and parameters that no rule covers."""
    found = []
    for route in routes:
        where = f"{route.method} {route.path}"
        if route.door is None:
            if (route.method, route.path) not in OPEN and route.tag != "connect":
                found.append(f"{where} is open")
            continue
        if route.door == "lookup":
            continue  # an account's usage is all it has: see tests/http/lookup
        if route.door not in KNOWN_AT.keys() | V3_DOORS:
            found.append(f"{where} has the door {route.door}")
        if route.method != "GET" and route.path.startswith(VEHICLE) and route.takes_body and route.query is not None:
            relative = route.path.removeprefix(VEHICLE)
            if relative not in BODIES and "webhook" not in relative:
                found.append(f"{where} has no body here")
        if route.body is not None and route.path.startswith("/v3/"):
            relative = route.path.removeprefix(V3_VEHICLE)
            if relative not in V3_BODIES and relative != "/v3/subscriptions":
                found.append(f"{where} has no body here")
        fields = msgspec.structs.fields(route.query) if route.query else ()
        names = [*re.findall(r"\{(\w+)\}", route.path), *(each.encode_name for each in fields)]
        named = [name for name in names if re.search(r"(?i)id\]?$|cursor|after|webhook|^filter", name)]
        found += [f"{where} takes {name}" for name in named if name not in NAMES]
        found += [f"{where} takes {name}" for name in re.findall(r"\{(\w+)\}", route.path) if name not in NAMES]
    return found


def fill(route: Route, vehicle_id: str, webhook_id: str) -> tuple[str, bytes]:
    """The target and the body of a request that would be fine from whoever may."""
    values = {"id": vehicle_id, "webhook_id": webhook_id, "vin": "5YJXCDE22HF068739", "car": "tesla-3"}
    values["delivery_id"] = webhook_id  # tests/http/test_webhooks.py has those of others
    target = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], route.path)
    target += QUERIES.get(route.path, "")
    body = BODIES.get(route.path.removeprefix(VEHICLE), BODIES.get(route.path.removeprefix(WEBHOOK) or WEBHOOK))
    return target, b"" if body is None else json.dumps(body).encode()


class Found(Exception):
    """One thing that is wrong is enough."""


class Matrix:
    """Runs all rules and notes what was wrong; `asked` counts. `one` stops at the first."""

    def __init__(self, town: Town, *, one: bool = False) -> None:
        self.town = town
        self.one = one
        self.wrong: list[str] = []
        self.asked = 0

    def run(self) -> list[str]:
        for route in self.town.client.carwire.routes:
            if route.door is None or route.door in V3_DOORS:
                continue
            if route.door == "lookup":
                self.without_key(route)
                continue
            for actor, headers in self.town.actors.items():
                if actor not in KNOWN_AT[route.door]:
                    self.nobody(route, actor, headers)
                elif route.door.startswith("vehicle"):
                    self.stranger(route, actor, headers)
                elif route.streams:
                    self.listener(route, actor, headers)
                elif route.door in {"token", "management"}:
                    self.insider(route, actor, headers)
                elif route.door == "manager_or_application":
                    self.manager(route, actor, headers)
        self.batch_paths()
        self.webhooks()
        self.permissions()
        self.untouched()
        return self.wrong

    def without_key(self, route: Route) -> None:
        """Whatever opens another door opens none of the lookup API."""
        target = re.sub(r"\{\w+\}", "x", route.path)
        for actor, headers in self.town.actors.items():
            answer = self.ask(route, headers, target)
            self.expect(answer.status == 401, actor, "at", route.path, answer)

    def ask(self, route: Route, headers: tuple[Header, ...], target: str, body: bytes = b"") -> Answer:
        self.asked += 1
        return self.town.client.ask(route.method, target, [*headers, (b"content-type", b"application/json")], body)

    def expect(self, holds: bool, /, *about: object) -> None:
        if not holds:
            self.wrong.append(" ".join(map(str, about)))
            if self.one:
                raise Found

    def alike(self, about: str, one: Answer, unknown: Answer, *statuses: int) -> None:
        """What belongs to somebody else is answered like what there is not, and tells nothing."""
        self.expect(one.status in statuses, about, one)
        self.expect(seen(one) == seen(unknown), about, one, "unlike", unknown)
        self.silent(about, one)

    def silent(self, about: str, answer: Answer) -> None:
        for secret in self.town.secrets:
            self.expect(secret not in answer.text, about, "tells", secret)
            self.expect(not any(secret in value for _, value in answer.headers), about, "tells", secret)

    def nobody(self, route: Route, actor: str, headers: tuple[Header, ...]) -> None:
        """Who is nobody at a door learns nothing, not even whether an id is one."""
        answers = []
        for vehicle_id, webhook_id in (
            (self.town.own.vehicle_id, self.town.webhook),
            (new_id(), new_id()),
            ("no-id", "no-id"),
        ):
            target, body = fill(route, vehicle_id, webhook_id)
            answers.append(self.ask(route, headers, target, body))
        for answer in answers:
            self.alike(f"{actor} at {route.method} {route.path}", answer, answers[1], 401)

    def stranger(self, route: Route, actor: str, headers: tuple[Header, ...]) -> None:
        """Who is somebody else gets the answer for a vehicle that does not exist."""
        about = f"{actor} at {route.method} {route.path}"
        own_webhook = self.town.other_webhook if actor.startswith("other") else self.town.webhook
        foreign, body = fill(route, self.town.own.vehicle_id, own_webhook)
        unknown, _ = fill(route, new_id(), own_webhook)
        answer = self.ask(route, headers, foreign, body)
        self.alike(about, answer, self.ask(route, headers, unknown, body), 403)
        upper, _ = fill(route, self.town.own.vehicle_id.upper(), own_webhook)
        self.alike(about, self.ask(route, headers, upper, body), answer, 403)

    def insider(self, route: Route, actor: str, headers: tuple[Header, ...]) -> None:
        """Where no vehicle is named, or one's own application manages, others' ids are like ids of nothing."""
        about = f"{actor} at {route.method} {route.path}"
        if "{webhook_id}" in route.path:
            for foreign, unknown in (
                ((self.town.own.vehicle_id, self.town.other_webhook), (new_id(), self.town.other_webhook)),
                ((self.town.own.vehicle_id, self.town.webhook), (self.town.own.vehicle_id, new_id())),
            ):
                one, other = (self.ask(route, headers, fill(route, *ids)[0]) for ids in (foreign, unknown))
                self.alike(about, one, other, 200, 400)
            return
        self.silent_unless_own(route, about, headers)
        assert route.query
        for name in (each.encode_name for each in msgspec.structs.fields(route.query)):
            if NAMES.get(name):
                self.query(route, about, headers, name)

    def manager(self, route: Route, actor: str, headers: tuple[Header, ...]) -> None:
        """Webhooks of another application are like those there are not, and in no list."""
        about = f"{actor} at {route.method} {route.path}"
        if "{webhook_id}" in route.path:
            one, unknown = (self.ask(route, headers, *fill(route, "", each)) for each in (self.town.webhook, new_id()))
            self.alike(about, one, unknown, 404)
        elif route.method == "GET":
            answer = self.ask(route, headers, route.path)
            self.expect(answer.status == 200, about, answer)
            self.expect(self.town.webhook not in answer.text, about, "lists the webhook")
            self.silent(about, answer)

    def listener(self, route: Route, actor: str, headers: tuple[Header, ...]) -> None:
        """A stream of somebody else's webhook is one of no webhook, and none tells of others' vehicles."""
        about = f"{actor} at {route.method} {route.path}"
        one, other = (self.hear(headers, f"{route.path}?webhook={each}") for each in (self.town.webhook, new_id()))
        self.alike(about, one, other, 404)
        for target in (f"{route.path}?after=0", f"{route.path}?after=0&webhook={self.town.other_webhook}"):
            heard = self.hear(headers, target)
            self.expect(heard.status == 200, about, heard)
            self.silent(about, heard)
            self.expect(self.town.own.vehicle_id not in heard.text, about, "tells of the vehicle")

    def hear(self, headers: tuple[Header, ...], target: str) -> Answer:
        """Listen until the first sign of life."""
        self.asked += 1
        return self.town.client.run(self.town.client.listen(target, headers, b"alive"))

    def silent_unless_own(self, route: Route, about: str, headers: tuple[Header, ...]) -> None:
        if route.method == "GET":
            answer = self.ask(route, headers, route.path)
            self.expect(answer.status == 200, about, answer)
            self.silent(about, answer)
            self.expect(self.town.own.vehicle_id not in answer.text, about, "lists the vehicle")

    def query(self, route: Route, about: str, headers: tuple[Header, ...], name: str) -> None:
        town = self.town
        if name == "cursor":
            page = town.client.ask("GET", f"{CONNECTIONS}?limit=1", [town.client.amt]).json()
            foreign, unknown = page["paging"]["cursor"], "A" * len(page["paging"]["cursor"])
        else:
            foreign = {"user_id": town.own.user_id, "vehicle_id": town.own.vehicle_id}.get(name, "of-nobody")
            unknown = new_id()
        one, other = (self.ask(route, headers, f"{route.path}?{name}={each}") for each in (foreign, unknown))
        self.alike(f"{about} with {name}", one, other, 400 if name == "cursor" else 200)
        if name != "cursor":
            self.expect(one.json().get("connections") == [], about, "found by", name)

    def batch_paths(self) -> None:
        """An id in the path of a batch's item leads nowhere."""
        (route,) = (r for r in self.town.client.carwire.routes if r.path.endswith("/batch"))
        narrow = self.town.narrow
        assert narrow
        target = fill(route, narrow.vehicle_id, "")[0]
        for shape in ("/../{}/vin", "/{}/vin", "{}", "/vehicles/{}", "/vin?id={}"):
            bodies = [
                json.dumps({"requests": [{"path": shape.format(i)}]}) for i in (self.town.own.vehicle_id, new_id())
            ]
            answers = [self.ask(route, (narrow.bearer,), target, body.encode()) for body in bodies]
            self.expect([a.status for a in answers] in ([400, 400], [200, 200]), shape, answers)
            self.silent(f"batch {shape}", answers[0])
            self.expect(len(answers[0].body) == len(answers[1].body), shape, answers)

    def webhooks(self) -> None:
        """One's own vehicle is put on no webhook of another application."""
        (route,) = (r for r in self.town.client.carwire.routes if r.name == "subscribe")
        own = self.town.own
        one, other = (
            self.ask(route, (own.bearer,), fill(route, own.vehicle_id, webhook)[0])
            for webhook in (self.town.other_webhook, new_id())
        )
        self.alike("own vehicle on another's webhook", one, other, 400)

    def permissions(self) -> None:
        """A token opens only what was granted, on its own vehicle too, alone and in a batch."""
        narrow = self.town.narrow
        assert narrow
        for route in self.town.client.carwire.routes:
            if route.permission is not None and route.door not in V3_DOORS:
                target, body = fill(route, narrow.vehicle_id, "")
                answer = self.ask(route, (narrow.bearer,), target, body)
                self.expect(answer.status == 403, f"without {route.permission} at {route.method} {route.path}", answer)
                self.expect(b"0SC" not in answer.body, route.path, "tells the VIN")
            if route.path in QUERIES:
                answer = self.ask(route, (narrow.bearer,), fill(route, narrow.vehicle_id, "")[0])
                told = answer.json()
                self.expect((told["blocked_by"], told["last"]) == ("permission", None), route.path, "tells", answer)
        makes = ("/" + "/".join(each) for each in MAKE_READS)
        paths = [path for path in (*STATIC_ENDPOINTS, *ENDPOINTS, *makes) if path != "/permissions"]
        for start in range(0, len(paths), 50):
            items = [{"path": path} for path in paths[start : start + 50]]
            answer = self.town.client.as_owner(narrow, "POST", "/batch", {"requests": items})
            for item in answer.json().get("responses", ()):
                self.expect(item["code"] == 403, "batch without permission", item)

    def untouched(self) -> None:
        """Nothing that was tried has done anything."""
        town = self.town
        store = town.client.carwire.store
        kept = town.client.run(store.connections(town.client.client_id, ConnectionFilter(), 100, None))[0]
        self.expect(town.own.vehicle_id in {each.vehicle_id for each in kept}, "the vehicle was cut off")
        of_other = town.client.run(store.connections(town.other.client_id, ConnectionFilter(), 100, None))[0]
        self.expect(len(of_other) == 1, "the other application was cut off")
        lines = town.client.run(store.audit(0, 100_000))
        self.expect(not [line for line in lines if line.kind == "command"], "a command was given")
        if isinstance(store, MemoryStore):
            self.expect(not store._state.subscriptions, "a vehicle was subscribed")
        (webhook,) = town.client.run(store.webhooks(town.client.client_id))
        self.expect((webhook.id, webhook.name, webhook.halt) == (town.webhook, "W", "unverified"), "changed", webhook)
        answer = town.client.as_owner(town.own, "GET", "/vin")
        self.expect(answer.status == 200, "the owner was shut out", answer)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    clock = StandingClock()
    with built(tmp_path, clock=clock) as client:
        yield settle(client, clock)


@pytest.fixture
def town_on_disk(tmp_path: Path) -> Iterator[Town]:
    clock = StandingClock()
    with built(tmp_path, clock=clock, store=open_database(Settings(data=tmp_path))) as client:
        yield settle(client, clock)


def test_every_route_and_every_parameter_is_covered(town: Town) -> None:
    assert uncovered(town.client.carwire.routes) == []


def test_a_route_nobody_thought_of_is_noticed(town: Town) -> None:
    known = town.client.carwire.routes[0]

    class Query(msgspec.Struct):
        owner_id: str

    class FilterQuery(msgspec.Struct):
        owner: str = msgspec.field(name="filter[owner]")

    class CursorQuery(msgspec.Struct):
        before: str = msgspec.field(name="page[after.id]")

    for change in (
        {"path": "/v3/new", "door": None},
        {"path": "/v2.0/vehicles/{id}/trips/{trip_id}", "door": "vehicle"},
        {"path": "/v3/vehicles/{vehicle}", "door": "vehicle"},
        {"path": "/v3/new", "door": "new"},
        {"path": "/v3/new", "query": Query},
        {"path": "/v2.0/vehicles/{id}/new", "method": "POST", "door": "vehicle", "query": Query},
        {"path": "/v3/vehicles/{id}/trips/{trip}", "door": "readable_vehicle"},
        {"path": "/v3/vehicles/{id}/commands/new", "method": "POST", "door": "owned_vehicle", "body": Query},
        {"path": "/v3/new", "door": "application_token", "query": FilterQuery},
        {"path": "/v3/new", "door": "application_token", "query": CursorQuery},
    ):
        assert uncovered((msgspec.structs.replace(known, **change),)), change


def test_nobody_reaches_what_is_not_theirs(town: Town) -> None:
    matrix = Matrix(town)
    assert matrix.run() == []
    assert matrix.asked > 3000


def test_nobody_reaches_what_is_not_theirs_in_a_database(town_on_disk: Town) -> None:
    assert Matrix(town_on_disk).run() == []


def test_the_owner_is_let_in_everywhere(town: Town) -> None:
    """Else the matrix would be right about a server that refuses everybody."""
    for route in sorted(town.client.carwire.routes, key=lambda route: route.path.endswith("/application")):
        if route.door not in {"vehicle", "vehicle_or_management", "token"}:
            continue
        target, body = fill(route, town.own.vehicle_id, town.webhook)
        answer = town.client.ask(route.method, target, [town.own.bearer], body)
        assert answer.status in {200, 409, 501}, (route.path, answer)


def test_a_token_dies_with_its_two_hours_and_with_its_grant(town: Town) -> None:
    clock: Any = town.client.carwire.services.tokens._clock
    assert town.client.as_owner(town.own, "GET", "/vin").status == 200
    clock.now += ACCESS_LIFE - timedelta(seconds=1)
    assert town.client.as_owner(town.own, "GET", "/vin").status == 200
    clock.now += timedelta(seconds=1)
    assert town.client.as_owner(town.own, "GET", "/vin").status == 401


# With one check taken away the matrix turns red.


def _reach_anything(patch: pytest.MonkeyPatch, town: Town) -> None:
    async def reach(store: MemoryStore, _principal: object, vehicle_id: str) -> Any:
        links = store._state.links.get(vehicle_id)
        return store._state.vehicle(vehicle_id, next(iter(links))) if links else None

    patch.setattr(MemoryStore, "reach", reach)


def _tokens_never_die(patch: pytest.MonkeyPatch, town: Town) -> None:
    for grant in _state(town).grants.values():
        grant.revoked = False
    _state(town).access = {d: (g, at + timedelta(days=9)) for d, (g, at) in _state(town).access.items()}


def _any_manager(patch: pytest.MonkeyPatch, town: Town) -> None:
    async def authenticate(self: object, *_: object, **__: object) -> Any:
        return await town.client.carwire.store.find(town.client.client_id)

    patch.setattr(accounts.AccountService, "authenticate_manager", authenticate)


def _any_application(patch: pytest.MonkeyPatch, town: Town) -> None:
    async def look_up(self: object, *_: object, **__: object) -> Any:
        return await town.client.carwire.store.find(town.client.client_id)

    patch.setattr(accounts.AccountService, "_look_up", look_up)
    patch.setattr(accounts.AccountService, "authenticate_manager", look_up)


def _no_demands(patch: pytest.MonkeyPatch, town: Town) -> None:
    from carwire.http.v2 import batch, commands, vehicles
    from carwire.services import commands as sending
    from carwire.services import vehicles as reading

    for module in (batch, commands, vehicles, sending, reading):
        patch.setattr(module, "demand", lambda *_: None)


def _one_demand_missing(name: str) -> Callable[[pytest.MonkeyPatch, Town], None]:
    def take_away(patch: pytest.MonkeyPatch, town: Town) -> None:
        import importlib

        patch.setattr(importlib.import_module(f"carwire.http.v2.{name}"), "demand", lambda *_: None)

    return take_away


def _links_of_everybody(patch: pytest.MonkeyPatch, town: Town) -> None:
    usual = state.State.links_of_client

    def links(self: Any, _client_id: str, wanted: ConnectionFilter) -> Any:
        return [each for c in (town.client, town.other) for each in usual(self, c.client_id, wanted)]

    patch.setattr(state.State, "links_of_client", links)


def _all_vehicles_listed(patch: pytest.MonkeyPatch, town: Town) -> None:
    async def vehicles(store: MemoryStore, *_: object) -> Any:
        return list(store._state.vehicles), len(store._state.vehicles)

    patch.setattr(MemoryStore, "vehicles", vehicles)


def _any_webhook(patch: pytest.MonkeyPatch, town: Town) -> None:
    patch.setattr(MemoryStore, "_has_webhook", lambda self, _client, webhook: webhook in self._state.webhooks)


def _every_webhook(patch: pytest.MonkeyPatch, town: Town) -> None:
    async def find(self: WebhookService, _client_id: str, webhook_id: str) -> Any:
        return await self._store.webhook(webhook_id)

    patch.setattr(WebhookService, "find", find)


def _streams_of_any_webhook(patch: pytest.MonkeyPatch, town: Town) -> None:
    async def webhook(store: MemoryStore, _client_id: str, webhook_id: str | None) -> Any:
        return await store.webhook(webhook_id or "")

    patch.setattr(streaming, "_webhook", webhook)


def _any_cursor(patch: pytest.MonkeyPatch, town: Town) -> None:
    for name in ("read_cursor", "write_cursor"):
        usual = getattr(memory_vehicles, name)
        patch.setattr(memory_vehicles, name, lambda sealer, _client, what, usual=usual: usual(sealer, "", what))


def _telling_refusals(patch: pytest.MonkeyPatch, town: Town) -> None:
    usual = errors.error_body

    def telling(kind: Any, **given: Any) -> Any:
        body = usual(kind, **given)
        return msgspec.structs.replace(body, description=str(body.description) + town.own.vins[0])

    patch.setattr(errors, "error_body", telling)


def _state(town: Town) -> state.State:
    store = town.client.carwire.store
    assert isinstance(store, MemoryStore)
    return store._state


@pytest.mark.parametrize(
    "take_away",
    [
        _reach_anything,
        _tokens_never_die,
        _any_manager,
        _any_application,
        _no_demands,
        _one_demand_missing("batch"),
        _one_demand_missing("vehicles"),
        _links_of_everybody,
        _all_vehicles_listed,
        _any_webhook,
        _every_webhook,
        _streams_of_any_webhook,
        _any_cursor,
        _telling_refusals,
    ],
    ids=lambda each: each.__qualname__.strip("_").split(".")[0],
)
def test_with_a_check_taken_away_the_matrix_turns_red(
    town: Town, monkeypatch: pytest.MonkeyPatch, take_away: Callable[[pytest.MonkeyPatch, Town], None]
) -> None:
    take_away(monkeypatch, town)
    with pytest.raises(Found):
        Matrix(town, one=True).run()
