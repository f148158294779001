"""Calls the official Python SDK as it is told: one JSON object a line in, one out. Runs in a process of its own,
because the SDK reads the environment when it is imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import smartcar
import smartcar.helpers
import smartcar.smartcar


def plain(value: Any) -> Any:
    """Turn named tuples into objects that name their class."""
    if hasattr(value, "_asdict"):
        return {"class": type(value).__name__} | {key: plain(part) for key, part in value._asdict().items()}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "get_compatibility": smartcar.get_compatibility,
    "get_compatibility_matrix": smartcar.smartcar.get_compatibility_matrix,
    "set_api_version": smartcar.set_api_version,
    "get_api_version": smartcar.get_api_version,
    "get_user": smartcar.get_user,
    "get": lambda url, **kwargs: smartcar.helpers.requester("GET", url, **kwargs).json(),
}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"value": plain(FUNCTIONS[asked["function"]](*asked["args"], **asked["kwargs"]))}
    except Exception as error:
        attributes = {key: plain(part) for key, part in vars(error).items()}
        answer = {"error": {"class": type(error).__name__, "text": str(error), "attributes": attributes}}
    print(json.dumps(answer), flush=True)
