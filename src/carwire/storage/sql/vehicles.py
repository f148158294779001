"""Plans for vehicles, their connections, readings and budgets."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from datetime import datetime
from typing import Final

from carwire.core.grants import AccessToken, Principal
from carwire.core.vehicles import ConnectedVehicle, Connection, ConnectionFilter, ConnectionPage, Vehicle
from carwire.kit.secrets import Secret
from carwire.storage.cursors import listing, place, position, read_cursor, write_cursor
from carwire.storage.moments import from_us, to_us
from carwire.storage.sql.applications import drop_orphans, drop_readings
from carwire.storage.sql.auditing import append
from carwire.storage.sql.plans import Plan, Planned, Row, Value, chunks, marks, reads, writes
from carwire.storage.sql.rows import (
    ACCESS,
    LINK,
    RENEW,
    REST,
    access_token,
    application_token,
    connected_vehicle,
    vehicle,
    vehicle_of,
)

_LINKS_OF_GRANT: Final = (
    "grant_vehicles gv JOIN grants g ON g.id = gv.grant_id AND g.revoked_at IS NULL"
    " JOIN connections c ON c.vehicle_id = gv.vehicle_id AND c.user_id = gv.user_id"
)
_BY_TOKEN: Final = (
    f"SELECT {ACCESS}, {REST} FROM access_tokens a"
    " LEFT JOIN grant_vehicles gv ON gv.grant_id = a.grant_id AND gv.vehicle_id = ?"
    " LEFT JOIN connections c ON c.vehicle_id = gv.vehicle_id AND c.user_id = gv.user_id"
    " LEFT JOIN cars k ON k.id = c.car_id WHERE a.digest = ? AND a.expires_at > ?"
)
_BY_APPLICATION: Final = (
    f"SELECT NULL, t.expires_at, t.client_id, c.user_id, c.mode, {REST} FROM application_tokens t"
    " LEFT JOIN connections c ON c.client_id = t.client_id AND c.vehicle_id = ?{of_owner}"
    " LEFT JOIN cars k ON k.id = c.car_id WHERE t.digest = ? AND t.expires_at > ?"
)
_OF_ANYONE: Final = _BY_APPLICATION.replace("{of_owner}", "") + " ORDER BY c.connected_at, c.user_id LIMIT 1"
_OF_OWNER: Final = _BY_APPLICATION.replace("{of_owner}", " AND c.user_id = ?")
_CONNECTION: Final = "vehicle_id, user_id, mode, external_id, connected_at"
_GRANTED: Final = "SELECT gv.vehicle_id FROM grants g JOIN grant_vehicles gv ON gv.grant_id = g.id WHERE g.user_id = ?"
_THEIR_VEHICLES: Final = "SELECT vehicle_id FROM connections WHERE user_id = ?"


class VehiclePlans(Planned):
    """`carwire.core.ports.VehicleStore`."""

    @reads
    def reach(self, principal: Principal, vehicle_id: str) -> Plan[Vehicle | None]:
        """Return a vehicle the principal reaches; null for any other. Of several owners the first counts."""
        links, where, values = _reached_by(principal)
        rows = yield (
            f"SELECT {LINK}, {REST} FROM {links} JOIN cars k ON k.id = c.car_id WHERE {where} AND c.vehicle_id = ?"
            " ORDER BY c.connected_at, c.user_id LIMIT 1",
            (*values, vehicle_id),
        )
        if not rows:
            return None
        return vehicle_of(rows[0])

    @reads
    def reach_by_token(
        self, digest: bytes, vehicle_id: str, now: datetime
    ) -> Plan[tuple[AccessToken, Vehicle | None] | None]:
        """Do `access_token` and `reach` in one statement; null when the token does not live."""
        asked = vehicle_id if vehicle_id.isprintable() else ""  # an id no database can hold: the token counts still
        rows = yield _BY_TOKEN, (asked, digest, to_us(now))
        if not rows:
            return None
        row = rows[0]
        return access_token(row), None if row[5] is None else vehicle(vehicle_id, row[2], row[3], row[4], row[5:])

    @reads
    def reach_by_application(
        self, digest: bytes, user_id: str | None, vehicle_id: str, now: datetime
    ) -> Plan[tuple[AccessToken, Vehicle | None] | None]:
        """Do `application_token` and `reach` in one statement; null when the token does not live."""
        asked = vehicle_id if vehicle_id.isprintable() else ""
        if user_id is None:
            rows = yield _OF_ANYONE, (asked, digest, to_us(now))
        else:
            rows = yield _OF_OWNER, (asked, user_id, digest, to_us(now))
        if not rows:
            return None
        row = rows[0]
        token = application_token(row[2], row[1], user_id)
        return token, None if row[5] is None else vehicle(vehicle_id, row[2], row[3], row[4], row[5:])

    @reads
    def vehicles(self, principal: Principal, limit: int, offset: int) -> Plan[tuple[list[str], int]]:
        """Return a page of vehicle ids in the order they were connected, and how many there are in all."""
        links, where, values = _reached_by(principal)
        rows = yield (
            f"SELECT c.vehicle_id, count(*) OVER () FROM {links} WHERE {where} GROUP BY c.vehicle_id"
            " ORDER BY min(c.connected_at), c.vehicle_id LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        if rows:
            return [vehicle_id for vehicle_id, _ in rows], rows[0][1]
        ((total,),) = yield f"SELECT count(DISTINCT c.vehicle_id) FROM {links} WHERE {where}", values
        return [], total

    @reads
    def connections(
        self, client_id: str, wanted: ConnectionFilter, limit: int, after: str | None
    ) -> Plan[tuple[list[Connection], str | None]]:
        """Return a page of an application's connections, newest first, and the cursor of the next page."""
        where, values = _filtered(client_id, wanted)
        if after is not None:
            last = read_cursor(self._sealer, client_id, after)
            where += " AND (connected_at, vehicle_id, user_id) < (?, ?, ?)"
            values += (last.at_us, last.vehicle_id, last.user_id)
        rows = yield (
            f"SELECT {_CONNECTION} FROM connections WHERE {where}"
            " ORDER BY connected_at DESC, vehicle_id DESC, user_id DESC LIMIT ?",
            (*values, limit + 1),
        )
        page = [_connection(row) for row in rows[:limit]]
        more = len(rows) > len(page) > 0
        return page, write_cursor(self._sealer, client_id, position(page[-1])) if more else None

    @reads
    def connected(
        self, client_id: str, wanted: ConnectionFilter, page: ConnectionPage
    ) -> Plan[tuple[list[ConnectedVehicle], int, str | None]]:
        """Return a page of connections with their vehicles, how many there are, and the cursor of the next page."""
        where, values = _filtered(client_id, wanted, "c.")
        ((total,),) = yield f"SELECT count(*) FROM connections c WHERE {where}", values
        way, than = ("DESC", "<") if page.newest_first else ("ASC", ">")
        if page.after is not None:
            last = read_cursor(self._sealer, client_id, page.after, listing(page))
            where += f" AND (c.{page.by}, c.vehicle_id, c.user_id) {than} (?, ?, ?)"
            values += (last.at_us, last.vehicle_id, last.user_id)
        rows = yield (
            f"SELECT c.id, c.updated_at, {LINK}, {REST} FROM connections c JOIN cars k ON k.id = c.car_id"
            f" WHERE {where} ORDER BY c.{page.by} {way}, c.vehicle_id {way}, c.user_id {way} LIMIT ? OFFSET ?",
            (*values, page.limit + 1, page.offset),
        )
        found = [connected_vehicle(row) for row in rows[: page.limit]]
        more = len(rows) > page.limit and found
        cursor = write_cursor(self._sealer, client_id, place(found[-1], page.by), listing(page)) if more else None
        return found, total, cursor

    @writes
    def delete_owner(self, client_id: str, user_id: str, now: datetime) -> Plan[list[Connection] | None]:
        """Delete an owner with everything of theirs; null when the application has no such owner."""
        found = yield "SELECT id FROM owners WHERE id = ? AND client_id = ? {for_update}", (user_id, client_id)
        if not found:
            return None
        known = yield f"{_GRANTED} UNION {_THEIR_VEHICLES}", (user_id,) * 2
        cut = yield from _cut("user_id = ?", (user_id,), (user_id,))
        yield "DELETE FROM owners WHERE id = ?", (user_id,)
        for some in chunks(sorted({vehicle_id for (vehicle_id,) in known})):
            yield from _forget_vehicles(some)
        cut.sort(key=position, reverse=True)
        for each in cut:
            yield from append("connection.cut", each.vehicle_id, {"user_id": user_id}, now)
        yield from append("owner.deleted", user_id, {}, now)
        return cut

    @writes
    def disconnect(self, client_id: str, wanted: ConnectionFilter, now: datetime) -> Plan[list[Connection]]:
        """Cut connections and return them, newest first."""
        where, values = _filtered(client_id, wanted)
        users = yield (
            f"SELECT id FROM owners WHERE id IN (SELECT user_id FROM connections WHERE {where})"
            " ORDER BY id {for_update}",
            values,
        )
        cut: list[Connection] = []
        for some in chunks([user_id for (user_id,) in users]):  # theirs only: owners who come now are not locked
            cut += yield from _cut(f"{where} AND user_id IN ({marks(len(some))})", (*values, *some), some)
        cut.sort(key=position, reverse=True)
        for each in cut:
            yield from append("connection.cut", each.vehicle_id, {"user_id": each.user_id}, now)
        return cut

    @reads
    def maker_session(self, vehicle: Vehicle) -> Plan[Secret | None]:
        """Return what the owner's sign-in at the source gave."""
        rows = yield "SELECT maker_session_sealed FROM owners WHERE id = ?", (vehicle.user_id,)
        if not rows or rows[0][0] is None:
            return None
        return self._sealer.open(rows[0][0], "owners", "maker_session_sealed", vehicle.user_id)

    @writes
    def keep_maker_session(self, user_id: str, session: Secret) -> Plan[None]:
        """Replace it, after the source renewed it. Nothing happens when the owner has disconnected meanwhile."""
        sealed = self._sealer.seal(session, "owners", "maker_session_sealed", user_id)
        yield RENEW, (sealed, user_id)


def _reached_by(principal: Principal) -> tuple[str, str, tuple[Value, ...]]:
    """Return tables, condition and values that stand for the connections c a principal reaches."""
    if principal.grant_id is not None:
        return _LINKS_OF_GRANT, "gv.grant_id = ? AND c.client_id = ?", (principal.grant_id, principal.client_id)
    if principal.user_id is not None:
        return "connections c", "c.client_id = ? AND c.user_id = ?", (principal.client_id, principal.user_id)
    return "connections c", "c.client_id = ?", (principal.client_id,)


def _filtered(client_id: str, wanted: ConnectionFilter, of: str = "") -> tuple[str, tuple[Value, ...]]:
    """Return condition and values for an application's connections; `of` stands before the columns' names."""
    where, values = [f"{of}client_id = ?"], [client_id]
    for column in ("vehicle_id", "user_id", "mode", "external_id", "id"):
        value = getattr(wanted, column)
        if value is not None:
            where.append(f"{of}{column} = ?")
            values.append(value)
    return " AND ".join(where), tuple(values)


def _cut(where: str, values: tuple[Value, ...], users: tuple[str, ...]) -> Plan[list[Connection]]:
    """Cut connections of these owners, who are locked, and what goes with the last one of owner, vehicle and car."""
    yield (
        f"SELECT id FROM cars WHERE id IN (SELECT car_id FROM connections WHERE {where})"
        " ORDER BY source, vin {for_update}",
        values,
    )
    rows = yield f"DELETE FROM connections WHERE {where} RETURNING {_CONNECTION}", values
    yield (
        f"UPDATE owners SET maker_session_sealed = NULL WHERE id IN ({marks(len(users))})"
        " AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.user_id = owners.id)",
        users,
    )
    for vehicles in chunks(sorted({row[0] for row in rows})):
        yield from _drop_vehicles(vehicles)
    return [_connection(row) for row in rows]


def _drop_vehicles(vehicles: tuple[str, ...]) -> Plan[None]:
    """Delete what goes with the last connection of these vehicles and of their cars."""
    some = marks(len(vehicles))
    yield f"SELECT id FROM vehicles WHERE id IN ({some}) ORDER BY id {{for_update}}", vehicles
    cars = yield f"SELECT car_id FROM vehicles WHERE id IN ({some})", vehicles
    yield from drop_readings(tuple(car_id for (car_id,) in cars))


def _forget_vehicles(vehicles: tuple[str, ...]) -> Plan[None]:
    """Delete vehicles nobody is connected to, with the commands they were given; and their cars, when no application
    knows them.
    """
    some = marks(len(vehicles))
    rows = yield (
        f"DELETE FROM vehicles WHERE id IN ({some})"
        " AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.vehicle_id = vehicles.id) RETURNING id, car_id",
        vehicles,
    )
    if not rows:
        return
    gone, cars = tuple(row[0] for row in rows), tuple(row[1] for row in rows)
    yield f"DELETE FROM commands WHERE vehicle_id IN ({marks(len(gone))})", gone
    yield from drop_orphans(cars)


def _connection(row: Row) -> Connection:
    vehicle_id, user_id, mode, external_id, connected_us = row
    return Connection(vehicle_id, user_id, mode, external_id, from_us(connected_us))
