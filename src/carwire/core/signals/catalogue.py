"""The signal catalogue: every fact a car can tell, with its code, permission, body and unit.

A code is the lower-cased group, a hyphen and the lower-cased name. The facts are kept in ``catalogue.json``; their
source is the platform's public signal pages and live captures as of autumn 2026. Four of the codes are not in the
published list (`Signal.kind` is ``legacy`` or ``matrix-only``): old documents name them, and who asks gets an answer.

>>> signals()["odometer-traveleddistance"].unit
'km'
>>> signals()["closure-doors"].scalar
False
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from carwire.core.vin.powertrain import Powertrain

_FILE: Final = "catalogue.json"

Kind = Literal["signal", "attribute", "legacy", "matrix-only"]


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One member of a body. `type` is a JSON type, with ``|null`` where null is sent; `items` describes the members of
    an array's objects, `fields` those of an object; `unit` is the canonical unit of a number.
    """

    type: str
    required: bool = False
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    format: str | None = None
    items: dict[str, Field] = {}
    fields: dict[str, Field] = {}


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signal. `unit` is the canonical, metric unit of its numbers; `unit_word` is what the wire calls it, which is
    not always the same: captured tyre pressures say ``bar`` over numbers in kPa.

    An ``attribute`` never changes. `permission_verified` is false where the permission is an association of ours or of
    third parties. `words` lists known values by their place in the body; readers must expect others.
    """

    code: str
    group: str
    name: str
    kind: Kind
    description: str
    permission: str
    permission_verified: bool
    powertrains: frozenset[Powertrain]
    body: dict[str, Field]
    v2_endpoint: str | None = None
    unit: str | None = None
    unit_word: str | None = None
    words: dict[str, tuple[str, ...]] = {}

    @property
    def scalar(self) -> bool:
        """Whether the body is one value, with or without its unit: readings then hold it bare, else as an object."""
        return self.body.keys() <= {"value", "unit"}

    def suits(self, powertrain: Powertrain) -> bool:
        """Tell whether a car of this powertrain can have the signal.

        The published lists do not know fuel-cell cars: those have what battery cars and hybrids share.
        """
        if powertrain == "FCEV":
            return {"BEV", "HEV"} <= self.powertrains
        return powertrain in self.powertrains


@functools.cache
def signals() -> Mapping[str, Signal]:
    """Return every signal by its code, in the order of the catalogue. Read once, at the first call."""
    rows = msgspec.json.decode(files(__package__).joinpath(_FILE).read_bytes(), type=list[Signal])
    return MappingProxyType({row.code: row for row in rows})
