"""The whole state of one car."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from carwire.connectors.simulator.models import Model

Gear = Literal["PARK", "DRIVE", "REVERSE", "NEUTRAL"]

MINUTES_TO_SLEEP: Final = 20


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


class ChargeWindow(msgspec.Struct, frozen=True):
    """On some weekdays, from one minute of the day to another; on the next day where that is the smaller one."""

    days: tuple[str, ...]
    start: int
    stop: int


class ChargeSchedule(msgspec.Struct, frozen=True):
    """When the car charges at one place; degrees, WGS 84."""

    id: str
    kind: str
    latitude: float
    longitude: float
    windows: tuple[ChargeWindow, ...]


class Session(msgspec.Struct):
    """A cable that is plugged in: since when, at what, and what has come through it.

    `open` says whether a window was open when last looked at, null where no schedule of the car holds.
    """

    fast: bool
    start: int
    from_soc: float
    grid_kwh: float = 0.0
    kw: float = 0.0  # drawn from the supply in the last minute
    timed: bool = False  # the timer has begun to charge: a stop after that stays
    open: bool | None = None
    by_hand: bool = False  # charging was started by hand: windows no longer matter


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
    km_from_home: float = 0.0
    outward: bool = True
    side: float = 0.0
    kmh: float = 0.0
    gear: Gear = "PARK"
    destination: tuple[float, float] | None = None

    battery_kwh: float = 0.0
    first_kwh: float = 0.0  # in the battery when the car began
    grid_kwh: float = 0.0
    stored_kwh: float = 0.0
    driven_kwh: float = 0.0
    comfort_kwh: float = 0.0
    idle_kwh: float = 0.0

    tank: float = 0.0
    first_tank: float = 0.0
    filled: float = 0.0
    burnt: float = 0.0

    session: Session | None = None
    charge_wanted: bool = False
    charge_fault: bool = False
    limit: float = 0.8
    amperage: float = 32.0
    schedule: tuple[str, bool, str] | None = None  # type, enabled, time of day
    schedules: tuple[ChargeSchedule, ...] = ()  # each for one place
    flap_open: bool = False
    records: tuple[ChargeRecord, ...] = ()
    full_charges: int = 0

    low_voltage: float = 90.0  # percent
    outside: float = 12.0
    cabin: float = 12.0
    tyre_celsius: float = 12.0
    climate: bool = False
    climate_until: int = 0
    target: float = 21.0
    defroster: bool = False
    steering_heater: bool = False

    locked: bool = True
    doors: list[bool] = msgspec.field(default_factory=lambda: [False] * 4)
    windows: list[bool] = msgspec.field(default_factory=lambda: [False] * 4)
    sunroof: bool = False
    front: bool = False
    rear: bool = False

    tyres_kpa: list[float]
    oil: float = 100.0  # percent of its life
    washer: float = 100.0  # percent
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


def encode(car: Car) -> bytes:
    """Return a car's state as bytes, for `spoken`."""
    return _ENCODER.encode(car)


def spoken(car: Car) -> Car:
    """Return the car as it spoke last: itself, unless it sleeps."""
    return car if car.said is None else decode(car.said)


def decode(said: bytes) -> Car:
    """Return the car whose state `encode` gave."""
    return _DECODER.decode(said)
