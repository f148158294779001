"""Plans for vehicles, their connections, readings and budgets."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from carwire.core.budgets import Budget, Level, full, take
from carwire.core.grants import AccessToken, Principal
from carwire.core.signals.reading import Reading
from carwire.core.vehicles import Connection, ConnectionFilter, Vehicle
from carwire.kit.secrets import Secret
from carwire.storage.cursors import position, read_cursor, write_cursor
from carwire.storage.moments import from_us, to_us, to_us_or_null
from carwire.storage.sql.applications import drop_readings
from carwire.storage.sql.auditing import append
from carwire.storage.sql.plans import Plan, Planned, Row, Value, chunks, marks, reads, writes
from carwire.storage.sql.rows import ACCESS, LINK, READING, RENEW, REST, access_token, reading, value_text, vehicle

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
_CONNECTION: Final = "vehicle_id, user_id, mode, external_id, connected_at"
_KEEP: Final = (
    " ON CONFLICT (car_id, account_digest, code) DO UPDATE SET value = excluded.value, unit = excluded.unit,"
    " measured_at = excluded.measured_at, maker_at = excluded.maker_at, fetched_at = excluded.fetched_at,"
    " source = excluded.source WHERE COALESCE(readings.measured_at, readings.fetched_at)"
    " <= COALESCE(excluded.measured_at, excluded.fetched_at)"
)


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
        row = rows[0]
        return vehicle(row[0], row[1], row[2], row[3], row[4:])

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
            values += (last.connected_us, last.vehicle_id, last.user_id)
        rows = yield (
            f"SELECT {_CONNECTION} FROM connections WHERE {where}"
            " ORDER BY connected_at DESC, vehicle_id DESC, user_id DESC LIMIT ?",
            (*values, limit + 1),
        )
        page = [_connection(row) for row in rows[:limit]]
        more = len(rows) > len(page) > 0
        return page, write_cursor(self._sealer, client_id, page[-1]) if more else None

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

    @reads
    def readings(self, vehicle: Vehicle, codes: Sequence[str]) -> Plan[dict[str, Reading]]:
        """Return what the car last said to the account, among the codes and in their order."""
        if not codes:
            return {}
        rows = yield _readings_of(len(codes)), (vehicle.car.id, vehicle.account, *codes)
        if len(rows) < 2:
            return {row[0]: reading(row) for row in rows}
        found = {row[0]: row for row in rows}
        return {code: reading(found[code]) for code in codes if code in found}

    @writes
    def keep(self, vehicle: Vehicle, readings: Mapping[str, Reading]) -> Plan[None]:
        """Keep readings, each unless one that was measured later is kept already. An account that is not connected to
        the car any more keeps none.
        """
        key = vehicle.car.id, vehicle.account
        yield "SELECT id FROM cars WHERE id = ? {for_update}", key[:1]
        connected = yield "SELECT 1 FROM connections WHERE car_id = ? AND account_digest = ? LIMIT 1", key
        for some in chunks(list(readings.items()) if connected else [], 50):
            yield (
                f"INSERT INTO readings (car_id, account_digest, {READING}) VALUES "
                + ", ".join([f"({marks(9)})"] * len(some))
                + _KEEP,
                tuple(value for code, told in some for value in (*key, *_kept(code, told))),
            )

    @writes
    def mark_changed(self, car_id: str, at: datetime) -> Plan[None]:
        """Note that a command may have changed the car. An earlier moment than the noted one changes nothing."""
        moment = to_us(at)
        yield (
            "UPDATE cars SET changed_at = ? WHERE id = ? AND (changed_at IS NULL OR changed_at < ?)",
            (moment, car_id, moment),
        )

    @writes
    def spend(self, car_id: str, budget: Budget, now: datetime, *, calls: int, wakes: int) -> Plan[float | None]:
        """Take calls and wakes from a car's budget, all or nothing."""
        at = now.timestamp()
        fresh = full(budget, at)
        ((had_calls, had_wakes, had_at),) = yield (  # an update that changes nothing, to lock what is there
            "INSERT INTO budgets (car_id, calls, wakes, level_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (car_id) DO UPDATE SET car_id = excluded.car_id RETURNING calls, wakes, level_at",
            (car_id, fresh.calls, fresh.wakes, fresh.at),
        )
        level, wait = take(Level(had_calls, had_wakes, had_at), budget, at, calls=calls, wakes=wakes)
        if wait is None:
            yield (
                "UPDATE budgets SET calls = ?, wakes = ?, level_at = ? WHERE car_id = ?",
                (level.calls, level.wakes, level.at, car_id),
            )
        return wait


def _reached_by(principal: Principal) -> tuple[str, str, tuple[Value, ...]]:
    """Return tables, condition and values that stand for the connections c a principal reaches."""
    if principal.grant_id is not None:
        return _LINKS_OF_GRANT, "gv.grant_id = ? AND c.client_id = ?", (principal.grant_id, principal.client_id)
    if principal.user_id is not None:
        return "connections c", "c.client_id = ? AND c.user_id = ?", (principal.client_id, principal.user_id)
    return "connections c", "c.client_id = ?", (principal.client_id,)


def _filtered(client_id: str, wanted: ConnectionFilter) -> tuple[str, tuple[Value, ...]]:
    """Return condition and values for an application's connections."""
    where, values = ["client_id = ?"], [client_id]
    for column in ("vehicle_id", "user_id", "mode", "external_id"):
        value = getattr(wanted, column)
        if value is not None:
            where.append(f"{column} = ?")
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
    yield (
        f"DELETE FROM subscriptions WHERE vehicle_id IN ({some})"
        " AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.vehicle_id = subscriptions.vehicle_id)",
        vehicles,
    )
    cars = yield f"SELECT car_id FROM vehicles WHERE id IN ({some})", vehicles
    yield from drop_readings(tuple(car_id for (car_id,) in cars))


@lru_cache(256)
def _readings_of(count: int) -> str:
    codes = "code = ?" if count == 1 else f"code IN ({marks(count)})"
    return f"SELECT {READING} FROM readings WHERE car_id = ? AND account_digest = ? AND {codes}"


def _kept(code: str, told: Reading) -> tuple[Value, ...]:
    return (
        code,
        value_text(told.value),
        told.unit,
        to_us_or_null(told.measured_at),
        to_us_or_null(told.maker_at),
        to_us(told.fetched_at),
        told.source,
    )


def _connection(row: Row) -> Connection:
    vehicle_id, user_id, mode, external_id, connected_us = row
    return Connection(vehicle_id, user_id, mode, external_id, from_us(connected_us))
