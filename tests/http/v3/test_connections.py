"""Connections of v3: form, filters, order, pages and cursors, cutting one, and the end of an owner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from tests.conftest import Answer, Owned, built
from tests.fakes import StandingClock
from tests.http.v3.forms import refused
from tests.support import approve
from tests.wire.v3.bodies import STAMP

from carwire.core.permissions import PERMISSIONS
from carwire.core.webhooks import Webhook
from carwire.kit.ids import new_id
from carwire.kit.secrets import new_signing_secret
from carwire.storage.memory import MemoryStore

SIMULATED = "filter[vehicle.mode]=simulated"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ORDERS = {"-createdAt": ("createdAt", "DESC"), "createdAt": ("createdAt", "ASC"),
          "-updatedAt": ("updatedAt", "DESC"), "updatedAt": ("updatedAt", "ASC")}  # fmt: skip


class Street:
    """Owners who connected one after another, an hour apart. The last but one was granted anew last."""

    def __init__(self, place: Owned, clock: StandingClock, many: int = 7) -> None:
        self.place = place
        self.clock = clock
        self.users: list[str] = []
        for n in range(many):
            clock.move(hours=1)
            self.users.append(self.approve(f"{n}@example.com", PERMISSIONS))
        clock.move(hours=1)
        self.approve(f"{many - 2}@example.com", ["read_odometer", "control_security"])
        self.live(self.users[0])

    def approve(self, username: str, permissions: Any) -> str:
        """Let an owner connect, or grant anew."""
        given: dict[str, Any] = {"permissions": permissions, "now": self.clock()}
        work = approve(
            self.place.carwire.store, self.place.hasher, self.place.source, self.place.client_id, username, **given
        )
        return self.place.run(work)[0]

    def live(self, user_id: str) -> None:
        """Make an owner one of real cars, and give them the application's own word."""
        store = self.place.carwire.store
        assert isinstance(store, MemoryStore)
        owners, links = store._state.owners, store._state.links
        owners[user_id] = msgspec.structs.replace(owners[user_id], mode="live")
        for each in links.values():
            if user_id in each:
                each[user_id].external_id = "our user 1"

    def list(self, query: str = SIMULATED) -> dict[str, Any]:
        """Ask for a list."""
        answer = self.place.v3("GET", f"/connections?{query}")
        assert answer.status == 200, answer
        return dict(answer.json())


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A street that is only looked at."""
    clock = StandingClock()
    with built(tmp_path_factory.mktemp("street"), clock=clock) as place:
        yield Street(place, clock)


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Street]:
    clock = StandingClock()
    with built(tmp_path, clock=clock) as place:
        yield Street(place, clock)


def users(body: dict[str, Any]) -> list[str]:
    return [row["relationships"]["user"]["data"]["id"] for row in body["data"]]


def test_simulated_vehicles_are_listed_only_where_the_filter_asks_for_them(street: Street) -> None:
    assert users(street.list("")) == users(street.list("filter[vehicle.mode]=live")) == [street.users[0]]
    assert users(street.list()) == street.users[:0:-1]


def test_a_connection_says_who_granted_what_on_which_vehicle(street: Street) -> None:
    (row,) = street.list("")["data"]
    vehicle_id, connection_id, user_id = row["relationships"]["vehicle"]["data"]["id"], row["id"], street.users[0]
    assert UUID.fullmatch(connection_id)
    base = street.place.base_url + "/v3"
    shown = street.place.v3("GET", f"/vehicles/{vehicle_id}").json()["data"]["attributes"]
    assert shown.keys() == {"make", "model", "year", "powertrainType", "mode"}
    assert row == {
        "id": connection_id,
        "type": "connection",
        "attributes": {
            "permissions": sorted(PERMISSIONS),
            "vehicle": shown,
            "user": {"id": user_id, "externalId": "our user 1"},
        },
        "relationships": {
            "vehicle": {
                "data": {"id": vehicle_id, "type": "vehicle"},
                "links": {"related": f"{base}/vehicles/{vehicle_id}"},
            },
            "user": {"data": {"id": user_id, "type": "user"}},
        },
        "meta": {"createdAt": "2026-11-21T13:00:00.000Z", "updatedAt": "2026-11-21T13:00:00.000Z"},
        "links": {"self": f"{base}/connections/{connection_id}"},
    }
    alone = street.place.v3("GET", f"/connections/{connection_id.upper()}")
    assert alone.json() == {"data": row}
    assert (
        street.place.v3("GET", f"/connections/{connection_id}", if_none_match=alone.header("etag") or "").status == 304
    )


def test_what_was_granted_anew_is_the_same_connection_changed(street: Street) -> None:
    (row,) = street.list(f"{SIMULATED}&filter[userId]={street.users[-2]}")["data"]
    assert row["attributes"]["permissions"] == ["control_security", "read_odometer"]
    assert row["meta"] == {"createdAt": "2026-11-21T18:00:00.000Z", "updatedAt": "2026-11-21T20:00:00.000Z"}
    assert row["attributes"]["user"] == {"id": street.users[-2]}


def test_every_filter_narrows_and_they_narrow_together(street: Street) -> None:
    rows = street.list()["data"]
    row, other = rows[1], rows[2]
    user, vehicle = users({"data": rows})[1], row["relationships"]["vehicle"]["data"]["id"]
    for query, wanted in (
        (f"{SIMULATED}&filter[userId]={user}", [row]),
        (f"{SIMULATED}&filter[userId]={user.upper()}", [row]),
        (f"{SIMULATED}&filter%5BvehicleId%5D={vehicle}", [row]),
        (f"{SIMULATED}&filter[userId]={user}&filter[vehicleId]={vehicle}", [row]),
        (f"{SIMULATED}&filter[userId]={user}&filter[vehicleId]={_vehicle(other)}", []),
        (f"filter[userId]={user}", []),
        (f"{SIMULATED}&filter[userId]={new_id()}", []),
        ("filter[user.externalId]=our%20user%201", street.list("")["data"]),
        ("filter[user.externalId]=our+user+1", street.list("")["data"]),
        ("filter[user.externalId]=OUR%20USER%201", []),
        (f"{SIMULATED}&filter[user.externalId]=our%20user%201", []),
    ):
        body = street.list(query)
        assert (body["data"], body["meta"]["totalCount"]) == (wanted, len(wanted)), query


def _vehicle(row: Any) -> str:
    return str(row["relationships"]["vehicle"]["data"]["id"])


def test_links_repeat_the_filters_that_took_effect_defaults_included(street: Street) -> None:
    base, user = f"{street.place.base_url}/v3/connections?", street.users[1]
    mode = "filter%5Bvehicle.mode%5D=live&page%5Bnumber%5D=1&page%5Bsize%5D=10"
    body = street.list("")
    assert body["links"] == {**dict.fromkeys(("self", "first", "last"), base + mode), "next": None, "prev": None}
    body = street.list(f"sort=updatedAt&{SIMULATED}&filter[userId]={user}&page[size]=3&x=1")
    assert body["links"]["self"] == (
        f"{base}filter%5BuserId%5D={user}&filter%5Bvehicle.mode%5D=simulated&sort=updatedAt"
        "&page%5Bnumber%5D=1&page%5Bsize%5D=3"
    )
    body = street.list("filter[user.externalId]=our user 1")
    assert "filter%5Buser.externalId%5D=our%20user%201&" in body["links"]["self"]


@pytest.mark.parametrize("sort", ORDERS)
def test_a_list_is_in_the_order_asked_for(street: Street, sort: str) -> None:
    body = street.list(f"{SIMULATED}&sort={sort}")
    by, direction = ORDERS[sort]
    moments = [row["meta"][by] for row in body["data"]]
    assert moments == sorted(moments, reverse=direction == "DESC")
    assert len(set(moments)) == len(moments) == 6
    assert all(STAMP.fullmatch(each) for each in moments)
    assert (body["meta"]["orderBy"], body["meta"]["orderDirection"]) == (by, direction)
    assert (users(body)[0] == street.users[-2]) is (sort == "-updatedAt")


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("size", [1, 2, 4, 5, 6, 100])
def test_numbered_pages_are_the_whole_in_pieces(street: Street, size: int, sort: str) -> None:
    whole = users(street.list(f"{SIMULATED}&sort={sort}"))
    found: list[str] = []
    target: str | None = f"{SIMULATED}&sort={sort}&page[size]={size}"
    number = 0
    while target:
        number += 1
        body = street.list(target)
        meta = body["meta"]
        assert (meta["pageNumber"], meta["pageSize"], meta["totalCount"]) == (number, size, 6)
        found += users(body)
        links = body["links"]
        assert (links["prev"] is None) is (number == 1)
        last = -(-6 // size)
        assert links["first"].endswith(f"page%5Bnumber%5D=1&page%5Bsize%5D={size}")
        assert links["last"].endswith(f"page%5Bnumber%5D={last}&page%5Bsize%5D={size}")
        target = links["next"] and urlsplit(links["next"]).query
    assert found == whole
    behind = street.list(f"{SIMULATED}&page[size]={size}&page[number]={number + 5}")
    assert (behind["data"], behind["links"]["next"]) == ([], None)


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_a_cursor_leads_through_the_whole_list(street: Street, size: int, sort: str) -> None:
    whole, found = users(street.list(f"{SIMULATED}&sort={sort}")), list[str]()
    base = f"{SIMULATED}&sort={sort}&page[size]={size}"
    body = street.list(base)
    while True:
        found += users(body)
        cursor = body["meta"].get("nextCursor")
        if cursor is None:
            break
        body = street.list(f"{base}&page[after]={cursor}")
        assert body["links"]["self"].endswith(f"&page%5Bafter%5D={quote(cursor)}&page%5Bsize%5D={size}")
        assert body["links"]["prev"] is None
        following = body["links"]["next"]
        assert (following is None) is ("nextCursor" not in body["meta"])
        if following:
            assert street.list(urlsplit(following).query)["data"]
    assert found == whole


def test_a_cursor_skips_and_repeats_nothing_while_connections_go_and_come(mine: Street) -> None:
    whole = mine.list()["data"]
    first = mine.list(f"{SIMULATED}&page[size]=2")
    for gone in (whole[0], whole[3]):
        assert mine.place.v3("DELETE", f"/connections/{gone['id']}").status == 204
    mine.clock.move(minutes=1)
    mine.approve("newcomer@example.com", PERMISSIONS)
    rest = mine.list(f"{SIMULATED}&page[size]=9&page[after]={first['meta']['nextCursor']}")
    assert [row["id"] for row in rest["data"]] == [row["id"] for row in (whole[2], *whole[4:])]
    assert "nextCursor" not in rest["meta"]


def test_a_cursor_of_another_order_leads_nowhere(street: Street) -> None:
    cursors = {sort: street.list(f"{SIMULATED}&sort={sort}&page[size]=1")["meta"]["nextCursor"] for sort in ORDERS}
    for sort in ORDERS:
        for other, cursor in cursors.items():
            answer = street.place.v3("GET", f"/connections?{SIMULATED}&sort={sort}&page[after]={cursor}")
            if other == sort:
                assert answer.status == 200
            else:
                entry = refused(street.place, answer, 400)
                assert entry["detail"] == "page[after]: is not a cursor of this list"


# Cutting.


def hook(place: Owned, clock: StandingClock) -> str:
    webhook = Webhook(new_id(), place.client_id, "Hook", "https://hook.example/", clock(), halt=None)
    place.run(place.carwire.store.add_webhook(webhook, new_signing_secret()))
    return webhook.id


def subscribe(place: Owned, webhook: str, user_id: str, vehicle_id: str) -> Answer:
    ids = {"webhookId": webhook, "userId": user_id, "vehicleId": vehicle_id}
    return place.v3("POST", "/subscriptions", body={"data": {"attributes": ids}})


def test_a_connection_that_is_cut_is_gone_at_once_with_its_subscriptions(mine: Street) -> None:
    place, car = mine.place, mine.place.connect("tokens@example.com")
    other = place.connect("other@example.com")
    webhook = hook(place, mine.clock)
    for each in (car, other):
        assert subscribe(place, webhook, each.user_id, each.vehicle_id).status == 202
    (row,) = mine.list(f"{SIMULATED}&filter[userId]={car.user_id}")["data"]
    answer = place.v3("DELETE", f"/connections/{row['id']}")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("content-length") in {None, "0"}
    refused(place, place.v3("DELETE", f"/connections/{row['id']}"), 404, "CONNECTION_NOT_FOUND")
    refused(place, place.v3("GET", f"/connections/{row['id']}"), 404, "CONNECTION_NOT_FOUND")
    assert mine.list(f"{SIMULATED}&filter[userId]={car.user_id}")["data"] == []
    refused(place, place.v3("GET", f"/vehicles/{car.vehicle_id}/signals", car.user_id), 404, "VEHICLE_NOT_FOUND")
    refused(place, place.v3("GET", f"/vehicles/{car.vehicle_id}"), 404, "VEHICLE_NOT_FOUND")
    assert place.as_owner(car, "GET", "/odometer").status == 403
    left = place.v3("GET", "/subscriptions").json()["data"]
    assert [row["relationships"]["user"]["data"]["id"] for row in left] == [other.user_id]
    assert place.as_owner(other, "GET", "/odometer").status == 200


def test_an_owner_who_is_deleted_leaves_nothing(mine: Street) -> None:
    place, car = mine.place, mine.place.connect("3-vehicles@smartcar.com", "TESLA")
    assert len(car.vehicle_ids) == 3
    command = place.v3("POST", f"/vehicles/{car.vehicle_ids[0]}/commands/security/lock", car.user_id)
    execution = command.json()["data"]["id"]
    for vehicle_id in car.vehicle_ids:
        assert subscribe(place, hook(place, mine.clock), car.user_id, vehicle_id).status == 202
    answer = place.v3("DELETE", f"/users/{car.user_id.upper()}")
    assert (answer.status, answer.body) == (204, b"")
    refused(place, place.v3("DELETE", f"/users/{car.user_id}"), 404, "USER_NOT_FOUND")
    assert mine.list(f"{SIMULATED}&filter[userId]={car.user_id}")["data"] == []
    assert place.v3("GET", "/subscriptions").json()["data"] == []
    for vehicle_id in car.vehicle_ids:
        path = f"/vehicles/{vehicle_id}"
        refused(place, place.v3("GET", f"{path}/signals", car.user_id), 404, "VEHICLE_NOT_FOUND")
        refused(place, place.v3("GET", f"{path}/command-executions/{execution}", car.user_id), 404)
    assert place.ask("GET", "/v2.0/user", [car.bearer]).status == 401
    assert len(mine.list()["data"]) == 6
    store = place.carwire.store
    assert isinstance(store, MemoryStore)
    assert not {*car.vehicle_ids} & store._state.vehicles.keys()
    assert not store._state.commands
    again = place.connect("3-vehicles@smartcar.com", "TESLA")
    assert again.user_id != car.user_id


def test_an_owner_whose_connections_are_cut_can_still_be_deleted(mine: Street) -> None:
    place, user = mine.place, mine.users[1]
    (row,) = mine.list(f"{SIMULATED}&filter[userId]={user}")["data"]
    assert place.v3("DELETE", f"/connections/{row['id']}").status == 204
    assert place.v3("DELETE", f"/users/{user}").status == 204
    refused(place, place.v3("DELETE", f"/users/{user}"), 404, "USER_NOT_FOUND")


def test_a_long_list_of_one_moment_is_read_to_its_end(mine: Street) -> None:
    """Cars of one approval are connected at the same moment."""
    car = mine.place.connect("25-vehicles@smartcar.com", "TESLA")
    for sort in ORDERS:
        found, base = list[str](), f"{SIMULATED}&filter[userId]={car.user_id}&sort={sort}&page[size]=7"
        query: str | None = base
        while query:
            body = mine.list(query)
            found += [_vehicle(row) for row in body["data"]]
            cursor = body["meta"].get("nextCursor")
            query = cursor and f"{base}&page[after]={cursor}"
        assert sorted(found) == sorted(car.vehicle_ids), sort
