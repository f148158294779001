"""The powertrain of a car from what vPIC says of its fuel and electrification: this decides compatibility.

The rule, first line that applies:

======================================  ===========  ==================================================================
said                                    powertrain   remark
======================================  ===========  ==================================================================
electrification level FCEV, or fuel     ``FCEV``     before BEV: some makers file fuel-cell trucks as battery vehicles
cell or hydrogen as primary fuel
electrification level PHEV              ``PHEV``
electrification level BEV, no           ``BEV``      a combustion fuel beside it is a slip of the filing unless it is
combustion fuel as secondary                         a secondary one (range extender): then ``PHEV``
electrification level HEV, any kind     ``HEV``      strong, mild and unknown alike: none of them can be plugged in
primary Electric, secondary combustion  ``PHEV``     driven by electricity first, so it is charged from outside
primary Electric, no secondary          ``BEV``
primary combustion, secondary Electric  ``HEV``
any combustion fuel                     ``ICE``      gasoline, diesel, alcohols, natural gas, LPG, flexible fuel
nothing                                 unknown      never guessed from the make
======================================  ===========  ==================================================================

>>> powertrain("BEV (Battery Electric Vehicle)", "Electric", None)
'BEV'
>>> powertrain(None, "Gasoline", "Electric")
'HEV'
>>> powertrain(None, None, None) is None
True
"""

from __future__ import annotations

import functools
from typing import Final, Literal

Powertrain = Literal["ICE", "HEV", "PHEV", "BEV", "FCEV"]

_ELECTRIC: Final = "Electric"
_FUEL_CELL: Final = frozenset({"Fuel Cell", "Compressed Hydrogen/Hydrogen"})


@functools.lru_cache(maxsize=1024)
def powertrain(electrification: str | None, primary: str | None, secondary: str | None) -> Powertrain | None:
    """Apply the rule above to vPIC's electrification level, primary and secondary fuel; null when they say nothing."""
    level = (electrification or "").split(" ", 1)[0]
    kind = (electrification or "").upper()
    burns_second = secondary is not None and secondary != _ELECTRIC and secondary not in _FUEL_CELL
    if level == "FCEV" or primary in _FUEL_CELL:
        return "FCEV"
    if level == "PHEV":
        return "PHEV"
    if level == "BEV":
        return "PHEV" if burns_second else "BEV"
    if "HEV" in kind:
        return "HEV"
    if primary == _ELECTRIC:
        return "PHEV" if burns_second else "BEV"
    if primary is not None:
        return "HEV" if secondary == _ELECTRIC else "ICE"
    return "ICE" if burns_second else None
