"""The range of models covers every brand, powertrain and signal."""

from __future__ import annotations

import pytest

from carwire.connectors.simulator.mapping import ROWS
from carwire.connectors.simulator.models import PREFIX, Model, car_range
from carwire.connectors.simulator.orders import EFFECTS, REFUSALS
from carwire.core.commands import COMMANDS
from carwire.core.signals.catalogue import signals
from carwire.core.vin.structure import CHARACTERS
from carwire.storage.catalogue import load_catalogue

RANGE = car_range()


def test_every_brand_of_the_catalogue_has_a_model() -> None:
    assert set(load_catalogue().makes) <= set(RANGE.by_make)
    assert len(RANGE.models) >= 24


def test_every_powertrain_is_there() -> None:
    assert {model.powertrain for model in RANGE.models.values()} == {"ICE", "HEV", "PHEV", "BEV", "FCEV"}


def test_every_signal_and_every_command_is_had_by_some_car() -> None:
    assert set().union(*(model.signals for model in RANGE.models.values())) == set(signals())
    assert set().union(*(model.commands for model in RANGE.models.values())) == set(COMMANDS)


def test_the_tables_have_a_row_for_everything_and_nothing_else() -> None:
    assert set(ROWS) == set(signals())
    assert set(REFUSALS) == set(EFFECTS) == set(COMMANDS)


def test_only_cars_of_two_makes_take_charge_schedules() -> None:
    kinds = {"TESLA": ("daily", "weekly", "workweek"), "VOLVO": ("daily",)}
    assert {model.make for model in RANGE.models.values()} > set(kinds)
    for model in RANGE.models.values():
        assert model.schedules == kinds.get(model.make, ())
        commands = {name for name in model.commands if name.startswith("charge-schedule-")}
        assert commands == ({"charge-schedule-create", "charge-schedule-delete"} if model.make in kinds else set())


@pytest.mark.parametrize("model", RANGE.models.values(), ids=lambda m: m.id)
def test_a_model_makes_sense(model: Model) -> None:
    vin = RANGE.vin_of(model)
    assert len(vin) == 17
    assert vin.startswith(PREFIX)
    assert set(vin) <= CHARACTERS
    assert RANGE.model_of(vin) == RANGE.model_of(RANGE.vin_of(model, "another")) == model
    assert RANGE.vin_of(model, "another") != vin
    assert "vehicleidentification-vin" in model.signals
    charged, fuelled = model.powertrain in {"BEV", "PHEV"}, model.powertrain != "BEV"
    assert bool(model.battery_kwh) is bool(model.kwh_100km) is bool(model.ac_kw) is bool(model.connector) is charged
    assert bool(model.tank) is bool(model.fuel_100km) is fuelled
    assert bool(model.dc_kw) is bool(model.fast_connector)
    assert model.battery_kwh <= max(model.nominal_kwh, default=0)
    assert all(signals()[code].suits(model.powertrain) for code in model.signals)
    assert charged or not any(name.startswith("charge-") for name in model.commands)


def test_all_vins_differ_and_none_is_a_real_one() -> None:
    vins = [RANGE.vin_of(model) for model in RANGE.models.values()]
    assert len(set(vins)) == len(vins)
    assert RANGE.model_of("5YJSA1E29LF403082") is None
    assert RANGE.model_of("0SCXXXXX000000000") is None
    assert RANGE.model_of("0SCTESLA0") is None
