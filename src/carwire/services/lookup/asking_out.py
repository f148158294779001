"""Asking external services, in the operator's order: within the day's cost, from what is kept where that is young.

A service that fails is passed over and costs what was spent; the next one is asked. What they say is treated like a
register of the service's own name, so that every fact keeps its provenance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final, Protocol

import msgspec
import structlog

from carwire.core.lookup.ports import ProviderStore, ServiceFailed
from carwire.core.lookup.refusal import LookupRefused
from carwire.core.lookup.regions import Region
from carwire.core.lookup.registers import Entry, Link
from carwire.core.usage import day_of
from carwire.kit.clock import Clock

_log = structlog.get_logger("carwire.lookup")
MILLIONTHS: Final = 1_000_000


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator has agreed with a service, and for which regions and questions."""

    name: str
    regions: frozenset[str]
    by_vin: bool
    by_plate: bool
    cost: float = 0.0
    most_per_day: float | None = None
    keep: timedelta = timedelta(hours=24)


class Answering(Protocol):
    """A service: its terms, how it is asked, and what its answers say."""

    @property
    def terms(self) -> Terms:
        """What was agreed."""

    @property
    def ask(self) -> Callable[[dict[str, str]], Any]:
        """Ask it; null where it knows no such car. Raises `ServiceFailed`."""

    @property
    def entry(self) -> Callable[[Any, str, Link, str | None, date], Entry | None]:
        """Make an entry of an answer."""


class Outside:
    """`carwire.services.lookup.finding.Asked` over services in order."""

    def __init__(self, store: ProviderStore, services: Sequence[Answering], clock: Clock) -> None:
        self._store = store
        self._services = services
        self._clock = clock

    def serves(self, region: Region) -> bool:
        """Tell whether there is one for a region."""
        return any(region.code in service.terms.regions for service in self._services)

    async def ask(self, region: Region, vin: str | None, plate: str | None, state: str | None) -> list[Entry]:
        """Return what the first service says that knows the car.

        Raises `LookupRefused` when it is a plate, nobody knows it, and a service that might have could not be asked.
        """
        failed = False
        for service in self._services:
            terms = service.terms
            if region.code not in terms.regions or not (terms.by_vin if vin else terms.by_plate):
                continue
            try:
                body = await self._body(service, region, vin, plate, state)
            except ServiceFailed as error:
                _log.warning("lookup_service_failed", service=terms.name, error=str(error))
                failed = True
                continue
            entry = None if body is None else service.entry(body, region.code, "LP", vin, self._clock().date())
            if entry is not None:
                return [entry]
        if failed and vin is None:
            raise LookupRefused("source_unavailable", "No service that knows plates could be asked", retry_after_s=5)
        return []

    async def _body(
        self, service: Answering, region: Region, vin: str | None, plate: str | None, state: str | None
    ) -> Any:
        """Return an answer that is kept, else ask, as far as the day's cost allows."""
        now, terms = self._clock(), service.terms
        subject = sha256(f"{vin or ''}\0{state or ''}\0{plate or ''}".encode()).digest()
        kept = await self._store.provided(terms.name, region.code, subject, now)
        if kept is not None:
            return msgspec.json.decode(kept)
        most = None if terms.most_per_day is None else round(terms.most_per_day * MILLIONTHS)
        if not await self._store.spend_on(terms.name, day_of(now), round(terms.cost * MILLIONTHS), most):
            raise ServiceFailed("the day's cost is spent")
        values = {"region": region.code, **({"vin": vin} if vin else {"plate": plate or "", "state": state or ""})}
        body = await service.ask(values)
        if terms.keep:
            until = now + terms.keep
            await self._store.keep_provided(terms.name, region.code, subject, msgspec.json.encode(body), until)
        return body
