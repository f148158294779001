"""``/v1/simulator``: what every route of it answers, through the handlers of the route table."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carwire.connectors.simulator.desk import Desk
from carwire.connectors.simulator.keeper import Keeper
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.world import World
from carwire.core.applications import Application
from carwire.core.commands import DAYS
from carwire.core.errors import InvalidInput
from carwire.core.signals.problems import KINDS
from carwire.core.simulation import Clockwork, Simulator
from carwire.http.call import Answer, Call, Route
from carwire.http.v1.simulator import SimulatorHandlers, routes

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
START = "2026-01-05T06:00:00Z"
BASE = "/v1/simulator"
TESLA = f"{BASE}/cars/tesla-3"
NIGHTS: dict[str, object] = {
    **{"schedule_id": "nights", "kind": "daily", "latitude": 39.7, "longitude": -105},
    "windows": [{"days": list(DAYS), "start": "22:00", "stop": "06:00"}],
}
ANOTHER = Application("c", "Another", (), b"", b"", NOW)


class Api:
    """Asks the routes of a world."""

    def __init__(self, folder: Path, clock: Clockwork = "stepped") -> None:
        self.keeper = Keeper(folder, clock, lambda: NOW)
        desk = Desk.of(self.keeper, lambda: NOW)
        simulator: Simulator = desk
        self.routes = routes(SimulatorHandlers(simulator), for_applications=True)

    def ask(self, method: str, target: str, body: object = None, application: Application | None = None) -> Any:
        path, _, query = target.partition("?")
        for route in self.routes:
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), path)
            if found and route.method == method:
                sent = body if isinstance(body, bytes) else json.dumps(body).encode()
                scope = {"query_string": query.encode(), "headers": []}
                call = Call(scope, found.groupdict(), sent)
                call.prove(application=application)

                async def answered(route: Route = route, call: Call = call) -> Answer:
                    return await route.handler(call)

                answer = asyncio.run(answered())
                assert answer.status == 200
                return json.loads(answer.body)
        raise AssertionError(f"no route for {method} {path}")

    def get(self, target: str, application: Application | None = None) -> Any:
        return self.ask("GET", target, application=application)

    def post(self, target: str, body: object) -> Any:
        return self.ask("POST", target, body)


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


def test_only_applications_and_commands_of_this_machine_may_ask(api: Api) -> None:
    assert {route.door for route in api.routes} == {"application_or_local"}
    alone = routes(SimulatorHandlers(Desk.of(api.keeper, lambda: NOW)), for_applications=False)
    assert {route.door for route in alone} == {"local"}
    assert [route.name for route in alone] == [route.name for route in api.routes]
    assert all(route.answers and route.summary and route.handler.__doc__ for route in api.routes)
    assert len({route.name for route in api.routes}) == len(api.routes)


def test_the_world_tells_its_time_speed_seed_and_cars(api: Api) -> None:
    models = len(car_range().models)
    state = {"now": START, "started_at": START, "clock": "stepped", "speed": 0.0, "seed": 1, "cars": models}
    assert api.get(BASE) == state
    assert api.post(f"{BASE}/clock", {"step": 90}) == {**state, "now": "2026-01-05T06:01:30Z"}
    assert api.get(BASE)["now"] == "2026-01-05T06:01:30Z"
    assert api.post(f"{BASE}/reset", {"seed": 3}) == {**state, "seed": 3}
    assert api.post(f"{BASE}/reset", {}) == state


def test_a_real_clock_changes_its_speed(tmp_path: Path) -> None:
    api = Api(tmp_path, "real")
    assert api.post(f"{BASE}/clock", {"speed": 60})["speed"] == 60
    assert api.post(f"{BASE}/clock", {"speed": 0.5})["speed"] == 0.5
    assert api.get(BASE) == {**api.get(BASE), "clock": "real", "now": "2026-11-21T12:00:00Z"}


def test_the_list_shows_every_car_and_those_that_came_with_a_sign_in(api: Api) -> None:
    cars = api.get(f"{BASE}/cars")["cars"]
    assert [car["model_id"] for car in cars] == list(car_range().models)
    api.keeper.world.add("0SCTESLA0AAAAAAAA", "tesla-3", ready=True)
    (new,) = (car for car in api.get(f"{BASE}/cars")["cars"] if car not in cars)
    assert api.get(f"{BASE}/cars")["count"] == len(cars) + 1
    assert new["vin"] == "0SCTESLA0AAAAAAAA"
    assert 0.5 <= new["battery"] <= 0.7
    assert new["tank"] is None


def test_the_list_comes_in_pages(api: Api) -> None:
    for n in range(30):
        api.keeper.world.add(car_range().vin_of(car_range().models["tesla-3"], n), "tesla-3")
    first = api.get(f"{BASE}/cars")
    assert (len(first["cars"]), first["count"], first["offset"]) == (100, len(car_range().models) + 30, 0)
    rest = api.get(f"{BASE}/cars?offset=100&limit=1000")
    assert [car["vin"] for car in first["cars"] + rest["cars"]] == api.keeper.world.vins()
    assert api.get(f"{BASE}/cars?offset=5&limit=2")["cars"] == first["cars"][5:7]
    assert api.get(f"{BASE}/cars?offset=100000") == {"cars": [], "count": first["count"], "offset": 100_000}


def test_a_vin_that_an_owner_typed_is_listed_on_this_machine_alone(api: Api) -> None:
    api.keeper.world.come("5YJSA1E29LF403082", "tesla-3")
    api.keeper.world.come("0SCTESLA0AAAAAAAA", "tesla-3")
    local, remote = api.get(f"{BASE}/cars"), api.get(f"{BASE}/cars", ANOTHER)
    assert [car["vin"] for car in local["cars"]][-2:] == ["5YJSA1E29LF403082", "0SCTESLA0AAAAAAAA"]
    assert [car for car in local["cars"] if car not in remote["cars"]] == [local["cars"][-2]]
    assert remote["count"] == local["count"] - 1 == len(remote["cars"])


@pytest.mark.parametrize("name", ["tesla-3", "TESLA-3", World().find("tesla-3"), World().find("tesla-3").lower()])
def test_a_car_is_named_by_its_model_or_its_vin(api: Api, name: str) -> None:
    found = api.get(f"{BASE}/cars/{name}?codes=vehicleidentification-vin")
    assert found["answers"]["vehicleidentification-vin"]["value"] == found["car"]["vin"] == World().find("tesla-3")


def test_signals_come_with_three_times_and_can_be_narrowed(api: Api) -> None:
    everything = api.get(TESLA)
    assert (everything["now"], everything["car"]["model_id"]) == (START, "tesla-3")
    assert len(everything["answers"]) == everything["car"]["signals"] == len(car_range().models["tesla-3"].signals)
    some = api.get(f"{TESLA}?codes=odometer,tractionbattery-state")["answers"]
    assert set(some) == {"odometer-traveleddistance", "tractionbattery-stateofcharge"}
    reading = some["odometer-traveleddistance"]
    assert list(reading) == ["type", "value", "unit", "measured_at", "maker_at", "fetched_at", "source"]
    assert reading["measured_at"] <= reading["maker_at"] <= reading["fetched_at"] == START


def test_a_scenario_and_settings_are_one_change(api: Api) -> None:
    body = {"scenario": "parked", "settings": {"charge": 0.25, "plug": "ac", "locked": False, "odometer": 2_000_000}}
    summary = api.post(TESLA, body)
    assert (summary["scenario"], summary["battery"], summary["odometer_km"]) == ("parked", 0.25, 2_000_000)
    answers = api.get(f"{TESLA}?codes=charge-isfast,closure-islocked")["answers"]
    assert {code: answer["value"] for code, answer in answers.items()} == {
        "charge-isfastchargerpresent": False,
        "closure-islocked": False,
    }
    before = api.get(TESLA)
    with pytest.raises(InvalidInput) as caught:
        api.post(TESLA, {"scenario": "road_trip", "settings": {"charge": 0.9, "wings": 2}})
    assert caught.value.fields[0].field == "wings"
    assert api.get(TESLA) == before


def test_faults_make_a_script_that_is_shown_and_cleared(api: Api) -> None:
    assert api.get(f"{TESLA}/faults") == {"faults": []}
    api.post(f"{BASE}/clock", {"step": 60})
    script = api.post(f"{TESLA}/faults", {"kind": "VEHICLE_STATE:ASLEEP", "codes": ["odometer-traveleddistance"]})
    (placed,) = script["faults"]
    assert placed["set_at"] == "2026-01-05T06:01:00Z"
    assert placed["fault"]["kind"] == "VEHICLE_STATE:ASLEEP"
    answers = api.get(f"{TESLA}?codes=odometer,closure-islocked")["answers"]
    assert answers["odometer-traveleddistance"] == {
        "type": "problem",
        "kind": "VEHICLE_STATE:ASLEEP",
        "found_at": "2026-01-05T06:01:00Z",
        "retry_after": None,
        "last": None,
    }
    assert answers["closure-islocked"]["type"] == "reading"
    assert len(api.post(f"{TESLA}/faults", {"stale": True})["faults"]) == 2
    assert api.ask("DELETE", f"{TESLA}/faults") == api.get(f"{TESLA}/faults") == {"faults": []}


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_can_be_rehearsed(api: Api, kind: str) -> None:
    api.post(f"{TESLA}/faults", {"kind": kind})
    answers = api.get(f"{TESLA}?codes=odometer")["answers"]
    assert answers["odometer-traveleddistance"]["kind"] == kind


def test_a_command_says_what_became_of_it(api: Api) -> None:
    order = {"name": "charge-set-limit", "arguments": {"percent": 90}}
    api.post(TESLA, {"scenario": "parked"})
    refused = api.post(f"{TESLA}/commands", order)
    assert (refused["kind"], refused["problem"]["kind"]) == ("refused", "VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED")
    api.post(TESLA, {"settings": {"plug": "ac", "charge": 0.2}})
    assert api.post(f"{TESLA}/commands", {"name": "charge-stop"}) == {"kind": "done", "problem": None}
    assert api.post(f"{TESLA}/commands", order)["kind"] == "done"
    schedule = {"type": "START_TIME", "enable": True, "time": "07:30"}
    assert api.post(f"{TESLA}/commands", {"name": "charge-set-schedule", "arguments": schedule})["kind"] == "done"


def test_a_charge_schedule_is_given_by_its_windows(api: Api) -> None:
    made = {"name": "charge-schedule-create", "arguments": NIGHTS}
    assert api.post(f"{TESLA}/commands", made) == {"kind": "done", "problem": None}
    (timer,) = api.get(f"{TESLA}?codes=charge-chargetimers")["answers"]["charge-chargetimers"]["value"]["values"]
    assert (timer["scheduleType"], timer["scheduleId"]) == ("DAILY", "nights")
    deleted = {"name": "charge-schedule-delete", "arguments": {"schedule_id": "nights"}}
    assert api.post(f"{TESLA}/commands", deleted)["kind"] == "done"
    assert api.post(f"{TESLA}/commands", deleted)["problem"]["kind"] == "RESOURCE_NOT_FOUND:PATH"


@pytest.mark.parametrize(
    ("method", "target", "body", "field"),
    [
        ("GET", f"{BASE}/cars/batmobile", None, "car"),
        ("GET", f"{BASE}/cars/%C3%BC", None, "car"),
        ("GET", f"{BASE}/cars?limit=0", None, "limit"),
        ("GET", f"{BASE}/cars?limit=1001", None, "limit"),
        ("GET", f"{BASE}/cars?offset=-1", None, "offset"),
        ("GET", f"{BASE}/cars?offset=x", None, "offset"),
        ("GET", f"{BASE}/cars?page=2", None, "page"),
        ("GET", f"{TESLA}?codes=wings", None, "codes"),
        ("GET", f"{TESLA}?code=odometer", None, "code"),
        ("GET", f"{TESLA}?codes=a&codes=b", None, "codes"),
        ("POST", TESLA, {}, "settings"),
        ("POST", TESLA, {"scenario": "flying"}, "scenario"),
        ("POST", TESLA, {"settings": {"charge": 2}}, "charge"),
        ("POST", TESLA, {"settings": {"charge": None}}, "settings"),
        ("POST", TESLA, {"setting": {}}, "body"),
        ("POST", TESLA, b"{", "body"),
        ("POST", f"{BASE}/cars/batmobile", {"scenario": "parked"}, "car"),
        ("GET", f"{BASE}/cars/batmobile/faults", None, "car"),
        ("DELETE", f"{BASE}/cars/batmobile/faults", None, "car"),
        ("POST", f"{TESLA}/faults", {}, "kind"),
        ("POST", f"{TESLA}/faults", {"kind": "ON_FIRE"}, "body"),
        ("POST", f"{TESLA}/faults", {"latency_s": -1}, "body"),
        ("POST", f"{TESLA}/faults", {"latency_s": 1e9}, "body"),
        ("POST", f"{TESLA}/faults", {"stale": True, "codes": ["wings"]}, "codes"),
        ("POST", f"{TESLA}/faults", {"half": "both"}, "half"),
        ("POST", f"{TESLA}/commands", {"name": "fly"}, "command"),
        ("POST", f"{TESLA}/commands", {"name": "charge-set-limit"}, "percent"),
        (
            "POST",
            f"{TESLA}/commands",
            {"name": "charge-schedule-create", "arguments": {**NIGHTS, "windows": []}},
            "windows",
        ),
        ("POST", f"{TESLA}/commands", {"name": "charge-schedule-create", "arguments": {**NIGHTS, "kind": 1}}, "kind"),
        ("POST", f"{TESLA}/commands", {"name": "charge-schedule-create", "arguments": {"windows": {}}}, "arguments"),
        ("POST", f"{TESLA}/commands", {}, "body"),
        ("POST", f"{BASE}/clock", {}, "step"),
        ("POST", f"{BASE}/clock", {"step": 1, "speed": 1}, "step"),
        ("POST", f"{BASE}/clock", {"step": -1}, "step"),
        ("POST", f"{BASE}/clock", {"step": 31 * 86_400 + 1}, "step"),
        ("POST", f"{BASE}/clock", {"step": 1.5}, "step"),
        ("POST", f"{BASE}/clock", {"speed": 60}, "speed"),
        ("POST", f"{BASE}/reset", {"seed": "x"}, "seed"),
        ("POST", f"{BASE}/reset", {"seed": 2**70}, "seed"),
    ],
)
def test_what_cannot_be_done_names_the_field_and_changes_nothing(
    api: Api, method: str, target: str, body: object, field: str
) -> None:
    before = api.keeper.world.dump()
    with pytest.raises(InvalidInput) as caught:
        api.ask(method, target, body)
    assert [problem.field for problem in caught.value.fields] == [field]
    assert caught.value.fields[0].message
    assert api.keeper.world.dump() == before
    assert api.keeper.world.script(api.keeper.world.find("tesla-3")) == ()
