"""Vehicles: reading them, listing them, cutting their connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire.core.grants import AccessToken, GrantMissing, Principal, demand
from carwire.core.ports import Store
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.vehicles import ConnectedVehicle, Connection, ConnectionFilter, ConnectionPage, Vehicle
from carwire.kit.clock import Clock
from carwire.upstream.age import Ages, ages_of
from carwire.upstream.door import NEWEST, Freshness, Recalled, Upstream

Told = Reading | Problem | None
_Key = tuple[str, str, int, frozenset[str], tuple[str, ...]]  # vehicle, owner, revision, permissions, codes
_REMEMBERED: Final = 2000


class Known(msgspec.Struct, frozen=True):
    """What is known of signals; null where nobody has answered yet. `lasts`: it may be given again."""

    answers: Mapping[str, Told]
    lasts: bool


class VehicleService:
    """Whoever calls has a `Vehicle`, which only a principal gets."""

    def __init__(self, store: Store, upstream: Upstream, clock: Clock) -> None:
        self._store = store
        self._upstream = upstream
        self._clock = clock
        self._recalled: dict[_Key, tuple[Ages, Known]] = {}  # in the order of their making

    def now(self, vehicle: Vehicle) -> datetime:
        """Return the time the vehicle's car lives in: ours, unless it is simulated."""
        return self._upstream.now(vehicle)

    async def find(self, principal: Principal, vehicle_id: str) -> Vehicle | None:
        """Return a vehicle the principal reaches; null for any other."""
        return await self._store.reach(principal, vehicle_id)

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

    async def recall(self, vehicle: Vehicle, codes: tuple[str, ...], max_age: timedelta) -> Known:
        """Return what is known of signals without waking the car, each by its own permission; null where nobody has
        answered yet. One that is not granted is a problem, as old as the connection: of kind ``PERMISSION``, unless no
        car of this powertrain has it.

        As long as nothing new is kept, and nothing is too old, it is the very same object again.
        """
        key = (vehicle.id, vehicle.user_id, vehicle.revision, vehicle.permissions, codes)
        known = self._recalled.get(key)
        if known and known[0].are_current(vehicle.car.changed_at, self._upstream.now(vehicle), max_age):
            return known[1]
        granted = [code for code in codes if signals()[code].permission in vehicle.permissions]
        found = await self._upstream.recall(vehicle, granted, max_age) if granted else Recalled({}, asked=False)
        ages = None if found.asked else ages_of(found.answers.values())
        known_now = Known(_completed(vehicle, codes, found.answers), lasts=ages is not None)
        if ages:
            self._remember(key, ages, known_now)
        return known_now

    def _remember(self, key: _Key, ages: Ages, known: Known) -> None:
        self._recalled.pop(key, None)
        while len(self._recalled) >= _REMEMBERED:
            del self._recalled[next(iter(self._recalled))]
        self._recalled[key] = ages, known

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

    async def connected(
        self, client_id: str, wanted: ConnectionFilter, page: ConnectionPage
    ) -> tuple[list[ConnectedVehicle], int, str | None]:
        """Return a page of connections with their vehicles, how many there are, and the cursor of the next page."""
        return await self._store.connected(client_id, wanted, page)

    async def connection(self, client_id: str, connection_id: str) -> ConnectedVehicle | None:
        """Return one connection of an application, null for any other."""
        found, _, _ = await self.connected(client_id, ConnectionFilter(id=connection_id), ConnectionPage(1))
        return found[0] if found else None

    async def delete_owner(self, client_id: str, user_id: str) -> bool:
        """Delete an owner with everything of theirs; false when the application has no such owner."""
        return await self._store.delete_owner(client_id, user_id, self._clock()) is not None

    async def cut(self, client_id: str, wanted: ConnectionFilter) -> Sequence[Connection]:
        """Cut connections of an application and return them."""
        return await self._store.disconnect(client_id, wanted, self._clock())


def _completed(vehicle: Vehicle, codes: Sequence[str], found: Mapping[str, Told]) -> dict[str, Told]:
    """Add what was not granted."""
    missing = Problem("PERMISSION", vehicle.connected_at)
    lacking = Problem("COMPATIBILITY:VEHICLE_NOT_CAPABLE", vehicle.connected_at)
    powertrain = vehicle.car.powertrain
    return {
        code: found[code] if code in found else missing if signals()[code].suits(powertrain) else lacking
        for code in codes
    }
