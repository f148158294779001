"""The lookup part of a server, put together: its services and the rows of the route table."""

from __future__ import annotations

import msgspec

from carwire.connectors.vpic_facts import VpicFacts
from carwire.core.ports import Store
from carwire.http.call import Route
from carwire.http.lookup.calls import Gate
from carwire.http.lookup.handlers import LookupHandlers
from carwire.http.lookup.routes import routes
from carwire.http.lookup.tokens import TokenHandlers
from carwire.http.lookup.usage import UsageHandlers
from carwire.kit.clock import Clock
from carwire.kit.secrets import SecretHasher
from carwire.services.accounts import AccountService
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

    def routes(self, accounts: AccountService, clock: Clock) -> tuple[Route, ...]:
        """Return the rows of the route table."""
        gate = Gate(self.keys, self.meter, clock)
        return routes(
            LookupHandlers(self.finding, gate), UsageHandlers(self.keys, self.usage), TokenHandlers(accounts, self.keys)
        )


def build_lookup(store: Store, hasher: SecretHasher, clock: Clock) -> Lookup:
    """Put the services together."""
    meter = Meter(store, hasher, clock)
    keys = KeyService(store, hasher, clock)
    return Lookup(keys, meter, LookupUsageService(store, meter), LookupService(store, VpicFacts(), clock))
