"""Connecting cars without a browser: what a run of Connect leaves behind, for tests that begin where it ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from carwire.app import Carwire
from carwire.core.grants import ApprovedCar, Consent
from carwire.core.permissions import PERMISSIONS
from carwire.core.ports import Source, Store
from carwire.core.sources import Login, SignedIn
from carwire.kit.secrets import Secret, SecretHasher, new_token
from carwire.services.connect.unattended import unattended_approval
from carwire.services.tokens import Tokens


@dataclass
class Connected:
    """An owner who has connected cars to an application."""

    client_id: str
    user_id: str
    vehicle_ids: list[str]
    vins: list[str]
    code: Secret
    tokens: Tokens

    @property
    def bearer(self) -> tuple[bytes, bytes]:
        """The authorization header of the access token."""
        return b"authorization", b"Bearer " + self.tokens.access_token.reveal().encode()

    @property
    def vehicle_id(self) -> str:
        """The only car's id."""
        (vehicle_id,) = self.vehicle_ids
        return vehicle_id


async def approve(  # noqa: PLR0917
    store: Store,
    hasher: SecretHasher,
    source: Source,
    client_id: str,
    username: str = "owner@example.com",
    make: str = "CHEVROLET",
    permissions: Iterable[str] = PERMISSIONS,
    now: datetime | None = None,
    redirect_uri: str | None = "https://example.com/auth",
    challenge: str | None = None,
    vins: Collection[str] | None = None,
) -> tuple[str, Secret, tuple[str, ...]]:
    """Write the approval of an owner for the cars of a login: all of them, or those of `vins`.

    Returns the user id, the code, and the VINs. Raises `ValueError` for a login that asks a question back or fails.
    """
    now = now or datetime.now(UTC)
    signed = await source.sign_in(Login(username, Secret("any"), make), now=now)
    if not isinstance(signed, SignedIn):
        msg = f"{username} cannot sign in without a page: {signed}"
        raise ValueError(msg)
    begun = await unattended_approval(store, hasher, source, client_id, signed, Consent("1", "en", "Tests"), now)
    code, granted = new_token(), tuple(sorted(permissions))
    approval = msgspec.structs.replace(
        begun,
        cars=tuple(ApprovedCar(car, granted) for car in signed.cars if vins is None or car.vin in vins),
        code_digest=hasher.hash(code),
        redirect_uri=redirect_uri,
        challenge=challenge,
    )
    assert await store.approve(approval)
    return approval.owner.id, code, tuple(each.source_car.vin for each in approval.cars)


async def connect(  # noqa: PLR0917
    carwire: Carwire,
    hasher: SecretHasher,
    source: Source,
    client_id: str,
    username: str = "owner@example.com",
    make: str = "CHEVROLET",
    permissions: Iterable[str] = PERMISSIONS,
    now: datetime | None = None,
    vins: Collection[str] | None = None,
) -> Connected:
    """Connect the cars of a login and exchange the code; otherwise as `approve`."""
    user_id, code, approved = await approve(
        carwire.store, hasher, source, client_id, username, make, permissions, now, vins=vins
    )
    tokens = await carwire.services.tokens.redeem(code)
    assert tokens
    access = await carwire.services.access.token(tokens.access_token)
    ids, _ = await carwire.services.vehicles.page(access, 50, 0)
    return Connected(client_id, user_id, ids, list(approved), code, tokens)
