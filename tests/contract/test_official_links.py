"""The addresses both official SDKs make, opened in Chromium: what each option changes on the pages of Connect."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.conftest import HERE, origins, running
from tests.contract.connecting import Walk, chromium, connect_in, query_of
from tests.contract.hands import Hand

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser]
SCOPE = ["required:read_vehicle_info", "read_odometer"]


@pytest.fixture(scope="module")
def page(python_hand: Hand, node_hand: Hand) -> Iterator[Page]:
    """One window; the SDKs' own cars are connected before, since two browsers cannot be driven at once."""
    with chromium() as opened:
        yield opened


def sign_in(page: Page, username: str) -> None:
    page.fill("input[id=username]", username)
    page.fill("input[id=password]", "password")
    page.click("#sign-in-button")


def finish(page: Page) -> dict[str, str]:
    page.click("button[id=approval-button]")
    page.wait_for_url("https://example.com/**", wait_until="commit")
    return query_of(page.url)


def test_a_bypassed_make_leaves_the_brands_out_and_the_state_comes_back(hand: Hand, page: Page) -> None:
    page.goto(hand.auth_url(SCOPE, {"make_bypass": "TESLA", "state": "s t/ä+&", "user": "mine", "flags": {"a": True}}))
    page.click("button#continue-button")
    page.wait_for_selector("#sign-in-button")
    assert page.locator(".brand-list-item").count() == 0
    assert "Tesla" in page.inner_text("main")
    sign_in(page, f"bypassed-{hand.name}@example.com")
    query = finish(page)
    assert query["state"] == "s t/ä+&"
    car = hand.exchange(query["code"], SCOPE)
    assert hand.vehicle(car, "attributes")["make"] == "TESLA"


def test_single_select_lets_an_owner_of_several_choose_one(hand: Hand, page: Page) -> None:
    count = {"python": 3, "node": 4}[hand.name]
    page.goto(hand.auth_url(SCOPE, {"single_select": {"enabled": True}, "make_bypass": "KIA"}))
    page.click("button#continue-button")
    sign_in(page, f"{count}-vehicles@smartcar.com")
    page.wait_for_selector(".page-content")
    assert page.locator("input[name=vehicle][type=radio]").count() == count
    page.locator("input[name=vehicle]").nth(1).check()
    assert len(vehicles(hand, finish(page)["code"])) == 1


def test_without_single_select_every_vehicle_is_ticked(python_hand: Hand, page: Page) -> None:
    options: dict[str, object] = {"single_select": {"enabled": False}, "make_bypass": "KIA"}
    page.goto(python_hand.auth_url(SCOPE, options))
    page.click("button#continue-button")
    sign_in(page, "5-vehicles@smartcar.com")
    page.wait_for_selector(".page-content")
    assert page.locator("input[name=vehicle][type=checkbox]:checked").count() == 5
    assert len(vehicles(python_hand, finish(page)["code"])) == 5


def test_a_vin_to_select_leaves_the_brands_out_and_allows_that_car_alone(node_hand: Hand, page: Page) -> None:
    vin = node_hand.vin(node_hand.cars["TESLA"])
    url = node_hand.auth_url(SCOPE, {"single_select": {"enabled": True, "vin": vin}})
    for username in ("somebody.else@example.com", f"{vin}@compatible.smartcar.com"):
        page.goto(url)
        page.click("button#continue-button")
        page.wait_for_selector("#sign-in-button")
        assert page.locator(".brand-list-item").count() == 0
        assert "Tesla" in page.inner_text("main")
        sign_in(page, username)
        page.wait_for_url("**/incompatible" if username.startswith("some") else "**/grant")
        assert page.locator("#approval-button").count() == (0 if username.startswith("some") else 1)
    assert len(vehicles(node_hand, finish(page)["code"])) == 1


def test_only_a_forced_prompt_asks_an_owner_again_who_has_granted_all(node_hand: Hand, page: Page) -> None:
    """An owner is known by the account at the maker's, so the sign-in comes first either way."""
    owner = "again@example.com"
    Walk(node_hand.server).connect(node_hand.auth_url(SCOPE), "KIA", owner)
    for force in (False, True):
        page.goto(node_hand.auth_url(SCOPE, {"force_prompt": force, "make_bypass": "KIA"}))
        page.click("button#continue-button")
        sign_in(page, owner)
        if force:
            page.wait_for_selector(".page-content")
            assert finish(page)["code"]
        else:
            page.wait_for_url("https://example.com/**", wait_until="commit")
            assert query_of(page.url)["code"]


def test_optional_permissions_are_ticked_and_can_be_kept_back(python_hand: Hand, page: Page) -> None:
    page.goto(python_hand.auth_url(SCOPE, {"make_bypass": "KIA"}))
    page.click("button#continue-button")
    sign_in(page, "choosy@example.com")
    page.wait_for_selector(".page-content")
    box = page.locator("input[type=checkbox][value=read_odometer]")
    assert box.is_checked()
    box.uncheck()
    car = python_hand.exchange(finish(page)["code"], SCOPE)
    assert python_hand.vehicle(car, "permissions")["permissions"] == ["read_vehicle_info"]


def vehicles(hand: Hand, code: str) -> list[str]:
    """Exchange a code and list what it reaches."""
    token = hand.call("auth.exchange_code", hand.client, code)["accessToken"]
    found: list[str] = hand.call("get_vehicles", token)["vehicles"]
    return found


@contextmanager
def another(name: str, hand: Hand, node_modules: Path, **variables: str) -> Iterator[Hand]:
    command: list[Any] = [sys.executable, HERE / "python_driver.py"]
    if name == "node":
        command = ["node", HERE / "node_driver.js"]
    with running(command, hand.server, credentials=True, NODE_PATH=str(node_modules), **variables) as sdk:
        yield Hand(hand.name, sdk, hand.server, dict(hand.cars))


def test_origins_that_end_with_a_slash_lead_to_the_same_server(hand: Hand, page: Page, node_modules: Path) -> None:
    slashed = {name: f"{value}/" for name, value in origins(hand.server.base_url).items()}
    with another(hand.name, hand, node_modules, **slashed) as other:
        url = other.auth_url(SCOPE)
        assert f"{hand.server.base_url}//oauth/authorize?" in url
        car = other.exchange(connect_in(page, url, "KIA", f"slash-{hand.name}@example.com")["code"], SCOPE)
        assert other.vehicle(car, "odometer")["distance"] > 0
        assert other.vehicle(car, "batch", ["/odometer"])["odometer"]["value"]["distance"] > 0
        assert other.call("get_connections", hand.amt, {"vehicle_id": car.id})["connections"]
        assert other.call("get_compatibility", "5YJXCDE22HF068739", ["read_vin"], "US")["compatible"] is True
        assert len(other.call("auth.exchange_refresh_token", hand.client, car.refresh_token)["accessToken"]) == 36


def test_node_takes_the_origin_of_tokens_without_their_path_too(node_hand: Hand, node_modules: Path) -> None:
    plain = {"SMARTCAR_AUTH_ORIGIN": node_hand.server.base_url}
    with another("node", node_hand, node_modules, **plain) as other:
        car = other.connect(username="plain-origin@example.com")
        assert other.vehicle(car, "odometer")["distance"] > 0
