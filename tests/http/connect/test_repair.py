"""The two sisters of authorize: repairing a connection, and picking a battery size."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest
from tests.http.connect.tab import CALLBACK, Place, Tab

from carwire.core.grants import Principal
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.secrets import Secret
from carwire.services.connect.record import Vault, open_vault

OWNER = "owner@example.com"


@pytest.fixture
def place() -> Place:
    """A place where one owner has connected one car."""
    place = Place()
    place.tab().authorize(scope="read_battery read_vin").sign_in(OWNER).approve()
    return place


def vehicle_id(place: Place) -> str:
    """The only connected vehicle."""
    (vehicle,) = place.memory._state.links
    return vehicle


def user_id(place: Place) -> str:
    """Its owner."""
    (links,) = place.memory._state.links.values()
    (user,) = links
    return user


def repair(place: Place, **values: str | None) -> Tab:
    """Open the repair of the connected vehicle."""
    given = {
        "client_id": place.application.client_id,
        "response_type": "vehicle_id",
        "vehicle_id": vehicle_id(place),
        "redirect_uri": CALLBACK,
        **values,
    }
    sent = {name: value for name, value in given.items() if value is not None}
    return place.tab().open("/oauth/reauthenticate?" + urlencode(sent, quote_via=quote))


def battery(place: Place, token: str | None, **values: str) -> Tab:
    """Open the page for a battery size."""
    given = {
        "client_id": place.application.client_id,
        "response_type": "vehicle_id",
        "vehicle_id": vehicle_id(place),
        "redirect_uri": CALLBACK,
        **values,
    }
    if token:
        place.battery_tokens.add((place.application.client_id, vehicle_id(place), "good"))
        given["token"] = token
    return place.tab().open("/battery-capacity?" + urlencode(given, quote_via=quote))


def test_another_account_that_has_the_same_car_repairs_nothing() -> None:
    """Nor does it when the application knows that account, too: the car may have changed hands."""
    place, vin = Place(), "0SCCHEVR000000001"
    before, after = (f"{vin}@{level}.smartcar.com" for level in ("bev", "phev"))
    place.tab().authorize(scope="read_vin").sign_in(before).approve()
    (old,) = place.memory._state.owners
    sessions = dict(place.memory._state.maker_sessions)
    place.tab().authorize(scope="read_vin").sign_in(after).approve()
    assert len(place.memory._state.links[vehicle_id(place)]) == 2, "one vehicle of two owners"
    reached = asyncio.run(place.store.reach(Principal(place.application.client_id), vehicle_id(place)))
    assert reached is not None
    other = after if reached.user_id == old else before
    tab = repair(place).press("continue-button").sign_in(other)
    assert tab.page == "incompatible"
    assert place.memory._state.maker_sessions.items() >= sessions.items()
    assert [e for e in asyncio.run(place.store.audit()) if e.kind == "connect.repaired"] == []


def test_a_connection_is_repaired_by_signing_in_again(place: Place) -> None:
    state = place.store._state
    state.maker_sessions[user_id(place)] = Secret("stale")
    tab = repair(place, state="s", external_id="x")
    assert (tab.page, "rehearsal" in tab.form.ids) == ("welcome", True)
    tab.press("continue-button")
    assert (tab.page, "Chevrolet" in tab.heading) == ("sign-in", True)
    tab.sign_in(OWNER)
    assert list(tab.outcome.items()) == [("vehicle_id", vehicle_id(place)), ("state", "s"), ("external_id", "x")]
    assert state.maker_sessions[user_id(place)].reveal() != "stale"
    assert len(state.codes) == 1, "no new code"
    assert [e.subject for e in asyncio.run(place.store.audit()) if e.kind == "connect.repaired"] == [vehicle_id(place)]


def test_a_link_of_an_api_error_works_as_it_stands(place: Place) -> None:
    tab = repair(place, redirect_uri=None).sign_in(OWNER)
    assert tab.url == f"{CALLBACK}?vehicle_id={vehicle_id(place)}"


def test_without_any_redirect_uri_the_repair_ends_on_a_page(place: Place) -> None:
    tab = repair(place, redirect_uri=None, response_type="none").sign_in(OWNER)
    assert (tab.page, tab.status) == ("done", 200)
    place.change(redirect_uris=())
    assert repair(place, redirect_uri=None).sign_in(OWNER).page == "done"


def test_a_sign_in_sent_twice_repairs_once_and_ends_the_same(place: Place) -> None:
    tab = repair(place, state="s").press("continue-button")
    twin = tab.twin()
    tab.sign_in(OWNER)
    assert twin.sign_in(OWNER).url == tab.url


def test_the_cookie_from_before_a_repairs_sign_in_gets_no_result(place: Place) -> None:
    tab = repair(place, state="s").press("continue-button")
    planted = tab.twin()
    tab.sign_in(OWNER)
    assert tab.left
    for typed in ({"username": OWNER, "password": "guessed"}, {"username": "", "password": ""}):
        action, body = planted.filled("sign-in-button", **typed)
        thief = planted.twin().post(action, body)
        assert (thief.status, thief.header("location")) == (403, None)


@pytest.mark.parametrize(("given", "stored"), [("new", "new"), ("null", None), (None, "old")])
def test_a_repair_replaces_clears_or_leaves_the_external_id(
    place: Place, given: str | None, stored: str | None
) -> None:
    (links,) = place.memory._state.links.values()
    (link,) = links.values()
    link.external_id = "old"
    assert repair(place, external_id=given).sign_in(OWNER).left
    assert link.external_id == stored


def test_a_repaired_run_keeps_its_result_and_nothing_of_the_account(place: Place) -> None:
    tab = repair(place, state="s", external_id="x").sign_in(OWNER)
    closed = place.sessions()[-1]
    vault = open_vault(closed.secret)
    assert closed.closed
    assert vault.result is not None
    assert vault == Vault(result=vault.result)
    assert vault.result.url == tab.url


def test_an_account_that_never_agreed_to_anything_is_not_kept(place: Place) -> None:
    before = dict(place.memory._state.owners)
    repair(place).sign_in("somebody.else@example.com")
    assert place.memory._state.owners == before


@pytest.mark.parametrize("login", ["somebody.else@example.com", "2-vehicles@smartcar.com"])
def test_another_account_is_refused_and_changes_nothing(place: Place, login: str) -> None:
    before = dict(place.store._state.maker_sessions)
    tab = repair(place).sign_in(login)
    assert (tab.page, tab.left) == ("incompatible", False)
    assert place.store._state.maker_sessions == before
    assert tab.press("back-to-application").outcome["error"] == "vehicle_incompatible"


def test_a_wrong_password_can_be_tried_again(place: Place) -> None:
    tab = repair(place).sign_in("wrong-password@connect.test")
    assert tab.page == "sign-in"
    assert "vehicle_id" in tab.sign_in(OWNER).outcome


def test_an_unknown_vehicle_and_somebody_elses_get_the_same_answer(place: Place) -> None:
    other = place.register((CALLBACK,))
    unknown = "00000000-0000-4000-8000-000000000000"
    first = repair(place, vehicle_id=unknown)
    second = repair(place, client_id=other.client_id)
    assert first.status == second.status == 400
    assert first.heading.replace(unknown, "x") == second.heading.replace(vehicle_id(place), "x")
    assert first.press("exit-button").outcome["error"] == "configuration_error"


def test_a_vehicle_that_was_disconnected_cannot_be_repaired(place: Place) -> None:
    wanted = vehicle_id(place)
    tab = repair(place).press("continue-button")
    asyncio.run(place.store.disconnect(place.application.client_id, ConnectionFilter(vehicle_id=wanted), place.now))
    assert tab.sign_in(OWNER).status == 400
    assert tab.press("exit-button").outcome["error"] == "configuration_error"


@pytest.mark.parametrize(
    ("values", "heading"),
    [
        ({"vehicle_id": None}, '400: Missing required parameter: "vehicle_id"'),
        ({"response_type": None}, '400: Missing required parameter: "response_type"'),
        ({"response_type": "code"}, "400: Invalid parameter response_type: code."),
        ({"redirect_uri": "https://evil.example"}, "400: Unauthorized redirect_uri"),
        ({"client_id": "nobody"}, "400: Invalid parameter client_id: nobody."),
    ],
)
def test_a_mistake_in_the_request_is_named(place: Place, values: dict[str, str | None], heading: str) -> None:
    tab = repair(place, **values)
    assert (tab.status, tab.heading.replace("&#34;", '"')) == (400, heading)


def test_permissions_missing_at_the_maker_are_repaired_by_a_run_for_that_brand(place: Place) -> None:
    tab = repair(place, vehicle_id=None, make="TESLA", scope="read_vin", mode="simulated", response_type="vehicle_id")
    assert tab.press("continue-button").page == "sign-in"
    assert "user_id" in tab.sign_in("t@example.com").approve().outcome


@pytest.fixture
def garage() -> Place:
    """A place where a car with two possible batteries is connected."""
    place = Place()
    tab = place.tab().authorize(scope="read_battery").sign_in("battery@connect.test", "HYUNDAI").approve()
    tab.press("skip-button")
    return place


def test_a_battery_size_is_picked_through_a_link_without_signing_in(garage: Place) -> None:
    tab = battery(garage, "good", state="s")
    assert tab.page == "battery"
    button = next(name for name, sent in tab.form.buttons.items() if sent == ("do", "choose"))
    tab.press(button, capacity="0")
    assert list(tab.outcome) == ["vehicle_id", "selected_capacity", "reason", "state"]
    assert tab.outcome["reason"] == "battery_capacity"
    (row,) = garage.store._state.vehicles.values()
    assert row.capacity_kwh == float(tab.outcome["selected_capacity"])


def test_a_battery_size_of_a_car_that_was_disconnected_meanwhile_is_not_said_to_be_chosen(garage: Place) -> None:
    tab, wanted = battery(garage, "good"), vehicle_id(garage)
    button = next(name for name, sent in tab.form.buttons.items() if sent == ("do", "choose"))
    asyncio.run(garage.store.disconnect(garage.application.client_id, ConnectionFilter(vehicle_id=wanted), garage.now))
    assert tab.press(button, capacity="0").outcome["error"] == "battery_capacity_no_selection"
    assert "connect.capacity_chosen" not in {each.kind for each in asyncio.run(garage.store.audit())}


def test_an_unknown_battery_size_is_told_as_such(garage: Place) -> None:
    assert battery(garage, "good").press("battery-unknown").outcome == {
        "error": "battery_capacity_no_selection",
        "error_description": "user did not know battery capacity",
        "vehicle_id": vehicle_id(garage),
    }


@pytest.mark.parametrize("token", [None, "stale"])
def test_without_a_good_token_the_owner_signs_in_first(garage: Place, token: str | None) -> None:
    tab = battery(garage, token)
    assert tab.page == "welcome"
    tab.sign_in("battery@connect.test")
    assert tab.page == "battery"
    button = next(name for name, sent in tab.form.buttons.items() if sent == ("do", "choose"))
    assert "selected_capacity" in tab.press(button, capacity="1").outcome


def test_the_token_of_one_vehicle_does_not_open_another_applications(garage: Place) -> None:
    other = garage.register((CALLBACK,))
    assert battery(garage, "good", client_id=other.client_id).status == 400


def test_a_battery_page_expires_like_any_other(garage: Place) -> None:
    tab = battery(garage, "good")
    garage.wait(timedelta(minutes=21))
    assert tab.press("battery-unknown").status == 410
