"""When a connected car is asked next, on behalf of those who want to hear of changes. Pure.

What a car is doing decides how soon its signals grow old (`Tier`), what a signal is decides how soon it may change
(`Pace`). The moment is moved by up to a tenth, differently for every car, so that many that were connected at once are
not asked at once for ever.

Intervals are ours. They stand between what owners see in a maker's app (seconds) and what makers' services bear of a
third party (the published limits of Tesla's and Smartcar's own schedules: minutes to hours).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from zlib import crc32

from carwire.core.budgets import DAY_S
from carwire.core.signals.catalogue import Signal, signals
from carwire.core.signals.reading import Problem, Reading

Tier = Literal["driving", "charging", "parked", "asleep"]
Pace = Literal["live", "usual", "slow", "fixed"]
Answers = Mapping[str, Reading | Problem]

# Seconds for which an answer about a signal of a pace is good enough, while the car is in a tier.
INTERVALS: Final[dict[Tier, dict[Pace, int]]] = {
    "driving": {"live": 60, "usual": 300, "slow": 900, "fixed": 86_400},
    "charging": {"live": 120, "usual": 900, "slow": 3_600, "fixed": 86_400},
    "parked": {"live": 900, "usual": 1_800, "slow": 21_600, "fixed": 86_400},
    "asleep": {"live": 21_600, "usual": 21_600, "slow": 86_400, "fixed": 604_800},
}
TELLING: Final = (  # signals the tier is read from: asked whenever the owner granted them
    "connectivitystatus-isasleep",
    "motion-currentspeed",
    "transmission-gearstate",
    "charge-ischarging",
)
_LIVE_GROUPS: Final = frozenset({"charge", "location", "motion", "transmission", "connectivitystatus"})
_LIVE: Final = frozenset({"tractionbattery-stateofcharge", "tractionbattery-range", "closure-islocked"})
_SLOW_GROUPS: Final = frozenset({"odometer", "wheel", "diagnostics", "service", "vehicleuseraccount", "lowvoltagebattery"})
_SLOW: Final = frozenset({"charge-chargerecords", "tractionbattery-nominalcapacity"})
_MOVING_GEARS: Final = frozenset({"DRIVE", "REVERSE", "NEUTRAL"})
_LACKING: Final = "COMPATIBILITY:VEHICLE_NOT_CAPABLE"  # a car grows no signals: asked like what is fixed
_SPREAD: Final = 0.1


def tier_of(answers: Answers) -> Tier:
    """Return what a car is doing, as far as its last answers tell; a car that tells nothing is parked."""

    def value(code: str) -> object:
        answer = answers.get(code)
        return answer.value if isinstance(answer, Reading) else None

    if value("connectivitystatus-isasleep") is True:
        return "asleep"
    speed = value("motion-currentspeed")
    if value("transmission-gearstate") in _MOVING_GEARS or (isinstance(speed, int | float) and speed > 0):
        return "driving"
    return "charging" if value("charge-ischarging") is True else "parked"


def pace_of(signal: Signal) -> Pace:
    """Return how soon a signal may change."""
    group = signal.code.partition("-")[0]
    if signal.kind == "attribute":
        return "fixed"
    if signal.code in _SLOW or group in _SLOW_GROUPS:
        return "slow"
    return "live" if signal.code in _LIVE or group in _LIVE_GROUPS else "usual"


def good_for(code: str, answer: Reading | Problem | None, tier: Tier, least: timedelta = timedelta(0)) -> timedelta:
    """Return how long an answer about a signal is good enough; not at all when there is none. `least` is how often a
    car may be asked at all.
    """
    if answer is None:
        return timedelta(0)
    lacking = isinstance(answer, Problem) and answer.kind == _LACKING
    pace: Pace = "fixed" if lacking else pace_of(signals()[code])
    return max(timedelta(seconds=INTERVALS[tier][pace]), least)


def due_codes(codes: Iterable[str], answers: Answers, now: datetime, least: timedelta = timedelta(0)) -> list[str]:
    """Return the signals to ask for at `now`, in the time the car lives in."""
    tier = tier_of(answers)
    return [code for code in codes if _due_at(code, answers.get(code), tier, now, least) <= now]


def wait_of(
    key: str, codes: Iterable[str], answers: Answers, now: datetime, least: timedelta = timedelta(0)
) -> timedelta:
    """Return in how long a car is to be asked next; `key` tells cars apart. Never less than the shortest interval
    takes, so that a car whose clock stands still is not asked all the time.
    """
    tier = tier_of(answers)
    moments = [_due_at(code, answers.get(code), tier, now, least) for code in codes if code in answers]
    shortest = timedelta(seconds=INTERVALS[tier]["live"])
    wait = max(min(moments, default=now + shortest) - now, min(shortest, timedelta(minutes=1)), least)
    return wait * (1 + _SPREAD * (crc32(key.encode()) / 2**32))


def least_between(reads_wake: bool, wakes_per_day: int) -> timedelta:
    """Return how long to wait between two polls of a car at least: where a read wakes it, polling takes no more than
    half of what its battery can bear in a day, the rest is for those who ask.
    """
    return timedelta(seconds=2 * DAY_S / wakes_per_day) if reads_wake else timedelta(0)


def _due_at(code: str, answer: Reading | Problem | None, tier: Tier, now: datetime, least: timedelta) -> datetime:
    if answer is None:
        return now
    asked_at = answer.fetched_at if isinstance(answer, Reading) else answer.found_at
    if asked_at > now:  # a simulated clock was set back
        return now
    return asked_at + good_for(code, answer, tier, least)
