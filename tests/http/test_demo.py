"""The demo application, walked from its link to the car it reads."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.http.connect.tab import ORIGIN, Place, Tab

from carwire.core.budgets import Bucket, Budget
from carwire.http.web.demo import DemoHandlers, InProcess, routes
from carwire.services.access import AccessService
from carwire.services.tokens import TokenService
from carwire.services.vehicles import VehicleService
from carwire.upstream.door import Upstream

CALLBACK = f"{ORIGIN}/demo/callback"


@pytest.fixture
def place() -> Place:
    place = Place((CALLBACK,))
    budget = Budget(Bucket(1000, 60), Bucket(1000, 60))
    sources: Any = {"simulator": place.source}
    upstream = Upstream(place.store, sources, lambda: place.now, {"simulator": budget})
    server = InProcess(
        TokenService(place.store, place.hasher, lambda: place.now),
        AccessService(place.store, place.hasher, lambda: place.now),
        VehicleService(place.store, upstream, lambda: place.now),
    )
    handlers = DemoHandlers(server, place.application.client_id, ORIGIN, data="vPIC", makes=56)
    place.routes = (*place.routes, *routes(handlers))
    return place


def begin(place: Place, language: str = "en") -> Tab:
    """Open the demo and follow its link."""
    tab = place.tab(language=language).open("/demo")
    assert tab.status == 200
    found = re.search(r'href="(/oauth/authorize\?[^"]+)"', tab.answer.body.decode())
    assert found
    return tab.open(found[1].replace("&amp;", "&"))


def back(tab: Tab) -> Tab:
    """Come back from Connect to the demo, as the browser does."""
    assert tab.left
    return tab.open(tab.url.removeprefix(ORIGIN))


def test_a_simulated_car_is_connected_and_read(place: Place) -> None:
    tab = begin(place)
    assert (tab.page, "rehearsal" in tab.form.ids) == ("welcome", True)
    back(tab.sign_in().approve())
    assert (tab.url, tab.status) == ("/demo/car", 200)
    text = tab.form.text
    assert "2018 Chevrolet Volt" in text
    assert re.search(r"odometer-traveleddistance .*? [\d.]+ km \d+ (s|min|h)", text)
    assert "smartcar.AuthClient" in text
    assert tab.open("/demo/car").status == 200, "it can be read again"


def test_what_a_car_cannot_tell_is_said_in_words(place: Place) -> None:
    tab = back(begin(place).sign_in(make="TESLA").approve())
    assert "This car cannot do this." in tab.form.text


def test_the_code_and_the_token_are_in_no_page_and_in_no_address_that_stays(place: Place) -> None:
    tab = begin(place).sign_in().approve()
    code = tab.outcome["code"]
    back(tab)
    assert code not in tab.answer.body.decode()
    assert "code=" not in tab.url
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", "".join(tab.cookies.values()))


@pytest.mark.parametrize("change", ["other", "missing", "stranger"])
def test_a_callback_with_another_state_is_refused_and_its_code_stays_unused(place: Place, change: str) -> None:
    tab = begin(place).sign_in().approve()
    state = parse_qs(urlsplit(tab.url).query)["state"][0]
    visitor = place.tab() if change == "stranger" else tab
    wrong = tab.url.replace(state, "x") if change == "other" else tab.url.replace(f"&state={state}", "")
    visitor.open((tab.url if change == "stranger" else wrong).removeprefix(ORIGIN))
    assert visitor.status == 400
    assert all(code.used_at is None for code in place.store._state.codes.values())


def test_a_callback_works_once(place: Place) -> None:
    tab = begin(place).sign_in().approve()
    url = tab.url
    assert back(tab).status == 200
    assert tab.open(url.removeprefix(ORIGIN)).status == 400


def test_a_code_of_another_application_is_refused(place: Place) -> None:
    other = place.register((CALLBACK,))
    stolen = place.tab().authorize(client_id=other.client_id, redirect_uri=CALLBACK).sign_in().approve().outcome["code"]
    tab = begin(place)
    state = tab.press("back-to-application").outcome["state"]
    assert tab.open(f"/demo/callback?code={stolen}&state={state}").status == 400
    assert all(code.used_at is None for code in place.store._state.codes.values())


def test_a_denial_is_shown_as_the_application_is_told(place: Place) -> None:
    tab = back(begin(place).sign_in().press("deny-button"))
    assert tab.status == 200
    assert "access_denied" in tab.form.text


def test_without_a_token_there_is_no_car_to_see(place: Place) -> None:
    assert place.tab().open("/demo/car").url == "/demo"


def test_a_callback_shows_hostile_text_as_text(place: Place) -> None:
    tab = begin(place)
    state = tab.press("back-to-application").outcome["state"]
    tab.open(f"/demo/callback?error=%3Cscript%3Ealert(1)&error_description=%3Cb%3E&state={state}")
    assert "<script" not in tab.answer.body.decode()


def test_pages_of_the_demo_are_not_kept_and_not_framed(place: Place) -> None:
    tab = place.tab().open("/demo")
    assert tab.header("cache-control") == "no-store"
    assert "frame-ancestors 'none'" in (tab.header("content-security-policy") or "")
    (cookie,) = [value.decode() for name, value in tab.answer.headers if name == b"set-cookie"]
    assert "HttpOnly; SameSite=Lax; Secure" in cookie


def test_visits_are_forgotten_when_there_are_too_many(place: Place) -> None:
    first = place.tab().open("/demo")

    async def flood() -> None:
        for _ in range(1100):
            await place.ask("GET", "/demo", [], b"", "x")

    asyncio.run(flood())
    assert "set-cookie" in {name.decode() for name, _ in first.open("/demo").answer.headers}
