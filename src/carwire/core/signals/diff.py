"""Whether a signal has changed enough to be told: pure, over what was told last and what is known now.

Numbers wander: an odometer turns all the way, a parked car's position jitters. Each unit has a threshold below which a
new number is the old one to whoever waits for news; some signals have their own. True and false, words, lists and what
has no unit change when they differ at all. What is compared is the value *told* last, so that a slow drift is told once
it has come far enough.

>>> differs("odometer-traveleddistance", 1000.0, 1000.04), differs("odometer-traveleddistance", 1000.0, 1000.6)
(False, True)
>>> differs("closure-islocked", True, False)
True
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Final

from carwire.core.signals.catalogue import Field, signals
from carwire.core.signals.reading import Value

# Unit → how far a number may wander and still be the same, in that unit.
THRESHOLDS: Final[dict[str, float]] = {
    "ampere": 0.5,
    "celsius": 0.5,
    "km": 0.5,
    "km/h": 2.0,
    "kPa": 3.0,
    "kWh": 0.1,
    "liters": 0.5,
    "minutes": 1.0,
    "percent": 0.5,
    "volts": 2.0,
    "watts": 100.0,
}
_MOVED_KM: Final = 0.05  # positions nearer to each other than this are one
_LOCATION: Final = "location-preciselocation"
_EARTH_KM: Final = 6371.0088  # mean radius, IUGG


def differs(code: str, told: Value, now: Value) -> bool:
    """Tell whether a signal's value, in its canonical unit, is news to whoever was told another."""
    if code == _LOCATION and isinstance(told, dict) and isinstance(now, dict):
        return _moved(told, now)
    if type(told) is not type(now) and not (_is_number(told) and _is_number(now)):
        return True
    signal = signals().get(code)
    if signal is None:
        return told != now
    if isinstance(told, dict) and isinstance(now, dict):
        return _members_differ(signal.body, told, now)
    return _apart(told, now, signal.unit)


def _members_differ(fields: Mapping[str, Field], told: Mapping[str, object], now: Mapping[str, object]) -> bool:
    if told.keys() != now.keys():
        return True
    return any(_field_differs(fields.get(name), told[name], now[name]) for name in told)


def _field_differs(field: Field | None, told: object, now: object) -> bool:
    if field is None:
        return told != now
    if isinstance(told, list) and isinstance(now, list):
        return len(told) != len(now) or any(_item_differs(field, *pair) for pair in zip(told, now, strict=True))
    if isinstance(told, dict) and isinstance(now, dict):
        return _members_differ(field.fields, told, now)
    return _apart(told, now, field.unit)


def _item_differs(field: Field, told: object, now: object) -> bool:
    if isinstance(told, dict) and isinstance(now, dict):
        return _members_differ(field.items, told, now)
    return told != now


def _apart(told: object, now: object, unit: str | None) -> bool:
    """What comes to rest at nought, or leaves it, is news however near it was: a car that stops for example."""
    if not _is_number(told) or not _is_number(now):
        return told != now
    assert isinstance(told, int | float)
    assert isinstance(now, int | float)
    if (told == 0) is not (now == 0):
        return True
    return abs(now - told) >= THRESHOLDS.get(unit or "", math.ulp(0.0))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moved(told: Mapping[str, object], now: Mapping[str, object]) -> bool:
    here, there = _point(told), _point(now)
    if here is None or there is None:
        return told != now
    return distance_km(here, there) >= _MOVED_KM


def _point(body: Mapping[str, object]) -> tuple[float, float] | None:
    latitude, longitude = body.get("latitude"), body.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return float(latitude), float(longitude)
    return None


@functools.lru_cache(1024)
def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Return the way between two points, degrees of latitude and longitude, on a sphere (haversine).

    >>> round(distance_km((0.0, 179.999), (0.0, -179.999)), 3)
    0.222
    """
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, point)) for point in (here, there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half)))
