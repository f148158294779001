"""Vehicles: what may be read, what is listed, and what is gone after a connection was cut."""

from __future__ import annotations

import pytest
from tests.fakes import CHARGE, LOCK, ODOMETER, FakeSource, Middle

from carwire.core.grants import GrantMissing, Principal
from carwire.core.ports import Store
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.ids import new_id
from carwire.upstream.door import Freshness

pytestmark = pytest.mark.anyio


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def middle(store: Store, source: FakeSource) -> Middle:
    return Middle(store, source)


async def test_signals_that_one_permission_opens_are_read_with_it_and_refused_without(
    middle: Middle, source: FakeSource
) -> None:
    (vehicle,) = await middle.connected(permissions=["read_odometer"])
    answers = await middle.vehicles.read(vehicle, (ODOMETER,), permission="read_odometer")
    assert isinstance(answers.answers[ODOMETER], Reading)
    with pytest.raises(GrantMissing) as caught:
        await middle.vehicles.read(vehicle, (LOCK,), permission="read_security")
    assert caught.value.permission == "read_security"
    assert source.reads == [("FAKE01", (ODOMETER,))], "the car was not asked what was refused"
    assert await middle.vehicles.read(vehicle, (LOCK,), permission=None)


async def test_signals_are_read_each_by_its_own_permission(middle: Middle, source: FakeSource) -> None:
    (vehicle,) = await middle.connected(permissions=["read_odometer", "read_battery"])
    answers = (await middle.vehicles.read_signals(vehicle, (LOCK, ODOMETER, CHARGE))).answers
    assert tuple(answers) == (LOCK, ODOMETER, CHARGE)
    assert answers[LOCK] == Problem("PERMISSION", middle.clock())
    assert isinstance(answers[ODOMETER], Reading)
    assert isinstance(answers[CHARGE], Reading)
    assert source.reads == [("FAKE01", (ODOMETER, CHARGE))]


async def test_without_any_permission_no_signal_is_asked_for(middle: Middle, source: FakeSource) -> None:
    (vehicle,) = await middle.connected(permissions=[])
    answers = (await middle.vehicles.read_signals(vehicle, tuple(signals()), Freshness())).answers
    assert {answer.kind for answer in answers.values() if isinstance(answer, Problem)} == {"PERMISSION"}
    assert len(answers) == len(signals())
    assert not source.reads


@pytest.mark.parametrize("permission", sorted({signal.permission for signal in signals().values()}))
async def test_one_permission_opens_its_signals_and_no_others(permission: str) -> None:
    from carwire.storage.memory import MemoryStore

    middle = Middle(MemoryStore(), FakeSource())
    (vehicle,) = await middle.connected(permissions=[permission])
    answers = (await middle.vehicles.read_signals(vehicle, tuple(signals()))).answers
    opened = {code for code, answer in answers.items() if isinstance(answer, Reading)}
    assert opened == {code for code, signal in signals().items() if signal.permission == permission}


async def test_an_owner_cuts_their_own_connection_and_nobody_elses(middle: Middle) -> None:
    client_id = await middle.application()
    (of_one,) = await middle.connected(client_id, "one:CAR1")
    (of_two,) = await middle.connected(client_id, "two:CAR1")
    await middle.vehicles.disconnect(Principal(client_id, of_one.user_id), of_one.id)
    assert await middle.store.reach(Principal(client_id, of_one.user_id), of_one.id) is None
    assert await middle.store.reach(Principal(client_id, of_two.user_id), of_two.id)
    with pytest.raises(GrantMissing):
        await middle.vehicles.disconnect(Principal(client_id, of_one.user_id), of_one.id)


async def test_an_application_cuts_its_own_connections_and_no_others(middle: Middle) -> None:
    client_id, other = await middle.application(), await middle.application("Other")
    (own,) = await middle.connected(client_id, "one:CAR1")
    (foreign,) = await middle.connected(other, "one:CAR1")
    for vehicle_id in (foreign.id, new_id()):
        with pytest.raises(GrantMissing):
            await middle.vehicles.disconnect(Principal(client_id), vehicle_id)
        assert not await middle.vehicles.cut(client_id, ConnectionFilter(vehicle_id=vehicle_id))
    assert not await middle.vehicles.cut(client_id, ConnectionFilter(user_id=foreign.user_id))
    await middle.vehicles.disconnect(Principal(client_id), own.id)
    assert await middle.again(foreign)


async def test_what_was_cut_is_in_the_audit_and_readings_are_gone(middle: Middle) -> None:
    (vehicle,) = await middle.connected()
    await middle.vehicles.read_signals(vehicle, (ODOMETER,))
    assert await middle.store.readings(vehicle, (ODOMETER,))
    (cut,) = await middle.vehicles.cut(vehicle.client_id, ConnectionFilter(user_id=vehicle.user_id))
    assert (cut.vehicle_id, cut.user_id) == (vehicle.id, vehicle.user_id)
    last = (await middle.store.audit())[-1]
    assert (last.kind, last.subject, last.detail) == ("connection.cut", vehicle.id, {"user_id": vehicle.user_id})
    assert not await middle.store.readings(vehicle, (ODOMETER,))


async def test_connections_are_listed_newest_first_page_by_page(middle: Middle) -> None:
    client_id = await middle.application()
    made = []
    for n in range(5):
        made += await middle.connected(client_id, f"owner {n}:CAR{n}")
        middle.clock.move(seconds=1)
    listed, cursor = [], None
    for expected in (2, 2, 1):
        page, cursor = await middle.vehicles.connections(client_id, ConnectionFilter(), 2, cursor)
        assert len(page) == expected
        listed += [connection.vehicle_id for connection in page]
    assert cursor is None
    assert listed == [vehicle.id for vehicle in reversed(made)]
