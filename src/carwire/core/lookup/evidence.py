"""Evidence: for each trait the one value that counts, from the stronger source, and where sources disagree.

Stronger first: decode exact, register by the whole VIN, decode pattern, register by a part of the VIN. What a register
tied by a part of the VIN says counts only where all of its rows under that part say the same.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from carwire.core.lookup.facts import DecodedFacts
from carwire.core.lookup.names import make_key, models_agree
from carwire.core.lookup.registers import WHOLE, Entry, Link, PrefixCount
from carwire.core.lookup.traits import Traits

SCORED: Final = (
    *("model", "year", "badge", "series", "fuel_type", "drive_type", "transmission_type", "capacity_cc", "power_kw"),
    *("body_type", "num_doors", "num_cylinders", "num_seats", "num_gears", "wheelbase_type"),
)
_FIELDS: Final = ("make", *SCORED)
_CAPACITY: Final = 0.02
_POWER: Final = 0.03
EvidenceStrength = Literal["exact", "register", "pattern", "counts"]
_STRONGER: Final[tuple[EvidenceStrength, ...]] = ("exact", "register", "pattern", "counts")


class Ground(msgspec.Struct, frozen=True):
    """What is known of one trait: its value, from where, and how well."""

    field: str
    value: Any
    source: str
    strength: EvidenceStrength


class Evidence(msgspec.Struct, frozen=True):
    """What is known of a car. `grounds` is by trait; a trait on which sources disagree is in `disputed` instead.
    `decode_body` is what the decode alone says of the body: registers are loose about it.
    """

    vin: str | None
    decode: Traits
    clean: bool
    makes: tuple[str, ...]
    whole: Traits | None
    partial: Traits | None
    grounds: dict[str, Ground]
    disputed: frozenset[str]
    sources_disagree: bool
    link: Link | None
    decode_exact: frozenset[str]
    decode_body: str | None
    sources: tuple[str, ...]

    def value(self, field: str) -> Any:
        """Return the value that counts for a trait, null where nothing is known."""
        ground = self.grounds.get(field)
        return None if ground is None else ground.value


def agrees(field: str, one: Any, other: Any) -> bool:
    """Tell whether two values of a trait mean the same: names by their words, capacity within 2 %, power within 3 %."""
    if field == "make":
        return make_key(str(one)) == make_key(str(other))
    if field in {"model", "badge", "series"}:
        return models_agree(str(one), str(other))
    if field == "capacity_cc":
        return bool(abs(one - other) <= _CAPACITY * max(one, other))
    if field == "power_kw":
        return bool(abs(one - other) <= _POWER * max(one, other))
    return bool(one == other)


def weigh(vin: str | None, decode: DecodedFacts | None, entries: Sequence[Entry]) -> Evidence:
    """Put together what decode and registers say. The order of `entries` means nothing."""
    whole_entries = [entry for entry in entries if entry.link in WHOLE]
    partial_entries = [entry for entry in entries if entry.link not in WHOLE]
    whole = _common([entry.traits for entry in whole_entries]) if whole_entries else None
    partial = _common([entry.traits for entry in partial_entries]) if partial_entries else None
    decoded, strengths = _believed(decode)
    voices = [_Voice(decoded, "decode", strengths)] if strengths else []
    if whole is not None:
        voices.append(_Voice(whole, _names(whole_entries), "register"))
    if partial is not None:
        voices.append(_Voice(partial, _names(partial_entries), "counts"))
    grounds: dict[str, Ground] = {}
    disputed: set[str] = set()
    for field in _FIELDS:
        found = _grounds(field, voices)
        if not found:
            continue
        if all(_goes_with(field, found[0].value, other.value) for other in found[1:]):
            grounds[field] = found[0]
        else:
            disputed.add(field)
    return Evidence(
        vin=vin,
        decode=decoded,
        clean=decode is not None and decode.clean,
        makes=() if decode is None else decode.makes,
        whole=whole,
        partial=partial,
        grounds=grounds,
        disputed=frozenset(disputed),
        sources_disagree=_disagree(decoded, decode, (whole, partial)),
        link=_link(whole_entries, partial_entries),
        decode_exact=frozenset(name for name, strength in strengths.items() if strength == "exact"),
        decode_body=decoded.body_type,
        sources=tuple(sorted({entry.release.dataset for entry in entries})),
    )


def _goes_with(field: str, one: Any, other: Any) -> bool:
    """Tell whether a weaker source leaves a value standing: a year more or less is how registers count years."""
    return abs(one - other) <= 1 if field == "year" else agrees(field, one, other)


@functools.lru_cache(4096)
def _without_defaults(traits: Traits, strengths: tuple[tuple[str, str], ...]) -> Traits:
    filled = {name: None for name, strength in strengths if strength == "default"}
    return msgspec.structs.replace(traits, **filled)


def _believed(decode: DecodedFacts | None) -> tuple[Traits, dict[str, EvidenceStrength]]:
    """Return the traits of a decode without those that are a default only."""
    if decode is None:
        return Traits(), {}
    known: dict[str, EvidenceStrength] = {n: s for n, s in decode.strengths.items() if s != "default"}
    return _without_defaults(decode.traits, tuple(decode.strengths.items())), known


class _Voice(msgspec.Struct, frozen=True):
    """A source: what it says, its name, and how well it knows each trait."""

    traits: Traits
    name: str
    strengths: dict[str, EvidenceStrength] | EvidenceStrength

    def on(self, field: str) -> Ground | None:
        """Return what it says of a trait."""
        value = getattr(self.traits, field)
        if value is None:
            return None
        strength = self.strengths if isinstance(self.strengths, str) else self.strengths.get(field, "pattern")
        return Ground(field, value, self.name, strength)


def _grounds(field: str, voices: Sequence[_Voice]) -> list[Ground]:
    """Return what each source says of a trait, the strongest first."""
    found = [ground for voice in voices if (ground := voice.on(field)) is not None]
    return sorted(found, key=lambda ground: _STRONGER.index(ground.strength)) if len(found) > 1 else found


def _names(entries: Sequence[Entry]) -> str:
    return ", ".join(sorted({entry.release.dataset for entry in entries}))


def _common(all_traits: Sequence[Traits]) -> Traits:
    """Return the traits on which all agree, the shortest spelling of names, null where they do not."""
    if len(all_traits) == 1:
        return all_traits[0]
    values: dict[str, Any] = {}
    for field in Traits.__struct_fields__:
        found = {getattr(traits, field) for traits in all_traits} - {None}
        if not found:
            continue
        best = min(found, key=lambda value: (len(str(value)), str(value)))
        if all(agrees(field, best, other) for other in found):
            values[field] = best
    return Traits(**values)


def _disagree(decoded: Traits, decode: DecodedFacts | None, registers: Sequence[Traits | None]) -> bool:
    for traits in registers:
        if traits is None:
            continue
        if traits.make is not None and decoded.make is not None and not agrees("make", traits.make, decoded.make):
            return True
        shared = {make_key(make) for make in decode.makes} if decode is not None and decoded.make is None else set()
        if traits.make is not None and shared and make_key(traits.make) not in shared:
            return True
        if traits.year is not None and decoded.year is not None and abs(traits.year - decoded.year) > 1:
            return True
    return False


def _link(whole: Sequence[Entry], partial: Sequence[Entry]) -> Link | None:
    if whole:
        return whole[0].link
    return max((entry.link for entry in partial), key=lambda link: int(link[1:]), default=None)


def usable(counts: Sequence[PrefixCount], evidence: Evidence) -> list[PrefixCount]:
    """Return the counts that may speak: a register of a part of the fleet cannot show the rival that it does not hold,
    so it may only where the decode gives the fuel as exact.
    """
    whole_fleet = "fuel_type" in evidence.decode_exact
    return [count for count in counts if whole_fleet or not count.release.partial]
