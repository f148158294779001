"""When a call is made again, and after how long: a rule over values, which neither waits nor reads a clock.

A read may be repeated after anything that may pass. A command that was sent may have been carried out whatever became
of its answer: it is repeated when the server could not be reached, and when the server itself says 429 or 503, since
its idempotency key is the same on every attempt. What has no such key (``once``) is repeated only when it surely was
not sent, or was turned away with 429.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from carwire_client.call import Kind

Loss = Literal["not_sent", "timed_out", "broken"]

_PASSING: Final[dict[Kind, frozenset[int]]] = {
    "read": frozenset({429, 502, 503, 504}),
    "command": frozenset({429, 503}),
    "once": frozenset({429}),
}
_SPREAD: Final = 0.25  # of a wait the server asked for: those it turned away together do not come back together


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that failed: with a status, or by being lost. Times in seconds since the first attempt began."""

    kind: Kind
    attempt: int
    elapsed: float
    status: int | None = None
    loss: Loss | None = None
    retry_after: int | None = None


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently.

    - `attempts`: in all; 1 never repeats anything
    - `first_wait`, doubled each time up to `longest_wait` (seconds); half of it is left to chance
    - a server that asks to wait longer than `longest_wait` is not waited for: the error says how long it would be
    """

    attempts: int = 3
    first_wait: float = 0.5
    longest_wait: float = 30.0

    def wait(self, failure: Failure, *, within: float, random: Callable[[], float]) -> float | None:
        """Return how many seconds to wait before the next attempt, null to give up.

        `within` is how long the call may take in all; `random` gives numbers from 0 to 1.
        """
        if failure.attempt >= self.attempts or not _may_pass(failure):
            return None
        if failure.retry_after is not None:
            seconds = failure.retry_after * (1 + _SPREAD * random())
            too_long = failure.retry_after > self.longest_wait
        else:
            seconds = min(self.longest_wait, self.first_wait * 2 ** (failure.attempt - 1)) * (0.5 + random() / 2)
            too_long = False
        return None if too_long or failure.elapsed + seconds >= within else seconds


NEVER: Final = RetryPolicy(attempts=1)


def _may_pass(failure: Failure) -> bool:
    if failure.loss is not None:
        return failure.loss == "not_sent" or failure.kind == "read"
    return failure.status in _PASSING[failure.kind]
