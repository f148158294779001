"""``carwire backup`` and ``carwire restore``: a drill on both databases, in every direction, and spoilt files."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import CARWIRE, basic, environment, started
from tests.postgres import cluster, empty_database

__all__ = ["cluster", "empty_database"]
Run = Callable[..., str]


def run(*arguments: str | Path, **settings: str) -> str:
    return ended(0, arguments, settings).stdout


def ended(status: int, arguments: tuple[str | Path, ...], settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [CARWIRE, *arguments], env=environment(**settings), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == status, done.stderr
    return done


def refused(*arguments: str | Path, **settings: str) -> str:
    said = ended(1, arguments, settings).stderr
    assert said.startswith("carwire: ")
    assert said.count("\n") == 1
    return said


def sums(file: Path) -> dict[str, object]:
    with zipfile.ZipFile(file) as archive:
        tables: dict[str, object] = json.loads(archive.read("manifest.json"))["tables"]
    return tables


def settled(folder: Path, other: Path) -> Path:
    """Return a data folder with the keys and the pepper of another one, and nothing else."""
    other.mkdir(mode=0o700)
    for name in ("keys", "pepper"):
        shutil.copy(folder / name, other / name)
    return other


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A data folder that a demo has filled, and a backup that was made while its server ran."""
    folder = tmp_path_factory.mktemp("used") / "data"
    file = folder.parent / "first.carwire"
    with started(folder) as server:
        server.get("/v2/vehicles/vins/5YJXCDE22HF068739?region=us", [(b"apikey", server.demo["api_key"].encode())])
        run("webhook", "create", server.client_id, "Doors", "http://127.0.0.1:9/hook", "--data", folder)
        run("backup", file, "--data", folder)
    yield folder, file


def test_what_was_backed_up_comes_back_to_the_row_on_either_database(
    used: tuple[Path, Path], tmp_path: Path, empty_database: str
) -> None:
    folder, file = used
    assert file.stat().st_mode & 0o077 == 0
    assert len([name for name, told in sums(file).items() if told["rows"]]) > 12  # type: ignore[index]
    there: tuple[Path, dict[str, str]] = (settled(folder, tmp_path / "1"), {"CARWIRE_DATABASE": empty_database})
    places = [(settled(folder, tmp_path / "0"), {}), there, (settled(folder, tmp_path / "2"), {})]
    for number, (place, settings) in enumerate(places):  # SQLite to SQLite, to PostgreSQL, and back
        assert "every row was read again" in run("restore", file, "--data", place, **settings)
        again = tmp_path / f"again-{number}"
        run("backup", again, "--data", place, **settings)
        assert sums(again) == sums(file)
        file = again


def test_a_server_goes_on_where_the_backup_was_made(used: tuple[Path, Path], tmp_path: Path) -> None:
    folder, file = used
    place = settled(folder, tmp_path / "data")
    run("restore", file, "--data", place)
    shutil.copy(folder / "demo.json", place)
    before = json.loads((folder / "demo.json").read_bytes())
    with started(place) as server:
        assert (server.client_id, server.client_secret) == (before["client_id"], before["client_secret"])
        shown = basic(f"default:{before['application_management_token']}")
        connected = server.ask("GET", "/v2.0/management/connections", [shown])
        assert len(connected.json()["connections"]) > 5


def test_no_secret_is_in_a_backup(used: tuple[Path, Path]) -> None:
    folder, file = used
    demo = json.loads((folder / "demo.json").read_bytes())
    secrets = [str(value) for name, value in demo.items() if "secret" in name or "token" in name or name == "api_key"]
    secrets += [line.partition(":")[2] for line in (folder / "keys").read_text().split()]
    secrets.append((folder / "pepper").read_text())
    with zipfile.ZipFile(file) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert len(secrets) >= 5
    assert [secret for secret in secrets if secret.encode() in text] == []


def test_only_an_empty_database_is_filled_and_only_with_its_keys(used: tuple[Path, Path], tmp_path: Path) -> None:
    folder, file = used
    assert "the database is in use" in refused("restore", file, "--data", folder)
    assert "pepper" in refused("restore", file, "--data", tmp_path / "fresh")
    assert "is there already" in refused("backup", file, "--data", folder)
    assert "there is no database" in refused("backup", tmp_path / "x", "--data", tmp_path)
    place = settled(folder, tmp_path / "data")
    (place / "keys").write_text(f"other:{'1' * 64}\n")
    assert "not among the keys" in refused("restore", file, "--data", place)


@pytest.mark.parametrize("how", ["cut", "changed", "less", "no zip", "no table", "no rows", "no revision"])
def test_a_spoilt_backup_stores_nothing(used: tuple[Path, Path], tmp_path: Path, how: str) -> None:
    folder, file = used
    spoilt = tmp_path / "spoilt"
    if how == "cut":
        spoilt.write_bytes(file.read_bytes()[:-2000])
    elif how == "no zip":
        spoilt.write_text("{}")
    else:
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(spoilt, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if how == "no revision" and name == "manifest.json":
                    data = data.replace(b'"revision": "00', b'"revision": "/0')
                if how == "no table" and name == "rows/cars.jsonl":
                    continue
                if how == "no rows" and name == "rows/cars.jsonl":
                    data += b"{"
                elif how in {"changed", "less"} and name == "rows/cars.jsonl":
                    data = (
                        data.replace(b"simulator", b"simulater")
                        if how == "changed"
                        else data[: data.rindex(b"\n", 0, -1)]
                    )
                new.writestr(name, data)
    place = settled(folder, tmp_path / "data")
    said = refused("restore", spoilt, "--data", place)
    assert "spoilt" in said
    run("restore", file, "--data", place)  # nothing is in the way


@pytest.mark.parametrize(
    "url", ["mysql://u:sesame@h/d", "postgresql://u:sesame@127.0.0.1:9/d", "postgresql://u:sesame@h:x/d"]
)
@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_a_database_that_cannot_be_asked_is_a_line_without_its_password(
    used: tuple[Path, Path], tmp_path: Path, verb: str, url: str
) -> None:
    folder, file = used
    place = settled(folder, tmp_path / "data")
    said = refused(verb, file if verb == "restore" else tmp_path / "new", "--data", place, CARWIRE_DATABASE=url)
    assert "sesame" not in said
