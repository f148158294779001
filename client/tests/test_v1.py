"""Carwire's own API with both clients: VINs, compatibility, why, and the simulated cars."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from client.tests.conftest import Drive, Hand, Place, answer
from tests.support import Connected

from carwire_client import CarwireError, InvalidAnswer, InvalidRequest, NotConfigured, Secret, VehicleState
from carwire_client.calls.own import cars, vins
from carwire_client.settings import Application

APP = Application(client_id="app", client_secret=Secret("s"))
VIN = "5YJSA1E29LF403082"


@pytest.fixture(scope="module")
def tesla(place: Place) -> Connected:
    """An owner with one electric car."""
    return place.connect("tesla@example.com", "TESLA")


@pytest.fixture
def v1(hand: Hand) -> Iterator[Any]:
    """What is made of the client."""
    yield hand.client.v1


def test_vins_are_read_one_and_many(hand: Hand, v1: Any) -> None:
    one = hand(v1.decode_vin(VIN))
    assert (one.structure.complete, one.structure.check_digit.rule) == (True, "north_america")
    assert (one.decoded.make.value, one.decoded.model_year.value) == ("TESLA", 2020)
    assert one.decoded.make.strength in {"exact", "pattern", "wmi"}
    assert set(one.extra) == set()
    many = hand(v1.decode_vins([VIN, "no vin at all!", "WVWZZZ1JZXW000001"])).results
    assert many[0].answer.decoded.make.value == "TESLA"
    assert (many[1].answer, many[1].problem is None) == (None, False)
    assert many[2].answer.world is not None
    with pytest.raises(InvalidRequest):
        hand(v1.decode_vin("!!!"))


def test_compatibility_is_explained(hand: Hand, v1: Any) -> None:
    one = hand(v1.explain_compatibility(VIN, scope=["read_odometer"]))
    assert one.compatible
    assert [each.permission for each in one.capabilities] == ["read_odometer"]
    assert one.capabilities[0].ground.statement
    rows = hand(v1.check_compatibility([VIN, "x"], scope=["read_odometer"], country="DE")).results
    assert (rows[0].make, rows[0].compatible) == ("TESLA", True)
    assert rows[1].problem.message


def test_why_names_what_blocks(hand: Hand, v1: Any, tesla: Connected) -> None:
    token = tesla.tokens.access_token.reveal()
    told = hand(v1.why(tesla.vehicle_id, token, signal="odometer-traveleddistance", ask_car=True))
    assert (told.signal, told.asked, told.blocked_by) == ("odometer-traveleddistance", True, None)
    assert told.last.age_s >= 0
    engine = hand(v1.why(tesla.vehicle_id, token, signal="internalcombustionengine-oillife"))
    assert engine.blocked_by
    assert next(each for each in engine.steps if each.step == engine.blocked_by).fact
    assert hand(v1.why(tesla.vehicle_id, token, command="security-lock")).command == "security-lock"


def test_simulated_cars_are_listed_set_and_commanded(hand: Hand, v1: Any) -> None:
    page = hand(v1.simulated_cars(limit=5))
    assert len(page.cars) == 5
    every = hand.all(v1.iter_simulated_cars(limit=40))
    assert len(every) == page.count
    changed = hand(v1.set_simulated_car("tesla-3", "parked", {"charge": 0.5}))
    assert (changed.scenario, changed.battery) == ("parked", 0.5)
    says = hand(v1.simulated_car("tesla-3", ["tractionbattery-stateofcharge"]))
    assert says.answers["tractionbattery-stateofcharge"]["value"] == pytest.approx(50)
    assert hand(v1.command_simulated_car("tesla-3", "security-unlock")).kind == "done"
    refused = hand(v1.command_simulated_car("tesla-3", "charge-stop"))
    assert (refused.kind, bool(refused.problem)) == ("refused", True)
    with pytest.raises(InvalidRequest):
        hand(v1.set_simulated_car("tesla-3", settings={"wings": True}))


def test_what_goes_wrong_is_said_and_met(hand: Hand, v1: Any, place: Place) -> None:
    owner = place.connect(f"{hand.kind}@faults.com", "KIA")
    vin = owner.vins[0]
    car = hand.client.vehicle(owner.vehicle_id, owner.tokens.access_token.reveal())
    script = hand(v1.add_simulated_fault(vin, kind="VEHICLE_STATE:ASLEEP", on="commands", for_s=600))
    assert script.faults[0].fault["kind"] == "VEHICLE_STATE:ASLEEP"
    assert hand(v1.simulated_faults(vin)).faults == script.faults
    with pytest.raises(VehicleState) as caught:
        hand(car.lock())
    assert caught.value.code == "ASLEEP"
    assert hand(v1.clear_simulated_faults(vin)).faults == ()
    assert hand(car.lock()).status == "success"


def test_the_clock_is_stepped_run_and_begun_anew(hand: Hand, v1: Any) -> None:
    before = hand(v1.simulator())
    assert before.clock == "stepped"
    assert hand(v1.step_simulator(600)).now - before.now == timedelta(minutes=10)
    with pytest.raises(CarwireError):
        hand(v1.run_simulator(-1))
    assert hand(v1.reset_simulator(2)).seed == 2


def test_what_is_missing_is_named() -> None:
    with pytest.raises(NotConfigured):
        vins.decode_vin(Application(), VIN)
    with pytest.raises(ValueError, match="list"):
        vins.decode_vins(APP, VIN)
    neither: dict[str, Any] = {}
    for given in (neither, {"signal": "a", "command": "b"}):
        with pytest.raises(ValueError, match="either"):
            cars.why(APP, "v", "t", **given)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"x", b'{"vin": 5}', b'{"now": 5}'])
def test_bodies_that_are_something_else_are_invalid_answers(body: bytes) -> None:
    for call in (vins.decode_vin(APP, VIN), cars.why(APP, "v", "t", signal="s"), cars.simulator(APP)):
        with pytest.raises(InvalidAnswer):
            Drive([answer(200, body)])(call)
