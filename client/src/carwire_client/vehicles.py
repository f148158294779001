"""A vehicle: `Vehicle` blocks, `AsyncVehicle` is awaited; their methods are the same."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TypedDict, TypeVar, Unpack

import msgspec

from carwire_client.binding import awaiting, blocking, iterating, iterating_async
from carwire_client.call import Call, Flags, Token
from carwire_client.calls import commands, requests, v3, vehicle
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.settings import Reach, UnitSystem, check_unit_system, check_version

T = TypeVar("T")


class VehicleOptions(TypedDict, total=False):
    """How a vehicle is asked.

    - `unit_system`: ``metric`` or ``imperial``
    - `api_version`: of API v2; that of the client unless given
    - `flags`: go with every call
    - `max_age`, `stale_if_error`: Carwire's own, in seconds: how old an answer may be, and how old when the car cannot
      be asked
    """

    unit_system: UnitSystem
    api_version: str | None
    flags: Flags | None
    max_age: int | None
    stale_if_error: int | None


def reach_of(vehicle_id: str, access_token: Token, options: VehicleOptions, version: str) -> Reach:
    """Return what a vehicle's calls are made with. Raises `ValueError` for an unknown unit system or version."""
    return Reach(
        id=vehicle_id,
        token=access_token,
        unit_system=check_unit_system(options.get("unit_system", "metric")),
        api_version=check_version(options.get("api_version") or version),
        flags=options.get("flags"),
        max_age=options.get("max_age"),
        stale_if_error=options.get("stale_if_error"),
    )


class _Base:
    """What both have in common."""

    ref: Reach

    @property
    def id(self) -> str:
        """The vehicle's id."""
        return self.ref.id

    @property
    def api_version(self) -> str:
        """The version of API v2 it is asked in."""
        return self.ref.api_version

    @property
    def unit_system(self) -> UnitSystem:
        """``metric`` or ``imperial``. Settable."""
        return self.ref.unit_system

    @unit_system.setter
    def unit_system(self, name: str) -> None:
        self.set_unit_system(name)

    def set_unit_system(self, name: str) -> None:
        """Set the unit system of later calls. Raises `ValueError` for what is neither metric nor imperial."""
        self.ref = msgspec.structs.replace(self.ref, unit_system=check_unit_system(name))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class Vehicle(_Base):
    """A vehicle, asked by calls that block.

    `access_token` is a text, a `Secret`, or an `OwnerSession` that renews it. Without a `client` it has one of its own,
    made from the environment: close the vehicle then, or use it in a ``with`` block.
    """

    def __init__(
        self,
        vehicle_id: str,
        access_token: Token,
        *,
        client: Driver | None = None,
        **options: Unpack[VehicleOptions],
    ) -> None:
        self._client = Driver() if client is None else client
        self._owns_client = client is None
        self.ref = reach_of(vehicle_id, access_token, options, self._client.api_version)

    def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return self._client.send(call)

    attributes = blocking(vehicle.attributes)
    permissions = blocking(vehicle.permissions)
    iter_permissions = iterating(vehicle.iter_permissions)
    vin = blocking(vehicle.vin)
    odometer = blocking(vehicle.odometer)
    fuel = blocking(vehicle.fuel)
    battery = blocking(vehicle.battery)
    battery_capacity = blocking(vehicle.battery_capacity)
    nominal_capacity = blocking(vehicle.nominal_capacity)
    charge = blocking(vehicle.charge)
    get_charge_limit = blocking(vehicle.get_charge_limit)
    engine_oil = blocking(vehicle.engine_oil)
    location = blocking(vehicle.location)
    tire_pressure = blocking(vehicle.tire_pressure)
    lock_status = blocking(vehicle.lock_status)
    service_history = blocking(vehicle.service_history)
    diagnostic_system_status = blocking(vehicle.diagnostic_system_status)
    diagnostic_trouble_codes = blocking(vehicle.diagnostic_trouble_codes)

    lock = blocking(commands.lock)
    unlock = blocking(commands.unlock)
    start_charge = blocking(commands.start_charge)
    stop_charge = blocking(commands.stop_charge)
    set_charge_limit = blocking(commands.set_charge_limit)
    send_destination = blocking(commands.send_destination)
    subscribe = blocking(commands.subscribe)
    unsubscribe = blocking(commands.unsubscribe)
    disconnect = blocking(commands.disconnect)

    batch = blocking(requests.batch)
    request = blocking(requests.request)
    get_signals = blocking(v3.get_signals)
    get_signal = blocking(v3.get_signal)

    def close(self) -> None:
        """Close the vehicle's own client, if it has one."""
        if self._owns_client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncVehicle(_Base):
    """A vehicle, asked by calls that are awaited.

    `access_token` is a text, a `Secret`, or an `AsyncOwnerSession` that renews it. Without a `client` it has one of its
    own, made from the environment: close the vehicle then, or use it in an ``async with`` block.
    """

    def __init__(
        self,
        vehicle_id: str,
        access_token: Token,
        *,
        client: AsyncDriver | None = None,
        **options: Unpack[VehicleOptions],
    ) -> None:
        self._client = AsyncDriver() if client is None else client
        self._owns_client = client is None
        self.ref = reach_of(vehicle_id, access_token, options, self._client.api_version)

    async def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return await self._client.send(call)

    attributes = awaiting(vehicle.attributes)
    permissions = awaiting(vehicle.permissions)
    iter_permissions = iterating_async(vehicle.iter_permissions)
    vin = awaiting(vehicle.vin)
    odometer = awaiting(vehicle.odometer)
    fuel = awaiting(vehicle.fuel)
    battery = awaiting(vehicle.battery)
    battery_capacity = awaiting(vehicle.battery_capacity)
    nominal_capacity = awaiting(vehicle.nominal_capacity)
    charge = awaiting(vehicle.charge)
    get_charge_limit = awaiting(vehicle.get_charge_limit)
    engine_oil = awaiting(vehicle.engine_oil)
    location = awaiting(vehicle.location)
    tire_pressure = awaiting(vehicle.tire_pressure)
    lock_status = awaiting(vehicle.lock_status)
    service_history = awaiting(vehicle.service_history)
    diagnostic_system_status = awaiting(vehicle.diagnostic_system_status)
    diagnostic_trouble_codes = awaiting(vehicle.diagnostic_trouble_codes)

    lock = awaiting(commands.lock)
    unlock = awaiting(commands.unlock)
    start_charge = awaiting(commands.start_charge)
    stop_charge = awaiting(commands.stop_charge)
    set_charge_limit = awaiting(commands.set_charge_limit)
    send_destination = awaiting(commands.send_destination)
    subscribe = awaiting(commands.subscribe)
    unsubscribe = awaiting(commands.unsubscribe)
    disconnect = awaiting(commands.disconnect)

    batch = awaiting(requests.batch)
    request = awaiting(requests.request)
    get_signals = awaiting(v3.get_signals)
    get_signal = awaiting(v3.get_signal)

    async def close(self) -> None:
        """Close the vehicle's own client, if it has one."""
        if self._owns_client:
            await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
