"""What every store does for applications that ask for themselves: secrets, tokens, connections, answers, owners."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.storage.conftest import NOW, application, car, command, connect, digest, owner, pair, reading

from carwire.core.applications import ClientSecret
from carwire.core.errors import InvalidInput
from carwire.core.grants import AccessToken, ApprovedCar, Principal
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem
from carwire.core.vehicles import ConnectedVehicle, ConnectionFilter, ConnectionPage, Mode, Vehicle
from carwire.kit.secrets import Secret

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NO_FILTER = ConnectionFilter()


def secret(name: str, client_id: str = "app", hours: int = 0, ends: int | None = None) -> ClientSecret:
    """Return a secret made so many hours after `NOW`."""
    expires_at = None if ends is None else NOW + ends * HOUR
    return ClientSecret(name, client_id, digest(name), NOW + hours * HOUR, expires_at)


async def vehicle_of(
    store: Store, account: str = "o", vin: str = "1", seconds: int = 0, mode: Mode = "simulated"
) -> Vehicle:
    """Connect a car of an owner and return the vehicle."""
    cars = (ApprovedCar(car(vin), ("read_odometer", "read_vin")),)
    await connect(store, owner=owner(account, mode=mode), cars=cars, at=NOW + seconds * SECOND)
    page, _, _ = await store.connected("app", ConnectionFilter(mode=mode), ConnectionPage(100))
    return next(each.vehicle for each in page if each.vehicle.car.vin == car(vin).vin)


# Secrets and tokens


async def test_a_new_secret_ends_those_of_before_unless_they_end_sooner(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    assert await store.add_secret(secret("a"), None) is True
    assert await store.add_secret(secret("b", hours=1, ends=2), None) is True
    assert await store.add_secret(secret("z", "other"), None) is True
    assert await store.add_secret(secret("c", hours=2), NOW + DAY) is True
    assert await store.secrets("app") == [secret("a", ends=24), secret("b", hours=1, ends=2), secret("c", hours=2)]
    assert await store.secrets("other") == [secret("z", "other")]
    assert await store.add_secret(secret("d", "nobody"), None) is False
    assert [each.lives(NOW + 3 * HOUR) for each in await store.secrets("app")] == [True, False, True]


async def test_a_token_lives_until_it_ends_or_its_secret_is_deleted(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await store.add_secret(secret("a"), None)
    await store.add_secret(secret("b"), None)
    for name in "ab":
        assert await store.issue(name, digest(f"token {name}"), NOW + HOUR) is True
    assert await store.issue("none", digest("token none"), NOW + HOUR) is False
    found = AccessToken(Principal("app"), None, NOW + HOUR)
    assert await store.application_token(digest("token a"), NOW) == found
    assert await store.application_token(digest("token a"), NOW + HOUR) is None
    assert await store.application_token(digest("token none"), NOW) is None
    assert await store.delete_secret("other", "a") is False
    assert await store.delete_secret("app", "a") is True
    assert await store.delete_secret("app", "a") is False
    assert await store.application_token(digest("token a"), NOW) is None
    assert await store.application_token(digest("token b"), NOW) == found
    assert await store.tidy(NOW + HOUR) == 1
    assert await store.application_token(digest("token b"), NOW) is None
    assert await store.delete("app") is True
    assert await store.secrets("app") == []


async def test_a_token_reaches_vehicles_of_its_application_for_one_owner_or_any(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    for client_id in ("app", "other"):
        await store.add_secret(secret(f"of {client_id}", client_id), None)
        await store.issue(f"of {client_id}", digest(client_id), NOW + HOUR)
    one = await vehicle_of(store, "one")
    two = await vehicle_of(store, "two", seconds=5, mode="live")
    token = AccessToken(Principal("app"), None, NOW + HOUR)
    assert await store.reach_by_application(digest("app"), None, one.id, NOW) == (token, one)
    for vehicle in (one, two):
        mine = msgspec.structs.replace(token, principal=Principal("app", vehicle.user_id))
        assert await store.reach_by_application(digest("app"), vehicle.user_id, vehicle.id, NOW) == (mine, vehicle)
    for digest_of, user_id, vehicle_id in (
        ("other", None, one.id),
        ("other", one.user_id, one.id),
        ("app", "nobody", one.id),
        ("app", None, "none"),
        ("app", None, "\0"),
    ):
        found = await store.reach_by_application(digest(digest_of), user_id, vehicle_id, NOW)
        assert found is not None
        assert found[1] is None
    assert await store.reach_by_application(digest("app"), None, one.id, NOW + HOUR) is None
    assert await store.reach_by_application(digest("unknown"), None, one.id, NOW) is None


# Connections


async def test_connections_come_with_their_vehicles(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    vehicles = [await vehicle_of(store, f"o{n}", f"{n}", n) for n in range(5)]
    await connect(store, client_id="other")
    anew = (ApprovedCar(car("1"), ("read_vin",)),)
    await connect(store, owner=owner("o1"), cars=anew, at=NOW + 60 * SECOND)
    found, total, cursor = await store.connected("app", NO_FILTER, ConnectionPage(10))
    assert (total, cursor) == (5, None)
    assert [each.vehicle.id for each in found] == [each.id for each in vehicles[::-1]]
    changed = found[3]
    assert changed.vehicle.permissions == {"read_vin"}
    assert (changed.vehicle.connected_at, changed.updated_at) == (NOW + SECOND, NOW + 60 * SECOND)
    assert len({each.id for each in found}) == 5


async def by_cursor(store: Store, order: ConnectionPage) -> list[ConnectedVehicle]:
    """Return a whole list, page after page."""
    found: list[ConnectedVehicle] = []
    while True:
        some, total, after = await store.connected("app", NO_FILTER, order)
        assert total == 5
        found += some
        if after is None:
            return found
        order = msgspec.structs.replace(order, after=after)


@pytest.mark.parametrize("by", ["connected_at", "updated_at"])
@pytest.mark.parametrize("newest_first", [True, False])
async def test_pages_and_cursors_lead_through_every_order(store: Store, by: str, newest_first: bool) -> None:
    for n in range(5):
        await vehicle_of(store, f"o{n}", f"{n}", n // 2)  # some at the same moment
    await connect(store, owner=owner("o1"), cars=(ApprovedCar(car("1"), ("read_vin",)),), at=NOW + 60 * SECOND)
    order = ConnectionPage(10, by=by, newest_first=newest_first)  # type: ignore[arg-type]
    whole, _, _ = await store.connected("app", NO_FILTER, order)
    moments = [each.updated_at if by == "updated_at" else each.vehicle.connected_at for each in whole]
    assert moments == sorted(moments, reverse=newest_first)
    two = msgspec.structs.replace(order, limit=2)
    assert await by_cursor(store, two) == whole
    for offset, expected in ((0, whole[:2]), (2, whole[2:4]), (4, whole[4:]), (6, [])):
        page, total, _ = await store.connected("app", NO_FILTER, msgspec.structs.replace(two, offset=offset))
        assert (page, total) == (expected, 5)


async def test_a_cursor_leads_nowhere_for_another_application_or_order(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    for n in range(2):
        await vehicle_of(store, f"o{n}", f"{n}", n)
    _, _, cursor = await store.connected("app", NO_FILTER, ConnectionPage(1))
    assert cursor
    for client_id, page in (
        ("other", ConnectionPage(1, after=cursor)),
        ("app", ConnectionPage(1, after=cursor, by="updated_at")),
        ("app", ConnectionPage(1, after=cursor, newest_first=False)),
        ("app", ConnectionPage(1, after=cursor[:-2])),
        ("app", ConnectionPage(1, after="nonsense")),
    ):
        with pytest.raises(InvalidInput, match="cursor"):
            await store.connected(client_id, NO_FILTER, page)
    with pytest.raises(InvalidInput, match="cursor"):
        await store.connections("app", NO_FILTER, 1, cursor)


async def test_one_connection_is_found_and_cut_by_its_id(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    one, two = await vehicle_of(store, "one", "1"), await vehicle_of(store, "two", "2", 1)
    found, _, _ = await store.connected("app", NO_FILTER, ConnectionPage(10))
    ids = {each.vehicle.id: each.id for each in found}
    wanted = ConnectionFilter(id=ids[one.id])
    (only,), total, _ = await store.connected("app", wanted, ConnectionPage(10))
    assert (only.vehicle, total) == (one, 1)
    assert await store.connected("other", wanted, ConnectionPage(10)) == ([], 0, None)
    assert await store.disconnect("other", wanted, NOW) == []
    assert [each.vehicle_id for each in await store.disconnect("app", wanted, NOW)] == [one.id]
    assert (await store.connected("app", NO_FILTER, ConnectionPage(10)))[0][0].vehicle == two


# Owners


async def test_an_owner_goes_with_everything_of_theirs(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    one = await vehicle_of(store, "one", "1")
    await connect(store, client_id="other", owner=owner("one", "other"))
    approval = await connect(store, owner=owner("one"))
    assert approval.code_digest
    assert await store.redeem(approval.code_digest, pair("one"), NOW) == "done"
    await store.keep(one, {"a": reading()}, NOW)
    given = command(one.id, one.car.id)
    await store.accept(given, "key")
    await store.end(given.id, "not_sent", Problem("PERMISSION", NOW), NOW)
    assert await store.delete_owner("other", one.user_id, NOW) is None
    assert await store.delete_owner("app", "nobody", NOW) is None
    (gone,) = await store.delete_owner("app", one.user_id, NOW) or []
    assert gone.vehicle_id == one.id
    assert await store.delete_owner("app", one.user_id, NOW) is None
    assert await store.connected("app", NO_FILTER, ConnectionPage(10)) == ([], 0, None)
    assert await store.access_token(digest("access one"), NOW) is None
    assert await store.refresh_token(digest("refresh one")) is None
    assert await store.command(given.id) is None
    assert await store.maker_session(one) is None
    assert [each.kind for each in await store.audit()][-2:] == ["connection.cut", "owner.deleted"]
    (left,), _, _ = await store.connected("other", NO_FILTER, ConnectionPage(10))
    assert left.vehicle.car.id == one.car.id, "the other application's is another owner"
    again = await vehicle_of(store, "one", "1")
    assert again.id != one.id
    assert again.user_id != one.user_id


async def test_an_owner_who_goes_leaves_what_another_leads_to(store: Store) -> None:
    one = await vehicle_of(store, "one", "1")
    two = await vehicle_of(store, "two", "1", 1, mode="live")
    assert one.id == two.id
    given = command(one.id, one.car.id)
    await store.accept(given, None)
    await store.delete_owner("app", one.user_id, NOW)
    assert await store.command(given.id) is not None
    assert await store.reach(Principal("app", two.user_id), two.id) == two


# Answers


async def test_a_problem_stands_beside_the_last_reading_until_there_is_another(store: Store) -> None:
    vehicle = await vehicle_of(store)
    early, late = Problem("VEHICLE_STATE:ASLEEP", NOW), Problem("UPSTREAM:NO_RESPONSE", NOW + 9 * SECOND, 5.0)
    await store.keep(vehicle, {"never": early, "once": reading(1, fetched=5)}, NOW)
    assert await store.answers(vehicle) == {"never": early, "once": reading(1, fetched=5)}
    assert await store.readings(vehicle, ["never", "once"]) == {"once": reading(1, fetched=5)}
    await store.keep(vehicle, {"never": late, "once": early}, NOW)
    without = msgspec.structs.replace(late, retry_after=None)
    assert await store.answers(vehicle, ["never"]) == {"never": without}
    assert await store.answers(vehicle, ["once"]) == {"once": reading(1, fetched=5)}, "an answer from before"
    await store.keep(vehicle, {"once": late}, NOW)
    beside = msgspec.structs.replace(without, last=reading(1, fetched=5))
    assert await store.answers(vehicle, ["once", "none"]) == {"once": beside}
    assert await store.readings(vehicle, ["once"]) == {"once": reading(1, fetched=5)}
    assert await store.answers(vehicle, []) == {}
    asleep = reading(1, measured=0, fetched=20)
    await store.keep(vehicle, {"once": asleep, "never": asleep}, NOW)
    assert await store.answers(vehicle) == {"once": asleep, "never": asleep}, "measured before the problem was found"
    await store.disconnect("app", NO_FILTER, NOW)
    assert await store.answers(vehicle) == {}
    await store.keep(vehicle, {"once": late}, NOW)
    assert await store.answers(vehicle) == {}


async def test_a_whole_car_is_kept_at_once(store: Store) -> None:
    vehicle = await vehicle_of(store)
    told = {f"code {n}": reading(n) if n % 3 else Problem("PERMISSION", NOW) for n in range(150)}
    await store.keep(vehicle, told, NOW)
    assert await store.answers(vehicle) == told
    assert await store.answers(vehicle, list(told)[:60]) == dict(list(told.items())[:60])
