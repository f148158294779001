"""What is known of signals without waking the car: when it is asked again, and what stands when it is not."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.fakes import CHARGE, CHEAP, FUEL, LOCK, NOW, ODOMETER, FakeSource, Middle, reading

from carwire.core.budgets import Bucket, Budget
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vehicles import Vehicle
from carwire.storage.memory import MemoryStore
from carwire.upstream.age import Ages, ages_of, is_current

pytestmark = pytest.mark.anyio
CODES = (ODOMETER, LOCK, CHARGE, FUEL)
HOUR = timedelta(hours=1)
ALWAYS = timedelta(0)
LACKING = "COMPATIBILITY:VEHICLE_NOT_CAPABLE"


class World:
    """One car of a source, with all that reads it."""

    def __init__(self, source: FakeSource, budget: Budget | None = None) -> None:
        self.source = source
        self.middle = Middle(MemoryStore(), source, budgets={"fake": budget} if budget else None)

    async def vehicle(self) -> Vehicle:
        (vehicle,) = await self.middle.connected()
        return vehicle

    async def recall(self, vehicle: Vehicle, max_age: timedelta = HOUR) -> dict[str, Reading | Problem | None]:
        return (await self.middle.upstream.recall(vehicle, CODES, max_age)).answers

    @property
    def asked(self) -> list[tuple[str, ...]]:
        return [codes for _, codes in self.source.reads]


async def test_only_what_is_too_old_is_asked_again() -> None:
    world = World(FakeSource())
    vehicle = await world.vehicle()
    first = await world.recall(vehicle)
    assert world.asked == [CODES]
    assert await world.recall(vehicle) == first
    assert world.asked == [CODES]
    world.middle.clock.move(minutes=61)
    await world.middle.store.keep(vehicle, {LOCK: reading(True, world.middle.clock())}, world.middle.clock())
    second = await world.recall(vehicle)
    assert world.asked == [CODES, (ODOMETER, CHARGE, FUEL)]
    assert second[LOCK] == reading(True, world.middle.clock())
    await world.recall(vehicle, ALWAYS)
    assert world.asked[2:] == [CODES]


async def test_a_source_whose_reads_wake_is_not_asked() -> None:
    world = World(FakeSource(costs=msgspec.structs.replace(CHEAP, reads_wake=True)))
    vehicle = await world.vehicle()
    assert await world.recall(vehicle) == dict.fromkeys(CODES)
    old = reading(5, NOW - timedelta(days=9))
    await world.middle.store.keep(vehicle, {ODOMETER: old}, world.middle.clock())
    assert await world.recall(vehicle) == {**dict.fromkeys(CODES), ODOMETER: old}
    assert world.asked == []


async def test_a_spent_budget_leaves_what_is_kept() -> None:
    world = World(FakeSource(), Budget(Bucket(1, 600), Bucket(1, 86_400)))
    vehicle = await world.vehicle()
    first = await world.recall(vehicle, ALWAYS)
    world.middle.clock.move(minutes=2)
    assert await world.recall(vehicle, ALWAYS) == first
    assert len(world.asked) == 1
    (other,) = await world.middle.connected(username="other:FAKE01")
    nothing_kept = await world.recall(other, ALWAYS)
    assert {answer.kind for answer in nothing_kept.values() if isinstance(answer, Problem)} == {"RATE_LIMIT:VEHICLE"}


@pytest.mark.parametrize("kind", ["VEHICLE_STATE:ASLEEP", "UPSTREAM:KNOWN_ISSUE", "RATE_LIMIT:VEHICLE"])
async def test_a_problem_of_the_car_stands_beside_the_last_reading(kind: str) -> None:
    source = FakeSource(part=None)
    world = World(source)
    vehicle = await world.vehicle()
    first = await world.recall(vehicle)
    source.says = lambda _, now: Problem(kind, now)
    world.middle.clock.move(hours=2)
    for age in (HOUR, HOUR, ALWAYS):
        failed = await world.recall(vehicle, age)
        for code in CODES:
            assert failed[code] == Problem(kind, world.middle.clock(), last=first[code])  # type: ignore[arg-type]
    assert len(world.asked) == 3, "a problem is kept as long as a reading"


@pytest.mark.parametrize("kind", ["PERMISSION", "CONNECTED_SERVICES_ACCOUNT:PERMISSION", LACKING])
async def test_what_the_account_may_not_see_is_not_shown_from_before(kind: str) -> None:
    source = FakeSource()
    world = World(source)
    vehicle = await world.vehicle()
    await world.recall(vehicle)
    source.says = lambda _, now: Problem(kind, now)
    world.middle.clock.move(hours=2)
    for _ in range(2):
        failed = await world.recall(vehicle)
        assert all(answer == Problem(kind, world.middle.clock()) for answer in failed.values())


async def test_a_signal_the_car_lacks_is_asked_for_once_a_day() -> None:
    source = FakeSource(says=lambda code, now: Problem(LACKING, now) if code == FUEL else reading(1, now))
    world = World(source)
    vehicle = await world.vehicle()
    await world.recall(vehicle, ALWAYS)
    for _ in range(3):
        world.middle.clock.move(hours=6)
        await world.recall(vehicle, ALWAYS)
    world.middle.clock.move(hours=6, seconds=1)
    await world.recall(vehicle, ALWAYS)
    rest = (ODOMETER, LOCK, CHARGE)
    assert world.asked == [CODES, rest, rest, rest, CODES]


async def test_a_car_that_a_command_changed_is_asked_again() -> None:
    world = World(FakeSource())
    vehicle = await world.vehicle()
    await world.recall(vehicle)
    await world.middle.commands.send(vehicle, "security-lock", {})
    world.middle.clock.move(seconds=1)
    await world.recall(await world.middle.again(vehicle))
    assert world.asked == [CODES, CODES]


# The service above it


async def test_the_same_object_is_given_until_something_is_new() -> None:
    source = FakeSource()
    world = World(source)
    vehicle = await world.vehicle()
    service = world.middle.vehicles
    assert (await service.recall(vehicle, CODES, HOUR)).lasts is False, "just fetched"
    vehicle = await world.middle.again(vehicle)
    known = await service.recall(vehicle, CODES, HOUR)
    assert known.lasts
    assert await service.recall(vehicle, CODES, HOUR) is known
    assert (await service.recall(vehicle, CODES, ALWAYS)).answers == known.answers
    assert len(world.asked) == 2
    vehicle = await world.middle.again(vehicle)
    later = await service.recall(vehicle, CODES, HOUR)
    assert later is not known
    fewer = msgspec.structs.replace(vehicle, permissions=frozenset({"read_odometer"}))
    narrow = (await service.recall(fewer, CODES, HOUR)).answers
    assert narrow[ODOMETER] == later.answers[ODOMETER]
    assert narrow[CHARGE] == Problem("PERMISSION", vehicle.connected_at)
    assert narrow[FUEL] == Problem(LACKING, vehicle.connected_at), "no car of this powertrain has it"
    world.middle.clock.move(hours=1, seconds=1)
    source.says = lambda _, now: reading(0, now)
    assert (await service.recall(vehicle, CODES, HOUR)).answers != later.answers


# Ages


def test_ages_judge_many_answers_as_they_would_be_judged_one_by_one() -> None:
    answers: dict[str, Reading | Problem] = {
        "young": reading(1, NOW),
        "old": reading(1, NOW - 2 * HOUR),
        "failed": Problem("UPSTREAM:NO_RESPONSE", NOW - HOUR),
        "lacking": Problem(LACKING, NOW - 20 * HOUR),
        "long lacking": Problem(LACKING, NOW - 30 * HOUR),
        "future": reading(1, NOW + HOUR),
    }
    for size in range(len(answers) + 1):
        some = list(answers.values())[:size], list(answers.values())[size:], list(answers.values())[size : size + 1]
        for group in some:
            ages = ages_of(group)
            assert isinstance(ages, Ages)
            for max_age in (ALWAYS, HOUR, 3 * HOUR, 40 * HOUR):
                for changed_at in (None, NOW - 3 * HOUR, NOW - HOUR, NOW):
                    one_by_one = all(is_current(each, changed_at, NOW, max_age) for each in group)
                    assert ages.are_current(changed_at, NOW, max_age) is one_by_one, (group, max_age, changed_at)
    assert ages_of([reading(1), None]) is None
