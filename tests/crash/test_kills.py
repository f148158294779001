"""Servers, the process that writes events, and the database are killed while events flow to a receiver that fails.
Nothing is lost, nothing altered, and what comes twice comes with the same event id.

The large runs are ``make test-crash``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import ROOT, environment
from tests.crash.judge import Judgement
from tests.crash.plan import Plan
from tests.postgres import cluster

from carwire.services.webhooks.delivering import BATCH

__all__ = ["cluster"]
LARGE = os.environ.get("CARWIRE_CRASH") == "1"
large = pytest.mark.skipif(not LARGE, reason="takes minutes: make test-crash")
ANY_POSTGRES = "postgresql:///"  # the run starts one of its own


def judged(folder: Path, **options: Any) -> Judgement:
    """Run a plan in a process of its own, which forks, and return what came of it."""
    plan = Plan(folder=str(folder), **options)
    file = folder / "plan.json"
    file.write_bytes(msgspec.json.encode(plan))
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.supervisor", file],
        env=environment(PYTHONPATH=os.pathsep.join(map(str, (ROOT, ROOT / "src")))),
        cwd=ROOT,
        capture_output=True,
        timeout=plan.limit_s + 120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    found = msgspec.json.decode(done.stdout.splitlines()[-1], type=Judgement)
    print(msgspec.json.encode(found).decode()[:2000])
    return found


def check(found: Judgement, *, events: int, kills: int, drivers: int = 0, databases: int = 0) -> None:
    """Fail unless all of it was delivered, and no more was sent twice than was in the air when something died. A
    database that dies takes the leases with it: then two servers may have the same look at what is due.
    """
    assert found.unfinished is None
    assert found.faults() == {}
    assert found.events >= events
    assert found.deliveries > events
    died = found.deaths
    assert (died.get("driver", 0), died.get("database", 0)) == (drivers, databases)
    assert sum(died.values()) == kills + drivers + databases
    assert found.duplicates <= found.in_flight + databases * 2 * BATCH
    assert found.requests > found.deliveries


def test_on_sqlite_a_server_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    found = judged(tmp_path, events=1000, kills=10, driver_kills=2, limit_s=300)
    check(found, events=1000, kills=10, drivers=2)


def test_on_postgresql_servers_and_the_database_that_are_killed_lose_nothing(tmp_path: Path, cluster: object) -> None:
    options = {"events": 600, "servers": 4, "kills": 8, "driver_kills": 1, "database_kills": 2, "limit_s": 300}
    found = judged(tmp_path, database=ANY_POSTGRES, **options)
    check(found, events=600, kills=8, drivers=1, databases=2)


def test_marking_before_sending_is_found_out(tmp_path: Path) -> None:
    """The planted fault: what is judged here must be able to fail."""
    options = {"events": 150, "kills": 3, "countdown": 20, "points": ("send", "sending"), "limit_s": 300}
    found = judged(tmp_path, marks_before_sending=True, driver_kills=0, **options)
    assert found.unfinished is None
    assert found.lost
    assert "lost" in found.faults()


@large
@pytest.mark.parametrize("database", [None, ANY_POSTGRES], ids=["sqlite", "postgresql"])
def test_large(tmp_path: Path, database: str | None) -> None:
    """With leases, time limits and a receiver's patience as they are; only retries are hurried on."""
    times: dict[str, Any] = {"rate": 150.0, "lease_s": 15.0, "timeout_s": 15.0, "pace": 30.0, "limit_s": 900}
    found = judged(
        tmp_path,
        database=database,
        servers=4 if database else 1,
        events=20_000,
        vehicles=200,
        kills=40,
        driver_kills=10,
        database_kills=10 if database else 0,
        countdown=400,
        **times,
    )
    check(found, events=20_000, kills=40, drivers=10, databases=10 if database else 0)
