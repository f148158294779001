"""What a vehicle says of itself. Units and ranges are those of the wire contract, section 3.

Where a unit has two names, the first holds in the metric system and the second in the imperial one; `meta.unit_system`
says which it was.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from carwire_client.models.base import Part, Result
from carwire_client.models.common import Paging


class Attributes(Result, frozen=True):
    """What the vehicle is. `make` is in upper case, `model` as marketed, `year` the model year."""

    id: str
    make: str
    model: str
    year: int


class Vin(Result, frozen=True):
    """The VIN: 17 characters, upper case."""

    vin: str


class Permissions(Result, frozen=True):
    """One page of what the owner has granted, such as ``read_odometer``."""

    permissions: tuple[str, ...]
    paging: Paging | None = None


class Odometer(Result, frozen=True):
    """How far the vehicle has gone: km or miles."""

    distance: float


class Fuel(Result, frozen=True):
    """What is in the tank. Makes tell different ones of the three; those not told are null.

    - `range`: km or miles
    - `percent_remaining`: from 0 to 1
    - `amount_remaining`: litres or US gallons
    """

    range: float | None = None
    percent_remaining: float | None = None
    amount_remaining: float | None = None


class Battery(Result, frozen=True):
    """The drive battery: `percent_remaining` from 0 to 1, `range` in km or miles. Either may be null."""

    percent_remaining: float | None = None
    range: float | None = None


class BatteryCapacity(Result, frozen=True):
    """What the drive battery can hold: kWh."""

    capacity: float


class AvailableCapacity(Part, frozen=True):
    """A rated capacity that may be the car's: kWh, and a text such as ``BEV:Long Range``."""

    capacity: float | None = None
    description: str | None = None


class SelectedCapacity(Part, frozen=True):
    """The rated capacity: `nominal` in kWh; `source` is ``USER_SELECTED`` or ``SMARTCAR``."""

    nominal: float | None = None
    source: str | None = None


class NominalCapacity(Result, frozen=True):
    """The rated capacity of the drive battery.

    `capacity` is null while several are possible; then `url` is the page on which the owner picks one, to which the
    application appends its own redirect URI.
    """

    available_capacities: tuple[AvailableCapacity, ...] = ()
    capacity: SelectedCapacity | None = None
    url: str | None = None


class Charge(Result, frozen=True):
    """Charging: `state` is ``CHARGING``, ``FULLY_CHARGED`` or ``NOT_CHARGING``."""

    is_plugged_in: bool
    state: str


class ChargeLimit(Result, frozen=True):
    """Up to where the drive battery is charged: from 0 to 1."""

    limit: float


class EngineOil(Result, frozen=True):
    """How much of its life the engine oil has left: from 0 to 1."""

    life_remaining: float


class Location(Result, frozen=True):
    """Where the vehicle was when it last said so: degrees, WGS 84."""

    latitude: float
    longitude: float


class TirePressure(Result, frozen=True):
    """The pressure of each tyre: kPa or psi. One that is not told is null."""

    front_left: float | None
    front_right: float | None
    back_left: float | None
    back_right: float | None


class Opening(Part, frozen=True):
    """Something that opens.

    `type` says where: ``frontLeft``, ``frontRight``, ``backLeft``, ``backRight``, ``sunroof``, ``front``, ``rear``,
    ``chargingPort``. `status` is ``OPEN``, ``CLOSED`` or ``UNKNOWN``; ``LOCKED`` and ``UNLOCKED`` have been seen.
    """

    type: str | None = None
    status: str | None = None


class LockStatus(Result, frozen=True):
    """Whether the vehicle is locked, and what is open. A group the vehicle does not tell of is empty."""

    is_locked: bool
    doors: tuple[Opening, ...] = ()
    windows: tuple[Opening, ...] = ()
    sunroof: tuple[Opening, ...] = ()
    storage: tuple[Opening, ...] = ()
    charging_port: tuple[Opening, ...] = ()


class DiagnosticSystem(Part, frozen=True):
    """One system of the car: an id such as ``SYSTEM_ABS``, `status` ``OK`` or ``ALERT``, and more in words or null."""

    system_id: str
    status: str
    description: str | None = None


class DiagnosticSystemStatus(Result, frozen=True):
    """How the systems of the car are."""

    systems: tuple[DiagnosticSystem, ...]


class DiagnosticTroubleCode(Part, frozen=True):
    """A trouble code such as ``P0420``, and since when; null where that is not known."""

    code: str
    timestamp: datetime | None = None


class DiagnosticTroubleCodes(Result, frozen=True):
    """The trouble codes that are active."""

    active_codes: tuple[DiagnosticTroubleCode, ...]


class ServiceTask(Part, frozen=True):
    """Something that was done."""

    task_id: str | int | None = None
    task_description: str | None = None


class ServiceDetail(Part, frozen=True):
    """Something else that is known of a visit."""

    type: str | None = None
    value: str | None = None


class ServiceCost(Part, frozen=True):
    """What it cost; `currency` as in ISO 4217."""

    total_cost: float | None = None
    currency: str | None = None


class ServiceRecord(Part, frozen=True):
    """One visit to the workshop. `odometer_distance` in km or miles; `service_date` is aware, in UTC."""

    service_id: str | int | None = None
    service_date: datetime | None = None
    odometer_distance: float | None = None
    service_tasks: tuple[ServiceTask, ...] = ()
    service_details: tuple[ServiceDetail, ...] = ()
    service_cost: ServiceCost | None = None


class ServiceHistory(Result, frozen=True):
    """The visits to the workshop. On the wire this is a list, which is what `raw` holds."""

    items: tuple[ServiceRecord, ...]


class Action(Result, frozen=True):
    """A command was carried out."""

    status: str = "success"
    message: str | None = None


class Status(Result, frozen=True):
    """It is done."""

    status: str = "success"


class WebhookSubscription(Result, frozen=True):
    """The vehicle is on a webhook."""

    webhook_id: str
    vehicle_id: str


class Response(Result, frozen=True):
    """The answer to a request of one's own: `body` is its JSON, decoded; null where it was empty."""

    body: object = msgspec.field(default=None)
