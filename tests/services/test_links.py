"""Tokens in links: made for one vehicle of one application, good for thirty days."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.fakes import PEPPER, StandingClock

from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher
from carwire.services.links import LIFE, LinkService

CLIENT, VEHICLE = new_id(), new_id()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def links(clock: StandingClock) -> LinkService:
    return LinkService(SecretHasher(PEPPER), clock, "https://cars.example")


def token_of(url: str) -> Secret:
    return Secret(parse_qs(urlsplit(url).query)["token"][0])


def test_a_link_names_page_vehicle_and_application_and_ends_where_the_redirect_uri_goes(links: LinkService) -> None:
    url = links.battery_capacity(CLIENT, VEHICLE)
    assert url.startswith("https://cars.example/battery-capacity?")
    assert url.endswith("&redirect_uri=")
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}
    token = query.pop("token")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", token)
    assert query == {"vehicle_id": VEHICLE, "client_id": CLIENT, "response_type": "vehicle_id", "redirect_uri": ""}


def test_a_token_is_good_for_thirty_days(links: LinkService, clock: StandingClock) -> None:
    token = token_of(links.battery_capacity(CLIENT, VEHICLE))
    clock.now += LIFE
    assert links.check_battery_token(CLIENT, VEHICLE, token)
    clock.move(days=1)
    assert not links.check_battery_token(CLIENT, VEHICLE, token)


def test_a_token_from_days_that_are_still_to_come_is_refused(links: LinkService, clock: StandingClock) -> None:
    token = token_of(links.battery_capacity(CLIENT, VEHICLE))
    clock.move(days=-1)
    assert not links.check_battery_token(CLIENT, VEHICLE, token)


def test_a_token_is_for_its_vehicle_and_its_application_under_its_pepper(
    links: LinkService, clock: StandingClock
) -> None:
    token = token_of(links.battery_capacity(CLIENT, VEHICLE))
    assert not links.check_battery_token(CLIENT, new_id(), token)
    assert not links.check_battery_token(new_id(), VEHICLE, token)
    assert not links.check_battery_token(VEHICLE, CLIENT, token)
    assert not LinkService(SecretHasher(PEPPER[::-1]), clock, "").check_battery_token(CLIENT, VEHICLE, token)


@pytest.mark.parametrize("text", ["", "x", "\ud800", "0" * 36, "é" * 1000])
def test_what_is_no_token_is_refused(links: LinkService, text: str) -> None:
    assert not links.check_battery_token(CLIENT, VEHICLE, Secret(text))
