"""Registers: what an authority's file says of cars, release by release, and how it is tied to a VIN."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

import msgspec

from carwire.core.lookup.traits import Traits

# How an entry is tied to a VIN: by all 17 characters, the first eleven, ten or eight, the plate alone, or not.
Link = Literal["L17", "L11", "L10", "L8", "LP", "none"]
WHOLE: Final = frozenset({"L17", "LP"})  # an entry is of one car
LENGTHS: Final[dict[str, int]] = {"L17": 17, "L11": 11, "L10": 10, "L8": 8}
State = Literal["loading", "active", "retired"]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One import of a register, or of a catalogue. While it is loading nobody reads it; finishing makes it the active
    one of its dataset and region in the same transaction that retires the one before. `position` counts the
    rows that are written. `partial` says that the register holds a part of the fleet only, and why.
    """

    id: int = 0
    region: str
    dataset: str
    format: str
    checksum: str
    link: Link
    as_of: date
    state: State = "loading"
    partial: str | None = None
    position: int = 0
    accepted: int = 0
    rejected: int = 0
    publisher: str = ""
    terms: str = ""
    describes: tuple[str, ...] = ()  # columns that make up the authority's own description
    catalogue: bool = False  # its vehicles are candidates of a match
    has_writeoffs: bool = False
    has_thefts: bool = False


class TypeRow(msgspec.Struct, frozen=True):
    """What rows of a register have in common that describe the same kind of car: normalised, and as published."""

    id: int
    traits: Traits
    raw: dict[str, str]


class Individual(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a register says of one car. Dates are ISO 8601, masses in kilograms. `raw` is as published."""

    colour: str | None = None
    status: str | None = None
    expires: str | None = None
    first_registered: str | None = None
    built: str | None = None
    engine_number: str | None = None
    mass_kg: int | None = None
    incidents: list[dict[str, Any]] | None = None
    thefts: list[dict[str, Any]] | None = None
    raw: dict[str, str] = {}


NOBODY: Final = Individual()
_individual: Final = msgspec.json.Decoder(Individual)


def individual_of(text: str) -> Individual:
    """Return what a row says of one car."""
    return _individual.decode(text) if text else NOBODY


class EntryRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A row of a register, or so many equal ones. `key` is the VIN, its beginning, or empty; `rank` orders rows of one
    key: the highest is the newest. `individual` is an `Individual` as a JSON object, empty for `NOBODY`.
    """

    key: str
    plate: str
    type_id: int
    count: int = 1
    rank: int = 0
    individual: str = ""


class PrefixRow(msgspec.Struct, frozen=True):
    """How many rows of a type have these characters 1 to 8 and 10."""

    prefix: str
    type_id: int
    count: int


class Chunk(msgspec.Struct, frozen=True):
    """What one transaction of an import adds."""

    types: list[TypeRow]
    entries: list[EntryRow]
    prefixes: list[PrefixRow]
    position: int
    accepted: int
    rejected: int


class Entry(msgspec.Struct, frozen=True):
    """A row of a register as it is read: with its type, and the release it is from."""

    release: Release
    key: str
    plate: str
    count: int
    traits: Traits
    raw: dict[str, str]
    individual: Individual

    @property
    def link(self) -> Link:
        """How it is tied to a VIN."""
        return self.release.link

    @property
    def description(self) -> str | None:
        """What the authority calls the car, in its own words."""
        return " ".join(filter(None, (self.raw.get(name, "") for name in self.release.describes))) or None


class PrefixCount(msgspec.Struct, frozen=True):
    """How many rows of one release a kind of car has under a prefix of characters 1 to 8 and 10."""

    release: Release
    traits: Traits
    count: int


def prefix_of(vin: str) -> str | None:
    """Return characters 1 to 8 and 10 of a VIN or of its beginning; null when they are not all there.

    >>> prefix_of("5YJ3E1EA7J")
    '5YJ3E1EAJ'
    """
    return vin[:8] + vin[9] if len(vin) >= 10 else None
