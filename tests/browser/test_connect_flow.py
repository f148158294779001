"""Connect in Debian's Chromium: what only a browser can prove. The application lives on another origin than Connect."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import uvicorn
from tests.browser.test_pages import ARGUMENTS, CHROMIUM, missing
from tests.conftest import until
from tests.http.connect.tab import Place

from carwire.core.applications import Rules
from carwire.kit.clock import utc_now

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

# The opener of section 4: it keeps what it is sent, with the origin it came from.
OPENER = """<!doctype html><title>App</title><h1>App</h1><script>
window.received = [];
addEventListener("message", e => received.push({origin: e.origin, data: e.data}));
</script>"""


class Site:
    """Connect at 127.0.0.1 and an application's pages at localhost: one server, two origins to a browser."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.connect, self.app = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        self.callback = f"{self.app}/app/callback"
        hosted = f"{self.connect}/v2/redirect?{urlencode({'app_origin': self.app})}"
        self.place = Place((self.callback, hosted), rules=Rules(origins=(self.app,)), origin=self.connect)
        self.hosted = hosted
        config = uvicorn.Config(self._asgi, log_level="critical", lifespan="off", ws="none", interface="asgi3")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()
        until(lambda: self._server.started)

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(20)

    def link(self, **values: str | None) -> str:
        """An authorize URL in simulated mode."""
        return f"{self.connect}/oauth/authorize?" + self.place.query(
            **{"redirect_uri": self.callback, "approval_prompt": "force", **values}
        )

    async def _asgi(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message.get("body", b"")
        body += message.get("body", b"")
        self.place.now = utc_now()
        if scope["path"].startswith("/app/") or scope["path"] == "/favicon.ico":
            await _send(send, 200, ((b"content-type", b"text/html"),), OPENER.encode())
            return
        target = scope["path"] + "?" + scope["query_string"].decode("ascii")
        answer = await self.place.ask(scope["method"], target, scope["headers"], body, scope["client"][0])
        await _send(send, answer.status, ((b"content-type", answer.content_type), *answer.headers), answer.body)


async def _send(send: Any, status: int, headers: Any, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


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


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 410, "height": 700}, locale="en-US") as context:
        context.set_default_timeout(10_000)
        yield context


@pytest.fixture
def complaints(context: BrowserContext) -> list[str]:
    """What pages complained about: policies that were broken among it."""
    found: list[str] = []
    context.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    return found


def walk(page: Page, make: str = "CHEVROLET", username: str = "owner@example.com") -> None:
    """Go from the preamble to the grant as the official suites do."""
    page.click("button#continue-button")
    page.click(f"button#{make}.brand-list-item")
    page.fill("input[id=username]", username)
    page.fill("input[id=password]", "password")
    page.click("#sign-in-button")
    page.wait_for_selector(".page-content")


def outcome(page: Page) -> dict[str, str]:
    """The query the browser arrived with."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_the_official_suites_steps_end_with_a_code_at_once(
    site: Site, context: BrowserContext, complaints: list[str]
) -> None:
    page = context.new_page()
    page.goto(site.link(mode="test", state="s t"))
    walk(page)
    page.query_selector("button[id=approval-button]").click()  # type: ignore[union-attr]  # they do not wait either
    assert page.url.startswith(site.callback + "?code=")
    assert outcome(page)["state"] == "s t"
    assert complaints == []


def test_searching_for_a_brand_hides_the_others_in_place(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(site.link())
    page.click("button#continue-button")
    kia = page.query_selector("button#KIA.brand-list-item")
    assert kia
    page.fill("input[id=brand-search]", "KIA")
    assert kia.is_visible(), "the same button as before"
    assert not page.is_visible("button#FORD")
    kia.click()
    assert page.url.endswith("/sign-in")


def test_the_whole_way_works_without_scripts(site: Site, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site.link())
        page.click("button#continue-button")
        page.fill("input[id=brand-search]", "kia")
        page.click("#search-button")
        page.click("button#KIA")
        page.fill("#username", "mfa@connect.test")
        page.fill("#password", "x")
        page.click("#sign-in-button")
        page.fill("#mfa-code", "123456")
        page.click("#submit-button")
        page.click("#approval-button")
        assert "code" in outcome(page)


def test_the_policy_would_stop_a_redirect_to_anywhere_else(
    site: Site, context: BrowserContext, complaints: list[str]
) -> None:
    """What makes the test above mean something: without the origin in the policy Chromium stays where it is."""
    page = context.new_page()

    def narrower(route: Any) -> None:
        answer = route.fetch()
        policy = re.sub(r"form-action [^;]+;", "form-action 'self';", answer.headers["content-security-policy"])
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})

    page.goto(site.link())
    walk(page)
    page.route("**/grant", narrower, times=1)
    page.reload()
    page.click("#approval-button")
    until(lambda: page.title() and any("form-action" in text for text in complaints), 10)
    assert page.url.startswith(site.connect)


def test_a_double_click_on_approve_makes_one_code(site: Site, context: BrowserContext) -> None:
    before = len(site.place.store._state.codes)
    page = context.new_page()
    page.goto(site.link())
    walk(page)
    with page.expect_request(site.callback + "*"):  # the second click may break off the first one's navigation
        page.dblclick("#approval-button", no_wait_after=True)
    page.wait_for_function("document.readyState === 'complete' && location.pathname.endsWith('/callback')")
    assert "code" in outcome(page)
    assert len(site.place.store._state.codes) == before + 1


def test_a_double_click_on_sign_in_arrives_at_the_grant(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(site.link())
    page.click("button#continue-button")
    page.click("button#KIA")
    page.fill("#username", "double@example.com")
    page.fill("#password", "x")
    page.dblclick("#sign-in-button")
    page.wait_for_selector("#approval-button")


def test_back_works_until_the_approval_and_says_so_after_it(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(site.link())
    walk(page)
    for name in ("sign-in", "brand", "welcome"):
        page.go_back()
        assert page.url.endswith(f"/{name}")
        assert page.is_visible("h1")
    walk(page)
    page.click("#approval-button")
    page.wait_for_url(site.callback + "*")
    page.go_back()
    page.reload()
    assert "finished" in page.inner_text("h1")


def test_two_tabs_keep_apart(site: Site, context: BrowserContext) -> None:
    one, two = context.new_page(), context.new_page()
    one.goto(site.link(state="one"))
    two.goto(site.link(state="two"))
    walk(one, username="one@example.com")
    walk(two, "KIA", username="two@example.com")
    one.click("#approval-button")
    two.click("#approval-button")
    assert (outcome(one)["state"], outcome(two)["state"]) == ("one", "two")
    assert outcome(one)["user_id"] != outcome(two)["user_id"]


def framed(page: Page, url: str) -> str:
    """Show a page in a frame, and return the heading the owner would see in it."""
    page.evaluate(
        """url => new Promise(done => { const f = document.createElement('iframe'); f.src = url; f.onload = done;
          document.body.append(f); })""",
        url,
    )
    frame = page.frames[-1]
    return frame.inner_text("h1") if frame.query_selector("h1") else ""


@pytest.mark.parametrize("path", ["/oauth/authorize?{query}", "/v2/redirect?code=x", "/login"])
def test_no_page_shows_in_a_frame(site: Site, context: BrowserContext, path: str) -> None:
    page = context.new_page()
    page.goto(f"{site.app}/app/")
    assert framed(page, f"{site.app}/app/") == "App", "a page that allows it is seen"
    query = site.place.query(redirect_uri=site.callback)
    seen = framed(page, site.connect + path.format(query=query))
    assert not seen or "is blocked" in seen, "the browser's own page in its place"


def test_a_form_posted_from_another_site_does_nothing(site: Site, context: BrowserContext) -> None:
    before = len(site.place.store._state.codes)
    page = context.new_page()
    page.goto(site.link())
    walk(page)
    token, action = page.get_attribute("input[name=csrf]", "value"), page.url
    evil = context.new_page()
    evil.goto(f"{site.app}/app/")
    fields = {"csrf": token, "do": "approve", "vehicle": "0", "permission": "read_vin"}
    evil.evaluate(
        """([action, fields]) => { const f = document.createElement('form'); f.method = 'post'; f.action = action;
          for (const [name, value] of Object.entries(fields)) { const i = document.createElement('input');
            i.name = name; i.value = value; f.append(i); } document.body.append(f); f.submit(); }""",
        [action, fields],
    )
    evil.wait_for_url("**/grant")
    assert "403" in evil.inner_text("h1")
    assert len(site.place.store._state.codes) == before


def popup(opener: Page, url: str, finish: Callable[[Page], None]) -> list[dict[str, Any]]:
    """Open Connect in a window, finish it, and return what the opener received."""
    with opener.expect_popup() as opened:
        opener.evaluate("url => { window.open(url, 'Connect your car', 'width=410,height=600'); }", url)
    window = opened.value
    walk(window)
    finish(window)
    until(lambda: opener.evaluate("received.length"), 10)
    found: list[dict[str, Any]] = opener.evaluate("received")
    return found


@pytest.mark.parametrize(
    ("button", "error"),
    [("#approval-button", None), ("#deny-button", "access_denied")],
)
def test_without_a_redirect_uri_the_opener_gets_the_message(
    site: Site, context: BrowserContext, complaints: list[str], button: str, error: str | None
) -> None:
    opener = context.new_page()
    opener.goto(f"{site.app}/app/")
    url = site.link(response_type="none", redirect_uri=None, app_origin=site.app, state="s")
    (message,) = popup(opener, url, lambda window: window.click(button))
    data = message["data"] if isinstance(message["data"], dict) else json.loads(message["data"])
    assert message["origin"] == site.connect
    assert data["name"] == "SmartcarAuthMessage"
    assert (data["error"], data["state"], data["code"]) == (error, "s", None)
    assert complaints == []


def test_the_hosted_redirect_page_hands_the_code_to_the_opener(
    site: Site, context: BrowserContext, complaints: list[str]
) -> None:
    opener = context.new_page()
    opener.goto(f"{site.app}/app/")
    url = site.link(redirect_uri=site.hosted, state="s")
    (message,) = popup(opener, url, lambda window: window.click("#approval-button"))
    assert message["origin"] == site.connect
    assert len(message["data"]["code"]) == 36
    assert (message["data"]["state"], message["data"]["error"]) == ("s", None)
    assert complaints == []


def test_nothing_outside_the_server_is_asked_for(site: Site, context: BrowserContext, tmp_path: Path) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.link())
    walk(page)
    page.screenshot(path=tmp_path / "grant.png")
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {urlsplit(site.connect).netloc}
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
