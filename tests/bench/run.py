"""``make bench``: what Carwire costs beside a floor measured in the same run. Writes docs/explain/performance.md.

Absolute times depend on the machine and on what else it does; the ratios are what to look at.
"""

from __future__ import annotations

import base64
import gc
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import ultravin

sys.path.insert(0, str(Path(__file__).parent))
import cars
import deliveries
import frequencies
import lists
import lookups
import sdk
import signals
import vehicles
from load import HELLO_PORT, LUA_DONE, PORT, ROUNDS, SECONDS, Row, hello, resident, server, spread, start_up, wrk

from carwire.connectors.vpic import VpicDecoder

ROOT = Path(__file__).parents[2]
DISTINCT = 40_000  # VINs of a round
COLD = 5  # seconds in which a server meets most descriptors for the first time
SCOPE = "read_odometer+read_location+read_fuel+read_battery"
WHERE_THE_TIME_GOES = """\
## Where an answer's time goes

Compatibility and the stored odometer stay below their goal against an application that does nothing at all. On one
core in a tight loop an odometer takes 55 µs: the statement that turns token and id into a vehicle 19 (12 of them in
SQLite), the reading 10, the digest of the token 1, the rest, edge, door, body, headers, counters, 25. In the server
the same work takes almost twice as long, while the load generator has the other half of the core; the bare hello is
mostly the kernel's work and suffers less. Compatibility takes 25 µs in the loop: recognising the credentials 1.5,
reading the query 5, identity and verdict 7, encoding 2, the edge with id, counters and log 4. A descriptor seen for
the first time adds a decode of 60 to 130 µs and 55 µs to find its line: that is the cold row, and the tail of rare
descriptors in every round.

What was tried for the odometer: reading the file as memory (a third less), keyed blocks of the HMAC worked through
once, head and body in one write (a fifth less in the server), headers looked up once. What is left to try is keeping
tokens and vehicles in memory, which has to be paid for in memory and in the care that a revoked token must be dead
within a second in every process.

A signal of v3 that nothing new was kept of takes 32 µs in the loop: its one statement 11, the door 10, the edge with
id, counters and log 6, the body that is given again 5. All 93 take 34, because their body is given again too; written
anew they would take 1,000. One signal stays below its goal for the same reason as the odometer does.

A lookup by VIN takes 110 to 120 µs of a processor in a loop without a network, on a busy machine: a third of
that is the register's one statement, a tenth the record that is kept of it. The record costs another 13 to 19
when it is written, up to a second later, in a thread of the same interpreter. Keys were asked of the database
at every request until they were remembered, and every register by four keys: then it took 170 to 210. What is
left to try is writing many records as one value, and kinds of cars in memory instead of two joins.
In a register of ten million rows a lookup in process took 340 µs where it took 274 in one of 10,000, with other work
beside (`python tests/bench/lookups.py 10000 10000000`, on 2026-11-22); that register was read in at 60,000 rows a
second.

A delivery takes 390 µs on SQLite where a bare request to the same receiver takes 94: besides the request it is
read, signed twice, and what came of it written down in a transaction before its place is given to another. On a
machine with other work the floor suffered more, and the same comparison gave 0.67.

An import takes 8 µs a row to read it and put it in order, in Python, and 6 to write it in the order of the B-tree's
pages, whatever the size of the register. DuckDB, which uses every core and keeps nothing, takes half a microsecond
for all. What is left to try is reading through DuckDB where it is installed, and half of the goal would still be
missing: Python's SQLite takes 5 to 6 µs to write finished rows.

Batches use both processors, so their ratio holds worse than the others when something else runs beside them.
"""


def main() -> None:
    """Run everything, print the table, and write the page."""
    parts: list[Callable[[], Iterable[Row]]] = [decode_rows, lists.rows, simulator_row]
    if shutil.which("wrk"):
        parts += [compatibility_rows, vehicles.rows, signals.rows, sdk.rows, deliveries.rows, lookups.rows]
    else:
        print("wrk is not installed: the HTTP part is left out, the page is not written", file=sys.stderr)
    began = time.monotonic()
    found: list[Row] = []
    for part in parts:
        found += part()
        print(f"{part.__module__}.{part.__name__}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    table = "\n".join(
        ["| what | figure | goal | detail |", "|---|---|---|---|", *(f"| {' | '.join(r)} |" for r in found)]
    )
    print(table)
    if shutil.which("wrk"):
        write_page(table, time.monotonic() - began)


def decode_rows() -> Iterator[Row]:
    """Decode through our port against ultravin called directly with the same question."""
    vins = frequencies.vins(20_000)
    decoder, now = VpicDecoder(), datetime.now(UTC)
    pairs: list[tuple[str, Callable[[str], object], Callable[[str], object]]] = [
        (
            "decode, every field with its source",
            lambda v: decoder.decode(v, now=now),
            lambda v: ultravin.decode(v, full=True, now=now),
        ),
        (
            "identify, what compatibility needs",
            lambda v: decoder.identify(v, now=now),
            lambda v: ultravin.decode(v, now=now),
        ),
    ]
    for name, ours, theirs in pairs:
        ratios, times = [], []
        seconds(theirs, vins)  # the tables of a schema are read at its first VIN: not ours to count
        for k in range(ROUNDS):
            piece = vins[k * 4000 : (k + 1) * 4000] or vins[:4000]
            # In turn, the best of each; once only where asking again would be answered from memory.
            passes = [(seconds(theirs, piece), seconds(ours, piece)) for _ in range(1 if "identify" in name else 3)]
            floor, cost = (min(taken) for taken in zip(*passes, strict=True))
            ratios.append(cost / floor)
            times.append(cost / len(piece) * 1e6)
        detail = f"{median(times):.0f} µs a VIN; ratios {spread(ratios)}"
        yield f"{name}, against ultravin called directly", f"{median(ratios):.2f} ×", "≤ 1.3 ×", detail


def simulator_row() -> Iterator[Row]:
    """Simulated cars: what a minute of many of them costs."""
    cost = cars.measure()
    detail = f"{spread(cost.minutes)}; the cars take {cost.mib:.0f} MiB, made in {cost.making:.2f} s"
    yield f"{cars.CARS:,} simulated cars, one simulated minute", f"{median(cost.minutes):.3f} s", "", detail


class Load(NamedTuple):
    """What was measured over HTTP: rates are pairs of requests per second and 99th percentile in milliseconds."""

    rates: dict[str, list[tuple[float, float]]]
    first: float
    starts: list[float]
    idle: float
    loaded: float


def measure() -> Load:
    """Compatibility over distinct VINs, /health and a bare hello in turn, after a warm-up; start-up and memory."""
    with tempfile.TemporaryDirectory() as folder:
        vins = frequencies.vins(DISTINCT * (ROUNDS + 2), seed=2)
        starts = [start_up(Path(folder, f"start{k}")) for k in range(ROUNDS)]
        with server(Path(folder, "data")) as (process, demo), hello():
            idle = resident(process)
            auth = base64.b64encode(f"{demo['client_id']}:{demo['client_secret']}".encode()).decode()
            scripts = [
                lua(Path(folder, f"round{k}"), vins[k * DISTINCT : (k + 1) * DISTINCT], auth) for k in range(ROUNDS + 2)
            ]
            first, _ = wrk(f"http://127.0.0.1:{PORT}/", scripts.pop(), seconds=COLD)
            wrk(f"http://127.0.0.1:{PORT}/", scripts.pop(), seconds=2 * COLD)
            rates: dict[str, list[tuple[float, float]]] = {"hello": [], "health": [], "compatibility": []}
            for script in scripts:
                rates["hello"].append(wrk(f"http://127.0.0.1:{HELLO_PORT}/", script))
                rates["health"].append(wrk(f"http://127.0.0.1:{PORT}/health"))
                rates["compatibility"].append(wrk(f"http://127.0.0.1:{PORT}/", script))
            return Load(rates, first, starts, idle, resident(process))


def compatibility_rows() -> list[Row]:
    """What was measured as rows of the table."""
    load = measure()
    floor, health, ours = (load.rates[name] for name in ("hello", "health", "compatibility"))
    share = [a / b for (a, _), (b, _) in zip(ours, floor, strict=True)]
    slower = [a / b for (_, a), (_, b) in zip(ours, floor, strict=True)]
    inside = [a / b for (a, _), (b, _) in zip(ours, health, strict=True)]
    rate, floor_rate = (median(r for r, _ in pairs) for pairs in (ours, floor))
    p99, floor_p99 = (median(p for _, p in pairs) for pairs in (ours, floor))
    asked = "`GET /v2.0/compatibility`, distinct VINs, requests per second against a bare ASGI hello"
    rates = f"{rate:,.0f} against {floor_rate:,.0f} a second; ratios {spread(share)}"
    slow = f"{p99:.1f} ms against {floor_p99:.1f} ms; ratios {spread(slower)}"
    started = "start-up, `carwire up --demo` on an empty folder to the first answer"
    return [
        (asked, f"{median(share):.2f}", "≥ 0.35", rates),
        ("the same, against `/health` of the same process", f"{median(inside):.2f}", "", f"ratios {spread(inside)}"),
        ("the same, 99th percentile against that of the hello", f"{median(slower):.1f} ×", "≤ 5 ×", slow),
        (f"the same, in the first {COLD} s of a server", f"{load.first:,.0f} a second", "", "every table is cold"),
        (started, f"{median(load.starts):.2f} s", "≤ 2 s", spread(load.starts)),
        ("resident memory, idle", f"{load.idle:.0f} MiB", "", "after the first answer"),
        (
            "resident memory, under load",
            f"{load.loaded:.0f} MiB",
            "",
            f"after {3 * COLD} s, and {ROUNDS} rounds of {SECONDS} s",
        ),
    ]


def seconds(function: Callable[[str], object], vins: Sequence[str]) -> float:
    """Time one pass over `vins`."""
    gc.collect()
    started = time.perf_counter()
    for vin in vins:
        function(vin)
    return time.perf_counter() - started


def lua(path: Path, vins: Sequence[str], auth: str) -> Path:
    """Write wrk's script: every request asks for the next VIN."""
    listed, script = path.with_suffix(".txt"), path.with_suffix(".lua")
    listed.write_text("\n".join(vins))
    script.write_text(
        f"""local vins, next = {{}}, 0
for line in io.lines("{listed}") do vins[#vins + 1] = line end
wrk.headers["authorization"] = "Basic {auth}"
request = function()
  next = next % #vins + 1
  return wrk.format("GET", "/v2.0/compatibility?vin=" .. vins[next] .. "&scope={SCOPE}&country=US")
end
{LUA_DONE}"""
    )
    return script


def write_page(table: str, seconds: float) -> None:
    """Write the page the figures are kept in."""
    page = ROOT / "docs/explain/performance.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        f"""# Performance

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} processors, {platform.system()}
{platform.machine()}, Python {platform.python_version()}, in {seconds / 60:.0f} minutes.
Ratios are medians over {ROUNDS} rounds, floor and subject in turn, so they hold when the machine's
speed drifts; absolute figures hold for one machine on one day.

{table}

- *Distinct VINs*: descriptors drawn by how often they occur among registered cars, invented serials, computed check
  digits. No VIN is asked twice within a round; cars of one descriptor share a decode (`docs/decisions/0004`).
- *Bare ASGI hello*: an application that sends the same 17 bytes for every request, on the same HTTP server and loop;
  it is sent the very same requests, so both sides pay for making and parsing them.
- *Load*: wrk on the same machine, one thread, 16 connections, {SECONDS} s a round.
- *Start-up* includes the interpreter, making the database and the demo application.

{WHERE_THE_TIME_GOES}""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
