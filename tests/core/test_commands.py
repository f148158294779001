"""Commands have known arguments within limits."""

from __future__ import annotations

import math

import pytest

from carwire.core.commands import COMMANDS, check_command
from carwire.core.errors import InvalidInput
from carwire.core.permissions import CONTROL

WORKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
WEEKEND = ["SATURDAY", "SUNDAY"]
MONDAY = {"days": ["MONDAY"], "start": "22:00", "stop": "06:00"}
SUNDAY = {"days": ["SUNDAY"], "start": "00:00", "stop": "23:59"}
GOOD: dict[str, dict[str, object]] = {
    "charge-set-limit": {"percent": 80},
    "charge-set-amperage": {"amperage": 16},
    "charge-set-schedule": {"type": "START_TIME", "enable": True, "time": "23:30"},
    "charge-schedule-create": {
        "schedule_id": "b9f0c2d4",
        "kind": "weekly",
        "latitude": 52.52,
        "longitude": 13.4,
        "windows": [MONDAY, SUNDAY],
    },
    "charge-schedule-delete": {"schedule_id": "b9f0c2d4"},
    "climate-start": {"temperature": 21.5},
    "climate-set": {"temperature": 18},
    "navigation-set-destination": {"latitude": 39.7, "longitude": -105},
    "pin-set": {"pin": "0427"},
    "pin-clear": {"pin": "0427"},
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_takes_its_arguments_and_no_others(name: str) -> None:
    good = GOOD.get(name, {})
    assert check_command(name, good).permission in CONTROL
    with pytest.raises(InvalidInput, match="no such argument"):
        check_command(name, {**good, "colour": "red"})
    for key in good:
        with pytest.raises(InvalidInput) as caught:
            check_command(name, {k: v for k, v in good.items() if k != key})
        assert caught.value.fields[0].field == key


@pytest.mark.parametrize(
    ("name", "key", "bad"),
    [
        ("charge-set-limit", "percent", 49.9),
        ("charge-set-limit", "percent", 101),
        ("charge-set-limit", "percent", True),
        ("charge-set-limit", "percent", "80"),
        ("charge-set-limit", "percent", math.nan),
        ("charge-set-schedule", "time", "24:00"),
        ("charge-set-schedule", "time", "12:60"),
        ("charge-set-schedule", "time", "1230"),
        ("charge-set-schedule", "enable", 1),
        ("charge-set-schedule", "type", "NEVER"),
        ("charge-schedule-create", "schedule_id", ""),
        ("charge-schedule-create", "schedule_id", "x" * 256),
        ("charge-schedule-create", "schedule_id", "a\nb"),
        ("charge-schedule-create", "schedule_id", "é"),
        ("charge-schedule-create", "schedule_id", 7),
        ("charge-schedule-create", "kind", "yearly"),
        ("charge-schedule-create", "latitude", -90.1),
        ("charge-schedule-create", "longitude", math.nan),
        ("charge-schedule-create", "windows", None),
        ("charge-schedule-create", "windows", "[]"),
        ("charge-schedule-create", "windows", MONDAY),
        ("charge-schedule-create", "windows", []),
        ("charge-schedule-create", "windows", [None]),
        ("charge-schedule-create", "windows", [{}]),
        ("charge-schedule-create", "windows", [MONDAY, {**MONDAY, "start": "21:00"}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "days": []}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "days": "MONDAY"}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "days": ["MONDAY", "MONDAY"]}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "days": ["monday"]}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "days": [["MONDAY"]]}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "start": "24:00"}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "stop": "6:00"}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "stop": 600}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "stop": "22:00"}]),
        ("charge-schedule-create", "windows", [{**MONDAY, "colour": "red"}]),
        ("charge-schedule-create", "windows", [{"days": ["MONDAY"], "start": "22:00"}]),
        ("navigation-set-destination", "latitude", 90.1),
        ("navigation-set-destination", "longitude", math.inf),
        ("pin-set", "pin", "12345"),
        ("pin-set", "pin", "12²4"),
        ("pin-set", "pin", 1234),
    ],
)
def test_an_argument_outside_its_limits_is_named(name: str, key: str, bad: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_command(name, {**GOOD[name], key: bad})
    assert [problem.field for problem in caught.value.fields] == [key]
    assert caught.value.fields[0].message.startswith("must be")


def windows(*days: list[str]) -> list[dict[str, object]]:
    return [{**MONDAY, "days": each} for each in days]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("daily", [[[*WEEKEND, *WORKDAYS]]], [[WORKDAYS], [WORKDAYS, WEEKEND]]),
        ("workweek", [[WORKDAYS, WEEKEND]], [[[*WORKDAYS, *WEEKEND]], [WEEKEND, WORKDAYS], [WORKDAYS], [WEEKEND]]),
        ("weekly", [[WORKDAYS], [WEEKEND, WORKDAYS], *([[day]] for day in WORKDAYS)], []),
    ],
)
def test_the_kind_of_a_schedule_says_which_days_its_windows_are_of(
    kind: str, good: list[list[list[str]]], bad: list[list[list[str]]]
) -> None:
    arguments = {**GOOD["charge-schedule-create"], "kind": kind}
    for days in good:
        check_command("charge-schedule-create", {**arguments, "windows": windows(*days)})
    for days in bad:
        with pytest.raises(InvalidInput, match=f"^windows: must be one for MONDAY to .* {kind}$"):
            check_command("charge-schedule-create", {**arguments, "windows": windows(*days)})


def test_a_command_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no command"):
        check_command("self-destruct", {})
