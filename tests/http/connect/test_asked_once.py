"""A source hears of each form once, whatever happens meanwhile; and of no more wrong answers than are allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.http.connect.tab import ORIGIN, Place, Tab

from carwire.http.call import Answer
from carwire.http.connect.handlers import ConnectHandlers, routes
from carwire.http.connect.pages import ConnectPages
from carwire.services.connect.service import ConnectService
from carwire.services.connect.throttle import Limit, Limits

LOGINS = {"sign-in-button": {"username": "owner@example.com", "password": "any"}, "submit-button": {"answer": "123456"}}


class Asked:
    """Counts how often the source of a place is asked, and does something each time before it answers."""

    def __init__(self, place: Place, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self.times = 0
        self._meanwhile = meanwhile
        for name in ("sign_in", "answer"):
            setattr(place.source, name, self._around(getattr(place.source, name)))

    def _around(self, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def asked(*given: Any, **more: Any) -> Any:
            self.times += 1
            await self._meanwhile()
            return await real(*given, **more)

        return asked


def at(place: Place, button: str) -> Tab:
    """A tab on the page with this button."""
    tab = place.tab().authorize().press("continue-button").press("KIA")
    return tab.sign_in("mfa@connect.test") if button == "submit-button" else tab


def send_at_once(place: Place, forms: list[tuple[Tab, tuple[str, bytes]]]) -> list[Answer]:
    """Send forms at the same moment."""

    async def send() -> list[Answer]:
        sent = []
        for tab, (action, body) in forms:
            cookie = "; ".join(f"{name}={value}" for name, value in tab.cookies.items()).encode()
            headers = [(b"host", b"carwire.test"), (b"cookie", cookie)]
            sent.append(place.ask("POST", action, headers, body, tab.address))
        return list(await asyncio.gather(*sent))

    return asyncio.run(send())


@pytest.mark.parametrize("button", LOGINS)
@pytest.mark.parametrize("touches", [1, 3])
def test_the_source_is_asked_once_when_the_session_is_written_meanwhile(
    place: Place, button: str, touches: int
) -> None:
    tab = at(place, button)
    left = [touches]

    real = place.store.save_session

    async def touch() -> None:
        (session,) = place.sessions()
        assert await real(msgspec.structs.replace(session, version=session.version + 1))

    async def save(session: Any) -> bool:
        if left[0]:
            left[0] -= 1
            await touch()
        return bool(await real(session))

    place.store.save_session = save
    asked = Asked(place, lambda: asyncio.sleep(0))
    tab.press(button, **LOGINS[button])
    assert (left, asked.times, tab.page) == ([0], 1, "grant")


@pytest.mark.parametrize("button", LOGINS)
def test_a_form_sent_three_times_at_once_asks_once_and_gets_one_answer(place: Place, button: str) -> None:
    tab = at(place, button)
    asked = Asked(place, lambda: asyncio.sleep(0.01))
    answers = send_at_once(place, [(tab, tab.filled(button, **LOGINS[button]))] * 3)
    assert asked.times == 1
    assert len({tuple(answer.headers) for answer in answers}) == 1
    assert dict(answers[0].headers)[b"location"].endswith(b"/grant")


@pytest.mark.parametrize("button", LOGINS)
def test_a_form_sent_again_afterwards_does_not_ask_again(place: Place, button: str) -> None:
    tab = at(place, button)
    twin = tab.twin()
    asked = Asked(place, lambda: asyncio.sleep(0))
    tab.press(button, **LOGINS[button])
    twin.press(button, **LOGINS[button])
    assert (asked.times, twin.page, twin.cookies) == (1, "grant", tab.cookies)


def test_two_servers_that_get_one_approval_give_one_code(place: Place) -> None:
    tab = place.tab().authorize().sign_in()
    form = tab.filled("approval-button")
    mine = place.routes
    theirs = routes(ConnectHandlers(ConnectService(place.tools), ConnectPages(), ORIGIN))
    real = place.store.owner
    turns = [mine, theirs] * 4

    async def slowly(owner: Any) -> Any:
        await asyncio.sleep(0)
        return await real(owner)

    async def one(routes_of_it: Any) -> Answer:
        place.routes = routes_of_it
        headers = [
            (b"host", b"carwire.test"),
            (b"cookie", "; ".join("=".join(c) for c in tab.cookies.items()).encode()),
        ]
        return await place.ask("POST", form[0], headers, form[1], "x")

    async def all_of_them() -> list[Answer]:
        return list(await asyncio.gather(*(one(turn) for turn in turns)))

    place.store.owner = slowly
    places = {dict(answer.headers)[b"location"] for answer in asyncio.run(all_of_them())}
    assert len(places) == 1
    assert len(place.memory._state.codes) == 1


def test_sessions_in_parallel_do_not_pass_the_limit_of_an_account() -> None:
    place = Place(limits=Limits(failures_by_account=Limit(3, 600)))
    tabs = [place.tab(f"192.0.2.{n}").authorize().press("continue-button").press("KIA") for n in range(8)]
    asked = Asked(place, lambda: asyncio.sleep(0.01))
    typed = {"username": "wrong-password@connect.test", "password": "x"}
    answers = send_at_once(place, [(tab, tab.filled("sign-in-button", **typed)) for tab in tabs])
    assert asked.times == 3
    assert sorted(answer.status for answer in answers) == [422] * 3 + [429] * 5


@pytest.mark.parametrize("login", ["mfa@connect.test", "pin@connect.test"])
def test_wrong_codes_count_for_the_account_across_sessions(login: str) -> None:
    place = Place(limits=Limits(failures_by_account=Limit(4, 600)))
    tabs = [place.tab(f"192.0.2.{n}").authorize().sign_in(login) for n in range(3)]
    asked = Asked(place, lambda: asyncio.sleep(0))
    for tab in tabs:
        tab.press("submit-button", answer="0").press("submit-button", answer="00")
    assert asked.times == 4
    right = {"mfa@connect.test": "123456", "pin@connect.test": "1234"}[login]
    assert tabs[2].press("submit-button", answer=right).page == "check", "the right one comes too early"
    assert asked.times == 4
    assert place.tab().authorize().sign_in("owner@example.com").page == "grant", "others are not held back"


def test_wrong_codes_in_parallel_do_not_pass_the_limit_either() -> None:
    place = Place(limits=Limits(failures_by_account=Limit(3, 600)))
    tabs = [place.tab(f"192.0.2.{n}").authorize().sign_in("mfa@connect.test") for n in range(8)]
    asked = Asked(place, lambda: asyncio.sleep(0.01))
    send_at_once(place, [(tab, tab.filled("submit-button", answer=f"00{n}")) for n, tab in enumerate(tabs)])
    assert asked.times == 3


@pytest.mark.parametrize(("near", "far"), [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8:0:1::1")])
def test_wrong_passwords_and_codes_count_for_the_address_across_accounts(near: str, far: str) -> None:
    place = Place(limits=Limits(failures_by_address=Limit(2, 600)))
    place.tab(near).authorize().sign_in("wrong-password@connect.test")
    tab = place.tab(near).authorize().sign_in("mfa@connect.test").press("submit-button", answer="0")
    assert tab.status == 422
    neighbour = near + "7" if ":" in near else near
    assert place.tab(neighbour).authorize().sign_in("owner@example.com").status == 429
    assert place.tab(far).authorize().sign_in("owner@example.com").page == "grant"


def test_what_was_right_or_nobodys_fault_counts_for_nothing() -> None:
    place = Place(limits=Limits(failures_by_account=Limit(1, 600), failures_by_address=Limit(1, 600)))
    for login in ("owner@example.com", "brand-down@connect.test", "no-vehicles@connect.test"):
        for _ in range(3):
            assert place.tab().authorize().sign_in(login).status in {200, 422}
    for _ in range(3):
        tab = place.tab().authorize().sign_in("mfa@connect.test")
        assert tab.press("submit-button", answer="123456").page == "grant"


def test_runs_from_one_ipv6_network_are_one_caller() -> None:
    place = Place(limits=Limits(starts_by_address=Limit(5, 60)))
    statuses = [place.tab(f"2001:db8::{n}").authorize().status for n in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert place.tab("2001:db8:0:1::1").authorize().status == 200


@pytest.fixture
def place() -> Place:
    return Place()
