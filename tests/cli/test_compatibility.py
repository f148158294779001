"""``carwire compatibility``: one VIN explained, files of VINs judged."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server

from carwire.core.permissions import CONTROL, READ

Run = Callable[..., subprocess.CompletedProcess[str]]
MODEL_S = "5YJSA1E29LF403082"
OLD = "WBAKE5C58DJ107700"
FERRARI = "ZFF79ALB000012345"
FACTS = ["vin", "compatible", "reason", "make", "model", "model_year", "powertrain", "problem"]
VINS = [MODEL_S, OLD, "5YJ", MODEL_S.lower(), FERRARI, ""]
SCOPE = ("--scope", "read_odometer read_fuel")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_rows(rows: list[dict[str, str]]) -> None:
    """The answers for `VINS` with `SCOPE`, as a CSV holds them."""
    assert [list(row) for row in rows] == [[*FACTS, "read_odometer", "read_fuel"]] * len(VINS)
    assert [row["vin"] for row in rows] == [MODEL_S, OLD, "5YJ", MODEL_S, FERRARI, ""]
    assert [row["compatible"] for row in rows] == ["true", "false", "", "true", "false", ""]
    reasons = ["", "VEHICLE_NOT_COMPATIBLE", "", "", "MAKE_NOT_COMPATIBLE", ""]
    assert [row["reason"] for row in rows] == reasons
    assert [row["read_odometer"] for row in rows] == ["true", "", "", "true", "", ""]
    assert [row["read_fuel"] for row in rows] == ["false", "", "", "false", "", ""]
    assert (rows[0]["make"], rows[0]["model"], rows[0]["model_year"], rows[0]["powertrain"]) == (
        *("TESLA", "Model S"),
        *("2020", "BEV"),
    )
    assert [row["problem"] for row in rows] == [
        *("", "", "must have 17 characters, has 3"),
        *("", "", "must have 17 characters, has 0"),
    ]


def test_one_vin_is_explained(carwire: Run) -> None:
    done = carwire("compatibility", MODEL_S, *SCOPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{MODEL_S} in US: compatible\n")
    assert "2020 TESLA Model S BEV" in done.stdout
    assert "SMARTCAR_NOT_CAPABLE" in done.stdout
    assert "would change it:" in done.stdout
    refused = carwire("compatibility", OLD)
    assert refused.returncode == 0
    assert refused.stdout.startswith(f"{OLD} in US: VEHICLE_NOT_COMPATIBLE\n")


def test_json_is_what_the_server_answers(carwire: Run, server: Server) -> None:
    for vin, country in ((MODEL_S, "DE"), (OLD, "us"), (FERRARI, "CA"), (MODEL_S, "JP"), ("0SC00000000000000", "US")):
        done = carwire("compatibility", vin, "--country", country, "--json", *SCOPE)
        assert (done.returncode, done.stderr) == (0, "")
        query = f"country={country}&scope={SCOPE[1].replace(' ', '+')}"
        assert json.loads(done.stdout) == server.get(f"/v1/compatibility/{vin}?{query}").json()


def test_all_permissions_are_explained_when_none_is_named(carwire: Run) -> None:
    found = json.loads(carwire("compatibility", MODEL_S, "--json").stdout)
    assert [c["permission"] for c in found["capabilities"]] == [*READ, *CONTROL]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["5YJ"], "vin"),
        ([MODEL_S + "1"], "vin"),
        (["5YJSA1E29LF40308O"], "vin"),
        ([""], "vin"),
        (["5YJSA1E29LF40308\udcff"], "vin"),
        ([MODEL_S, "--scope", "read_all"], "scope"),
        ([MODEL_S, "--scope", ""], "scope"),
        ([MODEL_S, "--country", "XX"], "country"),
        ([MODEL_S, "--country", "Germany"], "country"),
        (["nothere.csv"], "file"),
        (["nothere.PARQUET"], "file"),
    ],
)
def test_what_cannot_be_used_is_one_line(carwire: Run, arguments: list[str], field: str) -> None:
    done = carwire("compatibility", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"carwire: {field}: ")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_csv_is_judged_row_by_row(carwire: Run, tmp_path: Path, delimiter: str, encoding: str, newline: str) -> None:
    header = delimiter.join(("Fahrgestell", "plate", "note"))
    lines = [delimiter.join((f" {vin} ", f"A {n}", f'"{delimiter} ""quoted"" \u00fc"')) for n, vin in enumerate(VINS)]
    text = newline.join((header, *lines[:3], "", *lines[3:], ""))
    (tmp_path / "fleet.csv").write_bytes(text.encode(encoding))
    done = carwire("compatibility", "fleet.csv", "--column", "Fahrgestell", *SCOPE)
    assert (done.returncode, done.stderr) == (0, "")
    check_rows(rows_of(tmp_path / "fleet.compatibility.csv"))
    summary = [line.split() for line in done.stdout.splitlines()]
    assert summary[0] == ["6", "VINs", "judged", "for", "US,", "written", "to", "fleet.compatibility.csv"]
    assert {row[0]: int(row[-2]) for row in summary[1:] if row[-1].endswith("%")} == {
        "compatible": 2,
        "VEHICLE_NOT_COMPATIBLE": 1,
        "MAKE_NOT_COMPATIBLE": 1,
        "not": 2,
    }
    assert ["read_odometer", "2", "capable"] in summary
    assert ["read_fuel", "0", "capable"] in summary


def test_json_sums_a_file_up(carwire: Run, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text("vin\n" + "\n".join(VINS[:-1]) + "\n")
    done = carwire("compatibility", "fleet.csv", "--json", *SCOPE, "--out", "answers.csv")
    assert json.loads(done.stdout) == {
        "file": "answers.csv",
        "vins": 5,
        "outcomes": {"compatible": 2, "VEHICLE_NOT_COMPATIBLE": 1, "MAKE_NOT_COMPATIBLE": 1, "not a VIN": 1},
        "capable": {"read_odometer": 2, "read_fuel": 0},
    }
    assert len(rows_of(tmp_path / "answers.csv")) == 5


def test_the_country_decides(carwire: Run, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text("vin\n7FCTGAAA7PN000123\n")
    outcomes = {
        country: json.loads(carwire("compatibility", "fleet.csv", "--country", country, "--json").stdout)["outcomes"]
        for country in ("US", "de", "JP")
    }
    unsupported = {"MAKE_NOT_COMPATIBLE": 1}
    assert outcomes == {"US": {"compatible": 1}, "de": unsupported, "JP": unsupported}


def test_more_than_one_piece_is_judged_in_order(carwire: Run, tmp_path: Path) -> None:
    vins = [f"5YJ3E1EA0KF{n:06}" if n % 7 else f"short{n}" for n in range(20_011)]
    (tmp_path / "many.csv").write_text("vin\n" + "\n".join(vins))
    summary = json.loads(carwire("compatibility", "many.csv", "--json", "--scope", "read_vin").stdout)
    assert summary["vins"] == 20_011
    assert summary["outcomes"] == {"compatible": 17_152, "not a VIN": 2859}
    assert [row["vin"] for row in rows_of(tmp_path / "many.compatibility.csv")] == vins


@pytest.mark.parametrize(
    "name", ["vin", "VIN", "Vin Number", "VIN_NUMBER", "vehicle identification number", "Chassis-Number"]
)
def test_the_column_is_found_by_its_name(carwire: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "fleet.csv").write_text(f'id,"{name}"\n1,{MODEL_S}\n')
    done = carwire("compatibility", "fleet.csv", "--json")
    assert json.loads(done.stdout)["outcomes"] == {"compatible": 1}


def test_a_column_can_be_named(carwire: Run, tmp_path: Path) -> None:
    (tmp_path / "fleet.tsv").write_text(f"vin\tFahrgestell\nx\t{MODEL_S}\n\nonly one\n")
    done = carwire("compatibility", "fleet.tsv", "--column", "Fahrgestell", "--json")
    assert json.loads(done.stdout)["outcomes"] == {"compatible": 1, "not a VIN": 1}
    assert (tmp_path / "fleet.compatibility.csv").is_file()


def parquet(path: Path, columns: dict[str, list[Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet as pq

    pq.write_table(pa.table(columns), path)


def test_parquet_goes_in_and_comes_out(carwire: Run, tmp_path: Path) -> None:
    from pyarrow import parquet as pq

    parquet(tmp_path / "fleet.parquet", {"plate": ["x"] * 7, "Vin": [*VINS, None]})
    done = carwire("compatibility", "fleet.parquet", *SCOPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("7 VINs judged for US, written to fleet.compatibility.parquet\n")
    table = pq.read_table(tmp_path / "fleet.compatibility.parquet")
    assert {name: str(kind) for name, kind in zip(table.schema.names, table.schema.types, strict=True)} == {
        **dict.fromkeys(FACTS, "string"),
        **{"compatible": "bool", "model_year": "int16", "read_odometer": "bool", "read_fuel": "bool"},
    }
    found = table.to_pydict()
    assert found["vin"] == [MODEL_S, OLD, "5YJ", MODEL_S, FERRARI, "", ""]
    assert found["compatible"] == [True, False, None, True, False, None, None]
    assert found["read_odometer"] == [True, None, None, True, None, None, None]
    assert found["read_fuel"] == [False, None, None, False, None, None, None]
    assert found["model_year"][:2] == [2020, 2013]


def test_the_ending_of_the_output_decides_its_form(carwire: Run, tmp_path: Path) -> None:
    parquet(tmp_path / "fleet.parquet", {"vin": VINS})
    assert carwire("compatibility", "fleet.parquet", *SCOPE, "--out", "a.csv").returncode == 0
    check_rows(rows_of(tmp_path / "a.csv"))
    assert carwire("compatibility", "a.csv", *SCOPE, "--out", "b.parquet").returncode == 0
    assert carwire("compatibility", "b.parquet", *SCOPE, "--out", "c.csv").returncode == 0
    assert [r["compatible"] for r in rows_of(tmp_path / "c.csv")] == [
        r["compatible"] for r in rows_of(tmp_path / "a.csv")
    ]


@pytest.mark.parametrize(
    ("name", "content", "arguments", "said"),
    [
        ("a.csv", b"name,plate\nx,y\n", [], "carwire: column: a.csv has no column that looks like VINs"),
        (
            "a.csv",
            b"name,plate\nx,y\n",
            ["--column", "vin"],
            "carwire: column: a.csv has no column 'vin'; it has: name, plate",
        ),
        ("a.csv", b"", [], "carwire: column: a.csv has no column that looks like VINs"),
        ("a.csv", b"vin\n5YJ\xff\n", [], "carwire: file: a.csv is no CSV in UTF-8"),
        ("a.csv", "vin\n5YJ\n".encode("utf-16"), [], "carwire: file: a.csv is no CSV in UTF-8"),
        ("a.csv", b'vin\n"' + b"5" * 200_000 + b'"\n', [], "carwire: file: a.csv is no CSV in UTF-8"),
        ("a.parquet", b"PAR1 nonsense", [], "carwire: file: a.parquet is no Parquet file"),
        ("a.parquet", b"", [], "carwire: file: a.parquet is no Parquet file"),
        ("a.csv", b"vin\n5YJ\n", ["--out", "b.txt"], "carwire: out: b.txt must end in .csv or .parquet"),
        ("a.csv", b"vin\n5YJ\n", ["--country", "XX"], "carwire: country: 'XX'"),
        ("a.csv", b"vin\n5YJ\n", ["--scope", "x y"], "carwire: scope: Not a permission: 'x', 'y'"),
    ],
)
def test_an_unusable_file_or_option_is_one_line(
    carwire: Run, tmp_path: Path, *, name: str, content: bytes, arguments: list[str], said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = carwire("compatibility", name, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(said)


def test_a_table_of_any_ending_is_read_and_answered_as_csv(carwire: Run, tmp_path: Path) -> None:
    (tmp_path / "fleet.txt").write_text("vin\n" + "\n".join(VINS[:-1]) + "\n")
    done = carwire("compatibility", "fleet.txt", "--json", *SCOPE)
    assert json.loads(done.stdout)["file"] == "fleet.compatibility.csv"
    assert len(rows_of(tmp_path / "fleet.compatibility.csv")) == 5


def test_a_file_without_rows_is_judged_too(carwire: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("vin\n")
    done = carwire("compatibility", "a.csv", "--json", *SCOPE)
    assert json.loads(done.stdout)["vins"] == 0
    assert (tmp_path / "a.compatibility.csv").read_text().count("\n") == 1
    assert carwire("compatibility", "a.csv").stdout.startswith("0 VINs judged")


def test_the_input_is_never_written_over(carwire: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"vin\n{MODEL_S}\n")
    done = carwire("compatibility", "a.csv", "--out", "a.csv")
    assert done.returncode == 1
    assert (tmp_path / "a.csv").read_text() == f"vin\n{MODEL_S}\n"


def test_a_refused_file_leaves_an_earlier_answer_alone(carwire: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("plate\nx\n")
    (tmp_path / "a.compatibility.csv").write_text("earlier\n")
    assert carwire("compatibility", "a.csv").returncode == 1
    assert (tmp_path / "a.compatibility.csv").read_text() == "earlier\n"


@pytest.mark.parametrize("out", ["nowhere/a.csv", "folder.csv", "/proc/a.csv", "nowhere/a.parquet"])
def test_an_output_that_cannot_be_written_is_one_line(carwire: Run, tmp_path: Path, out: str) -> None:
    (tmp_path / "a.csv").write_text(f"vin\n{MODEL_S}\n")
    (tmp_path / "folder.csv").mkdir()
    done = carwire("compatibility", "a.csv", "--out", out)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("carwire: out: ")
