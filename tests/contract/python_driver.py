"""Calls the official Python SDK as it is told: one JSON object a line in, one out. Runs in a process of its own,
because the SDK reads the environment when it is imported.

``auth.x`` and ``vehicle.x`` are methods: the first argument holds what the object is made with. What a call returns
that can be called itself, as the items of a batch, is called, and stands there as an answer of its own.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import smartcar
import smartcar.helpers
import smartcar.smartcar

warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own options and dates


def plain(value: Any) -> Any:
    """Turn named tuples into objects that name their class, moments into objects that say so."""
    if hasattr(value, "_asdict"):
        return {"class": type(value).__name__} | {key: plain(part) for key, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, datetime):
        return {"date": value.isoformat()}
    return outcome(value) if callable(value) else value


def outcome(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Call, and say what came of it."""
    try:
        return {"value": plain(function(*args, **kwargs))}
    except Exception as error:
        attributes = {key: plain(part) for key, part in vars(error).items()}
        known = isinstance(error, smartcar.SmartcarException)
        return {"error": {"class": type(error).__name__, "known": known, "text": str(error), "attributes": attributes}}


def properties(made: Any) -> dict[str, Any]:
    """Return what an object holds, private things among it."""
    return {"class": type(made).__name__, **vars(made)}


MADE: dict[str, Callable[..., Any]] = {"auth": smartcar.AuthClient, "vehicle": smartcar.Vehicle}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(smartcar, name) for name in dir(smartcar) if name.startswith(("get_", "set_"))},
    "get_compatibility_matrix": smartcar.smartcar.get_compatibility_matrix,
    "get_management_token": smartcar.smartcar.get_management_token,
    "get_vehicle": smartcar.smartcar.get_vehicle,
    "hash_challenge": smartcar.hash_challenge,
    "verify_payload": smartcar.verify_payload,
    "delete_connections": smartcar.delete_connections,
    "exports": lambda: sorted(name for name in dir(smartcar) if not name.startswith("_")),
    "methods": lambda: [name for name in dir(smartcar.Vehicle) if not name.startswith("_")],
    "all": lambda *calls: [called(name, args, {}) for name, *args in calls],
    "get": lambda url, **kwargs: smartcar.helpers.requester("GET", url, **kwargs).json(),
}


def called(name: str, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Answer one line."""
    kind, _, method = name.partition(".")
    if not method:
        return outcome(FUNCTIONS[name], *args, **kwargs)
    if method == "new":
        return outcome(lambda: properties(MADE[kind](**args[0])))
    return outcome(lambda: getattr(MADE[kind](**args[0]), method)(*args[1:], **kwargs))


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(called(asked["function"], asked["args"], asked["kwargs"])), flush=True)
