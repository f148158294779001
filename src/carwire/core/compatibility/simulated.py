"""Compatibility of cars that do not exist: the six levels of test mode, and the VINs of simulated cars.

Levels ``compatible`` and ``phev`` can do everything, ``incompatible`` nothing, ``bev`` everything but what needs a
combustion engine, ``fuel`` and ``dinosaur`` everything but what needs a plug.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from carwire.core.compatibility.catalogue import suits
from carwire.core.compatibility.verdict import Capability, Verdict
from carwire.core.countries import market_of
from carwire.core.vin.powertrain import Powertrain

# In this order: the wire's validation message lists them so.
LEVELS: Final = ("compatible", "phev", "incompatible", "fuel", "dinosaur", "bev")
_POWERTRAINS: Final[dict[str, Powertrain]] = {"fuel": "ICE", "dinosaur": "ICE", "bev": "BEV"}
_PREFIXES: Final = ("0SC", "1SC")


def is_simulated(vin: str) -> bool:
    """Tell whether a normalised VIN is of the kind simulated cars carry: no maker has the identifiers 0SC and 1SC."""
    return vin.startswith(_PREFIXES)


def judge_simulated(level: str, country: str, permissions: Sequence[str]) -> Verdict:
    """Judge a simulated car of one of the six `LEVELS`."""
    market = market_of(country)
    if level == "incompatible":
        return Verdict(False, "VEHICLE_NOT_COMPATIBLE", (), country, market, (), simulated=level)
    powertrain = _POWERTRAINS.get(level)
    capabilities = tuple(
        Capability(p, True, None) if suits(p, powertrain) else Capability(p, False, "VEHICLE_NOT_CAPABLE")
        for p in permissions
    )
    return Verdict(True, None, capabilities, country, market, (), simulated=level)
