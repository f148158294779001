"""The functions of the official package. Everything that asks the server raises `SmartcarException`."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from carwire_client.call import Basic, authorized, flags_text, segment
from carwire_client.errors import NotConfigured
from carwire_client.secrets import Secret
from carwire_client.settings import CLIENT_ID, CLIENT_SECRET, first_of
from carwire_client.smartcar import reading, types
from carwire_client.smartcar.asking import ask
from carwire_client.webhooks import get_management_token, hash_challenge, verify_payload

__all__ = [
    "API_VERSION",
    "delete_connections",
    "get_api_version",
    "get_compatibility",
    "get_compatibility_matrix",
    "get_connections",
    "get_management_token",
    "get_user",
    "get_vehicle",
    "get_vehicles",
    "hash_challenge",
    "set_api_version",
    "verify_payload",
]

API_VERSION = "2.0"
_VERSION = re.compile(r"[0-9]+\.[0-9]+")
_MODES = ("live", "test", "simulated")


def set_api_version(version: str) -> None:
    """Set the version for the calls of this process, and for vehicles made from now on.

    Raises `ValueError` for what has not the form ``2.0``.
    """
    global API_VERSION  # noqa: PLW0603  # it is of the whole process in the official package
    if not _VERSION.fullmatch(version):
        msg = f"An API version looks like 2.0, not {version!r}"
        raise ValueError(msg)
    API_VERSION = version


def get_api_version() -> str:
    """Return the version calls are made to. Vehicles made before it was set keep theirs."""
    return API_VERSION


def get_user(access_token: str) -> types.User:
    """Read who the owner is whose token this is."""
    return reading.read(reading.USER, ask("GET", _path("/user"), authorized(access_token)))  # type: ignore[no-any-return]


def get_vehicles(access_token: str, paging: Mapping[str, Any] | None = None) -> types.Vehicles:
    """Read ids of the vehicles a token reaches. `paging` may have ``limit`` and ``offset``."""
    answer = ask("GET", _path("/vehicles"), authorized(access_token), query=paging)
    return reading.read(reading.vehicles, answer)  # type: ignore[no-any-return]


def get_vehicle(access_token: str, vehicle_id: str) -> types.SignalsResponse:
    """Read what a vehicle is: API v3."""
    answer = ask("GET", f"/v3/vehicles/{segment(vehicle_id)}", authorized(access_token), role="v3")
    return reading.v3_response(answer)


def get_compatibility(
    vin: str, scope: Sequence[str], country: str = "US", options: Mapping[str, Any] | None = None
) -> types.Compatibility | types.CompatibilityV1:
    """Ask whether the car of a VIN can be connected with the permissions of `scope`.

    `options` may have ``client_id`` and ``client_secret`` (else the environment's), ``version``, ``flags``, ``mode``,
    ``test_mode_compatibility_level``, and ``test_mode``, the old word for the mode. Raises `NotConfigured` without
    id and secret, `ValueError` for another mode.
    """
    given = options or {}
    version = given.get("version") or API_VERSION
    query = {
        "vin": vin,
        "scope": " ".join(scope),
        "country": country,
        "flags": flags_text(given.get("flags")),
        "mode": _mode(given),
        "test_mode_compatibility_level": given.get("test_mode_compatibility_level") or None,
    }
    answer = ask("GET", _path("/compatibility", version), _application(given), query=query)
    reader = reading.COMPATIBILITY_V1 if version == "1.0" else reading.COMPATIBILITY
    return reading.read(reader, answer)  # type: ignore[no-any-return]


def get_compatibility_matrix(
    region: str, make: str | None = None, options: Mapping[str, Any] | None = None
) -> types.CompatibilityMatrix:
    """Ask which model lines can be connected in a region: ``US``, ``CA`` or ``EUROPE``.

    `make` empty is every make. `options` may have ``type``, ``scope``, ``client_id`` and ``client_secret``. Raises
    `NotConfigured` without id and secret.
    """
    given = options or {}
    query = {
        "region": region,
        "make": make or None,
        "type": given.get("type"),
        "scope": " ".join(given["scope"]) if given.get("scope") else None,
    }
    answer = ask("GET", _path("/compatibility/matrix"), _application(given), query=query)
    return reading.read(reading.MATRIX, answer)  # type: ignore[no-any-return]


def get_connections(
    amt: str,
    filter: Mapping[str, str] | None = None,  # noqa: A002  # the official package's name
    paging: Mapping[str, Any] | None = None,
) -> types.GetConnections:
    """Read one page of the connections of the application, newest first.

    `amt` is the application's management token; `filter` may have ``vehicle_id`` and ``user_id``, `paging` ``limit``
    and ``cursor``.
    """
    chosen, part = filter or {}, paging or {}
    query = {name: chosen.get(name) for name in ("user_id", "vehicle_id")}
    query |= {name: part.get(name) for name in ("cursor", "limit")}
    answer = ask("GET", _path("/management/connections"), _management(amt), role="management", query=query)
    return reading.read(reading.connections, answer)  # type: ignore[no-any-return]


def delete_connections(
    amt: str,
    filter: Mapping[str, str] | None = None,  # noqa: A002  # the official package's name
) -> types.DeleteConnections:
    """Cut the connections of an owner or of a vehicle, and return those that were.

    `filter` has ``user_id`` or ``vehicle_id``. Raises `ValueError` for both.
    """
    chosen = filter or {}
    user_id, vehicle_id = chosen.get("user_id") or None, chosen.get("vehicle_id") or None
    if user_id and vehicle_id:
        msg = "filter has user_id or vehicle_id, not both"
        raise ValueError(msg)
    query = {"user_id": user_id, "vehicle_id": vehicle_id}
    answer = ask("DELETE", _path("/management/connections"), _management(amt), role="management", query=query)
    return reading.read(reading.deleted, answer)  # type: ignore[no-any-return]


def _path(path: str, version: str | None = None) -> str:
    return f"/v{segment(version or API_VERSION)}{path}"


def _management(amt: str) -> Basic:
    return Basic("default", Secret(amt))


def _application(options: Mapping[str, Any]) -> Basic:
    client_id = options.get("client_id") or first_of(CLIENT_ID, os.environ)
    client_secret = options.get("client_secret") or first_of(CLIENT_SECRET, os.environ)
    if not client_id or not client_secret:
        msg = "Give client_id and client_secret in the options, or set SMARTCAR_CLIENT_ID and SMARTCAR_CLIENT_SECRET"
        raise NotConfigured(msg)
    return Basic(client_id, Secret(client_secret))


def _mode(options: Mapping[str, Any]) -> str | None:
    mode = options.get("mode") or None
    if options.get("test_mode") is not None:
        warnings.warn("test_mode is an old word: give mode instead", DeprecationWarning, stacklevel=3)
        mode = "test" if options["test_mode"] else "live"
    if options.get("test_mode_compatibility_level"):
        mode = "test"
    if mode is not None and mode not in _MODES:
        msg = f"mode must be live, test or simulated, not {mode!r}"
        raise ValueError(msg)
    return mode
