"""Cursors: where a page of connections ended, sealed so that it says nothing and works for one application only."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import msgspec

from carwire.core.errors import CarwireError, FieldProblem, InvalidInput
from carwire.core.vehicles import Connection
from carwire.kit.secrets import Secret
from carwire.storage.moments import from_us, to_us
from carwire.storage.sealing import Sealer


class Position(msgspec.Struct, frozen=True, array_like=True, order=True):
    """The last connection of a page, in the order of the pages."""

    connected_us: int
    vehicle_id: str
    user_id: str

    @property
    def connected_at(self) -> datetime:
        """When it was connected."""
        return from_us(self.connected_us)


def position(connection: Connection) -> Position:
    """Return where a connection stands."""
    return Position(to_us(connection.connected_at), connection.vehicle_id, connection.user_id)


def write_cursor(sealer: Sealer, client_id: str, last: Connection) -> str:
    """Return the cursor of the page after `last`: URL-safe text."""
    text = msgspec.json.encode(position(last)).decode()
    return base64.urlsafe_b64encode(sealer.seal(Secret(text), "cursors", "connections", client_id)).decode().rstrip("=")


def read_cursor(sealer: Sealer, client_id: str, cursor: str) -> Position:
    """Return what a cursor stands for. Raises `InvalidInput` on the field ``cursor`` for one that is not of this
    application.
    """
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        text = sealer.open(sealed, "cursors", "connections", client_id).reveal()
        return msgspec.json.decode(text, type=Position)
    except (ValueError, binascii.Error, CarwireError, msgspec.MsgspecError) as error:
        raise InvalidInput(FieldProblem("cursor", "is not a cursor of this list")) from error
