"""Every kind of problem belongs to one step, and something is said of what would change it."""

from __future__ import annotations

from typing import get_args

import pytest

from carwire.core.signals.problems import KINDS, split
from carwire.core.signals.remedies import REMEDIES, StepName

STEPS = get_args(StepName)


def test_the_table_is_total() -> None:
    assert REMEDIES.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_a_step_and_a_sentence(kind: str) -> None:
    remedy = REMEDIES[kind]
    assert remedy.step in STEPS
    assert remedy.would_change.endswith(".")
    assert remedy.would_change != KINDS[kind]


def test_every_step_has_a_problem() -> None:
    assert {remedy.step for remedy in REMEDIES.values()} == set(STEPS)


@pytest.mark.parametrize(
    ("type_", "step"),
    [
        ("BILLING", "plan"),
        ("PERMISSION", "permission"),
        ("COMPATIBILITY", "capability"),
        ("CONNECTED_SERVICES_ACCOUNT", "connection"),
        ("VEHICLE_STATE", "car_state"),
        ("UPSTREAM", "maker"),
        ("TOO_OLD", "age"),
    ],
)
def test_whole_types_belong_to_one_step(type_: str, step: str) -> None:
    assert {REMEDIES[kind].step for kind in KINDS if split(kind)[0] == type_} == {step}
