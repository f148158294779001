"""How rows become vehicles and readings: by position, and quickly, because every read of a car passes here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec

from carwire.core.grants import AccessToken, Principal
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vehicles import Car, ConnectedVehicle, Mode, Vehicle
from carwire.storage.sql.plans import Row

# What `vehicle` reads, of connections c and cars k: who is connected to what, and all the rest.
LINK: Final = "c.vehicle_id, c.client_id, c.user_id, c.mode"
REST: Final = (
    "c.permissions, c.connected_at, c.external_id, c.capacity_kwh,"
    " k.id, k.source, k.vin, k.make, k.model, k.year, k.powertrain, k.changed_at, c.account_digest, c.revision"
)
ACCESS: Final = "a.grant_id, a.expires_at, a.client_id, a.user_id, a.mode"  # what `access_token` reads
# A sign-in that is gone, because its owner has disconnected, stays gone.
RENEW: Final = "UPDATE owners SET maker_session_sealed = ? WHERE id = ? AND maker_session_sealed IS NOT NULL"
READING: Final = "code, value, unit, measured_at, maker_at, fetched_at, source"
ANSWER: Final = READING + ", problem, problem_at"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_decode: Final = msgspec.json.Decoder().decode


@lru_cache(4096)
def permissions_of(text: str) -> frozenset[str]:
    """Return permissions as they are kept, as a set. Few combinations occur, so the sets are shared."""
    return frozenset(text.split())


def permissions_text(permissions: tuple[str, ...]) -> str:
    """Return permissions as they are kept."""
    return " ".join(sorted(set(permissions)))


def vehicle(vehicle_id: str, client_id: str, user_id: str, mode: Mode, rest: Row) -> Vehicle:
    """Return the vehicle of a row of `LINK` and `REST`."""
    (
        permissions, connected_us, external_id, capacity_kwh,
        car_id, source, vin, make, model, year, powertrain, changed_us, account, revision,
    ) = rest  # fmt: skip
    return Vehicle(
        vehicle_id,
        client_id,
        user_id,
        mode,
        permissions_of(permissions),
        _EPOCH + timedelta(0, 0, connected_us),
        external_id,
        capacity_kwh,
        Car(
            car_id, source, vin, make, model, year, powertrain,
            None if changed_us is None else _EPOCH + timedelta(0, 0, changed_us),
        ),
        account,
        revision,
    )  # fmt: skip


def vehicle_of(row: Row) -> Vehicle:
    """Return the vehicle of a row of `LINK` and `REST` and nothing else."""
    return vehicle(row[0], row[1], row[2], row[3], row[4:])


def access_token(row: Row) -> AccessToken:
    """Return the token of a row that begins with `ACCESS`."""
    return AccessToken(Principal(row[2], row[3], row[0]), row[4], _EPOCH + timedelta(0, 0, row[1]))


def application_token(client_id: str, expires_us: int, user_id: str | None = None) -> AccessToken:
    """Return a token of an application itself, for one of its owners or for all."""
    return AccessToken(Principal(client_id, user_id), None, _EPOCH + timedelta(0, 0, expires_us))


def connected_vehicle(row: Row) -> ConnectedVehicle:
    """Return the connection of a row of its id, when it changed, `LINK` and `REST`."""
    updated_at = _EPOCH + timedelta(0, 0, row[1])
    return ConnectedVehicle(row[0], vehicle_of(row[2:]), updated_at)


def reading(row: Row) -> Reading:
    """Return the reading of a row of `READING`."""
    _, value, unit, measured_us, maker_us, fetched_us, source = row[:7]
    return Reading(
        _decode(value),
        unit,
        None if measured_us is None else _EPOCH + timedelta(0, 0, measured_us),
        None if maker_us is None else _EPOCH + timedelta(0, 0, maker_us),
        _EPOCH + timedelta(0, 0, fetched_us),
        source,
    )


def answer(row: Row) -> Reading | Problem:
    """Return the reading of a row of `ANSWER`, or the problem with the reading before it."""
    last = reading(row) if row[1] is not None else None
    if row[7] is None:
        assert last is not None, "a row has a value or a problem"
        return last
    return Problem(row[7], _EPOCH + timedelta(0, 0, row[8]), None, last)


def value_text(value: Any) -> str:
    """Return a reading's value as it is kept."""
    return msgspec.json.encode(value).decode()
