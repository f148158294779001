"""Whose cookie is good for what: one planted before a sign-in, one an approval replaced, one of a run that is over."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from tests.http.connect.tab import Place, Tab

from carwire.core.errors import StoreUnavailable
from carwire.kit.secrets import Secret
from carwire.services.connect.binding import form_token

OWNER = "owner@example.com"


@pytest.fixture
def place() -> Place:
    return Place()


def forge(tab: Tab, page: str, **fields: str) -> Tab:
    """Send a made-up form to a page of the run a tab is in, with the right token for the cookie it has."""
    session_id = next(url for url in reversed(tab.seen or [tab.url]) if url.startswith("/c/")).split("/")[2]
    (cookie,) = tab.cookies.values()
    thief = tab.twin()
    return thief.post(f"/c/{session_id}/{page}", urlencode({"csrf": form_token(Secret(cookie)), **fields}).encode())


def planted_in(tab: Tab) -> Tab:
    """Return what somebody has who put the cookie there: the same cookie in a browser of theirs."""
    thief = tab.twin()
    thief.seen = list(tab.seen)
    return thief


FORGED = (
    ("sign-in", {"do": "sign-in", "username": OWNER, "password": "guessed"}),
    ("sign-in", {"do": "sign-in"}),
    ("grant", {"do": "approve", "vehicle": "0"}),
    ("grant", {"do": "deny"}),
    ("welcome", {"do": "back"}),
    ("error", {"do": "exit"}),
)


@pytest.mark.parametrize("asked_before", [True, False], ids=["auto", "grant page"])
@pytest.mark.parametrize("seconds", [0, 3, 61])
def test_a_cookie_from_before_the_sign_in_never_gets_the_result(place: Place, asked_before: bool, seconds: int) -> None:
    if asked_before:
        place.tab().authorize().sign_in(OWNER).approve()
    tab = place.tab().authorize(state="s").press("continue-button").press("CHEVROLET")
    planted = planted_in(tab)
    tab.sign_in(OWNER)
    assert tab.left is asked_before
    assert "code" in tab.outcome_or_approved()
    place.wait(timedelta(seconds=seconds))
    for page, fields in FORGED:
        thief = forge(planted, page, **fields)
        assert (thief.status, thief.header("location"), thief.header("set-cookie")) == (403, None, None)
    assert planted.twin().open(f"/c/{tab.seen[-2].split('/')[2]}/done").status == 403


@pytest.mark.parametrize("seconds", [0, 3, 59])
def test_a_cookie_from_before_the_sign_in_stays_worthless_when_the_approval_fails(place: Place, seconds: int) -> None:
    place.tab().authorize().sign_in(OWNER).approve()
    tab = place.tab().authorize().press("continue-button").press("CHEVROLET")
    planted = planted_in(tab)
    real, place.store.approve = place.store.approve, unreachable
    assert tab.sign_in(OWNER).status == 503
    place.store.approve = real
    place.wait(timedelta(seconds=seconds))
    for page, fields in FORGED:
        thief = forge(planted, page, **fields)
        assert (thief.status, thief.header("location"), thief.header("set-cookie")) == (403, None, None)
    assert len(place.store._state.codes) == 1


@pytest.mark.parametrize(
    ("login", "page", "fields"),
    [
        ("pin@connect.test", "check", {"do": "skip"}),
        ("pin@connect.test", "check", {"do": "answer", "answer": "1234"}),
        ("missing-permission@connect.test", "permissions", {"do": "fix"}),
        ("missing-permission@connect.test", "permissions", {"do": "continue"}),
    ],
)
def test_a_cookie_from_before_the_sign_in_answers_no_question_of_the_maker(
    place: Place, login: str, page: str, fields: dict[str, str]
) -> None:
    tab = place.tab().authorize(scope="read_location control_security").press("continue-button").press("TESLA")
    planted = planted_in(tab)
    assert tab.sign_in(login).page == page
    thief = forge(planted, page, **fields)
    assert (thief.status, thief.header("set-cookie")) == (403, None)
    assert tab.open(tab.url).status == 200, "the owner goes on"


def test_a_sign_in_that_approves_at_once_may_be_sent_twice_by_who_knows_the_password(place: Place) -> None:
    place.tab().authorize().sign_in(OWNER).approve()
    tab = place.tab().authorize(state="s").press("continue-button").press("CHEVROLET")
    twin = tab.twin()
    assert twin.sign_in(OWNER).url == tab.sign_in(OWNER).url
    assert twin.cookies == tab.cookies
    assert len(place.store._state.codes) == 2, "one for each run"


def test_the_cookie_an_approval_replaced_repeats_the_result_for_a_minute(place: Place) -> None:
    tab = place.tab().authorize().sign_in(OWNER)
    before = planted_in(tab)
    tab.approve()
    place.wait(timedelta(seconds=60))
    assert forge(before, "grant", do="deny").url == tab.url
    place.wait(timedelta(seconds=1))
    assert forge(before, "grant", do="approve").status == 403
    assert forge(tab, "grant", do="approve").url == tab.url, "the new cookie is the browser's own"


def test_an_owner_whose_approval_could_not_be_written_approves_again(place: Place) -> None:
    tab = place.tab().authorize(state="s").sign_in(OWNER)
    again = tab.twin()
    real, place.store.approve = place.store.approve, broken
    assert tab.approve().status == 500
    place.store.approve = real
    assert "code" in again.approve().outcome
    assert len(place.store._state.codes) == 1


def test_an_owner_whose_approval_could_not_be_written_finds_a_way_out(place: Place) -> None:
    tab = place.tab().authorize(state="s").sign_in(OWNER)
    place.store.approve = broken
    assert tab.approve().press("exit-button").outcome["error"] == "server_error"


def lifetimes(tab: Tab) -> list[str]:
    """How long the cookies of an answer last."""
    return [part for part in (tab.header("set-cookie") or "").split("; ") if part.startswith("Max-Age")]


def test_a_cookie_goes_a_minute_after_its_run_has_left(place: Place) -> None:
    ends = [
        place.tab().authorize().sign_in(OWNER).approve(),
        place.tab().authorize().sign_in(OWNER),
        place.tab().authorize(approval_prompt="force").sign_in(OWNER).press("deny-button"),
        place.tab().authorize(mode="x").press("exit-button"),
    ]
    assert all(tab.left for tab in ends)
    assert [lifetimes(tab) for tab in ends] == [["Max-Age=60"]] * 4
    assert lifetimes(place.tab().authorize()) == [], "the page after the redirect sets none"


def test_a_last_page_can_be_looked_at_again_for_a_while(place: Place) -> None:
    tab = place.tab().authorize(response_type="none", redirect_uri=None).sign_in(OWNER).approve()
    assert (tab.page, lifetimes(tab)) == ("done", ["Max-Age=600"])
    place.wait(timedelta(minutes=5))
    assert tab.open(tab.url).status == 200


async def unreachable(*_: object) -> bool:
    """Stand for a store without its database."""
    raise StoreUnavailable


async def broken(*_: object) -> bool:
    """Stand for something that breaks inside."""
    raise RuntimeError
