"""The capability catalogue: which makes and model lines connect, where, and with which permissions.

One file per make holds statements, never bare facts: each names its evidence level and its public source, so that an
answer can say what it rests on. Three levels, strongest first:

``connector``   a connector of this server reads or commands it
``documented``  a public page of a maker or of a vehicle-API platform says so
``inferred``    concluded here from neighbouring statements, community clients or general knowledge

The types decode strictly: an unknown key, permission-free line or wrong type fails when the catalogue is loaded, not
when a car is asked about. What they cannot say in types (year ranges, known permissions, known sources) is checked by
`Catalogue.problems`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from carwire.core.countries import Market
from carwire.core.permissions import NEEDS_COMBUSTION, NEEDS_PLUG, PERMISSIONS, STATIC
from carwire.core.vin.powertrain import Powertrain

Evidence = Literal["connector", "documented", "inferred"]
FIRST_YEAR: Final = 2008  # no car before it has a modem that any platform still reaches
LAST_YEAR: Final = 2027


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public page or package a statement was read in. `date` is ISO (year, month or day), null when the page has
    none.
    """

    title: str
    site: str
    kind: Literal["platform", "maker", "press", "dealer", "community", "inferred"]
    date: str | None = None


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model line of a make in one market. Years are model years, inclusive; `end_year` null means still current."""

    model: str
    powertrain: Powertrain
    start_year: int
    end_year: int | None
    permissions: tuple[str, ...]
    evidence: Evidence
    source: str
    wildcard: bool = False  # stands for every model of the make with this powertrain
    doubt: str | None = None  # the published line looks wrong: never used for an answer, kept to be seen
    note: str | None = None


class FirstYear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first model year of the make with a modem that is known to connect in the market."""

    year: int
    evidence: Evidence
    source: str
    note: str | None = None


class Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a car of this powertrain is taken to support when no line fits its model and year."""

    permissions: tuple[str, ...]
    evidence: Evidence
    source: str


class Addition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Permissions announced for the make that the sources in `after` do not show, being older or listing other
    signals only.

    They extend the lines of those sources.
    """

    permissions: tuple[str, ...]
    evidence: Evidence
    source: str
    after: tuple[str, ...]


class Caveat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an owner should know and no verdict can hold: a network switch-off, a key-user rule, a subscription."""

    text: str
    source: str


class MarketEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """Everything known of one make in one market. Compared and hashed as the one object it is."""

    supported: bool
    evidence: Evidence
    source: str
    service: str | None = None
    first_model_year: FirstYear | None = None
    defaults: dict[Powertrain, Default] = {}
    additions: tuple[Addition, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    lines: tuple[Line, ...] = ()


class Make(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One make. `make` is the upper-case spelling VIN decoders use, `name` the maker's own, `aliases` further
    spellings.
    """

    make: str
    name: str
    markets: dict[Market, MarketEntry]
    aliases: tuple[str, ...] = ()


class Catalogue:
    """All makes by name, with the sources their statements name. Immutable once built."""

    def __init__(self, makes: Iterable[Make], sources: Mapping[str, Source]) -> None:
        given = sorted(makes, key=lambda m: m.make)
        self.makes: Final = {make.make: make for make in given}
        self.sources: Final = dict(sources)
        self._spellings: Final = {
            squash(spelling): make.make
            for make in self.makes.values()
            for spelling in (make.make, make.name, *make.aliases)
        }
        self.longest_name: Final = max(
            (len(spelling.split()) for m in self.makes.values() for spelling in (m.make, m.name, *m.aliases)), default=1
        )
        spelled = [name for m in given for name in {squash(s) for s in (m.make, m.name, *m.aliases)}]
        self._doubles: Final = sorted({name for name in spelled if spelled.count(name) > 1})
        self._supported: Final = {
            (make.make, market): _granted(entry)
            for make in self.makes.values()
            for market, entry in make.markets.items()
        }

    def find(self, name: str) -> Make | None:
        """Return the make of this name in any spelling (case, accents of the wire's upper-case form, hyphens aside)."""
        exact = self.makes.get(name)  # as decoders spell it, which is how it is nearly always asked
        if exact:
            return exact
        key = self._spellings.get(squash(name))
        return self.makes[key] if key else None

    def supported_permissions(self, make: Make, market: Market) -> frozenset[str]:
        """Return every permission some car of the make has in the market: what is not here, none of them can do."""
        return self._supported.get((make.make, market), frozenset())

    def problems(self) -> list[str]:
        """Return what is wrong with the statements, one sentence each; empty for a catalogue that may be used.

        Checks what types cannot: permissions and sources exist and are used, years make sense and do not lie in the
        far future, a line's powertrain fits its permissions, no line stands twice, a supported market says something.
        """
        found = [f"{name} is the name of two makes" for name in self._doubles]
        used: set[str] = set()
        for make in self.makes.values():
            for market, entry in make.markets.items():
                where = f"{make.make} {market}"
                found += [f"{where}: {text}" for text in _entry_problems(entry)]
                used |= _sources_of(entry)
        found += [f"source {source} is not in the list of sources" for source in sorted(used - set(self.sources))]
        found += [f"source {source} is used by no statement" for source in sorted(set(self.sources) - used)]
        return found


def squash(name: str) -> str:
    """Reduce a name to its letters and digits, lower case: ``Mercedes-Benz`` and ``MERCEDES BENZ`` become one."""
    return "".join(c for c in name.casefold() if c.isalnum())


def suits(permission: str, powertrain: Powertrain | None) -> bool:
    """Tell whether a car of this powertrain can have what the permission reads at all; an unknown powertrain may."""
    if powertrain in {"BEV", "FCEV"} and permission in NEEDS_COMBUSTION:
        return False
    return not (powertrain in {"ICE", "HEV", "FCEV"} and permission in NEEDS_PLUG)


def _granted(entry: MarketEntry) -> frozenset[str]:
    lines = (line.permissions for line in entry.lines if not line.doubt)
    defaults = (default.permissions for default in entry.defaults.values())
    additions = (addition.permissions for addition in entry.additions)
    return frozenset(p for permissions in (*lines, *defaults, *additions, STATIC) for p in permissions)


def _sources_of(entry: MarketEntry) -> set[str]:
    statements: tuple[Line | Default | Addition | Caveat, ...]
    statements = (*entry.lines, *entry.defaults.values(), *entry.additions, *entry.caveats)
    after = {source for addition in entry.additions for source in addition.after}
    first = {entry.first_model_year.source} if entry.first_model_year else set()
    return {entry.source, *(statement.source for statement in statements), *first, *after}


def _entry_problems(entry: MarketEntry) -> list[str]:
    found = []
    if entry.supported and not (entry.lines or entry.defaults):
        found.append("is supported, but neither a line nor a default says with what")
    if not entry.supported and entry.lines:
        found.append("is not supported, but has lines")
    seen = set()
    first = entry.first_model_year.year if entry.first_model_year else FIRST_YEAR
    for line in entry.lines:
        where = f"{line.model} {line.powertrain} {line.start_year}"
        if not FIRST_YEAR <= line.start_year <= LAST_YEAR or (line.end_year or LAST_YEAR) > LAST_YEAR:
            found.append(f"{where}: years outside {FIRST_YEAR}-{LAST_YEAR}")
        if line.end_year is not None and line.end_year < line.start_year:
            found.append(f"{where}: ends in {line.end_year}, before it starts")
        if not line.doubt and line.start_year < first:
            found.append(f"{where}: starts before {first}, the first model year of the make")
        if not line.doubt:
            found += [
                f"{where}: a {line.powertrain} has no {p}" for p in line.permissions if not suits(p, line.powertrain)
            ]
        key = (line.model, line.powertrain, line.start_year, line.end_year)
        if key in seen:
            found.append(f"{where}: stands twice")
        seen.add(key)
    for kind, default in entry.defaults.items():
        found += [f"default {kind}: a {kind} has no {p}" for p in default.permissions if not suits(p, kind)]
    granted = [(f"line {line.model}", line.permissions) for line in entry.lines]
    granted += [(f"default {kind}", default.permissions) for kind, default in entry.defaults.items()]
    granted += [("addition", addition.permissions) for addition in entry.additions]
    for where, permissions in granted:
        found += [f"{where}: {p} is no permission" for p in permissions if p not in PERMISSIONS]
        if not permissions or len(set(permissions)) != len(permissions):
            found.append(f"{where}: permissions are empty or repeat")
    return found
