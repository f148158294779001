"""The seams: what the middle needs from the outside, as small protocols. Adapters fulfil them, `carwire.app` joins
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from carwire.core.applications import Application
from carwire.core.commands import Arguments, Outcome
from carwire.core.signals.reading import Problem, Snapshot
from carwire.core.sources import Costs, Login, SourceCar
from carwire.core.vin.decode import Decoded, Identity


class VinDecoder(Protocol):
    """Decodes normalised VINs of 1 to 17 characters through vPIC tables. Pure: `now` bounds years and publication
    dates.
    """

    data: str  # names the tables and their month

    def decode(self, vin: str, *, now: datetime) -> Decoded:
        """Return every field with its source."""

    def identify(self, vin: str, *, now: datetime) -> Identity:
        """Return only what identifies the car: cheaper than `decode`, same values."""


class ApplicationStore(Protocol):
    """Keeps applications. Secrets come and go as digests only."""

    def add(self, application: Application) -> None:
        """Store a new application."""

    def find(self, client_id: str) -> Application | None:
        """Return the application with this client id, or null."""

    def replace(self, application: Application) -> bool:
        """Store `application` over the one with its client id; false when there is none."""

    def delete(self, client_id: str) -> bool:
        """Delete it; false when there is none."""

    def version(self) -> int:
        """Return a number that changes when the store is written to: at once by us, shortly after by others."""

    def all(self) -> list[Application]:
        """Return every application, oldest first."""


class Source(Protocol):
    """Where vehicle data come from: a maker's service, a bridge in the car, the simulator.

    It reports, once: it does not retry, store or keep a budget, and wakes a car only as its `costs` say.
    """

    @property
    def name(self) -> str:
        """Names the source in readings."""

    @property
    def costs(self) -> Costs:
        """What asking costs its cars."""

    async def cars(self, login: Login, *, now: datetime) -> tuple[SourceCar, ...] | Problem:
        """Return the cars behind a login, or why there are none to show."""

    async def read(self, vin: str, codes: Sequence[str], *, now: datetime) -> Snapshot:
        """Read signals: an answer for every code, in order; one that fails does not spoil the rest."""

    async def command(self, vin: str, name: str, arguments: Arguments, *, now: datetime) -> Outcome:
        """Give a command, once. Raises `InvalidInput` for a command or arguments that do not exist."""
