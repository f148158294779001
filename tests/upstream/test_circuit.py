"""Circuits: when a maker's service is left alone, and how it is tried again."""

from __future__ import annotations

import pytest

from carwire.upstream.circuit import LEAST, REST_S, TRIAL_S, WINDOW_S, Circuits

AFTER = 1.25 * REST_S + 0.001  # the longest rest is over


def opened(circuits: Circuits, name: str = "a", at: float = 0.0) -> None:
    for _ in range(LEAST):
        circuits.note(name, at, well=False)
    assert circuits.wait_s(name, at) is not None


def test_a_circuit_is_closed_until_enough_has_failed() -> None:
    circuits = Circuits()
    for n in range(LEAST - 1):
        circuits.note("a", n * 0.1, well=False)
        assert circuits.wait_s("a", n * 0.1) is None
    circuits.note("a", 2.0, well=False)
    wait = circuits.wait_s("a", 2.0)
    assert wait == pytest.approx(REST_S, rel=0.26)


@pytest.mark.parametrize(("failed", "opens"), [(9, False), (10, True), (20, True)])
def test_a_circuit_opens_at_half_of_twenty(failed: int, opens: bool) -> None:
    circuits = Circuits()
    for n in range(LEAST):
        circuits.note("a", n * 0.1, well=n >= failed)
    for _ in range(failed):  # the share counts at every outcome, so one more of the same tips nothing back
        assert (circuits.wait_s("a", 2.0) is not None) is opens


def test_outcomes_older_than_the_window_do_not_count() -> None:
    circuits = Circuits()
    for n in range(LEAST - 1):
        circuits.note("a", n * 0.01, well=False)
    circuits.note("a", WINDOW_S + 1, well=False)
    assert circuits.wait_s("a", WINDOW_S + 1) is None


def test_after_the_rest_one_may_try_and_the_others_wait() -> None:
    circuits = Circuits()
    opened(circuits)
    assert circuits.wait_s("a", 0.5 * REST_S) is not None
    assert circuits.wait_s("a", AFTER) is None
    assert [circuits.wait_s("a", AFTER + 0.1) for _ in range(50)] == [1.0] * 50


def test_looking_lets_nobody_try() -> None:
    circuits = Circuits()
    assert circuits.peek_s("a", 0.0) is None
    opened(circuits)
    assert circuits.peek_s("a", 0.5 * REST_S) == circuits.wait_s("a", 0.5 * REST_S) is not None
    assert [circuits.peek_s("a", AFTER) for _ in range(5)] == [None] * 5
    assert circuits.wait_s("a", AFTER) is None
    assert circuits.peek_s("a", AFTER + 0.1) == 1.0
    assert circuits.peek_s(None, 0.0) is None


def test_a_trial_that_went_well_closes_the_circuit() -> None:
    circuits = Circuits()
    opened(circuits)
    assert circuits.wait_s("a", AFTER) is None
    circuits.note("a", AFTER + 1, well=True)
    assert [circuits.wait_s("a", AFTER + 1) for _ in range(50)] == [None] * 50


def test_a_trial_that_failed_opens_the_circuit_again() -> None:
    circuits = Circuits()
    opened(circuits)
    assert circuits.wait_s("a", AFTER) is None
    circuits.note("a", AFTER + 1, well=False)
    wait = circuits.wait_s("a", AFTER + 1)
    assert wait == pytest.approx(REST_S, rel=0.26)
    assert circuits.wait_s("a", AFTER + 1 + AFTER) is None


def test_a_trial_nobody_hears_of_again_gives_way_to_another() -> None:
    circuits = Circuits()
    opened(circuits)
    assert circuits.wait_s("a", AFTER) is None
    assert circuits.wait_s("a", AFTER + TRIAL_S / 2) is not None
    assert circuits.wait_s("a", AFTER + TRIAL_S + 0.1) is None


def test_a_trial_that_was_not_made_leaves_its_place_to_another() -> None:
    circuits = Circuits()
    opened(circuits)
    assert circuits.wait_s("a", AFTER) is None
    circuits.give_up("a")
    assert circuits.wait_s("a", AFTER) is None
    assert circuits.wait_s("a", AFTER) is not None


def test_answers_to_what_was_asked_before_it_opened_move_nothing() -> None:
    circuits = Circuits()
    opened(circuits)
    wait = circuits.wait_s("a", 1.0)
    circuits.note("a", 1.0, well=True)
    assert circuits.wait_s("a", 1.0) == wait, "a late success does not close it"
    circuits.note("a", 1.0, well=False)
    assert circuits.wait_s("a", 1.0) == wait, "a late failure does not prolong it"


def test_rests_differ_so_that_not_everybody_comes_back_at_once() -> None:
    circuits = Circuits()
    rests = set()
    for n in range(20):
        opened(circuits, f"part {n}")
        rests.add(circuits.wait_s(f"part {n}", 0.0))
    assert len(rests) == 20
    assert all(rest is not None and 0.75 * REST_S <= rest <= 1.25 * REST_S for rest in rests)


def test_circuits_do_not_know_each_other() -> None:
    circuits = Circuits()
    opened(circuits, "a")
    assert circuits.wait_s("b", 0.0) is None
    assert circuits.wait_s(None, 0.0) is None


def test_what_hangs_on_no_service_is_never_cut_off() -> None:
    circuits = Circuits()
    for _ in range(10 * LEAST):
        circuits.note(None, 0.0, well=False)
    assert circuits.wait_s(None, 0.0) is None
