"""What a client is made with. The environment is read when one is made, never at import.

=====================  ==============================================================================================
argument               variables, the first that is set
=====================  ==============================================================================================
``client_id``          ``CARWIRE_CLIENT_ID``, ``SMARTCAR_CLIENT_ID``
``client_secret``      ``CARWIRE_CLIENT_SECRET``, ``SMARTCAR_CLIENT_SECRET``
``v3_client_id``       ``CARWIRE_V3_CLIENT_ID``: ``client_…``, which asks for the tokens of API v3
``v3_client_secret``   ``CARWIRE_V3_CLIENT_SECRET``
``redirect_uri``       ``CARWIRE_REDIRECT_URI``, ``SMARTCAR_REDIRECT_URI``
``api_version``        ``CARWIRE_API_VERSION``
=====================  ==============================================================================================

Where the server is stands in `carwire_client.origins`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from random import random
from time import monotonic
from typing import Any, Final, Literal

import msgspec

from carwire_client.call import Kind
from carwire_client.errors import NotConfigured
from carwire_client.origins import Origins
from carwire_client.retries import RetryPolicy
from carwire_client.secrets import Secret
from carwire_client.times import now

CLIENT_ID: Final = ("CARWIRE_CLIENT_ID", "SMARTCAR_CLIENT_ID")
CLIENT_SECRET: Final = ("CARWIRE_CLIENT_SECRET", "SMARTCAR_CLIENT_SECRET")
V3_CLIENT_ID: Final = ("CARWIRE_V3_CLIENT_ID",)
V3_CLIENT_SECRET: Final = ("CARWIRE_V3_CLIENT_SECRET",)
REDIRECT_URI: Final = ("CARWIRE_REDIRECT_URI", "SMARTCAR_REDIRECT_URI")
API_VERSION: Final = ("CARWIRE_API_VERSION",)
DEFAULT_VERSION: Final = "2.0"
CONNECTIONS: Final = 100  # of one client at most, idle or not
KEPT_S: Final = 30.0  # idle, before a connection is closed
_VERSION: Final = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")

UnitSystem = Literal["metric", "imperial"]
UNIT_SYSTEMS: Final[tuple[UnitSystem, ...]] = ("metric", "imperial")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """How long is waited, in seconds.

    - `connect`: for a connection
    - `read`, `command`, `once`: for the whole answer of one attempt, by the kind of the call. A car may be asked, and
      servers of this wire answer a command within 300 s
    - `overall`: for a call with all its attempts and waits
    """

    connect: float = 5.0
    read: float = 60.0
    command: float = 310.0
    once: float = 60.0
    overall: float = 310.0

    def of(self, kind: Kind) -> float:
        """Return how long one attempt may take."""
        seconds: float = getattr(self, kind)
        return seconds


class Wiring(msgspec.Struct, frozen=True, kw_only=True):
    """What drives a call: where to, how patiently, and the four things of the outside world that tests replace.

    `random` gives numbers from 0 to 1, `clock` seconds that never go back, `now` the time of day, `new_key` a text that
    nobody else draws. `largest` is how many bytes an answer may have.
    """

    origins: Origins
    timeouts: Timeouts = Timeouts()
    retry: RetryPolicy = RetryPolicy()
    largest: int = 16 * 1024 * 1024
    random: Callable[[], float] = random
    clock: Callable[[], float] = monotonic
    now: Callable[[], datetime] = now
    new_key: Callable[[], str] = lambda: str(uuid.uuid4())


class Credentials(msgspec.Struct, frozen=True):
    """The application: its id and its secret."""

    client_id: str
    client_secret: Secret


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What calls that belong to no vehicle are made with."""

    api_version: str = DEFAULT_VERSION
    client_id: str | None = None
    client_secret: Secret | None = None
    v3_client_id: str | None = None
    v3_client_secret: Secret | None = None

    def v3_credentials(self) -> Credentials:
        """Return what asks for the application's own tokens. Raises `NotConfigured` naming what is missing."""
        id_, secret = self.v3_client_id, self.v3_client_secret
        if not id_ or not secret:
            name, variable = ("v3_client_secret", V3_CLIENT_SECRET) if id_ else ("v3_client_id", V3_CLIENT_ID)
            msg = f"Give {name}=, or set {variable[0]} in the environment"
            raise NotConfigured(msg)
        return Credentials(id_, secret)

    def credentials(self, client_id: str | None = None, client_secret: str | Secret | None = None) -> Credentials:
        """Return what proves who asks, those given here first. Raises `NotConfigured` naming what is missing."""
        id_, secret = client_id or self.client_id, client_secret or self.client_secret
        for value, name, variable in ((id_, "client_id", CLIENT_ID), (secret, "client_secret", CLIENT_SECRET)):
            if not value:
                msg = f"Give {name}=, or set {variable[0]} (or {variable[1]}) in the environment"
                raise NotConfigured(msg)
        assert id_
        assert secret
        return Credentials(id_, Secret(secret))


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle and how it is asked. `token` is a `carwire_client.call.Token`; a text is wrapped at once.

    `max_age` and `stale_if_error`, in seconds, are Carwire's own: how old an answer may be, and how old when the car
    cannot be asked. Other servers ignore them.
    """

    id: str
    token: Any
    unit_system: UnitSystem = "metric"
    api_version: str = DEFAULT_VERSION
    flags: Mapping[str, str | bool] | None = None
    max_age: int | None = None
    stale_if_error: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.token, str):
            msgspec.structs.force_setattr(self, "token", Secret(self.token))


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """What calls of API v3 are made with: a token of the application, or the source of one."""

    token: Any

    def __post_init__(self) -> None:
        if isinstance(self.token, str):
            msgspec.structs.force_setattr(self, "token", Secret(self.token))


class OwnedReach(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle of an owner in API v3 and how it is asked; `max_age` is in seconds, Carwire's own."""

    id: str
    user_id: str
    token: Any
    unit_system: UnitSystem = "metric"
    max_age: int | None = None


def first_of(names: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """Return the first of the variables that is set and not empty."""
    return next((value for name in names if (value := environ.get(name, ""))), None)


def check_version(version: str) -> str:
    """Return an API version. Raises `ValueError` for what has not the form ``2.0``."""
    if not _VERSION.fullmatch(version):
        msg = f"An API version looks like 2.0, not {version!r}"
        raise ValueError(msg)
    return version


def check_unit_system(name: str) -> UnitSystem:
    """Return a unit system. Raises `ValueError` for what is neither metric nor imperial."""
    for known in UNIT_SYSTEMS:
        if name == known:
            return known
    msg = f"A unit system is metric or imperial, not {name!r}"
    raise ValueError(msg)
