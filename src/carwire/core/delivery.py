"""Deliveries: what came of sending, and when to send again.

An event is sent until its endpoint takes it, for some three days. The first steps are no slower than the original's 25,
50 and 100 s, and each is drawn from a range, so that endpoints that went down together are not met together again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

import msgspec

Verdict = Literal["done", "gone", "retry"]

FAILING_AFTER: Final = timedelta(hours=120)  # of failure without one success between: then an endpoint is disabled

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0
_LATER_S: Final = (
    *(10 * _MINUTE_S, 30 * _MINUTE_S, 2 * _HOUR_S, 5 * _HOUR_S),
    *(10 * _HOUR_S, 15 * _HOUR_S, 20 * _HOUR_S, 28 * _HOUR_S),
)
# From when to when, in seconds after a failed attempt, the next one is made; more than 72 h in all at the least.
RETRIES_S: Final = ((0.5, 25.0), (30.0, 50.0), (60.0, 100.0), *((0.9 * each, 1.1 * each) for each in _LATER_S))
ATTEMPTS: Final = len(RETRIES_S) + 1


class Sent(msgspec.Struct, frozen=True):
    """What came of one POST.

    `status` is null without an answer. `problem` is null for a status of 2xx, else one word: ``status``, ``redirect``,
    ``timeout``, ``dns``, ``refused``, ``tls``, ``connection``, ``protocol``, or ``blocked`` for what we did not want to
    reach. `detail` is a sentence for the webhook's owner and tells nothing of our network. `body` is how the answer
    began; a 2xx whose body broke off or did not end in time still is one. `retry_after_s` is what the endpoint asked
    for, unchecked.
    """

    status: int | None
    problem: str | None
    detail: str | None
    seconds: float
    body: bytes
    content_type: str | None
    retry_after_s: float | None


def verdict(sent: Sent) -> Verdict:
    """Say what follows: the event is done, or the endpoint is gone and wants no more (410), or it is tried again."""
    if sent.problem is None:
        return "done"
    return "gone" if sent.status == 410 else "retry"


def next_attempt(attempts: int, retry_after_s: float | None, random: float) -> float | None:
    """Return in how many seconds to send again after so many attempts (1 or more); null: give up.

    `random`, from 0 to less than 1, places the moment in its range. What the endpoint asked for is kept to, but not
    earlier than planned, and not later than an hour or twice what was planned.

    >>> next_attempt(1, None, 0.5), next_attempt(1, 120.0, 0.5), next_attempt(1, 1e9, 0.5), next_attempt(12, 5.0, 0.5)
    (12.75, 120.0, 3600.0, None)
    """
    if attempts >= ATTEMPTS:
        return None
    first, last = RETRIES_S[attempts - 1]
    planned = first + (last - first) * random
    if retry_after_s is not None and retry_after_s > planned:
        return min(retry_after_s, max(_HOUR_S, 2 * planned))
    return planned
