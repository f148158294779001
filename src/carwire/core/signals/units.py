"""Canonical units, and the imperial ones some applications ask for.

Readings are kept in metric units. All four constants are exact: the international mile and pound (1959 agreement), the
US gallon of 231 cubic inches, standard gravity; source: NIST SP 811 (2008), appendix B.8. Nothing is rounded.

>>> to_imperial(1.609344, "km"), to_imperial(-40, "celsius"), to_imperial(80, "percent")
((1.0, 'miles'), (-40.0, 'fahrenheit'), (80, 'percent'))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from carwire.core.signals.catalogue import Field, Signal
from carwire.core.signals.reading import Value

UnitSystem = Literal["metric", "imperial"]

KM_PER_MILE: Final = 1.609344
LITRES_PER_US_GALLON: Final = 3.785411784
# One pound-force is 0.45359237 kg × 9.80665 m/s², one inch 0.0254 m; kPa are 1,000 N/m².
KPA_PER_PSI: Final = 0.45359237 * 9.80665 / 0.0254**2 / 1000

_IMPERIAL: Final[dict[str, tuple[str, Callable[[float], float]]]] = {
    "km": ("miles", lambda km: km / KM_PER_MILE),
    "km/h": ("mph", lambda kmh: kmh / KM_PER_MILE),
    "liters": ("gallons", lambda litres: litres / LITRES_PER_US_GALLON),
    "kPa": ("psi", lambda kpa: kpa / KPA_PER_PSI),
    "celsius": ("fahrenheit", lambda celsius: celsius * 9 / 5 + 32),
}


def to_imperial(value: float, unit: str) -> tuple[float, str]:
    """Convert a number; units that both systems share come back as they are."""
    if unit not in _IMPERIAL:
        return value, unit
    word, convert = _IMPERIAL[unit]
    return convert(value), word


def in_system(value: Value, signal: Signal, system: UnitSystem) -> tuple[Value, str | None]:
    """Return a reading's value, every number of its body converted, and its unit, in the system asked for."""
    if system == "metric":
        return value, signal.unit
    unit = to_imperial(0, signal.unit)[1] if signal.unit else None
    if isinstance(value, dict):
        return _members(value, signal.body), unit
    return _number(value, signal.unit), unit  # type: ignore[return-value]  # a scalar stays one


def _members(body: dict[str, object], fields: dict[str, Field]) -> dict[str, object]:
    return {name: _convert(value, fields.get(name)) for name, value in body.items()}


def _convert(value: object, field: Field | None) -> object:
    if field is None:
        return value
    if isinstance(value, list):
        return [_members(item, field.items) if isinstance(item, dict) else item for item in value]
    if isinstance(value, dict):
        return _members(value, field.fields)
    return _number(value, field.unit)


def _number(value: object, unit: str | None) -> object:
    if unit is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return to_imperial(value, unit)[0]
