"""What every store does with connections, readings and budgets: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.storage.conftest import (
    NOW,
    Place,
    application,
    car,
    connect,
    digest,
    owner,
    pair,
    reading,
    session,
)

from carwire.core.budgets import Bucket, Budget
from carwire.core.errors import InvalidInput
from carwire.core.grants import ApprovedCar, Principal
from carwire.core.ports import Store
from carwire.core.vehicles import ConnectionFilter, Vehicle
from carwire.core.webhooks import SubscriptionFilter, Webhook
from carwire.kit.secrets import Secret, new_signing_secret
from carwire.storage.audit import first_break

pytestmark = pytest.mark.anyio
APP = Principal("app")
GRACE = timedelta(minutes=10)
SECOND = timedelta(seconds=1)


# Connections


async def fleet(store: Store) -> None:
    """Connect three cars of two owners, one of them live."""
    for n, (account, mode, external) in enumerate(
        (("a", "simulated", "x"), ("b", "live", "y"), ("a", "simulated", None))
    ):
        await connect(
            store,
            owner=owner(account, mode=mode),
            external_id=external,
            at=NOW + n * SECOND,
            cars=(ApprovedCar(car(f"{n}"), ("read_vin",)),),
        )


async def test_connections_are_listed_newest_first_and_filtered(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await fleet(store)
    await connect(store, client_id="other")
    found, after = await store.connections("app", ConnectionFilter(), 10, None)
    assert after is None
    assert [each.connected_at for each in found] == [NOW + n * SECOND for n in (2, 1, 0)]
    assert [each.external_id for each in found] == [None, "y", "x"]
    assert [each.mode for each in found] == ["simulated", "live", "simulated"]
    for wanted, numbers in (
        (ConnectionFilter(vehicle_id=found[1].vehicle_id), [1]),
        (ConnectionFilter(user_id=found[0].user_id), [0, 2]),
        (ConnectionFilter(mode="live"), [1]),
        (ConnectionFilter(external_id="x"), [2]),
        (ConnectionFilter(external_id="x", mode="live"), []),
        (ConnectionFilter(user_id=found[0].user_id, mode="simulated", vehicle_id=found[2].vehicle_id), [2]),
        (ConnectionFilter(vehicle_id="\0"), []),
    ):
        expected = [found[n] for n in numbers]
        assert (await store.connections("app", wanted, 10, None))[0] == expected, wanted
    assert (await store.connections("none", ConnectionFilter(), 10, None))[0] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_pages_of_connections_hold_each_once_even_when_their_moments_are_the_same(
    store: Store, limit: int
) -> None:
    for n in range(5):
        await connect(store, owner=owner(f"{n}"), cars=(ApprovedCar(car(f"{n % 3}"), ("read_vin",)),))
    whole, _ = await store.connections("app", ConnectionFilter(), 10, None)
    pages, after = [], None
    while True:
        page, after = await store.connections("app", ConnectionFilter(), limit, after)
        assert 1 <= len(page) <= limit
        pages += page
        if after is None:
            break
    assert pages == whole
    assert len(whole) == 5


async def test_a_cursor_works_for_its_application_only_and_says_nothing(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await fleet(store)
    page, after = await store.connections("app", ConnectionFilter(), 1, None)
    assert after is not None
    assert page[0].vehicle_id not in after
    for client_id, cursor in (("other", after), ("app", after[:-2]), ("app", "x"), ("app", ""), ("app", "ü\0")):
        with pytest.raises(InvalidInput) as caught:
            await store.connections(client_id, ConnectionFilter(), 1, cursor)
        assert caught.value.fields[0].field == "cursor"
    for n in range(0, len(after), 7):
        other = "A" if after[n] != "A" else "B"
        with pytest.raises(InvalidInput):
            await store.connections("app", ConnectionFilter(), 1, after[:n] + other + after[n + 1 :])


async def test_a_cut_connection_is_out_of_reach_at_once_while_its_grant_lives(store: Store) -> None:
    two = (ApprovedCar(car("1"), ("read_vin",)), ApprovedCar(car("2"), ("read_vin",)))
    approval = await connect(store, cars=two)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    principal = Principal("app", approval.owner.id, approval.grant_id)
    ids, total = await store.vehicles(principal, 10, 0)
    assert total == 2
    cut = await store.disconnect("app", ConnectionFilter(vehicle_id=ids[0]), NOW)
    assert [(each.vehicle_id, each.user_id) for each in cut] == [(ids[0], approval.owner.id)]
    assert await store.reach(principal, ids[0]) is None
    assert await store.vehicles(principal, 10, 0) == ([ids[1]], 1)
    assert await store.access_token(digest("access 1"), NOW) is not None
    assert await store.disconnect("app", ConnectionFilter(vehicle_id=ids[0]), NOW) == []
    assert await store.disconnect("other", ConnectionFilter(), NOW) == []
    assert await store.reach(principal, ids[1]) is not None


async def test_cutting_one_owner_s_connection_leaves_what_another_owner_of_the_car_has_granted(store: Store) -> None:
    mine, theirs = [
        await connect(store, owner=owner(name), cars=(ApprovedCar(car(), (permission,)),))
        for name, permission in (("me", "read_vin"), ("somebody else", "read_odometer"))
    ]
    for name, approval in (("mine", mine), ("theirs", theirs)):
        assert await store.redeem(approval.code_digest or b"", pair(name), NOW) == "done"
    (vehicle_id,), _ = await store.vehicles(Principal("app", mine.owner.id), 10, 0)

    async def reached() -> list[object]:
        found = [await store.reach_by_token(digest(f"access {name}"), vehicle_id, NOW) for name in ("mine", "theirs")]
        return [each and each[1] and (each[1].user_id, {*each[1].permissions}) for each in found]

    both = [(mine.owner.id, {"read_vin"}), (theirs.owner.id, {"read_odometer"})]
    assert await reached() == both
    await store.disconnect("app", ConnectionFilter(user_id=mine.owner.id), NOW)
    assert await reached() == [None, both[1]]


async def test_a_revoked_grant_reaches_nothing_while_its_connection_stays(store: Store) -> None:
    approval = await connect(store)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    granted = Principal("app", approval.owner.id, approval.grant_id)
    (vehicle_id,), _ = await store.vehicles(granted, 10, 0)
    assert await store.revoke("app", digest("access 1"), NOW)
    assert await store.reach(granted, vehicle_id) is None
    assert await store.vehicles(granted, 10, 0) == ([], 0)
    assert await store.reach(Principal("app", approval.owner.id), vehicle_id) is not None


async def test_a_reconnected_car_has_its_old_id_but_old_grants_do_not_reach_it(store: Store) -> None:
    old = await connect(store)
    ids, _ = await store.vehicles(APP, 10, 0)
    await store.disconnect("app", ConnectionFilter(), NOW)
    new = await connect(store, at=NOW + SECOND)
    assert (await store.vehicles(APP, 10, 0))[0] == ids
    assert await store.reach(Principal("app", old.owner.id, old.grant_id), ids[0]) is None
    found = await store.reach(Principal("app", old.owner.id, new.grant_id), ids[0])
    assert found is not None
    assert found.connected_at == NOW + SECOND


async def test_the_last_connection_takes_subscriptions_readings_and_sign_in_with_it(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await store.add_webhook(Webhook("hook", "app", "n", "https://a.example", NOW), new_signing_secret())
    one = await connect(store, owner=owner("one"))
    two = await connect(store, owner=owner("two"))
    await connect(store, client_id="other", owner=owner("one", "other"))
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    first = await store.reach(Principal("app", one.owner.id), vehicle_id)
    second = await store.reach(Principal("app", two.owner.id), vehicle_id)
    assert first is not None
    assert second is not None
    assert await store.subscribe(first, "hook", NOW)
    assert await store.subscribe(second, "hook", NOW)
    await store.keep(first, {"a": reading()}, NOW)

    await store.disconnect("app", ConnectionFilter(user_id=one.owner.id), NOW)
    assert await store.maker_session(first) is None
    assert await store.maker_session(second) is not None
    (left,), _ = await store.subscriptions("app", SubscriptionFilter(), 10, 0)
    assert left.vehicle.user_id == two.owner.id
    assert await store.readings(first, ["a"]), "the same account is connected in the other application"
    assert await store.readings(second, ["a"]) == {}, "what a car said to one account is not for another"
    await store.disconnect("app", ConnectionFilter(), NOW)
    assert await store.maker_session(second) is None
    assert await store.readings(first, ["a"]), "the other application is connected still"
    assert await store.subscribe(first, "hook", NOW) is None
    assert await store.subscriptions("app", SubscriptionFilter(), 10, 0) == ([], 0)
    await store.disconnect("other", ConnectionFilter(), NOW)
    assert await store.readings(first, ["a"]) == {}
    await store.keep(first, {"a": reading()}, NOW)
    assert await store.readings(first, ["a"]) == {}, "an answer that comes late is not kept"


async def test_a_renewed_sign_in_is_kept_unless_the_owner_has_left(store: Store) -> None:
    approval = await connect(store)
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    vehicle = await store.reach(APP, vehicle_id)
    assert vehicle is not None
    await store.keep_maker_session(approval.owner.id, Secret("renewed"))
    kept = await store.maker_session(vehicle)
    assert kept is not None
    assert kept.reveal() == "renewed"
    await store.disconnect("app", ConnectionFilter(), NOW)
    await store.keep_maker_session(approval.owner.id, Secret("too late"))
    assert await store.maker_session(vehicle) is None


# Readings and budgets


async def connected_car(store: Store) -> Vehicle:
    """Connect a car and return it as its owner's vehicle."""
    await connect(store)
    vehicle = await store.reach(APP, (await store.vehicles(APP, 1, 0))[0][0])
    assert vehicle is not None
    return vehicle


@pytest.mark.parametrize(
    "value", [None, True, 0, -3, 1.0, 0.1, 1e-9, 2**53, "", "text ü \\ \" '", {"a": [1, {"b": None}], "ü": False}]
)
async def test_a_reading_comes_back_as_it_was_kept(store: Store, value: object) -> None:
    car = await connected_car(store)
    kept = msgspec.structs.replace(reading(value, measured=None), unit=None, maker_at=NOW - SECOND)
    await store.keep(car, {"a": kept, "b": reading(value, measured=0.000001)}, NOW)
    found = await store.readings(car, ["a", "b"])
    assert found == {"a": kept, "b": reading(value, measured=0.000001)}
    assert [type(each.value) for each in found.values()] == [type(value)] * 2


async def test_readings_are_given_by_code_in_the_order_asked(store: Store) -> None:
    car = await connected_car(store)
    await store.keep(car, {f"{n}": reading(n) for n in range(120)}, NOW)
    assert list(await store.readings(car, ["7", "none", "3", "119"])) == ["7", "3", "119"]
    assert await store.readings(car, []) == {}
    assert await store.readings(msgspec.structs.replace(car, account=b"another"), ["7"]) == {}
    assert (await store.readings(car, ["42"]))["42"].value == 42
    await store.keep(car, {}, NOW)


async def test_a_reading_measured_earlier_does_not_replace_a_later_one(store: Store) -> None:
    car = await connected_car(store)
    for told, kept in (
        (reading(1, measured=10, fetched=10), 1),
        (reading(2, measured=9, fetched=99), 1),
        (reading(3, measured=10, fetched=5), 3),
        (reading(4, measured=11), 4),
        (reading(5, measured=None, fetched=10), 4),
        (reading(6, measured=None, fetched=12), 6),
        (reading(7, measured=11.999999, fetched=50), 6),
        (reading(8, measured=12, fetched=0), 8),
    ):
        await store.keep(car, {"a": told, "b": reading(told.value, measured=100 + told.value)}, NOW)  # type: ignore[operator]
        found = await store.readings(car, ["a", "b"])
        assert (found["a"].value, found["b"].value) == (kept, told.value)


async def test_a_change_is_noted_and_never_set_back(store: Store) -> None:
    car_id = (await connected_car(store)).car.id
    vehicle_id = (await store.vehicles(APP, 1, 0))[0][0]
    for at, noted in ((5, 5), (3, 5), (7, 7)):
        await store.mark_changed(car_id, NOW + at * SECOND)
        vehicle = await store.reach(APP, vehicle_id)
        assert vehicle is not None
        assert vehicle.car.changed_at == NOW + noted * SECOND
    await connect(store)
    vehicle = await store.reach(APP, vehicle_id)
    assert vehicle is not None
    assert vehicle.car.changed_at == NOW + 7 * SECOND
    await store.mark_changed("none", NOW)


async def test_a_budget_is_spent_refilled_and_kept_per_car(store: Store) -> None:
    budget = Budget(Bucket(2, 60.0), Bucket(1, 3600.0))
    assert await store.spend("car", budget, NOW, calls=1, wakes=1) is None
    assert await store.spend("car", budget, NOW, calls=1, wakes=1) == pytest.approx(3600, abs=0.01)
    assert await store.spend("car", budget, NOW, calls=1, wakes=0) is None
    assert await store.spend("car", budget, NOW, calls=1, wakes=0) == pytest.approx(30, abs=0.01)
    assert await store.spend("car", budget, NOW + timedelta(seconds=29), calls=1, wakes=0) == pytest.approx(1, abs=0.01)
    assert await store.spend("car", budget, NOW + timedelta(seconds=31), calls=1, wakes=0) is None
    assert await store.spend("car", budget, NOW, calls=1, wakes=0) is not None, "an old moment refills nothing"
    assert await store.spend("other", budget, NOW, calls=2, wakes=1) is None


async def test_how_full_a_budget_is_can_be_looked_at_without_spending(store: Store) -> None:
    budget = Budget(Bucket(2, 60.0), Bucket(1, 3600.0))
    assert await store.level("car") is None
    await store.spend("car", budget, NOW, calls=1, wakes=1)
    level = await store.level("car")
    assert level is not None
    assert (level.calls, level.wakes) == (1.0, 0.0)
    assert level.at == pytest.approx(NOW.timestamp(), abs=1e-6)
    assert await store.level("car") == level
    assert await store.spend("car", budget, NOW, calls=1, wakes=0) is None
    assert await store.level("other") is None


async def test_budgets_of_cars_nobody_is_connected_to_go_after_two_days(store: Store) -> None:
    budget = Budget(Bucket(2, 60.0), Bucket(1, 3600.0))
    await connect(store)
    vehicle = await store.reach(APP, (await store.vehicles(APP, 1, 0))[0][0])
    assert vehicle is not None
    for car_id in ("never connected", vehicle.car.id):
        assert await store.spend(car_id, budget, NOW, calls=2, wakes=1) is None
    two_days = timedelta(days=2)
    await store.tidy(NOW + timedelta(hours=1))  # what approvals leave behind
    assert await store.tidy(NOW + two_days - SECOND) == 0
    assert await store.tidy(NOW + two_days) == 1
    assert await store.spend("never connected", budget, NOW, calls=2, wakes=1) is None, "a new one is full"
    assert await store.spend(vehicle.car.id, budget, NOW, calls=2, wakes=1) is not None
    await store.disconnect("app", ConnectionFilter(), NOW)
    assert await store.tidy(NOW + two_days) == 2


async def test_a_cut_and_its_line_of_the_audit_are_written_together(store: Store) -> None:
    await fleet(store)
    before = len(await store.audit())
    cut = await store.disconnect("app", ConnectionFilter(mode="simulated"), NOW + SECOND)
    lines = await store.audit()
    assert [(line.kind, line.subject, line.detail, line.at) for line in lines[before:]] == [
        ("connection.cut", each.vehicle_id, {"user_id": each.user_id}, NOW + SECOND) for each in cut
    ]
    assert len(cut) == 2
    assert first_break(lines) is None


async def test_an_approval_or_a_repair_whose_line_cannot_be_written_did_not_happen(
    disk: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    store = disk.open()
    await store.add(application(), Secret("x"))
    done = await connect(store)
    (vehicle_id,), _ = await store.vehicles(Principal("app"), 1, 0)
    asked = session()
    await store.open_session(asked)
    monkeypatch.setattr("carwire.storage.sql.auditing.chain", fail)
    again = msgspec.structs.replace(
        done, session_id=asked.id, session_version=1, grant_id="late", code_digest=digest("late"), cars=done.cars
    )
    with pytest.raises(ZeroDivisionError):
        await store.approve(again)
    with pytest.raises(ZeroDivisionError):
        await store.repair(asked.id, 1, vehicle_id, done.owner.id, Secret("new"), now=NOW)
    assert await store.code(digest("late")) is None
    assert await store.session(asked.id) == asked
    reached = await store.reach(Principal("app"), vehicle_id)
    assert reached is not None
    assert (await store.maker_session(reached) or Secret("")).reveal() == done.maker_session.reveal()
    assert [line.kind for line in await store.audit()] == ["connect.approved"]


async def test_a_cut_whose_line_cannot_be_written_did_not_happen(disk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    store = disk.open()
    await store.add(application(), Secret("x"))
    await connect(store)
    monkeypatch.setattr("carwire.storage.sql.auditing.chain", fail)
    with pytest.raises(ZeroDivisionError):
        await store.disconnect("app", ConnectionFilter(), NOW)
    assert (await store.vehicles(APP, 1, 0))[1] == 1
