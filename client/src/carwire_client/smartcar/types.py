"""The results, named and laid out as in the official package: tuples whose last field is `meta`.

`meta` is a tuple of what the server said about its answer: of `data_age`, `unit_system`, `request_id` and `fetched_at`
those that came, in this order, as text; null when none did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple


class Access(NamedTuple):
    """Tokens. Both expirations are naive datetimes in UTC; the second is sixty days from now, for no server says."""

    access_token: str
    token_type: str
    expires_in: int
    expiration: datetime
    refresh_token: str
    refresh_expiration: datetime

    def __getitem__(self, key: Any) -> Any:
        """Return a field by its place, or by its name."""
        return getattr(self, key) if isinstance(key, str) and key in self._fields else tuple.__getitem__(self, key)


class Paging(NamedTuple):
    """Which part of a list it is."""

    count: int  # type: ignore[assignment]  # hides the method of tuples, as there
    offset: int


class PagingCursor(NamedTuple):
    """Where the next page begins; null on the last one."""

    cursor: str | None


class User(NamedTuple):
    """The owner, by the id this application knows them by."""

    id: str
    meta: Any


class Vehicles(NamedTuple):
    """Ids of vehicles."""

    vehicles: list[str]
    paging: Paging
    meta: Any


class Capability(NamedTuple):
    """Whether a permission works."""

    permission: str
    endpoint: str
    capable: bool
    reason: str | None


class CompatibilityV1(NamedTuple):
    """Whether a car can be connected, as v1.0 said it."""

    compatible: bool
    meta: Any


class Compatibility(NamedTuple):
    """Whether a car can be connected, and what works."""

    compatible: bool
    reason: str | None
    capabilities: list[Capability]
    meta: Any


CompatibilityV2 = Compatibility


class CompatibilityMatrixModel(NamedTuple):
    """A model line that can be connected."""

    model: str
    startYear: int  # noqa: N815  # the official name
    endYear: int  # noqa: N815  # the official name
    type: str
    endpoints: list[str]
    permissions: list[str]


CompatibilityMatrix = dict[str, list[CompatibilityMatrixModel]]


class Vin(NamedTuple):
    """The VIN."""

    vin: str
    meta: Any


class Charge(NamedTuple):
    """Whether it is plugged in; ``CHARGING``, ``FULLY_CHARGED`` or ``NOT_CHARGING``."""

    is_plugged_in: bool
    state: str
    meta: Any


class ChargeLimit(NamedTuple):
    """Up to where it charges: from 0 to 1."""

    limit: float
    meta: Any


class DiagnosticSystem(NamedTuple):
    """A system of the car."""

    system_id: str
    status: str
    description: str | None


class DiagnosticSystemStatus(NamedTuple):
    """How the systems of the car are."""

    systems: list[DiagnosticSystem]
    meta: Any


class DiagnosticTroubleCode(NamedTuple):
    """A trouble code; `timestamp` is text."""

    code: str
    timestamp: str | None


class DiagnosticTroubleCodes(NamedTuple):
    """The trouble codes that are active."""

    active_codes: list[DiagnosticTroubleCode]
    meta: Any


class ServiceHistory(NamedTuple):
    """The visits to the workshop, each as the server wrote it."""

    items: list[dict[str, Any]]
    meta: Any


class Battery(NamedTuple):
    """State of charge from 0 to 1, and range in km or miles."""

    percent_remaining: float
    range: float
    meta: Any


class BatteryCapacity(NamedTuple):
    """What the drive battery can hold: kWh."""

    capacity: float
    meta: Any


class AvailableCapacity(NamedTuple):
    """A capacity the owner can choose: kWh."""

    capacity: float
    description: str | None


class SelectedCapacity(NamedTuple):
    """A capacity that was chosen: kWh."""

    nominal: float
    source: str


class NominalCapcity(NamedTuple):
    """The rated capacity of the drive battery. The name is spelled as in the official package."""

    availableCapacities: list[AvailableCapacity]  # noqa: N815  # the official name
    capacity: dict[str, Any] | None
    url: str | None
    meta: Any


class Fuel(NamedTuple):
    """Range in km or miles, what is in the tank from 0 to 1, and in litres or gallons."""

    range: float
    percent_remaining: float
    amount_remaining: float
    meta: Any


class TirePressure(NamedTuple):
    """The pressure of each tyre: kPa or psi."""

    front_left: float
    front_right: float
    back_left: float
    back_right: float
    meta: Any


class EngineOil(NamedTuple):
    """How much life the engine oil has left: from 0 to 1."""

    life_remaining: float
    meta: Any


class Odometer(NamedTuple):
    """How far it has gone: km or miles."""

    distance: float
    meta: Any


class Location(NamedTuple):
    """Where it is: degrees."""

    latitude: float
    longitude: float
    meta: Any


class Attributes(NamedTuple):
    """What it is."""

    id: str
    make: str
    model: str
    year: int
    meta: Any


class Action(NamedTuple):
    """What became of a command."""

    status: str
    message: str
    meta: Any


class Status(NamedTuple):
    """What became of something that is no command."""

    status: str
    meta: Any


class Permissions(NamedTuple):
    """What the owner has granted."""

    permissions: list[str]
    paging: Paging
    meta: Any


class Subscribe(NamedTuple):
    """A vehicle on a webhook."""

    webhook_id: str
    vehicle_id: str
    meta: Any


class Connection(NamedTuple):
    """A vehicle connected to the application; `connected_at` is text, null for one that was deleted."""

    vehicle_id: str
    user_id: str
    connected_at: str | None


class GetConnections(NamedTuple):
    """One page of connections."""

    connections: list[Connection]
    paging: PagingCursor
    meta: Any


class DeleteConnections(NamedTuple):
    """The connections that were."""

    connections: list[Connection]
    meta: Any


class LockStatus(NamedTuple):
    """Whether it is locked; the lists hold what the server wrote: ``{"type": …, "status": …}``."""

    is_locked: bool
    doors: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    sunroof: list[dict[str, Any]]
    storage: list[dict[str, Any]]
    charging_port: list[dict[str, Any]]
    meta: Any


class Response(NamedTuple):
    """What a request of one's own was answered with."""

    body: Any
    meta: Any


class SignalsResponse(dict[str, Any]):
    """What a call of v3 was answered with: `body` and `headers`, as members and as attributes."""

    @property
    def body(self) -> Any:
        """The body."""
        return self["body"]

    @property
    def headers(self) -> Any:
        """The headers; any spelling of their names will do."""
        return self["headers"]
