"""Reading VINs: any text gives an answer or the one error for it, and never anything else."""

from __future__ import annotations

import os
import statistics
import time
from datetime import UTC, datetime

import pytest
import ultravin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carwire.connectors.vpic import VpicDecoder
from carwire.core.errors import InvalidInput
from carwire.core.vin._wmi_table import WMI_TABLE
from carwire.core.vin.decode import Vin
from carwire.services.vin import VinService

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NIGHTLY = os.environ.get("CARWIRE_NIGHTLY") == "1"
SERVICE = VinService(VpicDecoder(), lambda: NOW)
REAL: list[str] = ultravin.generate(400, seed=11, now=NOW)
many = settings(
    max_examples=100_000 if NIGHTLY else 2_000,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=64)  # every category, surrogates included
READABLE = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ" + "abcdefghjklmnprstuvwxyz" + "IOQ*ioq -\u00a0\u2011"
VIN_LIKE = st.one_of(
    st.text(READABLE, min_size=1, max_size=34),
    st.text("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", min_size=17, max_size=17),
    st.builds(lambda wmi, rest: wmi[:3] + rest, st.sampled_from(sorted(WMI_TABLE)), st.text(READABLE, max_size=14)),
    st.builds(
        lambda vin, at, new, length: (vin[:at] + new + vin[at + len(new) :])[:length],
        st.sampled_from(REAL),
        st.integers(0, 16),
        st.text(READABLE, max_size=3),
        st.integers(1, 17),
    ),
)


def read(text: str) -> Vin | InvalidInput:
    try:
        return SERVICE.read(text)
    except InvalidInput as error:
        return error


def check_answer(text: str, found: Vin | InvalidInput) -> None:
    if isinstance(found, InvalidInput):
        (problem,) = found.fields
        assert problem.field == "vin"
        assert problem.message.isascii()
        return
    assert 1 <= len(found.vin) <= 17
    assert (found.decoded is None) is not (found.world is None)
    assert found.structure.vin == found.vin
    assert SERVICE.read(found.vin) == found, "reading what was read gives the same"
    if found.decoded is not None:
        assert found.decoded.errors


@many
@given(ANY_TEXT)
def test_any_text_gives_a_vin_or_invalid_input(text: str) -> None:
    check_answer(text, read(text))


@many
@given(VIN_LIKE)
def test_text_like_a_vin_gives_a_vin_or_invalid_input(text: str) -> None:
    check_answer(text, read(text))


@pytest.mark.nightly
@pytest.mark.skipif(not NIGHTLY, reason="a measurement, for CARWIRE_NIGHTLY=1")
def test_the_median_answer_takes_less_than_a_millisecond() -> None:
    taken = []
    for vin in ultravin.generate(5_000, seed=3, now=NOW):
        start = time.perf_counter()
        SERVICE.read(vin)
        taken.append(time.perf_counter() - start)
    assert statistics.median(taken) < 0.001


def test_a_car_filed_with_nhtsa_is_decoded() -> None:
    found = SERVICE.read(" 5yj3e1ea0kf-000123 ")
    assert found.vin == "5YJ3E1EA0KF000123"
    assert found.world is None
    assert found.decoded is not None
    assert (found.decoded.make.value, found.decoded.model.value) == ("TESLA", "Model 3")


def test_a_mistyped_car_of_austin_is_judged_by_the_tables_of_north_america() -> None:
    found = SERVICE.read("7SAYGDEE0NF000123")  # the digit should be 6
    assert found.structure.check_digit.valid is False
    assert found.decoded is not None
    assert found.decoded.model.value == "Model Y"


def test_many_texts_are_answered_in_order_each_by_its_vin_or_its_error() -> None:
    texts = ["5YJ3E1EA0KF000123", "", "WVWZZZ1KZAW000123", "no VIN!", "1FT", "A" * 65]
    answers = SERVICE.read_many(texts)
    assert [isinstance(answer, Vin) for answer in answers] == [True, False, True, False, True, False]
    for text, answer in zip(texts, answers, strict=True):
        again = read(text)
        assert str(answer) == str(again)
    assert SERVICE.read_many([]) == []


@pytest.mark.parametrize("vin", ["1M8GDM9AXKP042788", "5YJ3E1EA0KF000123", "WVWZZZ1KZAW000123", "LRW3E7FS2MC012345"])
@pytest.mark.parametrize("length", range(1, 18))
def test_the_beginning_of_a_vin_is_answered_at_every_length(vin: str, length: int) -> None:
    found = SERVICE.read(vin[:length])
    assert found.vin == vin[:length]
    if found.decoded is not None:
        assert (6 in {error.code for error in found.decoded.errors}) is (length < 17)


def test_the_clock_bounds_the_years_that_can_be_meant() -> None:
    early = VinService(VpicDecoder(), lambda: datetime(2015, 6, 1, tzinfo=UTC))
    assert [c.year for c in early.read("WVWZZZ1KZJW000123").structure.model_years] == [1988]
    assert [c.year for c in SERVICE.read("WVWZZZ1KZJW000123").structure.model_years] == [2018, 1988]
