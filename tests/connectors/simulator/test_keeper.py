"""A server's world: where it stands is kept, and it goes on from there."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.connectors.simulator.test_world import act, actions

from carwire.connectors.simulator.desk import Desk
from carwire.connectors.simulator.events import Checkpoint
from carwire.connectors.simulator.keeper import Keeper
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.world import STARTED_AT, World
from carwire.connectors.simulator.worldfile import FILE, STATE_FILE, save_world
from carwire.core.errors import CannotStart, InvalidInput
from carwire.core.signals.catalogue import signals
from carwire.core.simulation import Clockwork, Fault

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """A real clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)


def test_a_new_real_world_begins_at_the_present_and_runs(tmp_path: Path) -> None:
    clock = Clock()
    desk = Desk.of(Keeper(tmp_path, "real", clock), clock)
    state = desk.state()
    assert (state.now, state.started_at, state.clock, state.speed) == (NOW, NOW, "real", 1)
    clock.passes(hours=2)
    assert desk.state().now == NOW + timedelta(hours=2)


def test_a_stepped_world_begins_at_its_fixed_moment_and_moves_when_told(tmp_path: Path) -> None:
    clock = Clock()
    desk = Desk.of(Keeper(tmp_path, "stepped", clock), clock)
    clock.passes(days=3)
    state = desk.state()
    assert (int(state.now.timestamp()), state.clock, state.speed) == (STARTED_AT, "stepped", 0)
    assert int(desk.step(90).now.timestamp()) == STARTED_AT + 90
    with pytest.raises(InvalidInput, match="speed"):
        desk.run(60)


def test_a_real_world_can_be_stepped_sped_up_and_stopped(tmp_path: Path) -> None:
    clock = Clock()
    desk = Desk.of(Keeper(tmp_path, "real", clock), clock)
    desk.step(3600)
    clock.passes(minutes=1)
    assert desk.state().now == NOW + timedelta(minutes=61)
    assert desk.run(60).speed == 60
    clock.passes(minutes=1)
    assert desk.run(0).now == NOW + timedelta(minutes=121)
    clock.passes(days=1)
    assert desk.state().now == NOW + timedelta(minutes=121)
    with pytest.raises(InvalidInput, match="speed"):
        desk.run(3601)


@pytest.mark.parametrize("kind", ["real", "stepped"])
def test_what_was_done_is_there_after_a_restart(tmp_path: Path, kind: Clockwork) -> None:
    clock = Clock()
    first = Keeper(tmp_path, kind, clock)
    desk = Desk.of(first, clock)
    desk.change("tesla-3", "parked", {"charge": "0.42", "plug": "ac"})
    desk.add_fault("kia-ev6", Fault(kind="VEHICLE_STATE:ASLEEP", for_s=3600))
    desk.add_fault("kia-ev6", Fault(stale=True))
    first.world.add("0SCTESLA0AAAAAAAA", "tesla-3", ready=True)
    desk.command("tesla-3", "charge-set-schedule", {"type": "START_TIME", "enable": True, "time": "07:30"})
    desk.step(3000)
    first.keep_now()
    again = Keeper(tmp_path, kind, clock)
    assert again.world.seed == first.world.seed
    assert again.world.vins() == first.world.vins()
    assert again.world.dump() == first.world.dump()
    assert again.world.now == first.world.now
    vin = again.world.find("kia-ev6")
    assert again.world.script(vin) == first.world.script(vin)
    assert again.world.read(vin, tuple(signals())) == first.world.read(vin, tuple(signals()))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(actions, max_size=8), st.integers(0, 8))
def test_a_world_resumed_anywhere_goes_on_like_one_that_never_stopped(
    doing: list[tuple[str, object]], cut: int
) -> None:
    whole, parted = World(4), World(4)
    vin = whole.find("simulated-phev")
    for action in doing[:cut]:
        act(whole, vin, action)
        act(parted, vin, action)
    kept = msgspec.json.decode(msgspec.json.encode(parted.checkpoint(NOW)), type=Checkpoint)
    parted = World.resume(kept)
    for action in doing[cut:]:
        act(whole, vin, action)
        act(parted, vin, action)
    assert parted.dump() == whole.dump()


def test_a_real_world_lives_on_while_the_server_is_down(tmp_path: Path) -> None:
    clock = Clock()
    first = Keeper(tmp_path, "real", clock)
    vin = first.world.find("tesla-3")
    before = first.world.car(vin).odometer_km
    first.keep_now()
    clock.passes(days=200)
    again = Keeper(tmp_path, "real", clock)
    desk = Desk.of(again, clock)
    assert desk.state().now == NOW + timedelta(days=200)
    assert desk.summary(vin).odometer_km > before + 100 * 30


def test_what_is_kept_does_not_grow_with_what_was_done(tmp_path: Path) -> None:
    clock = Clock()
    keeper = Keeper(tmp_path, "stepped", clock)
    desk = Desk.of(keeper, clock)
    sizes = []
    for _ in range(3):
        for _ in range(200):
            desk.change("tesla-3", None, {"locked": "on"})
        keeper.keep_now()
        sizes.append((tmp_path / STATE_FILE).stat().st_size)
    assert sizes[0] == sizes[1] == sizes[2]
    assert keeper.world.record().events == ()


def test_nothing_new_is_not_written_again(tmp_path: Path) -> None:
    clock = Clock()
    keeper = Keeper(tmp_path, "real", clock)
    keeper.keep_now()
    path = tmp_path / STATE_FILE
    path.unlink()
    clock.passes(hours=1)
    keeper.keep_now()
    assert not path.exists()
    Desk.of(keeper, clock).change("tesla-3", None, {"locked": "off"})
    keeper.keep_now()
    assert path.exists()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_world_of_the_command_line_is_taken_over_once(tmp_path: Path) -> None:
    clock, world = Clock(), World(9)
    world.start(world.find("tesla-3"), "cold_soak")
    world.step(5000)
    save_world(world, tmp_path)
    keeper = Keeper(tmp_path, "real", clock)
    assert (keeper.world.seed, keeper.world.time) == (9, world.time)
    assert keeper.world.car(world.find("tesla-3")).scenario == "cold_soak"
    keeper.keep_now()  # else the next start would find the old file, and the old time
    (tmp_path / FILE).write_text("no longer looked at")
    clock.passes(hours=1)
    again = Keeper(tmp_path, "real", clock)
    again.world.catch_up(clock.now)
    assert again.world.time == world.time + 3600


@pytest.mark.parametrize("kind", ["real", "stepped"])
def test_a_reset_begins_where_such_a_world_begins(tmp_path: Path, kind: Clockwork) -> None:
    clock = Clock()
    keeper = Keeper(tmp_path, kind, clock)
    desk = Desk.of(keeper, clock)
    keeper.world.add("0SCTESLA0AAAAAAAA", "tesla-3")
    desk.step(600)
    clock.passes(days=1)
    state = desk.reset(5)
    assert (state.seed, state.clock) == (5, kind)
    assert state.now == (clock.now if kind == "real" else datetime.fromtimestamp(STARTED_AT, UTC))
    assert "0SCTESLA0AAAAAAAA" not in keeper.world
    clock.passes(minutes=1)
    assert desk.state().now == state.now + timedelta(minutes=1 if kind == "real" else 0)


def test_a_change_is_made_whole_or_not_at_all() -> None:
    world = World()
    desk = Desk(world, "stepped", Clock())
    before, events = world.dump(), world.record().events
    for settings_ in ({"charge": "0.1", "wings": "2"}, {"plug": "ac", "charge": "2"}, {"locked": "off", "fuel": "1"}):
        with pytest.raises(InvalidInput):
            desk.change("tesla-3", "cold_soak", settings_)
    assert world.dump() == before
    assert world.record().events == events
    with pytest.raises(InvalidInput, match="settings"):
        desk.change("tesla-3", None, {})


def test_a_task_keeps_the_world_and_stopping_keeps_the_last_of_it(tmp_path: Path) -> None:
    clock = Clock()

    async def use() -> tuple[Any, Any]:
        keeper = Keeper(tmp_path, "stepped", clock, every_s=0.01)
        desk = Desk.of(keeper, clock)
        keeper.start()
        desk.change("tesla-3", None, {"locked": "off"})
        path = tmp_path / STATE_FILE
        while not path.exists():  # noqa: ASYNC110  # a file announces itself to nobody
            await asyncio.sleep(0.005)
        kept = json.loads(path.read_bytes())
        desk.step(60)
        await keeper.stop()
        return kept, json.loads(path.read_bytes())

    early, late = asyncio.run(use())
    assert [car["locked"] for car in early["cars"]] == [False]
    assert late["time"] == STARTED_AT + 60


def many(world: World, count: int) -> None:
    models = list(car_range().models.values())
    for n in range(count):
        model = models[n % len(models)]
        world.come(car_range().vin_of(model, n), model.id)
        world.car(world.vins()[-1])


def test_a_world_encoded_in_slices_is_the_one_encoded_at_once(tmp_path: Path) -> None:
    clock = Clock()
    keeper = Keeper(tmp_path, "stepped", clock)
    many(keeper.world, 130)
    desk, last = Desk.of(keeper, clock), keeper.world.vins()[-1]
    desk.change(keeper.world.vins()[80], "parked", {"charge": "0.5"})
    desk.add_fault(last, Fault(stale=True))
    keeper.keep_now()
    at_once = (tmp_path / STATE_FILE).read_bytes()
    (tmp_path / STATE_FILE).unlink()
    keeper.world.revision += 1
    asyncio.run(keeper.keep())
    assert (tmp_path / STATE_FILE).read_bytes() == at_once
    again = Keeper(tmp_path, "stepped", clock).world
    assert msgspec.json.encode(again.checkpoint(NOW)) + b"\n" == at_once
    assert again.extras.touched() == keeper.world.extras.touched() == (keeper.world.vins()[80], last)
    assert again.dump() == keeper.world.dump()


def test_what_happens_between_two_slices_is_in_the_file_or_comes_with_the_next(tmp_path: Path) -> None:
    clock = Clock()

    async def use() -> World:
        keeper = Keeper(tmp_path, "stepped", clock)
        many(keeper.world, 130)
        keeping = asyncio.create_task(keeper.keep())
        await asyncio.sleep(0)
        world, new = keeper.world, "0SCTESLA0AAAAAAAA"
        gone = world.vins()[-130]
        world.extras.most = 130
        world.come(new, "tesla-3", "VEHICLE_STATE:ASLEEP")
        Desk.of(keeper, clock).change("tesla-3", None, {"locked": "off"})
        await keeping
        kept = Keeper(tmp_path, "stepped", clock).world
        assert (new in kept, gone in kept, len(kept.vins())) == (True, False, len(world.vins()))
        assert [each.fault.kind for each in kept.script(new)] == ["VEHICLE_STATE:ASLEEP"]
        await keeper.stop()
        return world

    world = asyncio.run(use())
    assert Keeper(tmp_path, "stepped", clock).world.dump() == world.dump()


def test_a_world_begun_again_between_two_slices_is_the_one_that_is_kept(tmp_path: Path) -> None:
    clock = Clock()

    async def use() -> World:
        keeper = Keeper(tmp_path, "stepped", clock)
        many(keeper.world, 130)
        keeping = asyncio.create_task(keeper.keep())
        await asyncio.sleep(0)
        keeper.reset(5)
        keeper.world.car(keeper.world.find("tesla-3"))
        await keeping
        return keeper.world

    world = asyncio.run(use())
    kept = Keeper(tmp_path, "stepped", clock).world
    assert (kept.seed, kept.vins()) == (5, world.vins())
    assert kept.dump() == world.dump()


def test_a_kept_world_with_too_many_cars_lets_the_first_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    keeper = Keeper(tmp_path, "stepped", clock)
    many(keeper.world, 5)
    *_, second, third, fourth, fifth = keeper.world.vins()
    keeper.world.extras.touch(second)
    keeper.keep_now()
    monkeypatch.setattr("carwire.connectors.simulator.world.MOST_EXTRAS", 3)
    kept = Keeper(tmp_path, "stepped", clock).world
    assert kept.vins()[len(car_range().models) :] == [fourth, fifth, second]
    assert third not in kept


def test_a_disk_that_refuses_does_not_stop_the_cars(tmp_path: Path) -> None:
    clock = Clock()

    async def use() -> None:
        keeper = Keeper(tmp_path / "data", "stepped", clock, every_s=0.001)
        (tmp_path / "data").write_text("not a folder")
        keeper.start()
        Desk.of(keeper, clock).step(60)
        await asyncio.sleep(0.02)
        (tmp_path / "data").unlink()
        await keeper.stop()

    asyncio.run(use())
    assert (tmp_path / "data" / STATE_FILE).exists()


GOOD = msgspec.to_builtins(World().checkpoint(NOW))


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        "\xff",
        json.dumps({**GOOD, "version": 2}),
        json.dumps({**GOOD, "wings": 2}),
        json.dumps({**GOOD, "time": GOOD["started_at"] - 1}),
        json.dumps({**GOOD, "time": 10**12}),
        json.dumps({**GOOD, "speed": -1}),
        json.dumps({**GOOD, "kept_at": "2026-01-01T00:00:00"}),
        json.dumps({**GOOD, "waiting": [{"type": "added", "at": 1, "vin": "0SC", "model": "batmobile"}]}),
    ],
)
def test_a_file_that_is_no_world_is_named(tmp_path: Path, broken: str) -> None:
    (tmp_path / STATE_FILE).write_text(broken, encoding="latin-1")
    with pytest.raises(CannotStart, match=STATE_FILE):
        Keeper(tmp_path, "real", Clock())


@pytest.mark.parametrize("change", [{"model": "batmobile"}, {"scenario": "flying"}, {"stage": 99}, {"minute": 10**9}])
def test_a_car_in_no_possible_state_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    world = World()
    world.car(world.find("tesla-3"))
    kept = msgspec.to_builtins(world.checkpoint(NOW))
    kept["cars"][0].update(change)
    (tmp_path / STATE_FILE).write_text(json.dumps(kept))
    with pytest.raises(CannotStart, match=STATE_FILE):
        Keeper(tmp_path, "real", Clock())
