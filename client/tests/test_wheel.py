"""The wheel, alone in an empty environment: it installs, is small, works, and shows type checkers its types."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import pytest
from client.tests.conftest import Place

HERE: Final = Path(__file__).parent
MOST: Final = 15 * 1024 * 1024
UV: Final = Path(sys.executable).with_name("uv")
OFFLINE: Final = ("error sending request", "failed to fetch", "dns error", "failed to lookup", "connection refused")
IMPORT: Final = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"
PROGRAM: Final = """
import sys
import carwire_client, carwire_client.smartcar as smartcar
url, vehicle_id, token = sys.argv[1:]
with carwire_client.Client(url) as client:
    ours = client.vehicle(vehicle_id, token).odometer().distance
print(ours == smartcar.Vehicle(vehicle_id, token).odometer().distance, carwire_client.__file__)
"""
USER: Final = """
from typing import Any, assert_type

import carwire_client.smartcar as smartcar
from carwire_client.smartcar.types import Access, Odometer

def program(client: smartcar.AuthClient) -> None:
    access = client.exchange_code("code")
    assert_type(access, Access)
    vehicle = smartcar.Vehicle(smartcar.get_vehicles(access.access_token, paging={"limit": 1}).vehicles[0], "token")
    assert_type(vehicle.odometer(), Odometer)
    assert_type(vehicle.odometer().distance, float)
    assert_type(vehicle.batch(["/odometer"]), Any)
    try:
        vehicle.set_charge_limit(limit=0.8)
    except smartcar.SmartcarException as error:
        print(error.retry_after)
    vehicle.unlock(1)  # wrong
    print(vehicle.fuel().litres)  # wrong
"""


def uv(*arguments: str | Path) -> None:
    """Run uv. Without an index there is nothing to test; in CI there has to be one."""
    if not UV.is_file():
        pytest.fail(f"{UV} is missing: `make setup` installs it")
    environ = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    command = [str(part) for part in (UV, *arguments)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        if os.environ.get("CI") != "true" and any(word in done.stderr.lower() for word in OFFLINE):
            pytest.skip(f"no package index can be reached: {done.stderr[-300:]}")
        pytest.fail(done.stderr)


def output(python: Path | str, *arguments: str, cwd: Path) -> str:
    """Run an interpreter that sees nothing but its own packages."""
    environ = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [str(python), "-I", *arguments], env=environ, cwd=cwd, capture_output=True, text=True, timeout=120, check=True
    ).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in `dist`, and an environment in `alone` that has it and what it needs."""
    found = tmp_path_factory.mktemp("wheel")
    shutil.copytree(HERE.parent, found / "client", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    uv("build", "--quiet", "--wheel", found / "client", "--out-dir", found / "dist")
    (wheel,) = (found / "dist").glob("*.whl")
    uv("venv", "--quiet", "--no-project", "--python", sys.executable, found / "alone")
    before = size(found / "alone")
    uv("pip", "install", "--quiet", "--python", found / "alone/bin/python", wheel)
    (found / "added").write_text(str(size(found / "alone") - before))
    return found


def size(environment: Path) -> int:
    """Bytes in an environment's packages."""
    (packages,) = environment.glob("lib/python*/site-packages")
    return sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())


@pytest.fixture
def alone(folder: Path) -> Path:
    """The environment's interpreter."""
    return folder / "alone/bin/python"


def test_it_is_small_with_everything_it_needs(folder: Path) -> None:
    added = int((folder / "added").read_text())
    print(f"{added / 1024 / 1024:.1f} MiB")
    assert 0 < added <= MOST


def test_it_works_alone(place: Place, folder: Path, alone: Path) -> None:
    car = place.connect("wheel@example.com", "TESLA")
    token = car.tokens.access_token.reveal()
    environ = f"import os; os.environ['CARWIRE_ORIGIN'] = {place.url!r}\n"
    said = output(alone, "-c", environ + PROGRAM, place.url, car.vehicle_id, token, cwd=folder)
    assert said.split()[0] == "True"
    assert Path(said.split()[1]).is_relative_to(folder / "alone")
    with pytest.raises(subprocess.CalledProcessError):
        output(alone, "-c", "import carwire", cwd=folder)


def test_how_long_its_import_takes_beside_that_of_the_official_package(folder: Path, alone: Path) -> None:
    """Reported, not judged: a busy machine would."""
    pairs: Sequence[tuple[Path | str, str]] = ((alone, "carwire_client"), (sys.executable, "smartcar"))
    taken: dict[str, list[float]] = {module: [] for _, module in pairs}
    for _ in range(6):
        for python, module in pairs:
            taken[module].append(float(output(python, "-c", IMPORT.format(module), cwd=folder)))
    ours, theirs = (median(taken[module][1:]) * 1000 for _, module in pairs)  # the first writes what is compiled
    print(f"import: {ours:.0f} ms against {theirs:.0f} ms, {ours / theirs:.2f} times as long")
    assert ours > 0


def test_mypy_sees_the_types_of_what_is_installed(folder: Path, alone: Path) -> None:
    program = folder / "user"
    program.mkdir()
    (program / "user.py").write_text(USER)
    shutil.copy(HERE / "typed_program.py", program)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", "--python-executable"]
    done = subprocess.run(
        [*command, str(alone), "."], env={"PATH": ""}, cwd=program, capture_output=True, text=True, check=False
    )
    wrong = [f"user.py:{n}" for n, line in enumerate(USER.splitlines(), 1) if line.endswith("# wrong")]
    errors = [line.partition(": error")[0] for line in done.stdout.splitlines() if ": error" in line]
    assert errors == wrong, done.stdout


def test_pyright_sees_the_types_of_what_is_installed(folder: Path, alone: Path) -> None:
    program = folder / "pyright"
    program.mkdir()
    (program / "user.py").write_text(USER)
    (program / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", str(alone), "-p", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = [each for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]
    wrong = {n for n, line in enumerate(USER.splitlines()) if line.endswith("# wrong")}
    assert {each["range"]["start"]["line"] for each in errors} == wrong, done.stdout
