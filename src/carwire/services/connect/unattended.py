"""What a run of Connect would write, had there been anybody to click through it: for the demo and for tests."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import msgspec

from carwire.core.grants import Approval, ApprovedCar, Consent
from carwire.core.permissions import PERMISSIONS
from carwire.core.ports import Source, Store
from carwire.core.sources import SignedIn
from carwire.core.vehicles import ConnectSession, Owner
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher
from carwire.services.connect.tools import account_digest


async def unattended_approval(  # noqa: PLR0917
    store: Store,
    hasher: SecretHasher,
    source: Source,
    client_id: str,
    signed: SignedIn,
    consent: Consent,
    now: datetime,
) -> Approval:
    """Store the owner who has signed in and a Connect session, and return the approval of every permission on every
    car of theirs, without a code. It is for the caller to change, and to hand to the store.
    """
    digest = account_digest(hasher, source.name, signed.account.reveal())
    owner = await store.owner(Owner(new_id(), client_id, source.name, "simulated", digest, now))
    session = ConnectSession(new_id(), client_id, secrets.token_bytes(32), b"{}", None, 1, now + timedelta(minutes=1))
    await store.open_session(session)
    return Approval(
        session_id=session.id,
        session_version=session.version,
        owner=owner,
        maker_session=signed.session,
        cars=tuple(ApprovedCar(car, tuple(sorted(PERMISSIONS))) for car in signed.cars),
        grant_id=new_id(),
        code_digest=None,
        redirect_uri=None,
        challenge=None,
        external_id=msgspec.UNSET,
        consent=consent,
        result=Secret("{}"),
        at=now,
    )
