"""The pages of Connect in Chromium, served under the policy they are meant for."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qs, urlencode

import msgspec
import pytest
from tests.browser.test_pages import ARGUMENTS, CHROMIUM, missing
from tests.http.connect.samples import frame, pages

from carwire.http.connect import views
from carwire.http.connect.languages import Message, Translation, messages
from carwire.http.connect.pages import (
    LANGUAGES,
    REDIRECT_POLICY,
    ConnectPages,
    content_policy,
    redirect_page,
    redirect_script,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NIGHTLY: Final = os.environ.get("CARWIRE_NIGHTLY") == "1"
CODES: Final = [code for code, _ in LANGUAGES]
NAMES: Final = list(pages(frame()))
KINDS: Final = [
    *("preamble", "brands", "sign-in-refused", "code-wrong", "maker-permission", "no-vehicles", "no-subscription"),
    *("incompatible-car", "grant-no-permission", "battery", "car-steps", "done", "failed-client"),
]
RULES: Final = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
Scheme = Literal["light", "dark"]
OPENER: Final = b"""<!doctype html><title>app</title><script>
window.got = []; addEventListener("message", (e) => got.push([e.origin, e.data]));
window.start = (url) => { window.other = open(url, "connect", "width=400,height=600"); };
</script>"""


def stretched(message: Message) -> Message:
    """Make words two fifths longer, placeholders aside: vowels and a few more letters stand twice."""
    if isinstance(message, dict):
        return {form: str(stretched(text)) for form, text in message.items()}
    pieces = re.split(r"(\{\w+\})", message)
    return "".join(p if p.startswith("{") else re.sub(r"([aeiountr])", r"\1\1", p) for p in pieces)


LONG: Final = ConnectPages({"en": Translation("en", {key: stretched(m) for key, m in messages("en").items()})})


class Handler(BaseHTTPRequestHandler):
    """Serves ``/<language>/<page>``, the hosted redirect page and a page that opens windows; keeps what is posted."""

    renderer = ConnectPages()
    posted: list[dict[str, list[str]]]

    def do_GET(self) -> None:
        """Answer with a page."""
        path = self.path.partition("?")[0]
        if path == "/opener":
            return self._send(OPENER, "default-src 'none'; script-src 'unsafe-inline'")
        if path == "/v2/redirect":
            return self._send(redirect_page(), REDIRECT_POLICY)
        if path == "/v2/redirect.js":
            return self._send(redirect_script(), REDIRECT_POLICY, "text/javascript")
        _, language, name = path.split("/")
        renderer = LONG if language == "long" else self.renderer
        here = frame("en" if language == "long" else language, action=path)
        page = pages(here)[name]
        if isinstance(page, views.Done) and page.message:
            page = msgspec.structs.replace(page, origin=parse_qs(self.path.partition("?")[2])["origin"][0])
        return self._send(renderer.render(page, nonce="n0nce"), content_policy("n0nce"))

    def do_POST(self) -> None:
        """Keep the form and stay where the browser is."""
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.posted.append(parse_qs(body, keep_blank_values=True))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def _send(self, body: bytes, policy: str, kind: str = "text/html") -> None:
        self.send_response(200)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("content-security-policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Site(ThreadingHTTPServer):
    """The server of the pages. A browser opens connections ahead of need, so each has a thread."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posted: list[dict[str, list[str]]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """A browser that closes a connection is no error."""


@contextmanager
def running() -> Iterator[Site]:
    with Site() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def other() -> Iterator[Site]:
    """A second origin."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed")
    if not CHROMIUM.is_file():
        missing(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def window(
    browser: Browser, width: int = 320, scheme: Scheme = "light", *, complaint: str | None = None, **options: Any
) -> Iterator[Page]:
    """Open a window that fails the test when a page in it complains, except with the words of `complaint`."""
    complaints: list[str] = []
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, **options) as context:
        context.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield page
    assert [c for c in complaints if not (complaint and complaint in c)] == []


# Whatever sticks out to the right, and targets that are smaller than 44 by 44 pixels.
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll('*')]
  .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80))"""
SMALL = """() => [...document.querySelectorAll('button, select, input, a, label.tick')].filter(e => {
  if (e.type === 'hidden' || e.closest('[hidden]') || (e.tagName === 'INPUT' && e.closest('label.tick'))) return false;
  const { width, height } = e.getBoundingClientRect();
  return width < 44 || height < 44; }).map(e => e.outerHTML.slice(0, 80))"""


def check_layout(page: Page) -> None:
    assert page.evaluate(WIDE) == []
    assert page.evaluate(SMALL) == []


def some(more: Sequence[object]) -> Sequence[object]:
    """What is looked at now and then: the layout and the rules hardly depend on it."""
    return more if NIGHTLY else ()


def violations(page: Page) -> list[tuple[str, str]]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=RULES).response["violations"]
    return [(v["id"], node["html"][:120]) for v in found for node in v["nodes"]]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark"), *some([(320, "dark"), (1280, "light")])])
def test_no_page_breaks_a_rule_of_accessibility(browser: Browser, site: Site, *, width: int, scheme: Scheme) -> None:
    with window(browser, width, scheme) as page:
        for name in NAMES:
            page.goto(f"{site.url}/en/{name}?origin=https://planner.example.com")
            check_layout(page)
            assert violations(page) == [], name


@pytest.mark.parametrize("language", ["de", *some([code for code in CODES[1:] if code != "de"])])
def test_no_language_breaks_a_rule_of_accessibility(browser: Browser, site: Site, language: str) -> None:
    with window(browser) as page:
        for name in KINDS:
            page.goto(f"{site.url}/{language}/{name}")
            assert violations(page) == [], name


@pytest.mark.parametrize("language", ["en", "long", *some(CODES[1:])])
def test_every_page_fits_a_small_phone_in_every_language(browser: Browser, site: Site, language: str) -> None:
    with window(browser) as page:
        for name in NAMES:
            page.goto(f"{site.url}/{language}/{name}?origin=https://planner.example.com")
            check_layout(page)


def test_the_long_language_is_two_fifths_longer() -> None:
    plain, long = (
        sum(len(m) for m in table if isinstance(m, str))
        for table in (messages("en").values(), map(stretched, messages("en").values()))
    )
    assert 1.3 < long / plain < 1.6


@pytest.mark.parametrize("name", KINDS)
def test_a_page_survives_larger_text_and_forced_colours(browser: Browser, site: Site, name: str) -> None:
    with window(browser, 640, forced_colors="active", reduced_motion="reduce") as page:
        page.goto(f"{site.url}/de/{name}")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(WIDE) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_the_same_things_without_script(browser: Browser, site: Site, name: str) -> None:
    with window(browser, java_script_enabled=False) as page:
        page.goto(f"{site.url}/en/{name}?origin=https://planner.example.com")
        for button in page.locator("button").all():
            if name.startswith("brands-") and "brand-list-item" in (button.get_attribute("class") or ""):
                continue
            assert button.is_visible()
            assert button.is_enabled()


def test_each_button_posts_what_the_flow_reads(browser: Browser, site: Site) -> None:
    clicked = [
        ("preamble", "#continue-button", {"do": "continue"}),
        ("preamble", "#locale-button", {"do": "locale", "country": "DE", "language": "en"}),
        ("preamble", "#back-to-application", {"do": "back"}),
        ("brands", "button#KIA.brand-list-item", {"make": "KIA"}),
        ("brands", "#brand-missing", {"do": "missing"}),
        ("brands-searched", "#search-button", {"do": "search", "search": "lan"}),
        ("sign-in", "#other-brand", {"do": "other-brand"}),
        ("sign-in-refused", "#sign-in-button", {"do": "sign-in", "username": "maria@example.com", "password": ""}),
        ("pin", "#skip-pin", {"do": "skip"}),
        ("code", "#submit-button", {"do": "answer", "answer": ""}),
        ("incompatible-car", "#try-other-brand", {"do": "other-brand"}),
        ("grant", "#deny-button", {"do": "deny"}),
        ("grant-paged", "#next-page", {"page": "3"}),
        ("battery", "#battery-unknown", {"do": "unknown"}),
        ("failed-expired", "#restart-button", {"do": "restart"}),
        ("failed-parameter", "#exit-button", {"do": "exit"}),
    ]
    with window(browser, java_script_enabled=False) as page:
        for name, selector, wanted in clicked:
            page.goto(f"{site.url}/en/{name}")
            sent = post(page, site, selector)
            assert {key: sent.get(key) for key in wanted} == {key: [value] for key, value in wanted.items()}, selector
            assert sent["csrf"] == ["kaNNeRk-4"]


def post(page: Page, site: Site, selector: str) -> dict[str, list[str]]:
    """Click a button and return the form it sent."""
    site.posted.clear()
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.click(selector)
    (sent,) = site.posted
    return sent


def test_approval_posts_required_and_ticked_permissions_and_the_chosen_cars(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/en/grant")
        page.uncheck("input[value=read_location]")
        page.uncheck("input[value=k3]")
        sent = post(page, site, "button[id=approval-button]")
        assert sent["do"] == ["approve"]
        assert sent["vehicle"] == ["k0", "k1", "k2", "k4"]
        assert {"read_charge", "control_navigation"} <= set(sent["permission"])
        assert "read_location" not in sent["permission"]
        assert len(sent["permission"]) == len(set(sent["permission"])) == 27


def test_sharing_is_posted_only_when_ticked(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/en/incompatible-car")
        assert "share" not in post(page, site, "#back-to-application")
        page.check("#share-vehicle-info")
        assert post(page, site, "#back-to-application")["share"] == ["yes"]


def test_a_search_filters_in_place_and_keeps_the_focus(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/en/brands")
        kia = page.locator("button#KIA.brand-list-item").element_handle()
        page.locator("input[id=brand-search]").press_sequentially("KIA")
        assert page.locator(".brand-list-item:visible").all_inner_texts() == ["K\nKia"]
        assert page.inner_text("#brand-count") == "1 brand"
        assert page.evaluate("document.activeElement.id") == "brand-search"
        assert kia.evaluate("node => node.isConnected")
        page.fill("#brand-search", "skoda")
        assert page.locator(".brand-list-item:visible").count() == 1
        page.fill("#brand-search", "nothing")
        assert page.inner_text("#brand-count") == "No brand here has this name."
        page.fill("#brand-search", "")
        assert page.inner_text("#brand-count") == "25 brands"
        assert post(page, site, "#KIA")["make"] == ["KIA"]


def test_the_focus_begins_at_the_heading_or_at_the_error(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        for name, wanted in [("brands", "H1"), ("sign-in-refused", "password"), ("grant-no-car", "error")]:
            page.goto(f"{site.url}/en/{name}")
            page.locator(":focus").wait_for()
            assert page.evaluate("document.activeElement.id || document.activeElement.tagName") == wanted


def test_the_keyboard_alone_signs_in(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/en/sign-in")
        page.locator(":focus").wait_for()
        page.keyboard.press("Tab")
        page.keyboard.type("me@example.com")
        page.keyboard.press("Tab")
        page.keyboard.type("made up")
        site.posted.clear()
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.keyboard.press("Enter")
        (sent,) = site.posted
        assert (sent["do"], sent["username"], sent["password"]) == (["sign-in"], ["me@example.com"], ["made up"])


def test_a_password_is_shown_on_demand_and_hidden_before_it_is_sent(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/en/sign-in")
        assert (
            page.evaluate("document.querySelector('input[id=password').id") == "password"
        )  # as official suites have it
        page.fill("#password", "made up")
        toggle = page.get_by_role("button", name="Show password")
        toggle.click()
        assert page.get_attribute("#password", "type") == "text"
        assert toggle.get_attribute("aria-pressed") == "true"
        assert post(page, site, "#sign-in-button")["password"] == ["made up"]
        assert page.get_attribute("#password", "type") == "password"


def test_waiting_for_the_maker_is_said_after_a_second_and_again_after_ten(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.clock.install()
        page.goto(f"{site.url}/en/sign-in")
        post(page, site, "#sign-in-button")
        assert page.inner_text("#waiting") == ""
        page.clock.fast_forward(1100)
        assert page.inner_text("#waiting") == "Asking Kia…"
        page.clock.fast_forward(9000)
        assert "up to a minute" in page.inner_text("#waiting")


def test_a_pause_counts_down_and_ends(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.clock.install()
        page.goto(f"{site.url}/de/sign-in-wait")
        assert "30 Sekunden" in page.inner_text("#error")
        page.clock.run_for(10_000)
        assert "20 Sekunden" in page.inner_text("#error")
        page.clock.run_for(19_000)
        assert "1 Sekunde bis" in page.inner_text("#error")
        page.clock.run_for(2_000)
        assert page.inner_text("#error") == "Sie können es jetzt noch einmal versuchen."


def test_the_end_of_the_session_is_announced_two_minutes_ahead(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.clock.install()
        page.goto(f"{site.url}/en/grant")
        page.clock.fast_forward(17 * 60_000)
        assert page.inner_text("#time") == ""
        page.clock.fast_forward(61_000)
        assert "ends in about two minutes" in page.inner_text("#time")
        check_layout(page)
        page.clock.fast_forward(120_000)
        assert "has ended" in page.inner_text("#time")
        page.click("#time a")
        page.wait_for_load_state()
        assert page.url == f"{site.url}/en/grant"
        assert page.inner_text("#time") == ""


def test_all_cars_are_ticked_and_unticked_at_once(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/en/grant")
        assert page.is_checked("#all-cars")
        page.uncheck("input[value=k1]")
        assert page.evaluate("document.getElementById('all-cars').indeterminate")
        page.check("#all-cars")
        assert page.locator("input[name=vehicle]:checked").count() == 5
        page.uncheck("#all-cars")
        assert page.locator("input[name=vehicle]:checked").count() == 0


ALL: Final = {
    "code": "0f9c6f0a-58b2-4e0e-a0b1-6d8f0a6f9c11",
    "state": "eyJpbnN0YW5jZUlkIjoiMSJ9+/=",
    "virtual_key_url": "https://maker.example/key?x=1",
    "user_id": "u-1",
    "external_id": "mine & yours",
}


MISSED: Final = "target origin provided"  # what Chromium writes when a message is meant for somebody else


def told(browser: Browser, opener: Site, url: str, *, missed: bool = False) -> list[tuple[str, Any]]:
    """Let a page open an address whose page closes itself: the messages that came, each with its origin. `missed`
    waits until the browser has refused to hand one over.
    """
    with window(browser, complaint=MISSED if missed else None) as page:
        page.goto(f"{opener.url}/opener")
        if missed:
            with page.context.expect_console_message(lambda message: MISSED in message.text):
                page.evaluate("url => start(url)", url)
        else:
            page.evaluate("url => start(url)", url)
            page.wait_for_function("() => window.got.length > 0")
        page.wait_for_function("() => window.other.closed")
        return [(origin, data) for origin, data in page.evaluate("got")]


def test_the_redirect_page_tells_its_opener_the_keys_of_the_protocol(browser: Browser, site: Site, other: Site) -> None:
    query = urlencode({**ALL, "app_origin": site.url})
    got = told(browser, site, f"{other.url}/v2/redirect?{query}")
    expected = {
        **dict.fromkeys(("error", "errorDescription", "vin", "make", "model", "year")),
        "name": "SmartcarAuthMessage",
        "isSmartcarHosted": False,
        "code": ALL["code"],
        "state": ALL["state"],
        "virtualKeyUrl": ALL["virtual_key_url"],
        "userId": ALL["user_id"],
        "externalId": ALL["external_id"],
    }
    assert got == [(other.url, expected)]


def test_the_redirect_page_tells_an_error_to_its_own_origin_when_none_is_named(browser: Browser, site: Site) -> None:
    query = {"error": "vehicle_incompatible", "error_description": "No.", "vin": "0SCAUDI037A5ADB1C", "make": "AUDI"}
    query |= {"model": "A4", "year": "2020"}
    ((_, message),) = told(browser, site, f"{site.url}/v2/redirect?{urlencode(query)}")
    assert "externalId" not in message
    assert (message["error"], message["errorDescription"], message["code"]) == ("vehicle_incompatible", "No.", None)
    assert (message["vin"], message["make"], message["model"], message["year"]) == (
        *("0SCAUDI037A5ADB1C", "AUDI", "A4", "2020"),
    )


@pytest.mark.parametrize("origin", ["javascript:alert(1)", "data:text/html,x", "file:///x", "*", "null", "", "ftp://x"])
def test_the_redirect_page_refuses_what_is_no_web_origin(browser: Browser, site: Site, origin: str) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/opener")
        with page.expect_popup() as opened:
            query = urlencode({**ALL, "app_origin": origin})
            page.evaluate("url => start(url)", f"{site.url}/v2/redirect?{query}")
        popup = opened.value
        popup.wait_for_load_state()
        assert popup.inner_text("#result") == "Connected. You can close this window."
        assert popup.locator("a").count() == 0
        assert popup.url == f"{site.url}/v2/redirect"
        assert page.evaluate("got") == []


def test_the_redirect_page_tells_nobody_but_the_origin_that_is_named(browser: Browser, site: Site, other: Site) -> None:
    query = urlencode({**ALL, "app_origin": "https://elsewhere.example"})
    assert told(browser, site, f"{site.url}/v2/redirect?{query}", missed=True) == []
    assert told(browser, other, f"{site.url}/v2/redirect?{urlencode(ALL)}", missed=True) == []


def test_the_redirect_page_without_an_opener_says_how_it_ended(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        query = {"error": "access_denied", "error_description": "<b>no</b>", "app_origin": "https://app.example/x?y"}
        page.goto(f"{site.url}/v2/redirect?{urlencode(query)}")
        assert page.inner_text("#result") == "Nothing was connected. You can close this window."
        assert "User denied access to application." in page.inner_text("main")
        assert "<b>no</b>" not in page.inner_text("main"), "anybody can write the query"
        assert page.inner_text("#place") == "app.example"
        assert page.get_attribute("a", "href") == "https://app.example"
        assert page.url == f"{site.url}/v2/redirect"
        assert page.evaluate("[history.length, localStorage.length, document.cookie]")[1:] == [0, ""]
        check_layout(page)
        assert violations(page) == []
        page.goto(f"{site.url}/v2/redirect?error=Call+us+now&error_description=0900-1234")
        assert page.inner_text("#result") == "Nothing was connected. You can close this window."
        assert not {"Call", "0900"} & set(page.inner_text("main").replace("-", " ").split())


def test_the_last_page_tells_the_window_that_waits_and_no_other(browser: Browser, site: Site, other: Site) -> None:
    page = f"{other.url}/en/done-message?"
    assert told(browser, site, page + urlencode({"origin": site.url})) == [(other.url, {"a": "<&>"})]
    assert told(browser, site, page + urlencode({"origin": other.url}), missed=True) == []


def test_the_last_page_without_a_waiting_window_stays_readable(browser: Browser, site: Site) -> None:
    with window(browser) as page:
        page.goto(f"{site.url}/en/done-message?origin=https://planner.example.com")
        assert page.inner_text("h1") == "Your car is connected"
        assert page.locator("button").count() == 0
        assert json.loads(page.get_attribute("main", "data-message") or "") == {"a": "<&>"}
