"""Why a vehicle does not answer: from the store and the door to the cars, which are not asked for it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.fakes import CHEAP, FUEL, NOW, ODOMETER, SIGNED_OUT, FakeSource, Middle, reading

from carwire.core.budgets import DAY_S, Bucket, Budget
from carwire.core.errors import InvalidInput
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem
from carwire.core.vehicles import Vehicle
from carwire.core.why import Why
from carwire.services.why import WhyService
from carwire.storage.memory import MemoryStore
from carwire.upstream.circuit import LEAST

pytestmark = pytest.mark.anyio
_LACKING = "COMPATIBILITY:VEHICLE_NOT_CAPABLE"


def service(middle: Middle) -> WhyService:
    """The service over what is put together."""
    return WhyService(middle.store, middle.upstream)


def kind(why: Why) -> tuple[str | None, str | None]:
    """What blocks, and its kind."""
    return why.blocked_by, next((step.kind for step in why.steps if step.verdict == "blocks"), None)


async def test_nobody_is_asked_unless_it_is_wanted(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    why = await service(middle).of_signal(vehicle, ODOMETER, max_age=timedelta(0))
    assert (why.blocked_by, why.last, why.asked, why.at) == (None, None, False, NOW)
    await service(middle).of_command(vehicle, "security-lock")
    assert (source.reads, source.orders) == ([], [])
    assert await store.level(vehicle.car.id) is None, "nothing was spent"

    asked = await service(middle).of_signal(vehicle, ODOMETER, ask=True)
    assert (asked.blocked_by, asked.asked, source.reads) == (None, True, [("FAKE01", (ODOMETER,))])
    assert asked.last is not None
    assert asked.last.fetched_at == NOW
    middle.clock.move(seconds=90)
    again = await service(middle).of_signal(vehicle, ODOMETER, max_age=timedelta(seconds=90), ask=True)
    assert (again.blocked_by, again.asked, len(source.reads)) == (None, False, 1)
    old = await service(middle).of_signal(vehicle, ODOMETER, max_age=timedelta(seconds=89))
    assert (kind(old), len(source.reads)) == (("age", "TOO_OLD"), 1)
    new = await service(middle).of_signal(vehicle, ODOMETER, max_age=timedelta(seconds=89), ask=True)
    assert (new.blocked_by, new.asked, len(source.reads)) == (None, True, 2)


async def test_the_last_answer_is_told_and_a_new_one_takes_its_place(store: Store) -> None:
    source = FakeSource(says=lambda _code, now: Problem("VEHICLE_STATE:ASLEEP", now))
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    assert kind(await service(middle).of_signal(vehicle, ODOMETER)) == (None, None)
    await middle.upstream.read(vehicle, (ODOMETER,))
    assert kind(await service(middle).of_signal(vehicle, ODOMETER)) == ("car_state", "VEHICLE_STATE:ASLEEP")
    middle.clock.move(minutes=5)
    source.says = lambda _code, now: reading(1, now)
    assert kind(await service(middle).of_signal(vehicle, ODOMETER)) == ("car_state", "VEHICLE_STATE:ASLEEP")
    why = await service(middle).of_signal(vehicle, ODOMETER, ask=True)
    assert (kind(why), why.asked) == ((None, None), True)


async def test_what_the_car_answers_just_now_may_still_be_too_old() -> None:
    source = FakeSource(says=lambda _code, now: reading(1, now - timedelta(hours=1), fetched_at=now))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    why = await service(middle).of_signal(vehicle, ODOMETER, max_age=timedelta(minutes=1), ask=True)
    assert (kind(why), why.asked) == (("age", "TOO_OLD"), True)
    assert [step.verdict for step in why.steps[:-1]] == ["passes"] * 6


async def test_a_source_whose_reads_wake_is_not_asked_either() -> None:
    source = FakeSource(costs=msgspec.structs.replace(CHEAP, reads_wake=True))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    why = await service(middle).of_signal(vehicle, ODOMETER, ask=True)
    assert (why.blocked_by, why.asked, source.reads) == (None, False, [])
    assert "wake" in (why.steps[-1].would_change or "")


async def test_what_is_not_granted_is_neither_asked_nor_looked_up(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    await middle.upstream.read(vehicle, (ODOMETER,))
    (narrow,) = await middle.connected(vehicle.client_id, permissions=["read_vin"])
    why = await service(middle).of_signal(narrow, ODOMETER, ask=True)
    assert (kind(why), why.last, why.asked, len(source.reads)) == (("permission", "PERMISSION"), None, False, 1)
    assert kind(await service(middle).of_command(narrow, "security-lock")) == ("permission", "PERMISSION")


async def signed_out(middle: Middle, vehicle: Vehicle) -> None:
    """Lose what the owner signed in with, the connection staying."""
    assert isinstance(middle.store, MemoryStore)
    middle.store._state.maker_sessions.pop(vehicle.user_id)


async def test_a_missing_sign_in_is_the_cause() -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    await signed_out(middle, vehicle)
    for why in (
        await service(middle).of_signal(vehicle, ODOMETER, ask=True),
        await service(middle).of_command(vehicle, "security-lock"),
    ):
        assert (kind(why), why.asked) == (("connection", SIGNED_OUT), False)
    assert source.reads == []


async def test_a_sign_in_the_maker_no_longer_accepts_shows_when_it_is_asked(store: Store) -> None:
    source = FakeSource(signed_out={"owner"})
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    assert kind(await service(middle).of_signal(vehicle, ODOMETER)) == (None, None)
    assert kind(await service(middle).of_signal(vehicle, ODOMETER, ask=True)) == ("connection", SIGNED_OUT)
    assert kind(await service(middle).of_signal(vehicle, ODOMETER)) == ("connection", SIGNED_OUT)


async def test_a_spent_budget_is_the_cause_and_looking_spends_nothing(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source, budgets={"fake": Budget(Bucket(2, DAY_S), Bucket(1, DAY_S))})
    (vehicle,) = await middle.connected()
    why = service(middle)
    for _ in range(5):
        assert kind(await why.of_command(vehicle, "security-lock")) == (None, None)
        assert kind(await why.of_signal(vehicle, FUEL)) == ("capability", _LACKING)
    assert await middle.upstream.admit(vehicle) is None
    command = await why.of_command(vehicle, "security-lock")
    assert kind(command) == ("maker", "RATE_LIMIT:VEHICLE")
    assert [step.retry_after_s for step in command.steps if step.verdict == "blocks"] == [pytest.approx(DAY_S, abs=1)]
    assert kind(await why.of_signal(vehicle, ODOMETER, ask=True)) == (None, None), "a read wakes nobody here"
    middle.clock.move(minutes=1)
    throttled = await why.of_signal(vehicle, ODOMETER, max_age=timedelta(0), ask=True)
    assert (kind(throttled), throttled.asked) == (("maker", "RATE_LIMIT:VEHICLE"), False)
    assert throttled.last is not None
    assert kind(await why.of_signal(vehicle, ODOMETER)) == (None, None)
    assert len(source.reads) == 1


async def test_a_service_that_is_left_alone_is_the_cause() -> None:
    source = FakeSource(says=lambda _code, now: Problem("UPSTREAM:NO_RESPONSE", now))
    middle = Middle(MemoryStore(), source)
    (vehicle, other) = await middle.connected(username="owner:FAKE01,FAKE02")
    for _ in range(LEAST):
        await middle.upstream.read(vehicle, (ODOMETER,))
    for _ in range(3):
        why = await service(middle).of_signal(other, ODOMETER, ask=True)
        assert (kind(why), why.asked) == (("maker", "UPSTREAM:KNOWN_ISSUE"), False)
    assert len(source.reads) == LEAST


async def test_a_car_whose_source_is_gone_cannot_be_asked() -> None:
    store = MemoryStore()
    (vehicle,) = await Middle(store, FakeSource()).connected()
    middle = Middle(store, FakeSource(name="other"))
    for why in (
        await service(middle).of_signal(vehicle, ODOMETER, ask=True),
        await service(middle).of_command(vehicle, "security-lock"),
    ):
        assert kind(why) == ("capability", "COMPATIBILITY:PLATFORM_NOT_CAPABLE")


async def test_after_a_command_an_earlier_problem_is_not_the_cause(store: Store) -> None:
    source = FakeSource(says=lambda _code, now: Problem("VEHICLE_STATE:ASLEEP", now))
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    await middle.upstream.read(vehicle, (ODOMETER,))
    await middle.commands.send(vehicle, "security-lock", {})
    assert kind(await service(middle).of_signal(await middle.again(vehicle), ODOMETER)) == (None, None)


@pytest.mark.parametrize("name", ["", "nothing", "odometer", "ODOMETER-TRAVELEDDISTANCE", "x" * 5000, "\ud800"])
async def test_what_nobody_knows_is_refused_by_name(name: str) -> None:
    middle = Middle(MemoryStore(), FakeSource())
    (vehicle,) = await middle.connected()
    for call, field in ((service(middle).of_signal, "signal"), (service(middle).of_command, "command")):
        with pytest.raises(InvalidInput) as refused:
            await call(vehicle, name)
        assert [problem.field for problem in refused.value.fields] == [field]
        assert len(refused.value.fields[0].message) < 400
