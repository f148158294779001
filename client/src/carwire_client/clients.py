"""The clients: `Client` blocks, `AsyncClient` is awaited; their methods are the same."""

from __future__ import annotations

from typing import Unpack

from carwire_client.auth import AsyncAuthClient, AuthClient
from carwire_client.binding import awaiting, blocking, iterating, iterating_async
from carwire_client.call import Token
from carwire_client.calls import account, compatibility, v3
from carwire_client.calls.account import Mode
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.v1.clients import AsyncV1Client, V1Client
from carwire_client.v3.clients import AsyncV3Client, V3Client
from carwire_client.vehicles import AsyncVehicle, Vehicle, VehicleOptions


class Client(Driver):
    """The client that blocks. Use it in a ``with`` block, or close it; threads may share it.

    `origin` is where the server is, such as ``https://carwire.example.com``; without it, and without `origins`, the
    environment says (see `carwire_client.origins`). The other options are those of `carwire_client.drivers.Options`.
    """

    get_user = blocking(account.get_user)
    get_vehicles = blocking(account.get_vehicles)
    get_vehicle = blocking(v3.get_vehicle)
    get_compatibility = blocking(compatibility.get_compatibility)
    get_compatibility_matrix = blocking(compatibility.get_compatibility_matrix)
    get_connections = blocking(account.get_connections)
    delete_connections = blocking(account.delete_connections)
    iter_vehicles = iterating(account.iter_vehicles)
    iter_connections = iterating(account.iter_connections)

    @property
    def v3(self) -> V3Client:
        """API v3 with a token of the application, which all threads and tasks of this client share."""
        known: V3Client | None = self.__dict__.get("_v3")
        return known or self.__dict__.setdefault("_v3", V3Client(client=self))

    @property
    def v1(self) -> V1Client:
        """Carwire's own API: VINs, compatibility with its grounds, why, and the simulator."""
        return V1Client(self)

    def vehicle(self, vehicle_id: str, access_token: Token, **options: Unpack[VehicleOptions]) -> Vehicle:
        """Return a vehicle that is asked through this client."""
        return Vehicle(vehicle_id, access_token, client=self, **options)

    def auth(self, redirect_uri: str | None = None, *, mode: Mode | None = None) -> AuthClient:
        """Return the application at the token endpoint, through this client. Raises `NotConfigured` without secrets."""
        return AuthClient(redirect_uri=redirect_uri, mode=mode, client=self)


class AsyncClient(AsyncDriver):
    """The client that is awaited. Use it in an ``async with`` block, or close it; tasks of one event loop may share it.

    Otherwise as `Client`.
    """

    get_user = awaiting(account.get_user)
    get_vehicles = awaiting(account.get_vehicles)
    get_vehicle = awaiting(v3.get_vehicle)
    get_compatibility = awaiting(compatibility.get_compatibility)
    get_compatibility_matrix = awaiting(compatibility.get_compatibility_matrix)
    get_connections = awaiting(account.get_connections)
    delete_connections = awaiting(account.delete_connections)
    iter_vehicles = iterating_async(account.iter_vehicles)
    iter_connections = iterating_async(account.iter_connections)

    @property
    def v3(self) -> AsyncV3Client:
        """API v3 with a token of the application, which all threads and tasks of this client share."""
        known: AsyncV3Client | None = self.__dict__.get("_v3")
        return known or self.__dict__.setdefault("_v3", AsyncV3Client(client=self))

    @property
    def v1(self) -> AsyncV1Client:
        """Carwire's own API: VINs, compatibility with its grounds, why, and the simulator."""
        return AsyncV1Client(self)

    def vehicle(self, vehicle_id: str, access_token: Token, **options: Unpack[VehicleOptions]) -> AsyncVehicle:
        """Return a vehicle that is asked through this client."""
        return AsyncVehicle(vehicle_id, access_token, client=self, **options)

    def auth(self, redirect_uri: str | None = None, *, mode: Mode | None = None) -> AsyncAuthClient:
        """Return the application at the token endpoint, through this client. Raises `NotConfigured` without secrets."""
        return AsyncAuthClient(redirect_uri=redirect_uri, mode=mode, client=self)
