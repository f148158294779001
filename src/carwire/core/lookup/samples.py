"""The documented test values: plates, VINs and an id that answer in every region without touching any data."""

from __future__ import annotations

from typing import Final

from carwire.core.lookup.answers import Found
from carwire.core.lookup.asking import TEST_PLATES, TEST_VEHICLE, TEST_VINS
from carwire.core.lookup.traits import Option, Traits, Vehicle

_OPTIONS: Final = (
    Option("Solid Paint", 0),
    Option("Metallic Paint", 550),
    Option("Winter Pack", 900, "pack", ("Heated Seats",)),
)
_COMBUSTION: Final = Traits(
    year=2021, make="Sample", model="Motor", badge="Touring", model_year="MY21", body_type="Hatchback",
    transmission="6 Speed Automatic", transmission_type="Automatic", fuel="Petrol", fuel_type="Petrol",
    engine="Piston", engine_type="Piston", drive="FWD", drive_type="Front Wheel Drive", num_doors=5, num_seats=5,
    num_gears=6, num_cylinders=4, capacity_cc=1498, power_kw=110, torque_nm=250,
)  # fmt: skip
_ELECTRIC: Final = Traits(
    year=2022, make="Sample", model="Volt", badge="Long Range", model_year="MY22", body_type="SUV",
    transmission="Single Speed", transmission_type="Automatic", fuel="Electric", fuel_type="Electric",
    engine="Electric", engine_type="Electric", drive="RWD", drive_type="Rear Wheel Drive", num_doors=5, num_seats=5,
    num_gears=1, power_kw=168, torque_nm=350, range=480,
)  # fmt: skip
_OTHER: Final = "1111111111111112"


def sample_vehicle(region: str, vehicle_id: str) -> Vehicle | None:
    """Return the vehicle behind a documented id; null for any other."""
    if vehicle_id not in {TEST_VEHICLE, _OTHER}:
        return None
    traits = _COMBUSTION if vehicle_id == TEST_VEHICLE else _ELECTRIC
    return Vehicle(vehicle_id, region, traits, _OPTIONS, "test")


def sample(region: str, text: str) -> Found | None:
    """Return what a documented VIN or plate answers; null for any other."""
    values = TEST_PLATES if text in TEST_PLATES else TEST_VINS
    if text not in values:
        return None
    kind = values.index(text)
    vin = TEST_VINS[kind]
    motor, volt = sample_vehicle(region, TEST_VEHICLE), sample_vehicle(region, _OTHER)
    if kind == 4:
        return Found(vin=vin, test=True)
    if kind == 3:
        return Found(vin=vin, upstream_vehicle="2021 SAMPLE MOTOR HATCH", colour="Blue", test=True)
    said = "2022 SAMPLE VOLT SUV" if kind == 1 else "2021 SAMPLE MOTOR HATCH"
    return Found(
        volt if kind == 1 else motor,
        said,
        "reduced" if kind == 2 else "standard",
        "Blue",
        vin,
        tuple(vehicle for vehicle in (volt,) if vehicle and kind == 2),
        test=True,
    )
