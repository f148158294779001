"""Time: one way to read it, one way to write it.

Everything below the edges receives moments as arguments; only the edges and services hold a `Clock`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current moment, aware, in UTC. This is the `Clock` of a running server."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Write an aware moment as ``YYYY-MM-DDTHH:MM:SS.mmmZ``: the only form every SDK of this wire can parse.

    >>> timestamp(datetime(2026, 11, 21, 13, 5, 0, 123456, tzinfo=UTC))
    '2026-11-21T13:05:00.123Z'
    """
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"
