"""What Schemathesis is told of v3, beside `schemathesis_hooks`: whose vehicles there are, and what may be cut off.

The first owner's cars stay: commands and reads are about them. The doomed owners', which lists begin with because they
connected last, are for calls that delete.
"""

from __future__ import annotations

import json
import os
from itertools import count
from typing import Any

from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

# What the test has made ready: credentials, the vehicles of the token, a webhook.
FACTS: dict[str, Any] = json.loads(os.environ.get("SCHEMATHESIS_FACTS", "{}"))
turn = count()
_LISTS = {"v3_connections", "v3_subscriptions", "v3_webhooks", "v3_applications", "v3_signals"}
_SIMULATED = {"filter[vehicle.mode]": "simulated"}
_CODES = "odometer-traveleddistance", "tractionbattery-stateofcharge", "charge-chargelimits", "closure-islocked"
_FROM_PATH = {"webhook_id": "webhook_id", "application_id": "client_id"}
_cursors: dict[str, dict[str, Any]] = {}  # cursor → the parameters its list was asked for with
_subscriptions: list[str] = []
_executions: list[tuple[str, str]] = []  # vehicle, execution


def is_good(case: Any, location: ParameterLocation) -> bool:
    """Tell whether a part of a request is as the document wants it."""
    part = case.meta.components.get(location) if case.meta else None
    return part is None or part.mode.is_positive


def name_what_exists(case: Any, name: str) -> None:
    """Let most good requests of v3 be about what exists."""
    if is_good(case, ParameterLocation.PATH) and case.path_parameters:
        _in_path(case, name)
    if is_good(case, ParameterLocation.HEADER) and "id" in (case.path_parameters or {}):
        _for_its_owner(case)
    if is_good(case, ParameterLocation.QUERY):
        _in_query(case, name)
    if name == "v3_charge_set_limit" and is_good(case, ParameterLocation.BODY):
        case.body = whole(case.body)
    if name.endswith("_charge_schedule") and is_good(case, ParameterLocation.BODY):
        part_times(case.body)
    if name == "v3_subscribe" and is_good(case, ParameterLocation.BODY) and next(turn) % 8:
        owner = FACTS["owners"]["tesla"]
        vehicle_id = owner["vehicle_ids"][next(turn) % len(owner["vehicle_ids"])]
        attributes = {"webhookId": FACTS["webhook_id"], "userId": owner["user_id"], "vehicleId": vehicle_id}
        case.body = {**case.body, "data": {**case.body["data"], "attributes": attributes}}
    if name == "application_token" and is_good(case, ParameterLocation.BODY):
        case.body = {"grant_type": "client_credentials"}  # the pair comes in the header, and may come once


def part_times(body: Any) -> None:
    """Let no charge schedule stop when it starts: that two times differ, OpenAPI cannot say."""
    if not isinstance(body, dict):
        return
    if "startTime" in body and body["startTime"] == body.get("stopTime"):
        body["stopTime"] = "06:00" if body["startTime"] != "06:00" else "22:00"
    for each in body.values():
        part_times(each)


def keep_what_was_written(case: Any, name: str, response: Any) -> None:
    """Keep what only the server can write: cursors and ids."""
    if name == "v3_connections" and response.status_code == 200:
        cursor = response.json()["meta"].get("nextCursor")
        if cursor:
            _cursors[cursor] = {key: value for key, value in (case.query or {}).items() if key == "sort"}
    elif name == "v3_subscriptions" and response.status_code == 200:
        _subscriptions.extend(each["id"] for each in response.json()["data"])
    elif "/commands/" in case.operation.path and response.status_code == 200:
        _executions.append((case.path_parameters["id"], response.json()["data"]["id"]))


def _in_path(case: Any, name: str) -> None:
    path, doomed = case.path_parameters, FACTS["doomed"]
    for parameter, fact in _FROM_PATH.items():
        if parameter in path and next(turn) % 4:
            path[parameter] = FACTS[fact]
    if "connection_id" in path and path["connection_id"] not in doomed["connection_ids"]:
        path["connection_id"] = _one_of(doomed["connection_ids"])
    if name == "v3_delete_user" and path["user_id"] not in doomed["user_ids"]:
        path["user_id"] = _one_of(doomed["user_ids"])
    if "subscription_id" in path and path["subscription_id"] not in _subscriptions and _subscriptions:
        path["subscription_id"] = _one_of(_subscriptions)
    if "code" in path and next(turn) % 4:
        path["code"] = _one_of(_CODES)
    if "execution_id" in path and _executions and next(turn) % 4:
        known = next((each for each in _executions if each[1] == path["execution_id"]), None)
        path["id"], path["execution_id"] = known or _one_of(_executions)


def _for_its_owner(case: Any) -> None:
    """Name the owner of the vehicle, and a vehicle that has one: what links led to stays."""
    owned = {vehicle: owner["user_id"] for owner in FACTS["owners"].values() for vehicle in owner["vehicle_ids"]}
    owned |= FACTS["doomed"]["owned"]
    if not is_good(case, ParameterLocation.PATH) or next(turn) % 8 == 0:
        user_id = FACTS["owners"]["tesla"]["user_id"]
    else:
        if case.path_parameters["id"] not in owned:
            case.path_parameters["id"] = FACTS["owners"]["tesla"]["vehicle_ids"][-1]
        user_id = owned[case.path_parameters["id"]]
    case.headers = {**(case.headers or {}), "sc-user-id": user_id}


def _in_query(case: Any, name: str) -> None:
    """Ask for lists in which there is something. A cursor is taken with the order it was written for."""
    query = case.query or {}
    after = query.pop("page[after]", None)
    if after in _cursors:
        query = {"page[after]": after, **_cursors[after]}
    elif "page[number]" in query:
        query["page[number]"] = int(query["page[number]"]) % 3 + 1
    if name == "v3_connections" and next(turn) % 8:
        query |= _SIMULATED
        query.pop("filter[user.externalId]", None)
    if name in {"v3_connections", "v3_subscriptions"} and next(turn) % 4:
        _filter_for_what_exists(query)
    if case.meta and case.meta.phase.name is TestPhase.STATEFUL and name in _LISTS:
        # An empty page leads nowhere, which counts as a fault of the links.
        kept = {"filter[userId]", "filter[vehicleId]", "filter[webhookId]", "page[after]", "page[size]", "sort"}
        query = {key: value for key, value in query.items() if key in kept}
        _filter_for_what_exists(query)
        query |= _SIMULATED if name == "v3_connections" else {}
    case.query = query


def _filter_for_what_exists(query: dict[str, Any]) -> None:
    """Take ids that nobody has out of the filters."""
    owned = {vehicle: owner["user_id"] for owner in FACTS["owners"].values() for vehicle in owner["vehicle_ids"]}
    known = {"userId": set(owned.values()), "vehicleId": set(owned), "webhookId": {FACTS["webhook_id"]}}
    for key, ids in known.items():
        if query.get(f"filter[{key}]") not in ids:
            query.pop(f"filter[{key}]", None)


def _one_of(known: Any) -> Any:
    return known[next(turn) % len(known)]


def whole(value: Any) -> Any:
    """Write whole numbers without a point: to JSON Schema 5.0 is one, to the server it is not."""
    if isinstance(value, dict):
        return {key: whole(each) for key, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
