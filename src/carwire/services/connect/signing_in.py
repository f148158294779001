"""Signing in at the source: credentials, questions in between, and what the account turns out to hold.

A password, a code or a PIN is in the form that brought it and in the call to the source, nowhere else.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire.core.grants import Principal
from carwire.core.ports import Source
from carwire.core.signals.reading import Problem
from carwire.core.sources import Login, Question, SignedIn
from carwire.kit.addresses import client_key
from carwire.kit.secrets import Secret
from carwire.services.connect.approving import Approving
from carwire.services.connect.garage import grantable, look_through
from carwire.services.connect.record import Asked, Page, Vault
from carwire.services.connect.replies import Form, Moved, Reply, Run, Screen, Visitor
from carwire.services.connect.request import bad_value
from carwire.services.connect.throttle import MAX_FAILURES, WAIT_S, Throttle
from carwire.services.connect.tools import Tools

ALLOW: Final = "allow"  # the answer to a question about permissions, once the owner has been at the maker's
_ENDS: Final[dict[str, Page]] = {
    "CONNECTED_SERVICES_ACCOUNT:NO_VEHICLES": "no-vehicles",
    "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING": "no-vehicles",
    "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION": "no-subscription",
}


class SigningIn:
    """The pages from the sign-in to what the account holds."""

    def __init__(self, tools: Tools, approving: Approving) -> None:
        self._tools = tools
        self._sessions = tools.sessions
        self._approving = approving
        self._by_address = Throttle(tools.limits.sign_ins_by_address)
        self._by_application = Throttle(tools.limits.sign_ins_by_application)
        self._failed_by_account = Throttle(tools.limits.failures_by_account, most_s=0)
        self._failed_by_address = Throttle(tools.limits.failures_by_address, most_s=0)

    async def sign_in(self, run: Run, form: Form, visitor: Visitor) -> Reply:
        """Try credentials. A wrong one, a missing one and too many keep the owner on the page."""
        username = form.one("username").strip()
        password = form.secrets.get("password", Secret(""))
        source, now = self._source(run), self._tools.clock()
        if source is None:
            return self._sessions.move(run, "sign-in", "brand")
        if not username or not password.reveal():
            return self._stay(run, "missing", username)
        account = self._tools.account_digest(source.name, username.casefold())
        name = f"sign-in {source.name} {run.record.make}"
        if not run.told:
            wait = await self._hold_up(run, visitor, now) or self._try(visitor, account)
            if wait:
                return self._stay(run, "wait", username, wait)
            found = await source.sign_in(Login(username, password, run.record.make), now=now)
            run.told[name] = self._judged(found, visitor, account)
        elif name not in run.told:  # another brand was chosen meanwhile
            return Moved(run.showing, run.record.page)
        self._sessions.note(run, "login_submitted")
        return await self._take(run, "sign-in", run.told[name], source, account=account, username=username)

    async def answer(self, run: Run, at: Page, answer: Secret | None, visitor: Visitor) -> Reply:
        """Answer a question of the source; null skips it."""
        source, question = self._source(run), run.vault.question
        if source is None or question is None:
            return Moved(run.showing, run.record.page)
        if answer is not None and not answer.reveal().strip():
            return Screen(showing=run.showing, page=at, error="missing")
        if not run.told:
            wait = _left_s(run.record.wait_until, self._tools.clock())
            wait = wait or (self._try(visitor, question.account) if answer else 0)
            if wait:
                return Screen(showing=run.showing, page=at, error="wrong", wait_seconds=wait)
            found = await source.answer(Secret(question.state), answer, now=self._tools.clock())
            run.told[question.state] = self._judged(found, visitor, question.account) if answer else found
        elif question.state not in run.told:  # another question is waiting meanwhile
            return Moved(run.showing, run.record.page)
        return await self._take(run, at, run.told[question.state], source, account=question.account, username="")

    async def retry(self, run: Run, at: Page) -> Reply:
        """Look into the account again; without a session, sign in again."""
        source = self._source(run)
        if source is None or run.vault.session is None:
            return self._sessions.move(run, at, "sign-in")
        cars = await source.cars(Secret(run.vault.session), now=self._tools.clock())
        if isinstance(cars, Problem):
            return self._end(run, at, cars, "")
        run.keep(run.vault.with_cars(cars))
        return await self._look_through(run, at)

    def _source(self, run: Run) -> Source | None:
        return self._tools.sources.get(run.record.source or "")

    def _stay(self, run: Run, error: str, username: str, wait_seconds: int = 0) -> Screen:
        return Screen(showing=run.showing, page="sign-in", error=error, username=username, wait_seconds=wait_seconds)

    async def _hold_up(self, run: Run, visitor: Visitor, now: datetime) -> int:
        """Return in how many seconds to come again; 0 after having held up whoever comes often."""
        wait = _left_s(run.record.wait_until, now)
        if wait:
            return wait
        holds = (
            self._by_address.count(client_key(visitor.address), now),
            self._by_application.count(run.record.request.client_id, now),
        )
        stopped = [hold.seconds for hold in holds if hold.stop]
        if stopped:
            return math.ceil(max(stopped)) or 1
        if seconds := max(hold.seconds for hold in holds):
            await self._tools.sleep(seconds)
        return 0

    def _try(self, visitor: Visitor, account: bytes) -> int:
        """Count a try as a failure before anybody is asked, so that many at once do not pass the limit together.

        Return 0, or in how many seconds to come again. `_judged` gives back what was none.
        """
        now, address = self._tools.clock(), client_key(visitor.address)
        holds = self._failed_by_account.look(account, now), self._failed_by_address.look(address, now)
        stopped = [hold.seconds for hold in holds if hold.stop]
        if stopped:
            return math.ceil(max(stopped)) or 1
        self._failed_by_account.count(account, now)
        self._failed_by_address.count(address, now)
        return 0

    def _judged(
        self, found: SignedIn | Question | Problem, visitor: Visitor, account: bytes
    ) -> SignedIn | Question | Problem:
        """Return what a source said, after giving back the try unless it was wrong."""
        refused = isinstance(found, Problem) and found.code == "AUTHENTICATION_FAILED"
        if not refused and not (isinstance(found, Question) and found.wrong):
            now = self._tools.clock()
            self._failed_by_account.give_back(account, now)
            self._failed_by_address.give_back(client_key(visitor.address), now)
        return found

    async def _take(
        self, run: Run, at: Page, found: SignedIn | Question | Problem, source: Source, *, account: bytes, username: str
    ) -> Reply:
        if isinstance(found, Problem):
            return self._end(run, at, found, username)
        if isinstance(found, SignedIn):
            return await self._signed_in(run, at, found, source)
        return await self._ask(run, at, found, source, account)

    async def _ask(self, run: Run, at: Page, question: Question, source: Source, account: bytes) -> Reply:
        asked = Asked(question.kind, question.state.reveal(), question.picture, question.lacking, account)
        if question.kind == "permissions" and not _wanted(run, question.lacking):  # nothing anybody asks for is missing
            name = f"without {asked.state}"
            if name not in run.told:
                run.told[name] = await source.answer(question.state, None, now=self._tools.clock())
            return await self._take(run, at, run.told[name], source, account=account, username="")
        run.keep(msgspec.structs.replace(run.vault, question=asked))
        if question.wrong:
            self._failed(run, "wrong_answer")
            return Screen(showing=run.showing, page=at, error="wrong", wait_seconds=self._wait_s(run))
        if at == "sign-in":  # the credentials were good: whoever knew the cookie before must not answer
            self._sessions.rotate(run)
        self._sessions.note(run, "extra_check_shown", question.kind)
        return self._sessions.move(run, at, "permissions" if question.kind == "permissions" else "check")

    async def _signed_in(self, run: Run, at: Page, found: SignedIn, source: Source) -> Reply:
        vault = Vault(
            session=found.session.reveal(),
            account_digest=self._tools.account_digest(source.name, found.account.reveal()),
            lacking=found.lacking,
        )
        run.keep(vault.with_cars(found.cars))
        run.update(failures=0, wait_until=None, left_out=(), unticked=(), grant_page=1, grant_search="")
        self._sessions.rotate(run)
        self._sessions.note(run, "vehicles_found", len(found.cars))
        return await self._look_through(run, at)

    async def _look_through(self, run: Run, at: Page) -> Reply:
        if run.record.request.kind != "authorize":
            return await self._repair(run, at)
        rules = run.application.rules
        found = look_through(run.vault, run.record.request, block_incapable=rules.block_incapable)
        run.update(why=found.why)
        if found.page != "grant":
            return self._sessions.move(run, at, found.page)
        left_out = found.usable[1:] if run.record.request.single else ()
        run.update(chosen=found.usable, left_out=left_out)
        approved = await self._approving.known_already(run, found.usable)
        if approved is not None:
            return approved
        self._sessions.note(run, "grant_shown")
        return self._sessions.move(run, at, "grant")

    async def _repair(self, run: Run, at: Page) -> Reply:
        """Put the sign-in in the place of the one a connection has, if it is the same account with the same car."""
        request = run.record.request
        assert request.vehicle_id is not None
        vehicle = await self._tools.store.reach(Principal(request.client_id), request.vehicle_id)
        if vehicle is None:
            run.update(mistake=bad_value("vehicle_id", request.vehicle_id))
            return Moved(run.showing, "error")
        has_it = any(car.vin == vehicle.car.vin for car in run.vault.cars)
        owner = await self._tools.known_owner(run)
        if not has_it or owner is None or owner.id != vehicle.user_id:
            run.update(why="not_in_account")
            return self._sessions.move(run, at, "incompatible")
        return await self._approving.repair(run, at, vehicle)

    def _end(self, run: Run, at: Page, problem: Problem, username: str) -> Reply:
        """Show what a problem of the source means to an owner."""
        if problem.code == "AUTHENTICATION_FAILED":
            self._failed(run, "credentials")
            return self._stay_at(run, at, "credentials", username)
        self._sessions.note(run, "login_failed", problem.kind)
        if problem.kind in _ENDS:
            return self._sessions.move(run, at, _ENDS[problem.kind])
        if problem.type == "COMPATIBILITY":
            run.update(why="car")
            return self._sessions.move(run, at, "incompatible")
        if problem.type == "RATE_LIMIT" or problem.code == "RATE_LIMIT":
            return self._stay_at(run, at, "wait", username, math.ceil(problem.retry_after or WAIT_S))
        if problem.type in {"UPSTREAM", "CONNECTED_SERVICES_ACCOUNT"}:
            return self._stay_at(run, at, "maker_down", username)
        run.update(broken=True)
        return Moved(run.showing, "error")

    def _stay_at(self, run: Run, at: Page, error: str, username: str, wait_seconds: int = 0) -> Reply:
        """Stay on the sign-in; from a page behind it, where credentials cannot be shown, go back there."""
        if at != "sign-in":
            run.update(trail=run.record.trail[: run.record.trail.index("sign-in") + 1])
        return self._stay(run, error, username, wait_seconds or self._wait_s(run))

    def _failed(self, run: Run, why: str) -> None:
        failures = run.record.failures + 1
        until = self._tools.clock() + timedelta(seconds=WAIT_S) if failures >= MAX_FAILURES else None
        self._sessions.note(run, "login_failed", why)
        run.update(failures=failures, wait_until=until)

    def _wait_s(self, run: Run) -> int:
        return _left_s(run.record.wait_until, self._tools.clock())


def _left_s(until: datetime | None, now: datetime) -> int:
    return max(0, math.ceil((until - now).total_seconds())) if until else 0


def _wanted(run: Run, lacking: tuple[str, ...]) -> bool:
    return bool(set(lacking) & set(grantable(run.record.request, ())))
