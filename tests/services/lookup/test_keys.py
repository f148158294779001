"""Recognising keys: they are remembered until anybody writes to one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.storage.conftest import Place, application, cluster, empty_database, place, postgres_url

from carwire.core.lookup.keys import Rights
from carwire.core.lookup.refusal import LookupRefused
from carwire.kit.secrets import Secret, SecretHasher
from carwire.services.lookup.keys import KeyService, Proofs

__all__ = ["cluster", "empty_database", "place", "postgres_url"]
pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 22, tzinfo=UTC)


async def test_a_key_is_remembered_until_somebody_ends_it_in_whichever_process(place: Place) -> None:
    stores = [place.open(), place.open()]
    await stores[0].add(application(), Secret("management token of app"))
    one, other = (KeyService(store, SecretHasher(bytes(range(32))), lambda: NOW) for store in stores)
    new = await one.create("app", "sec", "", Rights())
    proofs = Proofs((new.secret.reveal(),), ())
    asked = 0
    find = stores[0].find_api_key

    async def counted(digest: bytes) -> object:
        nonlocal asked
        asked += 1
        return await find(digest)

    stores[0].find_api_key = counted  # type: ignore[method-assign, assignment]
    assert [(await one.recognise(proofs)).id for _ in range(60)] == [new.key.id] * 60
    assert asked < 30  # PostgreSQL is asked beside them whether anybody wrote: we did
    await other.revoke(new.key.id)
    for _ in range(100):
        try:
            await one.recognise(proofs)
        except LookupRefused as refused:
            assert refused.code == "key_revoked"
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("a key that was ended opens for more than a second")
    with pytest.raises(LookupRefused):
        await other.recognise(proofs)
