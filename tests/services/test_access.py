"""Who asks, and which vehicles they reach: the one way from a token to a vehicle."""

from __future__ import annotations

import pytest
from tests.fakes import FakeSource, Middle

from carwire.core.errors import NotAuthenticated
from carwire.core.grants import ACCESS_LIFE, Principal
from carwire.core.ports import Store
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, new_token

pytestmark = pytest.mark.anyio


@pytest.fixture
def middle(store: Store) -> Middle:
    return Middle(store, FakeSource())


async def entered(middle: Middle, client_id: str, username: str) -> tuple[Secret, list[str]]:
    """An owner's access token and the ids it lists."""
    tokens = await middle.tokens.redeem(await middle.code(client_id, username))
    assert tokens
    ids, _ = await middle.vehicles.page(await middle.access.token(tokens.access_token), 50, 0)
    return tokens.access_token, ids


async def test_a_token_stands_for_application_owner_and_grant(middle: Middle) -> None:
    client_id = await middle.application()
    token, (vehicle_id,) = await entered(middle, client_id, "owner")
    found, vehicle = await middle.access.vehicle(token, vehicle_id)
    assert found == await middle.access.token(token)
    assert found.principal.client_id == client_id
    assert found.principal.user_id
    assert found.principal.grant_id
    assert found.mode == "simulated"
    assert found.expires_at == middle.clock() + ACCESS_LIFE
    assert vehicle
    assert (vehicle.id, vehicle.client_id, vehicle.user_id) == (vehicle_id, client_id, found.principal.user_id)


async def test_a_token_reaches_no_vehicle_but_those_of_its_grant(middle: Middle) -> None:
    """Another owner's of the same application, another application's with the same car, another grant's."""
    client_id, other = await middle.application(), await middle.application("Other")
    token, (own,) = await entered(middle, client_id, "one:CAR1")
    _, (of_another_owner,) = await entered(middle, client_id, "two:CAR2")
    _, (of_another_application,) = await entered(middle, other, "one:CAR1")
    later, (later_id,) = await entered(middle, client_id, "one:CAR1")
    assert own != of_another_application, "the same car has another id in another application"
    assert own == later_id
    for vehicle_id in (of_another_owner, of_another_application, new_id(), "", "x"):
        assert (await middle.access.vehicle(token, vehicle_id))[1] is None, vehicle_id
        assert (await middle.access.vehicle(later, vehicle_id))[1] is None, vehicle_id
    assert (await middle.access.vehicle(token, own))[1]


async def test_a_car_with_two_owners_is_one_vehicle_with_the_permissions_of_whoever_asks(middle: Middle) -> None:
    client_id = await middle.application()
    (of_one,) = await middle.connected(client_id, "one:CAR1", permissions=["read_vin"])
    (of_two,) = await middle.connected(client_id, "two:CAR1", permissions=["read_odometer"])
    assert of_one.id == of_two.id
    assert [sorted(each.permissions) for each in (of_one, of_two)] == [["read_vin"], ["read_odometer"]]
    assert of_one.user_id != of_two.user_id


@pytest.mark.parametrize("text", ["", "x", "x" * 257, "é", "\ud800"])
async def test_what_is_no_token_is_nobody(middle: Middle, text: str) -> None:
    await entered(middle, await middle.application(), "owner")
    with pytest.raises(NotAuthenticated):
        await middle.access.token(Secret(text))
    with pytest.raises(NotAuthenticated):
        await middle.access.vehicle(new_token(), new_id())


async def test_a_token_that_died_reaches_nothing(middle: Middle) -> None:
    token, (vehicle_id,) = await entered(middle, await middle.application(), "owner")
    middle.clock.now += ACCESS_LIFE
    with pytest.raises(NotAuthenticated):
        await middle.access.vehicle(token, vehicle_id)


async def test_a_token_of_a_disconnected_vehicle_lives_and_reaches_nothing(middle: Middle) -> None:
    client_id = await middle.application()
    token, (vehicle_id,) = await entered(middle, client_id, "owner")
    assert await middle.vehicles.cut(client_id, ConnectionFilter(vehicle_id=vehicle_id))
    found, vehicle = await middle.access.vehicle(token, vehicle_id)
    assert vehicle is None
    assert await middle.vehicles.page(found, 50, 0) == ([], 0)


async def test_the_application_itself_reaches_all_its_vehicles_and_no_others(middle: Middle) -> None:
    client_id, other = await middle.application(), await middle.application("Other")
    (first,) = await middle.connected(client_id, "one:CAR1")
    (second,) = await middle.connected(client_id, "two:CAR2")
    (foreign,) = await middle.connected(other, "one:CAR1")
    reached = [await middle.store.reach(Principal(client_id), each.id) for each in (first, second, foreign)]
    assert [vehicle is not None for vehicle in reached] == [True, True, False]
