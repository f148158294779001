"""Runs of Connect in the store: opened, found again by cookie, kept, rotated, closed."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire.core.applications import Application
from carwire.core.errors import CarwireError
from carwire.core.ports import Store
from carwire.core.vehicles import ConnectSession
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher, new_secret
from carwire.services.connect.outcomes import Result
from carwire.services.connect.record import (
    IDLE_LIFE,
    MAX_EVENTS,
    WHOLE_LIFE,
    Event,
    Page,
    Record,
    Vault,
    advance,
    open_vault,
    read_record,
    write,
)
from carwire.services.connect.repeats import TWICE
from carwire.services.connect.replies import Gone, Moved, Run

_TOUCH_AFTER: Final = timedelta(minutes=2)  # looking at pages keeps a session alive, without a write for each look


class TouchedMeanwhile(CarwireError):
    """Another request has changed this session; what was done has to be looked at again."""


class Sessions:
    """Opens and keeps sessions. Only the cookie's digest is stored."""

    def __init__(self, store: Store, hasher: SecretHasher, clock: Clock) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self.new_cookie: Callable[[], Secret] = new_secret

    async def open(self, application: Application, record: Record, vault: Vault | None = None) -> Run:
        """Store a new session, bound to a new cookie."""
        cookie, vault = self.new_cookie(), vault or Vault()
        kept, sealed = write(record, vault)
        session = ConnectSession(
            id=new_id(),
            client_id=application.client_id,
            cookie_digest=self._hasher.hash(cookie),
            record=kept,
            secret=sealed,
            version=1,
            expires_at=_expiry(record, self._clock()),
        )
        await self._store.open_session(session)
        run = Run(session, record, vault, application, cookie)
        run.fresh = True
        return run

    async def find(self, session_id: str, cookie: Secret | None) -> Run | Gone:
        """Return the session, for the browser whose cookie it is; nothing of it for any other.

        The cookie that an approval has replaced still gets the result for a short time; one from before a sign-in is
        as good as none.
        """
        known = len(session_id) == 36 and session_id.isascii() and session_id.isprintable()
        session = await self._store.session(session_id) if known else None
        if session is None:
            return Gone("expired", 404)
        application = await self._store.find(session.client_id)
        vault = open_vault(session.secret)
        record = read_record(session.record, vault)
        digest = self._hasher.hash(cookie) if cookie else b""
        current = hmac.compare_digest(digest, session.cookie_digest)
        replaced = bool(record.previous) and hmac.compare_digest(digest.hex(), record.previous or "")
        if cookie is None or not (current or replaced):
            return Gone("other_browser", 403)
        if application is None:
            return Gone("expired", 404)
        run = Run(session, record, vault, application, cookie)
        run.stale = not current
        if run.stale and session.closed and not self.rotated_within(run, TWICE):
            return Gone("other_browser", 403)
        return run

    def expired(self, run: Run) -> bool:
        """Tell whether a session has lain idle for too long, or lasted too long."""
        return self._clock() >= run.session.expires_at

    def rotate(self, run: Run, *, repeatable: bool = False) -> None:
        """Give the browser another cookie: whoever knew the old one is left behind, unless what it is given for may be
        repeated with it. A cookie that is new already stays.
        """
        if run.fresh:
            return
        previous = self._hasher.hash(run.cookie).hex() if repeatable else None
        run.update(previous=previous, rotated_at=self._clock() if repeatable else None)
        run.cookie, run.fresh = self.new_cookie(), True

    def take_back(self, run: Run) -> None:
        """Make the cookie valid again that an approval replaced which never came to be."""
        run.stale = False
        run.update(previous=None, rotated_at=None)

    def is_kept(self, run: Run) -> bool:
        """Tell whether the cookie of a run is the stored one."""
        return hmac.compare_digest(self._hasher.hash(run.cookie), run.session.cookie_digest)

    def rotated_within(self, run: Run, span: timedelta) -> bool:
        """Tell whether the last rotation was that short a time ago."""
        return run.record.rotated_at is not None and self._clock() - run.record.rotated_at <= span

    def note(self, run: Run, name: str, detail: str | int | None = None) -> None:
        """Add an event to the record; the oldest ones go when there are too many."""
        events = (*run.record.events, Event(self._clock(), name, detail))
        run.update(events=events[-MAX_EVENTS:])

    def move(self, run: Run, at: Page, to: Page) -> Moved:
        """Go from one page of the trail to another."""
        run.update(trail=advance(run.record.trail, at, to))
        return Moved(run.showing, to)

    async def save(self, run: Run, *, closed: bool = False) -> None:
        """Store the session. Raises `TouchedMeanwhile` when somebody else did since it was read."""
        record, sealed = write(run.record, run.vault)
        session = msgspec.structs.replace(
            run.session,
            cookie_digest=self._hasher.hash(run.cookie),
            record=record,
            secret=sealed,
            version=run.session.version + 1,
            expires_at=_expiry(run.record, self._clock()),
            closed=closed,
        )
        if not await self._store.save_session(session):
            raise TouchedMeanwhile
        run.session, run.changed = session, False

    async def touch(self, run: Run) -> None:
        """Put off the end of an idle session; when somebody else writes at the same time, that did it."""
        if _expiry(run.record, self._clock()) - run.session.expires_at >= _TOUCH_AFTER:
            try:
                await self.save(run)
            except TouchedMeanwhile:
                return

    async def close(self, run: Run, result: Result) -> None:
        """End the session without an approval: nothing of the owner stays but the result."""
        run.keep(Vault(result=result))
        await self.save(run, closed=True)


def result_of(run: Run) -> Result:
    """Return how a closed session ended."""
    return run.vault.result or Result()


def _expiry(record: Record, now: datetime) -> datetime:
    return min(now + IDLE_LIFE, record.opened_at + WHOLE_LIFE)
