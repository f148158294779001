"""The browser's side of Connect: cookies, posts from our own pages only, redirects, and the headers of every page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import structlog

from carwire.core.applications import origin_of
from carwire.core.errors import StoreUnavailable
from carwire.http.call import Answer, Call, Route
from carwire.http.connect import views
from carwire.http.connect.authorize import read_form, read_parameters
from carwire.http.connect.pages import (
    REDIRECT_POLICY,
    ConnectPages,
    choose_language,
    content_policy,
    redirect_page,
    redirect_script,
)
from carwire.http.connect.present import Presenter
from carwire.kit.redaction import redact_text
from carwire.kit.secrets import Secret
from carwire.services.connect.record import WHOLE_LIFE
from carwire.services.connect.replies import (
    Busy,
    Finished,
    Gone,
    Left,
    Moved,
    Reply,
    Screen,
    Showing,
    Visitor,
)
from carwire.services.connect.request import NotTrusted, Parameters, Request
from carwire.services.connect.service import ConnectService

_log = structlog.get_logger("carwire.connect")
_HTML: Final = b"text/html; charset=utf-8"
_TAG: Final = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*")
_DENIED: Final = ["accelerometer", "camera", "geolocation", "gyroscope", "microphone", "payment", "usb"]
# How long a cookie stays after the end, in seconds: for a form sent twice, and for a last page that is looked at again.
_AFTER_LEAVING: Final = 60
_AFTER_DONE: Final = 600
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", ", ".join(f"{name}=()" for name in _DENIED).encode()),
)
_Begin = Callable[..., Awaitable[Reply | None]]


class ConnectHandlers:
    """Answers browsers at the origin `base_url`. No Cross-Origin-Opener-Policy is sent anywhere here: the window that
    opened Connect waits for the result.
    """

    def __init__(self, service: ConnectService, pages: ConnectPages, base_url: str) -> None:
        self._service = service
        self._pages = pages
        self._https = base_url.startswith("https://")
        self._presenter = Presenter(urlsplit(base_url).netloc, service.tools.brands)

    async def authorize(self, call: Call) -> Answer:
        """Begin a run of Connect."""
        return await self._begin(call, self._service.starting.authorize)

    async def reauthenticate(self, call: Call) -> Answer:
        """Begin the repair of one connection; without a vehicle it is an ordinary run for one brand."""
        given = read_parameters(call.query)
        if "vehicle_id" not in given.values and "make" in given.values:
            values = {**given.values, "response_type": "none", "approval_prompt": "auto"}
            again = Parameters(values, given.spoilt)
            return await self._begin(call, self._service.starting.authorize, again)
        return await self._begin(call, self._service.starting.reauthenticate, given)

    async def battery(self, call: Call) -> Answer:
        """Begin the choice of a battery size."""
        return await self._begin(call, self._service.starting.battery)

    async def show(self, call: Call) -> Answer:
        """Show a page of a run."""
        session_id, page = call.parameters["session"], call.parameters["page"]
        cookie = self._cookie(call, session_id)
        return await self._guarded(call, session_id, cookie, self._service.show(session_id, page, cookie))

    async def act(self, call: Call) -> Answer:
        """Take a form of a run. Answers 303, so that going back and reloading never post again."""
        session_id, page = call.parameters["session"], call.parameters["page"]
        if not _from_own_page(call):
            return self._page(self._presenter.gone(Gone("order", 403), _languages(call), call.request_id), 403)
        cookie = self._cookie(call, session_id)
        acting = self._service.act(session_id, page, cookie, read_form(call.body), _visitor(call))
        return await self._guarded(call, session_id, cookie, acting, status=303)

    async def out_of_order(self, call: Call) -> Answer:
        """Answer for addresses of pages that only exist within a run."""
        gone = Gone("order", 400)
        return self._page(self._presenter.gone(gone, _languages(call), call.request_id), gone.status)

    async def redirect(self, call: Call) -> Answer:
        """Show the hosted page that hands its query on to the window that opened Connect."""
        headers = ((b"content-security-policy", REDIRECT_POLICY.encode()), *_HEADERS, *self._hsts())
        return Answer(redirect_page(choose_language(_languages(call))), content_type=_HTML, headers=headers)

    async def redirect_js(self, _call: Call) -> Answer:
        """Return the script of that page."""
        headers = (
            (b"content-security-policy", REDIRECT_POLICY.encode()),
            (b"cache-control", b"public, max-age=300"),
            *(header for header in _HEADERS if header[0] != b"cache-control"),
            *self._hsts(),
        )
        return Answer(redirect_script(), content_type=b"text/javascript; charset=utf-8", headers=headers)

    async def _begin(self, call: Call, begin: _Begin, given: Parameters | None = None) -> Answer:
        given = given or read_parameters(call.query)
        head = call.scope["method"] == "HEAD"
        try:
            reply = await begin(given, _visitor(call), dry=head)
        except NotTrusted as error:
            view = self._presenter.not_trusted(error, _languages(call), call.request_id)
            return self._page(view, 400)
        except Exception as error:
            return self._answer(call, self._broken(call, error) or Gone("server", 500), 302)
        if reply is None:  # a HEAD: like a GET, without a session
            return Answer(b"", 302, _HTML, _HEADERS)
        return self._answer(call, reply, 302)

    async def _guarded(
        self, call: Call, session_id: str, cookie: Secret | None, work: Awaitable[Reply], status: int = 302
    ) -> Answer:
        """Answer, and turn a failure of ours into a page with a way out instead of a bare error."""
        try:
            reply = await work
        except Exception as error:
            reply = self._broken(call, error) or await self._service.fail(session_id, cookie)
        return self._answer(call, reply, status)

    def _broken(self, call: Call, error: Exception) -> Gone | None:
        """Log a failure of ours. Without its database the server has nothing more to note: that is the page."""
        if isinstance(error, StoreUnavailable):
            _log.error("database", request_id=call.request_id, error=redact_text(str(error)))
            return Gone("server", 503)
        _log.error("connect", request_id=call.request_id, exc_info=error)
        return None

    def _answer(self, call: Call, reply: Reply, status: int) -> Answer:
        languages, request_id = _languages(call), call.request_id
        if isinstance(reply, Busy):
            headers = ((b"retry-after", str(reply.seconds).encode()),)
            return self._page(self._presenter.busy(reply.seconds, languages, request_id), 429, None, headers)
        if isinstance(reply, Gone):
            return self._page(self._presenter.gone(reply, languages, request_id), reply.status, reply.showing)
        if isinstance(reply, Moved):
            return self._redirect(f"/c/{reply.showing.session_id}/{reply.page}", status, reply.showing)
        if isinstance(reply, Left):
            assert reply.result.url is not None
            return self._redirect(reply.result.url, status, reply.showing, _AFTER_LEAVING)
        if isinstance(reply, Finished):
            return self._finished(call, reply, status)
        view = self._presenter.page(reply, request_id)
        return self._page(view, _status_of(reply, view), reply.showing)

    def _finished(self, call: Call, reply: Finished, status: int) -> Answer:
        """After a form go to the last page, so that a reload does not post; there, show it."""
        if status == 303:
            return self._redirect(f"/c/{reply.showing.session_id}/done", status, reply.showing, _AFTER_DONE)
        view = self._presenter.done(reply.showing, reply.result, call.request_id)
        return self._page(view, 200, reply.showing, lasts=_AFTER_DONE)

    def _redirect(self, url: str, status: int, showing: Showing, lasts: int | None = None) -> Answer:
        headers = ((b"location", url.encode("ascii")), *_HEADERS, *self._hsts(), *self._set_cookie(showing, lasts))
        return Answer(b"", status, _HTML, headers)

    def _page(
        self,
        view: views.Page,
        status: int,
        showing: Showing | None = None,
        more: tuple[tuple[bytes, bytes], ...] = (),
        *,
        lasts: int | None = None,
    ) -> Answer:
        nonce = secrets.token_urlsafe(16)
        policy = content_policy(nonce, form_action(showing.record.request) if showing else "'self'")
        headers = ((b"content-security-policy", policy.encode("ascii")), *_HEADERS, *self._hsts(), *more)
        if showing:
            headers = (*headers, *self._set_cookie(showing, lasts))
        return Answer(self._pages.render(view, nonce=nonce), status, _HTML, headers)

    def _hsts(self) -> tuple[tuple[bytes, bytes], ...]:
        return ((b"strict-transport-security", b"max-age=31536000"),) if self._https else ()

    def _cookie_name(self, session_id: str) -> str:
        """One cookie for each run: two tabs do not meet. The prefix forbids any other host to set it."""
        return f"{'__Host-' if self._https else ''}connect-{session_id}"

    def _cookie(self, call: Call, session_id: str) -> Secret | None:
        wanted = self._cookie_name(session_id)
        for header in call.header(b"cookie"):
            for pair in header.decode("latin-1").split(";"):
                name, _, value = pair.strip().partition("=")
                if name == wanted:
                    return Secret(value)
        return None

    def _set_cookie(self, showing: Showing, lasts: int | None = None) -> tuple[tuple[bytes, bytes], ...]:
        """Hand out a new cookie; at the end of a run, let the one the browser has go after `lasts` seconds."""
        if not showing.fresh and lasts is None:
            return ()
        rules = f"Path=/; Max-Age={lasts or int(WHOLE_LIFE.total_seconds())}; HttpOnly; SameSite=Lax"
        name = self._cookie_name(showing.session_id)
        cookie = f"{name}={showing.cookie.reveal()}; {rules}{'; Secure' if self._https else ''}"
        return ((b"set-cookie", cookie.encode("ascii")),)


def form_action(request: Request) -> str:
    """Return the sources a run's forms may lead to: Chromium also checks the redirect after the form."""
    if not request.redirect_uri:
        return "'self'"
    place = origin_of(request.redirect_uri) or f"{urlsplit(request.redirect_uri).scheme}:"
    return f"'self' {place}"


def routes(handlers: ConnectHandlers) -> tuple[Route, ...]:
    """Return the rows of the route table. The one POST takes a form."""
    gets = (
        ("/oauth/authorize", handlers.authorize, "authorize", "Connect: where an owner approves, page by page."),
        ("/oauth/reauthenticate", handlers.reauthenticate, "reauthenticate", "Connect: repair one connection."),
        ("/battery-capacity", handlers.battery, "battery_capacity_page", "Connect: pick a battery size."),
        ("/v2/redirect", handlers.redirect, "redirect_page", "Hands a result to the window that opened Connect."),
        ("/v2/redirect.js", handlers.redirect_js, "redirect_script", "The script of that page."),
        ("/login", handlers.out_of_order, "login_out_of_order", "A page that only exists within a run of Connect."),
        ("/grant", handlers.out_of_order, "grant_out_of_order", "A page that only exists within a run of Connect."),
        ("/c/{session}/{page}", handlers.show, "connect_page", "One page of a run of Connect."),
    )
    rows = [
        Route("GET", path, handler, name, summary, door=None, tag="connect") for path, handler, name, summary in gets
    ]
    posted = Route(
        *("POST", "/c/{session}/{page}", handlers.act, "connect_form"),
        summary="The form of one page of a run of Connect.",
        door=None,
        tag="connect",
        form=True,
    )
    return (*rows, posted)


def _status_of(reply: Screen, view: views.Page) -> int:
    if isinstance(view, views.Failed):
        return view.status
    return 429 if reply.error == "wait" else 422 if reply.error else 200


def _from_own_page(call: Call) -> bool:
    """Tell whether a post came from a page of ours. `null` is what a browser sends for pages without a referrer; the
    form's token decides then.
    """
    site = call.header(b"sec-fetch-site")
    if site and site[0] not in {b"same-origin", b"none"}:
        return False
    origin, host = call.header(b"origin"), call.header(b"host")
    if not origin or origin[0] == b"null":
        return True
    return bool(host) and urlsplit(origin[0].decode("latin-1")).netloc.encode("latin-1") == host[0]


def _visitor(call: Call) -> Visitor:
    return Visitor(call.address, _languages(call))


def _languages(call: Call) -> tuple[str, ...]:
    """Return the language tags a browser wants, best first."""
    found = []
    for header in call.header(b"accept-language")[:1]:
        for part in header[:500].decode("latin-1").split(","):
            tag = _TAG.fullmatch(part)
            if tag:
                found.append((-float(tag[2] or 1), tag[1]))
    return tuple(tag for _, tag in sorted(found, key=lambda pair: pair[0]))[:20]
