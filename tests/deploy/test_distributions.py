"""Both distributions as somebody gets them: built, installed in an empty environment, used."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.conftest import environment, started

import carwire
import carwire_client

ROOT = Path(__file__).parents[2]
USE = """
import asyncio, sys
import carwire_client
from carwire_client import AsyncClient, Client

client = Client()
ids = [vehicle.id for vehicle in client.v3.iter_connections(mode="simulated")]

async def count():
    async with AsyncClient() as awaited:
        return len([each async for each in awaited.v3.iter_connections(mode="simulated")])

assert len(ids) == asyncio.run(count()) == 6
print(carwire_client.__version__)
"""


def uv(*words: object) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "uv"), *map(str, words)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels by the distribution's name, each built from its source distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    uv("build", "--quiet", "--out-dir", folder, ROOT)
    uv("build", "--quiet", "--out-dir", folder, ROOT / "client")
    return {path.name.partition("-")[0]: path for path in folder.glob("*.whl")}


@pytest.fixture(scope="module")
def place(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the two and what they name, nothing else."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    uv("venv", "--quiet", "--python", sys.executable, folder)
    uv("pip", "install", "--quiet", "--python", folder / "bin" / "python", *wheels.values())
    return folder / "bin"


@pytest.mark.parametrize(("name", "module"), [("carwire", carwire), ("carwire_client", carwire_client)])
def test_a_wheel_holds_every_file_of_its_packages_its_licence_and_one_version(
    wheels: dict[str, Path], name: str, module: object
) -> None:
    source = ROOT if name == "carwire" else ROOT / "client"
    version = getattr(module, "__version__")  # noqa: B009  # both modules have it
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    with zipfile.ZipFile(wheels[name]) as wheel:
        told = wheel.read(f"{name}-{version}.dist-info/METADATA").decode()
        held = set(wheel.namelist())
    listed = subprocess.run(["git", "ls-files", "src"], cwd=source, capture_output=True, text=True, check=True)
    assert {line.removeprefix("src/") for line in listed.stdout.splitlines()} <= held
    assert {f"{name}-{version}.dist-info/licenses/{each}" for each in ("LICENSE", "NOTICE")} <= held
    assert [each for each in held if each.startswith(("tests", "docs", "client"))] == []
    assert f"\nVersion: {version}\n" in told
    assert "\nLicense-Expression: Apache-2.0\n" in told
    assert f"\n## {version} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_what_is_installed_is_used_without_the_project(place: Path, tmp_path: Path) -> None:
    with started(tmp_path / "data", program=place / "carwire") as server:
        keys = {f"CARWIRE_{name}": server.demo[name.lower()] for name in ("V3_CLIENT_ID", "V3_CLIENT_SECRET")}
        env = environment(CARWIRE_ORIGIN=server.base_url, **keys)
        assert run(place / "python", "-Ic", USE, cwd=tmp_path, env=env) == carwire_client.__version__
        assert server.ask("GET", "/demo").status == 200  # pages are carried
    assert run(place / "carwire", "--version", cwd=tmp_path) == carwire.__version__
    assert "Model S" in run(place / "carwire", "vin", "5YJSA1E29LF403082", cwd=tmp_path)
    assert run(place / "carwire", "register", "formats", cwd=tmp_path).startswith("dk-dmr")
    backup = tmp_path / "backup"
    run(place / "carwire", "backup", str(backup), "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert zipfile.is_zipfile(backup)


def test_the_sdk_comes_alone(wheels: dict[str, Path], tmp_path: Path) -> None:
    uv("venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, wheels["carwire_client"])
    told = run(python, "-Ic", "import carwire_client, importlib.util as u; print(u.find_spec('carwire'))", cwd=tmp_path)
    assert told == "None"


def run(program: Path, *words: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    command = [str(program), *words]
    done = subprocess.run(
        command, cwd=cwd, env=env or environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
