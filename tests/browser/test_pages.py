"""The pages as a browser shows them: Debian's Chromium, headless, with the network it finds switched off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

import pytest
from tests.conftest import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PAGES = ["/", "/docs/api", "/docs/errors", "/docs/errors/api-errors/validation-errors"]
DESK, PHONE = (1280, 900), (390, 844)
Scheme = Literal["light", "dark"]


class Watched:
    """A page, with everything it asked for and complained about."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: str) -> None:
        """Load a page that has to answer 200."""
        response = self.page.goto(self.server.base_url + path, wait_until="load")
        assert response
        assert response.status == 200

    def check(self) -> None:
        """Fail when it complained or asked anybody else."""
        assert self.complaints == []
        own = urlsplit(self.server.base_url).netloc
        assert {urlsplit(url).netloc for url in self.asked if not url.startswith("data:")} == {own}


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


def missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def window(browser: Browser, server: Server, size: tuple[int, int], scheme: Scheme) -> Iterator[Watched]:
    """Open a window of its own."""
    width, height = size
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
        yield Watched(context.new_page(), server)


@pytest.fixture(scope="module")
def phone(browser: Browser, server: Server) -> Iterator[Watched]:
    with window(browser, server, PHONE, "light") as watched:
        yield watched


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_read_without_scrolling_sideways(phone: Watched, path: str) -> None:
    phone.open(path)
    wide, seen = phone.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= seen


@pytest.mark.parametrize("path", PAGES)
def test_no_cell_of_a_table_is_squeezed_to_a_word_a_line(phone: Watched, path: str) -> None:
    phone.open(path)
    phone.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    squeezed = phone.page.evaluate(
        """() => [...document.querySelectorAll('td')].filter(td => td.textContent.trim().length > 40
          && td.clientWidth < 140).map(td => `${td.clientWidth}px: ${td.textContent.trim().slice(0, 40)}`)"""
    )
    assert squeezed == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_loads_without_a_complaint_and_asks_nobody_else(
    browser: Browser, server: Server, *, path: str, size: tuple[int, int], scheme: Scheme, tmp_path: Path
) -> None:
    with window(browser, server, size, scheme) as watched:
        watched.open(path)
        assert "Carwire" in watched.page.title()
        assert watched.page.locator("h1").count() == 1
        assert watched.page.locator("h1").is_visible()
        watched.page.screenshot(path=tmp_path / "page.png")
        assert (tmp_path / "page.png").stat().st_size > 5000
        assert watched.page.evaluate(POOR_CONTRAST) == []
        watched.check()


# Every text against the nearest background: at least 4.5 to 1 (WCAG 2.2, 1.4.3).
POOR_CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = parse(c).map(v => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (parse(c).length < 4 || parse(c)[3] > 0) return c; } return 'rgb(255, 255, 255)'; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.push(`${e.tagName} ${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


SECTIONS = """() => Object.fromEntries([...document.querySelectorAll('section.op')].map(
  each => [each.id, [each.checkVisibility(), each.querySelector('h3').innerText, each.textContent]]))"""


def links(phone: Watched) -> list[str]:
    found: list[str] = phone.page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    return list(dict.fromkeys(found))


def test_every_link_of_the_start_page_leads_somewhere(phone: Watched) -> None:
    phone.open("/")
    hrefs = links(phone)
    assert {"/docs/api", "/docs/errors", "/openapi.json", "/metrics", "/health", "/ready"} <= set(hrefs)
    for href in hrefs:
        target = urljoin(phone.server.base_url + "/", href)
        assert target.startswith(phone.server.base_url), "a link leaves the server"
        assert phone.server.ask("GET", urlsplit(target).path).status == 200, href


def test_every_anchor_of_the_reference_resolves(phone: Watched) -> None:
    phone.open("/docs/api")
    anchors = [href for href in links(phone) if href.startswith("#")]
    assert len(anchors) > 10
    gone = [a for a in anchors if phone.page.evaluate("id => document.getElementById(id) === null", a[1:])]
    assert gone == []
    phone.page.click(f'main a[href="{anchors[0]}"] >> nth=0')
    assert phone.page.url.endswith(anchors[0])
    assert phone.page.locator(f'[id="{anchors[0][1:]}"]').is_visible()
    phone.check()


def test_the_reference_names_every_call_of_the_api_document(phone: Watched) -> None:
    phone.open("/docs/api")
    text = phone.page.locator("main").inner_text()
    sections = phone.page.evaluate(SECTIONS)
    for path, methods in phone.server.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            visible, heading, whole = sections[operation["operationId"]]
            assert visible
            assert f"{method.upper()} {path}" in " ".join(heading.split())
            for parameter in operation["parameters"]:
                assert parameter["name"] in whole  # folded
    assert "[object" not in text
    assert "undefined" not in text.replace("`undefined`", "")


def test_a_link_to_an_error_shows_it(phone: Watched) -> None:
    url = phone.server.ask("GET", "/nothing").json()["docURL"]
    phone.open(url.removeprefix(phone.server.base_url))
    row = phone.page.locator("tr#path")
    assert row.is_visible()
    assert "RESOURCE_NOT_FOUND" in row.inner_text()
    assert phone.page.evaluate("document.querySelector(':target').id") == "path"
    phone.check()


def test_the_keyboard_reaches_the_links(phone: Watched) -> None:
    phone.open("/")
    seen = []
    for _ in range(5):
        phone.page.keyboard.press("Tab")
        seen.append(phone.page.evaluate("document.activeElement.getAttribute('href')"))
    assert seen == ["/", "/docs/api", "/docs/errors", "/openapi.json", "/metrics"]
