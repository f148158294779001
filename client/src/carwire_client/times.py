"""Moments and waiting times as they stand on the wire.

>>> read_moment("2026-06-01T10:15:30.120Z")
datetime.datetime(2026, 6, 1, 10, 15, 30, 120000, tzinfo=datetime.timezone.utc)
>>> read_retry_after("30", now())
30
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS: Final = 100_000_000_000  # seconds of that size are the year 5138; counted in ms it is 1973


def now() -> datetime:
    """Return the current moment, in UTC."""
    return datetime.now(UTC)


def read_moment(value: object) -> datetime | None:
    """Return the moment an ISO 8601 text or a count since 1970 names, in UTC; null for anything else.

    Without an offset a text is in UTC. A count may be of seconds or of milliseconds: its size tells.
    """
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) >= _MILLISECONDS else value
            moment = _EPOCH + timedelta(seconds=seconds)
        else:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_retry_after(text: str | None, at: datetime) -> int | None:
    """Return for how many whole seconds a header asks to wait, which may give a date instead; null for neither."""
    if text is None:
        return None
    if _SECONDS.fullmatch(text.strip()):
        return int(text)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0, math.ceil((moment - at).total_seconds()))
    except (ValueError, OverflowError):
        return None
