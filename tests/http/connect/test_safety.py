"""What keeps a run with the browser that began it, a form with its page, and a secret out of everything that lasts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs
from tests.http.connect.tab import ORIGIN, Place, Tab

from carwire.kit.secrets import Secret
from carwire.services.connect.throttle import Limit, Limits


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    structlog.reset_defaults()
    with capture_logs() as lines:
        yield lines


def codes(place: Place) -> int:
    """How many codes were made."""
    return len(place.store._state.codes)


# --- the cookie


def test_the_cookie_is_bound_to_the_host_and_out_of_reach_of_scripts(place: Place) -> None:
    tab = place.tab()
    answer = asyncio.run(place.ask("GET", "/oauth/authorize?" + place.query(), [], b"", "x"))
    cookie = next(value.decode() for name, value in answer.headers if name == b"set-cookie")
    name, _, rest = cookie.partition("=")
    assert name.startswith("__Host-")
    assert rest.split("; ")[1:] == ["Path=/", "Max-Age=3600", "HttpOnly", "SameSite=Lax", "Secure"]
    assert len(rest.split(";")[0]) >= 43
    assert tab.cookies == {}


def test_over_plain_http_the_cookie_has_no_prefix_that_would_need_tls() -> None:
    place = Place(origin="http://127.0.0.1:8000")
    tab = place.tab().authorize().sign_in().approve()
    assert all(not name.startswith("__") for name in tab.cookies)
    assert tab.header("strict-transport-security") is None
    assert "code" in tab.outcome


def test_only_the_digest_of_the_cookie_is_stored(place: Place) -> None:
    tab = place.tab().authorize()
    (cookie,) = tab.cookies.values()
    (session,) = place.sessions()
    assert session.cookie_digest == place.hasher.hash(Secret(cookie))
    assert cookie.encode() not in session.record
    assert cookie not in session.secret.reveal()


@pytest.mark.parametrize("at", ["welcome", "grant"])
def test_the_address_of_a_run_is_useless_in_another_browser(place: Place, at: str) -> None:
    tab = place.tab().authorize()
    if at == "grant":
        tab.sign_in()
    thief = place.tab().open(tab.url)
    assert (thief.status, "another browser" in thief.heading) == (403, True)
    assert "exit-button" not in thief.form.buttons
    assert tab.open(tab.url).status == 200


def test_the_cookie_of_another_run_does_not_fit(place: Place) -> None:
    one, two = place.tab().authorize(), place.tab().authorize()
    (name,) = one.cookies
    two.cookies = {name: next(iter(two.cookies.values()))}
    assert two.open(one.url).status == 403


def test_the_cookie_from_before_the_sign_in_is_worth_nothing_after_it(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button").press("KIA")
    planted = tab.twin()
    tab.sign_in()
    assert planted.open(tab.url).status == 403
    forged = planted.cookies
    thief = tab.twin()
    thief.cookies = forged
    assert thief.approve().status == 403
    assert codes(place) == 0
    assert "code" in tab.approve().outcome


def test_the_cookie_changes_at_the_sign_in_and_at_the_approval(place: Place) -> None:
    tab = place.tab().authorize()
    seen = [dict(tab.cookies)]
    tab.sign_in()
    seen.append(dict(tab.cookies))
    tab.approve()
    seen.append(dict(tab.cookies))
    assert len({tuple(cookies.values()) for cookies in seen}) == 3
    assert len({tuple(cookies) for cookies in seen}) == 1


# --- one effect


def test_a_sign_in_sent_twice_leads_to_one_grant_page_for_whoever_sent_it(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button").press("KIA")
    twin = tab.twin()
    tab.sign_in("one@example.com")
    twin.sign_in("one@example.com")
    assert twin.page == "grant"
    assert "code" in twin.approve().outcome
    assert codes(place) == 1


def test_a_late_sign_in_with_an_old_cookie_is_refused(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button").press("KIA")
    twin = tab.twin()
    tab.sign_in()
    place.wait(timedelta(seconds=61))
    assert twin.sign_in().status == 403


def test_an_approval_sent_twice_gets_the_same_redirect_and_one_code(place: Place) -> None:
    tab = place.tab().authorize(state="s").sign_in()
    twin = tab.twin()
    tab.approve()
    assert twin.approve().url == tab.url
    assert tab.twin().cookies
    assert codes(place) == 1


def test_two_approvals_at_the_same_moment_get_one_code(place: Place) -> None:
    tab = place.tab().authorize().sign_in()
    action, body = tab.filled("approval-button")
    cookie = "; ".join(f"{name}={value}" for name, value in tab.cookies.items()).encode()

    async def both() -> list[bytes]:
        headers = [(b"host", b"carwire.test"), (b"cookie", cookie)]
        answers = await asyncio.gather(*(place.ask("POST", action, headers, body, "x") for _ in range(8)))
        return [dict(answer.headers)[b"location"] for answer in answers]

    real = place.store.owner

    async def slowly(owner: Any) -> Any:
        await asyncio.sleep(0)
        return await real(owner)

    place.store.owner = slowly  # lets the others in between
    places = asyncio.run(both())
    assert len(set(places)) == 1
    assert places[0].startswith(b"https://example.com/auth?code=")
    assert codes(place) == 1


def test_a_denial_after_an_approval_gets_the_approvals_redirect(place: Place) -> None:
    tab = place.tab().authorize().sign_in()
    twin = tab.twin()
    tab.approve()
    assert twin.press("deny-button").url == tab.url


def test_an_approval_after_a_denial_grants_nothing(place: Place) -> None:
    tab = place.tab().authorize().sign_in()
    twin = tab.twin()
    tab.press("deny-button")
    assert twin.approve().url == tab.url
    assert codes(place) == 0
    assert place.store._state.links == {}


def test_two_tabs_of_one_browser_end_in_their_own_results(place: Place) -> None:
    one = place.tab().authorize(state="one").sign_in("one@example.com")
    two = one.twin().authorize(state="two").sign_in("two@example.com", "KIA")
    one.cookies |= two.cookies
    two.cookies = dict(one.cookies)
    assert two.approve().outcome["state"] == "two"
    assert one.approve().outcome["state"] == "one"
    assert one.outcome["user_id"] != two.outcome["user_id"]
    assert codes(place) == 2


def test_nothing_is_granted_when_the_approval_cannot_be_written(place: Place) -> None:
    tab = place.tab().authorize().sign_in()

    async def refuses(*_: object) -> bool:
        return False

    place.store.approve = refuses  # as if another request came first, every time
    tab.approve()
    assert tab.status in {403, 409}
    assert codes(place) == 0


def test_the_cookie_of_before_an_approval_that_never_came_to_be_shows_nothing(place: Place) -> None:
    tab = place.tab().authorize().sign_in()
    before = tab.twin()
    assert before.open(before.url).status == 200

    async def refuses(*_: object) -> bool:
        return False

    place.store.approve = refuses
    tab.approve()
    again = before.twin().open(before.url)
    assert again.status == 403
    assert "grant" not in again.form.ids


# --- forms from elsewhere


@pytest.mark.parametrize(
    "headers",
    [
        [(b"sec-fetch-site", b"cross-site"), (b"origin", b"https://evil.example")],
        [(b"sec-fetch-site", b"same-site")],
        [(b"origin", b"https://evil.example")],
        [(b"origin", b"https://carwire.test.evil.example")],
        [(b"origin", b"http://")],
    ],
)
def test_a_form_from_another_site_is_refused_even_with_the_right_token(
    place: Place, headers: list[tuple[bytes, bytes]]
) -> None:
    tab = place.tab().authorize().sign_in()
    assert tab.post(*tab.filled("approval-button"), headers=headers).status == 403
    assert codes(place) == 0


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"origin", b"null")],
        [(b"origin", b"null"), (b"sec-fetch-site", b"same-origin")],
        [(b"origin", b"https://carwire.test"), (b"sec-fetch-site", b"same-origin")],
    ],
    ids=["old browser", "no referrer", "modern", "modern with origin"],
)
def test_a_form_of_our_own_page_is_taken(place: Place, headers: list[tuple[bytes, bytes]]) -> None:
    tab = place.tab().authorize().sign_in()
    assert "code" in tab.post(*tab.filled("approval-button"), headers=headers).outcome


@pytest.mark.parametrize("token", [b"", b"x", b"csrf", b"%ED%A0%80", b"A" * 24])
@pytest.mark.parametrize("at", ["sign-in", "grant"])
def test_a_form_without_its_pages_token_is_refused(place: Place, at: str, token: bytes) -> None:
    tab = place.tab().authorize().press("continue-button").press("KIA")
    button = "sign-in-button"
    if at == "grant":
        tab.sign_in()
        button = "approval-button"
    action, body = tab.filled(button, username="a@b.c", password="x") if at == "sign-in" else tab.filled(button)
    forged = re.sub(rb"csrf=[^&]*", b"csrf=" + token, body)
    assert forged != body
    assert tab.post(action, forged).status == 403
    assert codes(place) == 0


def test_the_token_of_one_run_does_not_fit_another(place: Place) -> None:
    one, two = place.tab().authorize().sign_in(), place.tab().authorize().sign_in()
    token = dict(two.form.fields)["csrf"].encode()
    action, body = one.filled("approval-button")
    assert one.post(action, re.sub(rb"csrf=[^&]*", b"csrf=" + token, body)).status == 403


# --- headers


def all_pages(place: Place) -> list[Tab]:
    """One tab on each kind of page."""
    signed = {
        "check": "captcha@connect.test",
        "permissions": "missing-permission@connect.test",
        "no-vehicles": "no-vehicles@connect.test",
        "no-subscription": "smartcar@invalid-subscription.com",
        "incompatible": "smartcar@vehicle-incompatible.com",
        "grant": "owner@example.com",
        "error": "server-error@connect.test",
    }
    tabs = [place.tab().authorize(), place.tab().authorize().press("continue-button")]
    tabs.append(place.tab().authorize().press("continue-button").press("KIA"))
    for page, login in signed.items():
        tab = place.tab().authorize(scope="read_location read_vin").sign_in(login)
        assert tab.page == page
        tabs.append(tab)
    tabs.append(place.tab().authorize(scope="read_battery").sign_in("battery@connect.test", "HYUNDAI").approve())
    tabs.append(place.tab().authorize(scope="control_security").sign_in("virtual-key@connect.test", "TESLA").approve())
    tabs.append(place.tab().authorize(response_type="none", redirect_uri=None).sign_in().approve())
    tabs.append(place.tab().authorize(mode="x"))
    tabs.append(place.tab().authorize(client_id="x"))
    tabs.append(place.tab().authorize(redirect_uri="https://evil.example/"))
    assert all(not tab.left for tab in tabs)
    return tabs


def test_no_page_can_be_framed_kept_or_leak_its_address(place: Place) -> None:
    nonces = []
    for tab in all_pages(place):
        policy = tab.header("content-security-policy") or ""
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert tab.header("x-frame-options") == "DENY"
        assert tab.header("referrer-policy") == "no-referrer"
        assert tab.header("cache-control") == "no-store"
        assert tab.header("x-content-type-options") == "nosniff"
        assert tab.header("strict-transport-security")
        assert "camera=()" in (tab.header("permissions-policy") or "")
        assert tab.header("cross-origin-opener-policy") is None, "it would cut the window that waits for the result"
        found = re.search(r"script-src 'nonce-([^']+)'", policy)
        assert found
        assert f'nonce="{found[1]}"' in tab.answer.body.decode()
        nonces.append(found[1])
        assert len(tab.answer.body) < 60_000
    assert len(set(nonces)) == len(nonces)


def test_forms_may_lead_to_the_redirect_uri_of_this_run_and_nowhere_else() -> None:
    place = Place(("https://app.example:8443/cb", "http://localhost:3000/cb"))
    one = place.tab().authorize(redirect_uri="https://app.example:8443/cb")
    assert "form-action 'self' https://app.example:8443;" in (one.header("content-security-policy") or "")
    two = place.tab().authorize(redirect_uri="http://localhost:3000/cb")
    assert "form-action 'self' http://localhost:3000;" in (two.header("content-security-policy") or "")
    bad = place.tab().authorize(redirect_uri="https://evil.example/cb")
    assert "form-action 'self';" in (bad.header("content-security-policy") or "")


def test_redirects_are_not_kept_and_carry_no_referrer(place: Place) -> None:
    tab = place.tab().authorize().sign_in().approve()
    assert tab.header("cache-control") == "no-store"
    assert tab.header("referrer-policy") == "no-referrer"
    assert tab.status == 303


def test_the_hosted_redirect_page_has_a_policy_of_its_own(place: Place) -> None:
    tab = place.tab().open("/v2/redirect?code=canary&state=x&app_origin=https%3A%2F%2Fa.example")
    assert tab.status == 200
    assert "canary" not in tab.answer.body.decode()
    assert "script-src 'self'" in (tab.header("content-security-policy") or "")
    assert tab.header("cross-origin-opener-policy") is None
    assert tab.header("cache-control") == "no-store"
    script = tab.open("/v2/redirect.js")
    assert script.answer.content_type.startswith(b"text/javascript")
    assert b"SmartcarAuthMessage" in script.answer.body


# --- text from outside


def test_what_comes_from_outside_is_shown_as_text(place: Place) -> None:
    hostile = '"><script>alert(1)</script>'
    tabs = [
        place.tab().authorize(client_id=hostile),
        place.tab().authorize(redirect_uri=f"https://evil.example/{hostile}"),
        place.tab().authorize(mode=hostile),
        place.tab().authorize(make=hostile),
        place.tab().authorize().press("continue-button").press("search-button", search=hostile),
        place.tab().authorize().sign_in(hostile + "@wrong", password="x").press("back-to-application"),
    ]
    for tab in tabs[:-1]:
        assert "<script>alert" not in tab.answer.body.decode()
    assert tabs[-1].left


def test_no_page_shows_more_of_the_redirect_uri_than_its_host() -> None:
    place = Place(("https://example.com/auth/of/tenant-7",))
    tab = place.tab().authorize(redirect_uri=None)
    for _ in range(4):
        page = tab.answer.body.decode()
        assert "tenant-7" not in page
        if tab.page in {"welcome", "grant"}:
            assert "example.com" in page
        {"welcome": lambda: tab.press("continue-button"), "brand": lambda: tab.press("KIA")}.get(
            tab.page, lambda: tab.sign_in() if tab.page == "sign-in" else tab
        )()
    assert tab.page == "grant"


# --- secrets


def test_credentials_are_in_nothing_that_lasts(place: Place, logs: list[Any]) -> None:
    name, password, answer = "canary-name@connect.test", "canary-password", "canary-answer"
    for login in (name, "mfa@connect.test", "pin@connect.test", "wrong-password@connect.test"):
        tab = place.tab().authorize().sign_in(login, password=password)
        if tab.page == "check":
            tab.press("submit-button", answer=answer)
            assert answer not in tab.answer.body.decode()
        assert password not in tab.answer.body.decode()
    approved = place.tab().authorize().sign_in(name, password=password).approve()
    code = approved.outcome["code"]

    state = place.store._state
    kept = [session.record for session in state.sessions.values()]
    audit = asyncio.run(place.store.audit())
    lasting = repr((kept, audit, state.owners, state.codes, state.cars, state.vehicles, state.links, logs))
    sealed = [s.secret.reveal() for s in state.sessions.values() if s.secret]
    sealed += [s.reveal() for s in state.maker_sessions.values()]
    for canary in (name, password, answer, code):
        assert canary not in lasting, canary
    for canary in (password, answer):
        assert not any(canary in text for text in sealed), "not even sealed"


def test_a_failure_inside_writes_no_credential_into_the_log(place: Place, logs: list[Any]) -> None:
    tab = place.tab().authorize().press("continue-button").press("KIA")

    async def broken(login: Any, **_: object) -> Any:
        raise RuntimeError(f"could not sign in {login!r}")

    place.source.sign_in = broken  # type: ignore[method-assign]  # with the login in its message
    tab.press("sign-in-button", username="canary@example.com", password="canary-password")
    assert tab.status == 500
    assert len(logs) == 1
    assert "canary-password" not in repr(logs)


def test_a_closed_run_keeps_its_result_and_nothing_of_the_account(place: Place) -> None:
    place.tab().authorize().sign_in("canary@example.com").press("deny-button")
    (session,) = place.sessions()
    assert session.closed
    assert "canary" not in session.secret.reveal()
    assert "VIN" not in session.secret.reveal().upper()


# --- time


def test_a_run_of_an_application_that_is_gone_is_gone(place: Place) -> None:
    tab = place.tab().authorize()
    assert tab.status == 200

    async def nobody(_client_id: str) -> None:
        """Find no application: it was deleted at this moment."""

    place.store.find = nobody
    assert tab.open(tab.url).status == 404


def test_an_idle_run_expires_and_begins_again_with_the_same_request(place: Place) -> None:
    tab = place.tab().authorize(state="s", scope="read_vin").press("continue-button").press("KIA")
    place.wait(timedelta(minutes=20))
    tab.open(tab.url)
    assert (tab.status, "expired" in tab.heading) == (410, True)
    old = tab.url
    tab.press("restart-button")
    assert (tab.status, tab.page) == (200, "welcome")
    assert tab.url.split("/")[2] != old.split("/")[2]
    assert tab.sign_in().approve().outcome["state"] == "s"


def test_a_form_of_an_expired_run_does_nothing(place: Place) -> None:
    tab = place.tab().authorize().sign_in()
    place.wait(timedelta(minutes=21))
    assert tab.approve().status == 410
    assert codes(place) == 0


def test_looking_at_pages_keeps_a_run_alive_for_an_hour_and_no_longer(place: Place) -> None:
    tab = place.tab().authorize()
    for _ in range(3):
        place.wait(timedelta(minutes=19))
        assert tab.open(tab.url).status == 200
    place.wait(timedelta(minutes=2, seconds=59))
    assert tab.open(tab.url).status == 200
    place.wait(timedelta(seconds=2))
    assert tab.open(tab.url).status == 410


def test_a_run_that_was_tidied_away_is_expired(place: Place) -> None:
    tab = place.tab().authorize()
    place.wait(timedelta(hours=2))
    asyncio.run(place.store.tidy(place.now))
    assert tab.open(tab.url).status == 404
    assert "restart-button" not in tab.form.buttons


def test_a_run_whose_application_is_gone_is_gone(place: Place) -> None:
    tab = place.tab().authorize()
    asyncio.run(place.store.delete(place.application.client_id))
    assert tab.open(tab.url).status == 404


def test_a_redirect_uri_that_was_taken_away_is_not_begun_again_with(place: Place) -> None:
    tab = place.tab().authorize()
    place.wait(timedelta(minutes=21))
    tab.open(tab.url)
    place.change(redirect_uris=("https://other.example/",))
    assert tab.press("restart-button").status == 400


# --- floods


def test_a_dozen_runs_a_minute_from_one_address_are_neither_slowed_nor_stopped(place: Place) -> None:
    for _ in range(12):
        assert "code" in place.tab().authorize(mode="test").sign_in().outcome_or_approved()
        place.wait(timedelta(seconds=5))
    assert place.slept == []


def test_too_many_runs_from_one_address_are_slowed_then_stopped_and_others_are_not() -> None:
    place = Place(limits=Limits(starts_by_address=Limit(10, 60)))
    answers = [place.tab("192.0.2.1").authorize() for _ in range(12)]
    assert [tab.status for tab in answers] == [200] * 10 + [429] * 2
    assert place.slept
    assert place.slept == sorted(place.slept)
    wait = int(answers[-1].header("retry-after") or "0")
    assert 1 <= wait <= 6
    assert len(place.sessions()) == 10
    assert place.tab("192.0.2.2").authorize().status == 200
    place.wait(timedelta(seconds=wait))
    assert place.tab("192.0.2.1").authorize().status == 200


def test_too_many_runs_of_one_application_are_stopped() -> None:
    place = Place(limits=Limits(starts_by_application=Limit(5, 60)))
    statuses = [place.tab(f"192.0.2.{n}").authorize().status for n in range(7)]
    assert statuses == [200] * 5 + [429] * 2


def test_too_many_sign_ins_from_one_address_are_stopped_across_runs() -> None:
    place = Place(limits=Limits(sign_ins_by_address=Limit(4, 60)))
    statuses = [place.tab().authorize().sign_in(f"{n}@example.com").status for n in range(6)]
    assert statuses == [200] * 4 + [429] * 2


def test_a_malformed_session_id_is_nothing(place: Place) -> None:
    for session in ("x", "..", "a" * 36, "%00" * 12, "é" * 36):
        assert place.tab().open(f"/c/{session}/welcome").status == 404


def test_the_origin_of_the_tests_is_an_https_one() -> None:
    assert ORIGIN.startswith("https://")
