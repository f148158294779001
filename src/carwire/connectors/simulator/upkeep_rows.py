"""Signals of faults, visits to a workshop and what wears: the rows of the mapping that tell them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from carwire.connectors.simulator.body_rows import tyre_kpa
from carwire.connectors.simulator.car import Car, ServiceRecord
from carwire.connectors.simulator.life import SERVICE_KM
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.noise import draw
from carwire.connectors.simulator.row import Row, iso, rounded
from carwire.core.signals.reading import Value

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


def _trouble_codes(car: Car, _model: Model) -> Value:
    return {"values": [{"code": each.code, "timestamp": iso(each.minute)} for each in car.codes]}


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
                "time": iso(visit.minute),
                "odometer": rounded(visit.odometer_km, 1),
                "cost": {"amount": visit.cost, "currency": "EUR" if model.market == "EUROPE" else "USD"},
                "tasks": [{"id": str(n), "description": task} for n, task in enumerate(tasks, 1)],
                "details": [{"id": "dealership", "description": "Simulated Service Centre"}],
            }
        )
    return {"values": records}


# --- diagnostics: per system what is wrong, null for nothing


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


UPKEEP_ROWS: Final[Mapping[str, Row]] = {
    **{f"diagnostics-{name}": _system(name) for name in _SYSTEMS},
    "diagnostics-dtccount": lambda car, _: len(car.codes),
    "diagnostics-dtclist": _trouble_codes,
    "internalcombustionengine-oillife": lambda car, _: rounded(car.oil, 1),
    "service-isinservice": lambda car, _: car.in_service,
    "service-records": _service_records,
    "surveillance-brand": lambda _, m: f"{m.make.title()} Guard",
    "surveillance-isenabled": lambda car, _: car.sentry,
}
