"""Webhooks and subscriptions of v3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import Answer, Owned, built
from tests.fakes import StandingClock
from tests.http.v3.forms import refused
from tests.support import Connected

from carwire.core.triggers import Trigger
from carwire.core.webhooks import Webhook
from carwire.kit.ids import new_id
from carwire.kit.secrets import new_signing_secret
from carwire.storage.memory import MemoryStore


class Post:
    """An application with two webhooks and three owners."""

    def __init__(self, place: Owned, clock: StandingClock) -> None:
        self.place = place
        self.clock = clock
        self.cars = [place.connect(f"{n}@example.com") for n in range(3)]
        codes = ("tractionbattery-stateofcharge", "charge-ischarging")
        first = Webhook(new_id(), place.client_id, "State of Charge", "https://a.example/hooks/1", clock(),
                        "https://a.example/errors", (Trigger(codes[0]),), codes, halt=None)  # fmt: skip
        clock.move(hours=1)
        second = Webhook(new_id(), place.client_id, "Everything", "https://b.example/HOOKS", clock())
        self.hooks = [first, second]
        for each in self.hooks:
            place.run(place.carwire.store.add_webhook(each, new_signing_secret()))

    def subscribe(self, hook: Webhook, car: Connected) -> Answer:
        """Subscribe the car of an owner."""
        ids = {"webhookId": hook.id, "userId": car.user_id, "vehicleId": car.vehicle_id}
        return self.place.v3("POST", "/subscriptions", body={"data": {"type": "subscription", "attributes": ids}})

    def list(self, query: str = "", what: str = "subscriptions") -> dict[str, Any]:
        """Ask for a list."""
        answer = self.place.v3("GET", f"/{what}?{query}")
        assert answer.status == 200, answer
        return dict(answer.json())

    def all(self) -> None:
        """Subscribe every car to every webhook, a minute apart."""
        for hook in self.hooks:
            for car in self.cars:
                self.clock.move(minutes=1)
                assert self.subscribe(hook, car).status == 202


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """One that is only looked at."""
    clock = StandingClock()
    with built(tmp_path_factory.mktemp("office"), clock=clock) as place:
        yield Post(place, clock)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    clock = StandingClock()
    with built(tmp_path, clock=clock) as place:
        yield Post(place, clock)


def ends(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Webhook and owner of every subscription."""
    rows = [row["relationships"] for row in body["data"]]
    return [(row["webhook"]["data"]["id"], row["user"]["data"]["id"]) for row in rows]


def test_a_subscription_is_under_way_at_once_and_then_in_the_list(post: Post) -> None:
    car, hook = post.cars[0], post.hooks[0]
    answer = post.subscribe(hook, car)
    assert (answer.status, answer.json()) == (202, {"meta": {"message": "subscription creation in progress"}})
    (row,) = post.list()["data"]
    base = post.place.base_url + "/v3"
    vehicle = post.place.v3("GET", f"/vehicles/{car.vehicle_id}").json()["data"]["attributes"]
    assert row == {
        "id": row["id"],
        "type": "subscription",
        "attributes": {"vehicle": vehicle},
        "relationships": {
            name: {"data": {"id": found, "type": name}, "links": {"related": f"{base}/{name}s/{found}"}}
            for name, found in (("webhook", hook.id), ("user", car.user_id), ("vehicle", car.vehicle_id))
        },
        "meta": {"createdAt": "2026-11-21T13:00:00.000Z", "updatedAt": "2026-11-21T13:00:00.000Z"},
        "links": {"self": f"{base}/subscriptions/{row['id']}"},
    }
    assert post.place.v3("GET", f"/subscriptions/{row['id'].upper()}").json() == {"data": row}


def test_a_vehicle_is_subscribed_once(post: Post) -> None:
    car, hook = post.cars[0], post.hooks[0]
    assert post.subscribe(hook, car).status == 202
    entry = refused(post.place, post.subscribe(hook, car), 409, "ALREADY_SUBSCRIBED")
    assert (entry["type"], entry["title"]) == ("VALIDATION", "Already Subscribed")
    assert post.list()["meta"]["totalCount"] == 1
    assert post.subscribe(post.hooks[1], car).status == 202
    assert post.subscribe(hook, post.cars[1]).status == 202
    assert post.list()["meta"]["totalCount"] == 3


def test_ids_of_a_subscription_may_be_in_upper_case(post: Post) -> None:
    car, hook = post.cars[0], post.hooks[0]
    ids = {"webhookId": hook.id.upper(), "userId": car.user_id.upper(), "vehicleId": car.vehicle_id.upper()}
    assert post.place.v3("POST", "/subscriptions", body={"data": {"attributes": ids}}).status == 202
    refused(post.place, post.subscribe(hook, car), 409, "ALREADY_SUBSCRIBED")


def test_subscriptions_are_listed_newest_first_and_narrowed(post: Post) -> None:
    post.all()
    (a, b), cars = (each.id for each in post.hooks), [car.user_id for car in post.cars]
    newest = [(hook, user) for hook in (b, a) for user in reversed(cars)]
    assert ends(post.list()) == newest
    for query, wanted in (
        (f"filter[webhookId]={a}", newest[3:]),
        (f"filter[webhookId]={a.upper()}", newest[3:]),
        (f"filter[userId]={cars[1]}", [(b, cars[1]), (a, cars[1])]),
        (f"filter[vehicleId]={post.cars[2].vehicle_id}", [(b, cars[2]), (a, cars[2])]),
        (f"filter[vehicleId]={post.cars[2].vehicle_id}&filter[webhookId]={b}", [(b, cars[2])]),
        (f"filter[vehicleId]={post.cars[2].vehicle_id}&filter[userId]={cars[0]}", []),
        ("filter[vehicle.mode]=simulated", newest),
        ("filter[vehicle.mode]=live", []),
        (f"filter[userId]={new_id()}", []),
    ):
        body = post.list(query)
        assert (ends(body), body["meta"]["totalCount"]) == (wanted, len(wanted)), query


def test_subscriptions_come_in_pages(post: Post) -> None:
    post.all()
    whole = ends(post.list())
    base = f"{post.place.base_url}/v3/subscriptions?"
    assert post.list()["meta"] == {"pageNumber": 1, "pageSize": 25, "totalCount": 6}
    assert post.list()["links"]["self"] == f"{base}page%5Bnumber%5D=1&page%5Bsize%5D=25"
    found = []
    for number in (1, 2, 3):
        body = post.list(f"page[number]={number}&page[size]=2")
        found += ends(body)
    assert found == whole
    filters = f"filter%5BwebhookId%5D={post.hooks[0].id}&page%5Bnumber%5D="
    links = post.list(f"filter[webhookId]={post.hooks[0].id}&page[size]=2&page[number]=2")["links"]
    assert links == {
        "self": f"{base}{filters}2&page%5Bsize%5D=2",
        "first": f"{base}{filters}1&page%5Bsize%5D=2",
        "last": f"{base}{filters}2&page%5Bsize%5D=2",
        "next": None,
        "prev": f"{base}{filters}1&page%5Bsize%5D=2",
    }


def test_a_subscription_that_is_ended_is_gone(post: Post) -> None:
    post.all()
    row, *rest = post.list()["data"]
    answer = post.place.v3("DELETE", f"/subscriptions/{row['id'].upper()}")
    assert (answer.status, answer.body) == (204, b"")
    refused(post.place, post.place.v3("DELETE", f"/subscriptions/{row['id']}"), 404, "SUBSCRIPTION_NOT_FOUND")
    refused(post.place, post.place.v3("GET", f"/subscriptions/{row['id']}"), 404, "SUBSCRIPTION_NOT_FOUND")
    assert post.list()["data"] == rest
    hook = next(each for each in post.hooks if each.id == row["relationships"]["webhook"]["data"]["id"])
    assert post.subscribe(hook, post.cars[2]).status == 202


def test_v2_and_v3_have_the_same_subscriptions(post: Post) -> None:
    car, hook = post.cars[0], post.hooks[0]
    assert post.place.as_owner(car, "POST", f"/webhooks/{hook.id}").status == 200
    assert ends(post.list()) == [(hook.id, car.user_id)]
    refused(post.place, post.subscribe(hook, car), 409)
    target = f"/v2.0/vehicles/{car.vehicle_id}/webhooks/{hook.id}"
    assert post.place.ask("DELETE", target, [post.place.amt]).status == 200
    assert post.list()["data"] == []


# Webhooks.


def test_a_webhook_says_where_it_goes_and_what_of(office: Post) -> None:
    hook, base = office.hooks[0], f"{office.place.base_url}/v3/webhooks"
    charge = {"group": "TractionBattery", "name": "StateOfCharge", "code": "tractionbattery-stateofcharge"}
    whole = {
        "id": hook.id,
        "type": "webhook",
        "attributes": {
            "name": "State of Charge",
            "callbackUri": "https://a.example/hooks/1",
            "errorCallbackUri": "https://a.example/errors",
            "isEnabled": True,
            "autoSubscribe": False,
            "triggers": [charge],
            "data": [charge, {"group": "Charge", "name": "IsCharging", "code": "charge-ischarging"}],
        },
        "meta": {"createdAt": "2026-11-21T12:00:00.000Z"},
        "links": {"self": f"{base}/{hook.id}"},
    }
    assert office.place.v3("GET", f"/webhooks/{hook.id.upper()}").json() == {"data": whole}
    body = office.list("", "webhooks")
    assert body["data"][0] == whole
    assert "errorCallbackUri" not in body["data"][1]["attributes"]
    assert body["meta"] == {"pageNumber": 1, "pageSize": 50, "totalCount": 2}
    own = f"{base}?page%5Bnumber%5D=1&page%5Bsize%5D=50"
    assert body["links"] == {"self": own, "first": own, "last": own, "next": None, "prev": None}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [0, 1]),
        ("filter[name]=charge", [0]),
        ("filter[name]=STATE%20OF", [0]),
        ("filter[name]=e", [0, 1]),
        ("filter[name]=nothing", []),
        ("filter[callbackUri]=hooks", [0, 1]),
        ("filter[callbackUri]=B.example", [1]),
        ("filter[isEnabled]=true", [0]),
        ("filter[isEnabled]=FALSE", [1]),
        ("filter[autoSubscribe]=false", [0, 1]),
        ("filter[autoSubscribe]=true", []),
        ("filter[name]=e&filter[isEnabled]=false", [1]),
        ("page[size]=1&page[number]=2", [1]),
        ("page[size]=1&page[number]=3", []),
    ],
)
def test_webhooks_are_narrowed(office: Post, query: str, wanted: list[int]) -> None:
    body = office.list(query, "webhooks")
    assert [row["id"] for row in body["data"]] == [office.hooks[n].id for n in wanted]


def test_links_of_webhooks_repeat_filters_as_they_were_understood(office: Post) -> None:
    own = office.list("filter[isEnabled]=1&filter[name]=a b", "webhooks")["links"]["self"]
    assert own.endswith("?filter%5Bname%5D=a%20b&filter%5BisEnabled%5D=true&page%5Bnumber%5D=1&page%5Bsize%5D=50")


def test_a_webhook_that_is_deleted_takes_its_subscriptions_along(post: Post) -> None:
    post.all()
    gone, stays = post.hooks
    post.place.run(post.place.carwire.services.webhooks.delete(post.place.client_id, gone.id))
    refused(post.place, post.place.v3("GET", f"/webhooks/{gone.id}"), 404, "WEBHOOK_NOT_FOUND")
    assert {hook for hook, _ in ends(post.list())} == {stays.id}
    refused(post.place, post.subscribe(gone, post.cars[0]), 404, "WEBHOOK_NOT_FOUND")


def test_the_mode_of_a_subscription_is_its_owners(post: Post) -> None:
    post.all()
    store = post.place.carwire.store
    assert isinstance(store, MemoryStore)
    owners, user = store._state.owners, post.cars[0].user_id
    owners[user] = msgspec.structs.replace(owners[user], mode="live")
    assert {owner for _, owner in ends(post.list("filter[vehicle.mode]=live"))} == {user}
    assert post.list("filter[vehicle.mode]=simulated")["meta"]["totalCount"] == 4
