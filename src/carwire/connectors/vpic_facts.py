"""What vPIC says of a VIN in the words of the lookup API, each fact with its strength.

A pattern counts as exact where the maker filed single characters, as a pattern where it filed one of several
(``[1A]``). Positions that a pattern does not look at (``*``) weaken nothing. That a car has no electric drive is
nowhere filed: it follows from silence, so a combustion fuel is never exact.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

import msgspec
import ultravin

from carwire.connectors import vpic
from carwire.connectors._vpic_serials import DATA_MONTH, SERIAL_WMIS
from carwire.core.lookup import spelling
from carwire.core.lookup.facts import DecodedFacts, Strength
from carwire.core.lookup.traits import Traits
from carwire.core.vin import makers, structure
from carwire.core.vin.decode import believed
from carwire.core.vin.powertrain import powertrain

_SEATS, _SPEEDS, _CC, _CAB = 33, 63, 11, 4
_WANTED: Final = frozenset(
    {
        *(vpic.MAKE, vpic.MODEL, vpic.MODEL_YEAR, vpic.TRIM, vpic.SERIES, vpic.BODY_CLASS, vpic.DOORS, vpic.DRIVE_TYPE),
        *(vpic.TRANSMISSION, vpic.CYLINDERS, vpic.DISPLACEMENT_L, vpic.ENGINE_KW, vpic.ENGINE_HP, vpic.FUEL_PRIMARY),
        *(vpic.FUEL_SECONDARY, vpic.ELECTRIFICATION, _SEATS, _SPEEDS, _CC, _CAB),
    }
)
_BY_FUEL: Final = {"HEV": "Hybrid", "PHEV": "Plug-in Hybrid", "BEV": "Electric", "FCEV": "Hydrogen"}
_ENGINE: Final = {"BEV": "Electric", "FCEV": "Electric"}
_REMEMBERED: Final = 65_536
_HARMLESS: Final = frozenset({0, 1, 14})  # clean, check digit, characters that say nothing more
_NOTHING: Final = frozenset({"", "Not Applicable"})
_ORDER: Final[tuple[Strength, ...]] = ("exact", "pattern", "default")
_Found = dict[int, tuple[str, Strength]]


class VpicFacts:
    """`carwire.core.lookup.ports.FactDecoder` on ultravin. Remembers by characters 1-8, 10 and 11, for the day, as
    `vpic.VpicDecoder` does and where it may.
    """

    def __init__(self, *, cached: bool = True) -> None:
        month = ultravin.provenance()["data_month"]
        self.data = f"vPIC {month.replace('_', '-')}"
        self._cached = cached and month == DATA_MONTH
        self._remembered: dict[str, DecodedFacts] = {}
        self._day = date.min

    def facts(self, vin: str, *, now: datetime) -> DecodedFacts:
        """Return what a whole VIN says. Outside vPIC that is its make, or the makes that share the identifier."""
        if len(vin) != structure.VIN_LENGTH:
            return DecodedFacts(vin, Traits(), {}, clean=False)
        if not self._cached or not vpic._PLAIN.match(vin) or vin[:3] in SERIAL_WMIS:
            return _decoded(vin, now)[0]
        if self._day != now.date() or len(self._remembered) >= _REMEMBERED:
            self._remembered = {}
            self._day = now.date()
        key = vin[:8] + vin[9:11]
        known = self._remembered.get(key)
        if known is None:
            known, may_be_kept = _decoded(vin, now)
            if may_be_kept:
                self._remembered[key] = known
            return known
        if not structure.is_north_american(vin) and structure.compute_check_digit(vin) != vin[8]:
            return _foreign(vin)  # for another market, whatever its neighbour was made for
        return msgspec.structs.replace(known, vin=vin)


def _decoded(vin: str, now: datetime) -> tuple[DecodedFacts, bool]:
    """Decode, and tell whether cars of the same characters 1-8, 10 and 11 say the same: light ones without an error in
    their characters, which may let the serial decide between two model years.
    """
    decoded = ultravin.decode(vin, full=True, now=now)
    if not believed(vin, decoded["error_codes"]):
        return _foreign(vin), False
    elements = {e["element_id"]: e for e in decoded["elements"]}
    found = {number: _said(e) for number, e in elements.items() if _says(e)}
    kind = elements.get(vpic.VEHICLE_TYPE, {}).get("value", "")
    gvwr = elements.get(vpic.GVWR, {}).get("value", "")
    light = gvwr.startswith(vpic._LIGHT_TRUCKS) if kind == "TRUCK" else kind in vpic._CARS
    return _read(vin, found), light and _HARMLESS.issuperset(decoded["error_codes"])


def _says(element: dict[str, Any]) -> bool:
    return element["element_id"] in _WANTED and element["value"].strip() not in _NOTHING


def _said(element: dict[str, Any]) -> tuple[str, Strength]:
    source, keys = element["source"], element["keys"]
    if source in {"Vehicle Specs", "Default"}:
        strength: Strength = "default"
    elif "[" in keys or "#" in keys:
        strength = "pattern"
    else:
        strength = "exact"
    return element["value"].strip(), strength


def _foreign(vin: str) -> DecodedFacts:
    maker = makers.maker_of(structure.wmi_of(vin))
    makes = maker.makes if maker else ()
    if len(makes) == 1:
        return DecodedFacts(vin, Traits(make=spelling.make_shown(makes[0])), {"make": "exact"}, makes, clean=False)
    return DecodedFacts(vin, Traits(), {}, makes, clean=False)


def _read(vin: str, found: _Found) -> DecodedFacts:
    values: dict[str, Any] = {}
    strengths: dict[str, Strength] = {}

    def note(strength: Strength, **traits: Any) -> None:
        for name, value in traits.items():
            if value is not None:
                values[name], strengths[name] = value, strength

    for element, name, read in _ROWS:
        if element in found:
            text, strength = found[element]
            note(strength, **{name: _number(text, read)})
    _note_words(found, note)
    _note_engine(found, note)
    year = values.get("year")
    note(strengths.get("year", "exact"), model_year=f"MY{year % 100:02}" if year else None)
    return DecodedFacts(vin, Traits(**values), strengths)


_ROWS: Final[tuple[tuple[int, str, Callable[[str], Any]], ...]] = (
    (vpic.MAKE, "make", spelling.make_shown),
    (vpic.MODEL, "model", str),
    (vpic.MODEL_YEAR, "year", int),
    (vpic.TRIM, "badge", str),
    (vpic.SERIES, "series", str),
    (vpic.BODY_CLASS, "body_type", spelling.body_type),
    (_CAB, "body_config", lambda text: text.partition("/")[0]),
    (vpic.DOORS, "num_doors", int),
    (_SEATS, "num_seats", int),
    (_SPEEDS, "num_gears", int),
    (vpic.CYLINDERS, "num_cylinders", int),
)


def _number(text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text) or None
    except ValueError:
        return None


def _note_words(found: _Found, note: Callable[..., None]) -> None:
    if vpic.DRIVE_TYPE in found:
        text, strength = found[vpic.DRIVE_TYPE]
        drive, group = spelling.drive(text)
        note(strength, drive=drive, drive_type=group)
    if vpic.TRANSMISSION in found:
        text, strength = found[vpic.TRANSMISSION]
        note(strength, transmission=text, transmission_type=spelling.transmission_type(text))


def _note_engine(found: _Found, note: Callable[..., None]) -> None:
    litres, cc = found.get(vpic.DISPLACEMENT_L), found.get(_CC)
    if litres or cc:
        text, strength = cc or litres or ("", "default")
        size = _number(text, float)
        note(strength, capacity_cc=round(size * (1 if cc else 1000)) if size else None)
    for element, factor in ((vpic.ENGINE_KW, 1.0), (vpic.ENGINE_HP, vpic.KW_PER_HP)):
        if element in found:
            text, strength = found[element]
            power = _number(text, float)
            note(strength, power_kw=round(power * factor) if power else None)
            break
    _note_fuel(found, note)


def _note_fuel(found: _Found, note: Callable[..., None]) -> None:
    said = [found.get(element) for element in (vpic.ELECTRIFICATION, vpic.FUEL_PRIMARY, vpic.FUEL_SECONDARY)]
    kind = powertrain(*(each[0] if each else None for each in said))
    if kind is None:
        return
    grounds = [each[1] for each in said[:1] if each] or [each[1] for each in said if each]
    strength = max(grounds, key=_ORDER.index)
    primary = said[1][0] if said[1] else None
    fuel, group = spelling.fuel(primary) if primary else (None, None)
    if kind == "ICE":
        if strength == "exact":
            strength = "pattern"
        if said[2] and "ethanol" in said[2][0].lower():
            fuel, group = "Flex Fuel", "Flex Fuel"
    else:
        group = _BY_FUEL[kind]
        fuel = f"{fuel}/Electric" if kind in {"HEV", "PHEV"} and fuel not in {None, "Electric"} else fuel or group
        fuel = group if kind in {"HEV", "PHEV"} and fuel == "Electric" else fuel
    note(
        strength,
        fuel=fuel,
        fuel_type=group,
        engine=_ENGINE.get(kind, "Piston"),
        engine_type=_ENGINE.get(kind, "Piston"),
    )
