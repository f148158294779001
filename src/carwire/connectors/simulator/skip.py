"""A car that nobody looked at for long is moved forward without living every minute.

It lives two rounds of its scenario, is carried over as many as there were as if each had gone like the second, and
lives the last one again, so that hour, stage, place and sleep are those of the time it arrives at. What is counted
stays in step: kilometres, energy and fuel grow together, energy still adds up, and a car that is charged or filled on
its rounds ends with as much as it began. One that is not gets less far when its battery runs out. For a car with charge
schedules, whose days may differ, a round is a week.

Not kept: charging records of the rounds left out, and chance that would have fallen otherwise in them. A skipped car is
thus not, to the byte, the car that would have lived it all.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec

from carwire.connectors.simulator.car import Car
from carwire.connectors.simulator.life import SERVICE_KM, live
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.scenarios import SCENARIOS

DAY: Final = 1440  # minutes
WEEK: Final = 7 * DAY
_USES: Final = ("driven_kwh", "comfort_kwh", "idle_kwh")


class _Round(msgspec.Struct, frozen=True):
    """What one round added to a car's counters."""

    km: float
    uses: tuple[float, float, float]
    grid: float
    stored: float
    burnt: float
    low_voltage: float
    tyres: float  # kPa, negative
    full_charges: int


def bring(car: Car, model: Model, minute: int, *, skip_after: int | None) -> None:
    """Let a car live until an epoch minute, skipping when it is more than `skip_after` minutes away; null never does.

    >>> from carwire.connectors.simulator.life import new_car
    >>> from carwire.connectors.simulator.models import car_range
    >>> model = car_range().models["tesla-3"]
    >>> car = new_car(car_range().vin_of(model), model, 1, 0)
    >>> bring(car, model, 90 * 1440, skip_after=2880)
    >>> car.minute // 1440, car.odometer_km - car.first_km > 2000
    (90, True)
    """
    if skip_after is not None and minute - car.minute > skip_after:
        while not _settled(car) and car.minute < minute:
            live(car, model)
        length = _round_of(car)
        if minute - car.minute >= 4 * length:
            _live(car, model, length)  # the first round may start from anywhere: it tells nothing of the others
            before = _counters(car)
            _live(car, model, length)
            rounds = (minute - car.minute) // length - 1
            _carry(car, _between(before, _counters(car)), rounds, length)
    _live(car, model, minute - car.minute)


def _live(car: Car, model: Model, minutes: int) -> None:
    for _ in range(minutes):
        live(car, model)


def _settled(car: Car) -> bool:
    """Whether the car goes in rounds: a scenario that ends has to be in its last stage."""
    scenario = SCENARIOS[car.scenario]
    return scenario.loops or car.stage == len(scenario.stages) - 1


def _round_of(car: Car) -> int:
    """Minutes after which a settled car is where it was: its scenario once through, or a day of standing. With charge
    schedules it goes on to a week, or where rounds do not end with days, a little longer.
    """
    scenario = SCENARIOS[car.scenario]
    once = sum(stage.minutes for stage in scenario.stages) if scenario.loops else DAY
    return once * math.ceil(WEEK / once) if car.schedules else once


def _counters(car: Car) -> _Round:
    return _Round(
        car.odometer_km,
        (car.driven_kwh, car.comfort_kwh, car.idle_kwh),
        car.grid_kwh,
        car.stored_kwh,
        car.burnt,
        car.low_voltage,
        sum(car.tyres_kpa) / 4,
        car.full_charges,
    )


def _between(a: _Round, b: _Round) -> _Round:
    used = (b.uses[0] - a.uses[0], b.uses[1] - a.uses[1], b.uses[2] - a.uses[2])
    counted = (b.grid - a.grid, b.stored - a.stored, b.burnt - a.burnt)
    return _Round(
        b.km - a.km, used, *counted, b.low_voltage - a.low_voltage, b.tyres - a.tyres, b.full_charges - a.full_charges
    )


def _carry(car: Car, one: _Round, rounds: int, length: int) -> None:
    """Add `rounds` times what one round did, and move everything that names a minute."""
    share = _spend(car, one, rounds)
    km = share * rounds * one.km
    car.odometer_km += km
    car.oil = max(0.0, car.oil - 100 * km / SERVICE_KM)
    car.washer = max(0.0, car.washer - km / 60)
    car.low_voltage = min(95.0, max(0.0, car.low_voltage + rounds * one.low_voltage))
    car.tyres_kpa = [max(0.0, kpa + rounds * one.tyres) for kpa in car.tyres_kpa]
    car.full_charges += rounds * one.full_charges
    minutes = rounds * length
    car.minute += minutes
    car.stage_until += minutes
    if car.session and len(SCENARIOS[car.scenario].stages) > 1:
        car.session.start += minutes  # of the round that is lived next; a cable put in by hand has been in all along
    if car.asleep:
        car.idle_minutes += minutes


def _spend(car: Car, one: _Round, rounds: int) -> float:
    """Book the energy of the rounds, and return the share of them it was enough for."""
    wanted, share = rounds * sum(one.uses), 1.0
    if one.stored > 0:
        # Every round is charged again: what was used has come from the supply.
        car.stored_kwh += wanted
        car.grid_kwh += wanted * one.grid / one.stored
    elif wanted > 0:
        share = min(1.0, car.battery_kwh / wanted)
        car.battery_kwh = max(0.0, car.battery_kwh - share * wanted)
    for name, used in zip(_USES, one.uses, strict=True):
        setattr(car, name, getattr(car, name) + share * rounds * used)
    # A tank is filled whenever it is low before a drive, so what was burnt was filled in.
    car.burnt += rounds * one.burnt
    car.filled += rounds * one.burnt
    return share if not one.burnt else 1.0
