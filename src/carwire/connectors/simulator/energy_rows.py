"""Signals of charging, battery and tank: the rows of the mapping that tell them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from carwire.connectors.simulator import road
from carwire.connectors.simulator.car import Car, ChargeSchedule, fuel_level, soc
from carwire.connectors.simulator.energy import AC_EFFICIENCY, DC_EFFICIENCY, consumption, is_full, supply
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.row import Absent, Row, iso, rounded
from carwire.core.commands import DAYS
from carwire.core.signals.reading import Value

_NOT_CHARGING: Final = Absent("VEHICLE_STATE:NOT_CHARGING")


def _volts(car: Car, model: Model) -> float:
    return supply(car, model, car.session)[0] if car.session else 0.0


def _ampere(car: Car, model: Model, kw: float) -> float:
    if not car.session:
        return 0.0
    volts, phases, _ = supply(car, model, car.session)
    return rounded(kw * 1000 / (volts * max(1, phases)), 1)


def _kw(car: Car) -> float:
    return car.session.kw if car.session else 0.0


def _stored_kw(car: Car) -> float:
    return _kw(car) * (DC_EFFICIENCY if car.session and car.session.fast else AC_EFFICIENCY)


def charge_state(car: Car, model: Model) -> str:
    """Return the wire's word for what the charger does."""
    if car.charging:
        return "CHARGING"
    return "FULLY_CHARGED" if is_full(car, model) else "NOT_CHARGING"


def _port_color(car: Car, model: Model) -> str:
    if car.charge_fault:
        return "ORANGE"
    return "GREEN" if car.charging or (car.session and is_full(car, model)) else "BLUE"


def _charge_limits(car: Car, _model: Model) -> Value:
    percent = rounded(car.limit * 100, 1)
    return {"values": [{"type": "GLOBAL", "limit": percent, "condition": None}], "activeLimit": percent}


def _charge_rate(car: Car, model: Model) -> Value | Absent:
    if not car.charging:
        return _NOT_CHARGING
    return rounded(_stored_kw(car) / consumption(model.kwh_100km, car.outside, 0.012), 1)


def _to_complete(car: Car, model: Model) -> Value | Absent:
    if not car.charging:
        return _NOT_CHARGING
    return math.ceil((car.limit * model.battery_kwh - car.battery_kwh) / _stored_kw(car) * 60)


def _charge_records(car: Car, model: Model) -> Value:
    records = []
    for number, record in enumerate(reversed(car.records)):
        place = road.place_at(record.km, car.side)
        home = record.km < 0.3
        records.append(
            {
                "id": f"{record.start}-{len(car.records) - number}",
                "startTime": iso(record.start),
                "endTime": iso(record.end),
                "energyAdded": rounded(record.grid_kwh * (DC_EFFICIENCY if record.fast else AC_EFFICIENCY)),
                "startStateOfCharge": rounded(record.from_soc * 100, 1),
                "endStateOfCharge": rounded(record.to_soc * 100, 1),
                "isPublicCharger": record.fast or not home,
                "connectorType": model.fast_connector if record.fast else model.connector,
                "cost": {
                    "currency": "EUR" if model.market == "EUROPE" else "USD",
                    "energyAmount": rounded(record.grid_kwh * (0.6 if record.fast else 0.3), 2),
                    "otherAmount": 0,
                },
                "location": {
                    "name": "Home" if home and not record.fast else "Charging station",
                    "latitude": rounded(place.latitude, 6),
                    "longitude": rounded(place.longitude, 6),
                },
            }
        )
    return {"values": records}


def _charge_timers(car: Car, _model: Model) -> Value:
    timers = [_timer(car.schedule[0], f"{car.schedule[2]}:00")] if car.schedule and car.schedule[1] else []
    return {"values": [*timers, *map(_timer_at_place, car.schedules)]}


def _timer(kind: str, clock: str) -> dict[str, object]:
    days, start = list(DAYS), kind == "START_TIME"
    return {
        "type": "GLOBAL",
        "condition": None,
        "schedules": [{"start": clock, "end": clock, "days": days}] if start else [],
        "departureTimers": [] if start else [{"days": days, "time": clock}],
        "isOEMOptimizationEnabled": False,
    }


def _timer_at_place(schedule: ChargeSchedule) -> dict[str, object]:
    """Only these have an id: they are made and deleted by it."""
    return {
        "type": "LOCATION",
        "condition": {"latitude": schedule.latitude, "longitude": schedule.longitude},
        "schedules": [
            {"start": _clock(window.start), "end": _clock(window.stop), "days": list(window.days)}
            for window in schedule.windows
        ],
        "departureTimers": [],
        "isOEMOptimizationEnabled": False,
        "scheduleType": schedule.kind.upper(),
        "scheduleId": schedule.id,
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}:00"


def _plugged_type(car: Car, model: Model) -> Value:
    return model.fast_connector if car.session and car.session.fast else model.connector


def _electric_km(car: Car, model: Model, outside: float) -> float:
    return rounded(car.battery_kwh / consumption(model.kwh_100km, outside, 0.012), 1)


def _battery_range(car: Car, model: Model) -> Value:
    estimated, ideal = _electric_km(car, model, car.outside), _electric_km(car, model, 20)
    more = [("ESTIMATED", estimated), ("IDEAL_CONDITIONS", ideal), ("RATED", rounded(ideal * 0.95, 1))]
    return {"value": estimated, "type": "DEFAULT", "additionalValues": [{"type": t, "value": v} for t, v in more]}


def _nominal_capacity(_car: Car, model: Model) -> Value:
    described = f"{model.powertrain}:{model.trim}" if model.trim else None
    several = len(model.nominal_kwh) > 1
    choices = [
        {"capacity": kwh, "description": described if kwh == max(model.nominal_kwh) else None}
        for kwh in model.nominal_kwh
    ]
    body: dict[str, object] = {"availableCapacities": choices}
    # Of several capacities only the owner can say which it is.
    return body if several else {"capacity": model.nominal_kwh[0], "source": "SMARTCAR", **body}


def _fuel_km(car: Car, model: Model) -> Value:
    return rounded(car.tank / consumption(model.fuel_100km, car.outside, 0.003), 1)


def _low_voltage_status(car: Car, _model: Model) -> Value:
    if car.low_voltage < 20:
        return "BAD"
    return "WARN" if car.low_voltage < 50 else "GOOD"


ENERGY_ROWS: Final[Mapping[str, Row]] = {
    "charge-amperage": lambda car, m: _ampere(car, m, _kw(car)),
    "charge-amperagemax": lambda car, m: _ampere(car, m, supply(car, m, car.session)[2]) if car.session else 0.0,
    "charge-amperagerequested": lambda car, _: float(car.amperage) if car.session else 0.0,
    "charge-chargelimits": _charge_limits,
    "charge-chargeportstatuscolor": _port_color,
    "charge-chargerate": _charge_rate,
    "charge-chargerecords": _charge_records,
    "charge-chargerphases": lambda car, m: supply(car, m, car.session)[1] if car.session else 0,
    "charge-chargetimers": _charge_timers,
    "charge-chargingconnectortype": _plugged_type,
    "charge-detailedchargingstatus": charge_state,
    "charge-energyadded": lambda car, _: rounded(
        car.session.grid_kwh * (DC_EFFICIENCY if car.session.fast else AC_EFFICIENCY) if car.session else 0.0
    ),
    "charge-fastchargertype": lambda _, m: m.fast_connector,
    "charge-ischarging": lambda car, _: car.charging,
    "charge-ischargingcableconnected": lambda car, _: car.session is not None,
    "charge-ischargingcablelatched": lambda car, _: car.session is not None and (car.locked or car.charging),
    "charge-ischargingportflapopen": lambda car, _: car.flap_open,
    "charge-isfastchargerpresent": lambda car, _: car.session is not None and car.session.fast,
    "charge-timetocomplete": _to_complete,
    "charge-voltage": lambda car, m: _volts(car, m) if car.charging else 0.0,
    "charge-wattage": lambda car, _: rounded(_kw(car) * 1000, 0),
    "charge-activelimit": lambda car, _: rounded(car.limit * 100, 1),
    "internalcombustionengine-amountremaining": lambda car, _: rounded(car.tank),
    "internalcombustionengine-fuellevel": lambda car, m: rounded(fuel_level(car, m) * 100, 1),
    "internalcombustionengine-range": _fuel_km,
    "lowvoltagebattery-stateofcharge": lambda car, _: rounded(car.low_voltage, 1),
    "lowvoltagebattery-status": _low_voltage_status,
    "tractionbattery-isheateractive": lambda car, _: car.charging and car.outside < 0,
    "tractionbattery-maxrangechargecounter": lambda car, _: car.full_charges,
    "tractionbattery-nominalcapacity": _nominal_capacity,
    "tractionbattery-range": _battery_range,
    "tractionbattery-stateofcharge": lambda car, m: rounded(soc(car, m) * 100, 1),
    "tractionbattery-estimatedrange": lambda car, m: _electric_km(car, m, car.outside),
    "tractionbattery-idealrange": lambda car, m: _electric_km(car, m, 20),
    "tractionbattery-ratedrange": lambda car, m: rounded(0.95 * _electric_km(car, m, 20), 1),
}
