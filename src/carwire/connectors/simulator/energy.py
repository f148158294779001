"""A car's energy: what charging brings, what driving takes.

It is kept: what is in the battery is what was in it, plus what was stored, less what was driven, spent on comfort and
lost standing; the counters for all of these are part of the state, and a test adds them up.
"""

from __future__ import annotations

from typing import Final

from carwire.connectors.simulator.car import Car, ChargeRecord, Session, soc
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.schedules import is_open

FULL_WITHIN: Final = 0.01  # share of the battery below the owner's limit that counts as full
AC_EFFICIENCY: Final = 0.9
DC_EFFICIENCY: Final = 0.95
ELECTRIC_RESERVE: Final = 0.12  # share of its battery a plug-in hybrid keeps
REFUEL_TO: Final = 0.96
AMBIENT: Final = 20.0  # °C at which figures of models hold
_KEPT_RECORDS: Final = 20


def is_full(car: Car, model: Model) -> bool:
    """Tell whether the battery is charged up to the owner's limit, or nearly."""
    return car.battery_kwh >= (car.limit - FULL_WITHIN) * model.battery_kwh


def plug_in(car: Car, model: Model, *, fast: bool) -> None:
    """Plug a cable in; charging begins at once unless a schedule holds here, or a timer is set."""
    car.session = Session(fast, car.minute, soc(car, model))
    car.flap_open = True
    car.idle_minutes = 0
    if not mind_schedules(car, model) and (fast or not has_timer(car)):
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
        car.session.kw = 0.0


def has_timer(car: Car) -> bool:
    """Tell whether a timer is set that holds wherever no schedule does."""
    return car.schedule is not None and car.schedule[1]


def is_held_back(car: Car) -> bool:
    """Tell whether the car waits for a window to open."""
    return car.session is not None and car.session.open is False and not car.session.by_hand


def mind_schedules(car: Car, model: Model) -> bool:
    """Begin to charge when a window opens at this place, and end when it closes; tell whether any schedule holds here.

    Within a window, and between two, a stop by hand stays. A start by hand stays until the cable is out.
    """
    session = car.session
    if session is None or session.fast:
        return False
    before, session.open = session.open, is_open(car)
    if session.open is None:
        return False
    if session.open is not before and not session.by_hand:
        if session.open and not is_full(car, model):
            start_charging(car, model)
        else:
            stop_charging(car)
    return True


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


def draw_kw(car: Car, model: Model, session: Session) -> float:
    """Return what the car would draw from the supply now, in kW."""
    if not car.charge_wanted or car.charge_fault or car.battery_kwh >= car.limit * model.battery_kwh:
        return 0.0
    _, _, power = supply(car, model, session)
    charge = soc(car, model)
    if session.fast:
        return power * fast_share(charge, car.outside)
    return power * 0.4 if charge > 0.97 else power


def charge_on(car: Car, model: Model, session: Session) -> None:
    """Charge for a minute, if anything flows."""
    if not mind_schedules(car, model):
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


def _mind_timer(car: Car, model: Model, session: Session) -> None:
    """Begin to charge, once, when a start time is reached, or when a departure is near enough to need it."""
    if car.charge_wanted or session.timed or not car.schedule or not car.schedule[1] or is_full(car, model):
        return
    kind, _, time = car.schedule
    ahead = (int(time[:2]) * 60 + int(time[3:]) - car.minute) % 1440
    if kind == "START_TIME":
        car.charge_wanted = ahead == 0
    else:
        _, _, kw = supply(car, model, session)
        needed = (car.limit * model.battery_kwh - car.battery_kwh) / (kw * AC_EFFICIENCY) * 60
        car.charge_wanted = ahead <= needed + 10
    session.timed = car.charge_wanted


def power(car: Car, model: Model, km: float) -> float:
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
