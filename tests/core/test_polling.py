"""When cars are asked on behalf of webhooks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.core.polling import INTERVALS, due_codes, least_between, pace_of, tier_of, wait_of
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem, Reading

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SOC = "tractionbattery-stateofcharge"
ODOMETER = "odometer-traveleddistance"
VIN = "vehicleidentification-vin"


def said(value: Any, minutes_ago: float = 0) -> Reading:
    at = NOW - timedelta(minutes=minutes_ago)
    return Reading(value, None, at, None, at, "simulator")


@pytest.mark.parametrize(
    ("answers", "tier"),
    [
        ({}, "parked"),
        ({"connectivitystatus-isasleep": said(value=True), "motion-currentspeed": said(9)}, "asleep"),
        ({"motion-currentspeed": said(9), "charge-ischarging": said(value=True)}, "driving"),
        ({"motion-currentspeed": said(0), "charge-ischarging": said(value=True)}, "charging"),
        ({"transmission-gearstate": said("REVERSE")}, "driving"), ({"transmission-gearstate": said("PARK")}, "parked"),
        ({"charge-ischarging": Problem("VEHICLE_STATE:ASLEEP", NOW)}, "parked"),
    ],
)  # fmt: skip
def test_what_a_car_does_is_read_from_what_it_said(answers: dict[str, Any], tier: str) -> None:
    assert tier_of(answers) == tier


def test_every_signal_has_a_pace_and_every_pace_is_used() -> None:
    paces = {code: pace_of(signal) for code, signal in signals().items()}
    assert set(paces.values()) == {"live", "usual", "slow", "fixed"}
    assert (paces[SOC], paces["closure-doors"], paces[ODOMETER], paces[VIN]) == ("live", "usual", "slow", "fixed")
    for row in INTERVALS.values():
        assert list(row) == ["live", "usual", "slow", "fixed"]
        assert sorted(row.values()) == list(row.values())


def test_what_is_due_depends_on_signal_and_tier() -> None:
    old = {SOC: said(50, 10), ODOMETER: said(9, 10), VIN: said("x", 10)}
    assert due_codes([SOC, ODOMETER, VIN, "closure-islocked"], old, NOW) == ["closure-islocked"]
    driving = old | {"motion-currentspeed": said(50)}
    assert due_codes([SOC, ODOMETER, VIN], driving, NOW) == [SOC]
    asleep = {SOC: said(50, 60 * 5), "connectivitystatus-isasleep": said(value=True, minutes_ago=60)}
    assert due_codes([SOC], asleep, NOW) == []
    ahead = {SOC: Reading(50, None, None, None, NOW + timedelta(days=1), "simulator")}
    assert due_codes([SOC], ahead, NOW) == [SOC]


def test_a_signal_the_car_lacks_is_asked_for_once_a_day() -> None:
    lacking = Problem("COMPATIBILITY:VEHICLE_NOT_CAPABLE", NOW - timedelta(hours=23))
    assert due_codes([SOC], {SOC: lacking}, NOW) == []
    assert due_codes([SOC], {SOC: lacking}, NOW + timedelta(hours=1)) == [SOC]


def test_polling_takes_half_of_what_may_wake_a_car() -> None:
    least = least_between(reads_wake=True, wakes_per_day=24)
    assert (least, least_between(reads_wake=False, wakes_per_day=24)) == (timedelta(hours=2), timedelta(0))
    assert due_codes([SOC], {SOC: said(50, 119)}, NOW, least) == []
    assert due_codes([SOC], {SOC: said(50, 120)}, NOW, least) == [SOC]
    assert wait_of("car", [SOC], {SOC: said(50)}, NOW, least) >= least


@given(st.text(min_size=1), st.floats(0, 3000), st.sampled_from(["asleep", "driving", "parked"]), st.booleans())
def test_a_car_is_asked_again_neither_at_once_nor_much_later_than_its_shortest_interval(
    key: str, minutes: float, state: str, known: bool
) -> None:
    answers = {
        "connectivitystatus-isasleep": said(state == "asleep"),
        "motion-currentspeed": said(50 if state == "driving" else 0),
    } | ({SOC: said(50, minutes)} if known else {})
    wait = wait_of(key, [SOC, *answers], answers, NOW)
    shortest = timedelta(seconds=INTERVALS[tier_of(answers)]["live"])
    assert min(shortest, timedelta(minutes=1)) <= wait <= shortest * 1.1


def test_cars_that_were_connected_at_once_are_spread() -> None:
    waits = sorted(wait_of(f"car {n}", [SOC], {SOC: said(50)}, NOW).total_seconds() for n in range(1000))
    assert waits[-1] - waits[0] > 0.09 * INTERVALS["parked"]["live"]
    assert max(sum(first <= each < first + 1 for each in waits) for first in waits) < 40
