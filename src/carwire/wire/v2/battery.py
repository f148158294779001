"""The battery: charge and range, and how large it is. Of several sizes under one name, only the owner knows which."""

from __future__ import annotations

from typing import Final

import msgspec

from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.wire.v2.readings import (
    Context,
    as_number,
    as_rows,
    as_text,
    body,
    fraction,
    most_telling,
    need_any,
    number,
)

BATTERY: Final = ("tractionbattery-stateofcharge", "tractionbattery-range")
CAPACITY: Final = ("tractionbattery-nominalcapacity",)


class BatteryBody(msgspec.Struct, frozen=True, rename="camel"):
    """`percentRemaining` from 0 to 1, `range` in km or miles."""

    percent_remaining: float | None
    range: float | None


class CapacityBody(msgspec.Struct, frozen=True):
    """The battery's rated capacity in kWh."""

    capacity: float


class AvailableCapacity(msgspec.Struct, frozen=True):
    """A capacity, kWh, that cars like this one are sold with; `description` is ``ENGINE:TRIM``."""

    capacity: float | None
    description: str | None


class ChosenCapacity(msgspec.Struct, frozen=True):
    """The capacity, kWh, and who says so: `source` is ``SMARTCAR`` or ``USER_SELECTED``."""

    nominal: float | None
    source: str | None


class NominalCapacityBody(msgspec.Struct, frozen=True, rename="camel"):
    """Determined: `capacity` alone. Ambiguous: `url` alone, the page on which the owner picks. Picked: both."""

    available_capacities: tuple[AvailableCapacity, ...]
    capacity: ChosenCapacity | None
    url: str | None


def battery(snapshot: Snapshot, context: Context) -> BatteryBody:
    """Write how full the battery is, and how far that reaches."""
    found = BatteryBody(fraction(snapshot, BATTERY[0]), number(snapshot, BATTERY[1], context.system))
    need_any((found.percent_remaining, found.range), snapshot, BATTERY, context)
    return found


def capacity(snapshot: Snapshot, context: Context) -> CapacityBody:
    """Write the one capacity. What the owner has picked needs no answer of the car.

    Raises `Obstacle`: SERVER:MULTIPLE_RECORDS_FOUND with the capacities that are possible, SERVER:RECORD_NOT_FOUND, or
    what stood in the way of asking.
    """
    if context.capacity_kwh is not None:
        return CapacityBody(context.capacity_kwh)
    chosen, available = _known(snapshot, context)
    if chosen is not None and chosen.nominal is not None:
        return CapacityBody(chosen.nominal)
    sizes = tuple(each.capacity for each in available if each.capacity is not None)
    if len(set(sizes)) == 1:
        return CapacityBody(sizes[0])
    if sizes:
        raise Obstacle(Problem("SERVER:MULTIPLE_RECORDS_FOUND", context.now), sizes)
    raise Obstacle(Problem("SERVER:RECORD_NOT_FOUND", context.now))


def nominal_capacity(snapshot: Snapshot, context: Context) -> NominalCapacityBody:
    """Write which capacities are possible and which it is. Raises `Obstacle` as `capacity` does, save for several."""
    chosen, available = _known(snapshot, context)
    if context.capacity_kwh is not None:
        chosen = ChosenCapacity(context.capacity_kwh, "USER_SELECTED")
    if chosen is None and len(available) == 1:
        chosen = ChosenCapacity(available[0].capacity, "SMARTCAR")
    if chosen is not None and not available:
        available = (AvailableCapacity(chosen.nominal, None),)
    if not available:
        raise Obstacle(Problem("SERVER:RECORD_NOT_FOUND", context.now))
    determined = chosen is not None and chosen.source == "SMARTCAR"
    return NominalCapacityBody(available, chosen, None if determined else context.url)


def _known(snapshot: Snapshot, context: Context) -> tuple[ChosenCapacity | None, tuple[AvailableCapacity, ...]]:
    if not isinstance(snapshot.answers.get(CAPACITY[0]), Reading):
        raise Obstacle(most_telling(snapshot, CAPACITY, context.now))
    told = body(snapshot, CAPACITY[0]) or {}
    size = as_number(told.get("capacity"))
    listed = as_rows(told.get("availableCapacities")) or []
    available = tuple(
        AvailableCapacity(as_number(row.get("capacity")), as_text(row.get("description"))) for row in listed
    )
    return None if size is None else ChosenCapacity(size, as_text(told.get("source")) or "SMARTCAR"), available
