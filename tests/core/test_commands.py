"""Commands have known arguments within limits."""

from __future__ import annotations

import math

import pytest

from carwire.core.commands import COMMANDS, check_command
from carwire.core.errors import InvalidInput
from carwire.core.permissions import CONTROL

GOOD: dict[str, dict[str, object]] = {
    "charge-set-limit": {"percent": 80},
    "charge-set-amperage": {"amperage": 16},
    "charge-set-schedule": {"type": "START_TIME", "enable": True, "time": "23:30"},
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


def test_a_command_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no command"):
        check_command("self-destruct", {})
