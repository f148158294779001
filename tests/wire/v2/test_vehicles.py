"""Every plain read writes the wire's keys, units and nulls, and raises what stood in the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.wire.v2.snapshots import IMPERIAL, METRIC, NOW, VEHICLE, problem, reading, snapshot, written

from carwire.core.permissions import PERMISSIONS
from carwire.core.signals.catalogue import signals
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem, Reading, Snapshot, Value
from carwire.wire.v2 import compatibility
from carwire.wire.v2.diagnostics import ID_OF_CODE, SYSTEM_IDS
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.readings import Context
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS, headers

ASLEEP = problem("VEHICLE_STATE:ASLEEP")
LACKING = problem("COMPATIBILITY:VEHICLE_NOT_CAPABLE")
GRID: dict[str, object] = {
    "values": [
        {"row": 0, "column": 0, "isOpen": False, "isLocked": True},
        {"row": 0, "column": 1, "isOpen": True},
        {"row": 1, "column": 0, "isOpen": None},
        {"row": 1, "column": 1},
        {"row": 2, "column": 0, "isOpen": True},
    ],
    "rowCount": 3,
    "columnCount": 2,
}
VISITS: dict[str, object] = {
    "values": [
        {"id": "a", "time": "2025-01-01T00:00:00Z", "odometer": 1.609344},
        {
            "id": "b",
            "time": "2026-02-01T08:00:00.000Z",
            "odometer": 16093.44,
            "cost": {"amount": 120.5, "currency": "EUR"},
            "tasks": [{"id": "1", "description": "Inspection"}],
            "details": [{"id": "type", "description": "dealership"}],
        },
        {"id": None, "time": None},
    ]
}


def answer(path: str, context: Context = METRIC, **values: Value | Problem) -> Any:
    """The body of one endpoint over signals given by name."""
    endpoint = ENDPOINTS[path]
    return written(endpoint.body(snapshot(endpoint, **values), context))


def obstacle(path: str, context: Context = METRIC, **values: Value | Problem) -> Obstacle:
    """What stood in the way of one endpoint."""
    with pytest.raises(Obstacle) as caught:
        answer(path, context, **values)
    return caught.value


def test_a_distance_comes_in_kilometres_or_miles_and_is_not_rounded() -> None:
    assert answer("/odometer", traveleddistance=48211.7) == {"distance": 48211.7}
    assert answer("/odometer", IMPERIAL, traveleddistance=1609.344) == {"distance": pytest.approx(1000)}
    assert answer("/odometer", IMPERIAL, traveleddistance=48211.7)["distance"] == 48211.7 / 1.609344


@pytest.mark.parametrize(
    ("path", "signal"), [("/odometer", "traveleddistance"), ("/engine/oil", "oillife"), ("/tires/pressure", "tires")]
)
@pytest.mark.parametrize("value", [None, "12", True, float("nan"), float("inf"), {"value": None}, {"values": []}])
def test_a_reading_that_holds_nothing_usable_is_data_that_make_no_sense(path: str, signal: str, value: Value) -> None:
    assert obstacle(path, METRIC, **{signal: value}).problem == Problem("UPSTREAM:INVALID_DATA", NOW)


def test_fuel_is_null_where_one_of_three_is_missing() -> None:
    assert answer("/fuel", fuellevel=62) == {"range": None, "percentRemaining": 0.62, "amountRemaining": None}
    gallons = answer("/fuel", IMPERIAL, amountremaining=3.785411784, range=160.9344, fuellevel=ASLEEP)
    assert gallons == {"range": pytest.approx(100), "percentRemaining": None, "amountRemaining": pytest.approx(1)}


def test_what_is_wrong_now_is_told_before_what_the_car_never_had() -> None:
    assert obstacle("/fuel").problem.kind == "COMPATIBILITY:VEHICLE_NOT_CAPABLE"
    assert obstacle("/fuel", fuellevel=ASLEEP).problem is ASLEEP
    assert obstacle("/battery", range=ASLEEP).problem is ASLEEP
    assert obstacle("/fuel", fuellevel=None).problem.kind == "UPSTREAM:INVALID_DATA"


@pytest.mark.parametrize(
    ("percent", "fraction"), [(62, 0.62), (57.1, 0.571), (0, 0), (100, 1), (33.3, 0.333), (7, 0.07)]
)
def test_a_percentage_is_a_fraction_without_crumbs(percent: float, fraction: float) -> None:
    found = answer("/battery", stateofcharge=percent, range={"value": 312.4, "type": "DEFAULT", "additionalValues": []})
    assert found == {"percentRemaining": fraction, "range": 312.4}
    assert answer("/engine/oil", oillife=percent) == {"lifeRemaining": fraction}


def test_battery_range_is_converted_and_null_when_missing() -> None:
    assert answer("/battery", IMPERIAL, range={"value": 160.9344})["range"] == pytest.approx(100)
    assert answer("/battery", stateofcharge=50, range=ASLEEP) == {"percentRemaining": 0.5, "range": None}


@pytest.mark.parametrize(
    ("values", "plugged", "state"),
    [
        ({"detailedchargingstatus": "FULLY_CHARGED", "ischargingcableconnected": True}, True, "FULLY_CHARGED"),
        ({"detailedchargingstatus": "CHARGING"}, True, "CHARGING"),
        ({"detailedchargingstatus": "PREPARING", "ischarging": False}, None, "NOT_CHARGING"),
        ({"ischarging": True}, True, "CHARGING"),
        ({"ischargingcableconnected": False}, False, "NOT_CHARGING"),
        ({"ischargingcableconnected": True}, True, None),
    ],
)
def test_charge_is_told_from_whatever_signal_there_is(
    values: dict[str, Value], plugged: bool | None, state: str | None
) -> None:
    assert answer("/charge", **values) == {"isPluggedIn": plugged, "state": state}  # type: ignore[arg-type]


def test_charge_is_a_problem_only_when_nothing_is_known() -> None:
    assert obstacle("/charge", ischarging=ASLEEP).problem is ASLEEP
    assert obstacle("/charge", detailedchargingstatus="PREPARING").problem.kind == "UPSTREAM:INVALID_DATA"


def test_the_charge_limit_is_the_one_in_force() -> None:
    everywhere = {"values": [{"type": "LOCATION", "limit": 50}, {"type": "GLOBAL", "limit": 90}]}
    assert answer("/charge/limit", chargelimits={**everywhere, "activeLimit": 80.0}) == {"limit": 0.8}
    assert answer("/charge/limit", chargelimits={**everywhere, "activeLimit": None}) == {"limit": 0.9}
    assert answer("/charge/limit", chargelimits={"values": []}, activelimit=70) == {"limit": 0.7}
    unplugged = problem("VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED")
    assert obstacle("/charge/limit", chargelimits=unplugged).problem is unplugged


def test_tyre_pressures_stand_where_the_wheels_are() -> None:
    values = [{"row": r, "column": c, "tirePressure": 230 + 10 * r + c} for r in (1, 0) for c in (0, 1)]
    found = answer("/tires/pressure", tires={"values": values, "rowCount": 2, "columnCount": 2, "unit": "bar"})
    assert found == {"frontLeft": 230, "frontRight": 231, "backLeft": 240, "backRight": 241}
    one = answer(
        "/tires/pressure", IMPERIAL, tires={"values": [{"row": 0, "column": 0, "tirePressure": 6.894757293168}]}
    )
    assert one == {"frontLeft": pytest.approx(1), "frontRight": None, "backLeft": None, "backRight": None}


def test_location_is_a_position_and_nothing_else() -> None:
    place: dict[str, object] = {"latitude": 40.1, "longitude": -105, "heading": 3, "locationType": "CURRENT"}
    assert answer("/location", preciselocation=place) == {"latitude": 40.1, "longitude": -105}
    assert obstacle("/location", preciselocation={"latitude": 1}).problem.kind == "UPSTREAM:INVALID_DATA"


def test_security_tells_every_part_and_leaves_groups_empty_that_the_car_does_not_have() -> None:
    assert answer("/security", islocked=True) == {
        "isLocked": True,
        **{group: [] for group in ("doors", "windows", "sunroof", "storage", "chargingPort")},
    }
    full = answer(
        "/security",
        islocked=False,
        doors=GRID,
        windows={"values": GRID["values"][:2]},  # type: ignore[index]
        sunroof={"isOpen": True},
        fronttrunk=ASLEEP,
        reartrunk={"isOpen": False, "isLocked": True},
        ischargingportflapopen=True,
    )
    assert full == {
        "isLocked": False,
        "doors": [
            {"type": "frontLeft", "status": "CLOSED"},
            {"type": "frontRight", "status": "OPEN"},
            {"type": "backLeft", "status": "UNKNOWN"},
            {"type": "backRight", "status": "UNKNOWN"},
        ],
        "windows": [{"type": "frontLeft", "status": "CLOSED"}, {"type": "frontRight", "status": "OPEN"}],
        "sunroof": [{"type": "sunroof", "status": "OPEN"}],
        "storage": [{"type": "front", "status": "UNKNOWN"}, {"type": "rear", "status": "CLOSED"}],
        "chargingPort": [{"type": "chargingPort", "status": "OPEN"}],
    }


def test_security_without_the_lock_is_no_answer() -> None:
    assert obstacle("/security", islocked=ASLEEP, doors=GRID).problem is ASLEEP


# --- battery capacity

SEVERAL: dict[str, object] = {
    "availableCapacities": [{"capacity": 58.0, "description": None}, {"capacity": 77.4, "description": "BEV:Long"}]
}
ONE: dict[str, object] = {
    "capacity": 79.5,
    "source": "SMARTCAR",
    "availableCapacities": [{"capacity": 79.5, "description": "BEV:Long Range"}],
}
PICK = Context(now=NOW, url="https://cars.example.test/battery-capacity?token=x&redirect_uri=")
PICKED = Context(now=NOW, url=PICK.url, capacity_kwh=77.4)


def test_a_capacity_that_is_determined_has_no_page_to_pick_on() -> None:
    assert answer("/battery/capacity", nominalcapacity=ONE) == {"capacity": 79.5}
    assert answer("/battery/nominal_capacity", PICK, nominalcapacity=ONE) == {
        "availableCapacities": [{"capacity": 79.5, "description": "BEV:Long Range"}],
        "capacity": {"nominal": 79.5, "source": "SMARTCAR"},
        "url": None,
    }


def test_an_ambiguous_capacity_is_an_error_with_the_choices_or_a_page_to_pick_on() -> None:
    found = obstacle("/battery/capacity", PICK, nominalcapacity=SEVERAL)
    assert found.problem == Problem("SERVER:MULTIPLE_RECORDS_FOUND", NOW)
    assert found.capacities == (58.0, 77.4)
    nominal = answer("/battery/nominal_capacity", PICK, nominalcapacity=SEVERAL)
    assert nominal == {**SEVERAL, "capacity": None, "url": PICK.url}


def test_a_picked_capacity_counts_and_can_be_picked_again() -> None:
    assert answer("/battery/capacity", PICKED, nominalcapacity=SEVERAL) == {"capacity": 77.4}
    assert answer("/battery/capacity", PICKED, nominalcapacity=ASLEEP) == {"capacity": 77.4}
    nominal = answer("/battery/nominal_capacity", PICKED, nominalcapacity=SEVERAL)
    assert nominal == {**SEVERAL, "capacity": {"nominal": 77.4, "source": "USER_SELECTED"}, "url": PICK.url}


@pytest.mark.parametrize("path", ["/battery/capacity", "/battery/nominal_capacity"])
def test_a_capacity_nobody_knows_is_no_record_and_a_problem_stays_one(path: str) -> None:
    assert obstacle(path, nominalcapacity={"availableCapacities": []}).problem.kind == "SERVER:RECORD_NOT_FOUND"
    assert obstacle(path, nominalcapacity={}).problem.kind == "SERVER:RECORD_NOT_FOUND"
    assert obstacle(path, nominalcapacity=ASLEEP).problem is ASLEEP
    assert obstacle(path, nominalcapacity=LACKING).problem is LACKING


def test_one_available_capacity_is_the_capacity() -> None:
    only: dict[str, object] = {"availableCapacities": [{"capacity": 40, "description": None}]}
    assert answer("/battery/capacity", nominalcapacity=only) == {"capacity": 40}
    assert answer("/battery/nominal_capacity", PICK, nominalcapacity=only)["capacity"]["source"] == "SMARTCAR"
    bare = answer("/battery/nominal_capacity", PICK, nominalcapacity={"capacity": 40})
    assert bare["availableCapacities"] == [{"capacity": 40, "description": None}]


# --- lists


def test_service_history_is_an_array_newest_first_with_every_key() -> None:
    found = answer("/service/history", IMPERIAL, records=VISITS)
    assert [record["serviceId"] for record in found] == ["b", "a", None]
    assert found[0] == {
        "serviceId": "b",
        "serviceDate": "2026-02-01T08:00:00.000Z",
        "odometerDistance": pytest.approx(10_000),
        "serviceTasks": [{"taskId": "1", "taskDescription": "Inspection"}],
        "serviceDetails": [{"type": "type", "value": "dealership"}],
        "serviceCost": {"totalCost": 120.5, "currency": "EUR"},
    }
    assert found[2] == {
        "serviceId": None,
        "serviceDate": None,
        "odometerDistance": None,
        "serviceTasks": [],
        "serviceDetails": [],
        "serviceCost": {"totalCost": None, "currency": None},
    }
    assert found[1]["serviceDate"] == "2025-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("starts_days_ago", "ends_days_ago", "ids"),
    [(60, None, ["b", None]), (None, 60, ["a", None]), (1000, 0, ["b", "a", None]), (10, 5, [None])],
)
def test_service_history_keeps_to_the_dates(
    starts_days_ago: int | None, ends_days_ago: int | None, ids: list[str | None]
) -> None:
    starts = None if starts_days_ago is None else NOW - timedelta(days=starts_days_ago)
    ends = None if ends_days_ago is None else NOW - timedelta(days=ends_days_ago)
    found = answer("/service/history", Context(now=NOW, starts_at=starts, ends_at=ends), records=VISITS)
    assert [record["serviceId"] for record in found] == ids


def test_no_visits_are_an_empty_array() -> None:
    assert answer("/service/history", records={"values": []}) == []
    assert obstacle("/service/history", records=ASLEEP).problem is ASLEEP


def test_system_status_lists_the_systems_the_car_tells_of() -> None:
    found = answer(
        "/diagnostics/system_status",
        abs={"status": "OK", "description": None},
        evhvbattery={"status": "ALERT", "description": "Cell voltage."},
        lighting={"status": "SHINY"},
        mil=ASLEEP,
    )
    assert found == {
        "systems": [
            {"systemId": "SYSTEM_ABS", "status": "OK", "description": None},
            {"systemId": "SYSTEM_EV_HV_BATTERY", "status": "ALERT", "description": "Cell voltage."},
        ]
    }
    assert obstacle("/diagnostics/system_status", mil=ASLEEP).problem is ASLEEP


def test_every_diagnostic_signal_has_the_id_of_a_system() -> None:
    systems = {code for code in signals() if code.startswith("diagnostics-") and "dtc" not in code}
    assert set(ID_OF_CODE) == systems
    assert len(systems) == 21
    assert set(SYSTEM_IDS) - set(ID_OF_CODE.values()) == {"SYSTEM_ENGINE"}


def test_trouble_codes_may_have_no_time() -> None:
    codes: dict[str, object] = {
        "values": [{"code": "P0420", "timestamp": None}, {"code": "P0A7F", "timestamp": "2026-01-02T03:04:05Z"}, {}]
    }
    assert answer("/diagnostics/dtcs", dtclist=codes) == {
        "activeCodes": [
            {"code": "P0420", "timestamp": None},
            {"code": "P0A7F", "timestamp": "2026-01-02T03:04:05.000Z"},
        ]
    }
    assert answer("/diagnostics/dtcs", dtclist={"values": []}) == {"activeCodes": []}


# --- headers and tables


def test_the_oldest_reading_is_the_age_of_the_answer() -> None:
    endpoint = ENDPOINTS["/fuel"]
    fuel = Snapshot("v", dict(zip(endpoint.codes, [reading(1, 5), reading(2, 90), ASLEEP], strict=True)))
    assert headers(fuel, endpoint, "imperial") == [
        (b"sc-data-age", b"2026-03-01T10:30:00.500Z"),
        (b"sc-fetched-at", b"2026-03-01T12:00:00.500Z"),
        (b"sc-unit-system", b"imperial"),
    ]


@pytest.mark.parametrize(("maker", "age"), [(True, b"2026-03-01T11:00:00.500Z"), (False, b"2026-03-01T12:00:00.500Z")])
def test_what_is_not_measured_is_as_old_as_the_maker_or_we_say(maker: bool, age: bytes) -> None:
    endpoint = ENDPOINTS["/location"]
    read = Reading(1, None, None, NOW - timedelta(hours=1) if maker else None, NOW, "test")
    found = headers(Snapshot("v", {endpoint.codes[0]: read}), endpoint, "metric")
    assert found == [(b"sc-data-age", age), (b"sc-fetched-at", b"2026-03-01T12:00:00.500Z")]


def test_an_answer_without_a_reading_has_no_age() -> None:
    endpoint = ENDPOINTS["/battery/capacity"]
    assert headers(snapshot(endpoint), endpoint, "metric") == [(b"sc-unit-system", b"metric")]


def test_the_unit_system_is_named_where_the_wire_names_it() -> None:
    named = {path for path, endpoint in ENDPOINTS.items() if endpoint.in_units}
    asserted = {"/odometer", "/fuel", "/battery", "/tires/pressure", "/service/history"}
    assert named == asserted | {"/battery/capacity"}


def test_every_endpoint_asks_for_signals_there_are_and_a_permission_there_is() -> None:
    for row in (*ENDPOINTS.values(), *MAKE_READS.values()):
        assert set(row.codes) <= set(signals()), row.path
        assert row.permission in PERMISSIONS
        assert all(signals()[code].unit not in {"km", "liters", "kPa"} or row.in_units for code in row.codes), row.path


def test_what_compatibility_says_a_permission_opens_is_there() -> None:
    plain = {path: row.permission for path, row in ENDPOINTS.items()}
    plain |= {path: row.permission for path, row in STATIC_ENDPOINTS.items() if row.permission}
    for permission, paths in compatibility.ENDPOINTS.items():
        if permission.startswith("read_"):
            assert all(plain[path] == permission for path in paths)
    for permission, makes in compatibility.MAKE_ENDPOINTS.items():
        if permission.startswith("read_"):
            assert all(
                MAKE_READS[m.lower(), rest].permission == permission for m, rests in makes.items() for rest in rests
            )


def test_static_answers_need_no_car() -> None:
    found = {path: written(row.body(VEHICLE)) for path, row in STATIC_ENDPOINTS.items()}
    assert found == {
        "/": {"id": VEHICLE.id, "make": "TESLA", "model": "Model 3", "year": 2022},
        "/permissions": {
            "permissions": ["control_charge", "read_odometer", "read_vin"],
            "paging": {"count": 3, "offset": 0},
        },
        "/vin": {"vin": VEHICLE.car.vin},
    }
