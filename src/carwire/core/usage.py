"""Usage: how often an application made a call, by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

_FIRST: Final = date(1970, 1, 1)


class Usage(msgspec.Struct, frozen=True):
    """How often an application made one call on one day. `day` counts from 1970, in UTC; `route` is the template of a
    path, in the spelling of the route table.
    """

    client_id: str
    day: int
    method: str
    route: str
    calls: int


def day_of(moment: datetime) -> int:
    """Return the day of an aware moment.

    >>> day_of(datetime(1970, 1, 2, 0, 30, tzinfo=UTC))
    1
    """
    return (moment.astimezone(UTC).date() - _FIRST).days


def date_of(day: int) -> date:
    """Return the date of a day.

    >>> date_of(20_000).isoformat()
    '2024-10-04'
    """
    return _FIRST + timedelta(days=day)


def order(row: Usage) -> tuple[str, int, str, str]:
    """Tell rows apart, and in which order they are listed: by application, day, method and route."""
    return row.client_id, row.day, row.method, row.route
