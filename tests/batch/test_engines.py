"""Other engines give what a local run gives. Each is tested where it is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import ultravin

pa = pytest.importorskip("pyarrow")

from pyarrow import parquet as pq  # noqa: E402

from carwire.batch.arrow import decode  # noqa: E402

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ASKED: dict[str, Any] = {"columns": ["carwire", "SuggestedVIN", "ErrorText", "EngineHP"], "now": NOW}
pytestmark = pytest.mark.filterwarnings("ignore")  # theirs, about themselves


def with_duckdb(path: Path) -> Any:
    duckdb = pytest.importorskip("duckdb")
    from carwire.batch.engines.duckdb import decode as decode_query

    return decode_query(duckdb.connect(), f"select * from '{path}'", **ASKED).to_arrow_table()


def with_dask(path: Path) -> Any:
    dd = pytest.importorskip("dask.dataframe")
    from carwire.batch.engines.dask import decode as decode_frame

    frame: Any = decode_frame(dd.read_parquet(path).repartition(npartitions=3), **ASKED)
    return pa.Table.from_pandas(frame.compute(scheduler="threads"), preserve_index=False)


def with_daft(path: Path) -> Any:
    daft = pytest.importorskip("daft")
    from carwire.batch.engines.daft import decode as decode_frame

    return decode_frame(daft.read_parquet(str(path)), **ASKED).to_arrow()


def with_spark(path: Path) -> Any:
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    from carwire.batch.engines.spark import decode as decode_frame

    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.caseSensitive", "true").getOrCreate()
    try:
        return decode_frame(session.read.parquet(str(path)).repartition(3), **ASKED).toArrow()
    finally:
        session.stop()


def with_ray(path: Path) -> Any:
    ray = pytest.importorskip("ray")
    from carwire.batch.engines.ray import decode as decode_data

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        return pa.concat_tables(ray.get(decode_data(ray.data.read_parquet(str(path)), **ASKED).to_arrow_refs()))
    finally:
        ray.shutdown()


HEAVY = pytest.mark.skipif(
    not os.environ.get("CARWIRE_NIGHTLY"), reason="starts an engine of several processes: CARWIRE_NIGHTLY=1"
)


@pytest.mark.parametrize(
    "engine",
    [with_duckdb, with_dask, with_daft, pytest.param(with_spark, marks=HEAVY), pytest.param(with_ray, marks=HEAVY)],
)
def test_an_engine_gives_what_a_local_run_gives(tmp_path: Path, engine: Callable[[Path], Any]) -> None:
    vins = [*ultravin.generate(3000, seed=9, invalid_rate=0.2, now=NOW), "5YJ", "", None, "1hgcm82633a004352"]
    table = pa.table({"vin": vins, "n": list(range(len(vins)))})
    path = tmp_path / "cars.parquet"
    pq.write_table(table, path, row_group_size=700)
    wanted = decode(table, texts="plain", **ASKED)
    found = engine(path).sort_by("n")
    assert found.column_names == wanted.column_names
    assert found.cast(wanted.schema).equals(wanted)
