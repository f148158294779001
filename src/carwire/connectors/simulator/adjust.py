"""What a hand may set on a car, by name and text: the table behind ``carwire sim set CAR name=value``.

>>> sorted(ADJUSTMENTS)[:4]
['charge', 'charge_fault', 'charge_limit', 'contact']
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from carwire.connectors.simulator.car import Car, TroubleCode
from carwire.connectors.simulator.energy import plug_in, unplug
from carwire.connectors.simulator.models import Model
from carwire.core.errors import FieldProblem, InvalidInput

_TRUTHS: Final = {
    **dict.fromkeys(("on", "yes", "true", "open"), True),
    **dict.fromkeys(("off", "no", "false", "closed"), False),
}
_CODE: Final = re.compile(r"[PCBU][0-3][0-9A-F]{3}")  # SAE J2012
_CORNERS: Final = ("front_left", "front_right", "back_left", "back_right")


class Adjustment(msgspec.Struct, frozen=True):
    """One thing that can be set: a sentence on its values, how a text is read, and how it is applied.

    `read` raises `ValueError` for a text that will not do; so does `apply` when this car cannot have it.
    """

    expects: str
    read: Callable[[str], Any]
    apply: Callable[[Car, Model, Any], None]


def adjust(car: Car, model: Model, name: str, text: str) -> None:
    """Set something on a car. Raises `InvalidInput` on the field `name`; the car is then as it was."""
    rule = ADJUSTMENTS.get(name)
    if rule is None:
        raise InvalidInput(FieldProblem(name[:60], f"cannot be set; these can: {', '.join(sorted(ADJUSTMENTS))}"))
    try:
        rule.apply(car, model, rule.read(text))
    except ValueError as error:
        raise InvalidInput(FieldProblem(name, str(error) or f"must be {rule.expects}")) from None


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError from None
        if not least <= value <= most:  # false for NaN too
            raise ValueError
        return value

    return read


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise ValueError
    return _TRUTHS[text.lower()]


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError
        return text.lower()

    return read


def _assign(name: str) -> Callable[[Car, Model, Any], None]:
    return lambda car, _model, value: setattr(car, name, value)


def _place(name: str, index: int) -> Callable[[Car, Model, Any], None]:
    def apply(car: Car, _model: Model, value: object) -> None:
        getattr(car, name)[index] = value

    return apply


def _set_charge(car: Car, model: Model, share: float) -> None:
    if not model.battery_kwh:
        msg = "this car has no traction battery"
        raise ValueError(msg)
    # What was in the battery at first moves along, so that the energy still adds up.
    car.first_kwh += share * model.battery_kwh - car.battery_kwh
    car.battery_kwh = share * model.battery_kwh
    if car.session:
        # What came through the cable so far says nothing of this charge: the record of the session begins here.
        car.session.start, car.session.from_soc, car.session.grid_kwh = car.minute, share, 0.0


def _set_fuel(car: Car, model: Model, share: float) -> None:
    if not model.tank:
        msg = "this car has no tank"
        raise ValueError(msg)
    car.first_tank += share * model.tank - car.tank
    car.tank = share * model.tank


def _set_odometer(car: Car, _model: Model, km: float) -> None:
    if km < car.odometer_km:
        msg = f"an odometer does not run backwards: it stands at {car.odometer_km:.1f} km"
        raise ValueError(msg)
    car.odometer_km = km


def _set_plug(car: Car, model: Model, which: str) -> None:
    if car.kmh > 0:
        msg = "the car is moving"
        raise ValueError(msg)
    if (which == "ac" and not model.ac_kw) or (which == "dc" and not model.dc_kw):
        msg = f"this car has no socket for {which}"
        raise ValueError(msg)
    unplug(car, model)
    if which != "none":
        plug_in(car, model, fast=which == "dc")


def _set_code(car: Car, _model: Model, code: str) -> None:
    car.codes = () if code == "NONE" else (*(c for c in car.codes if c.code != code), TroubleCode(code, car.minute))


def _code(text: str) -> str:
    if text.upper() != "NONE" and not _CODE.fullmatch(text.upper()):
        raise ValueError
    return text.upper()


def _set_ignition(car: Car, _model: Model, on: bool) -> None:  # one of many in a table
    if not on and car.kmh > 0:
        msg = "the car is moving"
        raise ValueError(msg)
    car.gear = ("DRIVE" if car.kmh > 0 else "NEUTRAL") if on else "PARK"


def _table() -> dict[str, Adjustment]:
    share, percent, truth = _number(0, 1), _number(0, 100), ("on or off", _truth)
    table = {
        "charge": Adjustment("a share of the battery, 0 to 1", share, _set_charge),
        "charge_limit": Adjustment("a share of the battery, 0.5 to 1", _number(0.5, 1), _assign("limit")),
        "charge_fault": Adjustment(*truth, _assign("charge_fault")),
        "contact": Adjustment("normal, asleep or none", _one_of("normal", "asleep", "none"), _assign("contact")),
        "fuel": Adjustment("a share of the tank, 0 to 1", share, _set_fuel),
        "hood": Adjustment(*truth, _assign("front")),
        "ignition": Adjustment(*truth, _set_ignition),
        "locked": Adjustment(*truth, _assign("locked")),
        "low_voltage": Adjustment("percent of the 12 V battery, 0 to 100", percent, _assign("low_voltage")),
        "odometer": Adjustment("kilometres, up to 2,000,000", _number(0, 2_000_000), _set_odometer),
        "oil": Adjustment("percent of the oil's life, 0 to 100", percent, _assign("oil")),
        "plug": Adjustment("none, ac or dc", _one_of("none", "ac", "dc"), _set_plug),
        "remote_access": Adjustment(*truth, _assign("remote_access")),
        "sentry": Adjustment(*truth, _assign("sentry")),
        "sunroof": Adjustment(*truth, _assign("sunroof")),
        "trouble_code": Adjustment("a code like P0420, or none for no codes", _code, _set_code),
        "trunk": Adjustment(*truth, _assign("rear")),
        "virtual_key": Adjustment(*truth, _assign("virtual_key")),
        "washer": Adjustment("percent, 0 to 100", percent, _assign("washer")),
    }
    for index, corner in enumerate(_CORNERS):
        table[f"door_{corner}"] = Adjustment(*truth, _place("doors", index))
        table[f"window_{corner}"] = Adjustment(*truth, _place("windows", index))
        table[f"tyre_{corner}"] = Adjustment("kPa at 20 °C, 0 to 500", _number(0, 500), _place("tyres_kpa", index))
    return table


ADJUSTMENTS: Final = _table()
