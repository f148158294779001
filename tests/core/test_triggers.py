"""When a webhook is told of a change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carwire.core.events import Change
from carwire.core.triggers import CONDITIONS, Trigger, fired, name_of, trigger_problems

AT = datetime(2026, 1, 5, tzinfo=UTC)
SOC = "tractionbattery-stateofcharge"
LOCK = "closure-islocked"


@pytest.mark.parametrize(
    ("condition", "value", "old", "new", "fires"),
    [
        ("changes", None, 1, 2, True),
        ("becomes", True, False, True, True), ("becomes", True, True, False, False),
        ("becomes", "PARK", "DRIVE", "PARK", True),
        ("leaves", True, True, False, True), ("leaves", True, False, True, False), ("leaves", True, None, False, False),
        ("rises_above", 20, 20, 20.1, True), ("rises_above", 20, 19, 20, False), ("rises_above", 20, 21, 22, False),
        ("falls_below", 20, 20, 19.9, True), ("falls_below", 20, 21, 20, False), ("falls_below", 20, 19, 18, False),
        ("falls_below", 20, None, 18, False), ("rises_above", 20, "a", 30, False),
        ("rises_above", 0, False, True, False),
    ],
)  # fmt: skip
def test_a_condition_looks_at_old_and_new(condition: Any, value: Any, old: Any, new: Any, fires: bool) -> None:
    assert Trigger(SOC, condition, value).fires(old, new) is fires


def test_every_condition_is_tried() -> None:
    assert set(CONDITIONS) == {"changes", "becomes", "leaves", "rises_above", "falls_below"}


def test_a_trigger_rests_after_it_has_fired() -> None:
    trigger, change = Trigger(SOC, cool_down_s=60), Change(SOC, 50, 60)
    name = name_of(trigger)
    for seconds, fires in ((0, False), (59, False), (60, True), (9999, True)):
        assert bool(fired((trigger,), (change,), {name: AT}, AT + timedelta(seconds=seconds))) is fires
    assert fired((trigger,), (change,), {}, AT) == (trigger,)
    assert fired((trigger,), (Change(LOCK, old=True, new=False),), {}, AT) == ()


def test_triggers_of_one_signal_rest_apart() -> None:
    low, high = Trigger(SOC, "falls_below", 20, 60), Trigger(SOC, "rises_above", 80, 60)
    assert fired((low, high), (Change(SOC, 50, 90),), {name_of(low): AT}, AT) == (high,)
    assert fired((low, high), (Change(SOC, 50, 90),), {name_of(high): AT}, AT) == ()


@pytest.mark.parametrize(
    ("trigger", "wrong"),
    [
        (Trigger(SOC), None), (Trigger(SOC, "falls_below", 20), None), (Trigger(LOCK, "becomes", value=False), None),
        (Trigger("no"), "'no' is no signal"), (Trigger(SOC, "changes", 3), f"{SOC}: changes takes no value"),
        (Trigger(SOC, "becomes"), f"{SOC}: becomes needs a value"),
        (Trigger(SOC, "rises_above", value=True), f"{SOC}: rises_above compares numbers"),
        (Trigger("wheel-tires", "rises_above", 3), "wheel-tires: rises_above compares numbers"),
    ],
)  # fmt: skip
def test_a_trigger_that_could_never_fire_is_refused(trigger: Trigger, wrong: str | None) -> None:
    assert [problem.message for problem in trigger_problems(trigger)] == ([wrong] if wrong else [])
