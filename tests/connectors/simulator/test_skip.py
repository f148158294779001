"""A car that nobody saw for long is moved forward, and its books still balance."""

from __future__ import annotations

import pytest
from tests.connectors.simulator.test_world import ONE_OF_EACH, check

from carwire.connectors.simulator import skip
from carwire.connectors.simulator.car import Car, soc
from carwire.connectors.simulator.life import begin, live, new_car
from carwire.connectors.simulator.models import Model, car_range
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.connectors.simulator.skip import DAY, bring

SKIP_AFTER = 2 * DAY


def started(name: str, scenario: str) -> tuple[Car, Model]:
    model = car_range().models[name]
    car = new_car(car_range().vin_of(model), model, 1, 0)
    begin(car, model, SCENARIOS[scenario])
    return car, model


@pytest.mark.parametrize("days", [3, 10.3, 400])
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", [*ONE_OF_EACH, "chevrolet-volt"])
def test_a_car_that_skips_arrives_on_time_and_in_order(name: str, scenario: str, days: float) -> None:
    car, model = started(name, scenario)
    last = car.odometer_km
    bring(car, model, int(days * DAY), skip_after=SKIP_AFTER)
    assert car.minute == int(days * DAY)
    check(car, model)
    assert car.odometer_km >= last
    assert car.stage_until >= car.minute or len(SCENARIOS[scenario].stages) == 1 or not SCENARIOS[scenario].loops
    assert car.idle_minutes >= 0
    assert car.measured_s <= car.minute * 60


@pytest.mark.parametrize("scenario", ["day_commute", "road_trip", "dc_charging"])
@pytest.mark.parametrize("name", ["simulated-bev", "simulated-ice", "simulated-phev"])
def test_a_car_that_skips_is_about_where_it_would_have_been(name: str, scenario: str) -> None:
    skipped, model = started(name, scenario)
    lived, _ = started(name, scenario)
    bring(skipped, model, 30 * DAY, skip_after=SKIP_AFTER)
    bring(lived, model, 30 * DAY, skip_after=None)
    assert (skipped.scenario, skipped.stage, skipped.stage_until) == (lived.scenario, lived.stage, lived.stage_until)
    assert skipped.outside == lived.outside
    assert skipped.odometer_km - skipped.first_km == pytest.approx(lived.odometer_km - lived.first_km, rel=0.05)
    assert skipped.driven_kwh == pytest.approx(lived.driven_kwh, rel=0.1)
    assert skipped.burnt == pytest.approx(lived.burnt, rel=0.1)
    assert soc(skipped, model) == pytest.approx(soc(lived, model), abs=0.1)


def test_a_parked_car_drains_while_nobody_looks_and_never_below_nothing() -> None:
    car, model = started("simulated-bev", "parked")
    before, twelve = car.battery_kwh, car.low_voltage
    bring(car, model, 60 * DAY, skip_after=SKIP_AFTER)
    assert 0 < car.battery_kwh < before
    assert car.low_voltage < twelve
    assert car.asleep
    assert car.measured_s < DAY * 60  # it has said nothing since
    bring(car, model, 40_000 * DAY, skip_after=SKIP_AFTER)
    assert car.battery_kwh == 0
    assert car.low_voltage == 0
    check(car, model)


@pytest.mark.parametrize("minutes", [1, SKIP_AFTER])
def test_a_short_absence_is_lived_to_the_minute(minutes: int) -> None:
    car, model = started("simulated-bev", "day_commute")
    lived, _ = started("simulated-bev", "day_commute")
    bring(car, model, minutes, skip_after=SKIP_AFTER)
    bring(lived, model, minutes, skip_after=None)
    assert car == lived


def test_a_long_absence_costs_no_more_than_a_few_days(monkeypatch: pytest.MonkeyPatch) -> None:
    lived = []

    def count(car: Car, model: Model) -> None:
        lived.append(car.minute)
        live(car, model)

    monkeypatch.setattr(skip, "live", count)
    car, model = started("tesla-3", "road_trip")
    bring(car, model, 3650 * DAY, skip_after=SKIP_AFTER)
    assert len(lived) < 5 * DAY
