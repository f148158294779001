"""The door to car makers: shared reads, kept readings, budgets, what is believed, and whom a dead maker hurts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import (
    CHARGE,
    FUEL,
    LOCK,
    NOW,
    ODOMETER,
    SIGNED_OUT,
    FakeSource,
    Middle,
    reading,
)

from carwire.core.budgets import DAY_S, Bucket, Budget
from carwire.core.commands import Outcome
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.sources import Costs
from carwire.core.vehicles import ConnectionFilter, Vehicle
from carwire.kit.secrets import Secret
from carwire.storage.memory import MemoryStore
from carwire.upstream import door
from carwire.upstream.circuit import LEAST
from carwire.upstream.door import NEWEST, Freshness

pytestmark = pytest.mark.anyio
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PLENTY = Bucket(1_000_000, 60.0)


def kinds(snapshot: Snapshot) -> set[str]:
    return {answer.kind for answer in snapshot.answers.values() if isinstance(answer, Problem)}


async def settled(*tasks: asyncio.Task[Any]) -> None:
    """Let tasks go as far as they come."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert not any(task.done() and task.exception() for task in tasks)


# Shared reads.


async def test_a_hundred_readers_of_one_car_are_one_call(store: Store) -> None:
    source = FakeSource(hold=asyncio.Event())
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    tasks = [asyncio.create_task(middle.upstream.read(vehicle, (ODOMETER, LOCK))) for _ in range(100)]
    await source.begun.wait()
    await settled(*tasks)
    assert source.hold
    source.hold.set()
    answers = await asyncio.gather(*tasks)
    assert source.reads == [("FAKE01", (ODOMETER, LOCK))]
    assert all(answer == answers[0] and not kinds(answer) for answer in answers)
    source.hold = None
    await middle.upstream.read(vehicle, (ODOMETER, LOCK))
    assert len(source.reads) == 2, "a read that has landed is joined by nobody"


async def test_who_wants_less_joins_and_who_wants_more_asks_again() -> None:
    source = FakeSource(hold=asyncio.Event())
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    tasks = [asyncio.create_task(middle.upstream.read(vehicle, (ODOMETER, LOCK)))]
    await settled(*tasks)
    for codes in ((LOCK,), (ODOMETER,), (LOCK, ODOMETER), (LOCK, CHARGE), (CHARGE,)):
        tasks.append(asyncio.create_task(middle.upstream.read(vehicle, codes)))
        await settled(*tasks)
    assert source.reads == [("FAKE01", (ODOMETER, LOCK)), ("FAKE01", (LOCK, CHARGE))]
    assert source.hold
    source.hold.set()
    answers = await asyncio.gather(*tasks)
    assert [tuple(each.answers) for each in answers[1:]] == [
        (LOCK,),
        (ODOMETER,),
        (LOCK, ODOMETER),
        (LOCK, CHARGE),
        (CHARGE,),
    ]


async def test_a_reader_who_goes_away_takes_the_answer_from_nobody() -> None:
    source = FakeSource(hold=asyncio.Event())
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    tasks = [asyncio.create_task(middle.upstream.read(vehicle, (ODOMETER,))) for _ in range(3)]
    await settled(*tasks)
    tasks[0].cancel()
    await asyncio.sleep(0)
    assert source.hold
    source.hold.set()
    assert not kinds(await tasks[1])
    assert not kinds(await tasks[2])
    assert len(source.reads) == 1


async def test_a_problem_of_one_owners_account_is_not_given_to_another_owner() -> None:
    source = FakeSource(hold=asyncio.Event(), signed_out={"one"})
    middle = Middle(MemoryStore(), source)
    client_id = await middle.application()
    (of_one,) = await middle.connected(client_id, "one")
    (of_two,) = await middle.connected(client_id, "two")
    assert of_one.car.id == of_two.car.id
    first = asyncio.create_task(middle.upstream.read(of_one, (ODOMETER,)))
    await settled(first)
    others = [asyncio.create_task(middle.upstream.read(of_two, (ODOMETER,))) for _ in range(20)]
    await settled(*others)
    assert len(source.reads) == 2
    assert source.hold
    source.hold.set()
    assert kinds(await first) == {SIGNED_OUT}
    assert [kinds(each) for each in await asyncio.gather(*others)] == [set()] * 20
    assert len(source.reads) == 2, "the others shared one read of their own"


async def test_one_account_in_two_applications_shares_a_read_and_what_is_kept() -> None:
    source = FakeSource(hold=asyncio.Event())
    middle = Middle(MemoryStore(), source)
    (here,) = await middle.connected(await middle.application(), "one")
    (there,) = await middle.connected(await middle.application(), "one")
    assert (here.car.id, here.account) == (there.car.id, there.account)
    assert here.id != there.id
    tasks = [asyncio.create_task(middle.upstream.read(each, (ODOMETER,))) for each in (here, there)]
    await settled(*tasks)
    assert source.hold
    source.hold.set()
    await asyncio.gather(*tasks)
    assert len(source.reads) == 1
    assert set(await middle.store.readings(there, (ODOMETER,))) == {ODOMETER}


async def test_a_session_that_ended_in_one_application_ends_nothing_in_another_with_the_same_account() -> None:
    holds = asyncio.Event(), asyncio.Event()
    source = FakeSource(signed_out={"there", "elsewhere"})
    middle = Middle(MemoryStore(), source)
    here, there, elsewhere = [(await middle.connected(username="one"))[0] for _ in range(3)]
    assert here.account == there.account == elsewhere.account
    for vehicle, session in ((there, "there"), (elsewhere, "elsewhere")):
        await middle.store.keep_maker_session(vehicle.user_id, Secret(session))
    begun = []
    for vehicle, codes, hold in ((there, (ODOMETER,), holds[0]), (elsewhere, (ODOMETER, LOCK), holds[1])):
        source.hold = hold
        begun.append(asyncio.create_task(middle.upstream.read(vehicle, codes)))
        await settled(*begun)
    source.hold = None
    mine = asyncio.create_task(middle.upstream.read(here, (ODOMETER,)))
    await settled(mine)
    assert len(source.reads) == 2, "the first of them was joined"
    for hold in holds:
        hold.set()
        await settled(mine)
    assert [kinds(each) for each in await asyncio.gather(*begun)] == [{SIGNED_OUT}] * 2
    assert kinds(await mine) == set()


async def test_what_a_car_said_to_one_account_is_never_given_to_another() -> None:
    middle = Middle(MemoryStore(), FakeSource(signed_out={"before"}))
    client_id = await middle.application()
    (after,) = await middle.connected(client_id, "after")
    (before,) = await middle.connected(client_id, "before")
    await middle.upstream.read(after, (ODOMETER,))
    kept = Freshness(timedelta(days=1), timedelta(days=1))
    assert kinds(await middle.upstream.read(before, (ODOMETER,), kept)) == {SIGNED_OUT}
    assert not kinds(await middle.upstream.read(after, (ODOMETER,), kept))


async def test_a_reader_after_a_command_does_not_join_a_read_from_before_it() -> None:
    source = FakeSource(hold=asyncio.Event())
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    before = asyncio.create_task(middle.upstream.read(vehicle, (LOCK,)))
    await settled(before)
    held, source.hold = source.hold, None
    await middle.upstream.command(vehicle, "security-lock", {}, 5.0)
    await middle.upstream.read(vehicle, (LOCK,))
    assert len(source.reads) == 2
    assert held
    held.set()
    await before


# Kept readings.


async def test_a_kept_reading_answers_for_as_long_as_it_may(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    first = await middle.upstream.read(vehicle, (ODOMETER,))
    middle.clock.move(minutes=10)
    for age, calls in ((10 * MINUTE, 1), (9.9 * MINUTE, 2), (MINUTE, 2), (timedelta(0), 3)):
        answer = await middle.upstream.read(vehicle, (ODOMETER,), Freshness(max_age=age))
        assert len(source.reads) == calls, age
        assert (answer == first) is (calls == 1)


async def test_one_reading_that_is_too_old_asks_for_all(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    await middle.upstream.read(vehicle, (ODOMETER,))
    middle.clock.move(minutes=1)
    await middle.upstream.read(vehicle, (LOCK,))
    middle.clock.move(minutes=1)
    await middle.upstream.read(vehicle, (ODOMETER, LOCK), Freshness(max_age=1.5 * MINUTE))
    assert source.reads[2:] == [("FAKE01", (ODOMETER, LOCK))]
    await middle.upstream.read(vehicle, (LOCK, ODOMETER), Freshness(max_age=1.5 * MINUTE))
    assert len(source.reads) == 3


async def test_what_was_kept_before_a_command_is_not_fresh_after_it(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    await middle.upstream.read(vehicle, (LOCK,))
    middle.clock.move(seconds=1)
    await middle.upstream.command(vehicle, "security-unlock", {}, 5.0)
    vehicle = await middle.again(vehicle)
    assert vehicle.car.changed_at == middle.clock()
    middle.clock.move(seconds=1)
    await middle.upstream.read(vehicle, (LOCK,), Freshness(max_age=HOUR))
    assert len(source.reads) == 2
    await middle.upstream.read(vehicle, (LOCK,), Freshness(max_age=HOUR))
    assert len(source.reads) == 2, "what was fetched since is fresh"


@pytest.mark.parametrize(
    ("kind", "stale"), [("done", True), ("unknown", True), ("refused", False), ("not_sent", False)]
)
async def test_only_a_command_that_may_have_happened_makes_readings_stale(kind: Any, stale: bool) -> None:
    problem = None if kind == "done" else Problem("VEHICLE_STATE:DOOR_OPEN", NOW)
    source = FakeSource(ends=Outcome(kind, problem))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    await middle.upstream.command(vehicle, "security-lock", {}, 5.0)
    assert ((await middle.again(vehicle)).car.changed_at is not None) is stale


async def test_the_last_value_stands_in_for_a_car_that_cannot_be_asked(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    known = (await middle.upstream.read(vehicle, (ODOMETER,))).answers[ODOMETER]
    source.says = lambda code, now: Problem("VEHICLE_STATE:ASLEEP", now)
    middle.clock.move(hours=1)
    assert kinds(await middle.upstream.read(vehicle, (ODOMETER,))) == {"VEHICLE_STATE:ASLEEP"}
    given = await middle.upstream.read(vehicle, (ODOMETER, LOCK), Freshness(stale_if_error=2 * HOUR))
    assert given.answers == {ODOMETER: known, LOCK: Problem("VEHICLE_STATE:ASLEEP", middle.clock())}
    given = await middle.upstream.read(vehicle, (ODOMETER,), Freshness(stale_if_error=MINUTE))
    assert given.answers == {ODOMETER: Problem("VEHICLE_STATE:ASLEEP", middle.clock(), last=known)}  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [SIGNED_OUT, "PERMISSION", "COMPATIBILITY:VEHICLE_NOT_CAPABLE"])
async def test_no_value_stands_in_where_the_owner_no_longer_reaches_the_car(kind: str) -> None:
    """The kept one may have come through the car's next owner."""
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    await middle.upstream.read(vehicle, (ODOMETER,))
    source.says = lambda code, now: Problem(kind, now)
    given = await middle.upstream.read(vehicle, (ODOMETER,), Freshness(stale_if_error=HOUR))
    assert given.answers == {ODOMETER: Problem(kind, NOW)}


async def test_a_reading_from_before_the_clock_was_set_back_is_not_fresh() -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    await middle.upstream.read(vehicle, (ODOMETER,))
    middle.clock.move(hours=-1)
    await middle.upstream.read(vehicle, (ODOMETER,), Freshness(max_age=HOUR))
    assert len(source.reads) == 2


# Budgets.


async def test_a_car_that_was_asked_too_often_is_left_alone(store: Store) -> None:
    source = FakeSource()
    middle = Middle(store, source, budgets={"fake": Budget(Bucket(2, 60.0), PLENTY)})
    first, second = await middle.connected(username="owner:CAR1,CAR2")
    for _ in range(2):
        assert not kinds(await middle.upstream.read(first, (ODOMETER,)))
    for answer in (
        (await middle.upstream.read(first, (ODOMETER,))).answers[ODOMETER],
        await middle.upstream.admit(first),
    ):
        assert isinstance(answer, Problem)
        assert answer.kind == "RATE_LIMIT:VEHICLE"
        assert answer.retry_after == pytest.approx(30)
    assert len(source.reads) == 2
    assert not kinds(await middle.upstream.read(second, (ODOMETER,))), "budgets are per car"
    middle.clock.move(seconds=30)
    assert not kinds(await middle.upstream.read(first, (ODOMETER,)))


async def test_without_a_setting_a_source_tells_its_cars_budget() -> None:
    source = FakeSource(costs=Costs(True, True, 0.1, reads_per_minute=3, wakes_per_day=2))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    found = [kinds(await middle.upstream.read(vehicle, (ODOMETER,))) for _ in range(3)]
    assert found == [set(), set(), {"RATE_LIMIT:VEHICLE"}]


@pytest.mark.parametrize(
    ("reads_wake", "commands_wake", "reads", "orders"),
    [(False, False, 9, 9), (True, False, 2, 9), (False, True, 9, 2), (True, True, 2, 2)],
)
async def test_only_what_wakes_the_car_is_counted_as_waking(
    *, reads_wake: bool, commands_wake: bool, reads: int, orders: int
) -> None:
    costs = Costs(reads_wake, commands_wake, 0.1, reads_per_minute=1000, wakes_per_day=2)
    for ask, allowed in (("read", reads), ("command", orders)):
        middle = Middle(MemoryStore(), FakeSource(costs=costs))
        (vehicle,) = await middle.connected()
        passed = 0
        for _ in range(9):
            if ask == "read":
                passed += not kinds(await middle.upstream.read(vehicle, (ODOMETER,)))
            else:
                passed += await middle.upstream.admit(vehicle) is None
        assert passed == allowed, ask


async def test_a_fresh_reading_and_a_joined_read_cost_nothing() -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source, budgets={"fake": Budget(Bucket(1, 60.0), PLENTY)})
    (vehicle,) = await middle.connected()
    answers = await asyncio.gather(*(middle.upstream.read(vehicle, (ODOMETER,)) for _ in range(50)))
    assert not any(map(kinds, answers))
    assert not kinds(await middle.upstream.read(vehicle, (ODOMETER,), Freshness(max_age=MINUTE)))


@pytest.mark.parametrize("seed", range(8))
async def test_the_budget_holds_under_fifty_consumers(store: Store, seed: int) -> None:
    """A random schedule; the source's own count is held against the two buckets in every window."""
    drawn = random.Random(seed)
    budget = Budget(Bucket(drawn.randint(1, 10), 60.0), Bucket(drawn.randint(1, 5), 3600.0))
    source = FakeSource(costs=Costs(drawn.random() < 0.5, True, 0.1, 1, 1))
    middle = Middle(store, source, budgets={"fake": budget})
    (vehicle,) = await middle.connected()
    calls: list[float] = []
    wakes: list[float] = []

    async def consume() -> None:
        if drawn.random() < 0.3:
            if await middle.upstream.admit(vehicle) is None:
                calls.append(middle.clock().timestamp())
                wakes.append(middle.clock().timestamp())
            return
        codes = tuple(drawn.sample((ODOMETER, LOCK, CHARGE, FUEL), drawn.randint(1, 4)))
        await middle.upstream.read(vehicle, codes, drawn.choice((NEWEST, Freshness(max_age=MINUTE))))

    for _ in range(6):
        asked = len(source.reads)
        await asyncio.gather(*(consume() for _ in range(50)))
        fetched = [middle.clock().timestamp()] * (len(source.reads) - asked)
        calls += fetched
        wakes += fetched if source.costs.reads_wake else []
        middle.clock.move(seconds=drawn.choice((0, 1, 7, 60, 600)))
    assert calls, "something was let through"
    for moments, bucket in ((calls, budget.calls), (wakes, budget.wakes)):
        for start in set(moments):
            for end in {moment for moment in moments if moment >= start}:
                count = sum(start <= moment <= end for moment in moments)
                assert count <= bucket.size + (end - start) / bucket.each_s + 1e-3


# What is believed.


def says(**times: object) -> Callable[[str, Any, Any], Snapshot]:
    return lambda vin, codes, now: Snapshot(vin, {code: reading(1.0, now, **times) for code in codes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "snapshot",
    [
        lambda vin, codes, now: Snapshot("OTHER1", {code: reading(1, now) for code in codes}),
        lambda vin, codes, now: Snapshot(vin, {}),
        lambda vin, codes, now: Snapshot(vin, dict.fromkeys(codes, reading(float("nan"), now))),
        lambda vin, codes, now: Snapshot(vin, dict.fromkeys(codes, reading(float("-inf"), now))),
        lambda vin, codes, now: Snapshot(vin, dict.fromkeys(codes, reading({"a": [{"b": float("nan")}]}, now))),
        says(measured_at=NOW + timedelta(days=1)),
        says(maker_at=NOW.replace(year=2099)),
        says(measured_at=None, maker_at=None, fetched_at=NOW.replace(year=2099)),
    ],
    ids=["another car", "nothing", "nan", "infinite", "nan inside", "measured tomorrow", "maker 2099", "fetched 2099"],
)
async def test_what_makes_no_sense_is_neither_told_nor_kept(snapshot: Any) -> None:
    source = FakeSource(snapshot=snapshot)
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    answers = await middle.upstream.read(vehicle, (ODOMETER, LOCK))
    assert answers.vin == vehicle.car.vin
    assert tuple(answers.answers) == (ODOMETER, LOCK)
    assert kinds(answers) == {"UPSTREAM:INVALID_DATA"}
    assert await middle.store.readings(vehicle, (ODOMETER, LOCK)) == {}


async def test_one_bad_value_does_not_spoil_the_others_and_unasked_ones_are_dropped() -> None:
    values = {ODOMETER: reading(float("nan")), LOCK: reading(True), CHARGE: reading(5)}
    source = FakeSource(snapshot=lambda vin, codes, now: Snapshot(vin, values))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    answers = await middle.upstream.read(vehicle, (LOCK, ODOMETER))
    assert answers.answers == {LOCK: reading(True), ODOMETER: Problem("UPSTREAM:INVALID_DATA", NOW)}
    assert set(await middle.store.readings(vehicle, (ODOMETER, LOCK, CHARGE))) == {LOCK}


async def test_a_clock_that_is_a_little_fast_is_forgiven() -> None:
    source = FakeSource(snapshot=says(measured_at=NOW + timedelta(minutes=59)))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    assert not kinds(await middle.upstream.read(vehicle, (ODOMETER,)))


def _raise(*_: object) -> Any:
    raise RuntimeError("hunter2")


@pytest.mark.parametrize(
    "snapshot",
    [
        _raise,
        lambda *_: None,
        lambda vin, codes, now: Snapshot(vin, dict.fromkeys(codes, reading(1, now.replace(tzinfo=None)))),
    ],
    ids=["raises", "no snapshot", "naive times"],
)
async def test_a_source_that_breaks_is_a_problem_and_no_crash(snapshot: Any) -> None:
    middle = Middle(MemoryStore(), FakeSource(snapshot=snapshot))
    (vehicle,) = await middle.connected()
    assert kinds(await middle.upstream.read(vehicle, (ODOMETER,))) == {"UPSTREAM:UNKNOWN_ISSUE"}


async def test_a_source_that_hangs_is_waited_for_so_long_and_no_longer() -> None:
    source = FakeSource(hold=asyncio.Event())
    middle = Middle(MemoryStore(), source, timeout_s=0.01)
    (vehicle,) = await middle.connected()
    assert kinds(await middle.upstream.read(vehicle, (ODOMETER,))) == {"UPSTREAM:NO_RESPONSE"}
    outcome = await middle.upstream.command(vehicle, "security-lock", {}, 0.01)
    assert (outcome.kind, outcome.problem and outcome.problem.kind) == ("unknown", "UPSTREAM:NO_RESPONSE")


async def test_a_source_that_gives_no_reason_leaves_nobody_without_one() -> None:
    middle = Middle(MemoryStore(), FakeSource(ends=Outcome("refused")))
    (vehicle,) = await middle.connected()
    outcome = await middle.upstream.command(vehicle, "security-lock", {}, 5.0)
    assert outcome == Outcome("refused", Problem("UPSTREAM:UNKNOWN_ISSUE", NOW))


async def test_a_car_of_a_source_that_is_gone_is_told_as_such() -> None:
    middle = Middle(MemoryStore(), FakeSource())
    (vehicle,) = await middle.connected()
    del middle.sources["fake"]
    assert kinds(await middle.upstream.read(vehicle, (ODOMETER,))) == {"COMPATIBILITY:PLATFORM_NOT_CAPABLE"}
    assert await middle.upstream.admit(vehicle) == Problem("COMPATIBILITY:PLATFORM_NOT_CAPABLE", NOW)


async def test_an_owner_without_a_session_is_told_to_sign_in_and_the_source_is_not_asked() -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    await middle.vehicles.cut(vehicle.client_id, ConnectionFilter(vehicle.id))
    assert kinds(await middle.upstream.read(vehicle, (ODOMETER,))) == {SIGNED_OUT}
    assert (await middle.upstream.command(vehicle, "security-lock", {}, 5.0)).kind == "not_sent"
    assert not source.reads
    assert not source.orders


# A maker's service that fails.


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the door; its only entry may be changed."""
    at = [1000.0]
    monkeypatch.setattr(door, "monotonic", lambda: at[0])
    return at


async def fail(middle: Middle, vehicle: Vehicle, source: FakeSource, times: int = LEAST) -> None:
    before, source.snapshot = source.snapshot, _raise
    for _ in range(times):
        await middle.upstream.read(vehicle, (ODOMETER,))
    source.snapshot = before


async def test_a_service_that_fails_is_left_alone_then_tried_by_one_then_used(seconds: list[float]) -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    first, second = await middle.connected(username="owner:CAR1,CAR2")
    await fail(middle, first, source)
    assert len(source.reads) == LEAST
    answer = (await middle.upstream.read(second, (ODOMETER,))).answers[ODOMETER]
    assert isinstance(answer, Problem)
    assert (answer.kind, len(source.reads)) == ("UPSTREAM:KNOWN_ISSUE", LEAST)
    assert answer.retry_after is not None
    assert 7 <= answer.retry_after <= 13
    seconds[0] += answer.retry_after
    source.hold = asyncio.Event()
    tasks = [asyncio.create_task(middle.upstream.read(v, (c,))) for v in (first, second) for c in (ODOMETER, LOCK)]
    await settled(*tasks)
    assert len(source.reads) == LEAST + 1, "one tries"
    source.hold.set()
    found = [kinds(each) for each in await asyncio.gather(*tasks)]
    assert sorted(map(len, found)) == [0, 1, 1, 1]
    assert not kinds(await middle.upstream.read(second, (ODOMETER,)))


async def test_a_trial_that_the_cars_own_budget_refuses_does_not_keep_the_circuit_open(seconds: list[float]) -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source, budgets={"fake": Budget(Bucket(LEAST, DAY_S), PLENTY)})
    first, second = await middle.connected(username="owner:CAR1,CAR2")
    await fail(middle, first, source)
    seconds[0] += 13
    assert kinds(await middle.upstream.read(first, (ODOMETER,))) == {"RATE_LIMIT:VEHICLE"}
    assert not kinds(await middle.upstream.read(second, (ODOMETER,)))


async def test_a_trial_of_an_owner_who_is_signed_out_does_not_keep_the_circuit_open(seconds: list[float]) -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    (gone,) = await middle.connected(username="gone:CAR1")
    (stays,) = await middle.connected(gone.client_id, "stays:CAR2")
    await fail(middle, stays, source)
    await middle.vehicles.cut(gone.client_id, ConnectionFilter(gone.id))
    seconds[0] += 13
    assert kinds(await middle.upstream.read(gone, (ODOMETER,))) == {SIGNED_OUT}
    assert not kinds(await middle.upstream.read(stays, (ODOMETER,)))


@pytest.mark.parametrize(
    "kind",
    [
        "VEHICLE_STATE:ASLEEP",
        "UPSTREAM:INVALID_DATA",
        "UPSTREAM:RATE_LIMIT",
        SIGNED_OUT,
        "COMPATIBILITY:VEHICLE_NOT_CAPABLE",
    ],
)
async def test_what_is_wrong_with_a_car_or_an_owner_never_opens_a_circuit(kind: str, seconds: list[float]) -> None:
    source = FakeSource(says=lambda code, now: Problem(kind, now), ends=Outcome("refused", Problem(kind, NOW)))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    for _ in range(2 * LEAST):
        assert kinds(await middle.upstream.read(vehicle, (ODOMETER,))) == {kind}
        await middle.upstream.command(vehicle, "security-lock", {}, 5.0)
    assert len(source.reads) == 2 * LEAST


async def test_commands_that_fail_open_the_circuit_too(seconds: list[float]) -> None:
    source = FakeSource(ends=RuntimeError("down"))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    for _ in range(LEAST):
        assert await middle.upstream.admit(vehicle) is None
        assert (await middle.upstream.command(vehicle, "security-lock", {}, 5.0)).kind == "unknown"
    blocked = await middle.upstream.admit(vehicle)
    assert blocked
    assert blocked.kind == "UPSTREAM:KNOWN_ISSUE"


async def test_a_dead_maker_hurts_no_other(seconds: list[float]) -> None:
    dead, well = FakeSource("dead", part="dead"), FakeSource("well", part="well")
    middle = Middle(MemoryStore(), dead, well)
    client_id = await middle.application()
    (of_dead,) = await middle.connected(client_id, source="dead")
    (of_well,) = await middle.connected(client_id, source="well")
    await middle.upstream.read(of_dead, (ODOMETER,))
    await fail(middle, of_dead, dead, 2 * LEAST)
    assert kinds(await middle.upstream.read(of_dead, (ODOMETER,))) == {"UPSTREAM:KNOWN_ISSUE"}
    stale = await middle.upstream.read(of_dead, (ODOMETER,), Freshness(stale_if_error=HOUR))
    assert isinstance(stale.answers[ODOMETER], Reading), "what is kept is still given"
    for _ in range(2 * LEAST):
        assert not kinds(await middle.upstream.read(of_well, (ODOMETER,)))
    assert len(well.reads) == 2 * LEAST


# What stands in the way, looked at without spending.


async def test_an_obstacle_is_told_as_a_read_would_meet_it_and_nothing_is_spent(
    store: Store, seconds: list[float]
) -> None:
    costs = Costs(reads_wake=False, commands_wake=True, wake_kwh=0.1, reads_per_minute=LEAST + 2, wakes_per_day=1)
    source = FakeSource(costs=costs)
    middle = Middle(store, source)
    (vehicle,) = await middle.connected()
    upstream = middle.upstream
    assert (upstream.wakes(vehicle), upstream.wakes(vehicle, command=True)) == (False, True)
    for _ in range(LEAST + 5):
        assert (await upstream.obstacle(vehicle), await upstream.obstacle(vehicle, command=True)) == (None, None)
    assert await upstream.admit(vehicle) is None
    woken = await upstream.obstacle(vehicle, command=True)
    assert woken is not None
    assert woken.kind == "RATE_LIMIT:VEHICLE"
    assert woken.retry_after == pytest.approx(DAY_S, abs=1)
    assert await upstream.obstacle(vehicle) is None
    await fail(middle, vehicle, source)
    down = await upstream.obstacle(vehicle)
    assert down is not None
    assert down.kind == "UPSTREAM:KNOWN_ISSUE"
    seconds[0] += 13
    assert await upstream.obstacle(vehicle) is await upstream.obstacle(vehicle) is None, "nobody tries by looking"
    assert not kinds(await upstream.read(vehicle, (ODOMETER,)))
    spent = await upstream.obstacle(vehicle)
    assert spent is not None
    assert spent.kind == "RATE_LIMIT:VEHICLE"
    assert kinds(await upstream.read(vehicle, (ODOMETER,))) == {"RATE_LIMIT:VEHICLE"}


async def test_a_car_without_a_source_has_an_obstacle_and_wakes_nobody() -> None:
    store = MemoryStore()
    (vehicle,) = await Middle(store, FakeSource()).connected()
    upstream = Middle(store, FakeSource(name="other")).upstream
    found = await upstream.obstacle(vehicle)
    assert found is not None
    assert found.kind == "COMPATIBILITY:PLATFORM_NOT_CAPABLE"
    assert not upstream.wakes(vehicle, command=True)
