"""vPIC through ultravin: the tables makers file with NHTSA, whole and offline, behind `carwire.core.ports.VinDecoder`.

ultravin names values by variable, and NHTSA renames variables now and then; the numeric element ids never change, so
the ids are what this module is written in. Values arrive as text; numbers are converted here and a number that is
none counts as not known.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

import ultravin

from carwire.connectors._vpic_serials import DATA_MONTH, SERIAL_WMIS
from carwire.core.vin.decode import Battery, Decoded, Engine, ErrorCode, Field, Identity, Plant, Strength, believed
from carwire.core.vin.elements import Element, ElementValues, Value
from carwire.core.vin.powertrain import Powertrain, powertrain
from carwire.core.vin.structure import VIN_LENGTH, compute_check_digit, is_north_american

# Element ids of vPIC.
BATTERY_TYPE, BODY_CLASS, CYLINDERS, DISPLACEMENT_L, DOORS, DRIVE_TYPE, ENGINE_MODEL, ENGINE_KW = (
    2,
    5,
    9,
    13,
    14,
    15,
    18,
    21,
)
FUEL_PRIMARY, GVWR, MAKE, MANUFACTURER, MODEL, MODEL_YEAR, PLANT_CITY, SERIES = 24, 25, 26, 27, 28, 29, 31, 34
TRANSMISSION, TRIM, VEHICLE_TYPE, BATTERY_KWH, FUEL_SECONDARY, ENGINE_HP = 37, 38, 39, 59, 66, 71
PLANT_COUNTRY, PLANT_COMPANY, PLANT_STATE, ELECTRIFICATION, CHARGER_LEVEL = 75, 76, 77, 126, 127
CHARGER_KW, ERROR_TEXT = 128, 191

KW_PER_HP: Final = 0.745699872  # mechanical horsepower: vPIC's EngineHP is SAE brake horsepower

_STRENGTHS: Final[tuple[tuple[Strength, tuple[str, ...]], ...]] = (
    ("pattern", ("Pattern", "EngineModelPattern", "pattern - model")),
    ("exact", ("Formula Pattern", "ModelYear")),
    ("wmi", ("Make", "Manu. Name", "VehType")),
    ("default", ("Vehicle Specs", "Default")),
)
# A conversion of a filed displacement carries its sum as its source: "Conversion 3: 803 / 1000.".
_CONVERTED: Final[tuple[Strength, str]] = ("pattern", "vPIC Conversion")
_OTHER: Final[tuple[Strength, str]] = ("default", "vPIC")
_SOURCES: Final = {name: (strength, f"vPIC {name}") for strength, names in _STRENGTHS for name in names}


def _positive(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise ValueError(text)
    return number


_READ: Final[dict[int, Callable[[str], Any]]] = {
    **dict.fromkeys(
        (BATTERY_TYPE, BODY_CLASS, DRIVE_TYPE, ENGINE_MODEL, FUEL_PRIMARY, GVWR, MAKE, MANUFACTURER, MODEL), str
    ),
    **dict.fromkeys((PLANT_CITY, SERIES, TRANSMISSION, TRIM, VEHICLE_TYPE, FUEL_SECONDARY, PLANT_COUNTRY), str),
    **dict.fromkeys((PLANT_COMPANY, PLANT_STATE, ELECTRIFICATION, CHARGER_LEVEL, ERROR_TEXT), str),
    **dict.fromkeys((CYLINDERS, DOORS, MODEL_YEAR), int),
    **dict.fromkeys((DISPLACEMENT_L, ENGINE_KW, ENGINE_HP, BATTERY_KWH, CHARGER_KW), _positive),
}
_NOT_APPLICABLE: Final = "Not Applicable"
_TEXT_LIMIT: Final = 490  # vPIC cuts the joined error texts at 500, then blanks at the end go
# The sentences that can be cut or lost there, from vPIC's own table of error codes.
_SENTENCES: Final = {
    10: "Off-Road Vehicle Warning – This is not a Vehicle Identification Number (VIN) for a motor vehicle. This"
    " indicates that the manufacturer did not certify this product as complying with the Federal Motor Vehicle Safety"
    " Standards that are applicable to motor vehicles as defined in 49 U.S.C. 30102.",
    11: "Incorrect Model Year - Position 10 does not match valid model year codes (I, O, Q, U, Z, 0). Decoded data may"
    " not be accurate.",
    14: "Unable to provide information for some of the characters in the VIN, based on the manufacturer submission.",
    400: "Invalid Characters Present",
}
# Whole, no small maker's identifier, and no character that any rule for positions 12 to 17 objects to.
_PLAIN: Final = re.compile(r"[0-9A-HJ-NPR-Z]{2}[0-8A-HJ-NPR-Z][0-9A-HJ-NPR-Z]{9}[0-9]{5}\Z")
_REMEMBERED: Final = 65_536
_CARS: Final = frozenset({"PASSENGER CAR", "MULTIPURPOSE PASSENGER VEHICLE (MPV)"})
_LIGHT_TRUCKS: Final = ("Class 1", "Class 2", "Class 3")


def _missing(reason: str) -> Field[Any]:
    return Field(None, "none", None, reason)


def _blank(reason: str) -> dict[int, Field[Any]]:
    """Every element, missing for the same reason: most fields of most cars are, and share one field."""
    return dict.fromkeys(_READ, _missing(reason))


_NOT_REGISTERED: Final = _blank("the manufacturer identifier is not registered with NHTSA")
_NO_PATTERN: Final = _blank("the maker is registered with NHTSA, but nothing it filed fits these characters")
_NOT_FILED: Final = _blank("the maker filed nothing about it for these characters")
_NOT_WHOLE: Final = _blank("the characters given do not tell it; the VIN is not whole")
_NO_FUEL: Final = _missing("neither fuel nor electrification is known")


class VpicDecoder:
    """Decodes through ultravin. Safe to share between threads: what it remembers, it may forget or find out twice.

    Cars and light trucks that share positions 1-8, 10 and 11 share their identity, unless their maker's patterns
    reach further back (`_vpic_serials`). So `identify` remembers by those ten characters, for the day.
    """

    def __init__(self, *, cached: bool = True) -> None:
        names = {element["element_id"]: name for name, element in ultravin.ELEMENTS.items()}
        self._identity = [names[i] for i in (MAKE, MODEL, SERIES, TRIM, VEHICLE_TYPE)]
        self._fuel = [names[i] for i in (ELECTRIFICATION, FUEL_PRIMARY, FUEL_SECONDARY)]
        self._year, self._gvwr = names[MODEL_YEAR], names[GVWR]
        month = ultravin.provenance()["data_month"]
        self.data = f"vPIC {month.replace('_', '-')}"
        self._cached = cached and month == DATA_MONTH
        self._remembered: dict[str, Identity] = {}
        self._day = date.min

    def identify(self, vin: str, *, now: datetime) -> Identity:
        """Return what identifies the car, from ultravin's plain decode."""
        if not self._cached or not _PLAIN.match(vin) or vin[:3] in SERIAL_WMIS:
            return self._identity_of(vin, ultravin.decode(vin, now=now))
        if self._day != now.date() or len(self._remembered) >= _REMEMBERED:
            self._remembered = {}
            self._day = now.date()
        key = vin[:8] + vin[9:11]
        car = self._remembered.get(key)
        if car is None:
            found = ultravin.decode(vin, now=now)
            car = self._identity_of(vin, found)
            if car.believed and self._is_light(car, found):
                self._remembered[key] = car
        elif not is_north_american(vin) and compute_check_digit(vin) != vin[8]:
            # Made elsewhere and without a check digit: for another market, whatever its neighbour was made for.
            return self._identity_of(vin, ultravin.decode(vin, now=now))
        return car

    def decode(self, vin: str, *, now: datetime) -> Decoded:
        """Return every field with its source, from ultravin's full decode."""
        found = ultravin.decode(vin, full=True, now=now)
        errors = tuple(found["error_codes"])
        blank = _NOT_REGISTERED if 7 in errors else _NO_PATTERN if 8 in errors else _NOT_FILED
        if len(vin) < VIN_LENGTH and 7 not in errors:
            blank = _NOT_WHOLE
        fields = blank | _fields(found["elements"])
        return Decoded(
            make=fields[MAKE],
            manufacturer=fields[MANUFACTURER],
            model=fields[MODEL],
            model_year=fields[MODEL_YEAR],
            series=fields[SERIES],
            trim=fields[TRIM],
            vehicle_type=fields[VEHICLE_TYPE],
            body_class=fields[BODY_CLASS],
            doors=fields[DOORS],
            drive_type=fields[DRIVE_TYPE],
            transmission=fields[TRANSMISSION],
            fuel_type_primary=fields[FUEL_PRIMARY],
            fuel_type_secondary=fields[FUEL_SECONDARY],
            electrification_level=fields[ELECTRIFICATION],
            gvwr=fields[GVWR],
            engine=Engine(fields[ENGINE_MODEL], fields[CYLINDERS], fields[DISPLACEMENT_L], _power(fields)),
            battery=Battery(fields[BATTERY_TYPE], fields[BATTERY_KWH], fields[CHARGER_LEVEL], fields[CHARGER_KW]),
            plant=Plant(fields[PLANT_CITY], fields[PLANT_STATE], fields[PLANT_COUNTRY], fields[PLANT_COMPANY]),
            powertrain=_powertrain(fields),
            descriptor=found["descriptor"],
            errors=_error_codes(fields[ERROR_TEXT].value or "", errors),
            suggested_vin=found["corrected_vin"] or None,
            data=self.data,
        )

    @functools.cached_property
    def elements(self) -> tuple[Element, ...]:
        """Every element a decode can have a value of, those about the decode itself first."""
        found = sorted(ultravin.ELEMENTS.values(), key=lambda e: (e["decode"] != "Decoding", e["element_id"]))
        return tuple(Element(e["element_id"], e["code"], e["variable"], e["data_type"] == "lookup") for e in found)

    def read(self, vin: str, *, claimed_year: int | None, now: datetime) -> ElementValues:
        """Return vPIC's own answer for any text, with a model year somebody claims."""
        found = ultravin.decode(vin, year=claimed_year, full=True, now=now)["elements"]
        values = (Value(e["element_id"], e["value"], e["attribute_id"], e["source"]) for e in found)
        return ElementValues(vin, tuple(values))

    def _is_light(self, car: Identity, found: dict[str, Any]) -> bool:
        """Whether position 7 settles the model year: for heavy vehicles vPIC weighs two years by what the rest
        matches.
        """
        if car.vehicle_type == "TRUCK":
            gvwr: str = found["attributes"].get(self._gvwr, "")
            return gvwr.startswith(_LIGHT_TRUCKS)
        return car.vehicle_type in _CARS

    def _identity_of(self, vin: str, found: dict[str, Any]) -> Identity:
        get = found["attributes"].get
        make, model, series, trim, vehicle_type = (_said(get(name)) for name in self._identity)
        return Identity(
            make=make,
            model=model,
            model_year=found["model_year"] if get(self._year) else None,
            series=series,
            trim=trim,
            vehicle_type=vehicle_type,
            powertrain=powertrain(*(_said(get(name)) for name in self._fuel)),
            believed=believed(vin, found["error_codes"]),
        )


def _said(text: str | None) -> str | None:
    """What vPIC says in a text, null when that is nothing: makers file blanks at the ends and "Not Applicable"."""
    said = (text or "").strip()
    return None if said in {"", _NOT_APPLICABLE} else said


def _fields(elements: list[dict[str, Any]]) -> dict[int, Field[Any]]:
    """Pick the elements of `_READ` that have a value, converted, each with its source."""
    fields: dict[int, Field[Any]] = {}
    for element in elements:
        element_id = element["element_id"]
        if element_id in _READ:
            field = _field(element_id, element["value"], element["source"])
            if field:
                fields[element_id] = field
    return fields


@functools.lru_cache(maxsize=65_536)
def _field(element_id: int, text: str, said: str) -> Field[Any] | None:
    """Read one element; null when it says nothing. Remembered: cars share nearly all of their values."""
    value: Any = text.strip()
    if not value or value == _NOT_APPLICABLE:
        return None
    convert = _READ[element_id]
    if convert is not str:
        try:
            value = convert(value)
        except ValueError:
            return _missing(f"vPIC has {value!a} here, which cannot be")
    strength, source = _SOURCES.get(said) or (_CONVERTED if said.startswith("Conversion") else _OTHER)
    return Field(value, strength, source)


def _power(fields: dict[int, Field[Any]]) -> Field[float]:
    """Kilowatts as filed, else from brake horsepower."""
    horsepower = fields[ENGINE_HP]
    if horsepower.value is None or fields[ENGINE_KW].value is not None:
        return fields[ENGINE_KW]
    return Field(round(horsepower.value * KW_PER_HP, 1), horsepower.strength, f"{horsepower.source}, from hp")


def _powertrain(fields: dict[int, Field[Any]]) -> Field[Powertrain]:
    """Derive the powertrain; its strength is that of the first field that says anything."""
    level, primary, secondary = fields[ELECTRIFICATION], fields[FUEL_PRIMARY], fields[FUEL_SECONDARY]
    kind = powertrain(level.value, primary.value, secondary.value)
    if kind is None:
        return _NO_FUEL
    ground = level if level.value else primary if primary.value else secondary
    return Field(kind, ground.strength, "derived from fuel and electrification")


@functools.lru_cache(maxsize=4096)
def _error_codes(text: str, codes: tuple[int, ...]) -> tuple[ErrorCode, ...]:
    """Pair each code with its sentence: vPIC joins the sentences by semicolons, and a sentence may hold one itself.

    vPIC cuts the joined text at 500 characters; a sentence that lost its end, or its place, is given as the tables
    have it.
    """
    found: list[ErrorCode] = []
    rest = text
    for code, following in zip(codes, (*codes[1:], None), strict=True):
        said, mark, rest_after = rest.partition(f"; {following} - ") if following is not None else (rest, "", "")
        said = said.removeprefix(f"{code} - ")
        whole = bool(mark) or len(text) < _TEXT_LIMIT
        found.append(ErrorCode(code, said.strip(" ;") if whole else _SENTENCES.get(code, said.strip(" ;"))))
        rest = f"{following} - {rest_after}" if mark else ""
    return tuple(found)
