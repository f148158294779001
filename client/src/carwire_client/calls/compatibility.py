"""Whether a car can be connected, by its VIN, and which model lines can."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

from carwire_client.call import Basic, Call, Flags, flags_text, pairs
from carwire_client.calls.account import Mode
from carwire_client.calls.building import reading
from carwire_client.models.compatibility import Compatibility, CompatibilityMatrix
from carwire_client.secrets import Secret
from carwire_client.settings import Application, check_version

Region = Literal["US", "CA", "EUROPE"]
MODES: tuple[Mode, ...] = ("live", "test", "simulated")


def get_compatibility(
    application: Application,
    vin: str,
    scope: Sequence[str],
    country: str = "US",
    *,
    mode: Mode | None = None,
    test_mode_compatibility_level: str | None = None,
    test_mode: bool | None = None,
    flags: Flags | None = None,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    api_version: str | None = None,
) -> Call[Compatibility]:
    """Ask whether the car of a VIN can be connected, and for each of the permissions in `scope` whether it works.

    `country` is ISO 3166-1 alpha-2. With a `test_mode_compatibility_level` (``compatible``, ``bev``, ``fuel`` …) the
    mode is ``test``. `test_mode` is the old word for `mode`. Raises `NotConfigured` without client id and secret.
    """
    mode = mode_of(mode, test_mode)
    if test_mode_compatibility_level is not None and mode is None:
        mode = "test"
    query = pairs(
        vin=vin,
        scope=_words(scope),
        country=country,
        flags=flags_text(flags),
        mode=mode,
        test_mode_compatibility_level=test_mode_compatibility_level,
    )
    return Call(
        name="compatibility",
        method="GET",
        path=_path(application, api_version, "/compatibility"),
        read=reading(Compatibility),
        auth=_basic(application, client_id, client_secret),
        query=query,
    )


def get_compatibility_matrix(
    application: Application,
    region: Region,
    *,
    scope: str | Sequence[str] | None = None,
    make: str | Sequence[str] | None = None,
    type: str | None = None,  # noqa: A002  # the wire's name
    mode: Mode | None = None,
    flags: Flags | None = None,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    api_version: str | None = None,
) -> Call[CompatibilityMatrix]:
    """Ask which model lines can be connected in a region.

    Only those of these makes, of this `type` (``ICE``, ``HEV``, ``PHEV``, ``BEV``), and with all permissions of
    `scope`.
    """
    query = pairs(
        region=region,
        scope=_words(scope),
        make=_words(make),
        type=type,
        mode=mode_of(mode, None),
        flags=flags_text(flags),
    )
    return Call(
        name="compatibility matrix",
        method="GET",
        path=_path(application, api_version, "/compatibility/matrix"),
        read=reading(CompatibilityMatrix, _makes),
        auth=_basic(application, client_id, client_secret),
        query=query,
    )


def mode_of(mode: str | None, test_mode: bool | None) -> Mode | None:
    """Return the mode, which `test_mode` says in an older way. Raises `ValueError` for another word."""
    if test_mode is not None:
        warnings.warn("test_mode is an old word: give mode='test' or mode='live'", DeprecationWarning, stacklevel=3)
        mode = mode or ("test" if test_mode else "live")
    if mode is None:
        return None
    for known in MODES:
        if mode.lower() == known:
            return known
    msg = f"mode must be live, test or simulated, not {mode!r}"
    raise ValueError(msg)


def _basic(application: Application, client_id: str | None, client_secret: str | Secret | None) -> Basic:
    known = application.credentials(client_id, client_secret)
    return Basic(known.client_id, known.client_secret)


def _path(application: Application, api_version: str | None, path: str) -> str:
    return f"/v{check_version(api_version or application.api_version)}{path}"


def _words(value: str | Sequence[str] | None) -> str | None:
    return value if value is None or isinstance(value, str) else " ".join(value)


def _makes(body: Any) -> Any:
    """The body is the map. What is no list of lines is no make."""
    if not isinstance(body, dict):
        return body
    return {"makes": {make: lines for make, lines in body.items() if isinstance(lines, list)}}
