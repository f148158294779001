"""From a decoded body to the tuple it is read as. What a body lacks is told as the SDK's own error."""

from __future__ import annotations

import functools
import re
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2
import msgspec

from carwire_client.answers import Answer
from carwire_client.smartcar import types
from carwire_client.smartcar.exception import SDK_ERROR, SmartcarException

Reader = Callable[[Any, Any], Any]
_META: Final = {
    "sc-data-age": "data_age",
    "sc-unit-system": "unit_system",
    "sc-request-id": "request_id",
    "sc-fetched-at": "fetched_at",
}
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z_])(?=[0-9])")


def read(reader: Reader, answer: Answer) -> Any:
    """Read an answer. Raises `SmartcarException` for what is no JSON, or lacks something."""
    try:
        return reader(msgspec.json.decode(answer.body), meta_of(answer.headers))
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(answer) from error


def unreadable(answer: Answer) -> SmartcarException:
    """Return the error for an answer that cannot be read."""
    text = answer.body.decode("utf-8", "replace")
    return SmartcarException(
        status_code=answer.status, request_id=answer.headers.get("sc-request-id"), type=SDK_ERROR, message=text
    )


def meta_of(headers: Mapping[str, str]) -> Any:
    """Return the tuple of what headers say, whose names are in lower case; null when they say nothing."""
    found = {field: headers[name] for name, field in _META.items() if headers.get(name)}
    return _meta(tuple(found))(*found.values()) if found else None


def v3_response(answer: Answer) -> types.SignalsResponse:
    """Read an answer of v3. Raises `SmartcarException` for what is no JSON."""
    body = read(lambda found, _: found, answer)
    return types.SignalsResponse(body=body, headers=httpx2.Headers(dict(answer.headers)))


def anything(body: Any, meta: Any) -> Any:
    """Read an item of a batch that only one make has: an object as a tuple of its members, anything else as it is."""
    if not isinstance(body, dict):
        return body
    if not body:
        return None
    found = _data(tuple(map(snake, body)))(*body.values())
    if "meta" not in found._fields:
        found.meta = meta
    return found


def snake(name: str) -> str:
    """Spell a name of the wire as Python does.

    >>> snake("percentRemaining"), snake("tesla_compass"), snake("vehicleID2")
    ('percent_remaining', 'tesla_compass', 'vehicle_id_2')
    """
    return _WORDS.sub("_", name).replace("__", "_").lower()


def _paging(body: Any) -> types.Paging:
    return types.Paging(body["paging"]["count"], body["paging"]["offset"])


def _capability(row: Any) -> types.Capability:
    return types.Capability(row["permission"], row["endpoint"], row["capable"], row["reason"])


def _compatibility(body: Any, meta: Any) -> types.Compatibility:
    capabilities = [_capability(row) for row in body["capabilities"]]
    return types.Compatibility(body["compatible"], body["reason"], capabilities, meta)


def _matrix(body: Any, _: Any) -> types.CompatibilityMatrix:
    names = types.CompatibilityMatrixModel._fields
    return {
        make: [types.CompatibilityMatrixModel(*(row[name] for name in names)) for row in rows]
        for make, rows in body.items()
    }


def _connections(body: Any) -> list[types.Connection]:
    return [
        types.Connection(row.get("vehicleId"), row.get("userId"), row.get("connectedAt")) for row in body["connections"]
    ]


def _capacities(body: Any, meta: Any) -> types.NominalCapcity:
    rows = [types.AvailableCapacity(row["capacity"], row["description"]) for row in body["availableCapacities"]]
    return types.NominalCapcity(rows, body["capacity"], body["url"], meta)


def _systems(body: Any, meta: Any) -> types.DiagnosticSystemStatus:
    rows = [types.DiagnosticSystem(row["systemId"], row["status"], row.get("description")) for row in body["systems"]]
    return types.DiagnosticSystemStatus(rows, meta)


def _codes(body: Any, meta: Any) -> types.DiagnosticTroubleCodes:
    rows = [types.DiagnosticTroubleCode(row["code"], row.get("timestamp")) for row in body["activeCodes"]]
    return types.DiagnosticTroubleCodes(rows, meta)


def _members(kind: Callable[..., Any], *names: str) -> Reader:
    """Return what reads an object member by member."""
    return lambda body, meta: kind(*(body[name] for name in names), meta)


@functools.cache
def _meta(fields: tuple[str, ...]) -> Any:
    return namedtuple("Meta", fields)


@functools.lru_cache(maxsize=256)
def _data(fields: tuple[str, ...]) -> Any:
    return type("Data", (namedtuple("Data", fields, rename=True),), {})


ACTION: Final = _members(types.Action, "status", "message")
STATUS: Final = _members(types.Status, "status")
SUBSCRIBE: Final = _members(types.Subscribe, "webhookId", "vehicleId")
USER: Final = _members(types.User, "id")
COMPATIBILITY_V1: Final = _members(types.CompatibilityV1, "compatible")
COMPATIBILITY: Final = _compatibility
MATRIX: Final = _matrix
RESPONSE: Final[Reader] = types.Response


def vehicles(body: Any, meta: Any) -> types.Vehicles:
    """Read ids of vehicles."""
    return types.Vehicles(body["vehicles"], _paging(body), meta)


def connections(body: Any, meta: Any) -> types.GetConnections:
    """Read a page of connections."""
    cursor = (body.get("paging") or {}).get("cursor")
    return types.GetConnections(_connections(body), types.PagingCursor(cursor), meta)


def deleted(body: Any, meta: Any) -> types.DeleteConnections:
    """Read the connections that were."""
    return types.DeleteConnections(_connections(body), meta)


READS: Final[Mapping[str, Reader]] = {
    "": _members(types.Attributes, "id", "make", "model", "year"),
    "permissions": lambda body, meta: types.Permissions(body["permissions"], _paging(body), meta),
    "vin": _members(types.Vin, "vin"),
    "odometer": _members(types.Odometer, "distance"),
    "fuel": _members(types.Fuel, "range", "percentRemaining", "amountRemaining"),
    "battery": _members(types.Battery, "percentRemaining", "range"),
    "battery/capacity": _members(types.BatteryCapacity, "capacity"),
    "battery/nominal_capacity": _capacities,
    "charge": _members(types.Charge, "isPluggedIn", "state"),
    "charge/limit": _members(types.ChargeLimit, "limit"),
    "engine/oil": _members(types.EngineOil, "lifeRemaining"),
    "location": _members(types.Location, "latitude", "longitude"),
    "tires/pressure": _members(types.TirePressure, "frontLeft", "frontRight", "backLeft", "backRight"),
    "security": _members(types.LockStatus, "isLocked", "doors", "windows", "sunroof", "storage", "chargingPort"),
    "service/history": types.ServiceHistory,
    "diagnostics/system_status": _systems,
    "diagnostics/dtcs": _codes,
}
ACCESSORS: Final[Mapping[str, str]] = {
    "": "attributes",
    "charge/limit": "get_charge_limit",
    "tires/pressure": "tire_pressure",
    "security": "lock_status",
    "diagnostics/system_status": "diagnostic_system_status",
    "diagnostics/dtcs": "diagnostic_trouble_codes",
}
