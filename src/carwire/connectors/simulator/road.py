"""The one road of the simulated world: from a home in Denver west over the mountains, through places in Colorado.

A car is at a distance from home along it, so whatever it drives, its place, its odometer and its speed agree. Between
the places the road is straight; cars live on parallel roads a little apart (`side`).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

_EARTH_KM: Final = 6371.0088  # mean radius, IUGG
_POINTS: Final = (
    (39.7392, -104.9903),  # Denver
    (39.7047, -105.0814),  # Lakewood
    (39.7555, -105.2211),  # Golden
    (39.7425, -105.5136),  # Idaho Springs
    (39.6336, -106.0758),  # Silverthorne
    (39.6403, -106.3742),  # Vail
    (39.5505, -107.3248),  # Glenwood Springs
    (39.5347, -107.7831),  # Rifle
    (39.0639, -108.5506),  # Grand Junction
)
_DIRECTIONS: Final = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


class Place(NamedTuple):
    """Where a car is: degrees, and the compass heading of the road there, away from home."""

    latitude: float
    longitude: float
    heading: float


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance of two places given in degrees (haversine)."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(h))


_LENGTHS: Final = tuple(distance_km(a, b) for a, b in pairwise(_POINTS))
LENGTH_KM: Final = sum(_LENGTHS)

# Where a drive can lead: kilometres from home.
TARGETS: Final = {"home": 0.0, "shop": 6.0, "work": 21.0, "halfway": 150.0, "away": LENGTH_KM - 1}


def place_at(km: float, side: float) -> Place:
    """Return the place `km` from home, on a road that runs `side` degrees north of the first one."""
    left = min(max(km, 0.0), LENGTH_KM)
    part = 0
    while part < len(_LENGTHS) - 1 and left > _LENGTHS[part]:
        left -= _LENGTHS[part]
        part += 1
    start, end = _POINTS[part], _POINTS[part + 1]
    share = min(left / _LENGTHS[part], 1.0)
    north, east = end[0] - start[0], (end[1] - start[1]) * math.cos(math.radians(start[0]))
    return Place(
        start[0] + share * (end[0] - start[0]) + side,
        start[1] + share * (end[1] - start[1]),
        math.degrees(math.atan2(east, north)) % 360,
    )


def direction_of(heading: float) -> str:
    """Return the nearest of the eight points of the compass.

    >>> direction_of(350), direction_of(92)
    ('N', 'E')
    """
    return _DIRECTIONS[round(heading / 45) % 8]
