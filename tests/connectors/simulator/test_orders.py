"""Every command in every state: done, refused, or not sent, as the table says."""

from __future__ import annotations

import pytest

from carwire.connectors.simulator.world import World
from carwire.core.commands import COMMANDS
from carwire.core.errors import InvalidInput
from carwire.core.simulation import Fault

ARGUMENTS: dict[str, dict[str, object]] = {
    "charge-set-limit": {"percent": 90},
    "charge-set-amperage": {"amperage": 10},
    "charge-set-schedule": {"type": "START_TIME", "enable": True, "time": "07:00"},
    "charge-schedule-create": {
        **{"schedule_id": "s1", "kind": "weekly", "latitude": 40, "longitude": -105},
        "windows": [{"days": ["MONDAY"], "start": "22:00", "stop": "06:00"}],
    },
    "charge-schedule-delete": {"schedule_id": "s1"},
    "climate-start": {"temperature": 22},
    "climate-set": {"temperature": 19},
    "navigation-set-destination": {"latitude": 40, "longitude": -105},
    "pin-set": {"pin": "1234"},
    "pin-clear": {"pin": "1234"},
}

# State → how a car gets into it, and the answers that are not `done` there.
CHARGE = ("charge-start", "charge-stop", "charge-set-limit", "charge-set-amperage")
DOORS = ("security-lock", "security-unlock", "charge-port-open", "charge-port-close")
LIDS = ("trunk-open", "trunk-close", "frunk-open", "frunk-close")
UNPLUGGED = dict.fromkeys(CHARGE, "refused VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED")
PORT = dict.fromkeys(("charge-port-open", "charge-port-close"), "refused VEHICLE_STATE:CHARGING_PLUG_CONNECTED")
IDLE = {"charge-stop": "refused VEHICLE_STATE:NOT_CHARGING"}
STATES: dict[str, tuple[list[str], dict[str, str]]] = {
    "parked": ([], UNPLUGGED),
    "asleep lightly": (["step=3600"], UNPLUGGED),
    "driving": (
        ["@road_trip", "step=1800"],
        UNPLUGGED | dict.fromkeys((*DOORS, *LIDS), "refused VEHICLE_STATE:IN_MOTION"),
    ),
    "ignition on": (["ignition=on"], UNPLUGGED | dict.fromkeys((*DOORS, *LIDS), "refused VEHICLE_STATE:IGNITION_ON")),
    "door open": (["door_back_right=open"], UNPLUGGED | {"security-lock": "refused VEHICLE_STATE:DOOR_OPEN"}),
    "hood open": (["hood=open"], UNPLUGGED | {"security-lock": "refused VEHICLE_STATE:HOOD_OPEN"}),
    "trunk open": (["trunk=open"], UNPLUGGED | {"security-lock": "refused VEHICLE_STATE:TRUNK_OPEN"}),
    "charging": (
        ["charge=0.3", "plug=ac"],
        PORT
        | {
            "charge-start": "refused VEHICLE_STATE:CHARGING_IN_PROGRESS",
            "charge-set-limit": "refused COMPATIBILITY:SMARTCAR_NOT_CAPABLE",
        },
    ),
    "plugged, stopped": (["charge=0.3", "plug=ac", "!charge-stop"], PORT | IDLE),
    "plugged, full": (["charge=0.8", "plug=ac"], PORT | IDLE | {"charge-start": "refused VEHICLE_STATE:FULLY_CHARGED"}),
    "charging fault": (
        ["charge=0.3", "charge_fault=on", "plug=ac"],
        PORT | IDLE | {"charge-start": "refused VEHICLE_STATE:CHARGE_FAULT"},
    ),
    "battery nearly empty": (
        ["charge=0.04"],
        UNPLUGGED
        | dict.fromkeys(
            ("climate-start", "defroster-start", "steering-heater-start"), "refused VEHICLE_STATE:LOW_BATTERY"
        ),
    ),
    "low 12 V": (["@low_12v"], dict.fromkeys(COMMANDS, "refused VEHICLE_STATE:LOW_BATTERY")),
    "deeply asleep": (["@asleep"], dict.fromkeys(COMMANDS, "not_sent VEHICLE_STATE:ASLEEP")),
    "unreachable": (["@unreachable"], dict.fromkeys(COMMANDS, "not_sent VEHICLE_STATE:UNREACHABLE")),
    "in service": (["@in_service"], dict.fromkeys(COMMANDS, "refused VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE")),
    "remote access off": (
        ["remote_access=off"],
        dict.fromkeys(COMMANDS, "refused VEHICLE_STATE:REMOTE_ACCESS_DISABLED"),
    ),
    "no virtual key": (
        ["virtual_key=off"],
        dict.fromkeys(COMMANDS, "refused CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED"),
    ),
}


def in_state(state: str, name: str = "tesla-3") -> tuple[World, str]:
    world = World()
    vin = world.find(name)
    world.start(vin, "parked")
    assert world.command(vin, "charge-schedule-create", ARGUMENTS["charge-schedule-create"]).kind == "done"
    for each in STATES[state][0]:
        if each.startswith("@"):
            world.start(vin, each[1:])
        elif each.startswith("!"):
            assert world.command(vin, each[1:], {}).kind == "done"
        elif each.startswith("step="):
            world.step(int(each[5:]))
        else:
            key, _, text = each.partition("=")
            world.adjust(vin, key, text)
    return world, vin


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_a_command_in_a_state_ends_as_the_table_says(state: str, name: str) -> None:
    world, vin = in_state(state)
    before = world.dump()
    outcome = world.command(vin, name, ARGUMENTS.get(name, {}))
    said = f"{outcome.kind} {outcome.problem.kind}" if outcome.problem else outcome.kind
    assert said == STATES[state][1].get(name, "done")
    if outcome.kind != "done":
        assert world.dump() == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_car_without_the_feature_says_so(name: str) -> None:
    world = World()
    outcome = world.command(world.find("simulated-bare"), name, ARGUMENTS.get(name, {}))
    assert outcome.problem
    assert (outcome.kind, outcome.problem.kind) == ("refused", "COMPATIBILITY:VEHICLE_NOT_CAPABLE")


@pytest.mark.parametrize(
    ("state", "name", "code", "expected"),
    [
        ("parked", "security-unlock", "closure-islocked", False),
        ("parked", "trunk-open", "closure-reartrunk", {"isOpen": True, "isLocked": False}),
        ("parked", "frunk-open", "closure-fronttrunk", {"isOpen": True, "isLocked": False}),
        ("parked", "climate-start", "hvac-cabintargettemperature", 22),
        ("parked", "climate-set", "hvac-cabintargettemperature", 19),
        ("parked", "defroster-start", "hvac-isfrontdefrosteractive", True),
        ("parked", "steering-heater-start", "hvac-issteeringheateractive", True),
        ("parked", "charge-port-open", "charge-ischargingportflapopen", True),
        ("charging", "charge-stop", "charge-detailedchargingstatus", "NOT_CHARGING"),
        ("plugged, stopped", "charge-start", "charge-detailedchargingstatus", "CHARGING"),
        ("plugged, stopped", "charge-set-limit", "charge-activelimit", 90),
        ("charging", "charge-set-amperage", "charge-amperage", 10),
        ("hood open", "frunk-close", "closure-fronttrunk", {"isOpen": False, "isLocked": True}),
    ],
)
def test_what_is_done_can_be_read_at_once(state: str, name: str, code: str, expected: object) -> None:
    world, vin = in_state(state)
    assert world.command(vin, name, ARGUMENTS.get(name, {})).kind == "done"
    assert world.read(vin, [code]).value(code) == expected


def test_remote_climate_ends_by_itself() -> None:
    world, vin = in_state("parked")
    world.command(vin, "climate-start", {"temperature": 22})
    world.step(29 * 60)
    assert world.car(vin).climate
    assert world.car(vin).comfort_kwh > 0
    world.step(2 * 60)
    assert not world.car(vin).climate


def test_destination_and_pin_are_kept() -> None:
    world, vin = in_state("parked")
    world.command(vin, "navigation-set-destination", {"latitude": 40, "longitude": -105})
    world.command(vin, "pin-set", {"pin": "1234"})
    assert (world.car(vin).destination, world.car(vin).pin) == ((40, -105), True)
    world.command(vin, "pin-clear", {"pin": "1234"})
    assert not world.car(vin).pin
    assert "1234" not in repr(world.record())


def test_a_command_nobody_knows_leaves_no_trace() -> None:
    world, vin = in_state("parked")
    events = world.record().events
    with pytest.raises(InvalidInput):
        world.command(vin, "fly", {})
    assert world.record().events == events


@pytest.mark.parametrize(
    ("half", "locked"), [("answer_lost", False), ("command_lost", True)], ids=["answer_lost", "command_lost"]
)
def test_a_half_done_command_ends_unknown_and_only_the_car_can_tell(half: str, locked: bool) -> None:
    world, vin = in_state("parked")
    world.fault(vin, Fault(half=half))  # type: ignore[arg-type]
    outcome = world.command(vin, "security-unlock", {})
    assert outcome.kind == "unknown"
    assert outcome.problem
    assert outcome.problem.kind == "UPSTREAM:NO_RESPONSE"
    assert world.read(vin, ["closure-islocked"]).value("closure-islocked") is locked


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        ("UPSTREAM:NO_RESPONSE", "unknown"),
        ("UPSTREAM:RATE_LIMIT", "not_sent"),
        ("RATE_LIMIT:VEHICLE", "not_sent"),
        ("VEHICLE_STATE:UNREACHABLE", "not_sent"),
        ("VEHICLE_STATE:DOOR_OPEN", "refused"),
        ("CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION", "refused"),
    ],
)
def test_a_fault_ends_commands_by_what_it_says_of_them(kind: str, ends: str) -> None:
    world, vin = in_state("parked")
    world.fault(vin, Fault(kind=kind, on="commands"))
    outcome = world.command(vin, "security-unlock", {})
    assert outcome.problem
    assert (outcome.kind, outcome.problem.kind) == (ends, kind)
    assert (outcome.problem.retry_after is not None) is kind.startswith("RATE_LIMIT")
    assert world.read(vin, ["closure-islocked"]).value("closure-islocked") is True
