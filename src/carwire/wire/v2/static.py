"""Bodies that need no word from the car: who and what is connected, and that something was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from carwire.core.vehicles import Connection, Mode, Vehicle
from carwire.kit.clock import timestamp

PERMISSIONS_A_PAGE: Final = 25


class UserBody(msgspec.Struct, frozen=True):
    """The owner, as this application knows them."""

    id: str


class Paging(msgspec.Struct, frozen=True):
    """`count` is the number over all pages, `offset` where this one starts."""

    count: int
    offset: int


class VehiclesBody(msgspec.Struct, frozen=True):
    """The ids of vehicles, one page of them."""

    vehicles: tuple[str, ...]
    paging: Paging


class AttributesBody(msgspec.Struct, frozen=True):
    """What the vehicle is; `make` in upper case."""

    id: str
    make: str
    model: str
    year: int


class PermissionsBody(msgspec.Struct, frozen=True):
    """What the owner has granted, one page of it, in alphabetical order."""

    permissions: tuple[str, ...]
    paging: Paging


class VinBody(msgspec.Struct, frozen=True):
    """The VIN."""

    vin: str


class ConnectionBody(msgspec.Struct, frozen=True, rename="camel"):
    """A vehicle and the owner who connected it."""

    vehicle_id: str
    user_id: str
    connected_at: str
    mode: Mode


class CursorPaging(msgspec.Struct, frozen=True):
    """`cursor` leads to the next page; null on the last."""

    cursor: str | None


class ConnectionsBody(msgspec.Struct, frozen=True):
    """One page of connections."""

    connections: tuple[ConnectionBody, ...]
    paging: CursorPaging


class DeletedConnection(msgspec.Struct, frozen=True, rename="camel"):
    """A connection that is no more."""

    vehicle_id: str
    user_id: str


class DeletedConnectionsBody(msgspec.Struct, frozen=True):
    """The connections that were deleted."""

    connections: tuple[DeletedConnection, ...]


class StatusBody(msgspec.Struct, frozen=True):
    """It is done."""

    status: str = "success"


class ActionBody(msgspec.Struct, frozen=True):
    """A command was carried out. Official tests compare both texts."""

    status: str = "success"
    message: str = "Successfully sent request to vehicle"


class SubscriptionBody(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook and the vehicle that is on it."""

    webhook_id: str
    vehicle_id: str


class StaticEndpoint(msgspec.Struct, frozen=True):
    """A read that is answered from what is stored. `path` is relative to the vehicle."""

    path: str
    permission: str | None
    body: Callable[[Vehicle], msgspec.Struct]
    answers: type[msgspec.Struct]


def vehicles_body(ids: Sequence[str], count: int, offset: int) -> VehiclesBody:
    """Write a page of vehicle ids; `count` is the number of all."""
    return VehiclesBody(tuple(ids), Paging(count, offset))


def attributes(vehicle: Vehicle) -> AttributesBody:
    """Write what the vehicle is."""
    return AttributesBody(vehicle.id, vehicle.car.make, vehicle.car.model, vehicle.car.year)


def permissions(vehicle: Vehicle, limit: int = PERMISSIONS_A_PAGE, offset: int = 0) -> PermissionsBody:
    """Write a page of what is granted."""
    granted = sorted(vehicle.permissions)
    return PermissionsBody(tuple(granted[offset : offset + limit]), Paging(len(granted), offset))


def vin(vehicle: Vehicle) -> VinBody:
    """Write the VIN."""
    return VinBody(vehicle.car.vin)


def connections_body(connections: Iterable[Connection], cursor: str | None) -> ConnectionsBody:
    """Write a page of connections, in the order given."""
    written = (ConnectionBody(c.vehicle_id, c.user_id, timestamp(c.connected_at), c.mode) for c in connections)
    return ConnectionsBody(tuple(written), CursorPaging(cursor))


def deleted_connections_body(connections: Iterable[Connection]) -> DeletedConnectionsBody:
    """Write which connections were deleted."""
    return DeletedConnectionsBody(tuple(DeletedConnection(c.vehicle_id, c.user_id) for c in connections))


STATIC_ENDPOINTS: Final[dict[str, StaticEndpoint]] = {
    row.path: row
    for row in (
        StaticEndpoint("/", "read_vehicle_info", attributes, AttributesBody),
        StaticEndpoint("/permissions", None, permissions, PermissionsBody),
        StaticEndpoint("/vin", "read_vin", vin, VinBody),
    )
}
