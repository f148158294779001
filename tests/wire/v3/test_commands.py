"""Calls become commands of the core, and commands become executions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.wire.v3.samples import COMMAND_ID, GA, NOW, PREVIEW, VEHICLE_ID, problem, record, written

from carwire.core.commands import COMMANDS, DAYS, WEEKEND, WORKDAYS, check_command
from carwire.core.errors import InvalidInput
from carwire.core.permissions import CONTROL
from carwire.wire.v3.asking import MissingParameter
from carwire.wire.v3.commands import CALLS, command_id, execution_body, execution_id, read_command
from carwire.wire.v3.schedules import (
    CREATE,
    DELETE,
    MAX_ID,
    ScheduleOrder,
    Window,
    arguments_of,
    order_of,
    parameters_of,
    read_schedule,
    read_schedule_id,
    schedule_body,
)

BARE = [suffix for suffix, call in CALLS.items() if call.attributes is None]
PLACE = {"latitude": 52.52, "longitude": 13.4}
NIGHT = {"startTime": "22:00", "stopTime": "06:00"}
DAY = {"startTime": "09:00", "stopTime": "17:30"}
SCHEDULES: dict[str, dict[str, Any]] = {
    "daily": {"location": PLACE, **NIGHT},
    "weekly": {"location": PLACE, "days": {"monday": NIGHT, "sunday": DAY}},
    "workweek": {"location": PLACE, "weekdays": NIGHT, "weekends": DAY},
}


def sent(**attributes: object) -> dict[str, object]:
    """A body with these attributes."""
    return {"data": {"attributes": attributes}}


def refused(kind: str, body: object) -> dict[str, str]:
    """The fields at fault in a command or schedule."""
    with pytest.raises(InvalidInput) as caught:
        read_command(CALLS[kind], body) if kind in CALLS else read_schedule(kind, body)  # type: ignore[arg-type]
    return {each.field: each.message for each in caught.value.fields}


def test_every_published_call_is_there_with_its_permission() -> None:
    assert {suffix: call.permission for suffix, call in CALLS.items()} == {
        "/charge/start": "control_charge",
        "/charge/stop": "control_charge",
        "/charge/set-limit": "control_charge",
        "/charge-port/open": "control_charge",
        "/charge-port/close": "control_charge",
        "/security/lock": "control_security",
        "/security/unlock": "control_security",
        "/navigation/set-destination": "control_navigation",
    }
    assert {call.permission for call in CALLS.values()} <= set(CONTROL)


@pytest.mark.parametrize("suffix", CALLS)
def test_a_call_is_named_after_its_command_and_takes_what_that_takes(suffix: str) -> None:
    call = CALLS[suffix]
    assert call.command == suffix[1:].replace("/", "-")
    attributes = call.attributes.__struct_fields__ if call.attributes else ()
    assert set(attributes) == set(COMMANDS[call.command].arguments)


@pytest.mark.parametrize("suffix", BARE)
@pytest.mark.parametrize(
    "body", [None, {}, {"data": {}}, sent(), {"data": {"type": "command"}}, {"data": None}, {"jsonapi": {}, "meta": {}}]
)
def test_no_body_and_an_empty_one_are_alike(suffix: str, body: object) -> None:
    order = read_command(CALLS[suffix], body)
    assert (order.command, order.arguments) == (CALLS[suffix].command, {})


@pytest.mark.parametrize("suffix", BARE)
def test_what_would_not_be_done_is_refused(suffix: str) -> None:
    assert refused(suffix, sent(percent=80)) == {"data.attributes.percent": "is not known here"}
    assert refused(suffix, {"action": "STOP"}) == {"action": "is not known here"}
    assert refused(suffix, {"data": {"percent": 3}}) == {"data.percent": "is not known here"}
    assert refused(suffix, []) == {"body": "must be an object"}
    assert refused(suffix, {"data": []}) == {"data": "must be an object"}
    assert refused(suffix, {"data": {"attributes": "x"}}) == {"data.attributes": "must be an object"}


@pytest.mark.parametrize("percent", [50, 80, 100])
def test_a_limit_is_a_whole_number_of_percent(percent: int) -> None:
    order = read_command(CALLS["/charge/set-limit"], {"data": {"type": "x", "attributes": {"percent": percent}}})
    assert (order.command, order.arguments) == ("charge-set-limit", {"percent": percent})
    check_command(order.command, order.arguments)


@pytest.mark.parametrize("percent", [49, 101, 80.5, "80", True, None, [80], 10**30, 10**400, float("nan")])
def test_another_limit_is_refused(percent: object) -> None:
    found = refused("/charge/set-limit", sent(percent=percent))
    assert found == {"data.attributes.percent": "must be a whole number from 50 to 100"}


def test_a_limit_nobody_named_is_missing() -> None:
    for body in (None, {}, sent()):
        with pytest.raises(MissingParameter, match=r"data\.attributes\.percent"):
            read_command(CALLS["/charge/set-limit"], body)


def test_a_destination_is_a_place_on_earth() -> None:
    order = read_command(CALLS["/navigation/set-destination"], sent(latitude=52.52, longitude=-180))
    assert order.arguments == {"latitude": 52.52, "longitude": -180.0}
    for wrong in (90.1, float("nan"), float("inf"), "1", None):
        found = refused("/navigation/set-destination", sent(latitude=wrong, longitude=0))
        assert found == {"data.attributes.latitude": "must be a number from -90 to 90"}


def test_an_execution_tells_what_was_done_and_how_long_it_took() -> None:
    found = written(execution_body(record("charge-set-limit", {"percent": 80}), GA))["data"]
    assert found["attributes"]["parameters"] == {"percent": 80}
    assert found["meta"]["durationInSeconds"] == 6.5
    assert "parameters" not in written(execution_body(record("charge-start"), GA))["data"]["attributes"]
    whole = record("charge-start")
    whole = type(whole)(**{**{f: getattr(whole, f) for f in whole.__struct_fields__}, "ended_at": NOW})
    assert written(execution_body(whole, GA))["data"]["meta"]["durationInSeconds"] == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_the_type_of_a_command_is_its_name(name: str) -> None:
    assert written(execution_body(record(name), PREVIEW))["attributes"]["commandType"] == name


@pytest.mark.parametrize("state", ["refused", "not_sent", "unknown"])
def test_a_command_that_was_not_done_says_why(state: Any) -> None:
    kept = record("charge-start", state=state, problem=problem("VEHICLE_STATE:FULLY_CHARGED"))
    status = written(execution_body(kept, GA))["data"]["attributes"]["status"]
    assert status["value"] == "ERROR"
    assert (status["error"]["type"], status["error"]["code"]) == ("VEHICLE_STATE", "FULLY_CHARGED")
    nobody_knows = written(execution_body(record("charge-start", state=state), GA))["data"]["attributes"]["status"]
    assert nobody_knows["error"]["code"] == "NO_RESPONSE"


@pytest.mark.parametrize("state", ["accepted", "sent"])
def test_a_command_under_way_has_not_ended(state: Any) -> None:
    found = written(execution_body(record("charge-start", state=state), GA))["data"]
    assert found["attributes"]["status"] == {"value": "IN_PROGRESS"}
    begun = NOW if state == "sent" else NOW - timedelta(seconds=1)
    assert found["meta"] == {"executedAt": begun.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


def test_an_execution_s_id_leads_back_to_its_command() -> None:
    assert command_id(execution_id(COMMAND_ID)) == COMMAND_ID
    assert execution_id(COMMAND_ID).startswith("exec_")
    for wrong in (COMMAND_ID, "exec_", "exec_" + "g" * 32, "exec_" + "A" * 32, "exec_" + "0" * 33):
        assert command_id(wrong) is None


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_that_was_read_is_written_as_it_was(kind: Any) -> None:
    order = read_schedule(kind, sent(**SCHEDULES[kind]))
    assert parameters_of(order) == SCHEDULES[kind]
    assert read_schedule(kind, sent(**parameters_of(order))) == order


@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_schedule_becomes_a_command_that_tells_it_later(kind: Any) -> None:
    order = read_schedule(kind, sent(**SCHEDULES[kind]))
    arguments = arguments_of(order, "b9f0c2d4")
    check_command(CREATE, arguments)
    kept = written(arguments)
    assert kept == arguments  # JSON, lists for tuples included
    assert order_of(kept) == order
    made = written(schedule_body(record(CREATE, kept), order_of(kept), kept["schedule_id"], GA))["data"]
    assert made["attributes"]["parameters"] == SCHEDULES[kind]
    assert made["attributes"]["scheduleType"] == kind


def test_the_command_that_deletes_a_schedule_tells_none() -> None:
    check_command(DELETE, {"schedule_id": "b9f0c2d4"})
    assert order_of({"schedule_id": "b9f0c2d4"}) is None


def test_an_id_that_can_be_read_can_be_given_to_a_car() -> None:
    for text in ("b9f0c2d4", "x" * MAX_ID, " ", "~!%/"):
        check_command(DELETE, {"schedule_id": read_schedule_id(text)})


def test_schedules_become_windows_on_days() -> None:
    def windows(kind: Any) -> tuple[Window, ...]:
        return read_schedule(kind, sent(**SCHEDULES[kind])).windows

    assert windows("daily") == (Window(DAYS, "22:00", "06:00"),)
    assert windows("workweek") == (Window(WORKDAYS, "22:00", "06:00"), Window(WEEKEND, "09:00", "17:30"))
    assert windows("weekly") == (Window(("MONDAY",), "22:00", "06:00"), Window(("SUNDAY",), "09:00", "17:30"))


def test_weekdays_may_be_written_in_any_case_and_any_order() -> None:
    days = {"Sunday": DAY, "MONDAY": NIGHT}
    assert read_schedule("weekly", sent(location=PLACE, days=days)) == read_schedule(
        "weekly", sent(**SCHEDULES["weekly"])
    )


@pytest.mark.parametrize("time", ["24:00", "9:00", "09:60", "09:00:00", "22:00\n", "", 9, None])
def test_a_time_of_day_must_exist(time: object) -> None:
    place = "data.attributes"
    expected = "must be a time of day like 22:00"
    for name in ("startTime", "stopTime"):
        daily = {**SCHEDULES["daily"], name: time}
        assert refused("daily", sent(**daily)) == {f"{place}.{name}": expected}
        nested = refused("workweek", sent(location=PLACE, weekdays=NIGHT, weekends={**DAY, name: time}))
        assert nested == {f"{place}.weekends.{name}": expected}
    (field,) = refused("weekly", sent(location=PLACE, days={"friday": {**DAY, "stopTime": time}}))
    assert field.startswith(f"{place}.days")
    assert field.endswith(".stopTime")


def test_a_schedule_that_cannot_be_meant_is_refused() -> None:
    place = "data.attributes"
    assert refused("weekly", sent(location=PLACE, days={})) == {f"{place}.days": "must name at least one weekday"}
    for days in ({"someday": DAY}, {"monday": DAY, "Monday": DAY}):
        (field,) = refused("weekly", sent(location=PLACE, days=days))
        assert field.lower() in {f"{place}.days.someday", f"{place}.days.monday"}
    same = {"startTime": "09:00", "stopTime": "09:00"}
    assert set(refused("daily", sent(location=PLACE, **same))) == {f"{place}.stopTime"}
    far = refused("daily", sent(**{**SCHEDULES["daily"], "location": {"latitude": 91, "longitude": 0}}))
    assert far == {f"{place}.location.latitude": "must be a number from -90 to 90"}
    nan = refused("daily", sent(**{**SCHEDULES["daily"], "location": {"latitude": 1, "longitude": float("nan")}}))
    assert set(nan) == {f"{place}.location.longitude"}
    assert set(refused("daily", sent(**SCHEDULES["daily"], x=1))) == {f"{place}.x"}
    with pytest.raises(MissingParameter, match=r"data\.attributes\.location\.longitude"):
        read_schedule("daily", sent(**{**SCHEDULES["daily"], "location": {"latitude": 1}}))


def test_the_id_of_a_schedule_is_any_short_text() -> None:
    assert read_schedule_id("b9f0c2d4") == "b9f0c2d4"
    for wrong in ("", "x" * 256, "a\nb", "é"):
        with pytest.raises(InvalidInput, match="scheduleId"):
            read_schedule_id(wrong)


def test_setting_a_schedule_names_it_and_deleting_it_has_no_parameters() -> None:
    order: ScheduleOrder = read_schedule("daily", sent(**SCHEDULES["daily"]))
    made = written(schedule_body(record("x"), order, "s1", GA))["data"]
    assert made["attributes"]["action"] == "create"
    assert made["links"] == {"schedule": f"/vehicles/{VEHICLE_ID}/charge-schedules/s1"}
    gone = written(schedule_body(record("x"), None, "s1", GA))["data"]
    assert gone["attributes"].keys() == {"action", "status", "executionMode", "scheduleId"}
    assert gone["attributes"]["action"] == "delete"
