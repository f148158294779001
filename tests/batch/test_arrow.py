"""Arrow in, Arrow out: what comes along, what is refused, and that a stream stays one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow")

from carwire.batch.arrow import decode, plan_of  # noqa: E402
from carwire.batch.columns import OWN  # noqa: E402
from carwire.core.errors import InvalidInput  # noqa: E402

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ACCORD, MODEL_3 = "1HGCM82633A004352", "5YJ3E1EA0KF000123"
CARS = pa.table({"n": [1, 2], "VIN": [ACCORD, MODEL_3]})


def test_a_table_gets_columns_and_keeps_its_own() -> None:
    found = decode(CARS, columns=["make", "model_year", "Model"], now=NOW)
    assert found.to_pylist() == [
        {"n": 1, "VIN": ACCORD, "make": "HONDA", "model_year": 2003, "Model": "Accord"},
        {"n": 2, "VIN": MODEL_3, "make": "TESLA", "model_year": 2019, "Model": "Model 3"},
    ]


def test_columns_are_chosen_in_order_and_kept_ones_named() -> None:
    found = decode(CARS, columns=["model", "make", "model"], keep=["n"], prefix="vpic_", now=NOW)
    assert found.column_names == ["n", "vpic_model", "vpic_make"]
    assert decode(CARS, now=NOW).column_names == ["n", "VIN", *OWN]


def test_a_batch_gives_a_batch_and_a_stream_a_stream() -> None:
    batch = CARS.to_batches()[0]
    assert decode(batch, columns=["make"], keep=[], now=NOW).to_pylist() == [{"make": "HONDA"}, {"make": "TESLA"}]
    taken = []

    def batches() -> Iterator[Any]:
        for n in range(3):
            taken.append(n)
            yield batch

    reader = decode(pa.RecordBatchReader.from_batches(batch.schema, batches()), columns=["make"], now=NOW)
    assert taken == []
    reader.read_next_batch()
    assert taken == [0]


@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows_are_no_error(rows: int) -> None:
    found = decode(CARS.slice(0, rows), columns=["all"], keep=[], now=NOW)
    assert len(found) == rows


def test_plain_texts_are_the_same_texts() -> None:
    plain = decode(CARS, columns=["all"], keep=[], texts="plain", now=NOW)
    assert not any(pa.types.is_dictionary(kind) for kind in plain.schema.types)
    assert plain.to_pylist() == decode(CARS, columns=["all"], keep=[], now=NOW).to_pylist()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"vin": "no"}, "no column 'no'"),
        ({"columns": ["make", "colour"]}, "'colour' is no column"),
        ({"columns": []}, "at least one"),
        ({"keep": ["no"]}, "no column 'no'"),
        ({"vin": "n"}, "holds int64"),
        ({"columns": ["make"], "prefix": "n"}, None),
    ],
)
def test_what_cannot_be_had_is_refused(parameters: dict[str, Any], said: str | None) -> None:
    if said is None:
        assert decode(CARS, now=NOW, **parameters).column_names[-1] == "nmake"
        return
    with pytest.raises(InvalidInput, match=said):
        decode(CARS, now=NOW, **parameters)


def test_a_column_that_would_be_there_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        decode(CARS.append_column("make", pa.array(["a", "b"])), now=NOW)


def test_a_table_without_vins_says_what_it_has() -> None:
    with pytest.raises(InvalidInput, match="it has: a"):
        decode(pa.table({"a": ["x"]}), now=NOW)


def test_the_moment_is_now_unless_given() -> None:
    assert plan_of(now=NOW).now == NOW
    assert plan_of().now > NOW.replace(year=2020)
