"""A database with many connected cars, written in bulk: what a server that has been used for long looks like."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from carwire.kit.secrets import Secret, SecretHasher, as_token
from carwire.storage.moments import to_us
from carwire.storage.sql import schema

CARS: Final = 100_000
_PIECE: Final = 10_000
_IDS: Final = SecretHasher(b"bench" * 8)
_TOKENS: Final = SecretHasher(b"tokens" * 8)


def fill(url: str | sa.URL, hasher: SecretHasher, client_id: str, count: int = CARS) -> Iterator[tuple[str, str]]:
    """Connect `count` cars of as many owners to an application; yield the vehicle id and access token of each."""
    engine = sa.create_engine(url)
    now = datetime.now(UTC) - timedelta(minutes=1)  # the simulated world's clock moves by the second, a little late
    for first in range(0, count, _PIECE):
        numbers = range(first, min(count, first + _PIECE))
        with engine.begin() as connection:
            for table, row in _rows(hasher, client_id, now).items():
                connection.execute(table.insert(), [row(n) for n in numbers])
        yield from ((_id("vehicle", n), _token(n).reveal()) for n in numbers)
    engine.dispose()


def _rows(hasher: SecretHasher, client_id: str, now: datetime) -> dict[sa.Table, Callable[[int], dict[str, Any]]]:
    at, end = to_us(now), to_us(now + timedelta(days=1))
    owner = {"client_id": client_id, "source": "simulator", "mode": "simulated", "created_at": at}
    permissions = "read_battery read_charge read_fuel read_location read_odometer read_vehicle_info read_vin"
    link = {"client_id": client_id, "mode": "simulated", "permissions": permissions, "connected_at": at}
    car = {"source": "simulator", "make": "CHEVROLET", "model": "Volt", "year": 2018, "powertrain": "PHEV"}
    value = {"code": "odometer-traveleddistance", "unit": "km", "source": "simulator"}
    moments = {"measured_at": at, "maker_at": at, "fetched_at": at}
    return {
        schema.owners: lambda n: {"id": _id("owner", n), "account_digest": n.to_bytes(32, "big"), **owner},
        schema.cars: lambda n: {"id": _id("car", n), "vin": f"0SCCHEVR0{n:08d}", **car},
        schema.vehicles: lambda n: {"id": _id("vehicle", n), "client_id": client_id, "car_id": _id("car", n)},
        schema.connections: lambda n: {
            **{"vehicle_id": _id("vehicle", n), "user_id": _id("owner", n), "car_id": _id("car", n)},
            **{"account_digest": n.to_bytes(32, "big"), "id": _id("connection", n), "updated_at": at},
            **link,
        },
        schema.grants: lambda n: {
            **{"id": _id("grant", n), "client_id": client_id, "user_id": _id("owner", n), "mode": "simulated"},
            "created_at": at,
        },
        schema.grant_vehicles: lambda n: {
            **{"grant_id": _id("grant", n), "vehicle_id": _id("vehicle", n), "user_id": _id("owner", n)},
        },
        schema.access_tokens: lambda n: {
            **{"digest": hasher.hash(_token(n)), "grant_id": _id("grant", n), "expires_at": end},
            **{"client_id": client_id, "user_id": _id("owner", n), "mode": "simulated"},
        },
        schema.refresh_tokens: lambda n: {
            **{"digest": hasher.hash(Secret(refresh_token(n))), "grant_id": _id("grant", n), "expires_at": end}
        },
        schema.readings: lambda n: {
            "car_id": _id("car", n),
            "account_digest": n.to_bytes(32, "big"),
            "value": json.dumps(n + 0.5),
            **value,
            **moments,
        },
    }


@functools.lru_cache(8 * _PIECE)
def _id(kind: str, n: int) -> str:
    # Spread over the key space, as ids are that nobody chose.
    return str(UUID(bytes=_IDS.hash(Secret(f"{kind} {n}"))[:16]))


@functools.lru_cache(_PIECE)
def _token(n: int) -> Secret:
    return as_token(_TOKENS.hash(Secret(str(n))))


def refresh_token(n: int) -> str:
    """Return the refresh token that goes with a car."""
    return as_token(SecretHasher(b"refresh!" * 8).hash(Secret(str(n)))).reveal()


def pepper_of(folder: Path) -> SecretHasher:
    """Return the hasher of a server that has run on this folder."""
    return SecretHasher(bytes.fromhex((folder / "pepper").read_text("ascii").strip()))
