"""What v3 is written from, made by hand, and how an answer looks on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from carwire.core.applications import Application, ClientSecret
from carwire.core.commands import CommandRecord, State
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.problems import KINDS
from carwire.core.signals.reading import Problem, Reading, Value
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Car, ConnectedVehicle, Vehicle
from carwire.core.webhooks import Subscription, Webhook
from carwire.wire.v3 import (
    applications,
    commands,
    compatibility,
    connections,
    errors,
    kinds,
    schedules,
    signals,
    subscriptions,
    vehicles,
    webhooks,
)
from carwire.wire.v3.asking import MissingParameter
from carwire.wire.v3.envelope import Generation, View
from carwire.wire.v3.paging import Page

GOLDEN: Final = Path(__file__).with_name("golden")
BASE: Final = "https://cars.example.test"
GENERATIONS: Final[tuple[Generation, ...]] = ("preview", "ga")
GA: Final = View(generation="ga", base_url=BASE)
PREVIEW: Final = View(generation="preview", base_url=BASE)
VIEWS: Final = (PREVIEW, GA)

NOW: Final = datetime(2026, 6, 1, 8, 0, 3, 120_000, tzinfo=UTC)
MADE: Final = datetime(2026, 5, 2, 9, 10, 11, tzinfo=UTC)
VEHICLE_ID: Final = "7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11"
USER_ID: Final = "5c1b7c60-2f0b-4f9c-8a53-0b7d9b9f1e10"
CONNECTION_ID: Final = "0d7b1c52-6b0e-4b0a-9a3c-3f0f5f6f7a01"
WEBHOOK_ID: Final = "2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22"
SUBSCRIPTION_ID: Final = "c7e6d5f4-1111-4222-8333-944455556666"
CLIENT_ID: Final = "94e0c6f2-8f3a-4a12-b2ad-3d1a5b6c7d55"
COMMAND_ID: Final = "01b2c3d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
REQUEST_ID: Final = "3c1a5b7e-9d0f-4e2a-8b6c-1d3e5f7a9b0c"

CAR: Final = Car("c", "simulator", "0SCEXMP0112345678", "EXAMPLE", "One", 2024, "BEV")
VEHICLE: Final = Vehicle(
    id=VEHICLE_ID,
    client_id=CLIENT_ID,
    user_id=USER_ID,
    mode="live",
    permissions=frozenset({"read_battery", "control_charge", "read_charge"}),
    connected_at=MADE,
    external_id=None,
    capacity_kwh=None,
    car=CAR,
)
CONNECTION: Final = ConnectedVehicle(CONNECTION_ID, VEHICLE, MADE)
WEBHOOK: Final = Webhook(
    WEBHOOK_ID,
    CLIENT_ID,
    "State of charge",
    "https://example.org/hooks/cars",
    MADE,
    error_url="https://example.org/hooks/errors",
    triggers=(Trigger("tractionbattery-stateofcharge"),),
    signals=("tractionbattery-stateofcharge", "charge-ischarging"),
    halt=None,
)
SUBSCRIPTION: Final = Subscription(SUBSCRIPTION_ID, WEBHOOK_ID, VEHICLE, MADE)
APPLICATION: Final = Application(CLIENT_ID, "Example app", ("https://example.org/back",), b"s" * 32, b"m" * 32, MADE)

# Whatever JSON can hold, and more.
ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def reading(value: Value, seconds_ago: float = 80) -> Reading:
    """A reading the car measured some seconds ago, fetched now."""
    measured = NOW - timedelta(seconds=seconds_ago)
    return Reading(value, None, measured, measured + timedelta(seconds=1), NOW, "test")


def static(value: Value) -> Reading:
    """A reading of something that never changes."""
    return Reading(value, None, None, None, NOW, "test")


def problem(kind: str, last: Reading | None = None, retry_after: float | None = None) -> Problem:
    """A problem found now."""
    return Problem(kind, NOW, retry_after, last)


def record(name: str, arguments: dict[str, object] | None = None, state: State = "done", **more: Any) -> CommandRecord:
    """A command that took six and a half seconds."""
    ended = None if state in {"accepted", "sent"} else NOW + timedelta(seconds=6.5)
    return CommandRecord(
        id=COMMAND_ID,
        client_id=CLIENT_ID,
        vehicle_id=VEHICLE_ID,
        car_id=CAR.id,
        name=name,
        arguments=arguments or {},
        fingerprint=b"f",
        state=state,
        problem=more.pop("problem", None),
        accepted_at=NOW - timedelta(seconds=1),
        deadline_at=NOW + timedelta(minutes=1),
        sent_at=None if state == "accepted" else NOW,
        ended_at=ended,
        **more,
    )


def written(body: object) -> Any:
    """What a body is on the wire."""
    return msgspec.json.decode(msgspec.json.encode(body))


def members(value: object) -> Iterator[tuple[str, Any]]:
    """Every member of every object, at any depth."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name, each
            yield from members(each)
    elif isinstance(value, list):
        for each in value:
            yield from members(each)


ANSWERS: Final[dict[str, signals.Answer]] = {
    "tractionbattery-stateofcharge": reading(64),
    "odometer-traveleddistance": reading(41250),
    "charge-ischarging": reading(False),
    "closure-doors": reading(
        {"values": [{"row": 0, "column": 0, "isOpen": False, "isLocked": None}], "rowCount": 2, "columnCount": 2}
    ),
    "vehicleidentification-vin": static("0SCEXMP0112345678"),
    "wheel-tires": reading({"values": [{"row": 0, "column": 0, "tirePressure": 250.0}]}),
    "charge-timetocomplete": problem("VEHICLE_STATE:NOT_CHARGING"),
    "charge-wattage": problem("VEHICLE_STATE:ASLEEP", last=reading(0.0, 4000)),
    "location-preciselocation": problem("PERMISSION"),
    "fuel": None,
}
ANSWERS["internalcombustionengine-fuellevel"] = ANSWERS.pop("fuel")
DAILY: Final = {"location": {"latitude": 52.52, "longitude": 13.4}, "startTime": "22:00", "stopTime": "06:00"}


def _compatible(view: View) -> object:
    asked = compatibility.read_compatible({"filter[region]": "europe", "filter[make]": "Example"}, view)
    line = compatibility.compatible_resource(
        "EXAMPLE",
        "EUROPE",
        "One",
        powertrain="BEV",
        start_year=2021,
        end_year=2026,
        permissions=("read_odometer", "read_battery", "control_charge", "control_security", "read_fuel"),
    )
    return compatibility.compatible_body([line], asked, 1, view)


def _schedule(view: View) -> object:
    order = schedules.read_schedule("daily", {"data": {"attributes": DAILY}})
    return schedules.schedule_body(record("charge-schedule-set"), order, "b9f0c2d4", view)


def _page(view: View, number: int, size: int) -> dict[str, str]:
    names = ("page", "pageSize") if view.preview else ("page[number]", "page[size]")
    return dict(zip(names, (str(number), str(size)), strict=True))


def _connections(view: View) -> object:
    asked = connections.read_connections({"filter[userId]": USER_ID.upper(), **_page(view, 2, 1)}, view)
    return connections.connections_body([CONNECTION], asked, 3, view)


def _connections_behind(view: View) -> object:
    asked = connections.read_connections({"sort": "updatedAt", "page[after]": "abc"}, view)
    return connections.connections_body([CONNECTION], asked, 3, view, "def")


def _webhooks(view: View) -> object:
    asked = webhooks.read_webhooks({"filter[name]": "state", "filter[isEnabled]": "TRUE"}, view)
    return webhooks.webhooks_body([WEBHOOK], asked, 1, view)


def _subscriptions(view: View) -> object:
    asked = subscriptions.read_subscriptions({"filter[webhookId]": WEBHOOK_ID}, view)
    return subscriptions.subscriptions_body([SUBSCRIPTION], asked, 1, view)


def _secrets(view: View) -> object:
    rows = [ClientSecret(CONNECTION_ID, CLIENT_ID, b"", MADE), ClientSecret("b", CLIENT_ID, b"", MADE, NOW)]
    return applications.secrets_body(CLIENT_ID, rows, Page(1, 50), 2, view)


def _invalid(view: View) -> object:
    error = InvalidInput(FieldProblem("page[size]", "must be a whole number from 1 to 100"), FieldProblem("x", "no"))
    return errors.invalid_answer(error, view, REQUEST_ID).body


ODOMETER: Final = "odometer-traveleddistance"
# Name of a golden file → what it holds, in either generation.
BODIES: Final[dict[str, Callable[[View], object]]] = {
    "vehicle": lambda view: vehicles.vehicle_body(VEHICLE, view),
    "signal": lambda view: signals.signal_body(VEHICLE, ODOMETER, ANSWERS[ODOMETER], view),
    "signal-imperial": lambda view: signals.signal_body(
        VEHICLE, "wheel-tires", ANSWERS["wheel-tires"], msgspec.structs.replace(view, system="imperial")
    ),
    "signals": lambda view: signals.signals_body(VEHICLE, ANSWERS, view),
    "signals-none": lambda view: signals.signals_body(VEHICLE, {}, view),
    "signals-page": lambda view: signals.signals_body(VEHICLE, ANSWERS, view, Page(2, 2)),
    "connection": lambda view: connections.connection_body(CONNECTION, view),
    "connections": _connections,
    "connections-cursor": _connections_behind,
    "command": lambda view: commands.execution_body(record("charge-set-limit", {"percent": 80}), view),
    "command-bare": lambda view: commands.execution_body(record("security-unlock"), view),
    "schedule": _schedule,
    "schedule-deleted": lambda view: schedules.schedule_body(record("charge-schedule-delete"), None, "b9f0c2d4", view),
    "compatible": _compatible,
    "webhook": lambda view: webhooks.webhook_body(WEBHOOK, view),
    "webhooks": _webhooks,
    "subscription": lambda view: subscriptions.subscription_body(SUBSCRIPTION, view),
    "subscriptions": _subscriptions,
    "application": lambda view: applications.application_body(APPLICATION, view),
    "applications": lambda view: applications.applications_body([APPLICATION], Page(1, 50), 1, view),
    "application-secrets": _secrets,
    "error": lambda view: errors.problem_answer(problem("COMPATIBILITY:VEHICLE_NOT_CAPABLE"), view, REQUEST_ID).body,
    "error-unauthorized": lambda view: errors.error_answer(kinds.UNAUTHORIZED, view, REQUEST_ID).body,
    "error-vehicle": lambda view: errors.missing_answer("vehicle", VEHICLE_ID, view, REQUEST_ID).body,
    "error-fields": _invalid,
    "error-missing": lambda view: errors.invalid_answer(MissingParameter("userId"), view, REQUEST_ID).body,
}
ALL_KINDS: Final = tuple(KINDS)
