"""One car: its state, and what a minute does to it.

Cars live in whole minutes. Energy is kept: what is in the battery is what was in it, plus what was stored, less what
was driven, spent on comfort and lost standing; the counters for all of these are part of the state, and a test adds
them up. Nothing is negative, and a car with nothing left stands still.
"""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec

from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.noise import draw, key_of
from carwire.connectors.simulator.road import TARGETS
from carwire.connectors.simulator.scenarios import SCENARIOS, Scenario, Stage

Gear = Literal["PARK", "DRIVE", "REVERSE", "NEUTRAL"]

MINUTES_TO_SLEEP: Final = 20
CLIMATE_MINUTES: Final = 30  # remote climate switches itself off
FULL_WITHIN: Final = 0.01  # share of the battery below the owner's limit that counts as full
AC_EFFICIENCY: Final = 0.9
DC_EFFICIENCY: Final = 0.95
ELECTRIC_RESERVE: Final = 0.12  # share of its battery a plug-in hybrid keeps
REFUEL_AT: Final = 0.12
REFUEL_TO: Final = 0.96
SERVICE_KM: Final = 15_000.0
AMBIENT: Final = 20.0  # °C at which figures of models hold
_KEPT_RECORDS: Final = 20
# Draws of a car that is new; those of a minute use the minute, which is far larger.
_ODOMETER, _CHARGE, _FUEL, _SIDE, _OIL, _TYRES, _CODES, _OFFSET, _LOW_VOLTAGE, _WASHER = range(10)


class ChargeRecord(msgspec.Struct, frozen=True):
    """A finished charging session. Moments in epoch minutes, energy in kWh from the supply, charge as shares of 1."""

    start: int
    end: int
    grid_kwh: float
    from_soc: float
    to_soc: float
    fast: bool
    km: float


class ServiceRecord(msgspec.Struct, frozen=True):
    """One visit to a workshop; `minute` is an epoch minute."""

    minute: int
    odometer_km: float
    tasks: tuple[str, ...]
    cost: float


class TroubleCode(msgspec.Struct, frozen=True):
    """A trouble code (SAE J2012) and the epoch minute it was set."""

    code: str
    minute: int


class Session(msgspec.Struct):
    """A cable that is plugged in: since when, at what, and what has come through it."""

    fast: bool
    start: int
    from_soc: float
    grid_kwh: float = 0
    kw: float = 0  # drawn from the supply in the last minute


class Car(msgspec.Struct, kw_only=True):
    """The whole state of a car. Moments named `minute` are epoch minutes, `measured_s` is epoch seconds.

    `born` is the minute the car entered the world, with `first_km` on its odometer. `km_from_home` is the place on the
    road, `side` the road's shift in degrees. Openings are true when open, in the order front left, front right, back
    left, back right.
    """

    vin: str
    model: str
    key: int
    born: int
    minute: int
    measured_s: int
    idle_minutes: int = 0
    said: bytes | None = None  # while it sleeps: the car as it last spoke

    scenario: str = "parked"
    stage: int = 0
    stage_until: int = 0
    contact: Literal["normal", "asleep", "none"] = "normal"
    remote_access: bool = True
    virtual_key: bool = True
    in_service: bool = False

    first_km: float
    odometer_km: float
    km_from_home: float = 0
    outward: bool = True
    side: float = 0
    kmh: float = 0
    gear: Gear = "PARK"
    destination: tuple[float, float] | None = None

    battery_kwh: float = 0
    first_kwh: float = 0  # in the battery when the car began
    grid_kwh: float = 0
    stored_kwh: float = 0
    driven_kwh: float = 0
    comfort_kwh: float = 0
    idle_kwh: float = 0

    tank: float = 0
    first_tank: float = 0
    filled: float = 0
    burnt: float = 0

    session: Session | None = None
    charge_wanted: bool = False
    charge_fault: bool = False
    limit: float = 0.8
    amperage: float = 32
    schedule: tuple[str, bool, str] | None = None  # type, enabled, time of day
    flap_open: bool = False
    records: tuple[ChargeRecord, ...] = ()
    full_charges: int = 0

    low_voltage: float = 90  # percent
    outside: float = 12
    cabin: float = 12
    tyre_celsius: float = 12
    climate: bool = False
    climate_until: int = 0
    target: float = 21
    defroster: bool = False
    steering_heater: bool = False

    locked: bool = True
    doors: list[bool] = msgspec.field(default_factory=lambda: [False] * 4)
    windows: list[bool] = msgspec.field(default_factory=lambda: [False] * 4)
    sunroof: bool = False
    front: bool = False
    rear: bool = False

    tyres_kpa: list[float]
    oil: float = 100  # percent of its life
    washer: float = 100  # percent
    codes: tuple[TroubleCode, ...] = ()
    services: tuple[ServiceRecord, ...] = ()
    sentry: bool = False
    pin: bool = False

    @property
    def asleep(self) -> bool:
        """Whether the car sleeps: a command wakes it unless `contact` is ``asleep``."""
        return self.contact == "asleep" or self.idle_minutes >= MINUTES_TO_SLEEP

    @property
    def charging(self) -> bool:
        """Whether current flows."""
        return self.session is not None and self.session.kw > 0


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Car)


def soc(car: Car, model: Model) -> float:
    """Return the traction battery's state of charge, 0 to 1; 0 for a car without one."""
    return car.battery_kwh / model.battery_kwh if model.battery_kwh else 0.0


def fuel_level(car: Car, model: Model) -> float:
    """Return how full the tank is, 0 to 1; 0 for a car without one."""
    return car.tank / model.tank if model.tank else 0.0


def is_full(car: Car, model: Model) -> bool:
    """Tell whether the battery is charged up to the owner's limit, or nearly."""
    return car.battery_kwh >= (car.limit - FULL_WITHIN) * model.battery_kwh


def new_car(vin: str, model: Model, seed: int, minute: int) -> Car:
    """Return the car of this VIN as it is at `minute` in the world of `seed`: always the same one."""
    key = key_of(seed, vin)
    odometer = 10_000 + 110_000 * draw(key, _ODOMETER)
    battery = model.battery_kwh * (0.35 + 0.4 * draw(key, _CHARGE))
    tank = model.tank * (0.25 + 0.7 * draw(key, _FUEL))
    since_service = odometer % SERVICE_KM
    front, rear = model.tyres_kpa
    wear = [6 * draw(key, 16 + wheel) for wheel in range(4)]
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
    scenario = SCENARIOS["day_commute"]
    cycle = sum(stage.minutes for stage in scenario.stages)
    # Somewhere in the night, so that no two cars leave together: the last stage but a few minutes of it.
    begin(car, model, scenario, last_for=int(60 + draw(key, _OFFSET) * (cycle * 0.4)))
    return car


def _first_codes(model: Model, key: int, minute: int) -> tuple[TroubleCode, ...]:
    if draw(key, _CODES) > 0.25:
        return ()
    code = {"BEV": "P0A7F", "FCEV": "P0C32"}.get(model.powertrain, "P0420")
    return (TroubleCode(code, minute - int(20_000 * draw(key, _TYRES)) - 1),)


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
        _charge(car, model, car.session)
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


def encode(car: Car) -> bytes:
    """Return a car's state as bytes, for `spoken`."""
    return _ENCODER.encode(car)


def spoken(car: Car) -> Car:
    """Return the car as it spoke last: itself, unless it sleeps."""
    return car if car.said is None else decode(car.said)


def decode(said: bytes) -> Car:
    """Return the car whose state `encode` gave."""
    return _DECODER.decode(said)


def wake(car: Car, second: int) -> None:
    """Wake a car, at an epoch second; what it says from then on is measured then."""
    car.idle_minutes = 0
    car.said = None
    if car.contact == "normal":
        car.measured_s = max(car.measured_s, second)


def plug_in(car: Car, model: Model, *, fast: bool) -> None:
    """Plug a cable in; charging begins at once unless a timer is set."""
    car.session = Session(fast, car.minute, soc(car, model))
    car.flap_open = True
    car.idle_minutes = 0
    if fast or not (car.schedule and car.schedule[1]):
        start_charging(car, model)


def unplug(car: Car, model: Model) -> None:
    """Take the cable out, and keep a record of the session if anything came through it."""
    done, car.session, car.flap_open, car.charge_wanted = car.session, None, False, False
    if done is None or done.grid_kwh == 0:
        return
    now = soc(car, model)
    record = ChargeRecord(done.start, car.minute, done.grid_kwh, done.from_soc, now, done.fast, car.km_from_home)
    car.records = (*car.records, record)[-_KEPT_RECORDS:]
    car.full_charges += now > 0.995


def fill_up(car: Car, model: Model) -> None:
    """Fill the tank nearly to the brim, if it is less full."""
    added = max(0.0, REFUEL_TO * model.tank - car.tank)
    car.tank += added
    car.filled += added


def start_charging(car: Car, model: Model) -> None:
    """Let current flow, if there is a cable and room."""
    car.charge_wanted = True
    if car.session:
        car.session.kw = draw_kw(car, model, car.session)


def stop_charging(car: Car) -> None:
    """Let no more current flow, with the cable left in."""
    car.charge_wanted = False
    if car.session:
        car.session.kw = 0


def _leave(car: Car, model: Model) -> None:
    """End whatever the car was doing: it stands, off, unplugged, out of the workshop."""
    car.kmh, car.gear = 0, "PARK"
    unplug(car, model)
    if car.in_service:
        _finish_service(car, model)


def _finish_service(car: Car, model: Model) -> None:
    tasks = ["Inspection", "Trouble codes read and cleared", "Tyre pressures set"]
    if model.burns:
        tasks.insert(1, "Engine oil and filter changed")
    cost = round(120 + 260 * draw(car.key, car.minute), 2)
    car.services = (*car.services, ServiceRecord(car.minute, car.odometer_km, tuple(tasks), cost))
    car.in_service, car.codes, car.oil, car.washer, car.charge_fault = False, (), 100, 100, False
    front, rear = model.tyres_kpa
    car.tyres_kpa = [front, front, rear, rear]
    car.low_voltage = max(car.low_voltage, 90)


def _enter(car: Car, model: Model, stage: Stage) -> None:
    car.stage_until = car.minute + stage.minutes
    car.idle_minutes = 0
    if stage.do == "drive":
        car.gear, car.locked, car.front, car.rear, car.sunroof = "DRIVE", True, False, False, False
        car.doors = [False] * 4
        if model.tank and car.tank < REFUEL_AT * model.tank:
            fill_up(car, model)
    elif stage.do == "ac" and model.ac_kw:
        plug_in(car, model, fast=False)
    elif stage.do == "stop":
        if model.tank:
            fill_up(car, model)
        if model.dc_kw:
            plug_in(car, model, fast=True)
    elif stage.do == "service":
        car.in_service = True


def _drive(car: Car, model: Model, stage: Stage) -> None:
    target = TARGETS[stage.to]
    way = target - car.km_from_home
    wanted = min(abs(way), stage.kmh * (0.75 + 0.5 * draw(car.key, car.minute)) / 60)
    km = _power(car, model, wanted)
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


def _power(car: Car, model: Model, km: float) -> float:
    """Take the energy for up to `km` from battery, then tank; return how far it went."""
    electric = fuelled = 0.0
    if model.kwh_100km:
        per_km = consumption(model.kwh_100km, car.outside, 0.012)
        reserve = ELECTRIC_RESERVE * model.battery_kwh if model.tank else 0.0
        electric = min(km, max(0.0, car.battery_kwh - reserve) / per_km)
        spent = min(electric * per_km, car.battery_kwh)
        car.battery_kwh -= spent
        car.driven_kwh += spent
    if model.tank and electric < km:
        per_km = consumption(model.fuel_100km, car.outside, 0.003)
        fuelled = min(km - electric, car.tank / per_km)
        spent = min(fuelled * per_km, car.tank)
        car.tank -= spent
        car.burnt += spent
    return electric + fuelled


def consumption(per_100km: float, outside: float, per_degree: float) -> float:
    """Return consumption per kilometre: that of the model, and more for every degree below 20 °C, up to half as much.

    >>> consumption(20, 20, 0.012), consumption(100, -100, 0.012)
    (0.2, 1.5)
    """
    return per_100km / 100 * (1 + min(0.5, per_degree * max(0.0, AMBIENT - outside)))


def supply(car: Car, model: Model, session: Session) -> tuple[float, int, float]:
    """Return volts, phases and the highest power in kW that car and supply agree on, before the battery is asked."""
    if session.fast:
        return 400.0, 0, model.dc_kw
    phases = 3 if model.market == "EUROPE" and model.ac_kw > 7.4 else 1
    volts = 230.0 if model.market == "EUROPE" else 240.0
    return volts, phases, min(model.ac_kw, volts * car.amperage * phases / 1000)


def fast_share(charge: float, celsius: float) -> float:
    """Return the share of its highest DC power a battery takes: less above half full, in the last fifth, and in frost.

    >>> fast_share(0.2, 20), round(fast_share(0.8, 20), 2), round(fast_share(1, 20), 2), fast_share(0.2, -10)
    (1.0, 0.4, 0.06, 0.5)
    """
    if charge <= 0.5:
        share = 1.0
    elif charge <= 0.8:
        share = 1.0 - 2.0 * (charge - 0.5)
    else:
        share = 0.4 - 1.7 * (charge - 0.8)
    return max(0.05, share) * (0.5 if celsius < 0 else 1.0)


def _charge(car: Car, model: Model, session: Session) -> None:
    _mind_timer(car, model, session)
    session.kw = draw_kw(car, model, session)
    if not session.kw:
        return
    efficiency = DC_EFFICIENCY if session.fast else AC_EFFICIENCY
    room = car.limit * model.battery_kwh - car.battery_kwh
    stored = min(session.kw * efficiency / 60, room)
    if stored == room:
        car.charge_wanted = False  # the limit is reached: what is lost standing is not topped up
    car.battery_kwh = min(model.battery_kwh, car.battery_kwh + stored)
    car.stored_kwh += stored
    car.grid_kwh += stored / efficiency
    session.grid_kwh += stored / efficiency
    car.idle_minutes = 0


def draw_kw(car: Car, model: Model, session: Session) -> float:
    """Return what the car would draw from the supply now, in kW."""
    if not car.charge_wanted or car.charge_fault or car.battery_kwh >= car.limit * model.battery_kwh:
        return 0.0
    _, _, power = supply(car, model, session)
    charge = soc(car, model)
    if session.fast:
        return power * fast_share(charge, car.outside)
    return power * 0.4 if charge > 0.97 else power


def _mind_timer(car: Car, model: Model, session: Session) -> None:
    """Begin to charge when a start time is reached, or when a departure is near enough to need it."""
    if car.charge_wanted or not car.schedule or not car.schedule[1] or is_full(car, model):
        return
    kind, _, time = car.schedule
    ahead = (int(time[:2]) * 60 + int(time[3:]) - car.minute) % 1440
    if kind == "START_TIME":
        car.charge_wanted = ahead == 0
    else:
        _, _, kw = supply(car, model, session)
        needed = (car.limit * model.battery_kwh - car.battery_kwh) / (kw * AC_EFFICIENCY) * 60
        car.charge_wanted = ahead <= needed + 10


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
