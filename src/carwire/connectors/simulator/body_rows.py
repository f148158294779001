"""Signals of the body, the place, the climate and of what a car is: the rows of the mapping that tell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from carwire.connectors.simulator import road
from carwire.connectors.simulator.car import Car
from carwire.connectors.simulator.models import Model
from carwire.connectors.simulator.orders import DEAD_VOLTAGE
from carwire.connectors.simulator.row import Row, rounded
from carwire.core.signals.reading import Value

_ATMOSPHERE_KPA: Final = 101.325
_KELVIN: Final = 273.15
_ROLE: Final = "OWNER"
_USER_RIGHTS: Final = ("vehicle_device_data", "vehicle_cmds", "vehicle_charging_cmds")


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
    places = [{"row": i // 2, "column": i % 2, "tirePressure": rounded(tyre_kpa(car, i), 1)} for i in range(4)]
    return {"values": places, "rowCount": 2, "columnCount": 2}


def _location(car: Car, _model: Model) -> Value:
    place = road.place_at(car.km_from_home, car.side)
    heading = place.heading if car.outward else (place.heading + 180) % 360
    return {
        "latitude": rounded(place.latitude, 6),
        "longitude": rounded(place.longitude, 6),
        "heading": rounded(heading, 1),
        "direction": road.direction_of(heading),
        "locationType": "CURRENT" if car.kmh else "LAST_PARKED",
    }


def _packages(_car: Car, model: Model) -> Value:
    parts = {"Panoramic roof": model.sunroof, "Fast charging": bool(model.dc_kw), "Power tailgate": model.tailgate}
    return {"values": [part for part, there in parts.items() if there]}


BODY_ROWS: Final[Mapping[str, Row]] = {
    "climate-externaltemperature": lambda car, _: rounded(car.outside, 1),
    "climate-internaltemperature": lambda car, _: rounded(car.cabin, 1),
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
    "hvac-cabintargettemperature": lambda car, _: rounded(car.target, 1),
    "hvac-iscabinhvacactive": lambda car, _: car.climate,
    "hvac-isfrontdefrosteractive": lambda car, _: car.defroster,
    "hvac-isreardefrosteractive": lambda car, _: car.defroster,
    "hvac-issteeringheateractive": lambda car, _: car.steering_heater,
    "location-isathome": lambda car, _: car.km_from_home < 0.3,
    "location-preciselocation": _location,
    "motion-currentspeed": lambda car, _: rounded(car.kmh, 1),
    "odometer-traveleddistance": lambda car, _: rounded(car.odometer_km),
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
