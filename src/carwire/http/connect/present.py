"""From what the flow answers to what a page shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from carwire.core.permissions import CONTROL
from carwire.http.connect import views
from carwire.http.connect.pages import LANGUAGES, choose_language, countries
from carwire.services.connect.binding import form_token
from carwire.services.connect.brands import Brands, wire_make
from carwire.services.connect.choosing import shown
from carwire.services.connect.garage import SUBSCRIPTION, grantable, look_through, title_of
from carwire.services.connect.outcomes import Result
from carwire.services.connect.record import IDLE_LIFE, Page, Record
from carwire.services.connect.replies import Gone, Lost, Screen, Showing
from carwire.services.connect.request import NotTrusted, Request
from carwire.services.connect.service import ORDER, may_choose_brand, may_continue

_TITLES: Final[dict[Lost, str]] = {
    "expired": "This session has expired.",
    "finished": "This session is finished.",
    "order": ORDER,
    "other_browser": "This session belongs to another browser.",
    "server": "Unexpected server error. Please try again.",
}
_COUNTRY_LANGUAGES: Final = {"AT": "de", "AR": "es", "BE": "nl", "CH": "de", "CL": "es", "CO": "es", "DE": "de"} | {
    "ES": "es", "FR": "fr", "IT": "it", "LI": "de", "LU": "fr", "MC": "fr", "MX": "es", "NL": "nl", "PE": "es"
}  # fmt: skip


class Presenter:
    """Makes views. `server` is the host by which people know this server."""

    def __init__(self, server: str, brands: Brands) -> None:
        self._server = server
        self._brands = brands
        self._makers: dict[Page, Callable[[Screen, views.Frame], views.Page]] = {
            "welcome": self._welcome,
            "brand": self._brand,
            "sign-in": self._sign_in,
            "check": self._check,
            "permissions": self._permissions,
            "no-vehicles": lambda s, f: views.NoVehicles(frame=f, brand=self._brand_name(s.showing.record)),
            "no-subscription": lambda s, f: views.NoSubscription(frame=f, brand=self._brand_name(s.showing.record)),
            "incompatible": self._incompatible,
            "grant": self._grant,
            "battery": self._battery,
            "key": self._key,
            "error": self._error,
        }

    def page(self, screen: Screen, request_id: str) -> views.Page:
        """Return a page of the flow."""
        frame = self._frame(screen.showing, screen.page, request_id)
        return self._makers[screen.page](screen, frame)

    def done(self, showing: Showing, result: Result, request_id: str) -> views.Page:
        """Return the last page of a run without a redirect URI."""
        frame = msgspec.structs.replace(self._frame(showing, "error", request_id), back=False, action="", step=None)
        return views.Done(frame=frame, cars=result.cars, origin=result.origin, message=result.message)

    def gone(self, reply: Gone, languages: tuple[str, ...], request_id: str) -> views.Failed:
        """Return the page that says why there is no other."""
        showing, page = reply.showing, "order" if reply.what == "order" else "error"
        frame = self._frame(showing, None, request_id, page) if showing else self.bare_frame(languages, request_id)
        open_still = showing is not None and reply.what in {"order", "server"}
        return views.Failed(
            frame=frame,
            status=reply.status,
            title=f"{reply.status}: {_TITLES[reply.what]}",
            what=reply.what,
            exit=open_still and _leads_back(showing.record.request if showing else None),
            restart=showing is not None and reply.what == "expired",
        )

    def not_trusted(self, error: NotTrusted, languages: tuple[str, ...], request_id: str) -> views.Failed:
        """Return the page for a client or a redirect URI nobody knows: it leads nowhere."""
        return views.Failed(
            frame=self.bare_frame(languages, request_id),
            status=400,
            title=f"400: {error.mistake.text}",
            what=error.what,
            for_developers=error.mistake.remarks,
            received=error.received,
        )

    def busy(self, seconds: int, languages: tuple[str, ...], request_id: str) -> views.Failed:
        """Return the page for who comes too often."""
        remark = f"More runs of Connect were started from this address or for this application than are let through. \
Come again in {seconds} seconds."
        frame = self.bare_frame(languages, request_id)
        return views.Failed(
            frame=frame, status=429, title="429: Too many requests.", what="busy", for_developers=(remark,)
        )

    def bare_frame(self, languages: tuple[str, ...], request_id: str) -> views.Frame:
        """Return the frame of a page that belongs to no run."""
        return views.Frame(
            language=choose_language(languages),
            languages=LANGUAGES,
            application="",
            server=self._server,
            return_host=None,
            simulated=False,
            request_id=request_id,
        )

    def _frame(self, showing: Showing, page: Page | None, request_id: str, posts_to: str | None = None) -> views.Frame:
        record = showing.record
        step, steps = _step(record, page) if page else (None, 4)
        return views.Frame(
            language=language_of(record),
            languages=LANGUAGES,
            application=record.application,
            server=self._server,
            return_host=_return_host(record.request),
            simulated=record.request.mode == "simulated",
            action=f"/c/{showing.session_id}/{posts_to or page}",
            csrf=form_token(showing.cookie),
            back=page not in {None, "error"},
            step=step,
            steps=steps,
            request_id=request_id,
            idle_minutes=int(IDLE_LIFE.total_seconds() // 60),
        )

    def _welcome(self, screen: Screen, frame: views.Frame) -> views.Page:
        record = screen.showing.record
        return views.Preamble(
            frame=frame,
            permissions=_permissions(record.request, grantable(record.request, ())),
            countries=countries(frame.language),
            country=record.country,
        )

    def _brand(self, screen: Screen, frame: views.Frame) -> views.Page:
        record = screen.showing.record
        makes = self._brands.offered(record.request.mode, record.country)
        return views.Brands(
            frame=frame,
            brands=tuple(views.Brand(wire_make(make), self._brands.name(make)) for make in makes),
            country=record.country,
            search=screen.search,
            notice=self._brands.name(record.notice) if record.notice else None,
        )

    def _sign_in(self, screen: Screen, frame: views.Frame) -> views.Page:
        record = screen.showing.record
        errors = {"credentials", "missing", "maker_down", "wait", "cancelled"}
        return views.SignIn(
            frame=frame,
            make=wire_make(record.make or ""),
            brand=self._brand_name(record),
            username=screen.username,
            error=screen.error if screen.error in errors else None,  # type: ignore[arg-type]  # checked just there
            wait_seconds=screen.wait_seconds,
            choose_brand=may_choose_brand(record.request),
        )

    def _check(self, screen: Screen, frame: views.Frame) -> views.Page:
        question = screen.showing.vault.question
        assert question is not None
        assert question.kind != "permissions"
        return views.ExtraCheck(
            frame=frame,
            brand=self._brand_name(screen.showing.record),
            kind=question.kind,
            picture=question.picture,
            error="wrong" if screen.error == "wrong" else "missing" if screen.error else None,
        )

    def _permissions(self, screen: Screen, frame: views.Frame) -> views.Page:
        request, vault = screen.showing.record.request, screen.showing.vault
        lacking = set(vault.question.lacking) if vault.question else set()
        return views.MakerPermission(
            frame=frame,
            brand=self._brand_name(screen.showing.record),
            missing=tuple(p for p in _permissions(request, grantable(request, ())) if p.name in lacking),
            may_continue=may_continue(request, vault),
        )

    def _incompatible(self, screen: Screen, frame: views.Frame) -> views.Page:
        record = screen.showing.record
        known = any(car.problem and car.problem != SUBSCRIPTION for car in screen.showing.vault.cars)
        return views.Incompatible(
            frame=frame,
            why=record.why or "car",
            brand=self._brand_name(record) or None,
            can_share=("vin", "make", "model", "year") if known else (),
            may_choose_brand=may_choose_brand(record.request),
        )

    def _grant(self, screen: Screen, frame: views.Frame) -> views.Page:
        showing = screen.showing
        request, vault = showing.record.request, showing.vault
        rules = showing.application.rules
        cars = vault.source_cars()
        usable = look_through(vault, request, block_incapable=rules.block_incapable).usable
        asked = _permissions(request, grantable(request, vault.lacking), showing.record.unticked)
        here, left_out = shown(showing.record, cars, usable), set(showing.record.left_out)
        return views.Grant(
            frame=frame,
            brand=self._brand_name(showing.record),
            cars=tuple(
                views.GrantCar(str(n), title_of(cars[n]), cars[n].vin[-6:], chosen=n not in left_out)
                for n in here.places
            ),
            page=here.page,
            pages=here.pages,
            search=showing.record.grant_search,
            choice="fixed" if request.vin else "one" if request.single else "many",
            reads=tuple(p for p in asked if p.name not in CONTROL),
            controls=tuple(p for p in asked if p.name in CONTROL),
            error="no_vehicle" if screen.error == "no_vehicle" else "no_permission" if screen.error else None,
        )

    def _battery(self, screen: Screen, frame: views.Frame) -> views.Page:
        sizes = screen.showing.vault.sizes
        shown = sizes[0] if sizes else None
        return views.BatterySize(
            frame=frame,
            car=shown.title if shown else "",
            sizes=tuple((str(n), kwh, text) for n, (kwh, text) in enumerate(shown.sizes)) if shown else (),
            may_skip=screen.showing.record.request.kind == "authorize",
            error="missing" if screen.error else None,
        )

    def _key(self, screen: Screen, frame: views.Frame) -> views.Page:
        showing = screen.showing
        car = next((showing.vault.cars[n] for n in showing.record.chosen if showing.vault.cars[n].key_url), None)
        titles = {c.vin: title_of(c) for c in showing.vault.source_cars()}
        return views.CarSteps(
            frame=frame,
            brand=self._brand_name(showing.record),
            car=titles[car.vin] if car else "",
            link=car.key_url if car else None,
        )

    def _error(self, screen: Screen, frame: views.Frame) -> views.Page:
        record = screen.showing.record
        mistake = record.mistake
        return views.Failed(
            frame=frame,
            status=400 if mistake else 500,
            title=f"400: {mistake.text}" if mistake else f"500: {_TITLES['server']}",
            what="parameter" if mistake else "server",
            exit=_leads_back(record.request),
            for_developers=mistake.remarks if mistake else (),
        )

    def _brand_name(self, record: Record) -> str:
        return self._brands.name(record.make) if record.make else ""


def language_of(record: Record) -> str:
    """Return the language of a run's pages: the owner's pick, what the browser wants, what the country speaks."""
    return choose_language(
        [*filter(None, [record.language]), *record.wanted, _COUNTRY_LANGUAGES.get(record.country, "en")]
    )


def _permissions(
    request: Request, names: tuple[str, ...], unticked: tuple[str, ...] = ()
) -> tuple[views.Permission, ...]:
    return tuple(
        views.Permission(asked.name, asked.required, granted=asked.name not in unticked)
        for asked in request.permissions
        if asked.name in names
    )


def _return_host(request: Request) -> str | None:
    if request.redirect_uri:
        parts = urlsplit(request.redirect_uri)
        return parts.hostname if parts.scheme in {"http", "https"} else f"{parts.scheme}://{parts.netloc}"
    return urlsplit(request.origin).hostname if request.origin else None


def _leads_back(request: Request | None) -> bool:
    return request is not None and bool(request.redirect_uri or request.origin)


def _step(record: Record, page: Page) -> tuple[int | None, int]:
    """Return where a page is on the way, and how long the way is: shorter when the brand is known."""
    if page == "error":
        return None, 4
    request = record.request
    skips = request.vehicle_id is not None or ("brand" not in record.trail and bool(request.make or request.vin))
    names: list[tuple[Page, ...]] = [
        ("welcome",),
        ("brand",),
        ("sign-in", "check", "permissions", "no-vehicles", "no-subscription", "incompatible"),
        ("grant", "battery", "key"),
    ]
    if skips:
        del names[1]
    if request.kind == "reauthenticate":
        names.pop()
    return next((n for n, pages in enumerate(names, 1) if page in pages), None), len(names)
