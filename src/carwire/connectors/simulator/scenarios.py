"""What a car's day is made of: scenarios as lists of stages.

A stage says what the car does and for how long. A stage with ``ac`` plugs a car that can be charged into a wall box and
merely parks another; ``stop`` is a stop on the way: a fast charger, a filling station, or both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Doing = Literal["park", "drive", "ac", "stop", "service"]


class Stage(msgspec.Struct, frozen=True):
    """One part of a scenario. `to` and `kmh` (the usual speed) belong to a drive, which ends early on arrival."""

    name: str
    minutes: int
    do: Doing
    to: str = "home"
    kmh: float = 0


class Scenario(msgspec.Struct, frozen=True):
    """A named course of stages, over and over if `loops`, else staying in the last.

    `outside` is the mean temperature in degrees Celsius, `swing` how far day and night depart from it. `contact` is
    ``none`` without radio and ``asleep`` for a car that no command wakes. `low_voltage`, in percent, is what the
    12 V battery is down to when the scenario begins; null leaves it.
    """

    name: str
    sentence: str
    stages: tuple[Stage, ...]
    loops: bool = True
    outside: float = 12
    swing: float = 6
    contact: Literal["normal", "asleep", "none"] = "normal"
    low_voltage: float | None = None


_PARKED: Final = (Stage("parked", 1440, "park"),)
_ALL: Final = (
    Scenario("parked", "Parked at the roadside, locked; falls asleep after 20 minutes.", _PARKED),
    Scenario(
        "day_commute",
        "To work and back, and a night at the wall box. The default.",
        (
            Stage("at home", 10, "park"),
            Stage("to work", 40, "drive", "work", 45),
            Stage("at work", 500, "park"),
            Stage("to the shop", 30, "drive", "shop", 45),
            Stage("shopping", 25, "park"),
            Stage("home again", 20, "drive", "home", 40),
            Stage("at home for the night", 815, "ac"),
        ),
    ),
    Scenario(
        "road_trip",
        "Across the mountains with stops for energy, a night away, and back.",
        (
            Stage("packing", 5, "park"),
            Stage("first leg", 100, "drive", "halfway", 105),
            Stage("stop halfway", 35, "stop"),
            Stage("second leg", 120, "drive", "away", 105),
            Stage("stop away", 40, "stop"),
            Stage("night away", 900, "park"),
            Stage("way back", 100, "drive", "halfway", 105),
            Stage("stop on the way back", 35, "stop"),
            Stage("last leg", 105, "drive", "home", 100),
        ),
    ),
    Scenario(
        "ac_charging",
        "At the wall box for twelve hours, then an errand.",
        (
            Stage("at the wall box", 720, "ac"),
            Stage("errand", 40, "drive", "work", 50),
            Stage("errand done", 20, "park"),
            Stage("errand home", 40, "drive", "home", 50),
        ),
    ),
    Scenario(
        "dc_charging",
        "At a fast charger for an hour, then on the road for two.",
        (
            Stage("at the fast charger", 60, "stop"),
            Stage("on the road", 120, "drive", "halfway", 100),
            Stage("at the next fast charger", 60, "stop"),
            Stage("on the road back", 120, "drive", "home", 100),
        ),
    ),
    Scenario("cold_soak", "Parked outside in deep frost.", _PARKED, outside=-18, swing=4),
    Scenario("low_12v", "Parked with a 12 V battery too low for commands.", _PARKED, low_voltage=12.0),
    Scenario("asleep", "Parked in a sleep no command can end.", _PARKED, contact="asleep"),
    Scenario("unreachable", "Parked where there is no radio contact.", _PARKED, contact="none"),
    Scenario(
        "in_service",
        "In the workshop for four hours: oil, codes and tyres are seen to; then parked.",
        (Stage("in service", 240, "service"), Stage("ready", 1440, "park")),
        loops=False,
    ),
)
SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in _ALL}
DEFAULT: Final = "day_commute"
