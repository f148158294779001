"""Commands: kept before they go out, sent at most once and never late, and told as they ended."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.fakes import NOW, SIGNED_OUT, FakeSource, Middle

from carwire.core.budgets import Bucket, Budget
from carwire.core.commands import CommandRecord, Outcome
from carwire.core.errors import InvalidInput
from carwire.core.grants import GrantMissing
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem
from carwire.core.vehicles import ConnectionFilter, Vehicle
from carwire.services.commands import COME_AGAIN_S, MOST_OF_CAR, CommandFailed, CommandService, Sent
from carwire.storage.audit import first_break
from carwire.storage.memory import MemoryStore

pytestmark = pytest.mark.anyio
LOCK, UNLOCK = "security-lock", "security-unlock"
SHORT = timedelta(milliseconds=20)
DOOR_OPEN = Problem("VEHICLE_STATE:DOOR_OPEN", NOW)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def middle(store: Store, source: FakeSource) -> Middle:
    return Middle(store, source)


async def failed(sending: Any) -> Outcome:
    with pytest.raises(CommandFailed) as caught:
        await sending
    assert caught.value.problem == caught.value.sent.outcome.problem
    outcome: Outcome = caught.value.sent.outcome
    return outcome


async def steps(middle: Middle) -> list[tuple[str, str]]:
    """What the audit says of commands, in order."""
    entries = await middle.store.audit()
    assert first_break(entries) is None
    return [(str(e.detail["name"]), str(e.detail["state"])) for e in entries if e.kind == "command"]


async def test_a_command_that_is_done_is_told_as_done_and_every_step_is_in_the_audit(
    middle: Middle, source: FakeSource
) -> None:
    (vehicle,) = await middle.connected()
    sent = await middle.commands.send(vehicle, "charge-set-limit", {"percent": 80})
    assert (sent.outcome, sent.replayed) == (Outcome("done"), False)
    assert source.orders == [("FAKE01", "charge-set-limit", {"percent": 80})]
    assert await steps(middle) == [("charge-set-limit", state) for state in ("accepted", "sent", "done")]
    record = await middle.store.command(sent.id)
    assert record
    assert (record.state, record.client_id, record.vehicle_id) == ("done", vehicle.client_id, vehicle.id)
    assert record.arguments == {"percent": 80}


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("refused", DOOR_OPEN),
        Outcome("not_sent", Problem("UPSTREAM:RATE_LIMIT", NOW, retry_after=7)),
        Outcome("unknown", Problem("UPSTREAM:NO_RESPONSE", NOW)),
    ],
)
async def test_a_command_that_is_not_done_is_told_with_its_reason(
    middle: Middle, source: FakeSource, outcome: Outcome
) -> None:
    source.ends = outcome
    (vehicle,) = await middle.connected()
    assert await failed(middle.commands.send(vehicle, LOCK, {})) == outcome
    assert await steps(middle) == [(LOCK, "accepted"), (LOCK, "sent"), (LOCK, outcome.kind)]


async def test_a_source_that_raises_leaves_an_unknown_outcome_and_is_not_asked_again(
    middle: Middle, source: FakeSource
) -> None:
    source.ends = RuntimeError("hunter2")
    (vehicle,) = await middle.connected()
    outcome = await failed(middle.commands.send(vehicle, LOCK, {}))
    assert outcome == Outcome("unknown", Problem("UPSTREAM:UNKNOWN_ISSUE", NOW))
    assert len(source.orders) == 1
    assert (await steps(middle))[-1] == (LOCK, "unknown")


async def test_a_source_that_is_silent_until_the_deadline_leaves_an_unknown_outcome(
    middle: Middle, source: FakeSource
) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    outcome = await failed(middle.commands.send(vehicle, LOCK, {}, deadline=SHORT))
    assert outcome == Outcome("unknown", Problem("UPSTREAM:NO_RESPONSE", NOW))
    assert await steps(middle) == [(LOCK, "accepted"), (LOCK, "sent"), (LOCK, "unknown")]
    assert (await middle.again(vehicle)).car.changed_at == NOW, "the car may have done it"


async def test_it_is_written_down_as_sent_before_it_goes_out(middle: Middle, source: FakeSource) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    task = asyncio.create_task(middle.commands.send(vehicle, LOCK, {}))
    await source.begun.wait()
    assert await steps(middle) == [(LOCK, "accepted"), (LOCK, "sent")]
    source.hold.set()
    await task


# What is never sent.


async def test_a_command_whose_turn_comes_too_late_is_not_sent_and_not_waited_for(
    middle: Middle, source: FakeSource
) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    first = asyncio.create_task(middle.commands.send(vehicle, UNLOCK, {}))
    await source.begun.wait()
    outcome = await failed(middle.commands.send(vehicle, LOCK, {}, deadline=SHORT))
    assert outcome == Outcome("not_sent", Problem("UPSTREAM:NO_RESPONSE", NOW))
    assert not first.done()
    source.hold.set()
    await first
    assert [name for _, name, _ in source.orders] == [UNLOCK]
    assert (LOCK, "sent") not in await steps(middle)


async def test_a_command_past_its_deadline_is_not_sent(middle: Middle, source: FakeSource) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    first = asyncio.create_task(middle.commands.send(vehicle, UNLOCK, {}))
    await source.begun.wait()
    second = asyncio.create_task(middle.commands.send(vehicle, LOCK, {}, deadline=timedelta(seconds=60)))
    while len(await steps(middle)) < 3:  # noqa: ASYNC110  # until the second is accepted
        await asyncio.sleep(0.001)
    middle.clock.move(seconds=60)
    source.hold.set()
    await first
    assert (await failed(second)).kind == "not_sent"
    assert [name for _, name, _ in source.orders] == [UNLOCK]


async def test_a_command_without_the_permission_is_neither_kept_nor_sent(middle: Middle, source: FakeSource) -> None:
    (vehicle,) = await middle.connected(permissions=["read_security", "control_charge"])
    with pytest.raises(GrantMissing) as caught:
        await middle.commands.send(vehicle, LOCK, {})
    assert caught.value.permission == "control_security"
    assert not source.orders
    assert await steps(middle) == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("fly", {}), (LOCK, {"hard": 1}), ("charge-set-limit", {}), ("charge-set-limit", {"percent": 49})],
)
async def test_a_command_that_does_not_exist_is_neither_kept_nor_sent(
    middle: Middle, source: FakeSource, name: str, arguments: dict[str, object]
) -> None:
    (vehicle,) = await middle.connected()
    with pytest.raises(InvalidInput):
        await middle.commands.send(vehicle, name, arguments)
    assert not source.orders
    assert await steps(middle) == []


async def test_a_command_beyond_the_cars_budget_is_not_sent(store: Store, source: FakeSource) -> None:
    middle = Middle(store, source, budgets={"fake": Budget(Bucket(100, 60.0), Bucket(1, 3600.0))})
    (vehicle,) = await middle.connected()
    await middle.commands.send(vehicle, LOCK, {})
    outcome = await failed(middle.commands.send(vehicle, UNLOCK, {}))
    assert outcome.kind == "not_sent"
    assert outcome.problem
    assert outcome.problem.kind == "RATE_LIMIT:VEHICLE"
    assert outcome.problem.retry_after == pytest.approx(3600)
    assert len(source.orders) == 1
    assert (UNLOCK, "sent") not in await steps(middle)


async def test_a_command_of_an_owner_who_is_signed_out_ends_as_not_sent(middle: Middle, source: FakeSource) -> None:
    source.signed_out = {"owner"}
    (vehicle,) = await middle.connected()
    assert await failed(middle.commands.send(vehicle, LOCK, {})) == Outcome("not_sent", Problem(SIGNED_OUT, NOW))


@pytest.mark.parametrize("gone", ["cut", "narrowed"])
async def test_a_command_that_waited_is_not_sent_for_an_owner_who_left(
    middle: Middle, source: FakeSource, gone: str
) -> None:
    source.hold = asyncio.Event()
    vehicle, _ = await middle.connected(username="owner:CAR1,CAR2")
    first = asyncio.create_task(middle.commands.send(vehicle, UNLOCK, {}))
    await source.begun.wait()
    second = asyncio.create_task(middle.commands.send(vehicle, LOCK, {}))
    while len(await steps(middle)) < 3:  # noqa: ASYNC110  # until the second is accepted
        await asyncio.sleep(0.001)
    if gone == "cut":
        await middle.vehicles.cut(vehicle.client_id, ConnectionFilter(vehicle_id=vehicle.id))
    else:
        await middle.connected(vehicle.client_id, "owner:CAR1,CAR2", permissions=["read_security"])
    source.hold.set()
    await first
    assert await failed(second) == Outcome("not_sent", Problem("PERMISSION", NOW))
    assert [name for _, name, _ in source.orders] == [UNLOCK]


# Repeated and parallel requests.


async def test_the_same_key_answers_as_before_and_sends_nothing(middle: Middle, source: FakeSource) -> None:
    (vehicle,) = await middle.connected()
    first = await middle.commands.send(vehicle, LOCK, {}, key="k")
    middle.clock.move(minutes=10)
    again = await middle.commands.send(vehicle, LOCK, {}, key="k")
    assert again == Sent(first.id, Outcome("done"), replayed=True)
    assert len(source.orders) == 1


async def test_the_same_key_answers_a_failure_as_before(middle: Middle, source: FakeSource) -> None:
    source.ends = Outcome("refused", DOOR_OPEN)
    (vehicle,) = await middle.connected()
    first = await failed(middle.commands.send(vehicle, LOCK, {}, key="k"))
    source.ends = Outcome("done")
    assert await failed(middle.commands.send(vehicle, LOCK, {}, key="k")) == first
    assert len(source.orders) == 1


async def test_the_key_of_a_command_that_was_not_sent_is_free_for_the_next_try(
    middle: Middle, source: FakeSource
) -> None:
    source.ends = Outcome("not_sent", Problem("UPSTREAM:RATE_LIMIT", NOW, retry_after=7))
    (vehicle,) = await middle.connected()
    assert (await failed(middle.commands.send(vehicle, LOCK, {}, key="k"))).kind == "not_sent"
    source.ends = Outcome("done")
    middle.clock.move(seconds=7)
    sent = await middle.commands.send(vehicle, LOCK, {}, key="k")
    assert not sent.replayed
    assert len(source.orders) == 2
    assert await middle.commands.send(vehicle, LOCK, {}, key="k") == Sent(sent.id, Outcome("done"), replayed=True)


async def test_what_comes_on_top_of_a_full_queue_is_not_sent_and_not_stored(middle: Middle, source: FakeSource) -> None:
    vehicle, other = await middle.connected(username="owner:CAR1,CAR2")
    before = await middle.commands.send(vehicle, LOCK, {}, key="k")
    source.hold = asyncio.Event()
    orders = [{"percent": 50 + n} for n in range(25)]
    tasks = [asyncio.create_task(middle.commands.send(vehicle, "charge-set-limit", each)) for each in orders]
    done, waiting = await asyncio.wait(tasks, timeout=5, return_when=asyncio.FIRST_EXCEPTION)
    while len(done) < 5:
        more, waiting = await asyncio.wait(waiting, timeout=5, return_when=asyncio.FIRST_EXCEPTION)
        done |= more
    assert (len(done), len(waiting)) == (5, MOST_OF_CAR)
    for task in done:
        error = task.exception()
        assert isinstance(error, CommandFailed)
        assert error.sent.outcome == Outcome("not_sent", Problem("RATE_LIMIT:VEHICLE", NOW, retry_after=COME_AGAIN_S))
        assert await middle.store.command(error.sent.id) is None
    assert (await middle.commands.send(vehicle, LOCK, {}, key="k")).id == before.id, "what is known needs no room"
    elsewhere = asyncio.create_task(middle.commands.send(other, LOCK, {}))
    joined = asyncio.create_task(
        middle.commands.send(vehicle, "charge-set-limit", orders[tasks.index(min(waiting, key=tasks.index))])
    )
    source.hold.set()
    await asyncio.gather(*waiting, elsewhere, joined)
    assert len(source.orders) == 1 + MOST_OF_CAR + 1
    await middle.commands.send(vehicle, UNLOCK, {})
    assert not middle.commands._queues._of_car


@pytest.mark.parametrize(("name", "arguments"), [(UNLOCK, {}), ("charge-set-limit", {"percent": 90})])
async def test_a_key_that_named_another_command_is_refused(
    middle: Middle, source: FakeSource, name: str, arguments: dict[str, object]
) -> None:
    (vehicle,) = await middle.connected()
    await middle.commands.send(vehicle, "charge-set-limit", {"percent": 80}, key="k")
    with pytest.raises(InvalidInput) as caught:
        await middle.commands.send(vehicle, name, arguments, key="k")
    assert [problem.field for problem in caught.value.fields] == ["idempotency-key"]
    assert len(source.orders) == 1


async def test_a_key_means_one_vehicle_of_one_application(middle: Middle, source: FakeSource) -> None:
    client_id, other = await middle.application(), await middle.application("Other")
    first, second = await middle.connected(client_id, "one:CAR1,CAR2")
    (foreign,) = await middle.connected(other, "one:CAR1")
    sent = [await middle.commands.send(vehicle, LOCK, {}, key="k") for vehicle in (first, second, foreign)]
    assert len({each.id for each in sent}) == 3
    assert not any(each.replayed for each in sent)
    assert [vin for vin, _, _ in source.orders] == ["CAR1", "CAR2", "CAR1"]


async def test_an_equal_order_under_way_is_joined_and_the_source_sees_one(middle: Middle, source: FakeSource) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    tasks = [asyncio.create_task(middle.commands.send(vehicle, LOCK, {})) for _ in range(20)]
    await source.begun.wait()
    await asyncio.sleep(0.01)
    source.hold.set()
    sent = await asyncio.gather(*tasks)
    assert len({each.id for each in sent}) == 1
    assert len(source.orders) == 1
    assert await steps(middle) == [(LOCK, "accepted"), (LOCK, "sent"), (LOCK, "done")]
    await middle.commands.send(vehicle, LOCK, {})
    assert len(source.orders) == 2, "one that has ended is joined by nobody"


async def test_orders_with_other_arguments_are_not_joined(middle: Middle, source: FakeSource) -> None:
    (vehicle,) = await middle.connected()
    orders = (middle.commands.send(vehicle, "charge-set-limit", {"percent": p}) for p in (60, 70, 80))
    assert len({each.id for each in await asyncio.gather(*orders)}) == 3
    assert len(source.orders) == 3


@pytest.mark.parametrize("seed", range(10))
async def test_opposite_commands_go_one_after_another_in_the_order_they_were_accepted(seed: int) -> None:
    drawn = random.Random(seed)
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    names = [drawn.choice((LOCK, UNLOCK)) for _ in range(12)]

    async def send(name: str) -> None:
        for _ in range(drawn.randint(0, 5)):
            await asyncio.sleep(0)
        await middle.commands.send(vehicle, name, {})

    await asyncio.gather(*map(send, names))
    assert source.most_at_once == 1
    done = await steps(middle)
    assert [name for _, name, _ in source.orders] == [name for name, state in done if state == "accepted"]
    assert [name for _, name, _ in source.orders] == [name for name, state in done if state == "done"]


async def test_two_cars_do_not_wait_for_each_other(middle: Middle, source: FakeSource) -> None:
    source.hold = asyncio.Event()
    vehicles = await middle.connected(username="owner:CAR1,CAR2")
    tasks = [asyncio.create_task(middle.commands.send(vehicle, LOCK, {})) for vehicle in vehicles]
    while len(source.orders) < 2:  # noqa: ASYNC110  # both are at their cars
        await asyncio.sleep(0.001)
    source.hold.set()
    await asyncio.gather(*tasks)
    assert source.most_at_once == 2


async def test_a_command_goes_on_when_its_caller_goes_away(middle: Middle, source: FakeSource) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    task = asyncio.create_task(middle.commands.send(vehicle, LOCK, {}, key="k"))
    await source.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    source.hold.set()
    await middle.commands.finish()
    assert (await steps(middle))[-1] == (LOCK, "done")
    assert (await middle.commands.send(vehicle, LOCK, {}, key="k")).replayed
    assert len(source.orders) == 1


async def test_a_thousand_keys_each_used_ten_times_at_once_are_a_thousand_orders() -> None:
    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    vehicles = await middle.connected(username="owner:" + ",".join(f"CAR{n:02}" for n in range(100)))
    drawn = random.Random(7)
    wanted = [(vehicles[n % 100], {"percent": 50 + n / 20}, f"key {n}") for n in range(1000)]
    requests = [each for each in wanted for _ in range(10)]
    drawn.shuffle(requests)

    async def send(vehicle: Vehicle, arguments: dict[str, object], key: str) -> tuple[str, Sent]:
        for _ in range(drawn.randint(0, 3)):
            await asyncio.sleep(0)
        return key, await middle.commands.send(vehicle, "charge-set-limit", arguments, key=key)

    answers = await asyncio.gather(*(send(*each) for each in requests))  # type: ignore[arg-type]
    assert len(source.orders) == 1000
    assert len({msgspec.json.encode(order[2]) for order in source.orders}) == 1000
    assert len({(key, sent.id, sent.outcome.kind) for key, sent in answers}) == 1000
    assert sum(not sent.replayed for _, sent in answers) == 1000


# Secrets and crashes.


async def test_a_pin_is_neither_kept_nor_in_the_audit(middle: Middle, source: FakeSource) -> None:
    (vehicle,) = await middle.connected()
    sent = await middle.commands.send(vehicle, "pin-set", {"pin": "7391"}, key="k")
    assert source.orders == [("FAKE01", "pin-set", {"pin": "7391"})]
    record = await middle.store.command(sent.id)
    assert record
    assert record.arguments == {}
    assert "7391" not in repr(record)
    assert b"7391" not in record.fingerprint
    assert "7391" not in repr(await middle.store.audit())
    with pytest.raises(InvalidInput):
        await middle.commands.send(vehicle, "pin-set", {"pin": "7392"}, key="k")
    assert (await middle.commands.send(vehicle, "pin-set", {"pin": "7391"}, key="k")).replayed


@pytest.mark.parametrize(("was_sent", "ends"), [(False, "not_sent"), (True, "unknown")])
async def test_what_a_crash_cut_off_is_ended_and_told_to_who_asks_again(
    middle: Middle, source: FakeSource, *, was_sent: bool, ends: str
) -> None:
    (vehicle,) = await middle.connected()
    record = middle.commands._record(vehicle, LOCK, {}, timedelta(seconds=60))
    await middle.store.accept(record, "k")
    if was_sent:
        assert await middle.store.mark_sent(record.id, middle.clock())
    restarted = CommandService(middle.store, middle.upstream, middle.hasher, middle.clock)
    assert await middle.store.recover(middle.clock()) == 0, "its deadline has not passed: somebody may have it in hand"
    middle.clock.move(seconds=70)
    assert await middle.store.recover(middle.clock()) == 1
    assert (await steps(middle))[-1] == (LOCK, ends)
    if was_sent:
        outcome = await failed(restarted.send(vehicle, LOCK, {}, key="k"))
        assert outcome == Outcome("unknown", Problem("UPSTREAM:NO_RESPONSE", middle.clock()))
        assert not source.orders
    else:
        assert not (await restarted.send(vehicle, LOCK, {}, key="k")).replayed
        assert len(source.orders) == 1
    assert await middle.store.recover(middle.clock()) == 0


async def test_a_command_that_another_process_has_in_hand_is_waited_for(middle: Middle, source: FakeSource) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    own = asyncio.create_task(middle.commands.send(vehicle, LOCK, {}, key="k"))
    await source.begun.wait()
    elsewhere = CommandService(middle.store, middle.upstream, middle.hasher, middle.clock)
    waiting = asyncio.create_task(elsewhere.send(vehicle, LOCK, {}, key="k"))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    source.hold.set()
    assert (await waiting).id == (await own).id
    assert len(source.orders) == 1


@pytest.mark.parametrize("was_sent", [False, True])
async def test_what_a_crash_left_is_not_joined_past_its_deadline(
    middle: Middle, source: FakeSource, *, was_sent: bool
) -> None:
    (vehicle,) = await middle.connected()
    record = middle.commands._record(vehicle, LOCK, {}, timedelta(seconds=60))
    await middle.store.accept(record, None)
    if was_sent:
        assert await middle.store.mark_sent(record.id, middle.clock())
    middle.clock.move(seconds=60)
    sent = await middle.commands.send(vehicle, LOCK, {})
    assert sent.id != record.id
    assert len(source.orders) == 1


@pytest.mark.parametrize(("was_sent", "ends"), [(False, "not_sent"), (True, "unknown")])
async def test_a_command_nobody_ends_is_ended_by_who_waits_for_it(
    middle: Middle, source: FakeSource, *, was_sent: bool, ends: str
) -> None:
    (vehicle,) = await middle.connected()
    record: CommandRecord = middle.commands._record(vehicle, LOCK, {}, timedelta(seconds=60))
    await middle.store.accept(record, "k")
    if was_sent:
        assert await middle.store.mark_sent(record.id, middle.clock())
    waiting = asyncio.create_task(middle.commands.send(vehicle, LOCK, {}, key="k"))
    await asyncio.sleep(0.01)
    middle.clock.move(seconds=70)
    assert await failed(waiting) == Outcome(ends, Problem("UPSTREAM:NO_RESPONSE", middle.clock()))  # type: ignore[arg-type]
    assert (await steps(middle))[-1] == (LOCK, ends)
    assert not source.orders


async def test_a_command_in_another_process_is_looked_at_less_and_less_often(
    middle: Middle, monkeypatch: pytest.MonkeyPatch
) -> None:
    (vehicle,) = await middle.connected()
    await middle.store.accept(middle.commands._record(vehicle, LOCK, {}, timedelta(seconds=60)), None)
    pauses_s: list[float] = []

    async def pass_time(pause_s: float) -> None:
        pauses_s.append(pause_s)
        middle.clock.move(seconds=pause_s)

    monkeypatch.setattr("carwire.services.commands.asyncio.sleep", pass_time)
    assert (await failed(middle.commands.send(vehicle, LOCK, {}))).kind == "not_sent"
    assert pauses_s[:7] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert len(pauses_s) < 80


async def test_a_command_ended_by_somebody_else_is_told_as_it_was_written_down(
    middle: Middle, source: FakeSource
) -> None:
    source.hold = asyncio.Event()
    (vehicle,) = await middle.connected()
    sending = asyncio.create_task(middle.commands.send(vehicle, LOCK, {}, key="k"))
    await source.begun.wait()
    middle.clock.move(seconds=70)
    assert await middle.store.recover(middle.clock()) == 1
    source.hold.set()
    outcome = await failed(sending)
    assert outcome.kind == "unknown"
    assert await failed(middle.commands.send(vehicle, LOCK, {}, key="k")) == outcome
