"""Budgets: what two buckets let through, and when to come again."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from carwire.core.budgets import DAY_S, Bucket, Budget, Level, full, take

EPOCH = 1_795_262_400.0
SMALL = Budget(Bucket(3, 60.0), Bucket(2, DAY_S))
_STEP = st.tuples(st.floats(0, 7200), st.integers(0, 2), st.integers(0, 1))


def test_a_new_car_can_be_asked_as_often_as_its_bucket_is_large() -> None:
    level = full(SMALL, EPOCH)
    for _ in range(3):
        level, wait = take(level, SMALL, EPOCH, calls=1, wakes=0)
        assert wait is None
    level, wait = take(level, SMALL, EPOCH, calls=1, wakes=0)
    assert wait == pytest.approx(20)
    assert level.calls == pytest.approx(0)


def test_nothing_is_taken_when_one_of_the_two_is_empty() -> None:
    level = Level(calls=3, wakes=0, at=EPOCH)
    after, wait = take(level, SMALL, EPOCH, calls=1, wakes=1)
    assert after == level
    assert wait == pytest.approx(DAY_S / 2)
    after, wait = take(Level(0, 2, EPOCH), SMALL, EPOCH, calls=1, wakes=1)
    assert after == Level(0, 2, EPOCH)
    assert wait == pytest.approx(20)


def test_the_longer_of_two_waits_is_told() -> None:
    _, wait = take(Level(0, 0, EPOCH), SMALL, EPOCH, calls=1, wakes=1)
    assert wait == pytest.approx(DAY_S / 2)


def test_rest_refills_a_bucket_and_never_beyond_its_size() -> None:
    level, _ = take(Level(0, 0, EPOCH), SMALL, EPOCH + 20, calls=0, wakes=0)
    assert level.calls == pytest.approx(1)
    level, _ = take(level, SMALL, EPOCH + 10 * DAY_S, calls=0, wakes=0)
    assert (level.calls, level.wakes) == (3, 2)


def test_a_clock_set_back_refills_nothing_and_neither_does_its_return() -> None:
    empty = Level(0, 0, EPOCH)
    level, wait = take(empty, SMALL, EPOCH - 3600, calls=1, wakes=0)
    assert wait is not None
    level, _ = take(level, SMALL, EPOCH, calls=0, wakes=0)
    assert (level.calls, level.wakes) == (0, 0)


def test_a_bucket_of_no_size_lets_nothing_through_and_keeps_the_other_usable() -> None:
    never = Budget(Bucket(3, 60.0), Bucket(0, DAY_S))
    _, wait = take(full(never, EPOCH), never, EPOCH, calls=1, wakes=0)
    assert wait is None
    _, wait = take(full(never, EPOCH), never, EPOCH, calls=1, wakes=1)
    assert wait == math.inf


@given(st.integers(1, 500), st.floats(1, DAY_S), st.floats(0, 1e9), st.integers(1, 20))
@example(120, 3600.0, 0.1, 3)
def test_who_waits_as_long_as_told_is_let_through(size: int, refill_s: float, at: float, asked: int) -> None:
    budget = Budget(Bucket(size, refill_s), Bucket(size, refill_s))
    now, level = EPOCH + at, Level(0, 0, EPOCH + at)
    asked = min(asked, size)
    level, wait = take(level, budget, now, calls=asked, wakes=0)
    assert wait is not None
    _, again = take(level, budget, now + wait, calls=asked, wakes=0)
    assert again is None
    _, early = take(level, budget, now + wait - 0.1 * budget.calls.each_s, calls=asked, wakes=0)
    assert early is not None or budget.calls.each_s < 1e-3


@given(st.lists(_STEP, max_size=60), st.integers(1, 20), st.floats(10, DAY_S))
def test_no_window_ever_holds_more_than_a_bucket_and_its_refill(
    steps: list[tuple[float, int, int]], size: int, refill_s: float
) -> None:
    budget = Budget(Bucket(size, refill_s), Bucket(1, DAY_S))
    level, now = full(budget, EPOCH), EPOCH
    taken: list[tuple[float, int, int]] = []
    for pause, calls, wakes in steps:
        now += pause
        level, wait = take(level, budget, now, calls=calls, wakes=wakes)
        if wait is None:
            taken.append((now, calls, wakes))
        assert level.calls > -1e-5
        assert level.wakes > -1e-5
    for first, (start, _, _) in enumerate(taken):
        sums = zip(*(accumulate(row[n] for row in taken[first:]) for n in (1, 2)), strict=True)
        for (end, _, _), (calls, wakes) in zip(taken[first:], sums, strict=True):
            assert calls <= (end - start) / budget.calls.each_s + size + 1e-3
            assert wakes <= (end - start) / DAY_S + 1 + 1e-3
