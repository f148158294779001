"""Connections of an application and webhooks of a vehicle, over a server in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Owned, basic, built, check_error
from tests.fakes import StandingClock
from tests.support import Connected

from carwire.core.webhooks import Webhook
from carwire.kit.ids import new_id
from carwire.kit.secrets import new_signing_secret

PATH = "/v2.0/management/connections"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Owned]:
    with built(tmp_path, clock=StandingClock()) as opened:
        yield opened


@pytest.fixture
def cars(client: Owned) -> list[Connected]:
    """Five cars of five owners, connected one after another."""
    clock: Any = client.carwire.services.tokens._clock
    found = []
    for n in range(5):
        found.append(client.connect(f"owner{n}@a.example"))
        clock.move(seconds=1)
    return found


def connections(client: Owned, query: str = "") -> tuple[list[dict[str, Any]], str | None]:
    body = client.ask("GET", PATH + query, [client.amt]).json()
    assert list(body) == ["connections", "paging"]
    assert list(body["paging"]) == ["cursor"]
    return body["connections"], body["paging"]["cursor"]


def ids(client: Owned, query: str = "") -> list[str]:
    return [each["vehicleId"] for each in connections(client, query)[0]]


def test_connections_are_listed_newest_first(client: Owned, cars: list[Connected]) -> None:
    listed, cursor = connections(client)
    assert cursor is None
    assert [(each["vehicleId"], each["userId"]) for each in listed] == [
        (car.vehicle_id, car.user_id) for car in reversed(cars)
    ]
    assert all(list(each) == ["vehicleId", "userId", "connectedAt", "mode"] for each in listed)
    assert {each["mode"] for each in listed} == {"simulated"}
    assert [each["connectedAt"] for each in listed] == sorted((each["connectedAt"] for each in listed), reverse=True)


def test_cursors_lead_through_all_pages_once(client: Owned, cars: list[Connected]) -> None:
    found: list[str] = []
    query = "?limit=2"
    for _ in range(3):
        page, cursor = connections(client, query)
        found += [each["vehicleId"] for each in page]
        query = f"?limit=2&cursor={cursor}"
    assert cursor is None
    assert found == [car.vehicle_id for car in reversed(cars)]


def test_a_cursor_stays_good_when_its_connection_is_cut(client: Owned, cars: list[Connected]) -> None:
    page, cursor = connections(client, "?limit=2")
    client.ask("DELETE", f"{PATH}?vehicle_id={page[-1]['vehicleId']}", [client.amt])
    assert ids(client, f"?limit=2&cursor={cursor}") == [cars[2].vehicle_id, cars[1].vehicle_id]


@pytest.mark.parametrize("cursor", ["x", "A" * 80, "%C3%A9", "....", "0" * 500, "%00"])
def test_a_cursor_that_is_none_is_refused(client: Owned, cars: list[Connected], cursor: str) -> None:
    check_error(client, client.ask("GET", f"{PATH}?cursor={cursor}", [client.amt]), 400, "cursor")


def test_filters_narrow_the_list(client: Owned, cars: list[Connected]) -> None:
    car, other = cars[1], cars[2]
    assert ids(client, f"?user_id={car.user_id}") == [car.vehicle_id]
    assert ids(client, f"?vehicle_id={car.vehicle_id.upper()}") == [car.vehicle_id]
    assert ids(client, f"?vehicle_id={car.vehicle_id}&user_id={other.user_id}") == []
    assert len(ids(client, "?mode=simulated")) == len(ids(client, "?mode=test")) == 5
    for query in ("?mode=live", f"?user_id={new_id()}", "?user_id=nobody", "?vehicle_id=x", "?external_id=x"):
        assert ids(client, query) == [], query


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "0"), ("limit", "101"), ("limit", "x"), ("mode", "real"), ("user_id", "x" * 37)]
)
def test_a_filter_that_cannot_be_is_refused(client: Owned, name: str, value: str) -> None:
    check_error(client, client.ask("GET", f"{PATH}?{name}={value}", [client.amt]), 400, name)


def test_pages_hold_ten_unless_told_and_a_hundred_at_most(client: Owned) -> None:
    client.connect("12-vehicles@smartcar.com")
    assert (len(ids(client)), len(ids(client, "?limit=100")), len(ids(client, "?limit=undefined"))) == (10, 12, 10)


def test_two_owners_of_one_car_are_two_connections(client: Owned) -> None:
    first, second = (client.connect(f"0SCCHEVR0459620D5@{level}.smartcar.com") for level in ("bev", "phev"))
    assert first.vins == second.vins
    assert first.vehicle_id == second.vehicle_id
    assert {each["userId"] for each in connections(client)[0]} == {first.user_id, second.user_id}
    assert client.ask("DELETE", f"{PATH}?user_id={first.user_id}", [client.amt]).status == 200
    check_error(client, client.as_owner(first, "GET", "/vin"), 403)
    assert client.as_owner(second, "GET", "/vin").status == 200


@pytest.mark.parametrize("names", [("user_id",), ("vehicle_id",), ("user_id", "vehicle_id")])
def test_connections_are_cut_by_owner_by_vehicle_or_both(
    client: Owned, cars: list[Connected], names: tuple[str, ...]
) -> None:
    car = cars[3]
    query = "&".join(f"{name}={getattr(car, name)}" for name in names)
    answer = client.ask("DELETE", f"{PATH}?{query}", [client.amt])
    assert (answer.status, answer.json()) == (
        200,
        {"connections": [{"vehicleId": car.vehicle_id, "userId": car.user_id}]},
    )
    assert client.ask("DELETE", f"{PATH}?{query}", [client.amt]).json() == {"connections": []}
    assert len(ids(client)) == 4
    check_error(client, client.as_owner(car, "GET", "/vin"), 403)
    assert client.as_owner(cars[2], "GET", "/vin").status == 200


def test_an_owner_with_several_cars_loses_all_or_one(client: Owned) -> None:
    owner = client.connect("4-vehicles@smartcar.com")
    answer = client.ask("DELETE", f"{PATH}?vehicle_id={owner.vehicle_ids[0]}", [client.amt])
    assert len(answer.json()["connections"]) == 1
    answer = client.ask("DELETE", f"{PATH}?user_id={owner.user_id}", [client.amt])
    assert {each["vehicleId"] for each in answer.json()["connections"]} == set(owner.vehicle_ids[1:])
    assert client.ask("GET", "/v2.0/vehicles", [owner.bearer]).json()["vehicles"] == []


def test_the_management_token_opens_as_basic_or_bearer_and_with_its_user_name_only(client: Owned) -> None:
    token = client.management_token
    for header, status in (
        (client.amt, 200),
        ((b"authorization", b"Bearer " + token.encode()), 200),
        ((b"authorization", b"bearer " + token.encode()), 200),
        (basic(f"Default:{token}"), 401),
        (basic(f":{token}"), 401),
        (basic(f"{client.client_id}:{token}"), 401),
        (basic(f"default:{token[:-1]}"), 401),
        (basic("default:"), 401),
        ((b"authorization", token.encode()), 401),
    ):
        assert client.ask("GET", PATH, [header]).status == status, header


def test_a_vehicle_is_cut_off_with_either_form_of_the_management_token(client: Owned, cars: list[Connected]) -> None:
    bearer = (b"authorization", b"Bearer " + client.management_token.encode())
    for car, header in zip(cars, (client.amt, bearer, cars[2].bearer), strict=False):
        target = f"/v2.0/vehicles/{car.vehicle_id}/application"
        assert client.ask("DELETE", target, [header]).json() == {"status": "success"}
        check_error(client, client.ask("DELETE", target, [header]), 403)
        check_error(client, client.as_owner(car, "GET", "/vin"), 403)
    check_error(client, client.ask("DELETE", "/v2.0/vehicles/x/application", [client.amt]), 400, "id")
    check_error(client, client.ask("DELETE", "/v2.0/vehicles/x/application", [basic("default:x")]), 401)


# Webhooks.


def add_webhook(client: Owned) -> str:
    webhook = Webhook(
        new_id(), client.client_id, "Name", "https://hook.example/", client.carwire.services.tokens._clock()
    )
    client.run(client.carwire.store.add_webhook(webhook, new_signing_secret()))
    return webhook.id


def test_a_vehicle_is_put_on_a_webhook_and_taken_off(client: Owned, cars: list[Connected]) -> None:
    car, webhook_id = cars[0], add_webhook(client)
    bearer = (b"authorization", b"Bearer " + client.management_token.encode())
    target = f"/v2.0/vehicles/{car.vehicle_id}/webhooks/{webhook_id}"
    for _ in range(2):
        answer = client.ask("POST", target, [car.bearer, (b"content-type", b"application/json")])
        assert (answer.status, answer.json()) == (200, {"webhookId": webhook_id, "vehicleId": car.vehicle_id})
    upper = client.ask("POST", f"/v2.0/vehicles/{car.vehicle_id.upper()}/webhooks/{webhook_id.upper()}", [car.bearer])
    assert upper.json() == answer.json()
    for header in (bearer, client.amt, bearer):
        answer = client.ask("DELETE", target, [header, (b"content-type", b"application/json")], b"{}")
        assert (answer.status, answer.json()) == (200, {"status": "success"})


def test_a_webhook_that_is_not_there_is_refused(client: Owned, cars: list[Connected]) -> None:
    foreign = add_webhook(client.another())
    for webhook_id in (new_id(), foreign, "x", new_id()[:-1]):
        target = f"/v2.0/vehicles/{cars[0].vehicle_id}/webhooks/{webhook_id}"
        body = check_error(client, client.ask("POST", target, [cars[0].bearer]), 400, "webhookId")
        assert body["code"] is None
        check_error(client, client.ask("DELETE", target, [client.amt]), 400, "webhookId")
    target = f"/v2.0/vehicles/x/webhooks/{add_webhook(client)}"
    check_error(client, client.ask("DELETE", target, [client.amt]), 400, "id")
    check_error(client, client.ask("POST", target, [cars[0].bearer]), 400, "id")
