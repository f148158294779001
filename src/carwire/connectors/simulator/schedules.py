"""Charge schedules of a car: each holds at one place, and says in which windows the car charges there.

Days and times are UTC, like all of the simulated world's. Where several schedules hold, one open window is enough.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

from carwire.connectors.simulator import road
from carwire.connectors.simulator.car import Car, ChargeSchedule, ChargeWindow
from carwire.core.commands import DAYS

NEAR_KM: Final = 0.15  # as far from its place a schedule holds
MOST: Final = 10  # schedules of one car
_DAY: Final = 1440  # minutes
_FIRST_WEEKDAY: Final = DAYS.index("THURSDAY")  # of the epoch


def schedule_of(given: Mapping[str, Any]) -> ChargeSchedule:
    """Return the schedule that the arguments of a command describe."""
    windows = tuple(
        ChargeWindow(tuple(each["days"]), _minute_of(each["start"]), _minute_of(each["stop"]))
        for each in given["windows"]
    )
    place = float(given["latitude"]), float(given["longitude"])
    return ChargeSchedule(given["schedule_id"], given["kind"], *place, windows)


def with_schedule(schedules: tuple[ChargeSchedule, ...], new: ChargeSchedule) -> tuple[ChargeSchedule, ...]:
    """Return the schedules with a new one: in the place of the one with its id, else at the end."""
    if any(each.id == new.id for each in schedules):
        return tuple(new if each.id == new.id else each for each in schedules)
    return (*schedules, new)


def is_open(car: Car) -> bool | None:
    """Tell whether a window is open at the place of the car; null where none of its schedules holds."""
    here = [each for each in car.schedules if _holds(each.latitude, each.longitude, car.km_from_home, car.side)]
    if not here:
        return None
    day, time = divmod(car.minute, _DAY)
    today, yesterday = (DAYS[(_FIRST_WEEKDAY + each) % 7] for each in (day, day - 1))
    return any(covers(window, today, yesterday, time) for each in here for window in each.windows)


def covers(window: ChargeWindow, today: str, yesterday: str, time: int) -> bool:
    """Tell whether a window is open at a minute of the day: it is when it starts, and no more when it stops.

    >>> night = ChargeWindow(("FRIDAY",), 22 * 60, 6 * 60)
    >>> covers(night, "FRIDAY", "THURSDAY", 22 * 60), covers(night, "FRIDAY", "THURSDAY", 0)
    (True, False)
    >>> covers(night, "SATURDAY", "FRIDAY", 6 * 60 - 1), covers(night, "SATURDAY", "FRIDAY", 6 * 60)
    (True, False)
    """
    if window.start < window.stop:
        return window.start <= time < window.stop and today in window.days
    return (time >= window.start and today in window.days) or (time < window.stop and yesterday in window.days)


@functools.lru_cache(maxsize=1024)  # asked every minute of a car that stands
def _holds(latitude: float, longitude: float, km: float, side: float) -> bool:
    place = road.place_at(km, side)
    return road.distance_km((place.latitude, place.longitude), (latitude, longitude)) <= NEAR_KM


def _minute_of(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])
