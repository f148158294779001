"""``carwire lookup``, ``carwire key`` and ``carwire usage``."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from carwire.cli import lookups

VIN = "5YJ3E1EAXJF000001"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_vins_are_looked_up_without_a_server(tmp_path: Path, carwire: Any) -> None:
    done = carwire("lookup", "vin", VIN, "--data", tmp_path / "data")
    assert done.stdout.splitlines()[0] == f"{VIN}  2018 Tesla Model 3  standard"
    done = carwire("lookup", "vin", VIN, "x", "--json", "--data", tmp_path / "data")
    assert (done.returncode, json.loads(done.stdout)["vehicle"]["model"]) == (1, "Model 3")
    assert "has 17 characters" in done.stderr
    assert carwire("lookup", "vin", VIN, "--region", "de", "--data", tmp_path / "data").returncode == 1


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_of_vins_is_looked_up(tmp_path: Path, carwire: Any, kind: str) -> None:
    source, out = tmp_path / "in.csv", tmp_path / f"out.{kind}"
    source.write_text(f"id;VIN\n1;{VIN}\n2;nonsense\n3;WVWZZZ1KZAW000123\n\n4;{VIN[:8]}1{VIN[9:]}\n")
    done = carwire("lookup", "batch", source, out, "--json", "--data", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    outcomes = {"standard": 1, "not a VIN": 1, "no match": 1, "reduced": 1}
    assert json.loads(done.stdout) == {"file": str(out), "vins": 4, "outcomes": outcomes}
    if kind == "csv":
        found = rows(out)
        assert [row["vin"][:4] for row in found] == ["5YJ3", "nons", "WVWZ", "5YJ3"]
        assert (found[0]["title"], found[0]["problem"], found[3]["rule"]) == ("2018 Tesla Model 3", "", "1")
        assert tuple(found[0]) == lookups.COLUMNS
    else:
        from pyarrow import parquet

        again = tmp_path / "again.csv"
        assert carwire("lookup", "batch", out, again, "--data", tmp_path / "data").returncode == 0
        assert parquet.read_table(out).num_rows == len(rows(again)) == 4
    assert not list(tmp_path.glob(".*draft*"))


def test_a_file_that_was_cut_off_goes_on(tmp_path: Path, carwire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "_PIECE", 10)
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("vin\n" + "".join(f"5YJ3E1EAXJF{n:06}\n" for n in range(95)))
    whole = tmp_path / "whole.csv"
    assert carwire("lookup", "batch", source, whole, "--data", tmp_path / "data").returncode == 0
    looked_up: list[str] = []
    row = lookups._row

    async def fails(service: Any, text: str, question: Any) -> Any:
        looked_up.append(text)
        if len(looked_up) == 46:
            raise KeyboardInterrupt
        return await row(service, text, question)

    monkeypatch.setattr(lookups, "_row", fails)
    assert carwire("lookup", "batch", source, out, "--data", tmp_path / "data").returncode == 130
    draft = tmp_path / ".out.csv.draft"
    draft.write_bytes(draft.read_bytes() + b"half a r")
    assert carwire("lookup", "batch", source, out, "--data", tmp_path / "data").returncode == 0
    assert len(looked_up) == 46 + 55
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("a,b\n", (), "no column that looks like VINs"),
        ("vin\n", ("--column", "x"), "no column 'x'"),
        ("\xff", (), "no column"),
        ("vin\n", ("--region", "de"), "no catalogue yet"),
        ("vin\n", ("--region", "xx"), "no region"),
    ],
)
def test_what_cannot_be_looked_up_is_one_line(
    tmp_path: Path, carwire: Any, text: str, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "in.csv").write_text(text)
    done = carwire(
        "lookup", "batch", tmp_path / "in.csv", tmp_path / "out.csv", *arguments, "--data", tmp_path / "data"
    )
    assert (done.returncode, message in done.stderr) == (1, True), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out.csv").exists()


def test_keys_are_made_listed_and_ended(tmp_path: Path, carwire: Any) -> None:
    data = ("--data", tmp_path / "data")
    client_id = json.loads(carwire("app", "create", "Shop", "--json", *data).stdout)["client_id"]
    made = carwire(
        "key", "create", client_id, "--name", "till", "--region", "us", "--rate", "5", "--max-quota", "9", *data
    )
    secret = made.stdout.split("api_key")[1].split()[0]
    assert secret.startswith("sec_")
    assert "not shown again" in made.stdout
    arguments = ("key", "create", client_id, "--public", "--origin", "https://shop.example", "--json")
    public = json.loads(carwire(*arguments, *data).stdout)
    assert public["api_key"].startswith("pub_")
    listed = carwire("key", "list", client_id, "--json", *data)
    assert secret not in listed.stdout
    keys = json.loads(listed.stdout)
    assert [(key["kind"], key["name"], key["max_quota"], key["origins"]) for key in keys] == [
        ("sec", "till", 9, []),
        ("pub", "", None, ["https://shop.example"]),
    ]
    assert carwire("key", "revoke", public["key_id"], *data).returncode == 0
    assert carwire("key", "revoke", public["key_id"], *data).returncode == 1
    assert "revoked" in carwire("key", "list", *data).stdout
    for wrong in (("nobody",), (client_id, "--public"), (client_id, "--region", "xx"), (client_id, "--rate", "0")):
        done = carwire("key", "create", *wrong, *data)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert carwire("usage", *data).stdout == "Nothing was asked in this time.\n"
    assert carwire("usage", "--format", "csv", "--by", "day,key", *data).stdout == "day,key,requests,billable\r\n"
    assert carwire("usage", "--by", "owner", *data).returncode == 1
    assert carwire("usage", "--days", "0", *data).returncode == 1
