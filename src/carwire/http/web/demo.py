"""A small application on the server itself, to see the whole way once: connect a simulated car, exchange the code, read
the car. Served by ``carwire up --demo`` alone.

It does what any other application does, through the same services. Tokens stay in memory, for the browser that holds
the cookie.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Final, Protocol
from urllib.parse import quote, urlencode

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from carwire import __version__
from carwire.core.errors import NotAuthenticated
from carwire.core.permissions import READ
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading, Value
from carwire.core.vehicles import Vehicle
from carwire.http.call import Answer, Call, Route
from carwire.http.connect.authorize import read_form
from carwire.http.web.pages import HTML
from carwire.kit.secrets import Secret, new_secret
from carwire.services.access import AccessService
from carwire.services.tokens import TokenService
from carwire.services.vehicles import VehicleService

_MAX_VISITS: Final = 1000
_COOKIE: Final = "carwire-demo"
_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
CODES: Final = (
    "odometer-traveleddistance",
    "tractionbattery-stateofcharge",
    "tractionbattery-range",
    "charge-ischarging",
    "charge-ischargingcableconnected",
    "charge-wattage",
    "internalcombustionengine-fuellevel",
    "internalcombustionengine-range",
    "internalcombustionengine-oillife",
    "location-preciselocation",
    "motion-currentspeed",
    "climate-externaltemperature",
    "closure-islocked",
    "wheel-tires",
)


class DemoCar(msgspec.Struct, frozen=True):
    """A car the demo reaches, with what it says now; `now` is the time the car lives in."""

    vehicle: Vehicle
    answers: tuple[tuple[str, Reading | Problem], ...]
    now: datetime


class DemoServer(Protocol):
    """What the demo asks of the server: the same three things any application does over HTTP."""

    async def exchange(self, code: Secret, client_id: str, redirect_uri: str) -> Secret | None:
        """Exchange a code for an access token; null for a code that is not good here."""

    async def cars(self, access_token: Secret) -> list[DemoCar]:
        """Read the cars a token reaches. Raises `NotAuthenticated` for one that does not live."""


class InProcess:
    """`DemoServer` over the services of this process."""

    def __init__(self, tokens: TokenService, access: AccessService, vehicles: VehicleService) -> None:
        self._tokens = tokens
        self._access = access
        self._vehicles = vehicles

    async def exchange(self, code: Secret, client_id: str, redirect_uri: str) -> Secret | None:
        """Exchange a code that was made for this application and this redirect URI."""
        known = await self._tokens.code(code)
        if known is None or (known.client_id, known.redirect_uri) != (client_id, redirect_uri):
            return None
        tokens = await self._tokens.redeem(code)
        return tokens.access_token if tokens else None

    async def cars(self, access_token: Secret) -> list[DemoCar]:
        """Read up to ten cars."""
        ids, _ = await self._vehicles.page(await self._access.token(access_token), 10, 0)
        return [await self._car(access_token, vehicle_id) for vehicle_id in ids]

    async def _car(self, access_token: Secret, vehicle_id: str) -> DemoCar:
        _, vehicle = await self._access.vehicle(access_token, vehicle_id)
        assert vehicle is not None
        snapshot = await self._vehicles.read_signals(vehicle, CODES)
        return DemoCar(vehicle, tuple(snapshot.answers.items()), self._vehicles.now(vehicle))


class _Visit(msgspec.Struct):
    """One browser: the state it was sent to Connect with, and its token once it has one."""

    state: str
    token: Secret | None = None


class DemoHandlers:
    """The pages. `client_id` is the demo application's, whose redirect URIs hold ``{base_url}/demo/callback``.

    `data` and `makes` are for the foot of the page.
    """

    def __init__(self, server: DemoServer, client_id: str, base_url: str, *, data: str, makes: int) -> None:
        self._server = server
        self._client_id = client_id
        self._redirect_uri = f"{base_url}/demo/callback"
        self._base_url = base_url
        self._facts = {"data": data, "makes": makes, "version": __version__, "base_url": base_url}
        self._visits: dict[str, _Visit] = {}
        self._templates = Environment(
            loader=PackageLoader("carwire.http.web", "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def start(self, call: Call) -> Answer:
        """Show what the demo does, and the link that begins it."""
        key, visit, fresh = self._visit(call)
        return self._page("start", key if fresh else None, link=self._link(visit))

    async def callback(self, call: Call) -> Answer:
        """Come back from Connect: check the state, exchange the code, and go to the car without either in the
        address.
        """
        _, visit, fresh = self._visit(call)
        given = read_form(call.query)  # the same encoding as a form's
        state = given.one("state").encode("utf-8", "surrogatepass")
        if fresh or not hmac.compare_digest(state, visit.state.encode()):
            return self._page("refused", None, 400, reason="The state is not the one this browser was sent with.")
        visit.state = new_secret().reveal()
        if given.one("error"):
            return self._page(
                "ended", None, 200, error=given.one("error")[:80], text=given.one("error_description")[:200]
            )
        token = await self._server.exchange(Secret(given.one("code")[:80]), self._client_id, self._redirect_uri)
        if token is None:
            return self._page("refused", None, 400, reason="The code is not known, or was used before.")
        visit.token = token
        return Answer(b"", 302, HTML, ((b"location", b"/demo/car"), *_HEADERS))

    async def car(self, call: Call) -> Answer:
        """Show what the connected cars say."""
        _, visit, _ = self._visit(call)
        if visit.token is None:
            return Answer(b"", 302, HTML, ((b"location", b"/demo"), *_HEADERS))
        try:
            cars = await self._server.cars(visit.token)
        except NotAuthenticated:  # its two hours are over, or it was revoked
            visit.token = None
            return Answer(b"", 302, HTML, ((b"location", b"/demo"), *_HEADERS))
        return self._page("car", None, 200, cars=[_shown(car) for car in cars], code=self._code(cars))

    def _visit(self, call: Call) -> tuple[str, _Visit, bool]:
        key = _cookie(call)
        if key in self._visits:
            return key, self._visits[key], False
        key, visit = new_secret().reveal(), _Visit(new_secret().reveal())
        if len(self._visits) >= _MAX_VISITS:
            idle = (other for other, known in self._visits.items() if known.token is None)
            del self._visits[next(idle, next(iter(self._visits)))]
        self._visits[key] = visit
        return key, visit, True

    def _link(self, visit: _Visit) -> str:
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(READ),
            "mode": "simulated",
            "state": visit.state,
        }
        return "/oauth/authorize?" + urlencode(query, quote_via=quote)

    def _code(self, cars: Sequence[DemoCar]) -> str:
        vehicle_id = cars[0].vehicle.id if cars else "…"
        return (
            f'client = smartcar.AuthClient("{self._client_id}", secret, "{self._redirect_uri}", mode="simulated")\n'
            "access = client.exchange_code(code)\n"
            f'print(smartcar.Vehicle("{vehicle_id}", access.access_token).odometer())'
        )

    def _page(self, what: str, cookie: str | None, status: int = 200, **values: object) -> Answer:
        text = self._templates.get_template("demo.html").render(what=what, **self._facts, **values)
        headers: tuple[tuple[bytes, bytes], ...] = _HEADERS
        if cookie:
            secure = "; Secure" if self._base_url.startswith("https://") else ""
            rules = f"{_COOKIE}={cookie}; Path=/demo; Max-Age=7200; HttpOnly; SameSite=Lax{secure}"
            headers = (*headers, (b"set-cookie", rules.encode("ascii")))
        return Answer(text.encode(), status, HTML, headers)


def routes(handlers: DemoHandlers) -> tuple[Route, ...]:
    """Return the rows of the route table."""
    rows = (
        ("/demo", handlers.start, "demo", "A small application: connect a simulated car and read it."),
        ("/demo/callback", handlers.callback, "demo_callback", "Where Connect sends the demo's owner back to."),
        ("/demo/car", handlers.car, "demo_car", "What the connected car says."),
    )
    return tuple(
        Route("GET", path, handler, name, summary, door=None, tag="pages") for path, handler, name, summary in rows
    )


def _cookie(call: Call) -> str:
    for header in call.header(b"cookie"):
        try:
            found = SimpleCookie(header.decode("latin-1")).get(_COOKIE)
        except CookieError:
            continue
        if found:
            return found.value
    return ""


def _shown(car: DemoCar) -> dict[str, object]:
    rows = [_row(code, answer, car.now) for code, answer in car.answers]
    told = car.vehicle.car
    return {"title": f"{told.year} {told.make.title()} {told.model}", "id": car.vehicle.id, "rows": rows}


def _row(code: str, answer: Reading | Problem, now: datetime) -> dict[str, str]:
    signal = signals()[code]
    row = {"code": code, "says": signal.description, "unit": "", "age": "", "value": "", "problem": ""}
    if isinstance(answer, Problem):
        return {**row, "problem": answer.meaning}
    return {**row, "value": _value(answer.value), "unit": answer.unit or "", "age": _age(answer.age(now))}


def _value(value: Value) -> str:
    """Write a value for people.

    >>> _value(True), _value({"latitude": 39.7, "longitude": -105.0}), _value(12.0)
    ('yes', 'latitude 39.7, longitude -105', '12')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e5 else f"{value:.0f}"
    if isinstance(value, dict):
        listed = value.get("values")
        if isinstance(listed, list):
            return ", ".join(_value(_inner(each)) for each in listed)
        if "value" in value:
            return _value(_inner(value))
        return ", ".join(f"{name} {_value(_inner(part))}" for name, part in value.items() if part is not None)
    return "–" if value is None else str(value)


def _inner(part: object) -> Value:
    """The value in one member of a body."""
    if isinstance(part, dict):
        return part.get("value", part.get("tirePressure", str(part)))
    return part if isinstance(part, bool | int | float | str) else None


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
