"""Where the parts of the API are: by argument, by Carwire's variables, or by those of the official SDKs.

One server may be all of them, so a role that nothing names is where the API is. Nothing is ever assumed to be anybody's
cloud: with no origin at all a client is not made. The original's own hosts are in `SMARTCAR`, for who wants them.

====================  ==============================  ============================================================
role                  Carwire's variable              the official SDKs' variables
====================  ==============================  ============================================================
every role            ``CARWIRE_ORIGIN``
``api``               ``CARWIRE_API_ORIGIN``          ``SMARTCAR_API_ORIGIN``
``token``             ``CARWIRE_AUTH_ORIGIN``         ``SMARTCAR_AUTH_ORIGIN``: an origin, or the whole address
``connect``           ``CARWIRE_CONNECT_ORIGIN``      ``SMARTCAR_CONNECT_ORIGIN``
``management``        ``CARWIRE_MANAGEMENT_ORIGIN``   ``SMARTCAR_MANAGEMENT_API_ORIGIN``
``v3``                ``CARWIRE_V3_ORIGIN``           ``SMARTCAR_API_V3_ORIGIN``, ``SMARTCAR_VEHICLE_API_V3_ORIGIN``,
                                                      ``SMARTCAR_VEHICLE_API_ORIGIN``
``iam``               ``CARWIRE_IAM_ORIGIN``          ``SMARTCAR_IAM_ORIGIN``
``management_v3``     ``CARWIRE_MANAGEMENT_V3_ORIGIN``  ``SMARTCAR_MANAGEMENT_API_V3_ORIGIN``
``compatibility_v3``  ``CARWIRE_COMPATIBILITY_V3_ORIGIN``  ``SMARTCAR_COMPATIBILITY_API_V3_ORIGIN``
====================  ==============================  ============================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from carwire_client.call import Role
from carwire_client.errors import NotConfigured

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105  # a path
EVERY_ROLE: Final = "CARWIRE_ORIGIN"
VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "api": ("CARWIRE_API_ORIGIN", "SMARTCAR_API_ORIGIN"),
    "token": ("CARWIRE_AUTH_ORIGIN", "SMARTCAR_AUTH_ORIGIN"),
    "connect": ("CARWIRE_CONNECT_ORIGIN", "SMARTCAR_CONNECT_ORIGIN"),
    "management": ("CARWIRE_MANAGEMENT_ORIGIN", "SMARTCAR_MANAGEMENT_API_ORIGIN"),
    "v3": (
        "CARWIRE_V3_ORIGIN",
        "SMARTCAR_API_V3_ORIGIN",
        "SMARTCAR_VEHICLE_API_V3_ORIGIN",
        "SMARTCAR_VEHICLE_API_ORIGIN",
    ),
    "iam": ("CARWIRE_IAM_ORIGIN", "SMARTCAR_IAM_ORIGIN"),
    "management_v3": ("CARWIRE_MANAGEMENT_V3_ORIGIN", "SMARTCAR_MANAGEMENT_API_V3_ORIGIN"),
    "compatibility_v3": ("CARWIRE_COMPATIBILITY_V3_ORIGIN", "SMARTCAR_COMPATIBILITY_API_V3_ORIGIN"),
}


class Origins(msgspec.Struct, frozen=True, kw_only=True):
    """Where each part is: scheme, host and port, no slash at the end. `token` is a whole address."""

    api: str
    token: str
    connect: str
    management: str
    v3: str
    iam: str
    management_v3: str
    compatibility_v3: str

    @classmethod
    def at(cls, origin: str) -> Origins:
        """Return the origins of a server that is everything. Raises `ValueError` for what is no http address."""
        return cls.of({EVERY_ROLE: origin})

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Origins:
        """Read the variables. Carwire's come first, then `CARWIRE_ORIGIN`, then the official SDKs'.

        Raises `NotConfigured` when none of them is there, `ValueError` for one that is no http address.
        """
        found = {role: _first(names, environ) for role, names in VARIABLES.items()}
        everywhere = found["api"] or _first((EVERY_ROLE,), environ)
        if everywhere is None:
            msg = f"Give origin=, or set {EVERY_ROLE} (or SMARTCAR_API_ORIGIN) in the environment"
            raise NotConfigured(msg)
        places = {role: place or everywhere for role, place in found.items()}
        return cls(**{**places, "token": token_address(places["token"])})

    def base(self, role: Role) -> str:
        """Return what comes before the path of a call."""
        place: str = getattr(self, role)
        return place


def token_address(place: str) -> str:
    """Return the address of the token endpoint: one official SDK gives it whole, the others give the origin.

    >>> token_address("https://auth.example.com"), token_address("https://auth.example.com/oauth/token")
    ('https://auth.example.com/oauth/token', 'https://auth.example.com/oauth/token')
    """
    return place if place.endswith(TOKEN_PATH) else place + TOKEN_PATH


def _first(names: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """Return the first of the variables that is set; `CARWIRE_ORIGIN` goes before those that are not Carwire's own."""
    own = [name for name in names if name.startswith("CARWIRE_")]
    others = [name for name in names if name not in own]
    for name in (*own, EVERY_ROLE, *others):
        if value := environ.get(name, "").strip():
            return _checked(name, value)
    return None


def _checked(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        msg = f"{name} must be an address like https://carwire.example.com, not {value!r}"
        raise ValueError(msg)
    return value.rstrip("/")


SMARTCAR: Final = Origins(
    api="https://api.smartcar.com",
    token="https://auth.smartcar.com/oauth/token",  # noqa: S106  # an address
    connect="https://connect.smartcar.com",
    management="https://management.smartcar.com",
    v3="https://vehicle.api.smartcar.com",
    iam="https://iam.smartcar.com",
    management_v3="https://management.api.smartcar.com",
    compatibility_v3="https://compatibility.api.smartcar.com",
)
