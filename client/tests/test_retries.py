"""When a call is repeated."""

from __future__ import annotations

import pytest

from carwire_client.call import Kind
from carwire_client.retries import NEVER, Failure, Loss, RetryPolicy

POLICY = RetryPolicy()


def wait(policy: RetryPolicy = POLICY, *, chance: float = 1.0, within: float = 310, **failure: object) -> float | None:
    known: dict[str, object] = {"kind": "read", "attempt": 1, "elapsed": 0.0}
    return policy.wait(Failure(**{**known, **failure}), within=within, random=lambda: chance)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "repeated"),
    [("read", {429, 502, 503, 504}), ("command", {429, 503}), ("once", {429})],
)
def test_which_status_is_worth_another_attempt_depends_on_the_kind(kind: Kind, repeated: set[int]) -> None:
    statuses = [302, 400, 401, 403, 404, 409, 429, 430, 500, 501, 502, 503, 504]
    assert {status for status in statuses if wait(kind=kind, status=status) is not None} == repeated


@pytest.mark.parametrize("kind", ["command", "once"])
def test_what_changes_something_is_repeated_after_a_loss_only_if_it_surely_was_not_sent(kind: Kind) -> None:
    losses: list[Loss] = ["not_sent", "timed_out", "broken"]
    assert [loss for loss in losses if wait(kind=kind, loss=loss) is not None] == ["not_sent"]


@pytest.mark.parametrize("loss", ["not_sent", "timed_out", "broken"])
def test_a_read_is_repeated_after_any_loss(loss: Loss) -> None:
    assert wait(loss=loss) is not None


def test_waits_double_up_to_the_longest_and_half_of_each_is_chance() -> None:
    patient = RetryPolicy(attempts=20)
    longest = [wait(patient, attempt=attempt, status=503, within=1000) for attempt in range(1, 9)]
    assert longest == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert wait(patient, attempt=3, status=503, chance=0) == 1


def test_a_server_that_says_how_long_is_obeyed_with_some_spread() -> None:
    assert wait(status=429, retry_after=4, chance=0) == 4
    assert wait(status=429, retry_after=4, chance=1) == 5
    assert wait(status=503, retry_after=0) == 0


def test_a_server_that_asks_for_too_long_is_not_waited_for() -> None:
    assert wait(status=429, retry_after=31) is None
    assert wait(RetryPolicy(longest_wait=60), status=429, retry_after=31) is not None


def test_there_is_an_end_by_attempts_and_by_time() -> None:
    assert wait(attempt=2, status=503) is not None
    assert wait(attempt=3, status=503) is None
    assert wait(elapsed=309.0, status=503, retry_after=2) is None
    assert wait(NEVER, loss="not_sent") is None
