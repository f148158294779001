"""What a lookup found, before any wire spells it; and what registers add to it on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from carwire.core.lookup.match import Confidence, Explanation
from carwire.core.lookup.registers import WHOLE, Entry
from carwire.core.lookup.traits import Vehicle

EXTENDED: Final = (
    *("body_type_description", "color_description", "engine_number", "make_code", "make_description", "model_code"),
    *("model_description", "vehicle_type_description"),
)


class Found(msgspec.Struct, frozen=True):
    """The answer to a lookup by VIN or plate. `extras` are by feature; what was not asked for is not there."""

    vehicle: Vehicle | None = None
    upstream_vehicle: str | None = None
    confidence: Confidence | None = None
    colour: str | None = None
    vin: str | None = None
    additional: tuple[Vehicle, ...] = ()
    explanation: Explanation | None = None
    extras: dict[str, Any] = {}
    test: bool = False

    @property
    def outcome(self) -> Any:
        """The word for it in usage records."""
        return "test" if self.test else self.confidence or "no_match"


def described(entries: Sequence[Entry]) -> str | None:
    """Return what the authorities call the car: of a register by a part of the VIN, only what all of its rows say."""
    for whole in (True, False):
        said = {entry.description for entry in entries if (entry.link in WHOLE) is whole} - {None}
        if said and (whole or len(said) == 1):
            return min(text for text in said if text)
    return None


def colour_of(entries: Sequence[Entry]) -> str | None:
    """Return the colour that a register states for this very car."""
    return next((e.individual.colour for e in entries if e.link in WHOLE and e.individual.colour), None)


def extras_of(
    features: frozenset[str],
    entries: Sequence[Entry],
    vehicle: Vehicle | None,
    *,
    public: bool,
) -> dict[str, Any]:
    """Return what each feature adds. A source by a part of the VIN says nothing of one car, whoever asks."""
    own = [entry for entry in entries if entry.link in WHOLE]
    made: dict[str, Callable[[], Any]] = {
        "additional_upstream_data": lambda: _upstream(entries),
        "extended_data": lambda: _extended(own, public=public),
        "writeoff_info": lambda: _incidents(own, "has_writeoffs", "incidents"),
        "stolen_info": lambda: _incidents(own, "has_thefts", "thefts"),
        "vehicle_age": lambda: _age(own),
        "registration_status": lambda: _status(own),
        "performance_info": lambda: _performance(own, vehicle),
        "build_data": lambda: None,
    }
    return {feature: make() for feature, make in made.items() if feature in features}


def _upstream(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """The flat form, then what the register's columns hold, unchanged; of many rows only what all of them say."""
    if not entries:
        return None
    whole = [entry for entry in entries if entry.link in WHOLE]
    some = whole[:1] or entries
    traits = [entry.traits for entry in some]
    names = {"fuel_type": "fuel", "body_style": "body_type", "transmission": "transmission_type"}
    flat: dict[str, Any] = {"vin": some[0].key if whole and len(some[0].key) == 17 else None}
    for name in ("year", "make", "model", "badge", "series", "fuel_type", "body_style", "transmission", "capacity_cc"):
        values = {getattr(each, names.get(name, name)) for each in traits}
        flat[name] = values.pop() if len(values) == 1 else None
    flat["colour"] = colour_of(some)
    flat["title"] = described(some)
    raw = [entry.raw | (entry.individual.raw if entry.link in WHOLE else {}) for entry in some]
    shared = {name: value for name, value in raw[0].items() if all(each.get(name) == value for each in raw)}
    return {**flat, "region_specific": shared}


def _extended(own: Sequence[Entry], *, public: bool) -> dict[str, Any] | None:
    if not own:
        return None
    entry = own[0]
    traits, said = entry.traits, entry.individual
    values = {
        "body_type_description": traits.body_type,
        "color_description": said.colour,
        "engine_number": None if public else said.engine_number,
        "make_description": traits.make,
        "model_description": traits.model,
        **{name: entry.raw[name] for name in EXTENDED if name in entry.raw},
    }
    shown = {name: values.get(name) for name in EXTENDED}
    return {**shown, "source": entry.release.dataset, "as_of": entry.release.as_of.isoformat()}


def _incidents(own: Sequence[Entry], flag: str, name: str) -> dict[str, Any] | None:
    """Null without a source or a link, an empty list where nothing is recorded: three answers, never mixed up."""
    linked = [entry for entry in own if getattr(entry.release, flag)]
    if not linked:
        return None
    found = [incident for entry in linked for incident in getattr(entry.individual, name) or []]
    release = linked[0].release
    return {"incident_list": found, "source": release.dataset, "as_of": release.as_of.isoformat()}


def _age(own: Sequence[Entry]) -> dict[str, Any]:
    built = next((entry.individual.built for entry in own if entry.individual.built), None)
    return {"compliance_plate": built, "year_of_manufacture": built[:4] if built else None}


def _status(own: Sequence[Entry]) -> dict[str, Any] | None:
    entry = next((entry for entry in own if entry.individual.status or entry.individual.expires), None)
    if entry is None:
        return None
    said, release = entry.individual, entry.release
    shown = {"expiry_date": said.expires, "status": said.status}
    return {**shown, "source": release.dataset, "as_of": release.as_of.isoformat()}


def _performance(own: Sequence[Entry], vehicle: Vehicle | None) -> dict[str, Any]:
    power = vehicle.traits.power_kw if vehicle else None
    power = power or next((entry.traits.power_kw for entry in own if entry.traits.power_kw), None)
    mass = next((entry.individual.mass_kg for entry in own if entry.individual.mass_kg), None)
    tonnes = round(mass / 1000, 3) if mass else None
    ratio = round(power / tonnes, 1) if power and tonnes else None
    return {"power_kw": power, "weight_tonnes": tonnes, "power_to_weight_ratio": ratio}
