"""Secrets with which applications ask for themselves: drawn, rotated with an overlap, ended, exchanged."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests.fakes import FakeSource, Middle

from carwire.core.applications import client_of_machine, machine_id
from carwire.core.errors import InvalidInput, NotAuthenticated
from carwire.core.grants import Principal
from carwire.core.ports import Store
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret
from carwire.services.credentials import CredentialService

pytestmark = pytest.mark.anyio
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@pytest.fixture
def middle(store: Store) -> Middle:
    """Services over each kind of store."""
    return Middle(store, FakeSource())


def credentials(middle: Middle) -> CredentialService:
    return CredentialService(middle.store, middle.hasher, middle.clock)


async def accepted(service: CredentialService, machine: str, secret: Secret) -> bool:
    try:
        await service.exchange(machine, secret)
    except NotAuthenticated:
        return False
    return True


async def test_a_secret_leads_to_tokens_of_an_hour(middle: Middle) -> None:
    client_id, service = await middle.application(), credentials(middle)
    new = await service.draw(client_id)
    assert new.machine_id == machine_id(client_id)
    first, second = [await service.exchange(new.machine_id, new.secret) for _ in range(2)]
    assert first.reveal() != second.reveal()
    assert TOKEN.fullmatch(first.reveal())
    assert (await middle.access.application(first)).principal == Principal(client_id)
    middle.clock.move(minutes=59)
    assert (await middle.access.application(second)).principal == Principal(client_id)
    middle.clock.move(minutes=1)
    for token in (first, new.secret, Secret("x"), Secret("x" * 1000)):
        with pytest.raises(NotAuthenticated):
            await middle.access.application(token)


async def test_a_rotated_secret_overlaps_and_then_ends(middle: Middle) -> None:
    client_id, service = await middle.application(), credentials(middle)
    old = await service.draw(client_id)
    middle.clock.move(seconds=1)
    new = await service.draw(client_id, timedelta(hours=2))
    assert [each.id for each in await service.of(client_id)] == [old.id, new.id]
    assert await accepted(service, old.machine_id, old.secret)
    token = await service.exchange(old.machine_id, old.secret)
    middle.clock.move(hours=2)
    assert not await accepted(service, old.machine_id, old.secret)
    assert await accepted(service, new.machine_id, new.secret)
    assert [each.id for each in await service.of(client_id)] == [new.id]
    with pytest.raises(NotAuthenticated):
        await middle.access.application(token)


async def test_without_an_overlap_the_old_secret_ends_at_once_and_its_tokens_live_on(middle: Middle) -> None:
    client_id, service = await middle.application(), credentials(middle)
    old = await service.draw(client_id)
    token = await service.exchange(old.machine_id, old.secret)
    await service.draw(client_id, timedelta(0))
    assert not await accepted(service, old.machine_id, old.secret)
    assert (await middle.access.application(token)).principal == Principal(client_id)
    await service.delete(client_id, old.id)
    with pytest.raises(NotAuthenticated):
        await middle.access.application(token)


async def test_only_the_right_pair_is_accepted(middle: Middle) -> None:
    client_id, other, service = await middle.application(), await middle.application("Other"), credentials(middle)
    own, foreign = await service.draw(client_id), await service.draw(other)
    bare = await middle.application("Without")
    for machine, secret in (
        (own.machine_id, foreign.secret),
        (foreign.machine_id, own.secret),
        (own.machine_id, Secret("")),
        (machine_id(bare), own.secret),
        (machine_id(new_id()), own.secret),
        (client_id, own.secret),
        ("client_", own.secret),
        ("client_" + "g" * 32, own.secret),
        ("client_\0", own.secret),
        ("\ud800", own.secret),
    ):
        assert not await accepted(service, machine, secret), machine
    assert await accepted(service, own.machine_id, own.secret)


async def test_what_does_not_exist_is_named(middle: Middle) -> None:
    client_id, other, service = await middle.application(), await middle.application("Other"), credentials(middle)
    own = await service.draw(client_id)
    for wrong in (service.draw("nobody"), service.draw("\u00fc"), service.delete(other, own.id)):
        with pytest.raises(InvalidInput):
            await wrong
    assert [each.id for each in await service.of(client_id)] == [own.id]


def test_machine_ids_lead_back_to_their_application() -> None:
    client_id = new_id()
    assert client_of_machine(machine_id(client_id)) == client_id
    assert [client_of_machine(text) for text in ("", "client_", client_id, f"client_{client_id}")] == [None] * 4
