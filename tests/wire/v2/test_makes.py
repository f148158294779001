"""Endpoints of one make fill in what a signal tells, and exist even where none does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.wire.v2.snapshots import IMPERIAL, METRIC, NOW, VEHICLE, problem, snapshot, written

from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem, Value
from carwire.wire.v2.history import RECORDS_A_PAGE
from carwire.wire.v2.makes import MAKE_READS, MAKES_WITH_ENDPOINTS
from carwire.wire.v2.readings import Context

ASLEEP = problem("VEHICLE_STATE:ASLEEP")
SESSION: dict[str, Any] = {
    "id": "s1",
    "startTime": "2026-02-01T08:00:00Z",
    "endTime": "2026-02-01T09:30:00Z",
    "energyAdded": 21.5,
    "startStateOfCharge": 40,
    "endStateOfCharge": 68.5,
    "isPublicCharger": False,
    "connectorType": "CCS",
    "cost": {"currency": "USD", "energyAmount": 6.45, "otherAmount": 0},
    "location": {"name": "Home", "latitude": 40.0, "longitude": -105.0},
}
WRITTEN_SESSION = {
    **SESSION,
    "startTime": "2026-02-01T08:00:00.000Z",
    "endTime": "2026-02-01T09:30:00.000Z",
    "startStateOfCharge": 0.4,
    "endStateOfCharge": 0.685,
    "location": {**SESSION["location"], "address": None},
}


def answer(make: str, rest: str, context: Context = METRIC, **values: Value | Problem) -> Any:
    """The body of one endpoint over signals given by name."""
    endpoint = MAKE_READS[make, rest]
    return written(endpoint.body(snapshot(endpoint, **values), context))


def tesla(rest: str, context: Context = METRIC, **values: Value | Problem) -> Any:
    """The same for the make with the most endpoints."""
    return answer("tesla", rest, context, **values)


def test_the_wire_s_paths_are_all_there() -> None:
    rests = {make: sorted(rest for m, rest in MAKE_READS if m == make) for make in MAKES_WITH_ENDPOINTS}
    assert rests["tesla"] == [
        *("alerts", "attributes", "battery", "charge", "charge/ammeter", "charge/completion", "charge/records"),
        *("charge/records/billing", "charge/schedule", "charge/voltmeter", "charge/wattmeter", "climate/cabin"),
        *("climate/defroster", "climate/steering_wheel", "compass", "migration", "speedometer", "status"),
        *("thermometer/exterior", "thermometer/interior", "user/access", "user/info", "virtual_key"),
    ]
    del rests["tesla"]
    assert rests == {
        "cadillac": ["charge/completion", "charge/voltmeter"],
        "chevrolet": ["charge/completion", "charge/voltmeter"],
        "ford": ["charge/schedule_by_location"],
        "lincoln": ["charge/schedule_by_location"],
        "nissan": ["charge/schedule"],
        "bmw": ["charge/records"],
        "mini": ["charge/records"],
        "audi": ["charge"],
    }
    assert all(row.path == f"/{make}/{rest}" for (make, rest), row in MAKE_READS.items())


@pytest.mark.parametrize("key", [key for key, row in MAKE_READS.items() if not row.codes])
def test_what_no_signal_tells_is_something_the_server_cannot_do(key: tuple[str, str]) -> None:
    with pytest.raises(Obstacle) as caught:
        answer(*key)
    assert caught.value.problem == Problem("COMPATIBILITY:SMARTCAR_NOT_CAPABLE", NOW)
    assert MAKE_READS[key].answers is None


@pytest.mark.parametrize("key", [key for key, row in MAKE_READS.items() if row.codes])
def test_a_sleeping_car_says_so_at_every_endpoint(key: tuple[str, str]) -> None:
    row = MAKE_READS[key]
    with pytest.raises(Obstacle) as caught:
        answer(*key, **dict.fromkeys((code.partition("-")[2] for code in row.codes), ASLEEP))  # type: ignore[arg-type]
    assert caught.value.problem is ASLEEP


def test_attributes_name_the_car_and_are_null_where_nothing_is_known() -> None:
    vehicle = msgspec.structs.replace(VEHICLE, permissions=frozenset({"read_extended_vehicle_info", "read_location"}))
    found = tesla("attributes", Context(now=NOW, vehicle=vehicle), nickname="Kit", isenabled=False, isathome=True)
    assert found == {
        "id": VEHICLE.id,
        "make": "TESLA",
        "model": "Model 3",
        "year": 2022,
        "firmwareVersion": None,
        "trimBadging": None,
        "efficiencyPackage": None,
        "performancePackage": None,
        "nickname": "Kit",
        "driverAssistVersion": None,
        "atHome": True,
        "sentryMode": {"available": True, "enabled": False},
        "style": {"exteriorColor": None, "exteriorTrim": None, "interiorTrim": None},
        "wheel": {"style": None, "diameter": None},
        "driveUnit": {"front": None, "rear": None},
    }
    elsewhere = msgspec.structs.replace(vehicle, permissions=frozenset({"read_extended_vehicle_info"}))
    assert tesla("attributes", Context(now=NOW, vehicle=elsewhere), nickname="Kit", isathome=True)["atHome"] is None
    assert tesla("attributes", nickname="Kit")["sentryMode"] == {"available": False, "enabled": None}
    assert tesla("attributes", nickname="Kit", isenabled=ASLEEP)["sentryMode"] == {"available": None, "enabled": None}


@pytest.mark.parametrize(
    ("online", "asleep", "status"),
    [(True, False, "ONLINE"), (True, True, "ASLEEP"), (False, True, "OFFLINE"), (ASLEEP, True, "ASLEEP")],
)
def test_status_is_a_word(online: Value | Problem, asleep: bool, status: str) -> None:
    found = tesla("status", isonline=online, isasleep=asleep, gearstate="PARK")
    assert found == {"status": status, "inService": None, "gear": "PARK"}


def test_the_battery_has_further_ranges_from_either_signal() -> None:
    more = [{"type": "ESTIMATED", "value": 160.9344}, {"type": "IDEAL_CONDITIONS", "value": 321.8688}]
    found = tesla("battery", IMPERIAL, stateofcharge=62, range={"value": 160.9344, "additionalValues": more})
    assert found == {
        "percentRemaining": 0.62,
        "range": pytest.approx(100),
        "heaterOn": None,
        "rangeEstimated": pytest.approx(100),
        "rangeIdeal": pytest.approx(200),
        "percentRemainingUsable": None,
        "maxRangeChargeCounter": None,
        "notEnoughPowerToHeat": None,
    }
    alone = tesla("battery", estimatedrange=90, idealrange=110, isheateractive=True, maxrangechargecounter=4)
    assert (alone["rangeEstimated"], alone["rangeIdeal"], alone["heaterOn"]) == (90, 110, True)
    assert alone["maxRangeChargeCounter"] == 4


def test_meters_read_amperes_volts_and_kilowatts() -> None:
    assert tesla("charge/ammeter", amperage=16) == {"amperage": 16}
    assert tesla("charge/voltmeter", voltage=230) == {"voltage": 230}
    assert answer("cadillac", "charge/voltmeter", voltage=240) == {"voltage": 240}
    assert tesla("charge/wattmeter", wattage=11_040) == {"wattage": 11.04}


def test_completion_counts_from_when_the_car_said_so() -> None:
    expected = NOW - timedelta(minutes=1) + timedelta(minutes=90)
    assert tesla("charge/completion", timetocomplete=90) == {"time": "2026-03-01T13:29:00.500Z"}
    assert expected.isoformat().startswith("2026-03-01T13:29:00.5")
    with pytest.raises(Obstacle) as caught:
        answer("chevrolet", "charge/completion", timetocomplete=1e300)
    assert caught.value.problem.kind == "UPSTREAM:INVALID_DATA"


def test_a_schedule_is_the_timer_that_is_set() -> None:
    start = {"schedules": [{"start": "22:30:00", "end": "22:30:00", "days": []}], "departureTimers": []}
    ready = {"schedules": [], "departureTimers": [{"days": [], "time": "07:15:00"}]}
    off = {"enabled": False, "time": None}
    assert tesla("charge/schedule", chargetimers={"values": []}) == {"departureTime": off, "startTime": off}
    assert tesla("charge/schedule", chargetimers={"values": [start]}) == {
        "departureTime": off,
        "startTime": {"enabled": True, "time": "22:30"},
    }
    assert tesla("charge/schedule", chargetimers={"values": [ready]})["departureTime"] == {
        "enabled": True,
        "time": "07:15",
    }


def test_a_schedule_of_one_place_is_not_the_timer() -> None:
    night = {"schedules": [{"start": "22:00:00", "end": "06:00:00", "days": ["MONDAY"]}], "departureTimers": []}
    here = {"type": "LOCATION", "condition": {"latitude": 39.7, "longitude": -105}, **night}
    start = {"type": "GLOBAL", "condition": None, "schedules": [{"start": "23:30:00"}], "departureTimers": []}
    off = {"enabled": False, "time": None}
    assert tesla("charge/schedule", chargetimers={"values": [here]}) == {"departureTime": off, "startTime": off}
    found = tesla("charge/schedule", chargetimers={"values": [here, start]})
    assert found == {"departureTime": off, "startTime": {"enabled": True, "time": "23:30"}}
    assert tesla("charge", ischarging=False, chargetimers={"values": [here]})["chargeMode"] == "timer"


def test_charging_details_are_the_same_for_both_makes() -> None:
    values: dict[str, Value | Problem] = {
        "detailedchargingstatus": "CHARGING",
        "ischargingcableconnected": True,
        "wattage": 11_000,
        "chargerate": 80.4672,
        "isfastchargerpresent": False,
        "chargeportstatuscolor": "GREEN",
        "ischargingcablelatched": True,
        "timetocomplete": 30,
        "chargetimers": {"values": []},
        "chargelimits": {"values": [], "activeLimit": 80},
    }
    found = answer("audi", "charge", IMPERIAL, **values)
    assert found == {
        "chargingStatus": "CHARGING",
        "isPluggedIn": True,
        "wattage": 11,
        "chargeRate": pytest.approx(50),
        "chargeType": "AC",
        "chargePortColor": "GREEN",
        "chargePortLatch": "LOCKED",
        "completionTime": "2026-03-01T12:29:00.500Z",
        "chargeMode": "manual",
        "socLimit": 0.8,
        "externalPowerStatus": None,
    }
    assert tesla("charge", IMPERIAL, **values) == found
    bare = answer("audi", "charge", ischarging=True)
    assert (bare["chargingStatus"], bare["isPluggedIn"]) == ("CHARGING", True)
    assert {key for key, value in bare.items() if value is None} == found.keys() - {"chargingStatus", "isPluggedIn"}


@pytest.mark.parametrize("make", ["bmw", "mini"])
def test_charge_records_keep_to_the_dates(make: str) -> None:
    older = {**SESSION, "id": "s0", "startTime": "2025-12-01T08:00:00Z"}
    records: dict[str, object] = {"values": [older, SESSION]}
    found = answer(make, "charge/records", chargerecords=records)
    assert found.keys() == {"records"}
    assert [record["id"] for record in found["records"]] == ["s1", "s0"]
    assert found["records"][0] == WRITTEN_SESSION
    recent = Context(now=NOW, starts_at=NOW - timedelta(days=30))
    assert [r["id"] for r in answer(make, "charge/records", recent, chargerecords=records)["records"]] == ["s1"]


def test_charge_records_come_by_the_page() -> None:
    records: dict[str, object] = {"values": [{**SESSION, "id": str(n)} for n in range(RECORDS_A_PAGE + 1)]}
    first = tesla("charge/records", chargerecords=records)
    second = tesla("charge/records", Context(now=NOW, page=2), chargerecords=records)
    third = tesla("charge/records", Context(now=NOW, page=3), chargerecords=records)
    assert (len(first["records"]), first["hasMoreData"]) == (RECORDS_A_PAGE, True)
    assert (len(second["records"]), second["hasMoreData"]) == (1, False)
    assert third == {"records": [], "hasMoreData": False}
    ids = {record["id"] for record in (*first["records"], *second["records"])}
    assert len(ids) == RECORDS_A_PAGE + 1


def test_climate_is_on_or_off_and_warm_in_the_unit_asked_for() -> None:
    assert tesla("climate/cabin", IMPERIAL, iscabinhvacactive=True, cabintargettemperature=20) == {
        "status": "ON",
        "temperature": 68,
    }
    assert tesla("climate/cabin", iscabinhvacactive=False) == {"status": "OFF", "temperature": None}
    assert tesla("climate/defroster", isfrontdefrosteractive=True) == {"frontStatus": "ON", "rearStatus": None}
    assert tesla("thermometer/exterior", IMPERIAL, externaltemperature=-40) == {"temperature": -40}
    assert tesla("thermometer/interior", internaltemperature=21.5) == {"temperature": 21.5}


def test_a_steering_wheel_without_a_heater_is_unavailable() -> None:
    assert tesla("climate/steering_wheel", issteeringheateractive=True) == {"status": "ON"}
    assert tesla("climate/steering_wheel", issteeringheateractive=False) == {"status": "OFF"}
    assert tesla("climate/steering_wheel") == {"status": "UNAVAILABLE"}


def test_compass_speed_key_and_access() -> None:
    place: dict[str, object] = {"latitude": 1, "longitude": 2, "heading": 90.5, "direction": "E"}
    assert tesla("compass", preciselocation=place) == {"heading": 90.5, "direction": "E"}
    assert tesla("speedometer", IMPERIAL, currentspeed=80.4672) == {"speed": pytest.approx(50)}
    assert tesla("virtual_key", isdigitalkeypaired=False) == {"isPaired": False}
    access = tesla("user/access", role="driver", permissions={"values": ["vehicle_cmds", 3]})
    assert access == {"accessType": "DRIVER", "permissions": ["vehicle_cmds"]}
    assert tesla("user/access", role="OWNER") == {"accessType": "OWNER", "permissions": None}


def test_the_unit_system_is_named_where_values_depend_on_it() -> None:
    named = {rest for (make, rest), row in MAKE_READS.items() if row.in_units and make == "tesla"}
    thermometers = {"thermometer/exterior", "thermometer/interior"}
    assert named == {"battery", "charge", "climate/cabin", "speedometer", *thermometers}
