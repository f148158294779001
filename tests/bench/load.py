"""Servers to measure, and wrk to measure them with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BIN = Path(sys.executable).parent
PORT, HELLO_PORT = 18000, 18001
ROUNDS = int(os.environ.get("CARWIRE_BENCH_ROUNDS", "5"))
SECONDS = int(os.environ.get("CARWIRE_BENCH_SECONDS", "1"))
Row = tuple[str, str, str, str]
LUA_DONE = """done = function(summary, latency, requests)
  if summary.errors.status > 0 then io.write("BAD " .. summary.errors.status .. "\\n") end
end
"""


@contextmanager
def server(data: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """Run the real server on a data folder."""
    process = spawn(data, **settings)
    try:
        wait(PORT, "/ready")
        yield process, json.loads((data / "demo.json").read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@contextmanager
def hello() -> Iterator[None]:
    """Run the floor."""
    process = subprocess.Popen([sys.executable, Path(__file__).parent / "hello.py", str(HELLO_PORT)])
    try:
        wait(HELLO_PORT, "/")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def start_up(data: Path) -> float:
    """Seconds from the command on an empty folder to the first answer of /ready."""
    started = time.perf_counter()
    process = spawn(data)
    wait(PORT, "/ready")
    taken = time.perf_counter() - started
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    return taken


def spawn(data: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Start the server without waiting."""
    environment = {**os.environ, "CARWIRE_DATA": str(data), "CARWIRE_PORT": str(PORT), **settings}
    return subprocess.Popen([BIN / "carwire", "up", "--demo"], env=environment, stdout=subprocess.DEVNULL)


def wait(port: int, path: str) -> None:
    """Wait until the server answers."""
    for _ in range(2000):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise SystemExit(f"nothing answers on port {port}")


def wrk(url: str, script: Path | None = None, seconds: int = SECONDS, connections: int = 16) -> tuple[float, float]:
    """Return requests per second and the 99th percentile in milliseconds, on one thread."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        *(["-s", str(script)] if script else []),
        url,
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "BAD" in out or "Non-2xx" in out:
        raise SystemExit(f"errors under load:\n{out}")
    found = re.search(r"99%\s+([0-9.]+)(us|ms|s)\b", out)
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", out)
    assert found and rate
    return float(rate[1]), float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def resident(process: subprocess.Popen[bytes]) -> float:
    """Resident memory in MiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def spread(values: Sequence[float]) -> str:
    """Least to greatest."""
    return f"{min(values):.2f} to {max(values):.2f}"
