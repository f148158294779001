"""The flow of Connect: which page follows which, and what a form on each of them does.

Every request reads the session, works on it, and writes it if nobody else has written meanwhile; else it begins
again, with what a source has answered it already. That way a form sent twice has one effect and gets one answer, and a
source hears of each form once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final

import msgspec

from carwire.core.errors import CarwireError
from carwire.core.signals.reading import Problem
from carwire.core.sources import Question, SignedIn
from carwire.kit.secrets import Secret
from carwire.services.connect import outcomes
from carwire.services.connect.approving import Approving
from carwire.services.connect.binding import is_form_token
from carwire.services.connect.brands import find_country
from carwire.services.connect.garage import grantable
from carwire.services.connect.record import PAGES, Event, Page, Record, Vault
from carwire.services.connect.repeats import Given, Repeats
from carwire.services.connect.replies import Finished, Form, Gone, Left, Moved, Reply, Run, Screen, Visitor
from carwire.services.connect.request import Request
from carwire.services.connect.sessions import TouchedMeanwhile, result_of
from carwire.services.connect.signing_in import ALLOW, SigningIn
from carwire.services.connect.starting import Starting
from carwire.services.connect.tools import Tools

ORDER: Final = "This page cannot be opened now."  # what a page out of order says, and its way out repeats
_IN_FLIGHT: Final = timedelta(seconds=2)  # an approval is written by then, or never
_TRIES: Final = 12
_PAUSE_S: Final = 0.05
_BACK: Final[dict[Page, tuple[str, str]]] = {
    "no-vehicles": outcomes.NO_VEHICLES,
    "no-subscription": outcomes.SUBSCRIPTION,
}
_Action = Callable[[Run, Form, Visitor], Awaitable[Reply]]


class ConnectService:
    """Answers browsers. Every reply tells what to show or where to go; the edge makes pages of it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._sessions = tools.sessions
        self._approving = Approving(tools)
        self._signing_in = SigningIn(tools, self._approving)
        self._repeats = Repeats(tools.clock)
        self.starting: Final = Starting(tools, self._approving)
        self._actions = self._table()

    @property
    def tools(self) -> Tools:
        """What the flow works with."""
        return self._tools

    async def show(self, session_id: str, page: str, cookie: Secret | None) -> Reply:
        """Show a page of a run, if the owner has come that far."""
        run = await self._sessions.find(session_id, cookie)
        if isinstance(run, Gone):
            return run
        if run.session.closed:
            result = result_of(run)
            last = page == "done" and result.url is None
            return Finished(run.showing, result) if last else Gone("finished", 410, run.showing)
        if run.stale:
            return Gone("other_browser", 403)
        if self._sessions.expired(run):
            return Gone("expired", 410, run.showing)
        known = _page(page)
        if known == "error" and (run.record.mistake or run.record.broken):
            return Screen(showing=run.showing, page="error")
        if known is None or known not in run.record.trail:
            return Gone("order", 400, run.showing)
        if not _has_its_data(run, known):
            return Moved(run.showing, run.record.page)
        await self._sessions.touch(run)
        return Screen(showing=run.showing, page=known)

    async def act(self, session_id: str, page: str, cookie: Secret | None, form: Form, visitor: Visitor) -> Reply:
        """Take a form. Sent again to a run that has ended, it gets the same result again."""
        name = self._repeats.name(session_id, page, cookie, form)
        given = self._repeats.given(name)
        again = await self._again(given) if given else None
        if again is not None:
            return again
        work = partial(self._take, session_id, page, cookie, form, visitor, name=name)
        return await self._repeats.once(name, work)

    async def _again(self, given: Given) -> Reply | None:
        """Answer a form that was answered a short time ago: where its run is now, with the cookie it led to. Null when
        that cookie has been replaced or taken back.
        """
        run = await self._sessions.find(given.session_id, given.cookie)
        if isinstance(run, Gone):
            return None
        run.fresh = not run.stale
        if run.session.closed:
            return _ended(run)
        return None if run.stale else Moved(run.showing, run.record.page)

    async def _take(
        self, session_id: str, page: str, cookie: Secret | None, form: Form, visitor: Visitor, *, name: bytes
    ) -> Reply:
        """Work on a form until it fits what is stored. A cookie that was written on the way is the browser's."""
        shown, fresh, told = cookie, False, dict[str, SignedIn | Question | Problem]()
        run: Run | Gone | None = None
        for _ in range(_TRIES):
            run = await self._sessions.find(session_id, cookie)
            if isinstance(run, Gone):
                return run
            if shown is None or not is_form_token(shown, form.one("csrf")):
                return Gone("order", 403)
            run.fresh, run.told = fresh, told
            try:
                return self._remembered(name, await self._act(run, page, form, visitor))
            except TouchedMeanwhile:
                await asyncio.sleep(_PAUSE_S)
            finally:
                if run.fresh and self._sessions.is_kept(run):
                    cookie, fresh = run.cookie, True
                    self._repeats.keep(name, session_id, cookie)
        return Gone("order", 409, run.showing if fresh and run else None)

    def _remembered(self, name: bytes, reply: Reply) -> Reply:
        """Note the cookie of a session that a form has begun anew."""
        if isinstance(reply, Moved) and reply.showing.fresh:
            self._repeats.keep(name, reply.showing.session_id, reply.showing.cookie)
        return reply

    async def fail(self, session_id: str, cookie: Secret | None) -> Gone:
        """Note that something of ours broke, so that the way out says so, if that can still be written."""
        try:
            run = await self._sessions.find(session_id, cookie)
            if isinstance(run, Gone) or run.session.closed:
                return Gone("server", 500)
            if run.stale:
                self._sessions.take_back(run)
            run.update(broken=True)
            await self._sessions.save(run)
        except CarwireError:
            return Gone("server", 500)
        return Gone("server", 500, run.showing)

    async def _act(self, run: Run, page: str, form: Form, visitor: Visitor) -> Reply:
        if run.session.closed:
            return _ended(run)
        if self._sessions.expired(run):
            return await self._restart(run, form) if not run.stale else Gone("expired", 410)
        do = form.one("do")
        if run.stale:
            if self._sessions.rotated_within(run, _IN_FLIGHT):
                raise TouchedMeanwhile  # the same form came just before, and its approval is about to be there
            self._sessions.take_back(run)  # it never came to be, and the browser never got the other cookie
        if do == "exit":
            return await self._exit(run, page)
        known = _page(page)
        if known is None or known not in run.record.trail:
            return Gone("order", 400, run.showing)
        if do == "back":
            return await self._back(run, known, form)
        action = self._actions.get((known, do)) or self._actions.get((known, ""))
        reply = await action(run, form, visitor) if action else Moved(run.showing, known)
        return await self._saved(run, reply)

    async def _saved(self, run: Run, reply: Reply) -> Reply:
        """Write what an action has changed; what ends a run has been written with its end."""
        if not run.changed or isinstance(reply, Left | Finished):
            return reply
        await self._sessions.save(run)
        if isinstance(reply, Screen | Moved):
            return msgspec.structs.replace(reply, showing=run.showing)
        return reply

    async def _restart(self, run: Run, form: Form) -> Reply:
        """Begin again with the same request, in a session of its own."""
        if form.one("do") != "restart":
            return Gone("expired", 410, run.showing)
        old = run.record
        record = Record(
            request=old.request,
            opened_at=self._tools.clock(),
            application=run.application.name,
            country=old.country,
            wanted=old.wanted,
            language=old.language,
            make=old.make if old.request.vehicle_id else None,
            source=old.source if old.request.vehicle_id else None,
            events=(Event(self._tools.clock(), "opened"),),
        )
        if old.request.redirect_uri and old.request.redirect_uri not in run.application.redirect_uris:
            return Gone("order", 400)
        new = await self._sessions.open(run.application, record)
        return Moved(new.showing, "welcome")

    async def _exit(self, run: Run, page: str) -> Reply:
        """Leave from a page that told of an error."""
        self._sessions.note(run, "exited", page[:20])
        if run.record.mistake:
            return await self._approving.end(run, outcomes.misconfigured(run.record.mistake.text))
        if run.record.broken:
            return await self._approving.end(run, outcomes.failed(outcomes.SERVER))
        return await self._approving.end(run, outcomes.misconfigured(ORDER))

    async def _back(self, run: Run, page: Page, form: Form) -> Reply:
        """Leave from a page on the way; what the page tells is the outcome."""
        self._sessions.note(run, "exited", page)
        if page == "incompatible":
            shared = next((car for car in run.vault.source_cars() if car.problem), None)
            return await self._approving.end(run, outcomes.incompatible(shared if form.one("share") == "yes" else None))
        return await self._approving.end(run, outcomes.failed(_BACK.get(page, outcomes.RETURNED)))

    def _table(self) -> dict[tuple[Page, str], _Action]:
        sign, approving = self._signing_in, self._approving

        async def answer(run: Run, form: Form, visitor: Visitor) -> Reply:
            return await sign.answer(run, "check", form.secrets.get("answer", Secret("")), visitor)

        async def skip_pin(run: Run, _form: Form, visitor: Visitor) -> Reply:
            pin = run.vault.question is not None and run.vault.question.kind == "pin"
            return await sign.answer(run, "check", None, visitor) if pin else Moved(run.showing, "check")

        async def without(run: Run, _form: Form, visitor: Visitor) -> Reply:
            may = may_continue(run.record.request, run.vault)
            return await sign.answer(run, "permissions", None, visitor) if may else Moved(run.showing, "permissions")

        return {
            ("welcome", "continue"): self._continue,
            ("welcome", "locale"): self._locale,
            ("brand", ""): self._brand,
            ("brand", "search"): self._search,
            ("brand", "missing"): self._missing,
            ("sign-in", "sign-in"): sign.sign_in,
            ("sign-in", "other-brand"): self._other_brand,
            ("check", "answer"): answer,
            ("check", "skip"): skip_pin,
            ("permissions", "fix"): lambda run, _f, v: sign.answer(run, "permissions", Secret(ALLOW), v),
            ("permissions", "continue"): without,
            ("no-vehicles", "retry"): lambda run, _f, _v: sign.retry(run, "no-vehicles"),
            ("no-subscription", "retry"): lambda run, _f, _v: sign.retry(run, "no-subscription"),
            ("incompatible", "other-brand"): self._other_brand,
            ("grant", "approve"): lambda run, form, _: approving.approve(run, form),
            ("grant", "search"): lambda run, form, _: approving.turn(run, form),
            ("grant", ""): lambda run, form, _: approving.turn(run, form),
            ("grant", "deny"): lambda run, _f, _v: approving.deny(run),
            ("battery", "choose"): lambda run, form, _: approving.choose_capacity(run, form),
            ("battery", "unknown"): lambda run, _f, _v: approving.skip_capacity(run),
            ("battery", "skip"): lambda run, _f, _v: approving.skip_capacity(run),
            ("key", "done"): lambda run, _f, _v: approving.done_at_car(run),
        }

    async def _continue(self, run: Run, _form: Form, _visitor: Visitor) -> Reply:
        """Go to the sign-in of the brand that is known already, else to the list of brands."""
        self._sessions.note(run, "continued")
        request, brands = run.record.request, self._tools.brands
        if request.vehicle_id:
            return self._sessions.move(run, "welcome", "sign-in")
        make = brands.of_vin(request.vin, self._tools.clock()) if request.vin else request.make
        if make is None:
            return self._sessions.move(run, "welcome", "brand")
        source = brands.offered(request.mode, run.record.country).get(make)
        if source is None:
            run.update(notice=make)
            return self._sessions.move(run, "welcome", "brand")
        run.update(make=make, source=source)
        run.keep(Vault())
        return self._sessions.move(run, "welcome", "sign-in")

    async def _locale(self, run: Run, form: Form, _visitor: Visitor) -> Reply:
        country = find_country(form.one("country")) or run.record.country
        language = form.one("language")[:20] or run.record.language
        run.update(country=country, language=language)
        return self._sessions.move(run, "welcome", "welcome")

    async def _brand(self, run: Run, form: Form, _visitor: Visitor) -> Reply:
        make = self._tools.brands.find(form.one("make")[:40]) if form.one("make") else None
        source = self._tools.brands.offered(run.record.request.mode, run.record.country).get(make or "")
        if make is None or source is None:
            return Moved(run.showing, "brand")
        run.update(make=make, source=source, notice=None, why=None)
        run.keep(Vault())
        self._sessions.note(run, "brand_selected", make)
        return self._sessions.move(run, "brand", "sign-in")

    async def _search(self, run: Run, form: Form, _visitor: Visitor) -> Reply:
        self._sessions.note(run, "brand_searched")
        return Screen(showing=run.showing, page="brand", search=form.one("search")[:60])

    async def _missing(self, run: Run, _form: Form, _visitor: Visitor) -> Reply:
        run.update(why="brand", make=None, source=None)
        run.keep(Vault())
        return self._sessions.move(run, "brand", "incompatible")

    async def _other_brand(self, run: Run, _form: Form, _visitor: Visitor) -> Reply:
        if not may_choose_brand(run.record.request):
            return Moved(run.showing, run.record.page)
        run.keep(Vault())
        trail = tuple(page for page in run.record.trail if page == "welcome")
        run.update(trail=(*trail, "brand"), why=None)
        return Moved(run.showing, "brand")


def _ended(run: Run) -> Reply:
    result = result_of(run)
    return Left(run.showing, result) if result.url else Finished(run.showing, result)


def may_choose_brand(request: Request) -> bool:
    """Tell whether the owner may pick another brand: not where one particular car is wanted."""
    return request.kind == "authorize" and request.vin is None


def may_continue(request: Request, vault: Vault) -> bool:
    """Tell whether a run may go on without what the owner kept back at the maker."""
    lacking = vault.question.lacking if vault.question else ()
    return not request.required & set(lacking) and bool(grantable(request, lacking))


def _page(text: str) -> Page | None:
    return next((page for page in PAGES if page == text), None)


def _has_its_data(run: Run, page: Page) -> bool:
    """Tell whether a page of the trail can still be shown: a question that was answered cannot."""
    if page in {"check", "permissions"}:
        asked = run.vault.question
        return asked is not None and (asked.kind == "permissions") is (page == "permissions")
    if page in {"grant", "key"}:
        return run.vault.session is not None
    return page != "battery" or bool(run.vault.sizes) or run.record.request.kind == "battery"
