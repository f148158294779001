"""The lookup API: `LookupClient` blocks, `AsyncLookupClient` is awaited; their methods are the same."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self, TypeVar

from carwire_client.binding import awaiting, blocking, iterating, iterating_async
from carwire_client.call import Call
from carwire_client.calls import lookup
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.errors import NotConfigured
from carwire_client.secrets import Secret
from carwire_client.settings import first_of

T = TypeVar("T")
API_KEY: Final = ("CARWIRE_API_KEY",)


class _Base:
    """What both have in common."""

    ref: lookup.Keyed

    def _set_up(
        self, driver: Driver | AsyncDriver, api_key: str | Secret | None, region: str | None, reference_id: str | None
    ) -> None:
        key = api_key or first_of(API_KEY, driver.environ)
        if not key:
            msg = f"Give api_key=, or set {API_KEY[0]} in the environment"
            raise NotConfigured(msg)
        self.ref = lookup.Keyed(key=Secret(key), region=region, reference_id=reference_id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.ref.region or 'of any region'}>"


class LookupClient(_Base):
    """Vehicles by VIN and plate, by calls that block.

    Without `api_key` the variable ``CARWIRE_API_KEY`` says it. `region` and `reference_id` are of calls that name none.
    Without a `client` it has one of its own: close it then, or use it in a ``with`` block. Raises `NotConfigured`
    without a key.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        region: str | None = None,
        reference_id: str | None = None,
        client: Driver | None = None,
    ) -> None:
        self._client = Driver() if client is None else client
        self._owns_client = client is None
        self._set_up(self._client, api_key, region, reference_id)

    def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return self._client.send(call)

    lookup_vin = blocking(lookup.lookup_vin)
    lookup_plate = blocking(lookup.lookup_plate)
    build_data = blocking(lookup.build_data)
    catalogue_vehicle = blocking(lookup.catalogue_vehicle)
    vehicle_options = blocking(lookup.vehicle_options)
    vehicle_specs = blocking(lookup.vehicle_specs)
    fitted_options = blocking(lookup.fitted_options)
    search_vehicles = blocking(lookup.search_vehicles)
    vehicle_facets = blocking(lookup.vehicle_facets)
    narrow_vehicles = blocking(lookup.narrow_vehicles)
    usage = blocking(lookup.usage)
    usage_records = blocking(lookup.usage_records)
    iter_usage_records = iterating(lookup.iter_usage_records)

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


class AsyncLookupClient(_Base):
    """Vehicles by VIN and plate, by calls that are awaited. Otherwise as `LookupClient`."""

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        region: str | None = None,
        reference_id: str | None = None,
        client: AsyncDriver | None = None,
    ) -> None:
        self._client = AsyncDriver() if client is None else client
        self._owns_client = client is None
        self._set_up(self._client, api_key, region, reference_id)

    async def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return await self._client.send(call)

    lookup_vin = awaiting(lookup.lookup_vin)
    lookup_plate = awaiting(lookup.lookup_plate)
    build_data = awaiting(lookup.build_data)
    catalogue_vehicle = awaiting(lookup.catalogue_vehicle)
    vehicle_options = awaiting(lookup.vehicle_options)
    vehicle_specs = awaiting(lookup.vehicle_specs)
    fitted_options = awaiting(lookup.fitted_options)
    search_vehicles = awaiting(lookup.search_vehicles)
    vehicle_facets = awaiting(lookup.vehicle_facets)
    narrow_vehicles = awaiting(lookup.narrow_vehicles)
    usage = awaiting(lookup.usage)
    usage_records = awaiting(lookup.usage_records)
    iter_usage_records = iterating_async(lookup.iter_usage_records)

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
