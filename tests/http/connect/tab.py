"""Connect without sockets: the real flow over the store in memory and simulated cars, and a browser's tab to walk it.

A tab keeps cookies, follows redirects within the server, reads forms out of pages and sends them as a person would.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.source import SimulatorSource
from carwire.connectors.simulator.world import World
from carwire.connectors.vpic import VpicDecoder
from carwire.core.applications import Application, Rules
from carwire.core.compatibility.catalogue import Catalogue
from carwire.core.ports import Source, Store
from carwire.http.call import Answer, Call
from carwire.http.connect.handlers import ConnectHandlers, routes
from carwire.http.connect.pages import ConnectPages, choose_language
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher, new_pepper
from carwire.services.connect.brands import Brands
from carwire.services.connect.service import ConnectService
from carwire.services.connect.throttle import Limits
from carwire.services.connect.tools import put_together
from carwire.storage.catalogue import load_catalogue
from carwire.storage.memory import MemoryStore

ORIGIN = "https://carwire.test"
CALLBACK = "https://example.com/auth"
STARTED_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
_PAGES = ConnectPages()
_DECODER = VpicDecoder()
_catalogues: list[Catalogue] = []


def catalogue() -> Catalogue:
    """The capability catalogue, loaded once."""
    if not _catalogues:
        _catalogues.append(load_catalogue())
    return _catalogues[0]


def make_of_simulated(vin: str) -> str | None:
    """The brand of a simulated car's VIN."""
    model = car_range().model_of(vin)
    return model.make if model else None


class Place:
    """A server's Connect with one application, and a clock that moves when told."""

    def __init__(
        self,
        redirect_uris: Sequence[str] = (CALLBACK,),
        *,
        rules: Rules | None = None,
        limits: Limits | None = None,
        origin: str = ORIGIN,
        sources: Mapping[str, Source] | None = None,
        store: Store | None = None,
    ) -> None:
        self.now = STARTED_AT
        self.memory = MemoryStore()
        self.store: Any = store or self.memory
        self.hasher = SecretHasher(new_pepper())
        self.slept: list[float] = []
        self.battery_tokens: set[tuple[str, str, str]] = set()
        self.world = World()
        self.source = SimulatorSource(self.world, self._sleep)
        sources = sources or {"simulator": self.source}
        self.tools = put_together(
            self.store,
            sources,
            Brands(sources, catalogue(), _DECODER, make_of_simulated),
            self.hasher,
            lambda: self.now,
            choose_language=choose_language,
            check_battery_token=lambda app, vehicle, token: (app, vehicle, token.reveal()) in self.battery_tokens,
            limits=limits,
            sleep=self._sleep,
        )
        self.service = ConnectService(self.tools)
        self.routes = routes(ConnectHandlers(self.service, _PAGES, origin))
        self.origin = origin
        self.application = self.register(redirect_uris, rules or Rules())

    def register(self, redirect_uris: Sequence[str], rules: Rules | None = None) -> Application:
        """Add an application."""
        digest = self.hasher.hash(Secret(new_id()))
        application = Application(
            new_id(), "Trip <b>Log</b>", tuple(redirect_uris), digest, digest[::-1], self.now, rules or Rules()
        )
        asyncio.run(self.store.add(application, Secret(new_id())))
        return application

    def change(self, **values: Any) -> None:
        """Change the application."""
        self.application = msgspec.structs.replace(self.application, **values)
        asyncio.run(self.store.replace(self.application))

    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.now += span

    def query(self, **values: str | None) -> str:
        """Write an authorize query in simulated mode; a null leaves a parameter out."""
        given = {
            "client_id": self.application.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "read_odometer read_vehicle_info",
            "mode": "simulated",
            "flags": "country:US",
            **values,
        }
        return urlencode({name: value for name, value in given.items() if value is not None}, quote_via=quote)

    def tab(self, address: str = "198.51.100.7", language: str = "en") -> Tab:
        """Open a browser of its own."""
        return Tab(self, address, language)

    def sessions(self) -> list[Any]:
        """Every session in the store."""
        return list(self.memory._state.sessions.values())

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def ask(
        self, method: str, target: str, headers: Sequence[tuple[bytes, bytes]], body: bytes, address: str
    ) -> Answer:
        """Call the handler of a path as the edge does."""
        path, _, query = target.partition("?")
        for route in self.routes:
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
            found = re.fullmatch(pattern, path)
            if found and route.method == ("GET" if method == "HEAD" else method):
                scope = {
                    "type": "http", "method": method, "path": path, "query_string": query.encode("ascii"),
                    "headers": list(headers), "client": (address, 1), "scheme": "https",
                }  # fmt: skip
                assert body == b"" or route.takes_body
                return await route.handler(Call(scope, found.groupdict(), body, new_id()))
        raise AssertionError(f"no route for {method} {path}")


class Forms(HTMLParser):
    """What a page's form would send: its action, hidden and ticked fields, buttons; and the page's words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: list[tuple[str, str]] = []
        self.inputs: list[dict[str, str | None]] = []
        self.buttons: dict[str, tuple[str, str]] = {}
        self.ids: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, inputs and buttons."""
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(given["id"] or "")
        if tag == "form":
            assert self.action is None, "one form a page"
            assert given["method"] == "post"
            self.action = given["action"]
        if tag == "input":
            self.inputs.append(given)
            ticked = given.get("type") not in {"checkbox", "radio"} or "checked" in given
            if given.get("name") and ticked and "disabled" not in given:
                self.fields.append((given["name"] or "", given.get("value") or ""))
        if tag == "button" and given.get("id"):
            self.buttons[given["id"] or ""] = (given.get("name") or "", given.get("value") or "")

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.words.append(data)

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(" ".join(self.words).split())


class Tab:
    """One tab of a browser. `url` is where it is; `answer` what it shows; `seen` every address on the way."""

    def __init__(self, place: Place, address: str, language: str) -> None:
        self.place = place
        self.address = address
        self.language = language
        self.cookies: dict[str, str] = {}
        self.url = ""
        self.seen: list[str] = []
        self.answer = Answer(b"")

    # --- requests

    def open(self, target: str, method: str = "GET") -> Tab:
        """Go to an address and follow redirects, out of the server too, without asking there."""
        return self._go(method, target, b"", [])

    def authorize(self, **values: str | None) -> Tab:
        """Open Connect."""
        return self.open("/oauth/authorize?" + self.place.query(**values))

    def press(self, button: str, **typed: str | list[str]) -> Tab:
        """Press the button of this id after typing; a list replaces what is ticked."""
        action, body = self.filled(button, **typed)
        return self.post(action, body)

    def filled(self, button: str, **typed: str | list[str]) -> tuple[str, bytes]:
        """Return where the page's form would go and what it would send."""
        form = self.form
        assert button in form.buttons, f"{button} is not among {sorted(form.buttons)}: {form.text[:300]}"
        assert form.action is not None
        fields = [(name, value) for name, value in form.fields if name not in typed]
        for name, values in typed.items():
            fields += [(name, value) for value in ([values] if isinstance(values, str) else values)]
        return form.action, urlencode([*fields, form.buttons[button]]).encode()

    def post(self, target: str, body: bytes, headers: Sequence[tuple[bytes, bytes]] | None = None) -> Tab:
        """Send a form."""
        own = [(b"origin", b"null"), (b"sec-fetch-site", b"same-origin")]
        return self._go("POST", target, body, own if headers is None else headers)

    def twin(self) -> Tab:
        """Return another tab that shows the same and has the same cookies."""
        other = Tab(self.place, self.address, self.language)
        other.cookies, other.url, other.answer = dict(self.cookies), self.url, self.answer
        return other

    # --- steps a person takes

    def sign_in(
        self, username: str = "owner@example.com", make: str | None = "CHEVROLET", password: str = "any"
    ) -> Tab:
        """Go on from the preamble to what follows the sign-in."""
        if self.page == "welcome":
            self.press("continue-button")
        if self.page == "brand":
            assert make is not None
            self.press(make)
        return self.press("sign-in-button", username=username, password=password)

    def approve(self) -> Tab:
        """Approve what is ticked."""
        return self.press("approval-button")

    def outcome_or_approved(self) -> dict[str, str]:
        """Return the outcome, after approving where that is still to do."""
        return self.outcome if self.left else self.approve().outcome

    # --- what it shows

    @property
    def form(self) -> Forms:
        """The page's form."""
        return Forms(self.answer.body.decode())

    @property
    def page(self) -> str:
        """The last part of the path: the name of the page."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1]

    @property
    def status(self) -> int:
        """The status of the last answer."""
        return self.answer.status

    @property
    def left(self) -> bool:
        """Whether it has gone elsewhere."""
        return not self.url.startswith("/")

    @property
    def outcome(self) -> dict[str, str]:
        """The parameters it left with."""
        assert self.left, f"still at {self.url}, {self.status}: {self.form.text[:300]}"
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), "a parameter came twice"
        return dict(pairs)

    @property
    def heading(self) -> str:
        """The page's heading."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.answer.body.decode(), re.DOTALL)
        assert found, self.answer
        return " ".join(re.sub("<[^>]+>", "", found[1]).split())

    def header(self, name: str) -> str | None:
        """The one header of this name."""
        found = [value.decode() for key, value in self.answer.headers if key == name.encode()]
        assert len(found) < 2, f"{name} came {len(found)} times"
        return found[0] if found else None

    def _go(self, method: str, target: str, body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Tab:
        for _ in range(5):
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items()).encode()
            sent = [(b"host", b"carwire.test"), (b"accept-language", self.language.encode()), *headers]
            sent += [(b"cookie", cookie)] if cookie else []
            self.answer = asyncio.run(self.place.ask(method, target, sent, body, self.address))
            self.url = target
            self.seen.append(target)
            self._take_cookies()
            location = self.header("location")
            if location is None:
                return self
            assert self.answer.status == (303 if method == "POST" else 302)
            method, target, body, headers = "GET", location, b"", []
            if not location.startswith("/"):
                self.url = location
                return self
        raise AssertionError("redirected for ever")

    def _take_cookies(self) -> None:
        for key, value in self.answer.headers:
            if key == b"set-cookie":
                name, _, rest = value.decode().partition("=")
                self.cookies[name] = rest.partition(";")[0]
