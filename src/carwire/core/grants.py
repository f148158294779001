"""Who may do what to which car: principals, grants, codes and tokens.

An owner's approval makes a *grant*: one application, one owner, a set of vehicles. Its code is exchanged once for an
access token and a refresh token; a refresh replaces both and stays in the grant. Whatever proved who asks, a request
becomes one `Principal`, and below the edge nobody knows which kind of token it was.

Lifetimes: source, the wire contract's token chapter; the grace during which a used refresh token gives the same
successor again is documented as one minute and as ten, and the longer breaks nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from carwire.core.errors import CarwireError
from carwire.core.sources import SourceCar
from carwire.core.vehicles import Mode, Owner, Vehicle
from carwire.kit.secrets import Secret

CODE_LIFE: Final = timedelta(minutes=10)
ACCESS_LIFE: Final = timedelta(hours=2)
REFRESH_LIFE: Final = timedelta(days=60)
APPLICATION_LIFE: Final = timedelta(hours=1)  # of a token of the application itself
REFRESH_GRACE: Final = timedelta(minutes=10)


class Principal(msgspec.Struct, frozen=True, gc=False):
    """Who asks. A null `user_id` is the application itself, for all of its owners; a null `grant_id` reaches every
    vehicle connected, else only those of that grant.
    """

    client_id: str
    user_id: str | None = None
    grant_id: str | None = None


class Code(msgspec.Struct, frozen=True):
    """An authorization code as it is kept: by its digest, bound to application, redirect URI and PKCE challenge."""

    digest: bytes
    grant_id: str
    client_id: str
    redirect_uri: str | None
    challenge: str | None  # PKCE, method S256
    expires_at: datetime
    used_at: datetime | None = None


class RefreshToken(msgspec.Struct, frozen=True):
    """A refresh token as it is kept. `used_at` is when it was exchanged for its successor."""

    digest: bytes
    grant_id: str
    client_id: str
    expires_at: datetime
    used_at: datetime | None
    revoked: bool  # its grant is


class TokenPair(msgspec.Struct, frozen=True):
    """Digests and ends of a new access token and refresh token."""

    access_digest: bytes
    access_expires_at: datetime
    refresh_digest: bytes
    refresh_expires_at: datetime


# `done`: this call won. `again`: it was exchanged before, within the grace, for the same successor.
# `reused`: it was exchanged before, and the grant is revoked now. `unknown`: not there, expired or revoked.
Exchange = Literal["done", "again", "reused", "unknown"]


class AccessToken(msgspec.Struct, frozen=True, gc=False):
    """What a living access token stands for. A null `mode` is an application's own token: it reaches cars of both."""

    principal: Principal
    mode: Mode | None
    expires_at: datetime


class GrantMissing(CarwireError):
    """The owner has not granted this, or the vehicle is not connected to the application."""

    def __init__(self, permission: str | None = None) -> None:
        super().__init__()
        self.permission = permission


class ApprovedCar(msgspec.Struct, frozen=True):
    """A car in an approval: as its source knows it, what was granted on it, and the battery size picked, in kWh."""

    source_car: SourceCar
    permissions: tuple[str, ...]
    capacity_kwh: float | None = None


class Consent(msgspec.Struct, frozen=True):
    """What an owner agreed to, as shown: kept for them, never changed."""

    text_version: str
    language: str
    application_name: str


class Approval(msgspec.Struct, frozen=True):
    """All that one approval writes, in one transaction: connections, the grant, its code, the consent.

    `code_digest` is null when no code is handed out. `external_id` follows the wire: unset leaves what is stored, null
    clears it. `session_version` closes the Connect session only if nobody has touched it since it was read.
    """

    session_id: str
    session_version: int
    owner: Owner
    maker_session: Secret
    cars: tuple[ApprovedCar, ...]
    grant_id: str
    code_digest: bytes | None
    redirect_uri: str | None
    challenge: str | None
    external_id: str | msgspec.UnsetType | None
    consent: Consent
    result: Secret  # what the closed session answers again: the URL the browser is sent to, or the page's data
    at: datetime


def demand(vehicle: Vehicle, permission: str | None) -> None:
    """Raise `GrantMissing` unless the permission is granted on the vehicle, or none is needed."""
    if permission is not None and permission not in vehicle.permissions:
        raise GrantMissing(permission)
