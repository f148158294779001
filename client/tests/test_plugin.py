"""The pytest plugin, as somebody's own tests use it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

# Where the distribution is installed the plugin is loaded already, and pytest would warn that it is.
_LOADED = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
WITH_PLUGIN = ("-p", "pytest_carwire", "-p", "no:cacheprovider", "--strict-markers", "-W", "error", "-W", _LOADED)
_CAR = """
import asyncio
from datetime import timedelta

import pytest
from carwire_client import Client, PermissionMissing, RateLimited, TimedOut, Timeouts, UpstreamFailed, VehicleState
"""


def passes(pytester: pytest.Pytester, test: str, **outcomes: int) -> pytest.RunResult:
    """Run a test file with the plugin in this process; all its tests pass unless outcomes are given."""
    pytester.makepyfile(_CAR + test)
    result = pytester.runpytest(*WITH_PLUGIN)
    result.assert_outcomes(**(outcomes or {"passed": test.count("def test_")}))
    return result


def test_a_car_is_read_commanded_and_moved_through_time(pytester: pytest.Pytester) -> None:
    passes(
        pytester,
        """
@pytest.mark.carwire(seed=7, model="tesla-3", scenario="ac_charging", settings={"charge": 0.3})
def test_blocking(car, carwire_server):
    assert car.vehicle.attributes().make == "TESLA"
    assert car.vehicle.vin().vin == car.vin
    before, began = car.vehicle.battery().percent_remaining, carwire_server.at
    assert car.vehicle.charge().state == "CHARGING"
    assert carwire_server.step(3600) == began + timedelta(hours=1) == carwire_server.at
    assert car.vehicle.battery().percent_remaining > before
    assert car.vehicle.battery().meta.data_age <= carwire_server.at

def test_awaited_and_both_in_one_test(car):
    async def both():
        vehicle = car.async_vehicle
        return await asyncio.gather(vehicle.odometer(), vehicle.battery(), vehicle.lock())
    odometer, battery, action = asyncio.run(both())
    assert odometer.distance == car.vehicle.odometer().distance
    assert action.status == "success"

def test_two_event_loops_one_after_the_other(car):
    first, second = (asyncio.run(car.async_vehicle.odometer()) for _ in range(2))
    assert first.distance == second.distance
""",
    )


def test_the_same_seed_gives_the_same_car_and_another_gives_another(pytester: pytest.Pytester) -> None:
    passes(
        pytester,
        """
seen = []

def look(car):
    seen.append((car.vin, car.vehicle.odometer().distance, car.vehicle.battery().percent_remaining))

@pytest.mark.carwire(seed=7, make="tesla")
def test_one(car): look(car)

@pytest.mark.carwire(seed=7, make="tesla")
def test_same(car): look(car)

@pytest.mark.carwire(seed=8, make="tesla")
def test_other(car): look(car)

def test_compared():
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert seen[0][0] == seen[2][0]
""",
    )


def test_faults_permissions_and_settings(pytester: pytest.Pytester) -> None:
    passes(
        pytester,
        """
pytestmark = pytest.mark.carwire(make="CHEVROLET", permissions=["read_odometer"])

def test_a_permission_is_missing(car):
    assert car.vehicle.odometer().distance > 0
    assert list(car.vehicle.iter_permissions()) == ["read_odometer"]
    with pytest.raises(PermissionMissing):
        car.vehicle.location()

@pytest.mark.carwire(model="tesla-3", permissions=None, faults=["VEHICLE_STATE:ASLEEP"])
def test_the_nearer_marker_wins(car):
    with pytest.raises(VehicleState) as caught:
        car.vehicle.lock_status()
    assert caught.value.code == "ASLEEP"
    car.clear_faults()
    car.set("parked", door_front_left="open", charge=0.5)
    assert any(door.status == "OPEN" for door in car.vehicle.lock_status().doors)
    assert car.vehicle.battery().percent_remaining == 0.5

@pytest.mark.carwire(faults=[{"kind": "RATE_LIMIT:VEHICLE", "retry_after_s": 30, "for_s": 600}])
def test_nobody_waits_and_a_fault_passes(car, carwire_server):
    with pytest.raises(RateLimited) as caught:
        car.vehicle.odometer()
    assert caught.value.retry_after == 30
    carwire_server.step(660)
    assert car.vehicle.odometer().distance > 0

@pytest.mark.carwire(permissions=["control_security"], faults=[{"half": "answer_lost"}])
def test_a_command_whose_end_is_unknown(car):
    with pytest.raises(UpstreamFailed) as caught:
        car.vehicle.unlock()
    assert caught.value.may_have_happened

@pytest.mark.carwire(faults=[{"latency_s": 0.5}])
def test_a_late_answer_is_a_timeout(car, carwire_server):
    patience = Timeouts(read=0.05, overall=0.05)
    with Client(carwire_server.origin, transport=carwire_server.transport, timeouts=patience, environ={}) as client:
        with pytest.raises(TimedOut):
            client.vehicle(car.vehicle_id, car.access_token).odometer()
""",
    )


def test_several_cars_an_application_and_its_tokens(pytester: pytest.Pytester) -> None:
    passes(
        pytester,
        """
from carwire_client import AuthenticationFailed, MemoryTokenStore, OwnerSession
import httpx2

def test_owners_of_several_cars(carwire_server):
    cars = carwire_server.connect_login("3-vehicles@smartcar.com", "KIA")
    assert len({car.vin for car in cars}) == 3
    assert [car.vehicle.vin().vin for car in cars] == [car.vin for car in cars]
    assert sorted(carwire_server.client.iter_vehicles(cars[0].access_token)) == sorted(c.vehicle_id for c in cars)
    other = carwire_server.connect("tesla-3")
    assert other.user_id != cars[0].user_id
    every = carwire_server.client.iter_connections(carwire_server.management_token)
    assert {each.vehicle_id for each in every} == {car.vehicle_id for car in (*cars, other)}

def test_tokens_grow_old_and_renew(car, carwire_server):
    carwire_server.step(2 * 3600 + 1)
    with pytest.raises(AuthenticationFailed):
        car.vehicle.odometer()
    access = carwire_server.client.auth().exchange_refresh_token(car.refresh_token)
    session = OwnerSession(carwire_server.client.auth(), MemoryTokenStore(), "owner")
    session.start(access)
    vehicle = carwire_server.client.vehicle(car.vehicle_id, session)
    assert vehicle.odometer().distance > 0
    carwire_server.step(2 * 3600 + 1)
    assert vehicle.odometer().distance > 0

def test_the_pair_of_v3_is_exchanged_for_a_token(carwire_server):
    with httpx2.Client(transport=carwire_server.transport, base_url=carwire_server.origin) as http:
        v3 = carwire_server.v3
        secret = v3.client_secret.reveal()
        found = http.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=(v3.client_id, secret))
    assert found.status_code == 200
    assert found.json()["access_token"]
""",
    )


def test_mistakes_are_named(pytester: pytest.Pytester) -> None:
    result = passes(
        pytester,
        """
@pytest.mark.carwire(modle="tesla-3")
def test_word(car): ...

@pytest.mark.carwire(model="nonsense")
def test_model(car): ...

@pytest.mark.carwire(make="nonsense")
def test_make(car): ...

@pytest.mark.carwire(scenario="flying")
def test_scenario(car): ...

@pytest.mark.carwire(faults=[{"knid": "x"}])
def test_fault(car): ...

@pytest.mark.carwire(permissions=["read_minds"])
def test_permission(car): ...

def test_time(carwire_server):
    with pytest.raises(ValueError):
        carwire_server.step(-1)
    with pytest.raises(ValueError, match="page"):
        carwire_server.connect_login("mfa@connect.test", "TESLA")
""",
        errors=6,
        passed=1,
    )
    said = result.stdout.str()
    for words in (
        "The marker carwire takes faults, make, model",
        "There is no simulated model 'nonsense'",
        "No simulated car is of the make 'nonsense'",
        "flying",
        "knid",
        "There is no permission read_minds",
    ):
        assert words in said, words


def test_without_the_server_the_fixture_says_what_to_install(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "carwire", None)
    result = passes(pytester, "def test_a(car): ...", errors=1)
    result.stdout.fnmatch_lines(["*install carwire-client[[]testing[]]*"])


def test_a_run_that_uses_no_fixture_loads_nothing() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import pytest_carwire; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pytest_carwire']"
