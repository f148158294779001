"""Connections and owners. Source: the v3 wire contract, section 5. Sort and cursor are Carwire's own."""

from __future__ import annotations

from typing import Literal

from carwire_client.call import Call, Pairs, segment
from carwire_client.calls.ga.shared import Done, change, done, get, listing, paged, resource, unless_changed
from carwire_client.models.ga.base import Listing
from carwire_client.models.ga.resources import Connection, connection_flat
from carwire_client.paging import Page
from carwire_client.settings import Surface

VehicleMode = Literal["live", "simulated"]
ConnectionOrder = Literal["-createdAt", "createdAt", "-updatedAt", "updatedAt"]


def connections(
    application: Surface,
    *,
    user_id: str | None = None,
    vehicle_id: str | None = None,
    mode: VehicleMode | None = None,
    external_id: str | None = None,
    sort: ConnectionOrder | None = None,
    page: int | None = None,
    size: int | None = None,
    after: str | None = None,
    if_none_match: Listing[Connection] | None = None,
) -> Call[Listing[Connection]]:
    """Read one page of connections, newest first unless `sort` says otherwise.

    - `mode`: servers list live vehicles alone unless it is ``simulated``
    - `external_id`: your own word for the owner
    - `page` counts from 1, `size` is 10 unless given and at most 100; `after` is `page.next_cursor` of the page before
    - `if_none_match`: an earlier answer, which is returned when nothing has changed (see `not_modified`)
    """
    query = filters(
        ("filter[userId]", user_id),
        ("filter[vehicleId]", vehicle_id),
        ("filter[vehicle.mode]", mode),
        ("filter[user.externalId]", external_id),
        ("sort", sort),
        ("page[number]", page),
        ("page[size]", size),
        ("page[after]", after),
    )
    read = listing(Connection, connection_flat)
    return unless_changed(get(application.token, "connections", "/v3/connections", read, query=query), if_none_match)


def iter_connections(
    application: Surface,
    *,
    user_id: str | None = None,
    vehicle_id: str | None = None,
    mode: VehicleMode | None = None,
    external_id: str | None = None,
    sort: ConnectionOrder | None = None,
    size: int = 100,
) -> Call[Page[Connection]]:
    """Go through all connections, `size` at a time: by cursors, or by numbers where a server has none.

    Raises `InvalidAnswer` when a page leads to itself.
    """

    def ask(number: int | None, after: str | None) -> Call[Listing[Connection]]:
        return connections(
            application,
            user_id=user_id,
            vehicle_id=vehicle_id,
            mode=mode,
            external_id=external_id,
            sort=sort,
            page=number,
            size=size,
            after=after,
        )

    return paged(ask, None)


def connection(
    application: Surface, connection_id: str, *, if_none_match: Connection | None = None
) -> Call[Connection]:
    """Read one connection. `if_none_match` is an earlier answer, which is returned when nothing has changed."""
    path = f"/v3/connections/{segment(connection_id)}"
    call = get(application.token, "connection", path, resource(Connection, connection_flat))
    return unless_changed(call, if_none_match)


def delete_connection(application: Surface, connection_id: str) -> Call[Done]:
    """Cut one connection."""
    path = f"/v3/connections/{segment(connection_id)}"
    return change(application.token, "DELETE", "delete connection", path, done)


def delete_user(application: Surface, user_id: str) -> Call[Done]:
    """Remove an owner with all of their connections and everything that is kept of them."""
    return change(application.token, "DELETE", "delete user", f"/v3/users/{segment(user_id)}", done)


def filters(*given: tuple[str, str | int | bool | None]) -> Pairs:
    """Return the query parameters that have a value."""
    return tuple(
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in given
        if value is not None
    )
