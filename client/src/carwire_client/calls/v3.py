"""The calls of API v3 that official SDKs of v2 have: with an owner's token, which needs no `sc-user-id`.

Both forms are read: the one those SDKs know, and that of the published API. Source: the v3 wire contract, sections 6
and 7.
"""

from __future__ import annotations

from typing import Any

from carwire_client.call import Call, Token, authorized, segment
from carwire_client.calls.building import flags_of, reach_headers, reading
from carwire_client.models.base import with_moments
from carwire_client.models.signals import Signal, Signals, VehicleResource
from carwire_client.settings import Application, Reach

_TIMES = ("ingestedAt", "retrievedAt", "oemUpdatedAt")


def get_vehicle(application: Application, access_token: Token, vehicle_id: str) -> Call[VehicleResource]:
    """Read what a vehicle is: API v3."""
    return Call(
        name="vehicle",
        method="GET",
        path=f"/v3/vehicles/{segment(vehicle_id)}",
        read=reading(VehicleResource, _unwrapped),
        role="v3",
        auth=authorized(access_token),
    )


def get_signals(vehicle: Reach) -> Call[Signals]:
    """Read every signal of the vehicle that is known: API v3."""
    return Call(
        name="signals",
        method="GET",
        path=f"/v3/vehicles/{segment(vehicle.id)}/signals",
        read=reading(Signals, _dated),
        role="v3",
        auth=authorized(vehicle.token),
        query=flags_of(vehicle),
        headers=reach_headers(vehicle),
    )


def get_signal(vehicle: Reach, signal_code: str) -> Call[Signal]:
    """Read one signal of the vehicle, such as ``odometer-traveleddistance``: API v3."""
    return Call(
        name="signal",
        method="GET",
        path=f"/v3/vehicles/{segment(vehicle.id)}/signals/{segment(signal_code)}",
        read=reading(Signal, _one),
        role="v3",
        auth=authorized(vehicle.token),
        query=flags_of(vehicle),
        headers=reach_headers(vehicle),
    )


def _unwrapped(body: Any) -> Any:
    return body["data"] if isinstance(body, dict) and isinstance(body.get("data"), dict) else body


def _one(body: Any) -> Any:
    return _dated({"data": _unwrapped(body)})


def _dated(body: Any) -> Any:
    for name in _TIMES:
        body = with_moments("data", "meta", name)(body)
    return body
