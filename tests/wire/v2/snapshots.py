"""Snapshots made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from carwire.core.signals.reading import Problem, Reading, Snapshot, Value
from carwire.core.vehicles import Car, Vehicle
from carwire.wire.v2.readings import Context
from carwire.wire.v2.vehicles import Endpoint

NOW = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
METRIC = Context(now=NOW)
IMPERIAL = Context(now=NOW, system="imperial")
CAR = Car("c", "simulator", "0SCTESL0112345678", "TESLA", "Model 3", 2022, "BEV")
VEHICLE = Vehicle(
    id="7d2c5b18-94ae-4c03-b6f1-e85a30d7c249",
    client_id="4f0c2a9e-6b1d-4d57-9a3e-0c8b7e51d6f2",
    user_id="a3d91c60-27e4-4b8f-8d15-f06b2c9e7a41",
    mode="simulated",
    permissions=frozenset({"read_vin", "read_odometer", "control_charge"}),
    connected_at=NOW,
    external_id=None,
    capacity_kwh=None,
    car=CAR,
)


def reading(value: Value, minutes_ago: int = 1) -> Reading:
    """A reading measured some minutes ago, with the maker a second later, and fetched now."""
    measured = NOW - timedelta(minutes=minutes_ago)
    return Reading(value, None, measured, measured + timedelta(seconds=1), NOW, "test")


def problem(kind: str, retry_after: float | None = None) -> Problem:
    """A problem found now."""
    return Problem(kind, NOW, retry_after)


def snapshot(endpoint: Endpoint, **values: Value | Problem) -> Snapshot:
    """A snapshot of an endpoint's signals: those given, by their code behind the hyphen, the others lacking."""
    lacking = problem("COMPATIBILITY:VEHICLE_NOT_CAPABLE")
    answers: dict[str, Reading | Problem] = {}
    for code in endpoint.codes:
        given = values.pop(code.partition("-")[2], lacking)
        answers[code] = given if isinstance(given, Problem) else reading(given)
    assert not values, f"{endpoint.path} does not ask for {values}"
    return Snapshot(CAR.vin, answers)


def written(body: object) -> Any:
    """What a body is on the wire."""
    return msgspec.json.decode(msgspec.json.encode(body))
