"""Signals: statuses, what stands beside an error, times, headers, entity tags."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests.wire.v3.samples import (
    ALL_KINDS,
    ANSWERS,
    GA,
    NOW,
    ODOMETER,
    PREVIEW,
    VEHICLE,
    VIEWS,
    problem,
    reading,
    static,
    written,
)

from carwire.core.signals.reading import Reading, fresh
from carwire.wire.v3 import kinds
from carwire.wire.v3.envelope import View
from carwire.wire.v3.paging import Page
from carwire.wire.v3.signals import Answer, etag, headers, signal_body, signals_body

IMPERIAL = msgspec.structs.replace(GA, system="imperial")


def one(code: str, answer: Answer, view: View = GA) -> Any:
    """A signal as a resource."""
    found = written(signal_body(VEHICLE, code, answer, view))
    return found["data"] if not view.preview else found


def test_a_reading_is_a_success() -> None:
    found = one("motion-currentspeed", reading(100))
    assert found["attributes"]["status"] == {"value": "SUCCESS"}
    assert found["attributes"]["body"] == {"value": 100, "unit": "kph"}
    assert one("motion-currentspeed", reading(160.9344), IMPERIAL)["attributes"]["body"] == {
        "value": 100,
        "unit": "mph",
    }


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_problem_is_an_error_in_the_signal(kind: str) -> None:
    row = kinds.BY_KIND[kind]
    error = one(ODOMETER, problem(kind))["attributes"]["status"]["error"]
    assert list(error) == ["type", "code", "title", "detail", "description", "resolution"]
    assert (error["type"], error["code"]) == (row.type, row.code or "UNKNOWN")
    assert error["detail"] == error["description"]
    assert error["resolution"] == {"type": row.resolution or "UNKNOWN_RESOLUTION_TYPE"}
    short = one(ODOMETER, problem(kind), PREVIEW)["attributes"]["status"]["error"]
    assert list(short) == ["type", "code", "description", "resolution"]
    assert short.items() <= error.items()


def test_beside_an_error_stands_the_last_known_body_or_none() -> None:
    asleep = one(ODOMETER, problem("VEHICLE_STATE:ASLEEP", last=reading(10)))
    assert asleep["attributes"]["status"]["value"] == "ERROR"
    assert asleep["attributes"]["body"] == {"value": 10, "unit": "km"}
    assert asleep["meta"] == {"ingestedAt": "2026-06-01T08:00:03.120Z"}
    assert one(ODOMETER, problem("VEHICLE_STATE:ASLEEP"))["attributes"]["body"] == {}


def test_a_value_too_old_is_an_error_that_shows_it() -> None:
    answer = fresh(reading(10, seconds_ago=600), timedelta(seconds=60), NOW)
    found = one(ODOMETER, answer)["attributes"]
    assert (found["status"]["error"]["type"], found["status"]["error"]["code"]) == ("VEHICLE_STATE", "UNKNOWN")
    assert found["body"] == {"value": 10, "unit": "km"}


@pytest.mark.parametrize("view", VIEWS)
def test_what_nobody_has_answered_is_unavailable(view: View) -> None:
    for answer in (None, static(None)):
        found = one(ODOMETER, answer, view)
        assert found["attributes"]["status"] == {"value": "UNAVAILABLE"}
        assert found["attributes"]["body"] == {}
        assert "retrievedAt" not in found["meta"]


def test_what_never_changes_was_neither_fetched_nor_reported() -> None:
    assert one("vehicleidentification-vin", static("x"))["meta"].keys() == {"ingestedAt"}
    assert one("vehicleidentification-vin", static("x"), PREVIEW)["meta"] == {}
    measured = reading("x")
    assert one("vehicleidentification-vin", measured)["meta"].keys() == {"ingestedAt"}


def test_a_maker_that_names_no_time_leaves_it_out() -> None:
    untimed = msgspec.structs.replace(reading(1), measured_at=None, maker_at=None)
    assert one(ODOMETER, untimed)["meta"].keys() == {"ingestedAt", "retrievedAt"}
    by_maker = msgspec.structs.replace(reading(1), measured_at=None)
    assert one(ODOMETER, by_maker)["meta"]["oemUpdatedAt"] == "2026-06-01T07:58:44.120Z"


def test_a_reading_is_not_touched_by_writing_it() -> None:
    tires = ANSWERS["wheel-tires"]
    assert isinstance(tires, Reading)
    before = written(tires)
    one("wheel-tires", tires, IMPERIAL)
    assert written(tires) == before


def test_a_failure_does_not_fail_the_list() -> None:
    found = written(signals_body(VEHICLE, ANSWERS, GA))
    values = [row["attributes"]["status"]["value"] for row in found["data"]]
    assert set(values) == {"SUCCESS", "ERROR", "UNAVAILABLE"}
    assert [row["id"] for row in found["data"]] == list(ANSWERS)
    assert found["meta"]["pageSize"] == found["meta"]["totalCount"] == len(ANSWERS)


def test_a_page_holds_a_part_of_the_list() -> None:
    found = written(signals_body(VEHICLE, ANSWERS, GA, Page(4, 3)))
    assert [row["id"] for row in found["data"]] == list(ANSWERS)[9:]
    assert found["links"]["next"] is None
    assert written(signals_body(VEHICLE, ANSWERS, GA, Page(9, 3)))["data"] == []


def test_headers_tell_unit_system_and_the_age_of_the_oldest_reading() -> None:
    answers = {"a": reading(1, 10), "b": reading(2, 3600), "c": problem("PERMISSION"), "d": None}
    assert dict(headers(answers, "imperial")) == {
        b"sc-unit-system": b"imperial",
        b"sc-data-age": b"2026-06-01T07:00:03.120Z",
        b"sc-fetched-at": b"2026-06-01T08:00:03.120Z",
    }
    assert headers({"c": problem("PERMISSION")}, "metric") == [(b"sc-unit-system", b"metric")]


def test_an_entity_tag_is_weak_and_changes_with_what_is_said_alone() -> None:
    base: dict[str, Answer] = {ODOMETER: reading(1), "charge-ischarging": problem("VEHICLE_STATE:ASLEEP")}
    tag = etag(VEHICLE, base, GA)
    assert tag.startswith('W/"')
    assert tag.endswith('"')
    later = msgspec.structs.replace(problem("VEHICLE_STATE:ASLEEP"), found_at=NOW + timedelta(hours=1))
    assert etag(VEHICLE, {**base, "charge-ischarging": later}, GA) == tag
    others = [
        etag(VEHICLE, {**base, ODOMETER: reading(2)}, GA),
        etag(VEHICLE, {**base, ODOMETER: reading(1, 81)}, GA),
        etag(VEHICLE, {**base, "charge-ischarging": problem("VEHICLE_STATE:UNREACHABLE")}, GA),
        etag(VEHICLE, {**base, "charge-ischarging": problem("VEHICLE_STATE:ASLEEP", last=reading(True))}, GA),
        etag(VEHICLE, base, PREVIEW),
        etag(VEHICLE, base, IMPERIAL),
        etag(VEHICLE, base, GA, Page(1, 1)),
        etag(msgspec.structs.replace(VEHICLE, mode="simulated"), base, GA),
    ]
    assert len({tag, *others}) == len(others) + 1
