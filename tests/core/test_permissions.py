"""Lists of permissions as they come on the wire."""

from __future__ import annotations

import pytest

from carwire.core.errors import InvalidInput
from carwire.core.permissions import CONTROL, NEEDS_COMBUSTION, NEEDS_PLUG, PERMISSIONS, READ, parse_scope


def test_there_are_22_permissions_to_read_and_6_to_control() -> None:
    assert (len(READ), len(CONTROL), len(PERMISSIONS)) == (22, 6, 28)
    assert all(name.startswith("read_") for name in READ)
    assert all(name.startswith("control_") for name in CONTROL)
    assert PERMISSIONS >= NEEDS_PLUG | NEEDS_COMBUSTION
    assert not NEEDS_PLUG & NEEDS_COMBUSTION


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("read_odometer", ("read_odometer",)),
        ("read_vin read_odometer", ("read_vin", "read_odometer")),
        ("required:read_vin read_vin", ("read_vin",)),
        ("  read_vin   read_odometer ", ("read_vin", "read_odometer")),
        (" ".join((*READ, *CONTROL)), (*READ, *CONTROL)),
    ],
)
def test_a_scope_gives_each_permission_once_in_the_order_given(text: str, names: tuple[str, ...]) -> None:
    assert parse_scope(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "read_everything",
        "READ_VIN",
        "read_vin,read_odometer",
        "required:",
        "required:required:read_vin",
        "read_vin\tread_odometer",
        "read_vin\0",
        "read_vin \ud800",
    ],
)
def test_what_is_no_permission_is_refused_on_the_field_scope(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_scope(text)
    assert [problem.field for problem in caught.value.fields] == ["scope"]


def test_a_refusal_lists_at_most_five_names_each_cut() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_scope(" ".join(f"{n}é" * 500 for n in range(9)))
    assert str(caught.value).count("'") == 10
    assert len(str(caught.value)) < 2000
    assert str(caught.value).isascii()
