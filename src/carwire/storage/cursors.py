"""Cursors: where a page of connections ended, sealed so that it says nothing and works for one application only."""

from __future__ import annotations

import base64
import binascii

import msgspec

from carwire.core.errors import CarwireError, FieldProblem, InvalidInput
from carwire.core.vehicles import ConnectedVehicle, Connection, ConnectionOrder, ConnectionPage
from carwire.kit.secrets import Secret
from carwire.storage.moments import to_us
from carwire.storage.sealing import Sealer


class Position(msgspec.Struct, frozen=True, array_like=True, order=True):
    """The last connection of a page, in the order of the pages."""

    at_us: int
    vehicle_id: str
    user_id: str


def position(connection: Connection) -> Position:
    """Return where a connection stands."""
    return Position(to_us(connection.connected_at), connection.vehicle_id, connection.user_id)


def place(found: ConnectedVehicle, by: ConnectionOrder) -> Position:
    """Return where a connection stands in an order."""
    vehicle = found.vehicle
    at = vehicle.connected_at if by == "connected_at" else found.updated_at
    return Position(to_us(at), vehicle.id, vehicle.user_id)


def listing(page: ConnectionPage) -> str:
    """Return the name of the list a page is of: a cursor of another order leads nowhere."""
    return f"connections by {page.by} {'down' if page.newest_first else 'up'}"


def write_cursor(sealer: Sealer, client_id: str, last: Position, of: str = "connections") -> str:
    """Return the cursor of the page after `last`: URL-safe text."""
    text = msgspec.json.encode(last).decode()
    return base64.urlsafe_b64encode(sealer.seal(Secret(text), "cursors", of, client_id)).decode().rstrip("=")


def read_cursor(sealer: Sealer, client_id: str, cursor: str, of: str = "connections") -> Position:
    """Return what a cursor stands for. Raises `InvalidInput` on the field ``cursor`` for one that is not of this
    application and this list.
    """
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        text = sealer.open(sealed, "cursors", of, client_id).reveal()
        return msgspec.json.decode(text, type=Position)
    except (ValueError, binascii.Error, CarwireError, msgspec.MsgspecError) as error:
        raise InvalidInput(FieldProblem("cursor", "is not a cursor of this list")) from error
