"""Charge schedules of one place: which cars take them, how they read back, and when a car charges by them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.connectors.simulator.test_world import check

from carwire.connectors.simulator.car import Car, ChargeSchedule, ChargeWindow, soc
from carwire.connectors.simulator.events import Checkpoint, Record
from carwire.connectors.simulator.life import begin, new_car
from carwire.connectors.simulator.models import Model, car_range
from carwire.connectors.simulator.road import place_at
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.connectors.simulator.schedules import MOST, is_open
from carwire.connectors.simulator.skip import DAY, WEEK, bring
from carwire.connectors.simulator.world import World
from carwire.core.commands import DAYS, WEEKEND, WORKDAYS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KM = 1 / 111.195  # degrees of latitude
Windows = Sequence[tuple[Sequence[str], str, str]]
EVERY_DAY = ((DAYS, "07:30", "08:00"),)
NIGHTS = ((DAYS, "22:00", "07:00"),)


def parked(name: str = "tesla-3", plug: str = "ac", charge: str = "0.2") -> tuple[World, str]:
    """A car on a cable; it is Monday, 06:00."""
    world = World()
    vin = world.find(name)
    world.start(vin, "parked")
    world.adjust(vin, "charge", charge)
    world.adjust(vin, "plug", plug)
    return world, vin


def create(
    world: World, vin: str, windows: Windows, kind: str = "daily", *, name: str = "s1", km_north: float = 0
) -> str | None:
    """Give a car a schedule for where it stands, or so far from there; return why it was refused."""
    car = world.car(vin)
    place = place_at(car.km_from_home, car.side)
    arguments = {
        **{"schedule_id": name, "kind": kind},
        **{"latitude": place.latitude + km_north * KM, "longitude": place.longitude},
        "windows": [{"days": list(days), "start": start, "stop": stop} for days, start, stop in windows],
    }
    return ended(world, vin, "charge-schedule-create", arguments)


def delete(world: World, vin: str, name: str = "s1") -> str | None:
    return ended(world, vin, "charge-schedule-delete", {"schedule_id": name})


def ended(world: World, vin: str, name: str, arguments: dict[str, Any]) -> str | None:
    outcome = world.command(vin, name, arguments)
    assert outcome.kind in {"done", "refused"}
    return outcome.problem.kind if outcome.problem else None


def charging(world: World, vin: str) -> bool:
    return world.car(vin).charging


def timers(world: World, vin: str) -> list[Any]:
    found = world.read(vin, ["charge-chargetimers"]).value("charge-chargetimers")
    assert isinstance(found, dict)
    values = found["values"]
    assert isinstance(values, list)
    return values


def hours(world: World, vin: str, count: int) -> list[bool]:
    """Whether the car charges at every full hour that comes."""
    found = []
    for _ in range(count):
        world.step(3600)
        found.append(charging(world, vin))
    return found


# --- who takes which


def test_a_make_takes_the_kinds_it_is_known_for() -> None:
    kinds: dict[str, Windows] = {
        "daily": EVERY_DAY,
        "weekly": ((["MONDAY"], "01:00", "02:00"),),
        "workweek": ((WORKDAYS, "22:00", "06:00"), (WEEKEND, "10:00", "12:00")),
    }
    world = World()
    lacking = "COMPATIBILITY:VEHICLE_NOT_CAPABLE"
    for model in car_range().models.values():
        vin = world.find(model.id)
        for kind, windows in kinds.items():
            takes = model.make == "TESLA" or (model.make == "VOLVO" and kind == "daily")
            assert create(world, vin, windows, kind) == (None if takes else lacking), (model.id, kind)
        assert delete(world, vin) == (None if model.make in {"TESLA", "VOLVO"} else lacking)


def test_schedules_read_back_in_the_order_they_were_made() -> None:
    world, vin = parked()
    create(world, vin, EVERY_DAY, name="first")
    create(world, vin, ((WORKDAYS, "22:00", "06:00"), (WEEKEND, "10:00", "12:05")), "workweek", name="second")
    assert [(each["scheduleType"], each["scheduleId"]) for each in timers(world, vin)] == [
        ("DAILY", "first"),
        ("WORKWEEK", "second"),
    ]
    assert timers(world, vin)[1]["schedules"] == [
        {"start": "22:00:00", "end": "06:00:00", "days": list(WORKDAYS)},
        {"start": "10:00:00", "end": "12:05:00", "days": list(WEEKEND)},
    ]
    create(world, vin, ((["FRIDAY"], "01:00", "02:00"),), "weekly", name="first")
    assert [(each["scheduleType"], each["scheduleId"]) for each in timers(world, vin)] == [
        ("WEEKLY", "first"),
        ("WORKWEEK", "second"),
    ]
    assert delete(world, vin, "first") is None
    assert [each["scheduleId"] for each in timers(world, vin)] == ["second"]


def test_a_schedule_nobody_made_cannot_be_deleted() -> None:
    world, vin = parked()
    create(world, vin, EVERY_DAY)
    before = world.dump()
    assert delete(world, vin, "s2") == "RESOURCE_NOT_FOUND:PATH"
    assert world.dump() == before
    assert [delete(world, vin), delete(world, vin)] == [None, "RESOURCE_NOT_FOUND:PATH"]


def test_a_car_has_room_for_so_many_schedules_and_one_of_them_can_still_be_changed() -> None:
    world, vin = parked()
    assert [create(world, vin, EVERY_DAY, name=str(number)) for number in range(MOST)] == [None] * MOST
    before = world.dump()
    assert create(world, vin, EVERY_DAY, name="one more") == "VEHICLE_STATE:UNKNOWN"
    assert world.dump() == before
    assert create(world, vin, NIGHTS, name="3") is None
    assert len(timers(world, vin)) == MOST
    delete(world, vin, "0")
    assert create(world, vin, EVERY_DAY, name="one more") is None


# --- when a window is open


@pytest.mark.parametrize(
    ("days", "start", "stop"),
    [
        (["MONDAY"], 600, 720),
        (["SUNDAY"], 1320, 360),
        (["THURSDAY", "SATURDAY"], 1, 0),
        (DAYS, 1439, 0),
        (WORKDAYS, 0, 1439),
    ],
)
def test_a_window_is_open_from_its_start_on_its_days_for_as_long_as_it_is(
    days: Sequence[str], start: int, stop: int
) -> None:
    world, vin = parked()
    car = world.car(vin)
    place = place_at(car.km_from_home, car.side)
    window = ChargeWindow(tuple(days), start, stop)
    car.schedules = (ChargeSchedule("s1", "weekly", place.latitude, place.longitude, (window,)),)
    expected = set()
    for day in range(-1, 15):
        if datetime.fromtimestamp(day * 86_400, UTC).strftime("%A").upper() in days:
            expected |= set(range(day * DAY + start, day * DAY + start + (stop - start) % DAY))
    opened = set()
    for minute in range(14 * DAY):
        car.minute = minute
        if is_open(car):
            opened.add(minute)
    assert opened == {minute for minute in expected if 0 <= minute < 14 * DAY}


# --- charging by them


def test_a_car_charges_within_the_windows_of_its_place_alone() -> None:
    world, vin = parked()
    assert charging(world, vin)
    create(world, vin, EVERY_DAY)
    assert not charging(world, vin)  # at once
    minutes = []
    for minute in range(180):
        world.step(60)
        if charging(world, vin):
            minutes.append(minute + 1)
        check(world.car(vin), world.model(vin))
    assert minutes == list(range(90, 120))  # 07:30 until 08:00
    session = world.car(vin).session
    assert session
    assert session.grid_kwh == pytest.approx(0.24 * 32 / 2)  # half an hour at 240 V and 32 A


def test_a_cable_that_is_plugged_in_finds_the_schedule_there() -> None:
    world, vin = parked(plug="none")
    create(world, vin, EVERY_DAY)
    world.adjust(vin, "plug", "ac")
    assert not charging(world, vin)
    world.adjust(vin, "plug", "none")
    world.step(100 * 60)
    world.adjust(vin, "plug", "ac")
    assert charging(world, vin)  # 07:40
    world.step(20 * 60)
    assert not charging(world, vin)


def test_a_window_goes_on_past_midnight_and_days_differ() -> None:
    world, vin = parked(charge="0")
    world.command(vin, "charge-set-amperage", {"amperage": 5})  # never full in this time
    create(world, vin, ((["MONDAY"], "22:00", "02:00"), (["WEDNESDAY"], "03:00", "05:00")), "weekly")
    found = hours(world, vin, 8 * 24)  # from Monday, 07:00
    monday, week = [22, 23, 24, 25], 7 * 24
    charged = [7 + hour for hour, flows in enumerate(found) if flows]
    assert charged == [*monday, 51, 52, *(week + hour for hour in monday)]


@pytest.mark.parametrize(("km", "holds"), [(0.14, True), (-0.14, True), (0.16, False), (500, False)])
def test_a_schedule_holds_near_its_place(km: float, holds: bool) -> None:
    world, vin = parked()
    create(world, vin, EVERY_DAY, km_north=km)
    assert charging(world, vin) is not holds
    assert len(timers(world, vin)) == 1


def test_of_several_schedules_at_a_place_one_open_window_is_enough() -> None:
    world, vin = parked(charge="0")
    create(world, vin, ((DAYS, "08:00", "10:00"),), name="a")
    create(world, vin, ((DAYS, "09:00", "11:00"),), name="b", km_north=0.1)
    create(world, vin, ((DAYS, "07:00", "12:00"),), name="elsewhere", km_north=9)
    assert hours(world, vin, 6) == [False, True, True, True, False, False]


def test_a_car_on_the_road_comes_home_to_its_schedule() -> None:
    world = World()
    vin = world.find("tesla-3")
    create(world, vin, ((DAYS, "03:00", "04:00"),))
    world.start(vin, "day_commute")
    world.adjust(vin, "charge", "0.3")
    found = {}
    for minute in range(2 * DAY):
        world.step(60)
        car = world.car(vin)
        if car.charging:
            found[minute] = (world.now.hour, car.km_from_home)
    assert {hour for hour, _ in found.values()} == {3}
    assert {km for _, km in found.values()} == {0}
    assert len(found) == 2 * 60


def test_a_fast_charger_waits_for_no_window() -> None:
    world, vin = parked(plug="dc")
    create(world, vin, EVERY_DAY)
    world.step(600)
    assert charging(world, vin)


def test_a_full_battery_is_not_charged_in_its_window() -> None:
    world, vin = parked(charge="0.8")
    create(world, vin, EVERY_DAY)
    world.step(95 * 60)
    assert not charging(world, vin)


# --- by hand


def test_a_start_by_hand_stays_until_the_cable_is_out() -> None:
    world, vin = parked(charge="0")
    world.command(vin, "charge-set-amperage", {"amperage": 5})
    create(world, vin, EVERY_DAY)
    assert ended(world, vin, "charge-start", {}) is None
    assert all(hours(world, vin, 26))  # past the window of today, and that of tomorrow
    world.adjust(vin, "plug", "none")
    world.adjust(vin, "plug", "ac")
    assert not charging(world, vin)


def test_a_start_by_hand_is_taken_back_by_a_stop() -> None:
    world, vin = parked(charge="0")
    create(world, vin, ((DAYS, "08:00", "10:00"),))
    ended(world, vin, "charge-start", {})
    world.step(600)
    assert ended(world, vin, "charge-stop", {}) is None
    assert hours(world, vin, 4) == [False, True, True, False]


def test_a_stop_by_hand_stays_until_the_next_window() -> None:
    world, vin = parked(charge="0")
    create(world, vin, ((DAYS, "06:00", "08:00"),))
    assert charging(world, vin)
    assert ended(world, vin, "charge-stop", {}) is None
    found = hours(world, vin, 25)
    assert found == [False] * 23 + [True, True]


def test_a_raised_limit_does_not_end_the_wait() -> None:
    world, vin = parked(charge="0.6")
    create(world, vin, EVERY_DAY)
    assert ended(world, vin, "charge-set-limit", {"percent": 90}) is None
    assert not charging(world, vin)
    world.step(100 * 60)
    assert charging(world, vin)
    delete(world, vin)
    world.command(vin, "charge-stop", {})
    assert ended(world, vin, "charge-set-limit", {"percent": 100}) is None
    assert charging(world, vin)


def test_with_its_schedule_gone_a_waiting_car_charges() -> None:
    world, vin = parked()
    create(world, vin, EVERY_DAY)
    create(world, vin, ((DAYS, "06:00", "06:30"),), name="elsewhere", km_north=5)
    delete(world, vin, "elsewhere")
    assert not charging(world, vin)
    delete(world, vin)
    assert charging(world, vin)


def test_with_its_schedule_gone_a_stopped_a_full_or_a_timed_car_does_not_charge() -> None:
    stopped, vin = parked()
    create(stopped, vin, ((DAYS, "06:00", "08:00"),))
    stopped.command(vin, "charge-stop", {})
    full, _ = parked(charge="0.8")
    create(full, vin, EVERY_DAY)
    timed, _ = parked()
    timed.command(vin, "charge-set-schedule", {"type": "START_TIME", "enable": True, "time": "09:00"})
    create(timed, vin, EVERY_DAY)
    for world in (stopped, full, timed):
        delete(world, vin)
        world.step(600)
        assert not charging(world, vin)
    assert hours(timed, vin, 3) == [False, False, True]


def test_a_schedule_moved_away_lets_the_car_charge() -> None:
    world, vin = parked()
    create(world, vin, EVERY_DAY)
    create(world, vin, EVERY_DAY, km_north=3)
    assert charging(world, vin)


def test_at_its_place_a_schedule_goes_before_the_timer() -> None:
    world, vin = parked()
    create(world, vin, ((DAYS, "06:00", "08:00"),))
    world.command(vin, "charge-set-schedule", {"type": "START_TIME", "enable": True, "time": "09:00"})
    assert charging(world, vin)
    assert hours(world, vin, 4) == [True, False, False, False]
    assert [each["type"] for each in timers(world, vin)] == ["GLOBAL", "LOCATION"]


# --- kept, made again, skipped


def test_a_world_with_schedules_is_made_again_and_goes_on_where_it_stands() -> None:
    world, vin = parked()
    create(world, vin, EVERY_DAY)
    world.step(100 * 60)
    kept = msgspec.json.decode(msgspec.json.encode(world.checkpoint(NOW)), type=Checkpoint)
    record = msgspec.json.decode(msgspec.json.encode(world.record()), type=Record)
    resumed, again = World.resume(kept), World.replay(record)
    assert charging(world, vin)
    for _ in range(3):
        for each in (world, resumed, again):
            each.step(15 * 60)
        assert world.dump() == resumed.dump() == again.dump()
    assert not charging(world, vin)


def test_a_world_kept_before_there_were_schedules_is_read() -> None:
    world, vin = parked()
    world.step(600)
    kept = msgspec.json.decode(msgspec.json.encode(world.checkpoint(NOW)))
    for car in kept["cars"]:
        del car["schedules"]
        for name in ("open", "by_hand"):
            (car["session"] or {name: None}).pop(name)
    resumed = World.resume(msgspec.convert(kept, Checkpoint))
    assert resumed.dump() == world.dump()
    create(resumed, vin, EVERY_DAY)
    assert not charging(resumed, vin)


def away(scenario: str, windows: Windows, kind: str) -> tuple[Car, Model]:
    """A car that begins a scenario with a schedule for its home, at the beginning of 1970."""
    model = car_range().models["tesla-3"]
    car = new_car(car_range().vin_of(model), model, 1, 0)
    home = place_at(0, car.side)
    made = tuple(
        ChargeWindow(tuple(d), *(int(t[:2]) * 60 + int(t[3:]) for t in (start, stop))) for d, start, stop in windows
    )
    car.schedules = (ChargeSchedule("s1", kind, home.latitude, home.longitude, made),)
    begin(car, model, SCENARIOS[scenario])
    return car, model


@pytest.mark.parametrize(
    ("windows", "kind"),
    [(NIGHTS, "daily"), (((["SUNDAY"], "18:00", "05:00"),), "weekly"), (((["SUNDAY"], "05:00", "05:01"),), "weekly")],
)
def test_a_car_that_skips_is_about_where_its_week_would_have_brought_it(windows: Windows, kind: str) -> None:
    skipped, model = away("day_commute", windows, kind)
    lived, _ = away("day_commute", windows, kind)
    bring(skipped, model, 9 * WEEK + 1000, skip_after=2 * DAY)
    bring(lived, model, 9 * WEEK + 1000, skip_after=None)
    check(skipped, model)
    assert (skipped.minute, skipped.stage, skipped.stage_until) == (lived.minute, lived.stage, lived.stage_until)
    assert skipped.odometer_km == pytest.approx(lived.odometer_km, rel=0.05)
    assert soc(skipped, model) == pytest.approx(soc(lived, model), abs=0.1)
    assert skipped.charging is lived.charging


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_car_with_schedules_arrives_on_time_from_any_scenario(scenario: str) -> None:
    car, model = away(scenario, ((WORKDAYS, "22:00", "06:00"), (WEEKEND, "10:00", "12:00")), "workweek")
    bring(car, model, 500 * DAY, skip_after=2 * DAY)
    assert car.minute == 500 * DAY
    check(car, model)
