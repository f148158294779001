"""The lookup part of a server, put together: its services and the rows of the route table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from carwire.connectors.services.mapping import ServiceMapping, entry_of, read_mapping
from carwire.connectors.vpic_facts import VpicFacts
from carwire.core.errors import CannotStart
from carwire.core.lookup.regions import region_of
from carwire.core.lookup.registers import Entry, Link
from carwire.core.ports import Store
from carwire.http.call import Route
from carwire.http.lookup.calls import Gate
from carwire.http.lookup.handlers import LookupHandlers
from carwire.http.lookup.routes import routes
from carwire.http.lookup.tokens import TokenHandlers
from carwire.http.lookup.usage import UsageHandlers
from carwire.kit.clock import Clock
from carwire.kit.secrets import Secret, SecretHasher
from carwire.services.accounts import AccountService
from carwire.services.lookup.asking_out import Outside, Terms
from carwire.services.lookup.finding import LookupService
from carwire.services.lookup.keys import KeyService
from carwire.services.lookup.metering import Meter
from carwire.services.lookup.usage import LookupUsageService


class Lookup(msgspec.Struct, frozen=True):
    """The services of the lookup API."""

    keys: KeyService
    meter: Meter
    usage: LookupUsageService
    finding: LookupService

    async def write(self) -> None:
        """Write down what was counted, noted and decoded; what cannot be is kept, raising `StoreUnavailable`."""
        await self.meter.write()
        await self.finding.write()

    def routes(self, accounts: AccountService, clock: Clock) -> tuple[Route, ...]:
        """Return the rows of the route table."""
        gate = Gate(self.keys, self.meter, clock)
        return routes(
            LookupHandlers(self.finding, gate), UsageHandlers(self.keys, self.usage), TokenHandlers(accounts, self.keys)
        )


class _Service:
    """An external service as the middle asks it."""

    def __init__(self, mapping: ServiceMapping, secret: Secret | None) -> None:
        self._mapping = mapping
        from carwire.connectors.services.http import HttpService  # noqa: PLC0415  # loads a client of HTTP

        self.ask = HttpService(mapping, secret).ask
        self.terms = Terms(
            name=mapping.name,
            regions=frozenset(region.code for code in mapping.regions if (region := region_of(code))),
            by_vin=mapping.vin_url is not None,
            by_plate=mapping.plate_url is not None,
            cost=mapping.cost,
            most_per_day=mapping.most_per_day,
            keep=timedelta(hours=mapping.keep_hours),
        )

    def entry(self, body: Any, region: str, link: Link, vin: str | None, today: date) -> Entry | None:
        """Make an entry of an answer."""
        return entry_of(self._mapping, body, region=region, link=link, vin=vin, today=today)


def services_of(files: str | None, environment: Mapping[str, str]) -> tuple[_Service, ...]:
    """Return the external services that mapping files describe, in their order. Raises `CannotStart`."""
    found = []
    for name in filter(None, (each.strip() for each in (files or "").split(","))):
        mapping = read_mapping(Path(name))
        text = environment.get(mapping.secret_env or "")
        if mapping.secret_env and not text:
            msg = f"the lookup service {mapping.name} needs the variable {mapping.secret_env}"
            raise CannotStart(msg)
        found.append(_Service(mapping, Secret(text) if text else None))
    return tuple(found)


def build_lookup(store: Store, hasher: SecretHasher, clock: Clock, services: str | None = None) -> Lookup:
    """Put the services together. `services` names mapping files of external ones, separated by commas."""
    outside = Outside(store, services_of(services, os.environ), clock) if services else None
    meter = Meter(store, hasher, clock)
    keys = KeyService(store, hasher, clock)
    return Lookup(keys, meter, LookupUsageService(store, meter), LookupService(store, VpicFacts(), clock, outside))
