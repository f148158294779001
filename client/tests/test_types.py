"""What type checkers see of the SDK in a program of somebody else: the types, and the mistakes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
SOURCES: Final = HERE.parent / "src"
MISTAKES: Final = """
from receiver import Shared
from carwire_client import Client, signals
from carwire_client.receiving import unwrap
from carwire_client.receiving.flask import webhook_blueprint
from carwire_client.receiving.starlette import webhook_route

def wrong(client: Client) -> None:
    vehicle = client.vehicle("id", "token")
    vehicle.set_charge_limit("0.8")  # wrong
    vehicle.odometer(1)  # wrong
    vehicle.send_destination(1.0)  # wrong
    print(vehicle.odometer().speed)  # wrong
    client.vehicle("id", "token", units="metric")  # wrong
    client.vehicle("id", "token", unit_system="nautical")  # wrong
    client.get_user()  # wrong
    client.get_compatibility_matrix("MARS")  # wrong
    Client(timeout=5)  # wrong
    unwrap("text", {}, management_token="amt")  # wrong
    unwrap(b"", {}, "amt")  # wrong
    webhook_blueprint("/hooks", print, management_token="amt", seen=Shared())  # wrong
    webhook_route("/hooks", print, token="amt")  # wrong
    car = client.v3.vehicle("id", "owner")
    print(car.signal(signals.ODOMETER_TRAVELEDDISTANCE).value + 1)  # wrong
    print(car.signal(signals.ODOMETER_TRAVELEDDISTANCE).value_or_raise().upper())  # wrong
    print(car.signal(signals.WHEEL_TIRES).value_or_raise().pressure)  # wrong
"""
WRONG: Final = {("mistakes.py", n) for n, line in enumerate(MISTAKES.splitlines(), 1) if line.endswith("# wrong")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that uses the SDK: two programs that are right, one that is not."""
    shutil.copy(HERE / "typed_program.py", tmp_path / "program.py")
    shutil.copy(HERE / "typed_receiver.py", tmp_path / "receiver.py")
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    return tmp_path


def test_mypy_sees_the_types_and_nothing_but_the_mistakes(folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", "."]
    done = subprocess.run(
        command, env={"MYPYPATH": str(SOURCES), "PATH": ""}, cwd=folder, capture_output=True, text=True, check=False
    )
    found = {(name, int(line)) for name, line in re.findall(r"^(\w+\.py):(\d+): error", done.stdout, re.MULTILINE)}
    assert found == WRONG, done.stdout + done.stderr


def test_pyright_sees_the_types_and_nothing_but_the_mistakes(folder: Path) -> None:
    settings = {"include": ["*.py"], "extraPaths": [str(SOURCES)], "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = [each for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    found = {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in errors}
    assert found == WRONG, done.stdout
