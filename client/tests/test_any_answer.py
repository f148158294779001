"""Whatever a server answers, what comes of it is a result or an error of the SDK: no `KeyError`, no decode error."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from client.tests.conftest import Drive, answer
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carwire.core.signals.catalogue import Field, signals
from carwire_client import Batch, CarwireError, InvalidAnswer, Result, Secret
from carwire_client.bodies import Body
from carwire_client.call import Call
from carwire_client.calls import account, commands, compatibility, requests, tokens, v3, vehicle
from carwire_client.calls.ga import account as applications
from carwire_client.calls.ga import commands as executions
from carwire_client.calls.ga import hooks, owners, vehicles
from carwire_client.calls.ga.tokens import application_token
from carwire_client.calls.own import cars, vins
from carwire_client.models.ga.readings import Signal
from carwire_client.paging import Page
from carwire_client.settings import Application, Credentials, OwnedReach, Reach, Surface
from carwire_client.signals import CODES

CAR: Final = Reach(id="car", token="tok")
APP: Final = Application(
    client_id="app", client_secret=Secret("s"), v3_client_id="client_a", v3_client_secret=Secret("v")
)
OWNED: Final = OwnedReach(id="car", user_id="me", token="tok")
SURFACE: Final = Surface(token="tok")
CLIENT: Final = tokens.Client(credentials=Credentials("app", Secret("s")))
PATHS: Final = [*vehicle.READS, "/tesla/compass"]
CALLS: Final[list[Call[Any]]] = [
    *(getattr(vehicle, read.method)(CAR) for read in vehicle.READS.values()),
    *(commands.lock(CAR), commands.disconnect(CAR), commands.subscribe(CAR, "h")),
    *(requests.batch(CAR, PATHS), requests.request(CAR, "GET", "x")),
    *(account.get_user(APP, "t"), account.get_vehicles(APP, "t"), account.get_connections(APP, "amt")),
    *(account.iter_vehicles(APP, "t"), account.iter_connections(APP, "amt"), vehicle.iter_permissions(CAR)),
    *(compatibility.get_compatibility(APP, "V", ["x"]), compatibility.get_compatibility_matrix(APP, "US")),
    *(tokens.exchange_code(CLIENT, "c"), tokens.exchange_refresh_token(CLIENT, "r")),
    *(v3.get_vehicle(APP, "t", "i"), v3.get_signals(CAR), v3.get_signal(CAR, "x")),
    *(application_token(APP), owners.connections(SURFACE), owners.iter_connections(SURFACE)),
    *(owners.connection(SURFACE, "c"), owners.delete_connection(SURFACE, "c"), hooks.webhooks(SURFACE)),
    *(hooks.subscription(SURFACE, "s"), hooks.subscribe(SURFACE, "w", "u", "v")),
    *(applications.application_secrets(SURFACE, "a"), applications.iter_compatible_vehicles(SURFACE)),
    *(vehicles.get_vehicle(OWNED), vehicles.signals(OWNED), vehicles.signal(OWNED, "x")),
    *(executions.lock(OWNED), executions.execution(OWNED, "e"), executions.delete_schedule(OWNED, "s")),
    *(vins.decode_vin(APP, "V"), vins.check_compatibility(APP, ["V"]), cars.why(APP, "v", "t", signal="s")),
    *(cars.simulated_cars(APP), cars.iter_simulated_cars(APP), cars.simulated_faults(APP, "c")),
]
KEYS: Final = st.sampled_from(
    [
        *("distance", "range", "percentRemaining", "paging", "count", "offset", "cursor", "vehicles"),
        *("connections", "connectedAt", "data", "meta", "attributes", "body", "path", "code"),
        *("headers", "responses", "error", "errors", "type", "description", "resolution", "detail"),
        *("requestId", "activeCodes", "timestamp", "systems", "serviceDate", "serviceDetails", "items", "access_token"),
        *("relationships", "vehicle", "user", "webhook", "nextCursor", "pageNumber", "pageSize", "totalCount", "value"),
        *("included", "durationInSeconds", "parameters", "vin", "structure", "steps", "cars", "results", "values"),
        *("refresh_token", "expires_in", "retrievedAt", "links", "id", "status", "isLocked", "doors"),
    ]
)
LEAVES: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
)
JSON: Final = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=5)
)
HEADERS: Final = st.dictionaries(
    st.sampled_from(["sc_data_age", "sc_fetched_at", "sc_request_id", "retry_after"]), st.text(max_size=20)
)


def members(body: Mapping[str, Field]) -> Iterator[str]:
    """Return the names of what is inside of the members of a body."""
    for field in body.values():
        inside = {**field.items, **field.fields}
        yield from inside
        yield from members(inside)


def outcome(call: Call[Any], status: int, body: bytes, headers: dict[str, str]) -> object:
    """Return what a call comes to, its errors included."""
    try:
        return Drive([answer(status, body, **headers)] * 3)(call)
    except CarwireError as error:
        return error


@settings(max_examples=400, deadline=None)
@given(
    call=st.sampled_from(CALLS),
    status=st.sampled_from([200, 200, 200, 201, 202, 204, 302, 400, 401, 409, 429, 500, 502]),
    body=st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=50)),
    headers=HEADERS,
)
@example(CALLS[0], 200, b"[" * 100_000, {})
@example(CALLS[3], 200, b'{"distance": 1e400}', {})
@example(
    tokens.exchange_code(CLIENT, "c"), 200, b'{"access_token":"a","refresh_token":"b","expires_in":-99999999999}', {}
)
def test_any_answer_is_a_result_or_an_error_of_the_sdk(
    call: Call[Any], status: int, body: bytes, headers: dict[str, str]
) -> None:
    found = outcome(call, status, body, headers)
    assert isinstance(found, Result | Batch | Page | CarwireError)
    if isinstance(found, CarwireError):
        assert found.status_code == status or (call.kind == "command" and status < 300)  # a tail has its own
        assert len(found.received) <= 1024
    if isinstance(found, Batch):
        for item in found:
            with contextlib.suppress(CarwireError):
                assert isinstance(item(), Result)


MEMBERS: Final = sorted({name for row in signals().values() for name in (*row.body, *members(row.body))})


@given(st.sampled_from(sorted(CODES)), st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4))
@example("closure-doors", {"values": [{"row": 1e300, "column": 0}]})
@example("odometer-traveleddistance", {"value": 10**400})
@example("charge-chargerecords", {"values": [{"startTime": [1], "cost": {"currency": None}}]})
def test_any_body_of_a_signal_has_a_value_or_is_an_error_of_the_sdk(code: str, body: dict[str, Any]) -> None:
    found = outcome(vehicles.signal(OWNED, code), 200, json.dumps(said(code, body)).encode(), {})
    assert isinstance(found, Signal)
    with contextlib.suppress(InvalidAnswer):
        assert found.value is None or isinstance(found.value, bool | float | int | str | tuple | Body)


def said(code: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a signal as it stands on the wire."""
    return {"id": code, "type": "signal", "attributes": {"code": code, "status": {"value": "SUCCESS"}, "body": body}}
