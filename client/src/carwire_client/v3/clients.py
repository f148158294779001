"""API v3 with a token of the application: `V3Client` blocks, `AsyncV3Client` is awaited; their methods are the same."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TypeVar, Unpack

from carwire_client.binding import awaiting, blocking, iterating, iterating_async
from carwire_client.call import Call, Token
from carwire_client.calls.ga import account, hooks, owners
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.settings import OwnedReach, Surface, check_unit_system
from carwire_client.tokens.application import ApplicationSession, AsyncApplicationSession
from carwire_client.v3.vehicles import AsyncV3Vehicle, V3Vehicle, V3VehicleOptions

T = TypeVar("T")


class _Base:
    """What both have in common."""

    ref: Surface

    def _reach(self, vehicle_id: str, user_id: str, options: V3VehicleOptions) -> OwnedReach:
        return OwnedReach(
            id=vehicle_id,
            user_id=user_id,
            token=self.ref.token,
            unit_system=check_unit_system(options.get("unit_system", "metric")),
            max_age=options.get("max_age"),
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class V3Client(_Base):
    """API v3, by calls that block. `Client.v3` is one.

    Its tokens come by themselves, with `v3_client_id` and `v3_client_secret` of the client, unless `token` is given: a
    text, a `Secret`, or a source of tokens. Without a `client` it has one of its own, made from the environment: close
    it then, or use it in a ``with`` block.
    """

    def __init__(self, *, client: Driver | None = None, token: Token | None = None) -> None:
        self._client = Driver() if client is None else client
        self._owns_client = client is None
        self.ref = Surface(token=ApplicationSession(self._client) if token is None else token)

    def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return self._client.send(call)

    def vehicle(self, vehicle_id: str, user_id: str, **options: Unpack[V3VehicleOptions]) -> V3Vehicle:
        """Return a vehicle of an owner. Nothing is asked yet. Raises `ValueError` for an unknown unit system."""
        return V3Vehicle(self._reach(vehicle_id, user_id, options), self._client)

    connections = blocking(owners.connections)
    iter_connections = iterating(owners.iter_connections)
    connection = blocking(owners.connection)
    delete_connection = blocking(owners.delete_connection)
    delete_user = blocking(owners.delete_user)

    webhooks = blocking(hooks.webhooks)
    iter_webhooks = iterating(hooks.iter_webhooks)
    webhook = blocking(hooks.webhook)
    subscriptions = blocking(hooks.subscriptions)
    iter_subscriptions = iterating(hooks.iter_subscriptions)
    subscription = blocking(hooks.subscription)
    subscribe = blocking(hooks.subscribe)
    unsubscribe = blocking(hooks.unsubscribe)

    applications = blocking(account.applications)
    application = blocking(account.application)
    application_secrets = blocking(account.application_secrets)
    compatible_vehicles = blocking(account.compatible_vehicles)
    iter_compatible_vehicles = iterating(account.iter_compatible_vehicles)

    def close(self) -> None:
        """Close the client, if it is its own."""
        if self._owns_client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncV3Client(_Base):
    """API v3, by calls that are awaited. `AsyncClient.v3` is one. Otherwise as `V3Client`."""

    def __init__(self, *, client: AsyncDriver | None = None, token: Token | None = None) -> None:
        self._client = AsyncDriver() if client is None else client
        self._owns_client = client is None
        self.ref = Surface(token=AsyncApplicationSession(self._client) if token is None else token)

    async def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return await self._client.send(call)

    def vehicle(self, vehicle_id: str, user_id: str, **options: Unpack[V3VehicleOptions]) -> AsyncV3Vehicle:
        """Return a vehicle of an owner. Nothing is asked yet. Raises `ValueError` for an unknown unit system."""
        return AsyncV3Vehicle(self._reach(vehicle_id, user_id, options), self._client)

    connections = awaiting(owners.connections)
    iter_connections = iterating_async(owners.iter_connections)
    connection = awaiting(owners.connection)
    delete_connection = awaiting(owners.delete_connection)
    delete_user = awaiting(owners.delete_user)

    webhooks = awaiting(hooks.webhooks)
    iter_webhooks = iterating_async(hooks.iter_webhooks)
    webhook = awaiting(hooks.webhook)
    subscriptions = awaiting(hooks.subscriptions)
    iter_subscriptions = iterating_async(hooks.iter_subscriptions)
    subscription = awaiting(hooks.subscription)
    subscribe = awaiting(hooks.subscribe)
    unsubscribe = awaiting(hooks.unsubscribe)

    applications = awaiting(account.applications)
    application = awaiting(account.application)
    application_secrets = awaiting(account.application_secrets)
    compatible_vehicles = awaiting(account.compatible_vehicles)
    iter_compatible_vehicles = iterating_async(account.iter_compatible_vehicles)

    async def close(self) -> None:
        """Close the client, if it is its own."""
        if self._owns_client:
            await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
