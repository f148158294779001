"""What the flow answers a browser, in its own words: the edge turns them into pages and redirects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from carwire.core.applications import Application
from carwire.core.signals.reading import Problem
from carwire.core.sources import Question, SignedIn
from carwire.core.vehicles import ConnectSession
from carwire.kit.secrets import Secret
from carwire.services.connect.outcomes import Result
from carwire.services.connect.record import Page, Record, Vault

Lost = Literal["expired", "finished", "order", "other_browser", "server"]


class Visitor(msgspec.Struct, frozen=True):
    """Who is at the other end: the network address, and language tags in order of preference."""

    address: str
    languages: tuple[str, ...] = ()


class Form(msgspec.Struct, frozen=True):
    """A posted form. `secrets` are the fields that may hold a credential, wrapped where they came in."""

    texts: Mapping[str, tuple[str, ...]]
    secrets: Mapping[str, Secret] = {}

    def one(self, name: str) -> str:
        """Return the first value of a field; empty when it is missing."""
        return next(iter(self.texts.get(name, ())), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field."""
        return self.texts.get(name, ())


class Showing(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is made of. `cookie` is the browser's from now on, to be set when `fresh`."""

    session_id: str
    application: Application
    record: Record
    vault: Vault
    cookie: Secret
    fresh: bool = False


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """Show a page. What the owner typed comes back in `username` and `search`, and is kept nowhere."""

    showing: Showing
    page: Page
    error: str | None = None
    wait_seconds: int = 0
    username: str = ""
    search: str = ""


class Moved(msgspec.Struct, frozen=True):
    """Go to another page of the run."""

    showing: Showing
    page: Page


class Left(msgspec.Struct, frozen=True):
    """The run has ended: send the browser away, or to the last page."""

    showing: Showing
    result: Result


class Finished(msgspec.Struct, frozen=True):
    """Show the last page of a run that ends here."""

    showing: Showing
    result: Result


class Gone(msgspec.Struct, frozen=True):
    """There is no page to show. `showing` is there when the browser has proven that the run is its own."""

    what: Lost
    status: int
    showing: Showing | None = None


class Busy(msgspec.Struct, frozen=True):
    """Too many at once: come again after some seconds."""

    seconds: int


Reply = Screen | Moved | Left | Finished | Gone | Busy


class Run:
    """One session while one request works on it.

    `stale` says that the browser showed the cookie that an approval has just replaced. `told` is what a source has
    answered this form already, by question: the form may be begun again, its source is not asked again.
    """

    def __init__(
        self, session: ConnectSession, record: Record, vault: Vault, application: Application, cookie: Secret
    ) -> None:
        self.session = session
        self.record = record
        self.vault = vault
        self.application = application
        self.cookie = cookie
        self.fresh = False
        self.stale = False
        self.changed = False
        self.told: dict[str, SignedIn | Question | Problem] = {}

    def update(self, **values: object) -> None:
        """Change the record."""
        self.record = msgspec.structs.replace(self.record, **values)
        self.changed = True

    def keep(self, vault: Vault) -> None:
        """Replace the vault."""
        self.vault = vault
        self.changed = True

    @property
    def showing(self) -> Showing:
        """What pages and redirects of this run are made of."""
        return Showing(
            session_id=self.session.id,
            application=self.application,
            record=self.record,
            vault=self.vault,
            cookie=self.cookie,
            fresh=self.fresh,
        )
