"""Why there is no answer: the first step that blocks is the cause, and nothing is said that is not known."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest

from carwire.core.commands import COMMANDS, Command
from carwire.core.signals.catalogue import Signal, signals
from carwire.core.signals.problems import KINDS
from carwire.core.signals.reading import Problem, Reading
from carwire.core.signals.remedies import REMEDIES, StepName
from carwire.core.vehicles import Car, Vehicle
from carwire.core.why import Known, Step, Why, explain

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ODOMETER, CHARGE = signals()["odometer-traveleddistance"], signals()["tractionbattery-stateofcharge"]
LOCK, START = COMMANDS["security-lock"], COMMANDS["charge-start"]
STEPS: tuple[StepName, ...] = get_args(StepName)
ASLEEP, THROTTLED, DOWN = "VEHICLE_STATE:ASLEEP", "RATE_LIMIT:VEHICLE", "UPSTREAM:KNOWN_ISSUE"
LACKING, GONE = "COMPATIBILITY:VEHICLE_NOT_CAPABLE", "COMPATIBILITY:PLATFORM_NOT_CAPABLE"
SIGNED_OUT = "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED"
READ = Reading(1.5, "km", NOW - HOUR, NOW - HOUR, NOW - HOUR, "fake")


def known(wanted: Signal | Command = ODOMETER, **more: Any) -> Known:
    """What is known of a battery car whose owner has granted everything, and of which nothing was read yet."""
    granted = frozenset({ODOMETER.permission, CHARGE.permission, LOCK.permission, START.permission})
    car = Car("car", "fake", "VIN", "FAKE", "Model", 2026, more.pop("powertrain", "BEV"), more.pop("changed_at", None))
    permissions = more.pop("permissions", granted)
    vehicle = Vehicle("id", "app", "user", "live", permissions, NOW - 9 * HOUR, None, None, car)
    return Known(**{"vehicle": vehicle, "wanted": wanted, "now": NOW, "signed_in": True, **more})


def verdicts(why: Why) -> dict[str, str]:
    assert tuple(step.step for step in why.steps) == STEPS
    return {step.step: step.verdict for step in why.steps}


def blocking(why: Why) -> Step:
    """The step that blocks."""
    (step,) = [step for step in why.steps if step.verdict == "blocks"]
    assert step.step == why.blocked_by
    assert step.kind in KINDS
    assert step.would_change
    return step


def test_a_reading_passes_everywhere() -> None:
    why = explain(known(answer=READ))
    assert (set(verdicts(why).values()), why.blocked_by) == ({"passes"}, None)
    assert why.last is not None
    assert (why.last.measured_at, why.last.fetched_at, why.last.age_s) == (NOW - HOUR, NOW - HOUR, 3600.0)
    assert (why.vehicle_id, why.signal, why.command, why.at, why.asked) == ("id", ODOMETER.code, None, NOW, False)


def test_of_what_nobody_asked_it_is_said_that_it_is_unknown() -> None:
    why = explain(known())
    assert (why.blocked_by, why.last) == (None, None)
    assert verdicts(why) == {
        **dict.fromkeys(("plan", "permission", "connection", "maker"), "passes"),
        **dict.fromkeys(("capability", "car_state", "age"), "unknown"),
    }
    assert all("ask=true" in (step.would_change or "") for step in why.steps if step.verdict == "unknown")


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_that_was_answered_blocks_its_step_and_nothing_after_it_is_looked_at(kind: str) -> None:
    why = explain(known(answer=Problem(kind, NOW - MINUTE, last=READ)))
    step = blocking(why)
    assert (step.step, step.kind, step.would_change) == (REMEDIES[kind].step, kind, REMEDIES[kind].would_change)
    assert KINDS[kind] in step.fact
    assert "2026-11-21T11:59:00.000Z" in step.fact
    after = STEPS[STEPS.index(step.step) + 1 :]
    assert all(verdicts(why)[name] == "skipped" for name in after)
    assert (why.last is None) is (step.step in {"permission", "capability", "connection"})


def test_what_is_not_granted_comes_before_all_that_follows() -> None:
    for answer in (None, READ, Problem(ASLEEP, NOW, last=READ), Problem(SIGNED_OUT, NOW)):
        why = explain(known(permissions=frozenset({"read_vin"}), answer=answer, signed_in=False))
        assert blocking(why).kind == "PERMISSION"
        assert "read_odometer" in blocking(why).fact
        assert why.last is None


@pytest.mark.parametrize(
    ("wanted", "powertrain", "blocks"),
    [
        (CHARGE, "BEV", False),
        (CHARGE, "PHEV", False),
        (CHARGE, "ICE", True),
        (START, "BEV", False),
        (START, "PHEV", False),
        (START, "ICE", True),
        (START, "HEV", True),
        (START, "FCEV", True),
        (LOCK, "ICE", False),
        (ODOMETER, "ICE", False),
        (ODOMETER, "FCEV", False),
    ],
)
def test_a_powertrain_rules_out_what_it_cannot_have(wanted: Signal | Command, powertrain: str, blocks: bool) -> None:
    why = explain(known(wanted, powertrain=powertrain, signed_in=False))
    step = blocking(why)
    assert step.step == ("capability" if blocks else "connection")
    assert step.kind == (LACKING if blocks else SIGNED_OUT)


def test_what_the_car_has_told_it_has_whatever_the_catalogue_says() -> None:
    assert explain(known(CHARGE, powertrain="ICE", answer=READ)).blocked_by is None
    why = explain(known(CHARGE, powertrain="ICE", answer=Problem(ASLEEP, NOW, last=READ)))
    assert why.blocked_by == "car_state"


def test_a_source_that_is_gone_is_the_cause_unless_the_last_reading_will_do() -> None:
    gone = Problem(GONE, NOW)
    for wanted, more in ((ODOMETER, {}), (LOCK, {}), (ODOMETER, {"answer": READ, "max_age": MINUTE})):
        step = blocking(explain(known(wanted, obstacle=gone, signed_in=False, **more)))
        assert (step.step, step.kind) == ("capability", GONE)
    assert explain(known(answer=READ, obstacle=gone)).blocked_by is None


def test_a_missing_sign_in_blocks_what_has_to_be_asked() -> None:
    for wanted, more in ((ODOMETER, {}), (LOCK, {}), (ODOMETER, {"answer": READ, "max_age": MINUTE})):
        why = explain(known(wanted, signed_in=False, **more))
        assert (blocking(why).kind, why.last) == (SIGNED_OUT, None)
    why = explain(known(answer=READ, signed_in=False))
    assert why.blocked_by is None
    assert why.last is not None


@pytest.mark.parametrize("kind", [THROTTLED, DOWN])
def test_budget_and_circuit_block_only_what_has_to_be_asked(kind: str) -> None:
    obstacle = Problem(kind, NOW, retry_after=12.5)
    for wanted, more in ((ODOMETER, {}), (LOCK, {}), (ODOMETER, {"answer": READ, "max_age": MINUTE})):
        why = explain(known(wanted, obstacle=obstacle, **more))
        step = blocking(why)
        assert (step.step, step.kind, step.retry_after_s) == ("maker", kind, 12.5)
    assert why.last is not None  # of the one that was too old
    assert explain(known(answer=READ, obstacle=obstacle)).blocked_by is None
    assert explain(known(answer=READ, max_age=HOUR, obstacle=obstacle)).blocked_by is None


def test_a_car_s_state_is_the_cause_until_it_is_too_old_and_cannot_be_looked_at_again() -> None:
    throttled = Problem(THROTTLED, NOW, retry_after=1.0)
    asleep = Problem(ASLEEP, NOW - HOUR, last=READ)
    assert explain(known(answer=asleep, obstacle=throttled)).blocked_by == "car_state"
    assert explain(known(answer=asleep, max_age=HOUR, obstacle=throttled)).blocked_by == "car_state"
    assert explain(known(answer=asleep, max_age=MINUTE)).blocked_by == "car_state"
    why = explain(known(answer=asleep, max_age=MINUTE, obstacle=throttled))
    assert (why.blocked_by, verdicts(why)["car_state"]) == ("maker", "unknown")


def test_a_value_older_than_asked_for_blocks_by_its_age() -> None:
    step = blocking(explain(known(answer=READ, max_age=HOUR - timedelta(seconds=1))))
    assert (step.step, step.kind) == ("age", "TOO_OLD")
    assert "3600 seconds ago; no older than 3599 seconds" in step.fact
    assert "ask=true" in (step.would_change or "")
    assert explain(known(answer=READ, max_age=HOUR)).blocked_by is None
    woken = blocking(explain(known(answer=READ, max_age=MINUTE, wakes=True)))
    assert "wake" in (woken.would_change or "")
    asked = blocking(explain(known(answer=READ, max_age=MINUTE, asked=True)))
    assert asked.would_change == REMEDIES["TOO_OLD"].would_change


def test_what_never_changes_does_not_age() -> None:
    fixed = Reading("VIN", None, None, None, NOW - 9000 * HOUR, "fake")
    why = explain(known(answer=fixed, max_age=timedelta(0)))
    assert why.blocked_by is None
    assert "does not age" in why.steps[-1].fact


def test_a_clock_that_is_ahead_makes_no_negative_age() -> None:
    ahead = msgspec.structs.replace(READ, measured_at=NOW + HOUR)
    why = explain(known(answer=ahead, max_age=timedelta(0)))
    assert why.blocked_by is None
    assert why.last is not None
    assert why.last.age_s == 0


def test_what_was_found_before_a_command_says_nothing_of_now() -> None:
    asleep = Problem(ASLEEP, NOW - HOUR, last=READ)
    why = explain(known(answer=asleep, changed_at=NOW - MINUTE))
    assert (why.blocked_by, verdicts(why)["car_state"]) == (None, "unknown")
    assert "before a command" in why.steps[-1].fact
    assert explain(known(answer=asleep, changed_at=NOW - 2 * HOUR)).blocked_by == "car_state"
    lacking = Problem(LACKING, NOW - HOUR)
    assert explain(known(answer=lacking, changed_at=NOW - MINUTE)).blocked_by == "capability"
    assert explain(known(answer=READ, changed_at=NOW - MINUTE)).blocked_by is None
    assert explain(known(answer=READ, changed_at=NOW - MINUTE, max_age=9 * HOUR)).blocked_by == "age"


def test_times_are_hidden_where_values_are() -> None:
    outdated = Problem(SIGNED_OUT, NOW - HOUR, last=READ)
    assert explain(known(answer=outdated, changed_at=NOW)).last is None


def test_a_command_is_explained_as_far_as_it_can_be_known() -> None:
    why = explain(known(LOCK))
    assert verdicts(why) == {
        **dict.fromkeys(("plan", "permission", "connection", "maker"), "passes"),
        **dict.fromkeys(("capability", "car_state"), "unknown"),
        "age": "skipped",
    }
    assert (why.signal, why.command, why.last, why.blocked_by) == (None, "security-lock", None, None)
    assert "may wake" in explain(known(LOCK, wakes=True)).steps[5].fact


def test_whatever_is_known_there_is_at_most_one_cause_and_the_rest_is_skipped() -> None:
    answers = (None, READ, *(Problem(kind, NOW - HOUR, last=last) for kind in KINDS for last in (None, READ)))
    obstacles = (None, *(Problem(kind, NOW, retry_after=1.0) for kind in (THROTTLED, DOWN, GONE)))
    ages = (None, timedelta(0), 2 * HOUR)
    flags = (True, False)
    for answer, obstacle, max_age, signed_in, wakes in itertools.product(answers, obstacles, ages, flags, flags):
        why = explain(known(answer=answer, obstacle=obstacle, max_age=max_age, signed_in=signed_in, wakes=wakes))
        found = list(verdicts(why).values())
        assert found.count("blocks") == (why.blocked_by is not None)
        if why.blocked_by:
            assert set(found[: STEPS.index(why.blocked_by)]) <= {"passes", "unknown"}
            assert set(found[STEPS.index(why.blocked_by) + 1 :]) <= {"skipped"}
            blocking(why)
        else:
            assert "skipped" not in found
        assert all(step.fact.endswith(".") and len(step.fact) < 300 for step in why.steps)
