"""When an event is sent again, whatever the endpoint says, and what an answer means."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest

from carwire.core.delivery import ATTEMPTS, RETRIES_S, Sent, next_attempt, verdict

HOUR_S = 3600.0
JUST_UNDER_ONE = math.nextafter(1.0, 0.0)
ORIGINAL_S = (25.0, 50.0, 100.0)


def sent(status: int | None, problem: str | None = None) -> Sent:
    return Sent(status, problem, None, 0.1, b"", None, None)


def planned(attempts: int, random: float) -> float:
    found = next_attempt(attempts, None, random)
    assert found is not None
    return found


def test_every_delay_stays_in_its_range() -> None:
    dice = Random(1)
    for attempts, (first, last) in enumerate(RETRIES_S, 1):
        drawn = [planned(attempts, dice.random()) for _ in range(1000)]
        assert first <= min(drawn) < first + 0.01 * (last - first) + 0.5
        assert last - 0.01 * (last - first) - 0.5 < max(drawn) <= last


def test_the_schedule_is_what_is_promised() -> None:
    middles = [planned(attempts, 0.5) for attempts in range(1, ATTEMPTS)]
    assert middles == pytest.approx([12.75, 40, 80, 600, 1800, 7200, 18_000, 36_000, 54_000, 72_000, 100_800])


def test_an_event_is_sent_for_72_hours_at_the_least() -> None:
    assert sum(planned(attempts, 0.0) for attempts in range(1, ATTEMPTS)) >= 72 * HOUR_S


def test_the_first_three_retries_are_no_slower_than_the_originals() -> None:
    for attempts, limit in enumerate(ORIGINAL_S, 1):
        assert planned(attempts, JUST_UNDER_ONE) <= limit


def test_after_the_last_attempt_there_is_none() -> None:
    assert next_attempt(ATTEMPTS - 1, None, 0.0) is not None
    assert next_attempt(ATTEMPTS, None, 0.0) is None
    assert next_attempt(ATTEMPTS + 100, 5.0, 0.0) is None


def test_deliveries_that_failed_together_do_not_come_again_together() -> None:
    dice = Random(2)
    arrivals = Counter(int(planned(1, dice.random())) for _ in range(10_000))
    assert max(arrivals.values()) <= 500


@pytest.mark.parametrize("attempts", range(1, ATTEMPTS))
def test_what_an_endpoint_asks_for_is_kept_to_within_bounds(attempts: int) -> None:
    dice = Random(attempts)
    for _ in range(200):
        random = dice.random()
        plan = planned(attempts, random)
        most = max(HOUR_S, 2 * plan)
        asked = plan + dice.random() * (most - plan)
        assert next_attempt(attempts, asked, random) == asked
        assert next_attempt(attempts, plan * dice.random(), random) == plan


@pytest.mark.parametrize("asked", [-1.0, -1e300, 0.0, math.nan, -math.inf])
def test_a_hostile_wish_for_less_changes_nothing(asked: float) -> None:
    for attempts in range(1, ATTEMPTS):
        assert next_attempt(attempts, asked, 0.3) == planned(attempts, 0.3)


@pytest.mark.parametrize("asked", [1e9, 1e300, math.inf])
def test_a_hostile_wish_for_more_is_cut(asked: float) -> None:
    for attempts in range(1, ATTEMPTS):
        assert next_attempt(attempts, asked, 0.3) == max(HOUR_S, 2 * planned(attempts, 0.3))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (sent(200), "done"), (sent(204), "done"), (sent(299), "done"), (sent(410, "status"), "gone"),
        (sent(404, "status"), "retry"), (sent(500, "status"), "retry"), (sent(302, "redirect"), "retry"),
        (sent(None, "timeout"), "retry"), (sent(None, "blocked"), "retry"),
    ],
)  # fmt: skip
def test_only_2xx_is_done_and_only_410_is_gone(found: Sent, expected: str) -> None:
    assert verdict(found) == expected
