"""Lists of VINs: a million with real frequencies, against ultravin's own fastest call for many; memory of a run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import frequencies
import pyarrow as pa
import pyarrow.parquet as pq
import ultravin
from load import BIN, Row, spread

from carwire.batch.arrow import decode
from carwire.batch.columns import FILED

VINS = 1_000_000
ROUNDS = 3
FLOOR = 250_000  # VINs given to ultravin in a round: each takes it as long as any other
JSON = 100_000  # VINs given to the call that answers in JSON
SEVERAL = 2  # times as many, for the memory of a run


def rows() -> Iterator[Row]:
    """Every element of every VIN, and what a run from file to file takes."""
    table = pa.table({"vin": frequencies.vins(VINS)})
    now = datetime.now(UTC)
    ratios, rates, floors = [], [], []
    json_rate = JSON / seconds(lambda: ultravin.decode_batch_json(table["vin"].to_pylist()[:JSON], now=now))
    some = table.slice(0, FLOOR)
    for k in range(ROUNDS):
        moment = now - k * timedelta(seconds=1)  # nothing is remembered for another moment
        theirs = seconds(lambda moment=moment: drain(stream(some, moment)))
        ours = seconds(lambda moment=moment: drain(reader(table, moment)))
        floor = max(FLOOR / theirs, json_rate)
        ratios.append(VINS / ours / floor)
        rates.append(VINS / ours)
        floors.append(floor)
    wrong = different(table, now)
    detail = (
        f"{median(rates):,.0f} against {median(floors):,.0f} VINs a second; ratios {spread(ratios)};"
        f" {len(FILED)} columns, {wrong} values of {VINS * len(FILED):,} differ"
    )
    yield (
        f"{VINS:,} VINs decoded, every element, against ultravin's fastest",
        f"{median(ratios):.1f} ×",
        "≥ 10 ×",
        detail,
    )
    yield from file_rows(table)


def stream(table: pa.Table, now: datetime) -> pa.RecordBatchReader:
    """ultravin's own."""
    return pa.RecordBatchReader.from_stream(ultravin.decode_stream(table, vin_column="vin", column_names="id", now=now))


def reader(table: pa.Table, now: datetime) -> pa.RecordBatchReader:
    """Ours, as a stream too."""
    batches = pa.RecordBatchReader.from_batches(table.schema, iter(table.to_batches(max_chunksize=2**17)))
    found: pa.RecordBatchReader = decode(batches, columns=["vpic"], now=now)
    return found


def drain(batches: pa.RecordBatchReader) -> None:
    """Take everything and keep nothing."""
    for _ in batches:
        pass


def different(table: pa.Table, now: datetime) -> int:
    """The number of values that are not ultravin's; check digits are counted in, on the VINs decoded into JSON."""
    wrong = 0
    for start in range(0, VINS, 100_000):
        piece = table.slice(start, 100_000)
        ours, theirs = reader(piece, now).read_all(), stream(piece, now).read_all()
        for name, column in FILED.items():
            mine = ours[name].cast(column.type) if ours[name].type != column.type else ours[name]
            wanted = theirs[f"attr_{column.needs[0]}"]
            if not mine.equals(wanted):
                wrong += sum(a != b for a, b in zip(mine.to_pylist(), wanted.to_pylist(), strict=True))
    some = table.slice(0, JSON)
    digits = decode(some, columns=["check_digit_matches"], keep=[], now=now)["check_digit_matches"].to_pylist()
    alone = json.loads(ultravin.decode_batch_json(some["vin"].to_pylist(), now=now))
    return wrong + sum(mine is not one["check_digit_valid"] for mine, one in zip(digits, alone, strict=True))


def file_rows(table: pa.Table) -> Iterator[Row]:
    """`carwire vin batch` on files, one and several millions, with its peak of resident memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for times in (1, SEVERAL):
            source = folder / f"in{times}.parquet"
            pq.write_table(pa.concat_tables([table] * times), source)
            taken, peak = command(source, folder / "out.parquet", "vpic")
            detail = f"{VINS * times / taken:,.0f} VINs a second, every element, Parquet to Parquet, process included"
            goal = "≤ 600 MB"
            yield f"`carwire vin batch`, {VINS * times:,} VINs: peak of resident memory", f"{peak:.0f} MB", goal, detail
        taken, peak = command(folder / "in1.parquet", folder / "out.csv", "carwire")
        detail = f"{VINS / taken:,.0f} VINs a second; {peak:.0f} MB at most"
        yield f"the same into CSV, Carwire's own columns, {VINS:,} VINs", f"{taken:.1f} s", "", detail


def command(source: Path, out: Path, columns: str) -> tuple[float, float]:
    """Run the command line; return seconds and the most resident memory in megabytes."""
    started = time.perf_counter()
    arguments = [str(BIN / "carwire"), "vin", "batch", str(source), str(out), "--columns", columns]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:  # what the kernel sums up at the end has this process's own memory in it
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        peak = int(found[1]) if found else peak
        time.sleep(0.01)
    assert process.returncode == 0, process.returncode
    return time.perf_counter() - started, peak * 1024 / 1e6


def seconds(work: Any) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row), file=sys.stdout, flush=True)
