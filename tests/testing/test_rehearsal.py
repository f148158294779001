"""A server for tests of others: what it begins with, how time passes, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carwire.kit.secrets import Secret
from carwire.testing import Rehearsal

pytestmark = pytest.mark.anyio
BEGAN = datetime(2026, 1, 5, 6, tzinfo=UTC)


async def test_clock_and_cars_move_together_and_only_when_told(tmp_path: Path) -> None:
    place = await Rehearsal.open(tmp_path)
    assert (place.at, place.simulator.state().now) == (BEGAN, BEGAN)
    assert place.step(90) == place.at == place.simulator.state().now == BEGAN + timedelta(seconds=90)
    for seconds in (-1, 32 * 86_400):
        with pytest.raises(ValueError, match="step: "):
            place.step(seconds)
    assert place.at == BEGAN + timedelta(seconds=90)
    await place.close()


async def test_a_car_of_a_model_is_connected_and_is_the_same_in_every_place(tmp_path: Path) -> None:
    vins: set[str] = set()
    for name in ("one", "other"):
        place = await Rehearsal.open(tmp_path / name, seed=len(vins))
        connected = await place.connect("tesla-y", permissions=["read_vin"])
        vins.add(connected.vins[0])
        assert place.simulator.change(connected.vins[0], "parked", {}).model_id == "tesla-y"
        await place.close()
    assert len(vins) == 1


async def test_vins_and_ids_of_a_login_are_in_the_same_order(tmp_path: Path) -> None:
    place = await Rehearsal.open(tmp_path)
    many = await place.connect_login("60-vehicles@smartcar.com", "TESLA")
    assert len(set(many.vins)) == len(set(many.vehicle_ids)) == 60
    first = await place.connect_login("60-vehicles@smartcar.com", "TESLA", only=7)
    assert (first.vins, first.vehicle_ids) == ([many.vins[7]], [many.vehicle_ids[7]])
    await place.close()


async def test_a_code_is_exchanged_once(tmp_path: Path) -> None:
    place = await Rehearsal.open(tmp_path)
    code = await place.new_code(make="KIA")
    assert isinstance(code, Secret)
    assert await place._carwire.services.tokens.redeem(code)
    assert await place._carwire.services.tokens.redeem(code) is None
    await place.close()


async def test_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        await Rehearsal.open(tmp_path, seed=2**63)
    place = await Rehearsal.open(tmp_path)
    with pytest.raises(ValueError, match="no simulated model 'tesla-3' of the make 'KIA'"):
        await place.connect("tesla-3", "KIA")
    with pytest.raises(ValueError, match="cannot sign in without a page"):
        await place.connect_login("mfa@connect.test", "TESLA")
    vin = (await place.connect()).vins[0]
    with pytest.raises(ValueError, match="nothing would go wrong"):
        place.fault(vin, {})
    await place.close()
