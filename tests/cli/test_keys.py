"""``carwire keys``: keys are listed without being shown, rotated while a server works, and dropped when out of use."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import CARWIRE, ROOT, Server, basic, environment

from carwire.storage.sql.sqlite import FILE_NAME

Run = Callable[..., subprocess.CompletedProcess[str]]
ONE, TWO = f"one:{'1' * 64}", f"two:{'2' * 64}"


def listed(carwire: Run, data: Path, **settings: str) -> list[dict[str, Any]]:
    done = carwire("keys", "list", "--json", "--data", data, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def keys_of(data: Path) -> list[str]:
    """Return the keys themselves."""
    return [line.partition(":")[2] for line in (data / "keys").read_text().splitlines()]


def test_a_rotation_from_the_first_key_to_the_last(carwire: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert carwire("app", "create", "A", "--data", data).returncode == 0
    ((first, count),) = [(row["id"], row["sealed_values"]) for row in listed(carwire, data)]
    assert count == 2
    assert "Every key is in use" in said(carwire("keys", "retire", "--data", data))
    rotated = said(carwire("keys", "rotate", "--data", data))
    second = re.findall(r"The new key is (\w+)\.", rotated)[0]
    assert f"Sealed 2 values anew under {second}." in rotated
    assert listed(carwire, data) == [
        {"id": second, "current": True, "known": True, "sealed_values": 2},
        {"id": first, "current": False, "known": True, "sealed_values": 0},
    ]
    early = carwire("keys", "retire", "--data", data)
    assert (early.returncode, early.stdout) == (1, "")
    assert "try again in" in early.stderr
    long_ago = time.time() - 60
    os.utime(data / "keys", (long_ago, long_ago))
    assert said(carwire("keys", "retire", "--data", data)) == f"Dropped {first}.\n"
    assert [row["id"] for row in listed(carwire, data)] == [second]
    assert (data / "keys").stat().st_mode & 0o777 == 0o600
    text = said(carwire("keys", "list", "--data", data))
    assert second in text
    for key in keys_of(data):
        assert key not in text + rotated + early.stderr


def test_an_interrupted_rotation_is_finished_under_the_key_it_began_with(carwire: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for n in range(3):
        assert carwire("app", "create", f"App {n}", "--data", data).returncode == 0
    old = (data / "keys").read_text()
    (data / "keys").write_text(f"new:{'3' * 64}\n{old}")  # as if killed right after the key was drawn
    assert said(carwire("keys", "rotate", "--data", data)) == "Sealed 4 values anew under new.\n"
    assert (data / "keys").read_text() == f"new:{'3' * 64}\n{old}"
    assert "The new key is" in said(carwire("keys", "rotate", "--data", data))


def test_keys_of_the_environment_are_only_sealed_with(carwire: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert carwire("app", "create", "A", "--data", data, CARWIRE_KEYS=ONE).returncode == 0
    both = f"{TWO},{ONE}"
    assert said(carwire("keys", "rotate", "--data", data, CARWIRE_KEYS=both)) == "Sealed 2 values anew under two.\n"
    assert said(carwire("keys", "rotate", "--data", data, CARWIRE_KEYS=both)) == "Sealed 0 values anew under two.\n"
    retired = said(carwire("keys", "retire", "--data", data, CARWIRE_KEYS=both))
    assert retired == "Not in use any more, and may be taken out of CARWIRE_KEYS: one\n"
    assert [row["id"] for row in listed(carwire, data, CARWIRE_KEYS=TWO)] == ["two"]
    assert not (data / "keys").exists()
    refused = carwire("keys", "list", "--data", data, CARWIRE_KEYS=ONE)
    assert refused.returncode == 1
    assert "'two'" in refused.stderr
    assert "1" * 20 not in refused.stderr


def test_a_running_server_works_through_a_rotation(carwire: Run, server: Server) -> None:
    new = json.loads(carwire("app", "create", "Before", "--json", "--data", server.folder).stdout)
    assert "Sealed" in said(carwire("keys", "rotate", "--data", server.folder))
    time.sleep(0.03)  # a started server looks every 20 ms whether another process has written
    answer = server.ask(
        "GET",
        "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin",
        [basic(f"{new['client_id']}:{new['client_secret']}")],
    )
    assert answer.status == 200
    assert carwire("app", "create", "After", "--data", server.folder).returncode == 0
    current, *others = listed(carwire, server.folder)
    assert current["sealed_values"] >= 3
    assert [row["sealed_values"] for row in others] == [0] * len(others)


FILLER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from carwire.core.applications import Application
from carwire.core.vehicles import ConnectSession
from carwire.kit.secrets import Secret
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

async def main(folder, many):
    now = datetime.now(UTC)
    store = open_store(folder, None, open_sealer(folder, None))
    await store.add(Application("app", "App", (), bytes(32), bytes(32), now), Secret("token"))
    session = lambda n: ConnectSession(f"{n}", "app", bytes(32), b"{}", Secret(f"secret {n}"), 1, now + timedelta(1))
    await asyncio.gather(*(store.open_session(session(n)) for n in range(many)))
    await store.close()

async def check(folder, many):
    store = open_store(folder, None, open_sealer(folder, None))
    for n in range(many):
        found = await store.session(f"{n}")
        assert found.secret.reveal() == f"secret {n}"
    print(await store.sealed_values())
    await store.close()

asyncio.run((main if sys.argv[3] == "fill" else check)(Path(sys.argv[1]), int(sys.argv[2])))
"""


def filler(data: Path, what: str) -> str:
    """Fill a database with 3,000 sealed values, or open each of them."""
    done = subprocess.run(
        [sys.executable, "-c", FILLER, data, "3000", what],
        env=environment(PYTHONPATH=str(ROOT / "src")), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("batches", [1, 4, 9])
def test_a_rotation_killed_at_any_point_loses_nothing_and_goes_on(tmp_path: Path, batches: int) -> None:
    data = tmp_path / "data"
    filler(data, "fill")
    environ = environment(PYTHONPATH=str(ROOT / "src"))
    rotation = subprocess.Popen([CARWIRE, "keys", "rotate", "--data", data], env=environ, stdout=subprocess.DEVNULL)
    with closing(sqlite3.connect(f"file:{data / FILE_NAME}?mode=ro", uri=True)) as connection:
        old = (data / "keys").read_text().split(":")[0].encode()
        left = 3000
        while rotation.poll() is None and left > 3000 - batches * 200:
            ((left,),) = connection.execute(
                "SELECT count(*) FROM connect_sessions WHERE substr(secret_sealed, 3, ?) = ?", (len(old), old)
            )
    rotation.send_signal(signal.SIGKILL)
    rotation.wait()
    filler(data, "check")
    finished = subprocess.run(
        [CARWIRE, "keys", "rotate", "--data", data], env=environ, capture_output=True, text=True, check=True
    )
    assert "Sealed" in finished.stdout
    assert filler(data, "check").count(": 3002") == 1
