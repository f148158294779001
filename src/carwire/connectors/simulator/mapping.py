"""From a car's state to its signals: one row per code. A row returns the value, or why there is none just now."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from carwire.connectors.simulator import road
from carwire.connectors.simulator.car import Car, ServiceRecord, fuel_level, soc
from carwire.connectors.simulator.energy import AC_EFFICIENCY, DC_EFFICIENCY, consumption, is_full, supply
from carwire.connectors.simulator.faults import STATIC
from carwire.connectors.simulator.life import SERVICE_KM
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.noise import draw
from carwire.connectors.simulator.orders import DEAD_VOLTAGE
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading, Value
from carwire.kit.clock import timestamp

NAME: Final = "simulator"
_MAKER_SECONDS: Final = 3  # from the car to the maker's cloud
_ATMOSPHERE_KPA: Final = 101.325
_KELVIN: Final = 273.15
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Absent(msgspec.Struct, frozen=True):
    """A signal the car has, and cannot tell just now."""

    kind: str


Row = Callable[[Car, Model], Value | Absent]
_NOT_CHARGING: Final = Absent("VEHICLE_STATE:NOT_CHARGING")


def moment(second: float) -> datetime:
    """Return the moment of an epoch second."""
    return _EPOCH + timedelta(seconds=second)


def answer(car: Car, said: Car, model: Model, code: str, now: int) -> Reading | Problem:
    """Return what is told of one signal, at epoch second `now` of its world, no fault standing in the way.

    `said` is the car as it spoke last; what the maker's service knows by itself is told of the car as it is.
    """
    at = moment(now)
    if code not in model.signals:
        return Problem("COMPATIBILITY:VEHICLE_NOT_CAPABLE", at)
    blocked = None if code in STATIC or code in KNOWN_TO_CLOUD else silence(car)
    if blocked:
        return Problem(blocked, at)
    known = code in KNOWN_TO_CLOUD
    found = ROWS[code](car if known else said, model)
    if isinstance(found, Absent):
        return Problem(found.kind, at)
    signal = signals()[code]
    if signal.kind == "attribute":
        return Reading(found, signal.unit, None, None, at, NAME)
    measured = now if known else min(said.measured_s, now)
    maker = min(measured + _MAKER_SECONDS, now)
    return Reading(found, signal.unit, moment(measured), moment(maker), at, NAME)


def silence(car: Car) -> str | None:
    """Return why the car answers nothing, null when it does. One that merely sleeps answers what it said last."""
    if car.contact == "none":
        return "VEHICLE_STATE:UNREACHABLE"
    if car.contact == "asleep":
        return "VEHICLE_STATE:ASLEEP"
    if not car.remote_access:
        return "VEHICLE_STATE:REMOTE_ACCESS_DISABLED"
    if car.in_service:
        return "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE"
    if car.low_voltage < DEAD_VOLTAGE:
        return "VEHICLE_STATE:LOW_BATTERY"
    return None


# What the maker's service knows without the car.
KNOWN_TO_CLOUD: Final = frozenset(
    {"connectivitystatus-isasleep", "connectivitystatus-isonline", "connectivitystatus-isdigitalkeypaired"}
    | {"service-isinservice", "service-records", "vehicleuseraccount-permissions", "vehicleuseraccount-role"}
    | {"vehicleidentification-nickname"}
)


def _round(value: float, digits: int = 3) -> float:
    return round(value, digits)


def _iso(minute: int) -> str:
    return timestamp(moment(minute * 60))


# --- charging


def _volts(car: Car, model: Model) -> float:
    return supply(car, model, car.session)[0] if car.session else 0.0


def _ampere(car: Car, model: Model, kw: float) -> float:
    if not car.session:
        return 0.0
    volts, phases, _ = supply(car, model, car.session)
    return _round(kw * 1000 / (volts * max(1, phases)), 1)


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
    percent = _round(car.limit * 100, 1)
    return {"values": [{"type": "GLOBAL", "limit": percent, "condition": None}], "activeLimit": percent}


def _charge_rate(car: Car, model: Model) -> Value | Absent:
    if not car.charging:
        return _NOT_CHARGING
    return _round(_stored_kw(car) / consumption(model.kwh_100km, car.outside, 0.012), 1)


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
                "startTime": _iso(record.start),
                "endTime": _iso(record.end),
                "energyAdded": _round(record.grid_kwh * (DC_EFFICIENCY if record.fast else AC_EFFICIENCY)),
                "startStateOfCharge": _round(record.from_soc * 100, 1),
                "endStateOfCharge": _round(record.to_soc * 100, 1),
                "isPublicCharger": record.fast or not home,
                "connectorType": model.fast_connector if record.fast else model.connector,
                "cost": {
                    "currency": "EUR" if model.market == "EUROPE" else "USD",
                    "energyAmount": _round(record.grid_kwh * (0.6 if record.fast else 0.3), 2),
                    "otherAmount": 0,
                },
                "location": {
                    "name": "Home" if home and not record.fast else "Charging station",
                    "latitude": _round(place.latitude, 6),
                    "longitude": _round(place.longitude, 6),
                },
            }
        )
    return {"values": records}


def _charge_timers(car: Car, _model: Model) -> Value:
    if not car.schedule or not car.schedule[1]:
        return {"values": []}
    kind, _, time = car.schedule
    days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
    clock = f"{time}:00"
    start = kind == "START_TIME"
    timer = {
        "type": "GLOBAL",
        "condition": None,
        "schedules": [{"start": clock, "end": clock, "days": days}] if start else [],
        "departureTimers": [] if start else [{"days": days, "time": clock}],
        "isOEMOptimizationEnabled": False,
        "scheduleType": "DAILY",
        "scheduleId": f"{kind}-{time}",
    }
    return {"values": [timer]}


# --- energy


def _electric_km(car: Car, model: Model, outside: float) -> float:
    return _round(car.battery_kwh / consumption(model.kwh_100km, outside, 0.012), 1)


def _battery_range(car: Car, model: Model) -> Value:
    estimated, ideal = _electric_km(car, model, car.outside), _electric_km(car, model, 20)
    more = [("ESTIMATED", estimated), ("IDEAL_CONDITIONS", ideal), ("RATED", _round(ideal * 0.95, 1))]
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
    return _round(car.tank / consumption(model.fuel_100km, car.outside, 0.003), 1)


def _low_voltage_status(car: Car, _model: Model) -> Value:
    if car.low_voltage < 20:
        return "BAD"
    return "WARN" if car.low_voltage < 50 else "GOOD"


# --- body


def _grid(model: Model, row: Callable[[int], dict[str, object]]) -> Value:
    rows = model.doors // 2
    places = [{"row": r, "column": c, **row(2 * r + c)} for r in range(rows) for c in range(2)]
    return {"values": places, "rowCount": rows, "columnCount": 2}


def _doors(car: Car, model: Model) -> Value:
    return _grid(model, lambda i: {"isOpen": car.doors[i], "isLocked": car.locked and not car.doors[i]})


def _windows(car: Car, model: Model) -> Value:
    return _grid(model, lambda i: {"isOpen": car.windows[i]})


def _lid(name: str) -> Row:
    def row(car: Car, _model: Model) -> Value:
        is_open = getattr(car, name)
        return {"isOpen": is_open, "isLocked": car.locked and not is_open}

    return row


def tyre_kpa(car: Car, wheel: int) -> float:
    """Return a tyre's pressure over that of the air, at its temperature (Gay-Lussac: absolute pressure follows it)."""
    warmed = (car.tyre_celsius + _KELVIN) / (20 + _KELVIN)
    return max(0.0, (car.tyres_kpa[wheel] + _ATMOSPHERE_KPA) * warmed - _ATMOSPHERE_KPA)


def _tires(car: Car, _model: Model) -> Value:
    places = [{"row": i // 2, "column": i % 2, "tirePressure": _round(tyre_kpa(car, i), 1)} for i in range(4)]
    return {"values": places, "rowCount": 2, "columnCount": 2}


def _location(car: Car, _model: Model) -> Value:
    place = road.place_at(car.km_from_home, car.side)
    heading = place.heading if car.outward else (place.heading + 180) % 360
    return {
        "latitude": _round(place.latitude, 6),
        "longitude": _round(place.longitude, 6),
        "heading": _round(heading, 1),
        "direction": road.direction_of(heading),
        "locationType": "CURRENT" if car.kmh else "LAST_PARKED",
    }


def _trouble_codes(car: Car, _model: Model) -> Value:
    return {"values": [{"code": each.code, "timestamp": _iso(each.minute)} for each in car.codes]}


def service_history(car: Car) -> list[ServiceRecord]:
    """Return every visit to a workshop, newest first: those of the world's time, and one per 15,000 km before it."""
    # What was before is told by the first odometer alone, so that it need not be kept.
    past = []
    for number in range(int(car.first_km // SERVICE_KM), 0, -1):
        days = (car.first_km - number * SERVICE_KM) / 40
        cost = round(150 + 300 * draw(car.key, 100 + number), 2)
        tasks = ("Inspection", "Engine oil and filter changed")
        past.append(ServiceRecord(car.born - int(days * 1440), number * SERVICE_KM, tasks, cost))
    return [*reversed(car.services), *past]


def _service_records(car: Car, model: Model) -> Value:
    records = []
    for visit in service_history(car):
        tasks = visit.tasks if model.burns else tuple(t for t in visit.tasks if "oil" not in t)
        records.append(
            {
                "id": f"{visit.minute}",
                "time": _iso(visit.minute),
                "odometer": _round(visit.odometer_km, 1),
                "cost": {"amount": visit.cost, "currency": "EUR" if model.market == "EUROPE" else "USD"},
                "tasks": [{"id": str(n), "description": task} for n, task in enumerate(tasks, 1)],
                "details": [{"id": "dealership", "description": "Simulated Service Centre"}],
            }
        )
    return {"values": records}


# --- diagnostics: per system what is wrong, null for nothing

# Beginnings of trouble codes, and the system each speaks of.
_SYSTEM_OF_CODE: Final = (
    ("P042", "emissions"),
    ("P04", "emissions"),
    ("P0A7", "evhvbattery"),
    ("P0A", "evdriveunit"),
    ("P0C3", "evbatteryconditioning"),
    ("P07", "transmission"),
    ("P052", "oilpressure"),
    ("P019", "oiltemperature"),
    ("C0", "abs"),
    ("C1", "driverassistance"),
    ("B0", "airbag"),
    ("B1", "lighting"),
    ("U0", "activesafety"),
)
_SYSTEMS: Final = (
    *("abs", "activesafety", "airbag", "brakefluid", "driverassistance", "emissions", "evbatteryconditioning"),
    *("evcharging", "evdriveunit", "evhvbattery", "lighting", "mil", "oillife", "oilpressure", "oiltemperature"),
    *("telematics", "tirepressure", "tirepressuremonitoring", "transmission", "washerfluid", "waterinfuel"),
)


def _own_alert(system: str, car: Car, model: Model) -> str | None:
    if system == "mil" and car.codes:
        return "Trouble codes are stored."
    if system == "evcharging" and car.charge_fault:
        return "Charging ended with a fault."
    if system == "oillife" and car.oil < 5:
        return "The oil is due."
    if system == "washerfluid" and car.washer < 10:
        return "Washer fluid is low."
    if system == "telematics" and car.contact == "none":
        return "No radio contact."
    if system == "tirepressure":
        nominal = (model.tyres_kpa[0], model.tyres_kpa[0], model.tyres_kpa[1], model.tyres_kpa[1])
        if any(tyre_kpa(car, wheel) < 0.75 * nominal[wheel] for wheel in range(4)):
            return "A tyre has lost pressure."
    return None


def _system(name: str) -> Row:
    def row(car: Car, model: Model) -> Value:
        found = _own_alert(name, car, model) or next(
            (
                f"Trouble code {each.code}."
                for each in car.codes
                if next((system for start, system in _SYSTEM_OF_CODE if each.code.startswith(start)), None) == name
            ),
            None,
        )
        return {"status": "ALERT" if found else "OK", "description": found}

    return row


def _packages(_car: Car, model: Model) -> Value:
    parts = {"Panoramic roof": model.sunroof, "Fast charging": bool(model.dc_kw), "Power tailgate": model.tailgate}
    return {"values": [part for part, there in parts.items() if there]}


_ROLE: Final = "OWNER"
_USER_RIGHTS: Final = ("vehicle_device_data", "vehicle_cmds", "vehicle_charging_cmds")


def _plugged_type(car: Car, model: Model) -> Value:
    return model.fast_connector if car.session and car.session.fast else model.connector


ROWS: Final[dict[str, Row]] = {
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
    "charge-energyadded": lambda car, _: _round(
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
    "charge-wattage": lambda car, _: _round(_kw(car) * 1000, 0),
    "charge-activelimit": lambda car, _: _round(car.limit * 100, 1),
    "climate-externaltemperature": lambda car, _: _round(car.outside, 1),
    "climate-internaltemperature": lambda car, _: _round(car.cabin, 1),
    "closure-doors": _doors,
    "closure-enginecover": lambda car, _: {"isOpen": car.front},
    "closure-fronttrunk": _lid("front"),
    "closure-islocked": lambda car, _: car.locked,
    "closure-reartrunk": _lid("rear"),
    "closure-sunroof": lambda car, _: {"isOpen": car.sunroof},
    "closure-tailgate": _lid("rear"),
    "closure-windows": _windows,
    "connectivitysoftware-currentfirmwareversion": lambda _, m: f"{m.year}.{m.year % 7 + 1}.2",
    "connectivitystatus-isasleep": lambda car, _: car.asleep,
    "connectivitystatus-isdigitalkeypaired": lambda car, _: car.virtual_key,
    "connectivitystatus-isonline": lambda car, _: car.contact == "normal" and car.low_voltage >= DEAD_VOLTAGE,
    **{f"diagnostics-{name}": _system(name) for name in _SYSTEMS},
    "diagnostics-dtccount": lambda car, _: len(car.codes),
    "diagnostics-dtclist": _trouble_codes,
    "hvac-cabintargettemperature": lambda car, _: _round(car.target, 1),
    "hvac-iscabinhvacactive": lambda car, _: car.climate,
    "hvac-isfrontdefrosteractive": lambda car, _: car.defroster,
    "hvac-isreardefrosteractive": lambda car, _: car.defroster,
    "hvac-issteeringheateractive": lambda car, _: car.steering_heater,
    "internalcombustionengine-amountremaining": lambda car, _: _round(car.tank),
    "internalcombustionengine-fuellevel": lambda car, m: _round(fuel_level(car, m) * 100, 1),
    "internalcombustionengine-oillife": lambda car, _: _round(car.oil, 1),
    "internalcombustionengine-range": _fuel_km,
    "location-isathome": lambda car, _: car.km_from_home < 0.3,
    "location-preciselocation": _location,
    "lowvoltagebattery-stateofcharge": lambda car, _: _round(car.low_voltage, 1),
    "lowvoltagebattery-status": _low_voltage_status,
    "motion-currentspeed": lambda car, _: _round(car.kmh, 1),
    "odometer-traveleddistance": lambda car, _: _round(car.odometer_km),
    "service-isinservice": lambda car, _: car.in_service,
    "service-records": _service_records,
    "surveillance-brand": lambda _, m: f"{m.make.title()} Guard",
    "surveillance-isenabled": lambda car, _: car.sentry,
    "tractionbattery-isheateractive": lambda car, _: car.charging and car.outside < 0,
    "tractionbattery-maxrangechargecounter": lambda car, _: car.full_charges,
    "tractionbattery-nominalcapacity": _nominal_capacity,
    "tractionbattery-range": _battery_range,
    "tractionbattery-stateofcharge": lambda car, m: _round(soc(car, m) * 100, 1),
    "tractionbattery-estimatedrange": lambda car, m: _electric_km(car, m, car.outside),
    "tractionbattery-idealrange": lambda car, m: _electric_km(car, m, 20),
    "tractionbattery-ratedrange": lambda car, m: _round(0.95 * _electric_km(car, m, 20), 1),
    "transmission-drivemode": lambda _, __: {"canonical": "NORMAL", "oemDisplayName": "Normal"},
    "transmission-gearstate": lambda car, _: car.gear,
    "vehicleidentification-exteriorcolor": lambda _, m: m.color,
    "vehicleidentification-nickname": lambda _, m: f"My {m.model}",
    "vehicleidentification-packages": _packages,
    "vehicleidentification-trim": lambda _, m: m.trim or "Base",
    "vehicleidentification-vin": lambda car, _: car.vin,
    "vehicleuseraccount-permissions": lambda _, __: {"values": list(_USER_RIGHTS)},
    "vehicleuseraccount-role": lambda _, __: _ROLE,
    "wheel-style": lambda _, m: "Sport" if m.profile == "full" else "Standard",
    "wheel-tires": _tires,
}
