"""Lookups: requests a second against the bare hello, growth with the register, and imports against a bare reading."""

from __future__ import annotations

import asyncio
import csv
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyarrow as pa
from frequencies import vins
from load import HELLO_PORT, LUA_DONE, PORT, ROUNDS, Row, hello, server, spread, wrk

from carwire.batch.arrow import decode
from carwire.connectors.vpic_facts import VpicFacts
from carwire.core.lookup.asking import Question
from carwire.core.lookup.names import FIVE_LETTERS, make_key
from carwire.core.lookup.regions import REGIONS
from carwire.core.ports import Store
from carwire.kit.clock import utc_now
from carwire.registers.files import checksum_of, open_rows
from carwire.registers.formats import format_of
from carwire.registers.sorting import SortedRows
from carwire.services.lookup.finding import LookupService
from carwire.services.lookup.importing import ImportService
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

COLUMNS = (
    *("Record Type", "VIN", "Registration Class", "City", "State", "Zip", "County", "Model Year", "Make", "Body Type"),
    *("Fuel Type", "Unladen Weight", "Maximum Gross Weight", "Passengers", "Reg Valid Date", "Reg Expiration Date"),
    *("Color", "Scofflaw Indicator", "Suspension Indicator", "Revocation Indicator"),
)
_CODES = {make_key(make): code for code, make in FIVE_LETTERS.items()}
WARM_UP = 5  # seconds
_COLOURS = ("BK", "WH", "GY", "BL", "RD", "DK/GY")


def register_file(path: Path, count: int) -> list[str]:
    """Write a file of New York's kind with `count` cars of real frequencies, and return some of their VINs."""
    dice = random.Random(1)
    some: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for start in range(0, count, 250_000):
            piece = vins(min(250_000, count - start), seed=start + 1)
            some += piece[:5000]
            decoded = decode(pa.table({"vin": piece}), columns=["make", "model_year"])
            known = (decoded[name].to_pylist() for name in ("make", "model_year"))
            for vin, make, year in zip(piece, *known, strict=True):
                day = f"{dice.randrange(1, 13):02}/{dice.randrange(1, 28):02}/2018"
                code = _CODES.get(make_key(make or ""), make or "UNKNO")
                row = ("VEH", vin, "PAS", "ALBANY", "NY", "12201", "ALBANY", year or 2018, code, "4DSD", "GAS")
                writer.writerow(
                    (*row, dice.randrange(2500, 6000), "", "", day, "11/01/2020", dice.choice(_COLOURS), "N", "N", "N")
                )
    return some


def opened(folder: Path) -> Store:
    """Open the store of a folder."""
    return open_store(folder, None, open_sealer(folder, None))


async def load(store: Store, path: Path) -> float:
    """Import a file and return how many seconds it took."""
    form = format_of("ny-dmv")
    checksum = checksum_of(path)
    began = time.perf_counter()
    with open_rows(path, form) as file:
        await ImportService(store, utc_now, lambda: SortedRows(path.parent)).run(form, "us", checksum, file, force=True)
    return time.perf_counter() - began


async def p50(store: Store, asked: list[str]) -> float:
    """Return the middle time of a lookup, in microseconds."""
    service = LookupService(store, VpicFacts(), utc_now)
    question = Question(REGIONS["us"])
    for vin in asked[:200]:
        await service.by_vin(vin, question)
    times = []
    for vin in asked:
        began = time.perf_counter()
        await service.by_vin(vin, question)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def bare_seconds(path: Path) -> tuple[str, float]:
    """Read every column of a file and do nothing: with DuckDB where it is, else with pyarrow."""
    began = time.perf_counter()
    try:
        import duckdb
    except ImportError:
        from pyarrow import csv as arrow

        rows = arrow.read_csv(path).num_rows
        return f"pyarrow, {rows} rows", time.perf_counter() - began
    columns = ", ".join(f'max("{name}")' for name in COLUMNS)  # every column is read, none is kept
    duckdb.execute(f"SELECT {columns} FROM read_csv('{path}', all_varchar=true)").fetchall()
    return "duckdb", time.perf_counter() - began


def size_of(folder: Path) -> int:
    """Return the bytes of a database."""
    return (folder / "carwire.sqlite3").stat().st_size


class Measured(NamedTuple):
    """What a register of one size costs. `load` has requests a second of the bare hello and of lookups, in turn."""

    rows_per_second: float
    bare: str
    share: float
    p50_us: float
    megabytes: float
    load: list[tuple[float, float]]


def measure(size: int, *, http: bool = False) -> Measured:
    """Fill a database of its own and ask it, in process and, on demand, through a server."""
    with TemporaryDirectory() as folder:
        data, path = Path(folder, "data"), Path(folder, "register.csv")
        some = register_file(path, size)
        if http:
            with server(data):
                pass  # makes the database and the demo's key
        bare_seconds(path)  # both sides find the file in memory
        name, bare = bare_seconds(path)
        taken, middle = asyncio.run(_filled(data, path, some))
        load = list(_load(data, path, some)) if http else []
        return Measured(size / taken, name, bare / taken, middle, size_of(data) / 1e6, load)


async def _filled(data: Path, path: Path, some: list[str]) -> tuple[float, float]:
    store = opened(data)
    try:
        taken = await load(store, path)
        random.Random(2).shuffle(some)
        return taken, await p50(store, some[:3000])
    finally:
        await store.close()


def _load(data: Path, path: Path, some: list[str]) -> Iterator[tuple[float, float]]:
    with server(data) as (_, demo), hello():
        script = lua(path.with_suffix(".asked"), some, demo["api_key"])
        wrk(f"http://127.0.0.1:{PORT}/", script, seconds=WARM_UP)
        for _round in range(ROUNDS):
            floor, _slow = wrk(f"http://127.0.0.1:{HELLO_PORT}/", script)
            ours, _slow = wrk(f"http://127.0.0.1:{PORT}/", script)
            yield floor, ours


def lua(path: Path, asked: list[str], key: str) -> Path:
    """Write wrk's script: every request asks for the next VIN."""
    listed, script = path.with_suffix(".txt"), path.with_suffix(".lua")
    listed.write_text("\n".join(asked))
    script.write_text(
        f"""local vins, next = {{}}, 0
for line in io.lines("{listed}") do vins[#vins + 1] = line end
wrk.headers["apikey"] = "{key}"
request = function()
  next = next % #vins + 1
  return wrk.format("GET", "/v2/vehicles/vins/" .. vins[next] .. "?region=us")
end
{LUA_DONE}"""
    )
    return script


def rows(size: int = 1_000_000, small: int = 10_000) -> list[Row]:
    """Return the rows of the table: of a large register, and what has grown since a small one."""
    first, last = measure(small), measure(size, http=True)
    shares = [ours / floor for floor, ours in last.load]
    growth = last.p50_us / first.p50_us
    asked = f"lookup by VIN over HTTP, {size:,} register rows, requests per second against a bare ASGI hello"
    seen = f"{last.p50_us:.0f} µs against {first.p50_us:.0f} µs"
    pace = f"{last.rows_per_second:,.0f} rows a second, {last.megabytes:,.0f} MB"
    return [
        (asked, f"{statistics.median(shares):.2f}", "≥ 0.25", spread(shares)),
        (f"the same in process, p50, {size:,} rows against {small:,}", f"{growth:.2f} ×", "≤ 2 ×", seen),
        (f"import, rows per second against {last.bare} reading every column", f"{last.share:.2f}", "≥ 0.15", pace),
    ]


def main() -> None:
    """Print the figures of the sizes given; with `http` before them those of the load too."""
    http = sys.argv[1:2] == ["http"]
    for text in sys.argv[1 + http :] or ["10000", "1000000"]:
        print(f"{int(text):,}", measure(int(text), http=http), flush=True)


if __name__ == "__main__":
    main()
