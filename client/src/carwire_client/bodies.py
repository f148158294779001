"""What signals say, as types: a code carries the type of its value.

A signal whose body has one ``value`` says that; one whose body is nothing but ``values`` says a tuple; any other says
its whole body, as one of these structs. Their attributes are the wire's members in snake case. What a server does not
send is null, and what it sends besides is in the `body` of the signal. Words are plain text, so that one added later is
no error. Moments are aware, in UTC. Source: the server's catalogue, with which a test compares them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

V = TypeVar("V")


class SignalCode(str, Generic[V]):
    """The code of a signal, a text like any other, whose value is a `V`; `kind` is that type."""

    kind: type[V]

    def __new__(cls, code: str, kind: type[V]) -> SignalCode[V]:
        made = super().__new__(cls, code)
        made.kind = kind
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.kind)


class Body(msgspec.Struct, frozen=True, rename="camel"):
    """The body of a signal, or a part of it."""


class Closure(Body, frozen=True):
    """Something that opens."""

    is_open: bool | None = None


class LockableClosure(Closure, frozen=True):
    """Something that opens, and can be locked."""

    is_locked: bool | None = None


class Window(Closure, frozen=True, kw_only=True):
    """A window: row 0 is the front, column 0 the left."""

    row: int | None = None
    column: int | None = None


class Windows(Body, frozen=True, kw_only=True):
    """The windows, and how many rows and columns they stand in."""

    values: tuple[Window, ...]
    row_count: int | None = None
    column_count: int | None = None


class Door(LockableClosure, frozen=True, kw_only=True):
    """A door: row 0 is the front, column 0 the left."""

    row: int | None = None
    column: int | None = None


class Doors(Body, frozen=True, kw_only=True):
    """The doors, and how many rows and columns they stand in."""

    values: tuple[Door, ...]
    row_count: int | None = None
    column_count: int | None = None


class Tire(Body, frozen=True, kw_only=True):
    """A tire: row 0 is the front, column 0 the left. The unit of its pressure is that of the signal."""

    row: int
    column: int
    tire_pressure: float


class Tires(Body, frozen=True, kw_only=True):
    """The tires, and how many rows and columns they stand in."""

    values: tuple[Tire, ...]
    row_count: int | None = None
    column_count: int | None = None


class PreciseLocation(Body, frozen=True, kw_only=True):
    """Where the car is, and where it is heading to, in degrees.

    `direction` is ``N``, ``NE`` and so on; `location_type` is ``LAST_PARKED`` or ``CURRENT``.
    """

    latitude: float | None = None
    longitude: float | None = None
    heading: float | None = None
    direction: str | None = None
    location_type: str | None = None


class Health(Body, frozen=True, kw_only=True):
    """How a system of the car is: `status` is ``OK`` or ``ALERT``, `description` the maker's."""

    status: str | None = None
    description: str | None = None


class TroubleCode(Body, frozen=True, kw_only=True):
    """A trouble code that is active, and since when."""

    code: str
    timestamp: datetime | None = None


class DriveMode(Body, frozen=True, kw_only=True):
    """The drive mode in a standard word, and as the maker calls it."""

    canonical: str
    oem_display_name: str


class CapacityOption(Body, frozen=True, kw_only=True):
    """A size of the drive battery, in kWh, that the model was sold with."""

    capacity: float | None = None
    description: str | None = None


class RatedCapacity(Body, frozen=True, kw_only=True):
    """The rated size of the drive battery, in kWh; null where there are several and the owner has not chosen.

    `source` is ``SMARTCAR`` or ``USER_SELECTED``.
    """

    capacity: float | None = None
    source: str | None = None
    available_capacities: tuple[CapacityOption, ...] = ()


class Place(Body, frozen=True, kw_only=True):
    """A place, in degrees."""

    name: str | None = None
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class ChargeCondition(Place, frozen=True, kw_only=True):
    """Where, or at which kind of connector, something holds."""

    connector_type: str | None = None


class LimitRule(Body, frozen=True, kw_only=True):
    """Up to where it charges, in percent.

    `type` is ``GLOBAL``, ``LOCATION``, ``CONNECTOR`` or ``CHARGING_TYPE``; `condition` is null where it always holds.
    """

    type: str | None = None
    limit: float | None = None
    condition: ChargeCondition | None = None


class LimitRules(Body, frozen=True, kw_only=True):
    """Every charge limit that is set, and the one in force, in percent."""

    values: tuple[LimitRule, ...] = ()
    active_limit: float | None = None


class ChargeCost(Body, frozen=True, kw_only=True):
    """What charging cost; `currency` as ISO 4217 has it."""

    currency: str | None = None
    energy_amount: float | None = None
    other_amount: float | None = None


class ChargeRecord(Body, frozen=True, kw_only=True):
    """A charge that is over. Energy is in kWh, states of charge are in percent."""

    id: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    energy_added: float | None = None
    start_state_of_charge: float | None = None
    end_state_of_charge: float | None = None
    is_public_charger: bool | None = None
    connector_type: str | None = None
    cost: ChargeCost | None = None
    location: Place | None = None


class ChargeWindow(Body, frozen=True, kw_only=True):
    """When it may charge: local times as ``HH:MM:SS``, days as ``MONDAY`` and so on."""

    start: str | None = None
    end: str | None = None
    days: tuple[str, ...] = ()


class DepartureTimer(Body, frozen=True, kw_only=True):
    """When it has to be ready: a local time as ``HH:MM:SS``, days as ``MONDAY`` and so on."""

    time: str | None = None
    days: tuple[str, ...] = ()


class ChargeTimer(Body, frozen=True, kw_only=True):
    """Times of charging and of departure.

    `type` and `condition` are as those of a `LimitRule`; `schedule_type` is ``DAILY``, ``WEEKLY`` or ``WORKWEEK``.
    """

    type: str | None = None
    condition: ChargeCondition | None = None
    schedules: tuple[ChargeWindow, ...] = ()
    departure_timers: tuple[DepartureTimer, ...] = ()
    is_oem_optimization_enabled: bool | None = msgspec.field(default=None, name="isOEMOptimizationEnabled")
    schedule_type: str | None = None
    schedule_id: str | None = None


class WorkshopCost(Body, frozen=True, kw_only=True):
    """What a visit to the workshop cost."""

    amount: float | None = None
    currency: str | None = None


class WorkshopItem(Body, frozen=True, kw_only=True):
    """Something that was done, or said, at the workshop."""

    id: str | None = None
    description: str | None = None


class WorkshopVisit(Body, frozen=True, kw_only=True):
    """A visit to the workshop. The odometer is in km, or in miles when those were asked for."""

    id: str | None = None
    time: datetime | None = None
    odometer: float | None = None
    cost: WorkshopCost | None = None
    tasks: tuple[WorkshopItem, ...] = ()
    details: tuple[WorkshopItem, ...] = ()
