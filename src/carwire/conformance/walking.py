"""Connect without a browser: its pages walked as the official suites click them, by the ids of their buttons."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from uuid import uuid4

from carwire.conformance.answers import Answer
from carwire.conformance.expecting import Deviation, NotAsked, expect
from carwire.conformance.talk import FORM, Talk

AUTHORIZE: Final = "/oauth/authorize"
MAKE: Final = "CHEVROLET"  # the make of which the official suites have a plug-in hybrid that tells everything
SCOPE: Final = (
    *("read_vehicle_info", "read_vin", "read_odometer", "read_fuel", "read_battery", "read_charge", "read_engine_oil"),
    *("read_location", "read_tires", "read_security", "read_service_history", "read_diagnostics"),
    *("control_charge", "control_security", "control_navigation"),
)
_LONGEST: Final = 12  # pages and redirects of one run of Connect


class _Page(HTMLParser):
    """What the form of a page would send: its action, fields that are hidden or ticked, and buttons by their id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []
        self.buttons: dict[str, tuple[str, str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given.get("action", "")
        ticked = given.get("type") not in {"checkbox", "radio", "submit"} or "checked" in given
        if tag == "input" and given.get("name") and ticked and "disabled" not in given:
            self.fields.append((given["name"], given.get("value", "")))
        if tag == "button" and given.get("id"):
            self.buttons[given["id"]] = given.get("name", ""), given.get("value", "")


class _Walk:
    """One run of Connect: keeps its cookies, follows redirects within the server, sends what forms hold."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._cookies: dict[str, str] = {}
        self.where = ""
        self.page = _Page("")

    async def go(self, method: str, target: str, body: bytes = b"") -> str | None:
        """Go somewhere, and on while redirected. Return where it leads out, null when there is a page."""
        for _ in range(_LONGEST):
            cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            headers = [("cookie", cookie)] if cookie else []
            if method == "POST":
                headers += [("origin", "null"), ("sec-fetch-site", "same-origin"), FORM]
            answer = await self._talk.ask(method, target, headers, body, again=True)
            self._keep_cookies(answer)
            location = answer.header("location")
            if location is None or not 300 <= answer.status < 400:
                answer.expect_status(200)
                self.where, self.page = target, _Page(answer.body.decode("utf-8", "replace"))
                return None
            if location.startswith(self._talk.access.redirect_uri):
                return location
            method, target, body = "GET", self._within(target, location), b""
        raise Deviation("a page of Connect", "redirects without an end")

    def _within(self, here: str, there: str) -> str:
        """Return where an address leads, as a target. Raises `NotAsked` when that is another host."""
        url = urljoin(self._talk.url + here, there)
        if not url.startswith(f"{self._talk.url}/"):
            msg = f"Connect is at {urlsplit(url).netloc}, and no other host is asked"
            raise NotAsked(msg)
        return url.removeprefix(self._talk.url)

    async def press(self, button: str, **typed: str) -> str | None:
        """Press a button after typing."""
        if button not in self.page.buttons:
            raise Deviation(f"a page with a button of the id {button}", f"buttons {', '.join(self.page.buttons)}")
        fields = [(name, value) for name, value in self.page.fields if name not in typed]
        body = urlencode([*fields, *typed.items(), self.page.buttons[button]]).encode()
        return await self.go("POST", self._within(self.where, self.page.action), body)

    def _keep_cookies(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key] = self._talk.keep_secret(rest.partition(";")[0])


async def walk(talk: Talk) -> dict[str, list[str]]:
    """Let an owner nobody knows connect a simulated car, and return the query the application is called back with."""
    query = {
        "response_type": "code",
        "client_id": talk.access.client_id,
        "redirect_uri": talk.access.redirect_uri,
        "scope": " ".join(SCOPE),
        "mode": "simulated",
        "approval_prompt": "force",
        "state": "conformance",
    }
    run = _Walk(talk)
    steps: list[tuple[str, dict[str, str]]] = [("continue-button", {}), (MAKE, {})]
    steps += [("sign-in-button", {"username": f"{uuid4()}@example.com", "password": "any"}), ("approval-button", {})]
    back = await run.go("GET", f"{AUTHORIZE}?{urlencode(query)}")
    for button, typed in steps:
        if back is None:
            back = await run.press(button, **typed)
    expect(back is not None, "a redirect to the redirect URI", "one more page")
    found = parse_qs(urlsplit(back or "").query)
    talk.keep_secret(found.get("code", [""])[0])
    expect(found.get("code"), "a code in the redirect", f"only {', '.join(found)}")
    return found
