"""Moments are written in the one form every SDK of this wire can parse."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from carwire.kit.clock import timestamp, utc_now
from carwire.kit.ids import new_id


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 11, 21, 13, 5, tzinfo=UTC), "2026-11-21T13:05:00.000Z"),
        (datetime(2026, 11, 21, 13, 5, 0, 999_999, tzinfo=UTC), "2026-11-21T13:05:00.999Z"),
        (datetime(2026, 11, 21, 1, 5, tzinfo=timezone(timedelta(hours=2))), "2026-11-20T23:05:00.000Z"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1))), "2027-01-01T00:30:00.000Z"),
    ],
)
def test_a_timestamp_is_utc_with_three_digits_cut_not_rounded(moment: datetime, written: str) -> None:
    assert timestamp(moment) == written


def test_the_running_clock_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)
    assert utc_now().utcoffset() == timedelta(0)
    assert before <= utc_now() <= before + timedelta(minutes=1)


def test_identifiers_are_distinct_lower_case_version_4_uuids() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-f-]{36}", text) and uuid.UUID(text).version == 4 for text in made)
