"""What deliveries are written from, made by hand, and how they are read back."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from carwire.core.events import Change, Event, EventKind, Failure
from carwire.core.outbox import Frozen
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading, Value
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Car, Vehicle
from carwire.core.webhooks import Form, Subscription, Webhook
from carwire.wire.deliveries import fill

BASE: Final = "https://cars.example.test"
NOW: Final = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
NOW_MS: Final = 1780300800000
CHARGE: Final = "tractionbattery-stateofcharge"
ODOMETER: Final = "odometer-traveleddistance"
CHARGING: Final = "charge-ischarging"
STATUS: Final = "charge-detailedchargingstatus"
EVERYTHING: Final = frozenset(row.permission for row in signals().values()) | {"read_charge_events"}
ATTEMPT: Final = "6a9f3b7e-0d53-4d0e-9a7e-5e8c1b2a3f66"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")

VEHICLE: Final = Vehicle(
    id="7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11",
    client_id="94e0c6f2-8f3a-4a12-b2ad-3d1a5b6c7d55",
    user_id="5c1b7c60-2f0b-4f9c-8a53-0b7d9b9f1e10",
    mode="live",
    permissions=EVERYTHING,
    connected_at=NOW,
    external_id=None,
    capacity_kwh=None,
    car=Car("c", "simulator", "0SCEXMP0112345678", "EXAMPLE", "One", 2024, "BEV"),
)
WEBHOOK: Final = Webhook(
    "2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22",
    VEHICLE.client_id,
    "State of charge",
    "https://example.org/hooks/cars",
    NOW,
    triggers=(Trigger(CHARGE),),
    signals=(CHARGE, ODOMETER),
    halt=None,
)
SUBSCRIPTION: Final = Subscription("c7e6d5f4-1111-4222-8333-944455556666", WEBHOOK.id, VEHICLE, NOW, first=False)


def webhook(form: Form | None = None, **changes: Any) -> Webhook:
    """The webhook, changed."""
    return msgspec.structs.replace(WEBHOOK, form=form or WEBHOOK.form, **changes)


def subscription(permissions: frozenset[str] = EVERYTHING, first: bool = False, **changes: Any) -> Subscription:
    """The subscription, of a vehicle on which this is granted."""
    vehicle = msgspec.structs.replace(VEHICLE, permissions=permissions, **changes)
    return msgspec.structs.replace(SUBSCRIPTION, vehicle=vehicle, first=first)


def event(kind: EventKind = "changed", changes: Sequence[Change] = (), failures: Sequence[Failure] = ()) -> Event:
    """An event of now."""
    return Event(
        id="f4b1e6c0-2f5a-4b39-9a0b-7c0d1e2f3a44",
        position=7,
        car_id="c",
        account=b"a",
        number=3,
        sequence=NOW_MS,
        at=NOW,
        kind=kind,
        changes=tuple(changes),
        failures=tuple(failures),
    )


def reading(value: Value, seconds_ago: float = 80) -> Reading:
    """A reading the car measured some seconds ago, fetched ten seconds ago."""
    measured = NOW - timedelta(seconds=seconds_ago)
    return Reading(value, None, measured, measured + timedelta(seconds=1), NOW - timedelta(seconds=10), "test")


def sent(frozen: Frozen | None) -> Any:
    """What a receiver gets, its members in order."""
    assert frozen is not None
    return json.loads(fill(frozen, ATTEMPT, NOW))


def problem(kind: str, last: Reading | None = None) -> Problem:
    """A problem found now."""
    return Problem(kind, NOW, None, last)


def rewritten_by_node(bodies: Sequence[bytes]) -> list[bool]:
    """Whether Node.js writes each body again as it came, having parsed it."""
    script = (
        "const lines = require('fs').readFileSync(0, 'utf8').split('\\u0000');"
        "process.stdout.write(JSON.stringify(lines.map(line => JSON.stringify(JSON.parse(line)) === line)))"
    )
    done = subprocess.run(["node", "-e", script], input=b"\0".join(bodies), capture_output=True, check=True, timeout=60)
    found: list[bool] = json.loads(done.stdout)
    return found
