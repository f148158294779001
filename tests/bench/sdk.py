"""What the Python SDK costs: reads of a stored odometer, and its import, beside the official package in turn."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import fleet
import sqlalchemy as sa
from load import PORT, ROUNDS, Row, server, spread

from carwire.storage.sql.sqlite import FILE_NAME
from carwire_client import AsyncClient, Client

BASE = f"http://127.0.0.1:{PORT}"
DAY = 86_400
READS = 1_000
IN_FLIGHT = 32
IMPORT = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"


class Taken(NamedTuple):
    """What all reads of a round took: seconds on the clock, and seconds of this process on a processor."""

    wall: float
    busy: float


def rows() -> Iterator[Row]:
    """The rows of the table."""
    taken = measure()
    named = {
        "blocking": ("the client that blocks", "≥ 1.5 ×"),
        "awaited": (f"the client that is awaited, {IN_FLIGHT} in flight", "≥ 3 ×"),
        "stand-in": ("the stand-in for the official package", "≥ 1.5 ×"),
    }
    for each, (what, goal) in named.items():
        ratios = [a.wall / b.wall for a, b in zip(taken["official"], taken[each], strict=True)]
        ours, theirs = (READS / median(one.wall for one in taken[name]) for name in (each, "official"))
        busy, their_busy = (median(one.busy for one in taken[name]) / READS * 1e6 for name in (each, "official"))
        detail = f"{ours:,.0f} against {theirs:,.0f} a second; ratios {spread(ratios)}; "
        detail += f"of a processor {busy:.0f} against {their_busy:.0f} µs a read"
        yield f"SDK, {what}: {READS:,} stored odometers, against `smartcar`", f"{median(ratios):.1f} ×", goal, detail
    both = [(importing("carwire_client"), importing("smartcar")) for _ in range(2 * ROUNDS)]
    ours_ms, theirs_ms = (median(times) * 1000 for times in zip(*both, strict=True))
    detail = f"{ours_ms:.0f} ms against {theirs_ms:.0f} ms; with everything that is installed for development"
    yield "SDK, import, against `smartcar`", f"{median(a / b for a, b in both):.2f} ×", "", detail


def measure() -> dict[str, list[Taken]]:
    """What all reads took, of each package and client, round by round."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        with server(data) as (_, demo):
            client_id = demo["client_id"]
        where = sa.URL.create("sqlite", database=str(data / FILE_NAME))
        ((vehicle, token),) = fleet.fill(where, fleet.pepper_of(data), client_id, 1)
        with server(data):
            ways = _ways(vehicle, token)
            for way in ways.values():
                way()  # everything is warm
            taken: dict[str, list[Taken]] = {each: [] for each in ways}
            for _ in range(ROUNDS):
                for each, way in ways.items():
                    taken[each].append(way())
    return taken


def importing(module: str) -> float:
    """Seconds the import of a module takes in a new interpreter."""
    done = subprocess.run([sys.executable, "-c", IMPORT.format(module)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _ways(vehicle: str, token: str) -> dict[str, Callable[[], Taken]]:
    os.environ |= {"SMARTCAR_API_ORIGIN": BASE}  # the official package reads it when it is imported
    import smartcar

    import carwire_client.smartcar as standin

    class Asking(smartcar.Vehicle):  # type: ignore[misc]
        """The official package's vehicle, which takes a stored value."""

        def _get_headers(self, need_unit_system: bool = True) -> Any:
            return {**super()._get_headers(need_unit_system), "carwire-max-age": str(DAY)}

    official, ours = Asking(vehicle, token), standin.Vehicle(vehicle, token)
    headers = {"carwire-max-age": str(DAY)}
    return {
        "official": lambda: _taken(lambda: official.odometer().distance),
        "stand-in": lambda: _taken(lambda: ours.request("GET", "odometer", None, headers).body["distance"]),
        "blocking": lambda: _blocking(vehicle, token),
        "awaited": lambda: asyncio.run(_awaited(vehicle, token)),
    }


def _blocking(vehicle: str, token: str) -> Taken:
    with Client(BASE) as client:
        asked = client.vehicle(vehicle, token, max_age=DAY)
        return _taken(lambda: asked.odometer().distance)


async def _awaited(vehicle: str, token: str) -> Taken:
    async with AsyncClient(BASE) as client:
        asked = client.vehicle(vehicle, token, max_age=DAY)
        left = iter(range(READS))

        async def worker() -> None:
            for _ in left:
                assert (await asked.odometer()).distance >= 0

        since = _now()
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return _since(since)


def _taken(read: Callable[[], float]) -> Taken:
    since = _now()
    for _ in range(READS):
        assert read() >= 0
    return _since(since)


def _now() -> Taken:
    return Taken(time.perf_counter(), time.process_time())


def _since(then: Taken) -> Taken:
    now = _now()
    return Taken(now.wall - then.wall, now.busy - then.busy)


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row))
