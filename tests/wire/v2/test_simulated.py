"""Every simulated model, asked for everything at several moments of its day, is answered in the wire's shape or with a
problem the wire has.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import pytest
from msgspec.inspect import ListType, NoneType, StructType, VarTupleType, type_info
from tests.wire.v2.snapshots import VEHICLE, written

from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.world import World
from carwire.core.signals import problems
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Reading, Snapshot
from carwire.core.signals.units import KM_PER_MILE, KPA_PER_PSI, LITRES_PER_US_GALLON, UnitSystem
from carwire.core.simulation import Fault
from carwire.wire.v2 import errors
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.readings import Context
from carwire.wire.v2.vehicles import ENDPOINTS, Endpoint, headers

MOMENTS = {"dawn": 0, "driving": 30 * 60, "noon": 6 * 3600, "evening": 11 * 3600, "next week": 8 * 86_400}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ROWS = [*ENDPOINTS.values(), *MAKE_READS.values()]
KEYS = {
    "/odometer": {"distance"},
    "/fuel": {"range", "percentRemaining", "amountRemaining"},
    "/battery": {"percentRemaining", "range"},
    "/battery/capacity": {"capacity"},
    "/battery/nominal_capacity": {"availableCapacities", "capacity", "url"},
    "/charge": {"isPluggedIn", "state"},
    "/charge/limit": {"limit"},
    "/engine/oil": {"lifeRemaining"},
    "/location": {"latitude", "longitude"},
    "/tires/pressure": {"frontLeft", "frontRight", "backLeft", "backRight"},
    "/security": {"isLocked", "doors", "windows", "sunroof", "storage", "chargingPort"},
    "/diagnostics/system_status": {"systems"},
    "/diagnostics/dtcs": {"activeCodes"},
}
RECORD = {"serviceId", "serviceDate", "odometerDistance", "serviceTasks", "serviceDetails", "serviceCost"}
FRACTIONS = {"percentRemaining", "lifeRemaining", "limit", "socLimit", "startStateOfCharge", "endStateOfCharge"}
BOUNDS = {
    "distance": (0, 500_000),
    "range": (0, 1500),
    "amountRemaining": (0, 150),
    "capacity": (1, 250),
    "latitude": (-90, 90),
    "longitude": (-180, 180),
    **dict.fromkeys(("frontLeft", "frontRight", "backLeft", "backRight"), (100, 500)),
    "odometerDistance": (0, 500_000),
}


@functools.cache
def world(moment: str) -> World:
    made = World(7)
    made.step(MOMENTS[moment])
    return made


def asked(model: str, moment: str, endpoint: Endpoint) -> Snapshot:
    cars = world(moment)
    return cars.read(cars.find(model), endpoint.codes)


def answer(snapshot: Snapshot, endpoint: Endpoint, moment: str, system: UnitSystem = "metric") -> Any:
    """The body on the wire, or the kind of the problem."""
    try:
        made = endpoint.body(snapshot, Context(now=world(moment).now, system=system, vehicle=VEHICLE))
    except Obstacle as obstacle:
        assert errors.kind_of(obstacle.problem).status >= 400
        return obstacle.problem.kind
    return written(made)


def members(value: object) -> Iterator[tuple[str, object]]:
    """Every member of every object, at any depth."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name, each
            yield from members(each)
    elif isinstance(value, list):
        for each in value:
            yield from members(each)


def check_keys(value: object, kind: msgspec.inspect.Type) -> None:
    """Fail unless every object has the keys of its struct, in its order, and no other."""
    if isinstance(kind, StructType):
        assert isinstance(value, dict)
        assert list(value) == [field.encode_name for field in kind.fields]
        for field in kind.fields:
            check_keys(value[field.encode_name], field.type)
    elif isinstance(kind, ListType | VarTupleType) and isinstance(value, list):
        for each in value:
            check_keys(each, kind.item_type)
    elif isinstance(kind, msgspec.inspect.UnionType) and value is not None:
        (only,) = [option for option in kind.types if not isinstance(option, NoneType)] or [kind]
        if isinstance(only, StructType):
            check_keys(value, only)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("model", car_range().models)
def test_every_answer_has_the_wire_s_keys_types_and_ranges(model: str, moment: str) -> None:
    for endpoint in ROWS:
        snapshot = asked(model, moment, endpoint)
        found = answer(snapshot, endpoint, moment)
        if isinstance(found, str):
            assert found in problems.KINDS
            continue
        msgspec.convert(found, endpoint.answers)
        check_keys(found, type_info(endpoint.answers))
        for name, value in members(found):
            if name in FRACTIONS and value is not None:
                assert isinstance(value, float | int)
                assert 0 <= value <= 1, (endpoint.path, name)
            elif isinstance(value, int | float) and not isinstance(value, bool) and name in BOUNDS:
                least, most = BOUNDS[name]
                assert least <= value <= most, (endpoint.path, name)
            elif isinstance(value, str) and ("Time" in name or "Date" in name or name == "timestamp"):
                assert STAMP.fullmatch(value), (endpoint.path, name)


@pytest.mark.parametrize("model", car_range().models)
def test_plain_reads_have_the_documented_keys(model: str) -> None:
    for path, keys in KEYS.items():
        found = answer(asked(model, "noon", ENDPOINTS[path]), ENDPOINTS[path], "noon")
        assert isinstance(found, str) or found.keys() == keys, path
    history = answer(asked(model, "noon", ENDPOINTS["/service/history"]), ENDPOINTS["/service/history"], "noon")
    assert isinstance(history, str) or all(record.keys() == RECORD for record in history)


def test_every_plain_read_is_answered_by_some_model_and_lacking_in_another() -> None:
    for path, endpoint in ENDPOINTS.items():
        found = {type(answer(asked(model, "noon", endpoint), endpoint, "noon")) for model in car_range().models}
        assert found - {str}, path
        assert str in found, path


def test_a_car_that_tells_everything_is_answered_at_every_endpoint_of_a_make() -> None:
    for endpoint in MAKE_READS.values():
        found = {type(answer(asked("simulated-phev", moment, endpoint), endpoint, moment)) for moment in MOMENTS}
        assert bool(found - {str}) is bool(endpoint.codes), endpoint.path


@pytest.mark.parametrize("model", car_range().models)
def test_what_a_car_has_is_what_it_answers(model: str) -> None:
    has = car_range().models[model].signals
    for path, endpoint in ENDPOINTS.items():
        found = answer(asked(model, "noon", endpoint), endpoint, "noon")
        wanted = endpoint.codes[:1] if path == "/security" else endpoint.codes
        if not has & set(wanted):
            assert found == "COMPATIBILITY:VEHICLE_NOT_CAPABLE", path
        elif found == "SERVER:MULTIPLE_RECORDS_FOUND":
            assert (path, len(car_range().models[model].nominal_kwh)) == ("/battery/capacity", 2)
        else:
            assert not isinstance(found, str), (path, found)


@pytest.mark.parametrize("model", car_range().models)
def test_imperial_answers_are_the_metric_ones_converted(model: str) -> None:
    per = {"distance": KM_PER_MILE, "range": KM_PER_MILE, "amountRemaining": LITRES_PER_US_GALLON}
    per |= dict.fromkeys(KEYS["/tires/pressure"], KPA_PER_PSI)
    for path in ("/odometer", "/fuel", "/battery", "/tires/pressure", "/location", "/battery/capacity"):
        snapshot, endpoint = asked(model, "evening", ENDPOINTS[path]), ENDPOINTS[path]
        metric = answer(snapshot, endpoint, "evening")
        imperial = answer(snapshot, endpoint, "evening", "imperial")
        if isinstance(metric, str):
            assert imperial == metric
            continue
        for name, value in metric.items():
            expected = None if value is None else value / per.get(name, 1)
            assert imperial[name] == (expected if expected is None else pytest.approx(expected, rel=1e-12)), path


@pytest.mark.parametrize("model", car_range().models)
def test_headers_tell_the_age_of_the_oldest_reading(model: str) -> None:
    system: Literal["imperial"] = "imperial"
    for endpoint in ENDPOINTS.values():
        snapshot = asked(model, "driving", endpoint)
        found = dict(headers(snapshot, endpoint, system))
        used = [each for each in snapshot.answers.values() if isinstance(each, Reading)]
        assert (b"sc-unit-system" in found) is endpoint.in_units
        assert (b"sc-data-age" in found) is (b"sc-fetched-at" in found) is bool(used)
        assert all(name == name.lower() for name in found)
        if used:
            assert all(STAMP.fullmatch(found[name].decode()) for name in (b"sc-data-age", b"sc-fetched-at"))
            assert found[b"sc-data-age"] <= found[b"sc-fetched-at"]


@pytest.mark.parametrize("kind", problems.KINDS)
def test_a_fault_is_told_at_every_endpoint_as_it_is(kind: str) -> None:
    cars = World(7)
    vin = cars.find("simulated-phev")
    cars.fault(vin, Fault(kind=kind, retry_after_s=30))
    for endpoint in ROWS:
        if not endpoint.codes or (endpoint.path, kind) == UNAVAILABLE:
            continue
        with pytest.raises(Obstacle) as caught:
            endpoint.body(cars.read(vin, endpoint.codes), Context(now=cars.now))
        assert caught.value.problem.kind == kind, endpoint.path


UNAVAILABLE = ("/tesla/climate/steering_wheel", "COMPATIBILITY:VEHICLE_NOT_CAPABLE")
