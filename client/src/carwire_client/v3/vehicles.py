"""A vehicle of an owner in API v3: `V3Vehicle` blocks, `AsyncV3Vehicle` is awaited; their methods are the same."""

from __future__ import annotations

from typing import TypedDict, TypeVar

import msgspec

from carwire_client.binding import awaiting, blocking
from carwire_client.call import Call
from carwire_client.calls.ga import commands, vehicles
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.settings import OwnedReach, UnitSystem, check_unit_system

T = TypeVar("T")


class V3VehicleOptions(TypedDict, total=False):
    """How a vehicle is asked.

    - `unit_system`: ``metric`` or ``imperial``
    - `max_age`: Carwire's own, in seconds: how old an answer may be where asking wakes nobody
    """

    unit_system: UnitSystem
    max_age: int | None


class _Base:
    """What both have in common."""

    ref: OwnedReach

    @property
    def id(self) -> str:
        """The vehicle's id."""
        return self.ref.id

    @property
    def user_id(self) -> str:
        """The owner's id."""
        return self.ref.user_id

    @property
    def unit_system(self) -> UnitSystem:
        """``metric`` or ``imperial``. Settable."""
        return self.ref.unit_system

    @unit_system.setter
    def unit_system(self, name: str) -> None:
        self.ref = msgspec.structs.replace(self.ref, unit_system=check_unit_system(name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class V3Vehicle(_Base):
    """A vehicle of an owner, asked by calls that block. `V3Client.vehicle` makes one."""

    def __init__(self, ref: OwnedReach, client: Driver) -> None:
        self.ref = ref
        self._client = client

    def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return self._client.send(call)

    get = blocking(vehicles.get_vehicle)
    signals = blocking(vehicles.signals)
    signal = blocking(vehicles.signal)

    start_charge = blocking(commands.start_charge)
    stop_charge = blocking(commands.stop_charge)
    set_charge_limit = blocking(commands.set_charge_limit)
    open_charge_port = blocking(commands.open_charge_port)
    close_charge_port = blocking(commands.close_charge_port)
    lock = blocking(commands.lock)
    unlock = blocking(commands.unlock)
    set_destination = blocking(commands.set_destination)
    execution = blocking(commands.execution)
    set_daily_schedule = blocking(commands.set_daily_schedule)
    set_weekly_schedule = blocking(commands.set_weekly_schedule)
    set_workweek_schedule = blocking(commands.set_workweek_schedule)
    delete_schedule = blocking(commands.delete_schedule)


class AsyncV3Vehicle(_Base):
    """A vehicle of an owner, asked by calls that are awaited. `AsyncV3Client.vehicle` makes one."""

    def __init__(self, ref: OwnedReach, client: AsyncDriver) -> None:
        self.ref = ref
        self._client = client

    async def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return await self._client.send(call)

    get = awaiting(vehicles.get_vehicle)
    signals = awaiting(vehicles.signals)
    signal = awaiting(vehicles.signal)

    start_charge = awaiting(commands.start_charge)
    stop_charge = awaiting(commands.stop_charge)
    set_charge_limit = awaiting(commands.set_charge_limit)
    open_charge_port = awaiting(commands.open_charge_port)
    close_charge_port = awaiting(commands.close_charge_port)
    lock = awaiting(commands.lock)
    unlock = awaiting(commands.unlock)
    set_destination = awaiting(commands.set_destination)
    execution = awaiting(commands.execution)
    set_daily_schedule = awaiting(commands.set_daily_schedule)
    set_weekly_schedule = awaiting(commands.set_weekly_schedule)
    set_workweek_schedule = awaiting(commands.set_workweek_schedule)
    delete_schedule = awaiting(commands.delete_schedule)
