"""``carwire app``: secrets that work on a running server at once, and stop at once."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server, basic, check_error

Run = Callable[..., subprocess.CompletedProcess[str]]
SECRET = re.compile(r"^[A-Za-z0-9_-]{43}$")
QUESTION = "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin"


def status(server: Server, client_id: str, secret: str) -> int:
    time.sleep(0.03)  # a started server looks every 20 ms whether another process has written
    answer = server.ask("GET", QUESTION, [basic(f"{client_id}:{secret}")])
    if answer.status != 200:
        check_error(server, answer, 401)
    return answer.status


def created(carwire: Run, *arguments: object) -> dict[str, Any]:
    done = carwire("app", "create", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_application_lives_from_create_to_delete(carwire: Run, server: Server) -> None:
    data = ("--data", server.folder)
    new = created(
        carwire,
        "Fleet \u00fc",
        "--redirect-uri",
        "https://a.example/cb",
        "--redirect-uri",
        "http://localhost:3000/cb",
        *data,
    )
    assert list(new) == [
        *("client_id", "client_secret", "application_management_token", "v3_client_id", "v3_client_secret"),
        *("name", "redirect_uris"),
    ]
    assert (new["name"], new["redirect_uris"]) == ("Fleet \u00fc", ["https://a.example/cb", "http://localhost:3000/cb"])
    client_id, first = new["client_id"], new["client_secret"]
    assert SECRET.match(first)
    assert SECRET.match(new["application_management_token"])
    assert first != new["application_management_token"]
    assert status(server, client_id, first) == 200
    assert status(server, client_id, new["application_management_token"]) == 401

    listed = json.loads(carwire("app", "list", "--json", *data).stdout)
    (row,) = [row for row in listed if row["client_id"] == client_id]
    assert list(row) == ["client_id", "name", "created_at", "redirect_uris"]
    assert (row["name"], row["redirect_uris"]) == (new["name"], new["redirect_uris"])
    made = datetime.fromisoformat(row["created_at"])
    assert timedelta(0) <= datetime.now(UTC) - made < timedelta(minutes=5)

    rotated = json.loads(carwire("app", "rotate-secret", client_id, "--json", *data).stdout)
    assert list(rotated) == ["client_id", "client_secret"]
    assert SECRET.match(rotated["client_secret"])
    assert status(server, client_id, first) == 401
    assert status(server, client_id, rotated["client_secret"]) == 200

    deleted = carwire("app", "delete", client_id, *data)
    assert (deleted.returncode, deleted.stdout) == (0, f"Deleted {client_id}.\n")
    assert status(server, client_id, rotated["client_secret"]) == 401
    assert client_id not in carwire("app", "list", *data).stdout
    assert status(server, server.client_id, server.client_secret) == 200


def test_secrets_are_shown_once_and_kept_as_digests_only(carwire: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = carwire("app", "create", "One", "--data", data)
    shown = dict(line.split(None, 1) for line in done.stdout.splitlines() if re.match(r"^[a-z_]+ +\S", line))
    assert set(shown) == {"client_id", "client_secret", "application_management_token", "name"}
    assert "not shown again" in done.stdout
    rotated = carwire("app", "rotate-secret", shown["client_id"], "--data", data)
    assert "not shown again" in rotated.stdout
    secrets = [shown["client_secret"], shown["application_management_token"], rotated.stdout.split()[3]]
    assert all(SECRET.match(secret) for secret in secrets)
    listed = carwire("app", "list", "--data", data).stdout + carwire("app", "list", "--json", "--data", data).stdout
    kept = b"".join(path.read_bytes() for path in data.iterdir())
    for secret in secrets:
        assert secret not in listed
        assert secret.encode() not in kept
    assert listed.startswith(f"{shown['client_id']}  ")
    assert (data / "pepper").stat().st_mode & 0o777 == 0o600
    assert not (data / "demo.json").exists()


def test_applications_are_listed_oldest_first(carwire: Run, tmp_path: Path) -> None:
    empty = carwire("app", "list", "--data", tmp_path / "data")
    assert (empty.returncode, empty.stdout) == (0, "No applications yet: carwire app create NAME\n")
    assert carwire("app", "list", "--json", "--data", tmp_path / "data").stdout == "[]\n"
    ids = [created(carwire, name, "--data", tmp_path / "data")["client_id"] for name in ("C", "A", "B", "A")]
    assert len(set(ids)) == 4
    lines = carwire("app", "list", "--data", tmp_path / "data").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ids
    assert [line.split("  ")[2] for line in lines] == ["C", "A", "B", "A"]


def test_the_data_folder_comes_from_the_environment_unless_given(carwire: Run, tmp_path: Path) -> None:
    new = json.loads(carwire("app", "create", "X", "--json", CARWIRE_DATA=str(tmp_path / "a")).stdout)
    assert new["client_id"] in carwire("app", "list", CARWIRE_DATA=str(tmp_path / "a")).stdout
    elsewhere = carwire("app", "list", "--data", tmp_path / "b", CARWIRE_DATA=str(tmp_path / "a"))
    assert elsewhere.stdout == "No applications yet: carwire app create NAME\n"


@pytest.mark.parametrize("verb", ["rotate-secret", "delete"])
@pytest.mark.parametrize(
    "client_id",
    ["", "nope", "0" * 36, "%", "_" * 36, "' OR '1'='1", "\u00fc", "a\nb", "x" * 5000, "\udcff"],
)
def test_an_unknown_client_id_is_one_line_and_changes_nothing(
    carwire: Run, tmp_path: Path, verb: str, client_id: str
) -> None:
    kept = created(carwire, "Kept", "--data", tmp_path / "data")["client_id"]
    done = carwire("app", verb, client_id, "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("carwire: client_id: no application has the client id ")
    assert len(line) < 200
    assert kept in carwire("app", "list", "--data", tmp_path / "data").stdout


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ([""], "name"),
        (["   "], "name"),
        (["a\nb"], "name"),
        (["a\x1b[31mb"], "name"),
        (["\u202eevil"], "name"),
        (["x" * 101], "name"),
        (["\udcff"], "name"),
        (["A", "--redirect-uri", ""], "redirect_uris"),
        (["A", "--redirect-uri", "/relative"], "redirect_uris"),
        (["A", "--redirect-uri", "http://a.example/cb"], "redirect_uris"),
        (["A", "--redirect-uri", "https://a.example/cb#x"], "redirect_uris"),
        (["A", "--redirect-uri", "javascript:alert(1)"], "redirect_uris"),
        (["A", "--redirect-uri", "https://a.example/a b"], "redirect_uris"),
        (["A", "--redirect-uri", "https:///cb"], "redirect_uris"),
        (["A", *(["--redirect-uri", "https://a.example/"] * 51)], "redirect_uris"),
    ],
)
def test_a_wrong_registration_is_one_line_and_registers_nothing(
    carwire: Run, tmp_path: Path, arguments: list[str], field: str
) -> None:
    done = carwire("app", "create", *arguments, "--data", tmp_path / "data")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"carwire: {field}: ")
    assert carwire("app", "list", "--json", "--data", tmp_path / "data").stdout == "[]\n"


def test_loopback_addresses_may_be_plain_http(carwire: Run, tmp_path: Path) -> None:
    uris = ["http://localhost:8000/x", "http://127.0.0.1/x", "http://[::1]:9/x"]
    options = [part for uri in [*uris, uris[0]] for part in ("--redirect-uri", uri)]
    assert created(carwire, " Name ", *options, "--data", tmp_path / "data")["redirect_uris"] == uris
    assert json.loads(carwire("app", "list", "--json", "--data", tmp_path / "data").stdout)[0]["name"] == "Name"


def token_status(server: Server, client_id: str, secret: str) -> int:
    form = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}"
    return server.ask("POST", "/oauth2/token", (), form.encode()).status


def test_secrets_for_v3_are_drawn_listed_and_ended(carwire: Run, server: Server) -> None:
    data = ("--data", server.folder)
    new = created(carwire, "With v3", *data)
    client_id, machine = new["client_id"], new["v3_client_id"]
    assert token_status(server, machine, new["v3_client_secret"]) == 200
    drawn = json.loads(carwire("app", "draw-v3-secret", client_id, "--overlap-hours", 1, "--json", *data).stdout)
    assert list(drawn) == ["secret_id", "v3_client_id", "v3_client_secret"]
    assert drawn["v3_client_id"] == machine
    for secret in (new["v3_client_secret"], drawn["v3_client_secret"]):
        assert token_status(server, machine, secret) == 200
    rows = json.loads(carwire("app", "list-v3-secrets", client_id, "--json", *data).stdout)
    assert [row["expires_at"] is None for row in rows] == [False, True]
    assert rows[1]["secret_id"] == drawn["secret_id"]
    assert new["v3_client_secret"] not in carwire("app", "list-v3-secrets", client_id, *data).stdout
    last = json.loads(carwire("app", "draw-v3-secret", client_id, "--overlap-hours", 0, "--json", *data).stdout)
    wanted = [(new, 401), (drawn, 401), (last, 200)]
    assert [token_status(server, machine, each["v3_client_secret"]) for each, _ in wanted] == [401, 401, 200]
    assert carwire("app", "delete-v3-secret", client_id, last["secret_id"], *data).returncode == 0
    assert token_status(server, machine, last["v3_client_secret"]) == 401
    assert "No secrets" in carwire("app", "list-v3-secrets", client_id, *data).stdout
    gone = carwire("app", "delete-v3-secret", client_id, last["secret_id"], *data)
    assert (gone.returncode, last["secret_id"] in gone.stderr) == (1, True)
