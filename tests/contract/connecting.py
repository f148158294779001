"""Owners who connect cars: in Chromium as the official suites do it, and by plain requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.browser.test_pages import ARGUMENTS, CHROMIUM, missing
from tests.conftest import Answer, Server
from tests.http.connect.tab import Forms

if TYPE_CHECKING:
    from playwright.sync_api import Page

CALLBACK = "https://example.com/auth"
_FORM = (b"content-type", b"application/x-www-form-urlencoded")


@contextmanager
def chromium() -> Iterator[Page]:
    """Open a window to which the application's host is a page of ours: nothing leaves this machine."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed")
    if not CHROMIUM.is_file():
        missing(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        context = browser.new_context(locale="en-US")
        context.set_default_timeout(20_000)
        context.route("https://example.com/**", lambda route: route.fulfill(status=200, body="<h1>Back</h1>"))
        yield context.new_page()
        browser.close()


def connect_in(page: Page, url: str, make: str, username: str) -> dict[str, str]:
    """Connect as the official suites do, element by element; return the query the application is called back with.

    They filter the brands for KIA alone, one of their selectors has no closing bracket, and none of them waits between
    the permissions' class and its button.
    """
    page.goto(url)
    page.wait_for_selector("button#continue-button").click()  # type: ignore[union-attr]
    if make == "KIA":
        page.wait_for_selector("input[id=brand-search]").type(make)  # type: ignore[union-attr]
    page.wait_for_selector(f"button#{make}.brand-list-item").click()  # type: ignore[union-attr]
    sign_in = page.wait_for_selector("#sign-in-button")
    # Playwright refuses the unclosed selector that browsers accept, so the page is asked itself.
    assert page.evaluate("document.querySelector('input[id=password').id") == "password"
    page.fill("input[id=username]", username)
    page.fill("input[id=password]", "password")
    sign_in.click()  # type: ignore[union-attr]
    page.wait_for_selector(".page-content")
    page.query_selector("button[id=approval-button]").click()  # type: ignore[union-attr]
    page.wait_for_url("https://example.com/**", wait_until="commit")
    return query_of(page.url)


def query_of(url: str) -> dict[str, str]:
    """Read the query of an address in which no name comes twice."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), url
    return dict(pairs)


class Walk:
    """One run of Connect by plain requests: it keeps the cookie, follows redirects, and sends what a form holds."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._cookies: dict[str, str] = {}
        self.url = ""
        self.answer = Answer(0, (), b"")

    def connect(self, url: str, make: str, username: str) -> dict[str, str]:
        """Connect one car; return the query the application is called back with."""
        self._go("GET", url)
        for button, typed in (
            ("continue-button", {}),
            (make, {}),
            ("sign-in-button", {"username": username, "password": "password"}),
            ("approval-button", {}),
        ):
            if self.url.startswith("https://example.com/"):
                break
            self._press(button, typed)
        assert self.url.startswith(f"{CALLBACK}?"), (self.url, self.answer)
        return query_of(self.url)

    def _press(self, button: str, typed: dict[str, str]) -> None:
        form = Forms(self.answer.text)
        if button not in form.buttons:
            return  # a page that is left out, such as the brands when the link names one
        fields = [(name, value) for name, value in form.fields if name not in typed]
        body = urlencode([*fields, *typed.items(), form.buttons[button]]).encode()
        self._go("POST", form.action or "", body)

    def _go(self, method: str, target: str, body: bytes = b"") -> None:
        for _ in range(5):
            cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items()).encode()
            own = [(b"origin", b"null"), (b"sec-fetch-site", b"same-origin"), _FORM]
            headers = [*([(b"cookie", cookie)] if cookie else []), *(own if method == "POST" else [])]
            self.answer = self._server.ask(method, target.removeprefix(self._server.base_url), headers, body)
            self._keep_cookies()
            location = self.answer.header("location")
            if location is None:
                assert self.answer.status == 200, self.answer
                return
            self.url, method, target, body = location, "GET", location, b""
            if location.startswith("https://example.com/"):
                return
        raise AssertionError("redirected for ever")

    def _keep_cookies(self) -> None:
        for name, value in self.answer.headers:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = rest.partition(";")[0]
