"""What every store does with applications, sessions, approvals and webhooks: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.storage.conftest import (
    NOW,
    Place,
    application,
    car,
    command,
    connect,
    digest,
    owner,
    pair,
    reading,
    session,
)

from carwire.core.applications import Rules
from carwire.core.grants import ApprovedCar, Principal
from carwire.core.ports import Store
from carwire.core.vehicles import ConnectionFilter
from carwire.core.webhooks import SubscriptionFilter, Webhook
from carwire.kit.secrets import Secret, new_signing_secret
from carwire.storage.errors import Conflict

pytestmark = pytest.mark.anyio
APP = Principal("app")
GRACE = timedelta(minutes=10)
SECOND = timedelta(seconds=1)


# Applications


async def test_an_application_comes_back_as_it_was_stored(place: Place) -> None:
    store = place.open()
    assert await store.all() == []
    await store.add(application(), Secret("token one"))
    assert await store.find("app") == application()
    assert await store.find_by_management_token(application().management_token_digest) == application()
    assert (await store.find("other"), await store.find_by_management_token(bytes(32))) == (None, None)
    token = await store.management_token("app")
    assert token is not None
    assert token.reveal() == "token one"
    assert await store.management_token("other") is None


async def test_an_application_is_replaced_with_its_token_or_without(store: Store) -> None:
    rules = Rules(require_pkce=True, origins=("https://a.example",), scope="read_vin", country="DE")
    changed = msgspec.structs.replace(application(), name="Other ü", redirect_uris=(), rules=rules)
    assert await store.replace(changed) is True
    assert await store.find("app") == changed
    token = await store.management_token("app")
    assert token is not None
    assert token.reveal() == "management token of app"
    assert await store.replace(changed, Secret("two")) is True
    token = await store.management_token("app")
    assert token is not None
    assert token.reveal() == "two"
    assert await store.replace(application("other")) is False
    assert [each.client_id for each in await store.all()] == ["app"]


async def test_applications_are_listed_oldest_first(store: Store) -> None:
    await store.add(application("older", minutes=-5), Secret("x"))
    await store.add(application("newer", minutes=5), Secret("y"))
    assert [each.client_id for each in await store.all()] == ["older", "app", "newer"]


async def test_a_second_application_with_the_same_id_or_token_is_refused_and_changes_nothing(store: Store) -> None:
    same_token = msgspec.structs.replace(application("b"), management_token_digest=digest("token of app"))
    for twin in (application(minutes=1), same_token):
        with pytest.raises(Conflict):
            await store.add(twin, Secret("x"))
    await store.add(application("c"), Secret("x"))
    with pytest.raises(Conflict):
        await store.replace(msgspec.structs.replace(application("c"), management_token_digest=digest("token of app")))
    assert await store.all() == [application(), application("c")]


async def test_the_version_changes_with_every_write_to_applications(store: Store) -> None:
    seen = [store.version()]
    await store.add(application("b"), Secret("x"))
    seen.append(store.version())
    await store.replace(application("b", minutes=1))
    seen.append(store.version())
    await store.delete("b")
    seen.append(store.version())
    assert len(set(seen)) == 4


async def test_deleting_an_application_takes_everything_of_it_and_nothing_of_others(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    mine = await connect(store, external_id="alone")
    await connect(store, cars=(ApprovedCar(car("2"), ("read_vin",)),))
    theirs = await connect(store, client_id="other", cars=(ApprovedCar(car("2"), ("read_vin",)),))
    assert await store.redeem(mine.code_digest or b"", pair("mine"), NOW) == "done"
    assert await store.redeem(theirs.code_digest or b"", pair("theirs"), NOW) == "done"
    kept = session()
    await store.open_session(kept)
    await store.add_webhook(Webhook("hook", "app", "n", "https://a.example", NOW), new_signing_secret())
    (found,), _ = await store.connections("app", ConnectionFilter(external_id="alone"), 1, None)
    vehicle_id = found.vehicle_id
    vehicle = await store.reach(APP, vehicle_id)
    assert vehicle is not None
    await store.keep(vehicle, {"a": reading()}, NOW)
    await store.accept(command(vehicle_id, vehicle.car.id), "key")
    shared = await store.reach(Principal("other"), (await store.vehicles(Principal("other"), 1, 0))[0][0])
    assert shared is not None
    await store.keep(shared, {"a": reading()}, NOW)

    assert await store.delete("app") is True
    assert (await store.delete("app"), await store.find("app")) == (False, None)
    assert await store.vehicles(APP, 10, 0) == ([], 0)
    assert await store.reach(APP, vehicle_id) is None
    assert await store.access_token(digest("access mine"), NOW) is None
    assert await store.code(mine.code_digest or b"") is None
    assert await store.session(kept.id) is None
    assert await store.webhooks("app") == []
    assert (await store.readings(vehicle, ["a"])) == {}
    assert await store.access_token(digest("access theirs"), NOW) is not None
    assert await store.readings(shared, ["a"]) == {"a": reading()}
    assert (await store.vehicles(Principal("other"), 10, 0))[1] == 1


# Sessions


async def test_a_session_comes_back_as_it_was_stored(store: Store) -> None:
    first = session(secret=Secret("state"), record=b'{"a": "\xc3\xbc", "b":1}')
    await store.open_session(first)
    found = await store.session(first.id)
    assert found is not None
    assert found.secret is not None
    assert found.secret.reveal() == "state"
    assert msgspec.structs.replace(found, secret=None) == msgspec.structs.replace(first, secret=None)
    assert await store.session("other") is None


async def test_a_session_of_no_application_and_one_of_a_taken_id_are_refused(store: Store) -> None:
    first = session()
    await store.open_session(first)
    for wrong in (first, session("nobody")):
        with pytest.raises(Conflict):
            await store.open_session(wrong)


async def test_of_two_writers_of_one_session_the_second_loses(store: Store) -> None:
    first = session()
    await store.open_session(first)
    second = msgspec.structs.replace(first, version=2, record=b"{}", expires_at=NOW + GRACE, cookie_digest=digest("b"))
    assert await store.save_session(second) is True
    assert await store.save_session(msgspec.structs.replace(second, record=b"[]")) is False
    assert await store.save_session(msgspec.structs.replace(second, version=9)) is False
    assert await store.session(first.id) == second
    assert await store.save_session(msgspec.structs.replace(second, version=3, closed=True)) is True
    assert await store.save_session(msgspec.structs.replace(second, version=4)) is False
    assert await store.save_session(session()) is False


async def test_an_owner_is_known_by_application_source_mode_and_account(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    first = await store.owner(owner())
    again = await store.owner(owner(created_at=NOW + SECOND))
    assert again == first
    others = [
        owner("other account"),
        owner(mode="live"),
        owner(source="other"),
        owner(client_id="other"),
    ]
    assert [await store.find_owner(each) for each in others] == [None] * 4, "looking does not store"
    assert [await store.find_owner(each) for each in others] == [None] * 4
    assert await store.find_owner(owner(created_at=NOW + SECOND)) == first
    assert len({(await store.owner(each)).id for each in others} | {first.id}) == 5
    with pytest.raises(Conflict):
        await store.owner(owner(client_id="nobody"))


# Approvals


async def test_an_approval_makes_the_vehicle_reachable_and_closes_its_session_with_the_result(store: Store) -> None:
    approval = await connect(store, external_id="mine", cars=(ApprovedCar(car(), ("read_vin", "read_odometer"), 75.5),))
    closed = await store.session(approval.session_id)
    assert closed is not None
    assert (closed.closed, closed.version, closed.secret and closed.secret.reveal()) == (
        True,
        2,
        approval.result.reveal(),
    )
    (vehicle_id,), total = await store.vehicles(APP, 10, 0)
    vehicle = await store.reach(APP, vehicle_id)
    assert total == 1
    assert vehicle is not None
    assert (vehicle.id, vehicle.client_id, vehicle.user_id) == (vehicle_id, "app", approval.owner.id)
    assert (vehicle.mode, vehicle.permissions) == ("simulated", frozenset({"read_vin", "read_odometer"}))
    assert (vehicle.connected_at, vehicle.external_id, vehicle.capacity_kwh) == (NOW, "mine", 75.5)
    told = car()
    assert (vehicle.car.source, vehicle.car.vin, vehicle.car.make) == ("simulator", told.vin, "TESLA")
    assert (vehicle.car.model, vehicle.car.year, vehicle.car.powertrain) == ("Model 3", 2022, "BEV")
    assert vehicle.car.changed_at is None
    kept = await store.maker_session(vehicle)
    assert kept is not None
    assert kept.reveal() == approval.maker_session.reveal()
    assert await store.granted("app", approval.owner.id) == {told.vin: frozenset({"read_vin", "read_odometer"})}
    assert await store.granted("other", approval.owner.id) == {}


async def test_an_approval_whose_session_was_touched_or_closed_writes_nothing(store: Store) -> None:
    done = await connect(store)
    asked = session()
    await store.open_session(asked)
    touched = msgspec.structs.replace(asked, version=2)
    assert await store.save_session(touched)
    for session_id, version in ((done.session_id, 1), (done.session_id, 2), (asked.id, 1), ("none", 1)):
        again = msgspec.structs.replace(
            done,
            session_id=session_id,
            session_version=version,
            grant_id="late",
            code_digest=digest("late"),
            cars=(ApprovedCar(car("9"), ("read_vin",)),),
        )
        assert await store.approve(again) is False
    assert await store.code(digest("late")) is None
    assert (await store.vehicles(APP, 10, 0))[1] == 1
    assert await store.session(asked.id) == touched


async def test_a_second_approval_keeps_ids_and_moments_and_replaces_permissions(store: Store) -> None:
    first = await connect(store, external_id="mine", cars=(ApprovedCar(car(), ("read_vin", "read_fuel"), 60.0),))
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    before = await store.reach(APP, vehicle_id)
    await connect(
        store,
        owner=owner(),
        at=NOW + GRACE,
        external_id=msgspec.UNSET,
        cars=(ApprovedCar(car(model="Model S"), ("read_tires",)),),
    )
    after = await store.reach(APP, vehicle_id)
    assert before is not None
    assert after is not None
    assert (after.user_id, after.connected_at) == (first.owner.id, NOW)
    assert after.permissions == {"read_tires"}
    assert (after.external_id, after.capacity_kwh) == ("mine", 60.0)
    assert after.car == msgspec.structs.replace(before.car, model="Model S")
    await connect(store, owner=owner(), external_id=None)
    cleared = await store.reach(APP, vehicle_id)
    assert cleared is not None
    assert cleared.external_id is None
    assert (await store.vehicles(APP, 10, 0))[1] == 1


async def test_one_car_is_another_vehicle_to_another_application_and_one_vehicle_to_two_owners(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    one = await connect(store, owner=owner("one"))
    two = await connect(store, owner=owner("two"), at=NOW + SECOND, cars=(ApprovedCar(car(), ("read_fuel",)),))
    await connect(store, client_id="other")
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    (foreign_id,), _ = await store.vehicles(Principal("other"), 10, 0)
    assert vehicle_id != foreign_id
    for principal, reached in (
        (APP, one.owner.id),
        (Principal("app", one.owner.id), one.owner.id),
        (Principal("app", two.owner.id), two.owner.id),
        (Principal("app", two.owner.id, two.grant_id), two.owner.id),
    ):
        vehicle = await store.reach(principal, vehicle_id)
        assert vehicle is not None
        assert vehicle.user_id == reached
    foreign = await store.reach(Principal("other"), foreign_id)
    mine = await store.reach(APP, vehicle_id)
    assert foreign is not None
    assert mine is not None
    assert foreign.car == mine.car


async def test_nobody_reaches_what_is_not_theirs(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    mine = await connect(store, owner=owner("one"))
    theirs = await connect(store, client_id="other", cars=(ApprovedCar(car("2"), ("read_vin",)),))
    second = await connect(store, owner=owner("one"), cars=(ApprovedCar(car("3"), ("read_vin",)),))
    (first_id, second_id), _ = await store.vehicles(APP, 10, 0)
    (foreign_id,), _ = await store.vehicles(Principal("other"), 10, 0)
    found = await store.reach(Principal("app", mine.owner.id, mine.grant_id), first_id)
    if found is None:  # both were connected in one moment: the ids decide the order
        first_id, second_id = second_id, first_id
    for principal, vehicle_id in (
        (APP, foreign_id),
        (APP, "none"),
        (APP, "a\0b\ud800"),
        (Principal("app", theirs.owner.id), first_id),
        (Principal("other", None, mine.grant_id), first_id),
        (Principal("app", mine.owner.id, mine.grant_id), second_id),
        (Principal("app", mine.owner.id, second.grant_id), first_id),
        (Principal("app", mine.owner.id, "none"), first_id),
        (Principal("none"), first_id),
    ):
        assert await store.reach(principal, vehicle_id) is None, (principal, vehicle_id)


async def test_vehicles_are_listed_page_by_page_in_the_order_they_were_connected(store: Store) -> None:
    approvals = [
        await connect(
            store, owner=owner(f"{n % 2}"), at=NOW + n * SECOND, cars=(ApprovedCar(car(f"{9 - n}"), ("read_vin",)),)
        )
        for n in range(5)
    ]
    whole, total = await store.vehicles(APP, 10, 0)
    assert total == 5
    assert [await vin(store, vehicle_id) for vehicle_id in whole] == [car(f"{9 - n}").vin for n in range(5)]
    assert await store.vehicles(APP, 2, 1) == (whole[1:3], 5)
    assert await store.vehicles(APP, 2, 9) == ([], 5)
    assert await store.vehicles(APP, 0, 0) == ([], 5)
    one = (await store.granted("app", approvals[0].owner.id)).keys()
    assert one == {car(f"{n}").vin for n in (9, 7, 5)}
    owned, count = await store.vehicles(Principal("app", approvals[0].owner.id), 10, 0)
    assert (owned, count) == ([whole[0], whole[2], whole[4]], 3)
    assert await store.vehicles(Principal("app", "x", approvals[3].grant_id), 10, 0) == ([whole[3]], 1)


async def vin(store: Store, vehicle_id: str) -> str:
    found = await store.reach(APP, vehicle_id)
    assert found is not None
    return found.car.vin


async def test_a_battery_size_is_chosen_for_own_vehicles_only(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await connect(store)
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    assert await store.choose_capacity("other", vehicle_id, 1.0, now=NOW) is False
    assert await store.choose_capacity("app", "none", 1.0, now=NOW) is False
    before = len(await store.audit())
    assert await store.choose_capacity("app", vehicle_id, 82.5, now=NOW) is True
    told = (await store.audit())[before:]
    assert [(each.kind, each.subject) for each in told] == [("connect.capacity_chosen", vehicle_id)]
    found = await store.reach(APP, vehicle_id)
    assert found is not None
    assert found.capacity_kwh == 82.5
    await store.disconnect("app", ConnectionFilter(), NOW)
    assert await store.choose_capacity("app", vehicle_id, 1.0, now=NOW) is False


async def test_a_repair_replaces_what_the_owner_signs_in_with_and_closes_its_session(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    approval = await connect(store)
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    vehicle = await store.reach(APP, vehicle_id)
    assert vehicle is not None
    asked, foreign = session(secret=Secret("what went on")), session("other")
    await store.open_session(asked)
    await store.open_session(foreign)
    for session_id, version, of_vehicle, of_user in (
        (asked.id, 2, vehicle_id, approval.owner.id),
        (asked.id, 1, "none", approval.owner.id),
        (asked.id, 1, vehicle_id, "nobody"),
        (foreign.id, 1, vehicle_id, approval.owner.id),
    ):
        assert await store.repair(session_id, version, of_vehicle, of_user, Secret("wrong"), now=NOW) is False
    result = Secret("result")
    good = asked.id, 1, vehicle_id, approval.owner.id, Secret("renewed")
    assert await store.repair(*good, now=NOW, result=result) is True
    assert await store.repair(asked.id, 2, vehicle_id, approval.owner.id, Secret("late"), now=NOW) is False
    kept, closed = await store.maker_session(vehicle), await store.session(asked.id)
    assert kept is not None
    assert kept.reveal() == "renewed"
    assert closed is not None
    assert (closed.closed, closed.version, closed.secret and closed.secret.reveal()) == (True, 2, "result")


@pytest.mark.parametrize(
    ("given", "stored"), [("new", "new"), (None, None), (msgspec.UNSET, "old")], ids=["replaced", "cleared", "left"]
)
async def test_a_repair_replaces_clears_or_leaves_the_external_id(
    store: Store, given: str | msgspec.UnsetType | None, stored: str | None
) -> None:
    mine = await connect(store, external_id="old")
    theirs = await connect(store, owner=owner("other"), external_id="theirs")
    (vehicle_id,), _ = await store.vehicles(Principal("app", mine.owner.id), 10, 0)
    asked = session()
    await store.open_session(asked)
    assert await store.repair(asked.id, 1, vehicle_id, mine.owner.id, Secret("s"), now=NOW, external_id=given)
    rows, _ = await store.connections("app", ConnectionFilter(), 10, None)
    assert {row.user_id: row.external_id for row in rows} == {mine.owner.id: stored, theirs.owner.id: "theirs"}


# Webhooks


async def test_webhooks_are_kept_per_application_oldest_first(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    hooks = [Webhook(f"{n}", "app", f"n {n}", "https://a.example/ü", NOW - n * SECOND) for n in range(3)]
    for hook in hooks:
        await store.add_webhook(hook, new_signing_secret())
    await store.add_webhook(Webhook("theirs", "other", "n", "https://b.example", NOW), new_signing_secret())
    assert await store.webhooks("app") == hooks[::-1]
    for wrong in (hooks[0], Webhook("x", "nobody", "n", "u", NOW)):
        with pytest.raises(Conflict):
            await store.add_webhook(wrong, new_signing_secret())
    assert await store.delete_webhook("other", "1") is False
    assert await store.delete_webhook("app", "1") is True
    assert await store.delete_webhook("app", "1") is False
    assert [hook.id for hook in await store.webhooks("app")] == ["2", "0"]


async def test_vehicles_are_subscribed_within_one_application_only(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    await store.add_webhook(Webhook("mine", "app", "n", "https://a.example", NOW), new_signing_secret())
    await store.add_webhook(Webhook("theirs", "other", "n", "https://b.example", NOW), new_signing_secret())
    await connect(store)
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    vehicle = await store.reach(APP, vehicle_id)
    assert vehicle is not None
    elsewhere = msgspec.structs.replace(vehicle, id="none")
    for hook, wrong in (("theirs", vehicle), ("none", vehicle), ("mine", elsewhere)):
        assert await store.subscribe(wrong, hook, NOW) is None
    assert await store.subscribe(vehicle, "mine", NOW) is True
    assert await store.subscribe(vehicle, "mine", NOW) is False
    (found,), total = await store.subscriptions("app", SubscriptionFilter(), 10, 0)
    assert (total, found.webhook_id, found.vehicle, found.created_at) == (1, "mine", vehicle, NOW)
    assert await store.subscriptions("other", SubscriptionFilter(), 10, 0) == ([], 0)
    assert await store.unsubscribe("other", SubscriptionFilter(id=found.id)) == 0
    assert await store.unsubscribe("app", SubscriptionFilter(webhook_id="mine", vehicle_id=vehicle_id)) == 1
    assert await store.unsubscribe("app", SubscriptionFilter()) == 0


async def test_subscriptions_are_filtered_paged_and_newest_first(store: Store) -> None:
    hooks = [Webhook(f"hook {n}", "app", "n", "https://a.example", NOW) for n in range(2)]
    for hook in hooks:
        await store.add_webhook(hook, new_signing_secret())
    vehicles = []
    for n, mode in enumerate(("simulated", "live")):
        approval = await connect(
            store, owner=owner(f"o{n}", mode=mode), cars=(ApprovedCar(car(f"{n}"), ("read_vin",)),)
        )
        principal = Principal("app", approval.owner.id)
        (vehicle_id,), _ = await store.vehicles(principal, 10, 0)
        vehicle = await store.reach(principal, vehicle_id)
        assert vehicle is not None
        vehicles.append(vehicle)
    for n, (vehicle, hook) in enumerate((v, h) for v in vehicles for h in hooks):
        assert await store.subscribe(vehicle, hook.id, NOW + timedelta(seconds=n))
    every, total = await store.subscriptions("app", SubscriptionFilter(), 10, 0)
    assert total == 4
    assert [each.created_at - NOW for each in every] == [timedelta(seconds=n) for n in (3, 2, 1, 0)]
    assert await store.subscriptions("app", SubscriptionFilter(), 2, 1) == (every[1:3], 4)
    for wanted, expected in (
        (SubscriptionFilter(mode="live"), every[:2]),
        (SubscriptionFilter(webhook_id="hook 1"), every[::2]),
        (SubscriptionFilter(vehicle_id=vehicles[0].id), every[2:]),
        (SubscriptionFilter(user_id=vehicles[1].user_id, webhook_id="hook 0"), [every[1]]),
        (SubscriptionFilter(id=every[3].id), [every[3]]),
        (SubscriptionFilter(user_id="nobody"), []),
    ):
        assert await store.subscriptions("app", wanted, 10, 0) == (expected, len(expected))


async def test_a_store_answers_a_ping(store: Store) -> None:
    await store.ping()
