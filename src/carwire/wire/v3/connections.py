"""Connections: which of an application's owners has which vehicle, and what was granted on it. Source: the wire
contract, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vehicles import ConnectedVehicle, ConnectionFilter, ConnectionOrder, ConnectionPage, Mode, Vehicle
from carwire.core.vin.powertrain import Powertrain
from carwire.wire.v3 import paging
from carwire.wire.v3.asking import Params, check_filters, given_filters, mode_of, text_of, uuid_of
from carwire.wire.v3.envelope import (
    Cursors,
    Dates,
    Identifier,
    Listed,
    Order,
    PreviewListed,
    Related,
    Relationship,
    SelfLink,
    Single,
    View,
    dates,
    listed,
    single,
)
from carwire.wire.v3.paging import Page
from carwire.wire.v3.vehicles import vehicle_path

PATH: Final = "/connections"
USER: Final = "filter[userId]"
VEHICLE: Final = "filter[vehicleId]"
MODE: Final = "filter[vehicle.mode]"
EXTERNAL: Final = "filter[user.externalId]"
SORT: Final = "sort"
AFTER: Final = paging.AFTER
_FILTERS: Final = (USER, VEHICLE, MODE, EXTERNAL)
_NEWEST_FIRST: Final = "-createdAt"
_ORDERS: Final[dict[str, tuple[ConnectionOrder, bool]]] = {
    _NEWEST_FIRST: ("connected_at", True),
    "createdAt": ("connected_at", False),
    "-updatedAt": ("updated_at", True),
    "updatedAt": ("updated_at", False),
}
_WORDS: Final[dict[ConnectionOrder, str]] = {"connected_at": "createdAt", "updated_at": "updatedAt"}
_DEFAULT_MODE: Final[Mode] = "live"


class ConnectionsAsked(msgspec.Struct, frozen=True):
    """Which connections, on which page, in which order. `filters` are those that took effect, as the wire writes them.

    The documented order is by the moment they were made, newest first; the others, and cursors, are ours. A cursor
    takes the place of a page's number.
    """

    wanted: ConnectionFilter
    page: Page
    filters: tuple[tuple[str, str], ...]
    by: ConnectionOrder = "connected_at"
    newest_first: bool = True
    after: str | None = None

    @property
    def part(self) -> ConnectionPage:
        """The page as the store knows it."""
        offset = 0 if self.after else self.page.offset
        return ConnectionPage(self.page.size, offset, self.after, self.by, self.newest_first)


class VehicleStamp(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What a car is, as it travels with other resources."""

    make: str
    model: str
    year: int
    mode: Mode
    powertrain_type: Powertrain


class UserStamp(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """The owner; `externalId` is the application's own word for them."""

    id: str
    external_id: str | UnsetType = UNSET


class ConnectionAttributes(msgspec.Struct, frozen=True):
    """What was granted on what, by whom."""

    permissions: tuple[str, ...]
    vehicle: VehicleStamp
    user: UserStamp


class ConnectionRelationships(msgspec.Struct, frozen=True):
    """The two ends of a connection."""

    vehicle: Relationship
    user: Relationship


class ConnectionResource(msgspec.Struct, frozen=True, kw_only=True):
    """A connection."""

    id: str
    type: Literal["connection"] = "connection"
    attributes: ConnectionAttributes
    relationships: ConnectionRelationships
    meta: Dates
    links: SelfLink


def read_connections(params: Params, view: View) -> ConnectionsAsked:
    """Read the query of ``GET /connections``. Simulated vehicles are listed only where the filter asks for them."""
    check_filters(params, _FILTERS)
    wanted = ConnectionFilter(
        vehicle_id=uuid_of(params, VEHICLE),
        user_id=uuid_of(params, USER),
        mode=mode_of(params, MODE) or _DEFAULT_MODE,
        external_id=text_of(params, EXTERNAL),
    )
    values = (wanted.user_id, wanted.vehicle_id, wanted.mode, wanted.external_id)
    filters = given_filters(_FILTERS, values)
    page = paging.read_page(params, paging.CONNECTIONS, short=view.preview)
    sort, after = params.get(SORT, _NEWEST_FIRST), params.get(AFTER)
    if sort not in _ORDERS:
        raise InvalidInput(FieldProblem(SORT, f"must be one of {', '.join(_ORDERS)}"))
    if after is not None and ("page" if view.preview else "page[number]") in params:
        raise InvalidInput(FieldProblem(AFTER, "takes the place of a page's number: give one of them"))
    if SORT in params:
        filters = (*filters, (SORT, sort))
    by, newest_first = _ORDERS[sort]
    return ConnectionsAsked(wanted, page, filters, by, newest_first, after or None)


def connection_resource(row: ConnectedVehicle, view: View) -> ConnectionResource:
    """Write a connection as a resource, without what an answer wraps it in."""
    vehicle = row.vehicle
    return ConnectionResource(
        id=row.id,
        attributes=ConnectionAttributes(
            tuple(sorted(vehicle.permissions)),
            vehicle_stamp(vehicle),
            UserStamp(vehicle.user_id, vehicle.external_id or UNSET),
        ),
        relationships=ConnectionRelationships(
            related_vehicle(vehicle.id, view), Relationship(Identifier(vehicle.user_id, "user"))
        ),
        meta=dates(vehicle.connected_at, row.updated_at),
        links=SelfLink(view.link(f"{PATH}/{row.id}")),
    )


def connection_body(row: ConnectedVehicle, view: View) -> ConnectionResource | Single[ConnectionResource]:
    """Answer ``GET /connections/{connectionId}``."""
    return single(connection_resource(row, view), view)


def connections_body(
    rows: Sequence[ConnectedVehicle], asked: ConnectionsAsked, total: int, view: View, cursor: str | None = None
) -> Listed[ConnectionResource] | PreviewListed[ConnectionResource]:
    """Answer ``GET /connections``. `rows` are those of the page, out of `total`; `cursor` leads behind them."""
    resources = [connection_resource(row, view) for row in rows]
    order: Order = (_WORDS[asked.by], "DESC" if asked.newest_first else "ASC")
    cursors = Cursors(asked.after, cursor)
    return listed(resources, view, PATH, asked.page, total, filters=asked.filters, order=order, cursors=cursors)


def vehicle_stamp(vehicle: Vehicle) -> VehicleStamp:
    """Write what a car is."""
    car = vehicle.car
    return VehicleStamp(car.make, car.model, car.year, vehicle.mode, car.powertrain)


def related_vehicle(vehicle_id: str, view: View) -> Relationship:
    """Write which vehicle a resource belongs to."""
    return Relationship(Identifier(vehicle_id, "vehicle"), Related(view.link(vehicle_path(vehicle_id))))
