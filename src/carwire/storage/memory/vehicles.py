"""Vehicles, their connections, readings and budgets in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from carwire.core.budgets import Budget, full, take
from carwire.core.grants import AccessToken, Principal
from carwire.core.signals.reading import Reading
from carwire.core.vehicles import Connection, ConnectionFilter, Vehicle
from carwire.kit.secrets import Secret
from carwire.storage.cursors import position, read_cursor, write_cursor
from carwire.storage.memory.grants import GrantsInMemory
from carwire.storage.memory.state import State
from carwire.storage.sealing import Sealer


class VehiclesInMemory(GrantsInMemory):
    """`VehicleStore`."""

    _state: State
    _sealer: Sealer

    async def reach(self, principal: Principal, vehicle_id: str) -> Vehicle | None:
        """Return a vehicle the principal reaches; null for any other. Of several owners the first counts."""
        links = sorted((at, user) for at, vehicle, user in self._state.links_of(principal) if vehicle == vehicle_id)
        return self._state.vehicle(vehicle_id, links[0][1]) if links else None

    async def reach_by_token(
        self, digest: bytes, vehicle_id: str, now: datetime
    ) -> tuple[AccessToken, Vehicle | None] | None:
        """Do `access_token` and `reach`; null when the token does not live."""
        token = await self.access_token(digest, now)
        return None if token is None else (token, await self.reach(token.principal, vehicle_id))

    async def vehicles(self, principal: Principal, limit: int, offset: int) -> tuple[list[str], int]:
        """Return a page of vehicle ids in the order they were connected, and how many there are in all."""
        found = list(dict.fromkeys(vehicle for _, vehicle, _ in sorted(self._state.links_of(principal))))
        return found[offset : offset + limit], len(found)

    async def connections(
        self, client_id: str, wanted: ConnectionFilter, limit: int, after: str | None
    ) -> tuple[list[Connection], str | None]:
        """Return a page of an application's connections, newest first, and the cursor of the next page."""
        found = self._state.links_of_client(client_id, wanted)
        if after is not None:
            last = read_cursor(self._sealer, client_id, after)
            found = [connection for connection in found if position(connection) < last]
        page = found[:limit]
        return page, write_cursor(self._sealer, client_id, page[-1]) if len(found) > len(page) > 0 else None

    async def disconnect(self, client_id: str, wanted: ConnectionFilter, now: datetime) -> list[Connection]:
        """Cut connections and return them."""
        found = self._state.links_of_client(client_id, wanted)
        for connection in found:
            self._state.cut(connection.vehicle_id, connection.user_id)
            self._state.note("connection.cut", connection.vehicle_id, {"user_id": connection.user_id}, now)
        return found

    async def maker_session(self, vehicle: Vehicle) -> Secret | None:
        """Return what the owner's sign-in at the source gave."""
        return self._state.maker_sessions.get(vehicle.user_id)

    async def keep_maker_session(self, user_id: str, session: Secret) -> None:
        """Replace it, after the source renewed it. Nothing happens when the owner has disconnected meanwhile."""
        if user_id in self._state.maker_sessions:
            self._state.maker_sessions[user_id] = session

    async def readings(self, vehicle: Vehicle, codes: Sequence[str]) -> dict[str, Reading]:
        """Return what the car last said to the account, among the codes."""
        kept = self._state.readings.get((vehicle.car.id, vehicle.account), {})
        return {code: kept[code] for code in codes if code in kept}

    async def keep(self, vehicle: Vehicle, readings: Mapping[str, Reading]) -> None:
        """Keep readings, each unless one that was measured later is kept already. An account that is not connected to
        the car any more keeps none.
        """
        key = vehicle.car.id, vehicle.account
        if not self._state.is_connected(*key):
            return
        kept = self._state.readings.setdefault(key, {})
        for code, reading in readings.items():
            if code not in kept or _measured_at(kept[code]) <= _measured_at(reading):
                kept[code] = reading

    async def mark_changed(self, car_id: str, at: datetime) -> None:
        """Note that a command may have changed the car. An earlier moment than the noted one changes nothing."""
        car = self._state.cars.get(car_id)
        if car and (car.changed_at is None or car.changed_at < at):
            self._state.cars[car_id] = msgspec.structs.replace(car, changed_at=at)

    async def spend(self, car_id: str, budget: Budget, now: datetime, *, calls: int, wakes: int) -> float | None:
        """Take calls and wakes from a car's budget, all or nothing."""
        at = now.timestamp()
        level, wait = take(self._state.levels.get(car_id) or full(budget, at), budget, at, calls=calls, wakes=wakes)
        self._state.levels[car_id] = level
        return wait


def _measured_at(reading: Reading) -> datetime:
    return reading.measured_at or reading.fetched_at
