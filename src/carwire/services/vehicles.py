"""Vehicles: reading them, listing them, cutting their connections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from carwire.core.grants import AccessToken, GrantMissing, Principal, demand
from carwire.core.ports import Store
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.vehicles import Connection, ConnectionFilter, Vehicle
from carwire.kit.clock import Clock
from carwire.upstream.door import NEWEST, Freshness, Upstream


class VehicleService:
    """Whoever calls has a `Vehicle`, which only a principal gets."""

    def __init__(self, store: Store, upstream: Upstream, clock: Clock) -> None:
        self._store = store
        self._upstream = upstream
        self._clock = clock

    def now(self, vehicle: Vehicle) -> datetime:
        """Return the time the vehicle's car lives in: ours, unless it is simulated."""
        return self._upstream.now(vehicle)

    async def read(
        self,
        vehicle: Vehicle,
        codes: Sequence[str],
        *,
        permission: str | None,
        freshness: Freshness = NEWEST,
        now: datetime | None = None,
    ) -> Snapshot:
        """Read signals that one permission opens together; `now` is what `now` gave, if it was asked. Raises
        `GrantMissing` without the permission.
        """
        demand(vehicle, permission)
        return await self._upstream.read(vehicle, codes, freshness, now)

    async def read_signals(self, vehicle: Vehicle, codes: Sequence[str], freshness: Freshness = NEWEST) -> Snapshot:
        """Read signals, each by its own permission: one that is not granted is a problem of kind ``PERMISSION``."""
        granted = [code for code in codes if signals()[code].permission in vehicle.permissions]
        found = (await self._upstream.read(vehicle, granted, freshness)).answers if granted else {}
        missing = Problem("PERMISSION", self._upstream.now(vehicle))
        answers: dict[str, Reading | Problem] = {code: found.get(code, missing) for code in codes}
        return Snapshot(vehicle.car.vin, answers)

    async def page(self, token: AccessToken, limit: int, offset: int) -> tuple[list[str], int]:
        """Return a page of the ids of the vehicles a token reaches, and how many there are."""
        return await self._store.vehicles(token.principal, limit, offset)

    async def connections(
        self, client_id: str, wanted: ConnectionFilter, limit: int, after: str | None
    ) -> tuple[list[Connection], str | None]:
        """Return a page of an application's connections and the cursor of the next. Raises `InvalidInput` for a cursor
        that is none of ours.
        """
        return await self._store.connections(client_id, wanted, limit, after)

    async def disconnect(self, principal: Principal, vehicle_id: str) -> None:
        """Cut a vehicle off, by its owner's token or by the application. Raises `GrantMissing` when it is not there."""
        wanted = ConnectionFilter(vehicle_id=vehicle_id, user_id=principal.user_id)
        if not await self.cut(principal.client_id, wanted):
            raise GrantMissing

    async def cut(self, client_id: str, wanted: ConnectionFilter) -> Sequence[Connection]:
        """Cut connections of an application and return them."""
        return await self._store.disconnect(client_id, wanted, self._clock())

    async def subscribe(self, vehicle: Vehicle, webhook_id: str) -> bool:
        """Subscribe a vehicle to a webhook; false when the application has none of this id."""
        return await self._store.subscribe(vehicle.client_id, webhook_id, vehicle.id, self._clock())

    async def unsubscribe(self, client_id: str, webhook_id: str, vehicle_id: str) -> bool:
        """End a subscription; false when the application has no such webhook."""
        return await self._store.unsubscribe(client_id, webhook_id, vehicle_id)
