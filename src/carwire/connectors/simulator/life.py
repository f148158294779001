"""What a minute does to a car, and what a scenario has it do.

Cars live in whole minutes. Nothing is ever negative, and a car with nothing left stands still.
"""

from __future__ import annotations

import math
from typing import Final

from carwire.connectors.simulator import energy
from carwire.connectors.simulator.car import Car, ServiceRecord, TroubleCode, encode, soc
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.noise import draw, key_of
from carwire.connectors.simulator.road import TARGETS
from carwire.connectors.simulator.scenarios import DEFAULT, SCENARIOS, Scenario, Stage

CLIMATE_MINUTES: Final = 30  # remote climate switches itself off
SERVICE_KM: Final = 15_000.0
_REFUEL_AT: Final = 0.12  # a tank emptier than this is filled before a drive
# Draws of a car that is new; those of a minute use the minute, which is far larger.
_ODOMETER, _CHARGE, _FUEL, _SIDE, _OFFSET, _LOW_VOLTAGE, _WASHER, _HAS_CODE, _CODE_AGE = range(9)
_WHEELS: Final = 16
_READY_OIL: Final = 10.0  # percent: no ready car is about to need a service


def new_car(vin: str, model: Model, seed: int, minute: int) -> Car:
    """Return the car of this VIN as it is at `minute` in the world of `seed`: always the same one."""
    key = key_of(seed, vin)
    odometer = 10_000 + 110_000 * draw(key, _ODOMETER)
    battery = model.battery_kwh * (0.35 + 0.4 * draw(key, _CHARGE))
    tank = model.tank * (0.25 + 0.7 * draw(key, _FUEL))
    since_service = odometer % SERVICE_KM
    front, rear = model.tyres_kpa
    wear = [6 * draw(key, _WHEELS + wheel) for wheel in range(4)]
    car = Car(
        vin=vin,
        model=model.id,
        key=key,
        born=minute,
        minute=minute,
        measured_s=minute * 60,
        first_km=odometer,
        odometer_km=odometer,
        side=0.08 * draw(key, _SIDE) - 0.04,
        battery_kwh=battery,
        first_kwh=battery,
        tank=tank,
        first_tank=tank,
        low_voltage=80 + 15 * draw(key, _LOW_VOLTAGE),
        tyres_kpa=[p - w for p, w in zip((front, front, rear, rear), wear, strict=True)],
        oil=100 * (1 - since_service / SERVICE_KM),
        washer=100 * draw(key, _WASHER),
        codes=_first_codes(model, key, minute),
        sentry=model.make == "TESLA",
    )
    scenario = SCENARIOS[DEFAULT]
    cycle = sum(stage.minutes for stage in scenario.stages)
    # Somewhere in the night, so that no two cars leave together: the last stage but a few minutes of it.
    begin(car, model, scenario, last_for=int(60 + draw(key, _OFFSET) * (cycle * 0.4)))
    return car


def ready_car(vin: str, model: Model, seed: int, minute: int) -> Car:
    """Return a car as an owner who has just signed in finds it: at home, at least an hour before it leaves.

    It is plugged in, charged half to 70 %, and not charging: whatever a command is tried on it, its state allows it.
    """
    car = new_car(vin, model, seed, minute)
    car.oil = max(car.oil, _READY_OIL)
    if model.battery_kwh:
        energy.stop_charging(car)
        car.battery_kwh = car.first_kwh = model.battery_kwh * (0.5 + 0.2 * draw(car.key, _CHARGE))
        if car.session:
            car.session.from_soc = soc(car, model)
    return car


def _first_codes(model: Model, key: int, minute: int) -> tuple[TroubleCode, ...]:
    if draw(key, _HAS_CODE) > 0.25:
        return ()
    code = {"BEV": "P0A7F", "FCEV": "P0C32"}.get(model.powertrain, "P0420")
    return (TroubleCode(code, minute - int(20_000 * draw(key, _CODE_AGE)) - 1),)


def begin(car: Car, model: Model, scenario: Scenario, *, last_for: int | None = None) -> None:
    """Put a car into the first stage of a scenario, or with `last_for` into its last, for so many more minutes."""
    _leave(car, model)
    car.scenario, car.contact = scenario.name, scenario.contact
    if scenario.low_voltage is not None:
        car.low_voltage = min(car.low_voltage, scenario.low_voltage)
    car.stage = 0 if last_for is None else len(scenario.stages) - 1
    _enter(car, model, scenario.stages[car.stage])
    if last_for is not None:
        car.stage_until = car.minute + last_for


def live(car: Car, model: Model) -> None:
    """Live one minute."""
    scenario = SCENARIOS[car.scenario]
    last = car.stage == len(scenario.stages) - 1
    # A scenario of one stage, or in its last without a loop, goes on as it is: a cable put in by hand stays in.
    if car.minute >= car.stage_until and not (last and (car.stage == 0 or not scenario.loops)):
        _leave(car, model)
        car.stage = 0 if last else car.stage + 1
        _enter(car, model, scenario.stages[car.stage])
    stage = scenario.stages[car.stage]
    car.minute += 1
    hour = (car.minute % 1440) / 60
    car.outside = scenario.outside + scenario.swing * math.sin(2 * math.pi * (hour - 9) / 24)
    if stage.do == "drive":
        _drive(car, model, stage)
    elif car.session is not None:
        energy.charge_on(car, model, car.session)
    driving = car.kmh > 0
    if car.climate:
        _comfort(car, model, driving=driving)
    _weather(car, driving=driving)
    _stand(car, model, driving=driving)
    if not car.asleep:
        car.said = None
    if car.contact == "normal" and car.said is None:
        car.measured_s = car.minute * 60
    if car.asleep and car.said is None:
        car.said = encode(car)  # the last it says before it sleeps


def wake(car: Car, second: int) -> None:
    """Wake a car, at an epoch second; what it says from then on is measured then."""
    car.idle_minutes = 0
    car.said = None
    if car.contact == "normal":
        car.measured_s = max(car.measured_s, second)


def _leave(car: Car, model: Model) -> None:
    """End whatever the car was doing: it stands, off, unplugged, out of the workshop."""
    car.kmh, car.gear = 0.0, "PARK"
    energy.unplug(car, model)
    if car.in_service:
        _finish_service(car, model)


def _finish_service(car: Car, model: Model) -> None:
    tasks = ["Inspection", "Trouble codes read and cleared", "Tyre pressures set"]
    if model.burns:
        tasks.insert(1, "Engine oil and filter changed")
    cost = round(120 + 260 * draw(car.key, car.minute), 2)
    car.services = (*car.services, ServiceRecord(car.minute, car.odometer_km, tuple(tasks), cost))
    car.in_service, car.codes, car.oil, car.washer, car.charge_fault = False, (), 100.0, 100.0, False
    front, rear = model.tyres_kpa
    car.tyres_kpa = [front, front, rear, rear]
    car.low_voltage = max(car.low_voltage, 90.0)


def _enter(car: Car, model: Model, stage: Stage) -> None:
    car.stage_until = car.minute + stage.minutes
    car.idle_minutes = 0
    if stage.do == "drive":
        car.gear, car.locked, car.front, car.rear, car.sunroof = "DRIVE", True, False, False, False
        car.doors = [False] * 4
        if model.tank and car.tank < _REFUEL_AT * model.tank:
            energy.fill_up(car, model)
    elif stage.do == "ac" and model.ac_kw:
        energy.plug_in(car, model, fast=False)
    elif stage.do == "stop":
        if model.tank:
            energy.fill_up(car, model)
        if model.dc_kw:
            energy.plug_in(car, model, fast=True)
    elif stage.do == "service":
        car.in_service = True


def _drive(car: Car, model: Model, stage: Stage) -> None:
    target = TARGETS[stage.to]
    way = target - car.km_from_home
    wanted = min(abs(way), stage.kmh * (0.75 + 0.5 * draw(car.key, car.minute)) / 60)
    km = energy.power(car, model, wanted)
    if way:
        car.outward = way > 0
    # Landing on the target itself, not a rounding error beside it, ends the drive.
    car.km_from_home = target if km == abs(way) else car.km_from_home + math.copysign(km, way)
    car.odometer_km += km
    car.kmh = km * 60
    car.gear = "DRIVE" if km else "PARK"
    car.oil = max(0.0, car.oil - 100 * km / SERVICE_KM)
    car.washer = max(0.0, car.washer - km / 60)
    if km:
        car.idle_minutes = 0


def _comfort(car: Car, model: Model, *, driving: bool) -> None:
    """Run the climate for a minute, from the battery or the tank; it ends with its time, or with the energy."""
    kwh = (0.8 + 0.06 * abs(car.target - car.outside)) / 60
    if model.battery_kwh and car.battery_kwh - kwh > 0.05 * model.battery_kwh:
        car.battery_kwh -= kwh
        car.comfort_kwh += kwh
    elif model.tank and car.tank > 0:
        # An engine that runs for the climate alone burns about 0.7 l an hour; one that drives burns no more for it.
        spent = 0.0 if driving else min(car.tank, 0.012 * model.fuel_100km / 8)
        car.tank -= spent
        car.burnt += spent
    else:
        car.climate = False
    if car.minute >= car.climate_until and not driving:
        car.climate = car.defroster = car.steering_heater = False
    car.idle_minutes = 0


def _weather(car: Car, *, driving: bool) -> None:
    """Let cabin and tyres follow the air around them, and what warms them."""
    if car.climate:
        car.cabin += 0.15 * (car.target - car.cabin)
    else:
        car.cabin += 0.02 * (car.outside + 3 - car.cabin)
    warm = car.outside + (18 if driving else 0)
    car.tyre_celsius += 0.04 * (warm - car.tyre_celsius)


def _stand(car: Car, model: Model, *, driving: bool) -> None:
    """Book what a car takes for being there, and what its 12 V battery loses or wins."""
    awake = not car.asleep
    if model.battery_kwh and not driving and car.session is None:  # on a cable it lives from the supply
        kw = 0.25 if car.sentry and soc(car, model) > 0.2 else 0.03 if awake else 0.002
        lost = min(car.battery_kwh, kw / 60)
        car.battery_kwh -= lost
        car.idle_kwh += lost
    if driving or car.charging:
        car.low_voltage = min(95.0, car.low_voltage + 0.2)
    else:
        frost = 2 if car.outside < -10 else 1
        car.low_voltage = max(0.0, car.low_voltage - frost * (0.004 if awake else 0.0005))
    for wheel in range(4):
        car.tyres_kpa[wheel] = max(0.0, car.tyres_kpa[wheel] - 0.00005)
    if not driving:
        car.idle_minutes += 1
