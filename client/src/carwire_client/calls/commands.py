"""What a vehicle is told to do, and what is done about it.

A command carries an idempotency key, drawn anew for each call unless `idempotency_key` gives one; all attempts of the
call carry the same. Carwire answers a repeated key as it answered the first time; other servers ignore it.
"""

from __future__ import annotations

import msgspec

from carwire_client.call import Bearer, Call, segment
from carwire_client.calls.building import vehicle_write
from carwire_client.calls.numbers import within
from carwire_client.models.vehicle import Action, Status, WebhookSubscription
from carwire_client.secrets import Secret
from carwire_client.settings import Reach


def lock(vehicle: Reach, *, idempotency_key: str | None = None) -> Call[Action]:
    """Lock it. Permission ``control_security``."""
    return _act(vehicle, "/security", "LOCK", idempotency_key)


def unlock(vehicle: Reach, *, idempotency_key: str | None = None) -> Call[Action]:
    """Unlock it. Permission ``control_security``."""
    return _act(vehicle, "/security", "UNLOCK", idempotency_key)


def start_charge(vehicle: Reach, *, idempotency_key: str | None = None) -> Call[Action]:
    """Begin to charge. Permission ``control_charge``."""
    return _act(vehicle, "/charge", "START", idempotency_key)


def stop_charge(vehicle: Reach, *, idempotency_key: str | None = None) -> Call[Action]:
    """End charging. Permission ``control_charge``."""
    return _act(vehicle, "/charge", "STOP", idempotency_key)


def set_charge_limit(vehicle: Reach, limit: float, *, idempotency_key: str | None = None) -> Call[Action]:
    """Set up to where it charges. Permission ``control_charge``.

    `limit` is from 0 to 1; servers take 0.5 and more. Raises `ValueError` for another number.
    """
    body = {"limit": within("limit", limit, 0, 1)}
    return vehicle_write(vehicle, "POST", "/charge/limit", Action, body, key=idempotency_key)


def send_destination(
    vehicle: Reach, latitude: float, longitude: float, *, idempotency_key: str | None = None
) -> Call[Action]:
    """Send a destination to its navigation system. Permission ``control_navigation``.

    Degrees, from -90 to 90 and from -180 to 180. Raises `ValueError` for other numbers.
    """
    body = {"latitude": within("latitude", latitude, -90, 90), "longitude": within("longitude", longitude, -180, 180)}
    return vehicle_write(vehicle, "POST", "/navigation/destination", Action, body, key=idempotency_key)


def disconnect(vehicle: Reach) -> Call[Status]:
    """Cut it off from the application: no token reaches it any more until its owner connects again."""
    return vehicle_write(vehicle, "DELETE", "/application", Status, repeat="once")


def subscribe(vehicle: Reach, webhook_id: str) -> Call[WebhookSubscription]:
    """Put it on a webhook."""
    path = f"/webhooks/{segment(webhook_id)}"
    return vehicle_write(vehicle, "POST", path, WebhookSubscription, repeat="once")


def unsubscribe(vehicle: Reach, amt: str | Secret, webhook_id: str) -> Call[Status]:
    """Take it off a webhook. `amt` is the application's management token: the owner's is not asked for."""
    path = f"/webhooks/{segment(webhook_id)}"
    call = vehicle_write(vehicle, "DELETE", path, Status, repeat="once")
    return msgspec.structs.replace(call, auth=Bearer(Secret(amt)))


def _act(vehicle: Reach, path: str, action: str, key: str | None) -> Call[Action]:
    return vehicle_write(vehicle, "POST", path, Action, {"action": action}, key=key)
