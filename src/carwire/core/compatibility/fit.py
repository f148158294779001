"""Which statement of the catalogue speaks for a car: the line of its model, the make's wildcard, or the make's default.

Of the lines whose names fit (`names`) the closest that has the car's year answers: ``Bolt EUV`` is not answered by
``Bolt``, but where the line of the ``X5 M`` begins too late that of the ``X5`` is asked. An electric or plug-in car
whose model only begins a line's name (vPIC calls the F-150 Lightning a battery ``F-150``) takes that line when
nothing fits better.

Years: inside a line's years the line is the answer. After its last year too, as an inference: published lists name
what was seen, and upper bounds are soft. Before its first year a documented line says no, because first years are
where the hardware began; an inferred one says nothing. A year or powertrain that is not known excludes no line, and
makes what it says an inference.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from carwire.core.compatibility import names
from carwire.core.compatibility.catalogue import Addition, Default, Evidence, FirstYear, Line, MarketEntry, suits
from carwire.core.vin.decode import Identity
from carwire.core.vin.powertrain import Powertrain

# Passenger vans are filed as BUS, so a bus may be a car of a supported make.
NOT_CARS: Final = frozenset({"LOW SPEED VEHICLE (LSV)", "MOTORCYCLE", "OFF ROAD VEHICLE", "TRAILER"})

_CHARGED: Final = frozenset({"BEV", "PHEV", "FCEV"})

How = Literal["line", "line_after", "wildcard", "default", "before_line", "before_make", "not_a_car", "nothing"]


class Grant(msgspec.Struct, frozen=True, gc=False):
    """A permission a car has, with the evidence and the source that grant it."""

    permission: str
    evidence: Evidence
    source: str


class Fit(msgspec.Struct, frozen=True):
    """What the catalogue says of one car in one market: how it was found, on which lines, and the permissions it
    grants.

    `found` false means that the car lacks the hardware as far as is known; `lines` then are those that say so.
    """

    how: How
    found: bool
    evidence: Evidence
    source: str
    lines: tuple[Line, ...] = ()
    first_year: FirstYear | None = None
    grants: dict[str, Grant] = {}


@functools.lru_cache(maxsize=16384)
def find_fit(entry: MarketEntry, car: Identity) -> Fit:
    """Return what `entry` says of `car`: its lines first, then wildcards, then defaults from the make's first year on.

    A year that is not known excludes nothing; a powertrain that is not known fits every line.
    """
    if (car.vehicle_type or "").strip() in NOT_CARS:
        return Fit("not_a_car", found=False, evidence=entry.evidence, source=entry.source)
    lines = _with_powertrain([line for line in entry.lines if not line.doubt], car.powertrain)
    named = _named([line for line in lines if not line.wildcard], car)
    wild = [line for line in lines if line.wildcard]
    hit: tuple[How, list[Line]] | None = None
    if inside := _first(_inside(group, car.model_year) for group in named):
        hit = ("line", inside)
    elif inside := _inside(wild, car.model_year):
        hit = ("wildcard", inside)
    elif after := _first(_begun(group, car.model_year) for group in named):
        hit = ("line_after", after)
    if hit:
        how, chosen = hit
        # A line speaks for a car only if the car is known to be one of it.
        inferred = how == "line_after" or car.model_year is None or car.powertrain is None
        level: Evidence = "inferred" if inferred else _strongest(line.evidence for line in chosen)
        grants = _of_lines(chosen, entry.additions, car.powertrain, inferred=inferred)
        return Fit(how, True, level, chosen[0].source, tuple(chosen), grants=grants)
    if documented := _first([line for line in group if line.evidence != "inferred"] for group in named):
        return Fit("before_line", False, documented[0].evidence, documented[0].source, tuple(documented))
    return _default(entry, car)


def grants_of_line(line: Line, additions: Iterable[Addition]) -> dict[str, Grant]:
    """Return what a line grants: its own permissions and those announced for the make after its source."""
    return _of_lines([line], additions, line.powertrain, inferred=False)


def _default(entry: MarketEntry, car: Identity) -> Fit:
    first = _first_year(entry, car.powertrain)
    if first and car.model_year is not None and car.model_year < first.year:
        return Fit("before_make", False, first.evidence, first.source, first_year=first)
    defaults = entry.defaults
    known = defaults.get(car.powertrain) if car.powertrain else None
    if known is None and not defaults:
        return Fit("nothing", found=False, evidence="inferred", source=entry.source)
    chosen = [known] if known else list(defaults.values())
    grants = {
        p: Grant(p, default.evidence, default.source)
        for default in chosen
        for p in default.permissions
        if suits(p, car.powertrain) and (known or _held_by_all(p, chosen, car.powertrain))
    }
    return Fit("default", True, "inferred", chosen[0].source, first_year=first, grants=grants)


def _first_year(entry: MarketEntry, powertrain: Powertrain | None) -> FirstYear | None:
    """The first connected year for this powertrain: of its earliest documented line, else the make's as an inference.

    A make may have begun with its plug-in cars: their first year says little of the others.
    """
    first = entry.first_model_year
    if first is None or powertrain is None:
        return first
    lines = _with_powertrain([line for line in entry.lines if not line.doubt], powertrain)
    documented = [line for line in lines if line.evidence != "inferred"]
    if not documented:
        return msgspec.structs.replace(first, evidence="inferred")
    earliest = min(documented, key=lambda line: line.start_year)
    return FirstYear(earliest.start_year, earliest.evidence, earliest.source)


def _held_by_all(permission: str, defaults: list[Default], powertrain: Powertrain | None) -> bool:
    """With an unknown powertrain anything one of them has is possible; a known one without a default gets what all
    share.
    """
    return powertrain is None or all(permission in default.permissions for default in defaults)


def _of_lines(
    lines: list[Line], additions: Iterable[Addition], powertrain: Powertrain | None, *, inferred: bool
) -> dict[str, Grant]:
    grants: dict[str, Grant] = {}
    for line in lines:
        level: Evidence = "inferred" if inferred else line.evidence
        for p in line.permissions:
            if p not in grants and suits(p, powertrain):
                grants[p] = Grant(p, level, line.source)
    for addition in additions:
        if any(line.source in addition.after for line in lines):
            for p in addition.permissions:
                if p not in grants and suits(p, powertrain):
                    grants[p] = Grant(p, "inferred", addition.source)
    return grants


def _with_powertrain(lines: list[Line], powertrain: Powertrain | None) -> list[Line]:
    """Keep the lines of this powertrain. Older tables file plain hybrids under ICE, so a hybrid also takes those."""
    if powertrain is None:
        return lines
    accepted = {powertrain, "ICE"} if powertrain == "HEV" else {powertrain}
    return [line for line in lines if line.powertrain in accepted]


def _inside(lines: list[Line], year: int | None) -> list[Line]:
    if year is None:
        return lines
    return [line for line in lines if line.start_year <= year <= (line.end_year or year)]


def _begun(lines: list[Line], year: int | None) -> list[Line]:
    return [line for line in lines if year is None or line.start_year <= year]


def _first(groups: Iterable[list[Line]]) -> list[Line]:
    return next((group for group in groups if group), [])


def _named(lines: list[Line], car: Identity) -> list[list[Line]]:
    """Group the lines whose names fit the car's, the closest first."""
    groups: dict[names.Fit, list[Line]] = {}
    for line in lines:
        fit = names.fits(line.model, car.model, car.series, car.trim)
        if fit:
            groups.setdefault(fit, []).append(line)
    if not groups and car.powertrain in _CHARGED:
        continued = [line for line in lines if names.continues(line.model, car.model)]
        return [continued] if continued else []
    return [groups[fit] for fit in sorted(groups, reverse=True)]


def _strongest(levels: Iterable[Evidence]) -> Evidence:
    order: tuple[Evidence, ...] = ("connector", "documented", "inferred")
    return min(levels, key=order.index)
