"""The small parts of the flow: outcomes, the trail, the vault, the throttle, brands and binding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carwire.core.sources import SourceCar
from carwire.kit.secrets import Secret
from carwire.services.connect.binding import form_token, is_form_token
from carwire.services.connect.garage import permissions_of, sizes_in, title_of
from carwire.services.connect.outcomes import leave, url_with
from carwire.services.connect.record import PAGES, Page, Vault, advance, open_vault
from carwire.services.connect.request import Request
from carwire.services.connect.throttle import Limit, Throttle

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
URIS = ("https://a.example/cb", "https://a.example/cb?x=1", "https://a.example/cb?", "sc1://host", "http://[::1]:1/?a&")


def request(uri: str | None = URIS[0], **more: str) -> Request:
    return Request(kind="authorize", client_id="c", redirect_uri=uri, response_type="code", **more)  # type: ignore[arg-type]


@given(st.sampled_from(URIS), st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_a_url_keeps_its_query_and_carries_what_was_added(uri: str, pairs: list[tuple[str, str]]) -> None:
    url = url_with(uri, pairs)
    assert url.startswith(uri)
    assert url.isascii()
    assert "+" not in url
    assert " " not in url
    before = parse_qsl(urlsplit(uri).query, keep_blank_values=True)
    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == before + pairs


@given(st.lists(st.tuples(TEXT, st.sampled_from([None, "", "x", "a b"])), max_size=6, unique_by=lambda pair: pair[0]))
def test_no_empty_parameter_leaves(pairs: list[tuple[str, str | None]]) -> None:
    url = leave(request(state="", external_id=""), pairs).url
    assert url is not None
    assert all(part.partition("=")[2] for part in urlsplit(url).query.split("&") if part)


@given(st.lists(st.sampled_from(PAGES), min_size=1, unique=True), st.data())
def test_a_trail_never_holds_a_page_twice_and_ends_where_one_went(pages: list[Page], data: st.DataObject) -> None:
    at, to = data.draw(st.sampled_from(pages)), data.draw(st.sampled_from(PAGES))
    trail = advance(tuple(pages), at, to)
    assert len(set(trail)) == len(trail)
    assert trail[-1] == to
    assert set(trail) <= {*pages[: pages.index(at) + 1], to}


def car(n: int, signals: frozenset[str] = frozenset({"odometer-traveleddistance"})) -> SourceCar:
    return SourceCar(f"0SCTESLA{n:09d}", "TESLA", "Model 3", 2022, "BEV", signals, frozenset({"doors-lock"}))


def test_a_vault_gives_back_what_was_put_in_and_stays_small() -> None:
    many = frozenset(f"signal-{n}" for n in range(150))
    cars = tuple(car(n, many) for n in range(999))
    vault = Vault(session="s", account_digest=b"\0\xff", capacities={"v": 77.4}).with_cars(cars)
    opened = open_vault(vault.seal())
    assert opened == vault
    assert opened.source_cars() == cars
    assert len(vault.seal().reveal()) < 150_000, "a thousand cars share what they can do"
    assert open_vault(None) == Vault()


def test_permissions_of_a_car_are_those_of_its_signals_and_commands() -> None:
    assert permissions_of(car(1)) >= {"read_odometer", "read_vin", "read_vehicle_info"}
    assert "read_fuel" not in permissions_of(car(1))
    assert title_of(car(1)) == "2022 Tesla Model 3"


@pytest.mark.parametrize(
    ("body", "sizes"),
    [
        ({"availableCapacities": [{"capacity": 58, "description": None}, {"capacity": 77.4}]}, 2),
        ({"capacity": 58, "availableCapacities": [{"capacity": 58}, {"capacity": 77.4}]}, 0),
        ({"availableCapacities": [{"capacity": 58}]}, 0),
        ({"availableCapacities": "many"}, 0),
        ({}, 0),
        (None, 0),
        ("58", 0),
    ],
)
def test_battery_sizes_are_asked_for_only_where_several_are_possible(body: object, sizes: int) -> None:
    assert len(sizes_in(body)) == sizes


def test_a_throttle_lets_through_slows_down_stops_and_forgives() -> None:
    throttle = Throttle(Limit(10, 60))
    holds = [throttle.count("a", NOW) for _ in range(11)]
    assert [hold.stop for hold in holds] == [False] * 10 + [True]
    assert [hold.seconds for hold in holds[:6]] == [0.0] * 6
    assert 0 < holds[6].seconds < holds[9].seconds < 2
    assert holds[10].seconds == pytest.approx(6)
    assert not throttle.count("b", NOW).stop, "others are not held up"
    assert throttle.look("a", NOW + timedelta(seconds=5)).stop
    assert not throttle.look("a", NOW + timedelta(seconds=6)).stop
    assert throttle.look("a", NOW + timedelta(seconds=60)).seconds == 0


def test_looking_does_not_count_and_a_clock_that_goes_back_forgives_nothing() -> None:
    throttle = Throttle(Limit(1, 60))
    for _ in range(5):
        assert not throttle.look("a", NOW).stop
    assert not throttle.count("a", NOW).stop
    assert throttle.count("a", NOW - timedelta(hours=1)).stop


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    throttle = Throttle(Limit(1, 60))
    for n in range(45_000):
        throttle.count(n, NOW)
    assert len(throttle._levels) <= 20_000
    assert throttle.look(44_999, NOW).stop, "the latest are still held"


def test_a_flood_of_made_up_keys_does_not_wash_away_the_count_of_one_under_attack() -> None:
    throttle = Throttle(Limit(10, 600))
    for _ in range(10):
        throttle.count("attacked", NOW)
    for n in range(45_000):
        throttle.count(n, NOW + timedelta(seconds=1))
    assert throttle.look("attacked", NOW + timedelta(seconds=2)).stop


def test_of_a_full_table_the_ones_whose_time_has_passed_go_first() -> None:
    throttle = Throttle(Limit(10, 600))
    for n in range(19_999):
        throttle.count(n, NOW)
    later = NOW + timedelta(seconds=61)
    throttle.count("fresh", later)
    throttle.count("more", later)
    assert set(throttle._levels) == {"fresh", "more"}


def test_what_is_given_back_was_never_counted() -> None:
    throttle = Throttle(Limit(2, 60))
    for _ in range(5):
        assert not throttle.count("a", NOW).stop
        throttle.give_back("a", NOW)
    assert throttle._levels == {}
    throttle.count("a", NOW)
    throttle.count("a", NOW)
    assert throttle.look("a", NOW).stop
    throttle.give_back("a", NOW)
    assert not throttle.look("a", NOW).stop
    throttle.give_back("nobody", NOW)
    assert throttle.count("nobody", NOW) == throttle.count("somebody", NOW)


@given(st.text(max_size=50), st.text(max_size=50))
@example("", "\0")
def test_only_a_cookies_own_token_fits(one: str, two: str) -> None:
    assert is_form_token(Secret(one), form_token(Secret(one)))
    assert is_form_token(Secret(one), form_token(Secret(two))) is (one == two)
    assert not is_form_token(Secret(one), two)
