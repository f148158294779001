"""The verdict for one car: compatible or not, and per permission capable or not, each with its reason and its ground.

Two facts meet: what this car is (from its VIN) and what is supported for its make in the country (from the
catalogue). The first reason that holds is given:

1. ``MAKE_NOT_COMPATIBLE``     the catalogue has no support for the make in the market of the country
2. ``VEHICLE_NOT_COMPATIBLE``  the car lacks the hardware: too early a model year, or no car at all
3. ``SMARTCAR_NOT_CAPABLE``    per permission: no car of the make has it there (the name is the wire's)
4. ``VEHICLE_NOT_CAPABLE``     per permission: others of the make have it, this car does not

Where knowledge ends the answer leans to yes, because an owner finds out when connecting, while a wrong no is never
found out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from carwire.core.compatibility.catalogue import Catalogue, Make, MarketEntry
from carwire.core.compatibility.fit import Fit, Grant, find_fit
from carwire.core.countries import Market, market_of
from carwire.core.permissions import STATIC
from carwire.core.vin.decode import Identity

NotCompatible = Literal["MAKE_NOT_COMPATIBLE", "VEHICLE_NOT_COMPATIBLE"]
NotCapable = Literal["SMARTCAR_NOT_CAPABLE", "VEHICLE_NOT_CAPABLE"]


class Capability(msgspec.Struct, frozen=True, gc=False):
    """Whether the car can do what one permission opens. `grant` is the statement behind a yes."""

    permission: str
    capable: bool
    reason: NotCapable | None
    grant: Grant | None = None


class Verdict(msgspec.Struct, frozen=True):
    """The answer for one car in one country. `capabilities` are in the order asked and empty when not compatible.

    `make`, `entry` and `fit` are what the answer rests on, null as far as the question did not get; `simulated` names
    the behaviour a simulated car was given.
    """

    compatible: bool
    reason: NotCompatible | None
    capabilities: tuple[Capability, ...]
    country: str
    market: Market | None
    makes_asked: tuple[str, ...]
    make: Make | None = None
    entry: MarketEntry | None = None
    fit: Fit | None = None
    simulated: str | None = None


def judge(
    catalogue: Catalogue, car: Identity, makes: Sequence[str], country: str, permissions: Sequence[str]
) -> Verdict:
    """Judge a car of one of `makes` (several where makers share an identifier; the most capable answer counts).

    `country` is an ISO 3166-1 alpha-2 code, `permissions` are known names, each once.
    """
    market = market_of(country)
    known = [make for name in makes if (make := catalogue.find(name))]
    asked = tuple(makes)
    entries = [(make, entry) for make in known if market and (entry := make.markets.get(market))]
    verdicts = []
    for make, entry in entries:
        if not entry.supported or market is None:
            continue
        fit = find_fit(entry, car)
        if fit.found:
            possible = catalogue.supported_permissions(make, market)
            capabilities = tuple(_capability(p, possible, fit) for p in permissions)
            verdicts.append(Verdict(True, None, capabilities, country, market, asked, make, entry, fit))
        else:
            verdicts.append(Verdict(False, "VEHICLE_NOT_COMPATIBLE", (), country, market, asked, make, entry, fit))
    if verdicts:
        return max(verdicts, key=lambda v: (v.compatible, sum(c.capable for c in v.capabilities)))
    first = entries[0] if entries else (known[0] if known else None, None)
    return Verdict(False, "MAKE_NOT_COMPATIBLE", (), country, market, asked, *first)


def _capability(permission: str, possible: frozenset[str], fit: Fit) -> Capability:
    grant = fit.grants.get(permission)
    if grant is None and permission in STATIC:
        grant = Grant(permission, "inferred", fit.source)  # no list needs to say so: the car is not asked
    if grant:
        return Capability(permission, True, None, grant)
    if permission not in possible:
        return Capability(permission, False, "SMARTCAR_NOT_CAPABLE")
    return Capability(permission, False, "VEHICLE_NOT_CAPABLE")
