"""A stand-in for the official Python package: ``import carwire_client.smartcar as smartcar``, and the program runs.

Names, parameters, results and errors are those of release 6.19.1 of the package ``smartcar``; underneath is one client
that keeps its connections. Where the server is says the environment, as `carwire_client.origins` has it, at the moment
of each call; nobody's cloud is assumed, so that with no origin at all a call raises `carwire_client.NotConfigured`.

What the official package does wrong (the wire contract, section 10.2) is done right here:

- headers given to `Vehicle.request` stay with that request, and a GET has no body unless one is given
- `Vehicle.set_unit_system` sets the unit system
- `get_compatibility` works with version 1.0, and sends `mode` and `test_mode_compatibility_level` with any version
- `get_vehicle`, `get_compatibility_matrix` and `get_management_token` can be had from the package
- an answer that lacks a member, or is no JSON, is a `SmartcarException`; status and request id of an error come from
  HTTP where its body lacks them; ``Retry-After`` of an item in a batch is found whatever its spelling
- items of a batch that belong to one make have `meta`; it is an attribute, not a field
- the tuple of tokens also answers to ``access["access_token"]``, and what `get_signals` returns to ``.body``: the
  official README has both

Kept because programs rely on it:

- `Access` has naive datetimes in UTC, which are compared with ``datetime.utcnow()``
- `meta` is a tuple of what the server sent and of nothing else, its moments are texts, and ``retry_after`` is a text
- the error of a lost connection has the message ``SDK_ERROR`` and no type
- ``SMARTCAR_AUTH_ORIGIN`` may be the whole address of the token endpoint
- `Vehicle` and `set_charge_limit` check no numbers: the server does

Otherwise different: redirects are not followed, tokens and codes that a server echoes are masked in errors, commands
carry an idempotency key, and a read whose connection broke is sent once more. An error the server answers with is never
repeated, as the official package never does.
"""

from carwire_client.smartcar.auth_client import AuthClient
from carwire_client.smartcar.exception import SmartcarException
from carwire_client.smartcar.smartcar import (
    delete_connections,
    get_api_version,
    get_compatibility,
    get_compatibility_matrix,
    get_connections,
    get_management_token,
    get_user,
    get_vehicle,
    get_vehicles,
    hash_challenge,
    set_api_version,
    verify_payload,
)
from carwire_client.smartcar.vehicle import Vehicle
from carwire_client.version import __version__

__all__ = [
    "AuthClient",
    "SmartcarException",
    "Vehicle",
    "__version__",
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
