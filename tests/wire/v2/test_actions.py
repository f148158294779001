"""Calls become commands, and nothing that is sent raises anything but `InvalidInput`."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carwire.core.commands import COMMANDS, check_command
from carwire.core.errors import InvalidInput
from carwire.core.signals.units import UnitSystem
from carwire.wire.v2 import compatibility
from carwire.wire.v2.actions import ACTIONS, Action, Order, read_order

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("action", "limit", "latitude", "longitude", "amperage", "type", "enable", "time", "temperature", "pin", "x")
WORDS = ("START", "STOP", "SET", "LOCK", "UNLOCK", "OPEN", "CLOSE", "START_TIME", "0.8", "07:30", "1234", "1e-1")
LIKELY = st.dictionaries(
    st.sampled_from(KEYS),
    st.sampled_from((*WORDS, 0.8, 0.5, 1, 22, 70, -91, 10**400, True, None)) | ANYTHING,
    max_size=3,
)
READ = [action for action in ACTIONS.values() if action.body is not None]
WITHOUT_COMMAND = [action for action in ACTIONS.values() if action.body is None]


def order(path: str, body: object, *, method: str = "POST", system: UnitSystem = "metric") -> tuple[str | None, Any]:
    """The command and arguments of a call."""
    found = read_order(ACTIONS[method, path], body, system)
    return found.command, found.arguments


def refused(path: str, body: object, *, method: str = "POST", system: UnitSystem = "metric") -> dict[str, str]:
    """The fields at fault in a call."""
    with pytest.raises(InvalidInput) as caught:
        order(path, body, method=method, system=system)
    return {each.field: each.message for each in caught.value.fields}


@pytest.mark.parametrize(
    ("path", "action", "command"),
    [
        ("/charge", "START", "charge-start"),
        ("/charge", "STOP", "charge-stop"),
        ("/security", "LOCK", "security-lock"),
        ("/security", "UNLOCK", "security-unlock"),
        ("/tesla/charge/charge_port_door", "OPEN", "charge-port-open"),
        ("/tesla/charge/charge_port_door", "CLOSE", "charge-port-close"),
        ("/tesla/climate/cabin", "STOP", "climate-stop"),
        ("/tesla/climate/defroster", "START", "defroster-start"),
        ("/tesla/climate/defroster", "STOP", "defroster-stop"),
        ("/tesla/climate/steering_wheel", "START", "steering-heater-start"),
        ("/tesla/climate/steering_wheel", "STOP", "steering-heater-stop"),
        ("/tesla/security/frunk", "OPEN", "frunk-open"),
        ("/tesla/security/frunk", "CLOSE", "frunk-close"),
        ("/tesla/security/trunk", "OPEN", "trunk-open"),
        ("/tesla/security/trunk", "CLOSE", "trunk-close"),
    ],
)
def test_an_action_is_a_command(path: str, action: str, command: str) -> None:
    assert order(path, {"action": action}) == (command, {})
    wrong: tuple[object, ...] = (action.lower(), "", None, 1, [action], "LAUNCH")
    for each in wrong:
        assert refused(path, {"action": each}).keys() == {"action"}
    assert refused(path, {}).keys() == {"action"}
    assert refused(path, {"action": action, "force": True}) == {"force": "is not known here"}
    assert refused(path, None).keys() == refused(path, []).keys() == {"body"}


@pytest.mark.parametrize(
    ("limit", "percent"),
    [(0.8, 80), ("0.8", 80), (0.57, 57), ("0.57", 57), (1, 100), ("1", 100), (0.5, 50), (".5", 50), ("1.00", 100)],
)
def test_a_limit_is_a_number_or_text_that_holds_one(limit: object, percent: float) -> None:
    assert order("/charge/limit", {"limit": limit}) == ("charge-set-limit", {"percent": percent})


@pytest.mark.parametrize(
    "limit", [0.49, 1.01, 0, -1, 80, "80", "0.4", "", " 0.8", "nan", "1e-1", "0,8", "٠.٨", True, None, [0.8], 10**400]
)
def test_a_limit_out_of_range_is_refused_by_its_own_name(limit: object) -> None:
    assert refused("/charge/limit", {"limit": limit}).keys() == {"limit"}


def test_a_destination_is_somewhere_on_earth() -> None:
    place = {"latitude": 47.4, "longitude": -180}
    assert order("/navigation/destination", place) == ("navigation-set-destination", place)
    assert refused("/navigation/destination", {"latitude": 90.1, "longitude": 0}).keys() == {"latitude"}
    assert refused("/navigation/destination", {"latitude": 0, "longitude": "1"}).keys() == {"longitude"}
    assert refused("/navigation/destination", {"latitude": 0}).keys() == {"longitude"}
    assert refused("/navigation/destination", {"latitude": float("nan"), "longitude": 0}).keys() == {"latitude"}


def test_current_and_schedule() -> None:
    assert order("/tesla/charge/ammeter", {"amperage": 16}) == ("charge-set-amperage", {"amperage": 16})
    assert refused("/tesla/charge/ammeter", {"amperage": 4}) == {"amperage": "must be a number from 5 to 80"}
    timer = {"type": "DEPARTURE_TIME", "enable": True, "time": "07:30"}
    assert order("/tesla/charge/schedule", timer) == ("charge-set-schedule", timer)
    for field, value in {"type": "END_TIME", "enable": 1, "time": "24:00"}.items():
        assert refused("/tesla/charge/schedule", {**timer, field: value}).keys() == {field}


@pytest.mark.parametrize("action", ["START", "SET"])
def test_a_temperature_is_in_the_unit_asked_for(action: str) -> None:
    command = f"climate-{action.lower()}"
    given = {"action": action, "temperature": 21.5}
    assert order("/tesla/climate/cabin", given) == (command, {"temperature": 21.5})
    for fahrenheit, celsius in {50: 10, 68: 20, 89.6: 32}.items():
        given = {"action": action, "temperature": fahrenheit}
        assert order("/tesla/climate/cabin", given, system="imperial") == (command, {"temperature": celsius})
    given["temperature"] = 21.5
    message = {"temperature": "must be a number from 50 to 89.6"}
    assert refused("/tesla/climate/cabin", given, system="imperial") == message
    assert refused("/tesla/climate/cabin", {"action": action}) == {"temperature": "must be a number from 10 to 32"}


@pytest.mark.parametrize(("method", "command"), [("POST", "pin-set"), ("DELETE", "pin-clear")])
def test_a_pin_is_four_digits_and_no_error_repeats_it(method: str, command: str) -> None:
    assert order("/tesla/pin", {"pin": "0420"}, method=method) == (command, {"pin": "0420"})
    for wrong in ("04201", "042", "a420", 4201, "4201\n"):
        found = refused("/tesla/pin", {"pin": wrong}, method=method)
        assert found.keys() == {"pin"}
        assert "420" not in found["pin"]


@pytest.mark.parametrize("action", WITHOUT_COMMAND, ids=lambda action: action.path)
def test_a_call_nothing_can_be_done_for_still_exists(action: Action) -> None:
    assert read_order(action, {"anything": 1}) == Order("control_charge", None)


@pytest.mark.parametrize("action", READ, ids=lambda action: f"{action.method} {action.path}")
@given(body=ANYTHING | LIKELY, system=st.sampled_from(("metric", "imperial")))
def test_whatever_is_sent_is_a_command_or_refused(action: Action, body: object, system: UnitSystem) -> None:
    try:
        found = read_order(action, body, system)
    except InvalidInput as error:
        assert error.fields
        assert all(each.field and each.message for each in error.fields)
        return
    assert found.command
    assert check_command(found.command, found.arguments).permission == found.permission


def test_every_command_can_be_given_and_permissions_agree() -> None:
    given = {
        read_order(action, body, "metric").command
        for action in READ
        for body in (
            *({"action": word} for word in ("START", "STOP", "LOCK", "UNLOCK", "OPEN", "CLOSE")),
            {"action": "START", "temperature": 20},
            {"action": "SET", "temperature": 20},
            {"limit": 1},
            {"amperage": 6},
            {"pin": "0000"},
            {"latitude": 0, "longitude": 0},
            {"type": "START_TIME", "enable": False, "time": "00:00"},
        )
        if _fits(action, body)
    }
    of_v3_alone = {"charge-schedule-create", "charge-schedule-delete"}
    assert given == set(COMMANDS) - of_v3_alone


def _fits(action: Action, body: object) -> bool:
    try:
        read_order(action, body)
    except InvalidInput:
        return False
    return True


def test_what_compatibility_says_a_permission_controls_is_there() -> None:
    for permission, paths in compatibility.ENDPOINTS.items():
        if permission.startswith("control_"):
            assert all(ACTIONS["POST", path].permission == permission for path in paths)
    for permission, makes in compatibility.MAKE_ENDPOINTS.items():
        if permission.startswith("control_"):
            for make, rests in makes.items():
                assert all(ACTIONS["POST", f"/{make.lower()}/{rest}"].permission == permission for rest in rests)


@pytest.mark.parametrize("action", READ, ids=lambda action: f"{action.method} {action.path}")
def test_every_field_of_a_body_says_what_it_takes(action: Action) -> None:
    assert action.body is not None
    schema = msgspec.json.schema_components([action.body])[1][action.body.__name__]
    assert schema["additionalProperties"] is False
    assert all(field["description"] for field in schema["properties"].values())
