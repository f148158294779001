"""A verdict in words: which fact, which source, how sure, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from carwire.core.compatibility.catalogue import Evidence, Line, Source
from carwire.core.compatibility.fit import Fit
from carwire.core.compatibility.verdict import Capability, NotCapable, NotCompatible, Verdict
from carwire.core.countries import Market
from carwire.core.vin.decode import Identity
from carwire.core.vin.powertrain import Powertrain

# stated: a source says so of this car. assumed_yes: knowledge ends, so the answer leans to yes and may be a false
# positive. assumed_no: nothing says so directly, the no is concluded and may be a false negative.
Certainty = Literal["stated", "assumed_yes", "assumed_no"]


class Ground(msgspec.Struct, frozen=True):
    """What one answer rests on. `source` is null where no source was reached: then the statement itself says why."""

    statement: str
    certainty: Certainty
    evidence: Evidence | None
    source: Source | None
    would_change: str


class Car(msgspec.Struct, frozen=True):
    """What was read from the VIN. Null: not known, and so never a reason for a no."""

    makes: tuple[str, ...]
    model: str | None
    series: str | None
    trim: str | None
    model_year: int | None
    powertrain: Powertrain | None
    vehicle_type: str | None
    read_by: str


class ExplainedCapability(msgspec.Struct, frozen=True):
    """One permission with its verdict and ground."""

    permission: str
    capable: bool
    reason: NotCapable | None
    ground: Ground


class Caveat(msgspec.Struct, frozen=True):
    """Something no verdict can hold, for the owner to know."""

    text: str
    source: Source | None


class Explanation(msgspec.Struct, frozen=True):
    """The whole answer for one VIN, with grounds."""

    vin: str
    country: str
    market: Market | None
    compatible: bool
    reason: NotCompatible | None
    ground: Ground
    car: Car
    service: str | None
    capabilities: tuple[ExplainedCapability, ...]
    caveats: tuple[Caveat, ...]


def explain(vin: str, car: Identity, read_by: str, verdict: Verdict, sources: Mapping[str, Source]) -> Explanation:
    """Put `verdict` into words. `sources` are the catalogue's, `read_by` names the tables the VIN was read with."""
    entry = verdict.entry
    return Explanation(
        vin=vin,
        country=verdict.country,
        market=verdict.market,
        compatible=verdict.compatible,
        reason=verdict.reason,
        ground=_ground(verdict, car, sources),
        car=Car(
            makes=verdict.makes_asked,
            model=car.model,
            series=car.series,
            trim=car.trim,
            model_year=car.model_year,
            powertrain=car.powertrain,
            vehicle_type=car.vehicle_type,
            read_by=read_by,
        ),
        service=entry.service if entry else None,
        capabilities=tuple(
            ExplainedCapability(c.permission, c.capable, c.reason, _capability_ground(c, verdict, car, sources))
            for c in verdict.capabilities
        ),
        caveats=tuple(Caveat(c.text, sources.get(c.source)) for c in entry.caveats) if entry else (),
    )


def _ground(verdict: Verdict, car: Identity, sources: Mapping[str, Source]) -> Ground:
    if verdict.simulated:
        text = f"a simulated car: it behaves as test mode's level {verdict.simulated!r}"
        return Ground(text, "stated", None, None, "another test_mode_compatibility_level")
    fit = verdict.fit
    if fit is None:
        return _no_make(verdict, sources)
    statement, would_change = _fit_in_words(fit, verdict, car)
    certainty: Certainty = "stated"
    if fit.evidence == "inferred":
        certainty = "assumed_yes" if fit.found else "assumed_no"
    return Ground(statement, certainty, fit.evidence, sources.get(fit.source), would_change)


def _no_make(verdict: Verdict, sources: Mapping[str, Source]) -> Ground:
    if verdict.market is None:
        text = f"the catalogue covers the United States, Canada and Europe; {verdict.country} is none of them"
        return Ground(text, "assumed_no", None, None, "catalogue entries for this country")
    if not verdict.makes_asked:
        text = "the VIN's manufacturer identifier is in no table here, so its make is not known"
        return Ground(text, "assumed_no", None, None, "a VIN whose maker is known")
    names = " or ".join(verdict.makes_asked)
    if verdict.entry is None:
        text = f"the catalogue has no entry for {names} in {verdict.market}"
        return Ground(text, "assumed_no", None, None, f"an entry for {names} in {verdict.market}")
    text = f"{names} is listed as not supported in {verdict.market}"
    entry = verdict.entry
    certainty: Certainty = "assumed_no" if entry.evidence == "inferred" else "stated"
    change = f"a source that shows support for {names} in {verdict.market}"
    return Ground(text, certainty, entry.evidence, sources.get(entry.source), change)


def _fit_in_words(fit: Fit, verdict: Verdict, car: Identity) -> tuple[str, str]:
    lines = "; ".join(_line_in_words(line) for line in fit.lines)
    year = f"model year {car.model_year}" if car.model_year else "an unknown model year"
    make = verdict.make.name if verdict.make else "the make"
    since = f" from {fit.first_year.year} on" if fit.first_year else ""
    words = {
        "line": (f"listed: {lines}", "a source that contradicts the line"),
        "line_after": (
            f"listed for earlier years: {lines}; {year} is taken to connect as well",
            "a list that covers the year, or the end of the model",
        ),
        "wildcard": (f"listed for the whole make: {lines}", "a line for this model"),
        "default": (
            f"no line names this model; cars of {make}{since} are taken to connect",
            "a published line for this model",
        ),
        "before_line": (
            f"{year} is before the line begins: {lines}",
            "a source that lists the earlier year, or a VIN of a later one",
        ),
        "before_make": (
            f"{year} is before {make}'s first connected model year{since}",
            "a source that lists an earlier year, or a VIN of a later one",
        ),
        "not_a_car": (
            f"the VIN is of a vehicle of type {(car.vehicle_type or '').strip()}, not of a car",
            "a car's VIN",
        ),
        "nothing": (f"nothing is known of what cars of {make} support", "any published line of the make"),
    }
    return words[fit.how]


def _line_in_words(line: Line) -> str:
    return f"{line.model} {line.powertrain} {line.start_year}-{line.end_year or 'today'}"


def _capability_ground(
    capability: Capability, verdict: Verdict, car: Identity, sources: Mapping[str, Source]
) -> Ground:
    p = capability.permission
    if verdict.simulated:
        return _ground(verdict, car, sources)
    if capability.grant:
        grant = capability.grant
        certainty: Certainty = "assumed_yes" if grant.evidence == "inferred" else "stated"
        how = "concluded for this car" if grant.evidence == "inferred" else "listed for this car"
        return Ground(f"{p} is {how}", certainty, grant.evidence, sources.get(grant.source), f"a line without {p}")
    make = verdict.make.name if verdict.make else "the make"
    entry = verdict.entry
    evidence = entry.evidence if entry else None
    source = sources.get(entry.source) if entry else None
    if capability.reason == "SMARTCAR_NOT_CAPABLE":
        text = f"no car of {make} in {verdict.market} is listed with {p}"
        return Ground(text, "assumed_no", evidence, source, f"one car of the make listed with {p}")
    fit = verdict.fit
    certainty = "assumed_no" if fit is None or fit.evidence == "inferred" else "stated"
    text = f"{make} has cars with {p}, but what speaks for this one does not include it"
    return Ground(
        text, certainty, fit.evidence if fit else None, sources.get(fit.source) if fit else None, f"a line with {p}"
    )
