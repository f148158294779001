"""Cars, the vehicles applications know them as, owners, and connections.

A *car* is one physical (or simulated) car, told apart by its source and VIN; what is known of it is kept once, whoever
asks. A *vehicle* is a car as one application knows it: its id means nothing to another application. An *owner* is the
person behind one login at a source, again as one application knows them. A *connection* joins a vehicle to an owner
who granted permissions on it. A vehicle is handed out only through a `carwire.core.grants.Principal`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from carwire.core.vin.powertrain import Powertrain
from carwire.kit.secrets import Secret

Mode = Literal["live", "simulated"]  # `test` of the wire is another word for the second
ConnectionOrder = Literal["connected_at", "updated_at"]
MAX_EXTERNAL_ID: Final = 255


class Car(msgspec.Struct, frozen=True, gc=False):
    """One car of one source. `id` is ours and never leaves the server.

    A command may have changed the car at `changed_at`, in its source's time: readings fetched up to then are stale.
    """

    id: str
    source: str
    vin: str
    make: str
    model: str
    year: int
    powertrain: Powertrain
    changed_at: datetime | None = None


class Owner(msgspec.Struct, frozen=True, gc=False):
    """The person behind a login at a source, as one application knows them. `id` is the wire's user id.

    `account_digest` tells logins apart without naming them: HMAC-SHA256 of the user name under the server's pepper.
    """

    id: str
    client_id: str
    source: str
    mode: Mode
    account_digest: bytes
    created_at: datetime


class Vehicle(msgspec.Struct, frozen=True, gc=False):
    """A car as one principal may know it: the vehicle id of its application, and what the owner granted on it.

    `capacity_kwh` is the battery size the owner picked, null when none was asked for or picked. `account` tells the
    account at the source apart, as `Owner.account_digest` does: what a car said is shown only to the account it was
    said to, since a car can change hands. `revision` changes whenever something of that is kept.
    """

    id: str
    client_id: str
    user_id: str
    mode: Mode
    permissions: frozenset[str]
    connected_at: datetime
    external_id: str | None
    capacity_kwh: float | None
    car: Car
    account: bytes = b""
    revision: int = 0


class Connection(msgspec.Struct, frozen=True, gc=False):
    """One row of an application's list of connections."""

    vehicle_id: str
    user_id: str
    mode: Mode
    external_id: str | None
    connected_at: datetime


class ConnectionFilter(msgspec.Struct, frozen=True):
    """Which connections; a null lets all through."""

    vehicle_id: str | None = None
    user_id: str | None = None
    mode: Mode | None = None
    external_id: str | None = None
    id: str | None = None


class ConnectedVehicle(msgspec.Struct, frozen=True, gc=False):
    """A connection with the vehicle it leads to. `id` is the connection's; it changed last when something was granted
    anew.
    """

    id: str
    vehicle: Vehicle
    updated_at: datetime


class ConnectionPage(msgspec.Struct, frozen=True):
    """Which part of a list of connections: `limit` of them, from `offset` on or after a cursor, in an order."""

    limit: int
    offset: int = 0
    after: str | None = None
    by: ConnectionOrder = "connected_at"
    newest_first: bool = True


class ConnectSession(msgspec.Struct, frozen=True):
    """One run of Connect, bound to a browser by the cookie whose digest is kept.

    `record` is the flow's own JSON, without secrets; `secret` what must be kept sealed between two pages (a maker's
    session, the state of a question, the result). `version` counts writes: who writes an older one loses.
    """

    id: str
    client_id: str
    cookie_digest: bytes
    record: bytes
    secret: Secret | None
    version: int
    expires_at: datetime
    closed: bool = False
