"""What the text of a VIN says, each fact with its strength."""

from __future__ import annotations

from typing import Literal

import msgspec

from carwire.core.lookup.traits import Traits

# `exact`: filed for single characters; `pattern`: filed for one of several; `default`: filled in, counts as unknown.
Strength = Literal["exact", "pattern", "default"]


class DecodedFacts(msgspec.Struct, frozen=True):
    """A decode. `traits` holds what is known, `strengths` how well, by the name of the trait; of a trait without a
    strength nothing is known. `makes` are the makes that share the manufacturer's identifier, where the make itself
    is not decided. `clean` is false where vPIC's decode is not to be believed: then the traits hold make and year at
    most.
    """

    vin: str
    traits: Traits
    strengths: dict[str, Strength]
    makes: tuple[str, ...] = ()
    clean: bool = True
