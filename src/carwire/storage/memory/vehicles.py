"""Vehicles, their connections, readings and budgets in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.budgets import Budget, Level, full, take
from carwire.core.events import Before, observed
from carwire.core.grants import AccessToken, Principal
from carwire.core.signals.reading import Problem, Reading, Value
from carwire.core.vehicles import ConnectedVehicle, Connection, ConnectionFilter, ConnectionPage, Vehicle
from carwire.kit.secrets import Secret
from carwire.storage.cursors import Position, listing, place, position, read_cursor, write_cursor
from carwire.storage.memory.events import append
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

    async def reach_by_application(
        self, digest: bytes, user_id: str | None, vehicle_id: str, now: datetime
    ) -> tuple[AccessToken, Vehicle | None] | None:
        """Do `application_token` and `reach`, for one owner or any; null when the token does not live."""
        token = await self.application_token(digest, now)
        if token is None:
            return None
        principal = Principal(token.principal.client_id, user_id)
        return msgspec.structs.replace(token, principal=principal), await self.reach(principal, vehicle_id)

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
        return page, write_cursor(self._sealer, client_id, position(page[-1])) if len(found) > len(page) > 0 else None

    async def connected(
        self, client_id: str, wanted: ConnectionFilter, page: ConnectionPage
    ) -> tuple[list[ConnectedVehicle], int, str | None]:
        """Return a page of connections with their vehicles, how many there are, and the cursor of the next page."""
        s = self._state
        found = []
        for each in s.links_of_client(client_id, wanted):
            link = s.links[each.vehicle_id][each.user_id]
            found.append(ConnectedVehicle(link.id, s.vehicle(each.vehicle_id, each.user_id), link.updated_at))
        found.sort(key=lambda each: place(each, page.by), reverse=page.newest_first)
        total = len(found)
        if page.after is not None:
            last = read_cursor(self._sealer, client_id, page.after, listing(page))
            passed = [each for each in found if place(each, page.by) == last or self._before(each, last, page)]
            found = found[len(passed) :]
        found = found[page.offset :]
        shown = found[: page.limit]
        if len(found) <= page.limit or not shown:
            return shown, total, None
        return shown, total, write_cursor(self._sealer, client_id, place(shown[-1], page.by), listing(page))

    def _before(self, found: ConnectedVehicle, last: Position, page: ConnectionPage) -> bool:
        """Tell whether a connection stands before another in the order of a page."""
        here = place(found, page.by)
        return here > last if page.newest_first else here < last

    async def delete_owner(self, client_id: str, user_id: str, now: datetime) -> list[Connection] | None:
        """Delete an owner with everything of theirs; null when the application has no such owner."""
        s = self._state
        owner = s.owners.get(user_id)
        if owner is None or owner.client_id != client_id:
            return None
        cut = await self.disconnect(client_id, ConnectionFilter(user_id=user_id), now)
        known = {each.vehicle_id for each in cut}
        del s.owners[user_id]
        s.maker_sessions.pop(user_id, None)
        gone = (owner.client_id, owner.account_digest)
        s.consents = [each for each in s.consents if (each.owner.client_id, each.owner.account_digest) != gone]
        s.drop_grants({grant.id for grant in s.grants.values() if grant.user_id == user_id})
        for vehicle_id in known - s.links.keys():
            car_id = s.vehicles.pop(vehicle_id).car_id
            s.commands = {key: each for key, each in s.commands.items() if each.vehicle_id != vehicle_id}
            s.keys = {key: value for key, value in s.keys.items() if value[0] in s.commands}
            s.drop_orphans({car_id})
        s.note("owner.deleted", user_id, {}, now)
        return cut

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
        found = {code: _last(kept.get(code)) for code in codes}
        return {code: reading for code, reading in found.items() if reading}

    async def answers(self, vehicle: Vehicle, codes: Sequence[str] | None = None) -> dict[str, Reading | Problem]:
        """Return what was answered last: a reading, or a problem with the last reading before it."""
        kept = self._state.readings.get((vehicle.car.id, vehicle.account), {})
        return dict(kept) if codes is None else {code: kept[code] for code in codes if code in kept}

    async def keep(self, vehicle: Vehicle, answers: Mapping[str, Reading | Problem], now: datetime) -> bool:
        """Keep answers, and what they tell; see the port. An account that is not connected to the car any more keeps
        none.
        """
        s, key = self._state, (vehicle.car.id, vehicle.account)
        links = s.links_to(*key)
        for link in links:
            link.revision += 1
        if not links:
            return False
        kept, told = s.readings.setdefault(key, {}), s.told.setdefault(key, {})
        newer = {code: answer for code, answer in answers.items() if not _is_older(answer, kept.get(code))}
        seen = observed({code: _before(kept[code], told.get(code, UNSET)) for code in newer if code in kept}, newer)
        told |= seen.told
        for code, answer in newer.items():
            last = _last(kept.get(code))
            kept[code] = answer if isinstance(answer, Reading) else Problem(answer.kind, answer.found_at, None, last)
            if code in seen.moved and isinstance(answer, Reading):
                s.history.append((*key, code, answer))
        if seen.is_event:
            append(s, *key, "changed", now, changes=seen.changes, failures=seen.failures)
        return seen.is_event

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

    async def level(self, car_id: str) -> Level | None:
        """Return how full a car's budget was when it was last spent from; null when nobody has yet."""
        return self._state.levels.get(car_id)


def _last(answer: Reading | Problem | None) -> Reading | None:
    return answer.last if isinstance(answer, Problem) else answer


def _is_older(answer: Reading | Problem, kept: Reading | Problem | None) -> bool:
    """Tell whether what is kept already is newer than an answer."""
    if kept is None:
        return False
    if isinstance(answer, Problem):
        return answer.found_at < _fetched_at(kept)
    last = _last(kept)
    return last is not None and _measured_at(answer) < _measured_at(last)


def _before(kept: Reading | Problem, told: Value | UnsetType) -> Before:
    last = _last(kept)
    return Before(told, last.value if last else UNSET, kept.kind if isinstance(kept, Problem) else None)


def _fetched_at(answer: Reading | Problem) -> datetime:
    last = _last(answer)
    if last:
        return last.fetched_at
    assert isinstance(answer, Problem)
    return answer.found_at


def _measured_at(reading: Reading) -> datetime:
    return reading.measured_at or reading.fetched_at
