"""Nobody reaches through v3 what is not theirs: every route × whoever may ask × every place that takes an id.

What belongs to somebody else is answered 404 like what there is not, tells nothing, and nothing changes. The rules that
notice a new route or parameter are in `tests/http/test_isolation.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import msgspec
import pytest
from tests.conftest import Answer, Owned, built
from tests.fakes import StandingClock
from tests.http.test_isolation import (
    NAMES,
    TOKENS,
    V3_BODIES,
    V3_DOORS,
    V3_VEHICLE,
    Found,
    Header,
    Matrix,
    Town,
    settle,
)
from tests.support import Connected, connect

from carwire.app import open_database
from carwire.core.grants import APPLICATION_LIFE
from carwire.core.permissions import PERMISSIONS
from carwire.core.ports import Source
from carwire.core.vehicles import ConnectionFilter, ConnectionPage
from carwire.core.webhooks import SubscriptionFilter
from carwire.http import door
from carwire.http.call import Route
from carwire.http.v3 import applications as v3_applications
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret
from carwire.services import commands as sending
from carwire.services.access import AccessService
from carwire.services.commands import CommandService
from carwire.services.credentials import CredentialService
from carwire.services.vehicles import VehicleService
from carwire.services.webhooks.managing import WebhookService
from carwire.settings import Settings
from carwire.storage.memory import MemoryStore
from carwire.storage.memory import vehicles as memory_vehicles
from carwire.storage.memory.state import State
from carwire.wire.v3 import errors

JSON = (b"content-type", b"application/json")
# Actors of the town who are somebody at some door of v3; all others are nobody.
_KNOWN = {*TOKENS, "application token", "other application token"}


@dataclass
class Village:
    """A town with what there is in v3 besides: a second owner of the same vehicle, a command, a subscription each."""

    town: Town
    spouse: Connected
    neighbour: Connected
    theirs: Connected  # the other application's owner, with the same car
    ids: dict[str, str]  # of whom nobody may reach, by the name of the parameter
    other_ids: dict[str, str]  # of the other application
    neighbour_connection: str
    machines: dict[str, tuple[Header, ...]]  # nobody's

    @property
    def client(self) -> Owned:
        """The application nobody may reach."""
        return self.town.client


class Spouse:
    """A source that gives the same cars to another account."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    async def sign_in(self, *given: Any, **named: Any) -> Any:
        """Sign in to the same cars."""
        signed = await self._source.sign_in(*given, **named)
        return msgspec.structs.replace(signed, account=Secret("spouse"))


def settle_v3(client: Owned, clock: StandingClock) -> Village:
    """Let everybody move in; the clock has moved on so far that what was handed out first has ended."""
    ended = client.new_machine()
    clock.now += APPLICATION_LIFE
    town = settle(client, clock)
    own, other = town.own, town.other
    source = cast("Source", Spouse(client.source))
    spouse = client.run(connect(client.carwire, client.hasher, source, client.client_id, "one@a.example"))
    assert spouse.vehicle_id == own.vehicle_id
    assert spouse.user_id != own.user_id
    neighbour = client.connect("two@a.example")
    theirs = other.connect("one@a.example")
    _subscribe(client, own, town.webhook)
    _subscribe(other, theirs, town.other_webhook)
    done = client.v3("POST", f"/vehicles/{own.vehicle_id}/commands/security/lock", own.user_id)
    assert done.status == 200
    ids = {**_ids(client, own), "webhook_id": town.webhook, "execution_id": done.json()["data"]["id"]}
    town.secrets |= {ids["execution_id"], ids["connection_id"], ids["subscription_id"], ids["webhook_id"]}
    return Village(
        town,
        spouse,
        neighbour,
        theirs,
        ids,
        {**_ids(other, theirs), "webhook_id": town.other_webhook, "execution_id": ids["execution_id"]},
        _connection(client, neighbour),
        {"expired application token": (ended,), **_machines_of_nobody(client)},
    )


def _subscribe(client: Owned, car: Connected, webhook: str) -> None:
    ids = {"webhookId": webhook, "userId": car.user_id, "vehicleId": car.vehicle_id}
    assert client.v3("POST", "/subscriptions", body={"data": {"attributes": ids}}).status == 202


def _connection(client: Owned, car: Connected) -> str:
    wanted, page = ConnectionFilter(user_id=car.user_id), ConnectionPage(1)
    (found,), _, _ = client.run(client.carwire.services.vehicles.connected(client.client_id, wanted, page))
    return found.id


def _ids(client: Owned, car: Connected) -> dict[str, str]:
    services = client.carwire.services
    of_owner = SubscriptionFilter(user_id=car.user_id)
    (subscription,), _ = client.run(services.webhooks.subscriptions(client.client_id, of_owner, 9))
    return {
        "id": car.vehicle_id,
        "user_id": car.user_id,
        "connection_id": _connection(client, car),
        "subscription_id": subscription.id,
        "application_id": client.client_id,
        "schedule_id": "b9f0c2d4-77aa-5e1f-8c3d-2a1b0c9d8e7f",
        "code": "vehicleidentification-vin",
    }


def _machines_of_nobody(client: Owned) -> dict[str, tuple[Header, ...]]:
    """What looks like an application's token and is none, or none any more."""

    async def draw() -> tuple[str, str, str]:
        service = client.carwire.services.credentials
        new = await service.draw(client.client_id)
        token = await service.exchange(new.machine_id, new.secret)
        await service.delete(client.client_id, new.id)
        return token.reveal(), new.secret.reveal(), new.machine_id

    token, secret, machine_id = client.run(draw())

    def bearer(text: str) -> Header:
        return b"authorization", b"Bearer " + text.encode()

    return {
        "token of a deleted secret": (bearer(token),),
        "machine secret as bearer": (bearer(secret),),
        "machine client id as bearer": (bearer(machine_id),),
        "client id as bearer": (bearer(client.client_id),),
        "two application tokens": (client.machine, client.machine),
        "application token in Basic": ((b"authorization", client.machine[1].replace(b"Bearer", b"Basic")),),
    }


def owner(user_id: str) -> Header:
    return b"sc-user-id", user_id.encode()


def unknown(name: str, like: str) -> str:
    """An id of nothing, as long as another."""
    if name == "execution_id":
        return "exec_" + new_id().replace("-", "")
    return like if name == "code" else new_id()


class V3Matrix(Matrix):
    """The rules of v3."""

    def __init__(self, village: Village, *, one: bool = False) -> None:
        super().__init__(village.town, one=one)
        self.village = village
        self.client = village.client

    def run(self) -> list[str]:
        before = self.inventory()
        for route in self.client.carwire.routes:
            if route.door in V3_DOORS:
                self.nobodies(route)
                (self.owners_at_application if route.door == "application_token" else self.vehicles)(route)
                if route.door == "application_token":
                    self.other_application(route)
                if route.door == "owned_vehicle":
                    self.owners_at_application(route)
        self.executions()
        self.subscribing()
        self.permissions()
        self.expect(self.inventory() == before, "something was changed", before, self.inventory())
        return self.wrong

    # --- asking

    def target(self, route: Route, ids: dict[str, str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], route.path)

    def body(self, route: Route, ids: dict[str, str]) -> bytes:
        if route.path == "/v3/subscriptions":
            names = {"webhookId": "webhook_id", "userId": "user_id", "vehicleId": "id"}
            return _enveloped({wire: ids[name] for wire, name in names.items()})
        attributes = V3_BODIES.get(route.path.removeprefix(V3_VEHICLE))
        return b"" if attributes is None else _enveloped(attributes)

    def answer(self, route: Route, headers: Sequence[Header], ids: dict[str, str], query: str = "") -> Answer:
        """Ask, and put in an answer a mark where it repeats the id it was asked for."""
        target = self.target(route, ids) + query
        answer = self.ask(route, tuple(headers), target, self.body(route, ids) if route.takes_body else b"")
        return self.without(answer, *(ids[name] for name in re.findall(r"\{(\w+)\}", route.path)), ids["id"])

    def without(self, answer: Answer, *asked: str) -> Answer:
        text = answer.text
        for each in asked:
            text = re.sub(re.escape(each), "*" * len(each), text, flags=re.IGNORECASE)
        return Answer(answer.status, answer.headers, text.encode())

    # --- who is nobody

    def nobodies(self, route: Route) -> None:
        """Who is nobody learns nothing, not even whether an id is one, whoever they say the owner is."""
        named = owner(self.town.own.user_id)
        village = self.village
        actors = {name: headers for name, headers in self.town.actors.items() if name not in _KNOWN}
        nonsense = dict.fromkeys(village.ids, "no-id")
        for actor, headers in {**actors, **village.machines}.items():
            about = f"{actor} at {route.method} {route.path}"
            nothing = self.answer(route, (*headers, named), {n: unknown(n, v) for n, v in village.ids.items()})
            for ids in (village.ids, nonsense):
                for more in ((named,), (), (owner("x"),)):
                    self.alike(about, self.answer(route, (*headers, *more), ids), nothing, 401)

    # --- who is somebody else

    def owners_at_application(self, route: Route) -> None:
        """An owner's token opens nothing that is an application's, the owner's own included."""
        own = {"owner": (self.town.own.bearer,)}
        for actor, headers in {**{name: self.town.actors[name] for name in TOKENS}, **own}.items():
            about = f"{actor} at {route.method} {route.path}"
            nothing = self.answer(route, headers, {n: unknown(n, v) for n, v in self.village.ids.items()})
            for ids in (self.village.ids, dict.fromkeys(self.village.ids, "no-id")):
                self.alike(about, self.answer(route, headers, ids), nothing, 403)
            entry = nothing.json()
            self.expect((entry["type"], entry["errors"][0]["title"]) == ("AUTHENTICATION", "Access Denied"), about)

    def vehicles(self, route: Route) -> None:
        """Somebody else's vehicle is like none."""
        for actor, headers in self.strangers(route).items():
            about = f"{actor} at {route.method} {route.path}"
            ids = self.village.ids
            nothing = self.answer(route, headers, {**ids, "id": new_id()})
            for vehicle_id in (ids["id"], ids["id"].upper()):
                one = self.answer(route, headers, {**ids, "id": vehicle_id})
                self.alike(about, one, nothing, 404)
                said = b"RESOURCE_NOT_FOUND" if route.path.startswith("/v1/") else b"VEHICLE_NOT_FOUND"
                self.expect(said in one.body or b"not_found" in one.body, about, one)

    def strangers(self, route: Route) -> dict[str, tuple[Header, ...]]:
        """Who may come as far as a vehicle, and has not this one."""
        town, village = self.town, self.village
        own, other = (town.client.machine,), (town.other.machine,)
        found: dict[str, tuple[Header, ...]] = {
            "own application for the neighbour": (*own, owner(village.neighbour.user_id)),
            "own application for nobody": (*own, owner(new_id())),
            "own application for the other's owner": (*own, owner(village.theirs.user_id)),
            "other application for the owner": (*other, owner(town.own.user_id)),
            "other application for its own owner": (*other, owner(village.theirs.user_id)),
        }
        if route.door == "any_vehicle":
            found["other application for anybody"] = other
        if route.door != "owned_vehicle":
            found |= {name: (*town.actors[name], owner(town.own.user_id)) for name in TOKENS}
        return found

    def other_application(self, route: Route) -> None:
        """Ids of one application are like ids of nothing to another, in paths, in queries and as cursors."""
        about, headers = f"other application at {route.method} {route.path}", (self.town.other.machine,)
        own = self.village.other_ids
        for name in re.findall(r"\{(\w+)\}", route.path):
            self.expect(NAMES[name], about, name)
            nothing = self.answer(route, headers, {**own, name: unknown(name, own[name])})
            for value in (self.village.ids[name], self.village.ids[name].upper()):
                self.alike(f"{about} by {name}", self.answer(route, headers, {**own, name: value}), nothing, 404)
        if route.method == "GET" and "{" not in route.path:
            listed = self.answer(route, headers, own)
            self.expect(listed.status == 200, about, listed)
            self.silent(about, listed)
        for each in msgspec.structs.fields(route.query) if route.query else ():
            if NAMES.get(each.encode_name):
                self.parameter(route, f"{about} with {each.encode_name}", each.encode_name)

    def parameter(self, route: Route, about: str, name: str) -> None:
        """A filter on what is somebody else's finds nothing; a cursor of somebody else's is none."""
        village, headers = self.village, (self.town.other.machine,)
        mode = "&filter[vehicle.mode]=simulated" if "connections" in route.path else ""
        if name == "page[after]":
            query = "?filter[vehicle.mode]=simulated&page[size]=1"
            cursor = self.client.v3("GET", f"/connections{query}").json()["meta"]["nextCursor"]
            pair = cursor, "A" * len(cursor)
        else:
            of = {"filter[userId]": "user_id", "filter[vehicleId]": "id", "filter[webhookId]": "webhook_id"}
            pair = village.ids.get(of.get(name, ""), "of-nobody"), new_id()
        answers = []
        for value in pair:
            answer = self.answer(route, headers, village.other_ids, f"?{quote(name)}={value}{mode}")
            bare = self.without(answer, value, *village.ids.values())
            headers_ = tuple(each for each in bare.headers if each[0] != "etag")  # of links that repeat the filter
            answers.append(Answer(bare.status, headers_, bare.body))
        if name == "page[after]":
            self.alike(about, answers[0], answers[1], 400)
        elif name != "filter[user.externalId]":
            self.alike(about, answers[0], answers[1], 200)
            self.expect(answers[0].json()["data"] == [], about, "found something")

    # --- what has two owners

    def executions(self) -> None:
        """What became of a command is told to the owner it was given for, and for the vehicle it was given."""
        (route,) = (r for r in self.client.carwire.routes if r.name == "v3_command_execution")
        ids, neighbour = self.village.ids, self.village.neighbour
        for about, user_id, vehicle_id in (
            ("the spouse", self.village.spouse.user_id, ids["id"]),
            ("the neighbour", neighbour.user_id, neighbour.vehicle_id),
        ):
            headers, asked = (self.client.machine, owner(user_id)), {**ids, "id": vehicle_id}
            nothing = {**asked, "execution_id": unknown("execution_id", "")}
            one, other = self.answer(route, headers, asked), self.answer(route, headers, nothing)
            self.alike(f"{about} and an execution", one, other, 404)

    def subscribing(self) -> None:
        """One's own webhook hears of no vehicle of somebody else, and nobody's vehicle is told to another's webhook."""
        (route,) = (r for r in self.client.carwire.routes if r.name == "v3_subscribe")
        mine, theirs, village = self.village.ids, self.village.other_ids, self.village
        other, own = (self.town.other.machine,), (self.client.machine,)
        neighbour = {"user_id": village.neighbour.user_id}
        for about, headers, ids, hidden in (
            ("all of it", other, mine, ("webhook_id", "id", "user_id")),
            ("the webhook", other, {**theirs, "webhook_id": mine["webhook_id"]}, ("webhook_id",)),
            ("the vehicle", other, {**theirs, "id": mine["id"]}, ("id",)),
            ("the owner", other, {**theirs, "user_id": mine["user_id"]}, ("user_id",)),
            ("vehicle and owner", other, {**mine, "webhook_id": theirs["webhook_id"]}, ("id", "user_id")),
            ("another's owner", own, {**mine, "user_id": theirs["user_id"]}, ("user_id",)),
            ("the neighbour's owner", own, {**mine, **neighbour}, ("user_id",)),
            ("the other webhook", own, {**mine, "webhook_id": theirs["webhook_id"]}, ("webhook_id",)),
        ):
            nothing = {**ids, **{name: new_id() for name in hidden}}
            answers = [
                self.without(self.answer(route, headers, each), *each.values(), *nothing.values())
                for each in (ids, nothing)
            ]
            self.alike(f"subscribing {about}", answers[0], answers[1], 404)

    # --- permissions

    def permissions(self) -> None:
        """An application gets and does only what was granted."""
        narrow = self.town.narrow
        assert narrow
        headers, ids = (self.client.machine, owner(narrow.user_id)), {**self.village.ids, "id": narrow.vehicle_id}
        for route in self.client.carwire.routes:
            if route.door in V3_DOORS and route.permission is not None:
                answer = self.answer(route, headers, ids)
                self.expect(answer.status == 403, f"without {route.permission} at {route.method} {route.path}", answer)
                self.expect(b'"type":"PERMISSION"' in answer.body, route.path, answer)
        for header in ((self.client.machine, owner(narrow.user_id)), (narrow.bearer,)):
            for path in ("/signals", "/signals/vehicleidentification-vin"):
                target = f"/v3/vehicles/{narrow.vehicle_id}{path}"
                answer = self.client.ask("GET", target, header)
                self.expect(answer.status == 200, path, answer)
                self.expect(b'"SUCCESS"' not in answer.body, path, "tells a value")
                self.expect(narrow.vins[0] not in answer.text, path, "tells the VIN")

    def inventory(self) -> list[object]:
        """All that a request might have changed, whatever store there is."""
        found: list[object] = []
        for each in (self.client, self.town.other):
            services, store = each.carwire.services, each.carwire.store
            page = ConnectionPage(100)
            found += [each.run(store.connected(each.client_id, ConnectionFilter(), page))[0]]
            found += [each.run(services.webhooks.subscriptions(each.client_id, SubscriptionFilter(), 100))[0]]
            found += [each.run(store.webhooks(each.client_id)), each.run(store.secrets(each.client_id))]
        lines = self.client.run(self.client.carwire.store.audit(0, 100_000))
        return [*found, [line for line in lines if line.kind != "token.refused"]]


def _enveloped(attributes: object) -> bytes:
    return json.dumps({"data": {"attributes": attributes}}).encode()


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    clock = StandingClock()
    with built(tmp_path, clock=clock) as client:
        yield settle_v3(client, clock)


@pytest.fixture
def village_on_disk(tmp_path: Path) -> Iterator[Village]:
    clock = StandingClock()
    with built(tmp_path, clock=clock, store=open_database(Settings(data=tmp_path))) as client:
        yield settle_v3(client, clock)


def test_nobody_reaches_what_is_not_theirs(village: Village) -> None:
    matrix = V3Matrix(village)
    assert matrix.run() == []
    assert matrix.asked > 4000


def test_nobody_reaches_what_is_not_theirs_in_a_database(village_on_disk: Village) -> None:
    assert V3Matrix(village_on_disk).run() == []


def test_whom_it_belongs_to_is_let_in_everywhere(village: Village) -> None:
    """Else the matrix would be right about a server that refuses everybody."""
    matrix, own = V3Matrix(village), village.town.own
    headers = (village.client.machine, owner(own.user_id))
    routes = [route for route in village.client.carwire.routes if route.door in V3_DOORS]
    for route in sorted(routes, key=lambda route: (route.method == "DELETE", route.path.startswith("/v3/users"))):
        ids = village.ids
        if route.name == "v3_subscribe":
            ids = {**ids, "user_id": village.spouse.user_id}
        if route.name == "v3_delete_connection":
            ids = {**ids, "connection_id": village.neighbour_connection}
        query = "?command=security-lock" if route.path.endswith("/why") else ""
        answer = matrix.ask(route, headers, matrix.target(route, ids) + query, matrix.body(route, ids))
        assert answer.status in {200, 202, 204, 409, 501}, (route.path, answer)
    for path in ("", "/signals", "/signals/vehicleidentification-vin"):
        bearer = village.neighbour.bearer
        vehicle_id = village.neighbour.vehicle_id
        assert village.client.ask("GET", f"/v3/vehicles/{vehicle_id}{path}", [bearer]).status in {200, 404}, path


def test_a_token_dies_with_its_hour_and_with_its_secret(village: Village) -> None:
    client = village.client
    clock: Any = client.carwire.services.credentials._clock
    token = client.new_machine()
    clock.now += APPLICATION_LIFE - timedelta(seconds=1)
    assert client.ask("GET", "/v3/applications", [token]).status == 200
    clock.now += timedelta(seconds=1)
    assert client.ask("GET", "/v3/applications", [token]).status == 401
    token = client.new_machine()
    assert client.ask("GET", "/v3/applications", [token]).status == 200
    for secret in client.run(client.carwire.services.credentials.of(client.client_id)):
        client.run(client.carwire.services.credentials.delete(client.client_id, secret.id))
    assert client.ask("GET", "/v3/applications", [token]).status == 401


# With one check taken away the matrix turns red.


def _no_owner_is_checked(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = AccessService.vehicle_of_application

    async def reach(self: AccessService, token: Secret, _user: str | None, vehicle_id: str) -> Any:
        return await usual(self, token, None, vehicle_id)

    patch.setattr(AccessService, "vehicle_of_application", reach)


def _no_application_is_checked(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = AccessService.vehicle_of_application

    async def reach(self: AccessService, token: Secret, user_id: str | None, vehicle_id: str) -> Any:
        found, vehicle = await usual(self, token, user_id, vehicle_id)
        state = _state(village)
        links = state.links.get(vehicle_id, {})
        if vehicle is None and links and user_id in (None, *links):
            vehicle = state.vehicle(vehicle_id, user_id or next(iter(links)))
        return found, vehicle

    patch.setattr(AccessService, "vehicle_of_application", reach)


def _tokens_never_die(patch: pytest.MonkeyPatch, village: Village) -> None:
    tokens = _state(village).application_tokens
    _state(village).application_tokens = {d: (s, at + timedelta(days=9)) for d, (s, at) in tokens.items()}


def _secrets_never_die(patch: pytest.MonkeyPatch, village: Village) -> None:
    """A deleted secret leaves its tokens alive."""
    client = village.client

    async def draw() -> bytes:
        new = await client.carwire.services.credentials.draw(client.client_id)
        return (await client.carwire.services.credentials.exchange(new.machine_id, new.secret)).reveal().encode()

    village.machines["token of a deleted secret"] = ((b"authorization", b"Bearer " + client.run(draw())),)


def _owners_are_let_in_as_applications(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = door.Doors._application_token

    async def let_in(self: Any, call: Any) -> None:
        shown = door.bearer(call)
        if door.is_uuid(shown.reveal()):
            call.prove(token=await self._access.token(shown))
        else:
            await usual(self, call)

    patch.setattr(door.Doors, "_application_token", let_in)


def _owners_may_command(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = door.Doors._vehicle_of_either

    async def either(self: Any, _door: Any, call: Any) -> None:
        await usual(self, "readable_vehicle", call)

    patch.setattr(door.Doors, "_vehicle_of_either", either)


def _any_connection(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = VehicleService.connection

    async def connection(self: VehicleService, client_id: str, connection_id: str) -> Any:
        return await usual(self, client_id, connection_id) or await usual(self, village.client.client_id, connection_id)

    patch.setattr(VehicleService, "connection", connection)


def _every_connection(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = VehicleService.connected

    async def connected(self: VehicleService, _client: str, wanted: ConnectionFilter, page: Any) -> Any:
        return await usual(self, village.client.client_id, wanted, page)

    patch.setattr(VehicleService, "connected", connected)


def _any_cut(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = VehicleService.cut

    async def cut(self: VehicleService, _client: str, wanted: ConnectionFilter) -> Any:
        return await usual(self, village.client.client_id, wanted)

    patch.setattr(VehicleService, "cut", cut)
    _any_connection(patch, village)


def _any_owner_is_deleted(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = VehicleService.delete_owner

    async def delete(self: VehicleService, _client: str, user_id: str) -> bool:
        return await usual(self, village.client.client_id, user_id)

    patch.setattr(VehicleService, "delete_owner", delete)


def _every_subscription(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = WebhookService.subscriptions

    async def subscriptions(self: WebhookService, _client: str, *given: Any) -> Any:
        return await usual(self, village.client.client_id, *given)

    patch.setattr(WebhookService, "subscriptions", subscriptions)


def _every_webhook(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = WebhookService.of

    async def of(self: WebhookService, _client: str) -> Any:
        return await usual(self, village.client.client_id)

    patch.setattr(WebhookService, "of", of)


def _any_webhook_hears(patch: pytest.MonkeyPatch, village: Village) -> None:
    patch.setattr(MemoryStore, "_has_webhook", lambda self, _client, webhook: webhook in self._state.webhooks)


def _any_vehicle_is_told(patch: pytest.MonkeyPatch, village: Village) -> None:
    async def find(self: VehicleService, _principal: object, vehicle_id: str) -> Any:
        links = _state(village).links.get(vehicle_id)
        return _state(village).vehicle(vehicle_id, next(iter(links))) if links else None

    patch.setattr(VehicleService, "find", find)


def _any_application_is_shown(patch: pytest.MonkeyPatch, village: Village) -> None:
    async def named(self: Any, call: Any) -> Any:
        return await self._accounts.find(call.parameters["application_id"]) or await self._own(call)

    patch.setattr(v3_applications.ApplicationHandlers, "_named", named)


def _every_secret(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = CredentialService.of

    async def of(self: CredentialService, _client: str) -> Any:
        return await usual(self, village.client.client_id)

    patch.setattr(CredentialService, "of", of)
    _any_application_is_shown(patch, village)


def _executions_of_anybody(patch: pytest.MonkeyPatch, village: Village) -> None:
    async def find(self: CommandService, vehicle: Any, command_id: str) -> Any:
        found = await self._store.command(command_id)
        return found if found and (found.client_id, found.vehicle_id) == (vehicle.client_id, vehicle.id) else None

    patch.setattr(CommandService, "find", find)


def _executions_of_any_vehicle(patch: pytest.MonkeyPatch, village: Village) -> None:
    async def find(self: CommandService, vehicle: Any, command_id: str) -> Any:
        return await self._store.command(command_id)

    patch.setattr(CommandService, "find", find)


def _links_of_everybody(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = State.links_of_client
    clients = village.client.client_id, village.town.other.client_id

    def links(self: Any, _client_id: str, wanted: ConnectionFilter) -> Any:
        return [each for client_id in clients for each in usual(self, client_id, wanted)]

    patch.setattr(State, "links_of_client", links)


def _any_cursor(patch: pytest.MonkeyPatch, village: Village) -> None:
    for name in ("read_cursor", "write_cursor"):
        usual = getattr(memory_vehicles, name)
        patch.setattr(memory_vehicles, name, lambda sealer, _client, *what, usual=usual: usual(sealer, "", *what))


def _no_demands(patch: pytest.MonkeyPatch, village: Village) -> None:
    patch.setattr(sending, "demand", lambda *_: None)
    patch.setattr(CommandService, "_still_granted", lambda *_: _true())


def _signals_of_any_permission(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = VehicleService.recall

    async def recall(self: VehicleService, vehicle: Any, *given: Any) -> Any:
        return await usual(self, msgspec.structs.replace(vehicle, permissions=frozenset(PERMISSIONS)), *given)

    patch.setattr(VehicleService, "recall", recall)


def _telling_refusals(patch: pytest.MonkeyPatch, village: Village) -> None:
    usual = errors.missing_answer

    def telling(what: str, name: str, *given: Any) -> Any:
        return usual(what, f"{name}" if name != village.town.own.vehicle_id else f"{name}!", *given)

    patch.setattr(errors, "missing_answer", telling)


async def _true() -> bool:
    return True


def _state(village: Village) -> State:
    store = village.client.carwire.store
    assert isinstance(store, MemoryStore)
    return store._state


@pytest.mark.parametrize(
    "take_away",
    [
        _no_owner_is_checked,
        _no_application_is_checked,
        _tokens_never_die,
        _secrets_never_die,
        _owners_are_let_in_as_applications,
        _owners_may_command,
        _any_connection,
        _every_connection,
        _any_cut,
        _any_owner_is_deleted,
        _every_subscription,
        _every_webhook,
        _any_webhook_hears,
        _any_vehicle_is_told,
        _any_application_is_shown,
        _every_secret,
        _executions_of_anybody,
        _executions_of_any_vehicle,
        _links_of_everybody,
        _any_cursor,
        _no_demands,
        _signals_of_any_permission,
        _telling_refusals,
    ],
    ids=lambda each: each.__qualname__.strip("_"),
)
def test_with_a_check_taken_away_the_matrix_turns_red(
    village: Village, monkeypatch: pytest.MonkeyPatch, take_away: Callable[[pytest.MonkeyPatch, Village], None]
) -> None:
    take_away(monkeypatch, village)
    with pytest.raises(Found):
        V3Matrix(village, one=True).run()
