"""Readings, problems, units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.core.errors import InvalidInput
from carwire.core.signals.catalogue import signals
from carwire.core.signals.problems import KINDS, parse_kind, split
from carwire.core.signals.reading import Problem, Reading, Snapshot, fresh
from carwire.core.signals.units import KM_PER_MILE, KPA_PER_PSI, LITRES_PER_US_GALLON, in_system, to_imperial

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def reading(value: object = 1.0, measured: datetime | None = NOW) -> Reading:
    return Reading(value, "km", measured, measured, NOW, "test")  # type: ignore[arg-type]


def test_a_snapshot_survives_its_own_encoding() -> None:
    snapshot = Snapshot("0SC", {"a-b": reading(), "c-d": Problem("VEHICLE_STATE:ASLEEP", NOW, 3.0, reading())})
    assert msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot) == snapshot
    assert snapshot.value("a-b") == 1.0
    assert snapshot.value("c-d") is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_type_and_says_what_it_means(kind: str) -> None:
    problem = Problem(kind, NOW)
    assert f"{problem.type}:{problem.code}" == kind or (problem.type == kind and problem.code is None)
    assert problem.meaning.endswith(".")
    assert parse_kind(kind.lower()) == kind
    assert split(kind) == (problem.type, problem.code)


def test_a_kind_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind"):
        Problem("VEHICLE_STATE:ON_FIRE", NOW)
    with pytest.raises(InvalidInput, match="no kind"):
        parse_kind("ON_FIRE")


def test_a_code_of_several_types_must_be_written_in_full() -> None:
    twice = [code for code in KINDS if sum(k.endswith(f":{code.partition(':')[2]}") for k in KINDS) > 1 and ":" in code]
    for kind in twice:
        with pytest.raises(InvalidInput, match="may be"):
            parse_kind(kind.partition(":")[2])


@pytest.mark.parametrize(("minutes", "old"), [(0, False), (10, False), (11, True)])
def test_a_value_older_than_asked_for_is_too_old_and_still_told(minutes: int, old: bool) -> None:
    given_ = reading(measured=NOW - timedelta(minutes=minutes))
    found = fresh(given_, timedelta(minutes=10), NOW)
    assert found == (Problem("TOO_OLD", NOW, last=given_) if old else given_)


def test_what_never_changes_does_not_age_and_a_problem_stays_one() -> None:
    static, problem = reading(measured=None), Problem("PERMISSION", NOW)
    assert fresh(static, timedelta(0), NOW + timedelta(days=1)) is static
    assert fresh(problem, timedelta(0), NOW) is problem


def test_the_constants_are_the_exact_ones() -> None:
    assert KM_PER_MILE == 1.609344
    assert pytest.approx(231 * 2.54**3 / 1000, rel=1e-15) == LITRES_PER_US_GALLON
    assert pytest.approx(6.894757293168361, rel=1e-15) == KPA_PER_PSI


@given(st.floats(-1e6, 1e6), st.sampled_from(["km", "km/h", "liters", "kPa"]))
def test_conversion_is_a_proportion(value: float, unit: str) -> None:
    assert to_imperial(2 * value, unit)[0] == pytest.approx(2 * to_imperial(value, unit)[0])


def test_numbers_inside_a_body_are_converted_and_everything_else_is_kept() -> None:
    tires: dict[str, Any] = {"values": [{"row": 0, "column": 1, "tirePressure": 230.0}], "rowCount": 2}
    converted, unit = in_system(tires, signals()["wheel-tires"], "imperial")
    wheel = {"row": 0, "column": 1, "tirePressure": pytest.approx(33.36, abs=0.01)}
    assert (converted, unit) == ({"values": [wheel], "rowCount": 2}, "psi")
    assert tires["values"][0]["tirePressure"] == 230.0


@pytest.mark.parametrize("code", signals())
def test_metric_is_as_it_is(code: str) -> None:
    assert in_system(5, signals()[code], "metric") == (5, signals()[code].unit)


def test_scalars_are_converted_with_their_unit() -> None:
    assert in_system(160.9344, signals()["odometer-traveleddistance"], "imperial") == (100.0, "miles")
    assert in_system(50, signals()["tractionbattery-stateofcharge"], "imperial") == (50, "percent")
    assert in_system(True, signals()["charge-ischarging"], "imperial") == (True, None)
