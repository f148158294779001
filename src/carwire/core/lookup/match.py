"""The match: which catalogue vehicle a car is, deterministic and explained, and whether that may be relied on.

The weights and distances here are versioned; `WEIGHTS_VERSION` is part of every explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from carwire.core.lookup.asking import digit_is_right
from carwire.core.lookup.evidence import SCORED, Evidence, Ground, agrees, usable
from carwire.core.lookup.inference import families, inferred
from carwire.core.lookup.names import make_key, models_agree
from carwire.core.lookup.registers import PrefixCount
from carwire.core.lookup.traits import Traits, Vehicle, vehicle_of

Confidence = Literal["standard", "reduced"]
WEIGHTS_VERSION: Final = 1
WEIGHTS: Final = {
    "model": 8, "year": 6, "badge": 6, "series": 5, "fuel_type": 5, "drive_type": 4, "transmission_type": 4,
    "capacity_cc": 4, "power_kw": 4, "body_type": 3, "num_doors": 2, "num_cylinders": 2, "num_seats": 1,
    "num_gears": 1, "wheelbase_type": 1,
}  # fmt: skip
CLOSE: Final = 4  # points within which a candidate must not differ in what a driver would notice
LISTED: Final = 8  # points within which a candidate is listed
MOST: Final = 9
MOST_ON_DEMAND: Final = 100
_FIRM: Final = ("year", "model", "fuel_type", "transmission_type")
_NOTICED: Final = ("fuel_type", "transmission_type", "body_type")
_KIND: Final = ("make", "model", "year", "body_type", "fuel_type", "transmission_type", "drive_type", "engine_type")


class Effect(msgspec.Struct, frozen=True):
    """What a ground did to the score of the chosen vehicle."""

    field: str
    value: Any
    source: str
    strength: str
    effect: Literal[1, 0, -1]


class Explanation(msgspec.Struct, frozen=True):
    """How a match came about. `rule` is the number of the rule that decided: of a standard match null unless 5 or 7."""

    score: int | None
    second_score: int | None
    weights_version: int
    link: str | None
    flags: list[str]
    evidence: list[Effect]
    rule: int | None


class Match(msgspec.Struct, frozen=True):
    """The answer: a vehicle with others as likely, or none."""

    vehicle: Vehicle | None
    additional: tuple[Vehicle, ...]
    confidence: Confidence | None
    explanation: Explanation


class _Scored(msgspec.Struct, frozen=True):
    vehicle: Vehicle
    score: int
    contradicted: frozenset[str]
    distance: int
    count: int

    @property
    def order(self) -> tuple[int, int, int, int, str]:
        return -self.score, len(self.contradicted), self.distance, -self.count, self.vehicle.id


def match(
    region: str,
    evidence: Evidence,
    counts: Sequence[PrefixCount],
    catalogue: Sequence[Vehicle],
    *,
    more: bool = False,
) -> Match:
    """Choose among the vehicles of a catalogue and those the sources themselves describe."""
    speaking = usable(counts, evidence)
    guess = inferred(speaking) if evidence.value("model") is None else None
    candidates = _candidates(region, evidence, speaking, guess, catalogue, more=more)
    scored = sorted((_score(v, evidence, guess, speaking) for v in candidates), key=lambda each: each.order)
    flags = ["sources_disagree"] if evidence.sources_disagree else []
    if not scored:
        return Match(None, (), None, _explain(evidence, (), flags, None, guess))
    top = scored[0]
    rule = _failing(evidence, guess, scored)
    family = False
    if rule is None:
        tied = [each for each in scored if each.score == top.score]
        family = len(tied) > 1
        if family and not _of_one_family(tied):
            rule = 7
    if more:
        flags.append("prefer_more_results")
    confidence: Confidence = "standard" if rule is None and not (more and len(scored) > 1) else "reduced"
    decided = rule if rule is not None else 6 if confidence == "reduced" else 7 if family else 5 if guess else None
    explanation = _explain(evidence, scored, flags, decided, guess)
    vehicle, additional = top.vehicle, _listed(scored, more=more)
    if family and confidence == "standard":
        same = [each.vehicle for each in scored if each.score == top.score]
        vehicle = _blurred(same)
        additional = (*same, *(v for v in additional if v not in same))[:MOST_ON_DEMAND]
    return Match(vehicle, additional, confidence, explanation)


def _listed(scored: Sequence[_Scored], *, more: bool) -> tuple[Vehicle, ...]:
    if more:
        return tuple(each.vehicle for each in scored[1:MOST_ON_DEMAND])
    return tuple(each.vehicle for each in scored[1:] if each.score >= scored[0].score - LISTED)[:MOST]


def _candidates(
    region: str,
    evidence: Evidence,
    counts: Sequence[PrefixCount],
    guess: Traits | None,
    catalogue: Sequence[Vehicle],
    *,
    more: bool,
) -> list[Vehicle]:
    """Return what the car may be: vehicles of the catalogue; of a source that none of them agrees with, its own."""
    found: dict[str, Vehicle] = {}
    for named in _named(evidence, counts, guess):
        agreeing = [v for v in catalogue if _fits(v.traits, named)]
        if not agreeing and named.make and named.model and (named.year or named.release_year):
            year = named.year or named.release_year
            agreeing = [vehicle_of(region, msgspec.structs.replace(named, year=year))]
        found.update((vehicle.id, vehicle) for vehicle in agreeing)
    return [vehicle for vehicle in found.values() if not _vetoed(vehicle.traits, evidence, more=more)]


def _named(evidence: Evidence, counts: Sequence[PrefixCount], guess: Traits | None) -> list[Traits]:
    """Return the descriptions a candidate may agree with: of the decode, of registers, of what counts show."""
    decode, whole = evidence.decode, evidence.whole
    named = [decode] if decode.model else []
    for traits in (whole, evidence.partial):
        if traits is None or not (traits.make or decode.make):
            continue
        filled = msgspec.structs.replace(traits, make=traits.make or decode.make, year=traits.year or decode.year)
        if filled.model is None or not named:
            if filled.model is not None:
                named.append(filled)
            continue
        if not _fits(filled, named[0]) or (filled.year and decode.year and abs(filled.year - decode.year) > 1):
            named.append(filled)
        elif traits is whole and (filled.badge or filled.series):
            named[0] = filled
    if not named:
        named = [
            msgspec.structs.replace(family.traits, year=family.traits.year or decode.year)
            for family in families(counts)[:MOST_ON_DEMAND]
        ]
        if guess is not None:
            named = named[:1]
    return named


def _fits(traits: Traits, named: Traits) -> bool:
    return (
        traits.make is not None
        and named.make is not None
        and make_key(traits.make) == make_key(named.make)
        and traits.model is not None
        and named.model is not None
        and models_agree(traits.model, named.model)
    )


def _vetoed(traits: Traits, evidence: Evidence, *, more: bool) -> bool:
    """Tell whether a candidate is out. Where sources disagree, make and year veto nothing: both sets stay."""
    decode = evidence.decode
    if not evidence.sources_disagree:
        if decode.make and "make" in evidence.decode_exact and not agrees("make", traits.make, decode.make):
            return True
        year = decode.year or evidence.value("year")
        if year is not None and traits.year is not None and abs(traits.year - year) > (2 if more else 1):
            return True
    group = decode.fuel_group if "fuel_type" in evidence.decode_exact else None
    if group is None and evidence.whole is not None:
        group = evidence.whole.fuel_group
    return group is not None and traits.fuel_group is not None and traits.fuel_group != group


def _score(vehicle: Vehicle, evidence: Evidence, guess: Traits | None, counts: Sequence[PrefixCount]) -> _Scored:
    score, contradicted = 0, set()
    for field in SCORED:
        effect = _effect(vehicle.traits, field, evidence.grounds.get(field) or _guessed(field, guess))
        score += effect * WEIGHTS[field]
        if effect < 0:
            contradicted.add(field)
    year = evidence.value("year")
    distance = abs((vehicle.traits.year or 0) - year) if year is not None else 0
    seen = sum(
        row.count for row in counts if row.traits.year == vehicle.traits.year and _fits(row.traits, vehicle.traits)
    )
    return _Scored(vehicle, score, frozenset(contradicted), distance, seen)


def _guessed(field: str, guess: Traits | None) -> Ground | None:
    value = getattr(guess, field) if guess is not None else None
    return None if value is None else Ground(field, value, "prefix counts", "counts")


def _effect(traits: Traits, field: str, ground: Ground | None) -> Literal[1, 0, -1]:
    value = getattr(traits, field)
    if ground is None or value is None:
        return 0
    return 1 if agrees(field, value, ground.value) else -1


def _failing(evidence: Evidence, guess: Traits | None, scored: Sequence[_Scored]) -> int | None:
    """Return the first of the rules 1 to 6 that does not hold; null when all do."""
    top = scored[0]
    if evidence.vin is not None and digit_is_right(evidence.vin) is False:
        return 1
    if evidence.sources_disagree:
        return 2
    body = evidence.decode_body
    if top.contradicted & set(_FIRM) or (body and top.vehicle.traits.body_type not in {None, body}):
        return 3
    if not _known(evidence, "model") or not _known(evidence, "year"):
        if guess is None:
            return 5 if not _known(evidence, "model") else 4
        if guess.year is None and not _known(evidence, "year"):
            return 4
    for other in scored[1:]:
        if other.score < top.score - CLOSE:
            break
        if any(getattr(other.vehicle.traits, f) != getattr(top.vehicle.traits, f) for f in _NOTICED):
            return 6
    return None


def _known(evidence: Evidence, field: str) -> bool:
    ground = evidence.grounds.get(field)
    return ground is not None and ground.strength != "counts"


def _of_one_family(tied: Sequence[_Scored]) -> bool:
    """Tell whether vehicles differ in badge, series, numbers and specific names only."""
    first = tied[0].vehicle.traits
    return all(getattr(each.vehicle.traits, field) == getattr(first, field) for each in tied for field in _KIND)


def _blurred(same: Sequence[Vehicle]) -> Vehicle:
    """Return what vehicles have in common. Badge, series and options are claimed for none of them."""
    first = same[0].traits
    unsure = {"badge", "series"} | {
        name
        for name in Traits.__struct_fields__
        if name not in _KIND and any(getattr(vehicle.traits, name) != getattr(first, name) for vehicle in same)
    }
    traits = msgspec.structs.replace(first, **dict.fromkeys(unsure))
    return msgspec.structs.replace(same[0], traits=traits, options=())


def _explain(
    evidence: Evidence, scored: Sequence[_Scored], flags: list[str], rule: int | None, guess: Traits | None
) -> Explanation:
    top, second = (*scored[:2], None, None)[:2]
    effects = []
    for field in ("make", *SCORED):
        ground = evidence.grounds.get(field) or _guessed(field, guess)
        if ground is None:
            continue
        effect = _effect(top.vehicle.traits, field, ground) if top and field in WEIGHTS else 0
        effects.append(Effect(field, ground.value, ground.source, ground.strength, effect))
    return Explanation(
        score=top.score if top else None,
        second_score=second.score if second else None,
        weights_version=WEIGHTS_VERSION,
        link=evidence.link,
        flags=[*flags, *(f"{field}_disputed" for field in sorted(evidence.disputed))],
        evidence=effects,
        rule=rule,
    )
