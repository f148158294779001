"""What is news, and what is the same once more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.core.signals.catalogue import signals
from carwire.core.signals.diff import THRESHOLDS, differs, distance_km

SOC = "tractionbattery-stateofcharge"
TIRES = "wheel-tires"
SCALARS = [code for code, signal in signals().items() if signal.scalar and signal.unit]


def tires(*pressures: float) -> dict[str, Any]:
    return {"values": [{"row": 0, "column": n, "tirePressure": each} for n, each in enumerate(pressures)]}


@pytest.mark.parametrize(
    ("code", "told", "now", "news"),
    [
        (SOC, 50.0, 50.4, False), (SOC, 50, 50.5, True), (SOC, 50.0, 50, False), (SOC, 0.1, 0, True),
        (SOC, None, 0, True), (SOC, None, None, False),
        ("motion-currentspeed", 50.0, 51.9, False), ("motion-currentspeed", 1.0, 0.0, True),
        ("closure-islocked", True, False, True), ("closure-islocked", True, True, False),
        ("closure-islocked", True, 1, True), ("transmission-gearstate", "PARK", "DRIVE", True),
        ("charge-chargerphases", 1, 2, True), ("charge-chargerphases", 1, 1, False),
        (TIRES, tires(220, 230), tires(221, 232), False), (TIRES, tires(220, 230), tires(220, 234), True),
        (TIRES, tires(220), tires(220, 230), True),
        ("closure-doors", {"values": [{"row": 0, "isOpen": False}]}, {"values": [{"row": 0, "isOpen": True}]}, True),
        ("closure-fronttrunk", {"isOpen": True}, {"isOpen": True, "isLocked": None}, True),
        ("vehicleidentification-packages", {"values": ["a"]}, {"values": ["a"]}, False),
        ("vehicleidentification-packages", {"values": ["a"]}, {"values": ["b"]}, True),
        ("nobody-knows", {"a": 1}, {"a": 1}, False), ("nobody-knows", 1, 2, True),
    ],
)  # fmt: skip
def test_a_change_is_news_from_its_threshold_on(code: str, told: Any, now: Any, news: bool) -> None:
    assert differs(code, told, now) is news


@pytest.mark.parametrize(
    ("here", "there", "news"),
    [
        ({"latitude": 52.0, "longitude": 13.0}, {"latitude": 52.0004, "longitude": 13.0}, False),  # 44 m
        ({"latitude": 52.0, "longitude": 13.0}, {"latitude": 52.0005, "longitude": 13.0}, True),  # 56 m
        ({"latitude": 52.0, "longitude": 13.0, "heading": 1.0}, {"latitude": 52.0, "longitude": 13.0, "heading": 200.0},
         False),
        ({"latitude": 0.0, "longitude": 179.9999}, {"latitude": 0.0, "longitude": -179.9999}, False),
        ({"latitude": None, "longitude": 13.0}, {"latitude": 52.0, "longitude": 13.0}, True),
    ],
)  # fmt: skip
def test_a_position_is_news_after_fifty_metres(here: dict[str, Any], there: dict[str, Any], news: bool) -> None:
    assert differs("location-preciselocation", here, there) is news


@given(st.sampled_from(SCALARS), st.floats(1, 1e6), st.floats(0, 0.99), st.floats(1.01, 50))
def test_below_the_threshold_of_its_unit_nothing_is_news_above_it_everything(
    code: str, value: float, below: float, above: float
) -> None:
    threshold = THRESHOLDS.get(signals()[code].unit or "")
    if threshold is None:
        return
    assert differs(code, value, value + below * threshold) is False
    assert differs(code, value, value + above * threshold) is True


def test_every_unit_of_the_catalogue_that_wanders_has_a_threshold() -> None:
    units = {signal.unit for signal in signals().values() if signal.unit}
    assert units - THRESHOLDS.keys() == {"count"}
    assert set(THRESHOLDS) <= units


def test_distance_is_that_of_a_great_circle() -> None:
    assert distance_km((0, 0), (0, 180)) == pytest.approx(20_015.1, abs=0.1)
    assert distance_km((52.52, 13.405), (48.137, 11.575)) == pytest.approx(504, abs=1)  # Berlin to Munich
