"""The hot path measured over HTTP: a fresh stored odometer with token and permission check, and the token endpoint."""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import fleet
import sqlalchemy as sa
from load import HELLO_PORT, LUA_DONE, PORT, ROUNDS, Row, hello, resident, server, spread, wrk

from carwire.storage.sql.sqlite import FILE_NAME

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.postgres import running

CONNECTIONS = 16
FEWER = 20_000  # cars: PostgreSQL takes its time to be filled


class Measured(NamedTuple):
    """Requests per second of both sides, 99th percentiles at half of ours, memory in MiB."""

    ours: list[float]
    floor: list[float]
    p99_half: list[float]
    half: list[float]
    memory: float
    tokens: list[float]


def rows() -> Iterator[Row]:
    """The rows of the table, SQLite first."""
    yield from _described("SQLite", measure(None), fleet.CARS, goals=True)
    with postgres() as url:
        if url:
            yield from _described("PostgreSQL", measure(url, FEWER), FEWER, goals=False)


def measure(url: str | None, cars: int = fleet.CARS) -> Measured:
    """Fill a database with connected cars and ask for their odometers, in an order that repeats late."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {"CARWIRE_DATABASE": url} if url else {}
        with server(folder / "data", **settings) as (_, demo):
            client_id = demo["client_id"]
        where: str | sa.URL = sa.URL.create("sqlite", database=str(folder / "data" / FILE_NAME))
        if url:
            where = url.replace("postgresql://", "postgresql+psycopg://")
        pairs = list(fleet.fill(where, fleet.pepper_of(folder / "data"), client_id, cars))
        script = lua(folder / "cars", pairs)
        with server(folder / "data", **settings) as (process, demo), hello():
            wrk(f"http://127.0.0.1:{PORT}/", script)
            ours, floor, halves, half_rates = [], [], [], []
            for _ in range(ROUNDS):
                floor.append(wrk(f"http://127.0.0.1:{HELLO_PORT}/", script)[0])
                ours.append(wrk(f"http://127.0.0.1:{PORT}/", script)[0])
                pace = CONNECTIONS * 4 / (ours[-1] / 2) * 1000
                paced = lua(folder / "paced", pairs, round(pace))
                rate, p99 = wrk(f"http://127.0.0.1:{PORT}/", paced, connections=CONNECTIONS * 4)
                halves.append(p99)
                half_rates.append(rate)
            (folder / "refresh.txt").write_text("\n".join(map(fleet.refresh_token, range(cars))))
            script = refreshing(folder / "refresh", demo)
            tokens = [wrk(f"http://127.0.0.1:{PORT}/", script)[0] for _ in range(ROUNDS)]
            return Measured(ours, floor, halves, half_rates, resident(process), tokens)


def lua(path: Path, pairs: list[tuple[str, str]], pace_ms: int | None = None) -> Path:
    """Write wrk's script: every request asks for the next car."""
    listed, script = path.with_suffix(".txt"), path.with_suffix(".lua")
    if not listed.exists():
        listed.write_text("\n".join(f"{vehicle} {token}" for vehicle, token in pairs))
    delay = f"delay = function() return {pace_ms} end" if pace_ms else ""
    script.write_text(
        f"""local paths, tokens, next = {{}}, {{}}, 0
for line in io.lines("{listed}") do
  paths[#paths + 1] = "/v2.0/vehicles/" .. line:sub(1, 36) .. "/odometer"
  tokens[#tokens + 1] = "Bearer " .. line:sub(38)
end
wrk.headers["carwire-max-age"] = "86400"
request = function()
  next = next % #paths + 1
  wrk.headers["authorization"] = tokens[next]
  return wrk.format("GET", paths[next])
end
{delay}
{LUA_DONE}"""
    )
    return script


def refreshing(path: Path, demo: dict[str, str]) -> Path:
    """Write wrk's script: every request exchanges the next refresh token."""
    auth = base64.b64encode(f"{demo['client_id']}:{demo['client_secret']}".encode()).decode()
    script = path.with_suffix(".lua")
    script.write_text(
        f"""local tokens, next = {{}}, 0
for line in io.lines("{path.with_suffix(".txt")}") do tokens[#tokens + 1] = line end
wrk.headers["authorization"] = "Basic {auth}"
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
request = function()
  next = next % #tokens + 1
  return wrk.format("POST", "/oauth/token", nil, "grant_type=refresh_token&refresh_token=" .. tokens[next])
end
{LUA_DONE}"""
    )
    return script


def _described(name: str, found: Measured, cars: int, *, goals: bool) -> Iterator[Row]:
    share = [a / b for a, b in zip(found.ours, found.floor, strict=True)]
    rates = f"{median(found.ours):,.0f} against {median(found.floor):,.0f} a second; ratios {spread(share)}"
    asked = f"`GET …/odometer` from a fresh stored value, {cars:,} cars on {name}, against a bare ASGI hello"
    yield asked, f"{median(share):.2f}", "≥ 0.35" if goals else "", rates
    half = f"at {median(found.half):,.0f} a second; {spread(found.p99_half)}"
    yield "the same, 99th percentile at half of that rate", f"{median(found.p99_half):.1f} ms", "≤ 25 ms", half
    yield "the same, resident memory after it", f"{found.memory:.0f} MiB", "", ""
    refreshes = f"refreshes, each committed; {spread(found.tokens)}"
    yield f"`POST /oauth/token` on {name}", f"{median(found.tokens):,.0f} a second", "", refreshes


@contextmanager
def postgres() -> Iterator[str | None]:
    """Run a throw-away PostgreSQL, where there is one, with its fsync off: the disk is not what is measured."""
    with running() as found:
        if found is None:
            yield None
            return
        with found.database() as url:
            yield url
