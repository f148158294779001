"""The columns a list of VINs can be answered with: Carwire's own, in small letters, and vPIC's elements under their
codes (`Make`, `ErrorCode`), as vPIC has them.

Carwire's say what `GET /v1/vins/{vin}` says: null where a maker filed nothing, blanks or "Not Applicable", and null
throughout when vPIC's decode is not believed for the VIN (`carwire.core.vin.decode.believed`). A column is worked out
once for each key, from what vPIC says of one VIN that has it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import ultravin

from carwire.connectors import vpic
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vin import structure
from carwire.core.vin.countries import country_of
from carwire.core.vin.decode import believed
from carwire.core.vin.powertrain import powertrain

SUGGESTED_VIN: Final = 142
ERROR_CODE: Final = 143
_TYPES: Final = {"int": pa.int64(), "decimal": pa.float64()}
_TEXTS: Final = {
    "make": vpic.MAKE,
    "manufacturer": vpic.MANUFACTURER,
    "model": vpic.MODEL,
    "series": vpic.SERIES,
    "trim": vpic.TRIM,
    "vehicle_type": vpic.VEHICLE_TYPE,
    "body_class": vpic.BODY_CLASS,
    "drive_type": vpic.DRIVE_TYPE,
    "transmission": vpic.TRANSMISSION,
    "fuel_type_primary": vpic.FUEL_PRIMARY,
    "fuel_type_secondary": vpic.FUEL_SECONDARY,
    "electrification_level": vpic.ELECTRIFICATION,
    "gvwr": vpic.GVWR,
    "engine_model": vpic.ENGINE_MODEL,
    "battery_type": vpic.BATTERY_TYPE,
    "battery_charger_level": vpic.CHARGER_LEVEL,
    "plant_city": vpic.PLANT_CITY,
    "plant_state": vpic.PLANT_STATE,
    "plant_country": vpic.PLANT_COUNTRY,
    "plant_company": vpic.PLANT_COMPANY,
}
_COUNTS: Final = {"model_year": vpic.MODEL_YEAR, "doors": vpic.DOORS, "engine_cylinders": vpic.CYLINDERS}
_SIZES: Final = {
    "engine_displacement_l": vpic.DISPLACEMENT_L,
    "battery_energy_kwh": vpic.BATTERY_KWH,
    "battery_charger_power_kw": vpic.CHARGER_KW,
}


class Lot:
    """VINs decoded together, tidied, with vPIC's elements by their ids. `exceptions` are VINs built with a wrong check
    digit.
    """

    def __init__(self, vins: Sequence[str], elements: pa.RecordBatch, exceptions: frozenset[str]) -> None:
        self.vins = vins
        self.exceptions = exceptions
        self._elements = elements

    def element(self, element_id: int) -> pa.Array:
        """What vPIC says, null where it says nothing."""
        return self._elements.column(f"attr_{element_id}")

    @functools.cached_property
    def codes(self) -> list[frozenset[int]]:
        """vPIC's error codes of each VIN."""
        return [_codes(text) for text in self.element(ERROR_CODE).to_pylist()]

    @functools.cached_property
    def problems(self) -> list[str | None]:
        """Why each text is no VIN, null where it is one or the beginning of one."""
        return [_problem(vin) for vin in self.vins]

    @functools.cached_property
    def believed(self) -> pa.Array:
        """Whether the decode may be taken for the car."""
        each = zip(self.vins, self.codes, self.problems, strict=True)
        return pa.array([problem is None and believed(vin, codes) for vin, codes, problem in each], pa.bool_())

    def said(self, element_id: int) -> pa.Array:
        """A text as Carwire gives it: without blanks at the ends, and null when it says nothing."""
        text = pc.utf8_trim_whitespace(self.element(element_id))
        return self.if_believed(pc.if_else(pc.is_in(text, _NOTHING), None, text))

    def if_believed(self, values: pa.Array) -> pa.Array:
        """The values, null where they are not to be taken for the car."""
        return pc.if_else(self.believed, values, pa.scalar(None, values.type))


class Column(NamedTuple):
    """A column of the answer: its type, the elements of vPIC it needs, and how it comes from them."""

    name: str
    type: pa.DataType
    needs: tuple[int, ...]
    of: Callable[[Lot], pa.Array]


_NOTHING: Final = pa.array(["", "Not Applicable"])


@functools.lru_cache(maxsize=4096)
def _codes(text: str | None) -> frozenset[int]:
    return frozenset(int(code) for code in (text or "").split(",") if code)


def _count(lot: Lot, element_id: int) -> pa.Array:
    return lot.if_believed(lot.element(element_id))


def _positive(lot: Lot, element_id: int) -> pa.Array:
    values = lot.element(element_id).cast(pa.float64())
    return lot.if_believed(pc.if_else(pc.greater(values, 0), values, None))


def _power(lot: Lot) -> pa.Array:
    filed, horses = _positive(lot, vpic.ENGINE_KW), _positive(lot, vpic.ENGINE_HP)
    converted = (None if hp is None else round(hp * vpic.KW_PER_HP, 1) for hp in horses.to_pylist())
    return pc.coalesce(filed, pa.array(converted, pa.float64()))


def _powertrain(lot: Lot) -> pa.Array:
    said = (lot.said(i).to_pylist() for i in (vpic.ELECTRIFICATION, vpic.FUEL_PRIMARY, vpic.FUEL_SECONDARY))
    return pa.array([powertrain(*texts) for texts in zip(*said, strict=True)], pa.string())


def _problem(vin: str) -> str | None:
    try:
        structure.normalise(vin)
    except InvalidInput as error:
        return error.fields[0].message
    return None


def _matches(vin: str, codes: frozenset[int], exceptions: frozenset[str]) -> bool:
    """Whether position 9 is the digit vPIC computes; with VINs listed as exceptions it does not say so itself."""
    if vin in exceptions:
        return structure.compute_check_digit(vin) == vin[8]
    return len(vin) == structure.VIN_LENGTH and 1 not in codes


def _country(vin: str) -> str | None:
    country = country_of(vin)
    return country.code if country else None


def _texts(of: Callable[[str], str | None]) -> Callable[[Lot], pa.Array]:
    return lambda lot: pa.array([of(vin) for vin in lot.vins], pa.string())


def _own() -> list[Column]:
    """Carwire's columns, in the order they are given when none are named."""
    texts = {n: Column(n, pa.string(), (i,), functools.partial(Lot.said, element_id=i)) for n, i in _TEXTS.items()}
    counts = {n: Column(n, pa.int64(), (i,), functools.partial(_count, element_id=i)) for n, i in _COUNTS.items()}
    sizes = {n: Column(n, pa.float64(), (i,), functools.partial(_positive, element_id=i)) for n, i in _SIZES.items()}
    fuels = (vpic.ELECTRIFICATION, vpic.FUEL_PRIMARY, vpic.FUEL_SECONDARY)
    derived = [
        Column("engine_power_kw", pa.float64(), (vpic.ENGINE_KW, vpic.ENGINE_HP), _power),
        Column("powertrain", pa.string(), fuels, _powertrain),
        Column("wmi", pa.string(), (), _texts(structure.wmi_of)),
        Column("country", pa.string(), (), _texts(_country)),
        Column("believed", pa.bool_(), (), lambda lot: lot.believed),
        Column(
            "check_digit_matches",
            pa.bool_(),
            (),
            lambda lot: pa.array(
                [_matches(v, c, lot.exceptions) for v, c in zip(lot.vins, lot.codes, strict=True)], pa.bool_()
            ),
        ),
        Column(
            "check_digit_valid",
            pa.bool_(),
            (),
            lambda lot: pa.array([structure.check_digit(v).valid if v else None for v in lot.vins], pa.bool_()),
        ),
        Column("descriptor", pa.string(), (196,), lambda lot: lot.element(196)),
        Column("error_codes", pa.string(), (), lambda lot: lot.element(ERROR_CODE)),
        Column("suggested_vin", pa.string(), (), lambda lot: lot.element(SUGGESTED_VIN)),
        Column("problem", pa.string(), (), lambda lot: pa.array(lot.problems, pa.string())),
    ]
    return list((texts | counts | sizes | {c.name: c for c in derived}).values())


def _filed() -> list[Column]:
    """vPIC's elements under their codes."""
    return [
        Column(e["code"], _TYPES.get(e["data_type"], pa.string()), (i,), functools.partial(Lot.element, element_id=i))
        for e in ultravin.ELEMENTS.values()
        for i in (e["element_id"],)
    ]


OWN: Final = {column.name: column for column in _own()}
FILED: Final = {column.name: column for column in _filed()}
ALL: Final = OWN | FILED
GROUPS: Final = {"carwire": tuple(OWN), "vpic": tuple(FILED), "all": tuple(ALL)}
SUGGESTIONS: Final = frozenset({"suggested_vin", "SuggestedVIN"})  # columns that repeat the serial of each VIN


def choose(names: Sequence[str] | None) -> list[Column]:
    """Return the columns of these names and groups, in order and each once; null means Carwire's own.

    Raises `InvalidInput` for a name that is neither.
    """
    asked = ("carwire",) if names is None else names
    wanted = dict.fromkeys(n for name in asked for n in GROUPS.get(name, (name,)))
    unknown = [name for name in wanted if name not in ALL]
    if unknown or not wanted:
        said = f"{unknown[0]!a} is no column" if unknown else "name at least one column"
        raise InvalidInput(FieldProblem("columns", f"{said}; the groups are {', '.join(GROUPS)}"))
    return [ALL[name] for name in wanted]
