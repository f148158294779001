"""Fault scripts and logins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from carwire.connectors.simulator.logins import magic_logins, sign_in
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.world import World
from carwire.core.errors import InvalidInput
from carwire.core.signals.problems import KINDS
from carwire.core.signals.reading import Problem, Reading
from carwire.core.simulation import Fault

ODOMETER, VIN = "odometer-traveleddistance", "vehicleidentification-vin"


def kind_of(world: World, vin: str, code: str = ODOMETER) -> str | None:
    answer = world.read(vin, [code]).answers[code]
    return answer.kind if isinstance(answer, Problem) else None


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_of_the_catalogue_can_be_rehearsed_and_spares_the_vin(kind: str) -> None:
    world = World()
    vin = world.find("tesla-3")
    world.fault(vin, Fault(kind=kind))
    assert kind_of(world, vin) == kind
    assert world.read(vin, [VIN]).value(VIN) == vin
    world.fault(vin, None)
    assert kind_of(world, vin) is None


def test_a_fault_has_a_window_a_part_of_the_traffic_and_signals() -> None:
    world = World()
    vin = world.find("tesla-3")
    world.fault(vin, Fault(kind="UPSTREAM:KNOWN_ISSUE", codes=(ODOMETER,), after_s=600, for_s=1200, on="reads"))
    seen = []
    for _ in range(5):
        seen.append((kind_of(world, vin), kind_of(world, vin, "closure-islocked")))
        world.step(600)
    broken = ("UPSTREAM:KNOWN_ISSUE", None)
    assert seen == [(None, None), broken, broken, (None, None), (None, None)]
    assert world.command(vin, "security-lock", {}).kind == "done"


def test_stale_data_stay_while_the_car_moves_on() -> None:
    world = World()
    vin = world.find("tesla-3")
    world.start(vin, "road_trip")
    world.step(1200)
    before = world.read(vin, [ODOMETER]).answers[ODOMETER]
    world.fault(vin, Fault(stale=True))
    world.step(1200)
    after = world.read(vin, [ODOMETER]).answers[ODOMETER]
    assert isinstance(before, Reading)
    assert isinstance(after, Reading)
    assert (after.value, after.measured_at) == (before.value, before.measured_at)
    assert after.age(world.now) >= timedelta(minutes=20)
    world.fault(vin, None)
    assert world.read(vin, [ODOMETER]).value(ODOMETER) != before.value


def test_a_throttled_caller_is_told_when_to_come_back() -> None:
    world = World()
    vin = world.find("tesla-3")
    world.fault(vin, Fault(kind="RATE_LIMIT:VEHICLE", retry_after_s=7))
    answer = world.read(vin, [ODOMETER]).answers[ODOMETER]
    assert isinstance(answer, Problem)
    assert answer.retry_after == 7


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "VEHICLE_STATE:ON_FIRE"},
        {"latency_s": -1},
        {"latency_s": float("nan")},
        {"latency_s": 601},
        {"retry_after_s": -1},
        {"after_s": -1},
        {"for_s": -1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no kind|negative|latency"):
        Fault(**bad)  # type: ignore[arg-type]


# --- logins

PUBLISHED = {
    "smartcar@successful-request.com": ("0SCAUDI037A5ADB1C", None, "none"),
    "smartcar@vehicle-incompatible.com": ("0SCAUDI012FE3B132", None, "incompatible"),
    "smartcar@invalid-subscription.com": ("0SCAUDI0155C49A95", None, "subscription"),
    "COMPATIBILITY.MAKE_NOT_COMPATIBLE@smartcar.com": (
        "0SCLR000270BE6600",
        "COMPATIBILITY:MAKE_NOT_COMPATIBLE",
        "none",
    ),
    "UPSTREAM.NO_RESPONSE@smartcar.com": ("0SCLR0002C23E43AB", "UPSTREAM:NO_RESPONSE", "none"),
    "Vehicle_State.Asleep@Smartcar.com": ("0SCLR0002E8896323", "VEHICLE_STATE:ASLEEP", "none"),
    "VEHICLE_STATE.VEHICLE_OFFLINE_FOR_SERVICE@smartcar.com": (
        "0SCLR0002AF1D71A1",
        "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE",
        "none",
    ),
    "CONNECTED_SERVICES_ACCOUNT.VEHICLE_MISSING@smartcar.com": (
        "0SCLR00024E29EEBD",
        "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING",
        "none",
    ),
    "smartcar@vs-000.vehicle-state-error.com": ("0SCLR000292E53813", "VEHICLE_STATE:UNKNOWN", "none"),
    "smartcar@voa-000.vehicle-owner-action-required.com": (
        "0SCLR0002EDAB90A7",
        "CONNECTED_SERVICES_ACCOUNT:ACCOUNT_ISSUE",
        "none",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_login_leads_where_it_is_published_to(name: str) -> None:
    account = sign_in(name, "FORD")
    (car,) = account.cars
    assert (car.vin, car.problem, account.step) == PUBLISHED[name]


def test_every_magic_login_is_in_the_table_once() -> None:
    table = magic_logins()
    assert len(table) == 25 + 5 + 13 + 1
    vins = [car.vin for account in table.values() for car in account.cars]
    assert len(vins) == len(set(vins))
    assert all(len(vin) == 17 for vin in vins)
    assert {account.step for account in table.values()} >= {"code", "pin", "captcha", "battery", "virtual_key"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if ":" in kind])
def test_every_error_has_a_login(kind: str) -> None:
    account = sign_in(f"{kind.replace(':', '.')}@smartcar.com", "KIA")
    assert [car.problem for car in account.cars] == [kind]


def test_a_script_takes_a_hundred_faults() -> None:
    world = World()
    vin = world.find("tesla-3")
    for _ in range(100):
        world.fault(vin, Fault(latency_s=1))
    with pytest.raises(InvalidInput, match="clear it first"):
        world.fault(vin, Fault(latency_s=1))
    world.fault(vin, None)
    assert world.script(vin) == ()


@pytest.mark.parametrize("make", ["HYUNDAI", "FORD", None])
def test_the_battery_login_has_a_car_of_several_capacities(make: str | None) -> None:
    (car,) = sign_in("battery@connect.test", make).cars
    model = car_range().models[car.model]
    assert len(model.nominal_kwh) > 1
    assert model.make == "HYUNDAI"


@pytest.mark.parametrize("count", [1, 2, 999])
def test_an_account_has_as_many_cars_as_its_address_says(count: int) -> None:
    cars = sign_in(f"{count}-vehicles@smartcar.com", "HYUNDAI").cars
    assert len({car.vin for car in cars}) == count
    assert {car_range().models[car.model].make for car in cars} == {"HYUNDAI"}


@pytest.mark.parametrize("name", ["0-vehicles@smartcar.com", "1000-vehicles@smartcar.com", "someone@example.com", ""])
@pytest.mark.parametrize("make", ["CHEVROLET", "chevrolet"])
def test_any_other_login_has_one_car_of_the_brand_and_always_the_same(name: str, make: str) -> None:
    (car,) = sign_in(name, make).cars
    assert car_range().models[car.model].model == "Volt"
    assert sign_in(name, make) == sign_in(name, make)
    assert car.problem is None


def test_without_a_brand_it_is_a_plain_simulated_car() -> None:
    (car,) = sign_in("someone@example.com", None).cars
    assert car_range().models[car.model].make == "SIMULATED"


@pytest.mark.parametrize(
    ("level", "powertrain", "step"),
    [
        ("compatible", "PHEV", "none"),
        ("phev", "PHEV", "none"),
        ("bev", "BEV", "none"),
        ("fuel", "ICE", "none"),
        ("dinosaur", "ICE", "none"),
        ("incompatible", "ICE", "incompatible"),
    ],
)
def test_a_vin_of_ones_own_comes_with_a_level(level: str, powertrain: str, step: str) -> None:
    account = sign_in(f"5yjsa1e29lf403082@{level}.smartcar.com", "TESLA")
    (car,) = account.cars
    assert (car.vin, car_range().models[car.model].powertrain, account.step) == ("5YJSA1E29LF403082", powertrain, step)


def test_a_vin_of_ones_own_is_of_the_brand_where_the_brand_has_such_a_car() -> None:
    (tesla,) = sign_in("5yjsa1e29lf403082@bev.smartcar.com", "TESLA").cars
    assert tesla.model == "tesla-3"
    (volt,) = sign_in("0SCCHEVR000000000@phev.smartcar.com", "TESLA").cars
    assert volt.model == "chevrolet-volt"
    (plain,) = sign_in("5yjsa1e29lf403082@fuel.smartcar.com", "TESLA").cars
    assert plain.model == "simulated-ice"
    assert sign_in("5yjsa1e29lf40308ü@fuel.smartcar.com", "TESLA").cars[0].vin.startswith("0SC")


# --- scenarios that silence a car


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("asleep", "VEHICLE_STATE:ASLEEP"),
        ("unreachable", "VEHICLE_STATE:UNREACHABLE"),
        ("in_service", "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE"),
        ("low_12v", None),
        ("parked", None),
    ],
)
def test_a_silent_car_answers_nothing_but_what_the_maker_knows(scenario: str, kind: str | None) -> None:
    world = World()
    vin = world.find("tesla-3")
    world.start(vin, scenario)
    assert kind_of(world, vin) == kind
    for known in (VIN, "connectivitystatus-isonline", "service-isinservice", "vehicleidentification-nickname"):
        assert kind_of(world, vin, known) is None


def test_a_dead_12_volt_battery_silences_a_car() -> None:
    world = World()
    vin = world.find("tesla-3")
    world.adjust(vin, "low_voltage", "4")
    assert kind_of(world, vin) == "VEHICLE_STATE:LOW_BATTERY"
    world.adjust(vin, "low_voltage", "80")
    world.adjust(vin, "remote_access", "off")
    assert kind_of(world, vin) == "VEHICLE_STATE:REMOTE_ACCESS_DISABLED"
