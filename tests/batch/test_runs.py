"""Files of VINs: what is read and written, and that a run that was killed goes on to the very same output."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import CARWIRE

pa = pytest.importorskip("pyarrow")

from pyarrow import parquet as pq  # noqa: E402

from carwire.batch.arrow import Plan, decode  # noqa: E402
from carwire.batch.runs import run  # noqa: E402
from carwire.core.errors import InvalidInput  # noqa: E402
from carwire.core.vin.structure import compute_check_digit  # noqa: E402

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PLAN = Plan(now=NOW, columns=("make", "model_year", "error_codes", "suggested_vin"))
ACCORD, MODEL_3 = "1HGCM82633A004352", "5YJ3E1EA0KF000123"


def vins(n: int) -> list[str]:
    made = [f"{('1HGCM826_3A', '5YJ3E1EA_KF', '1FTFW1E5_NF')[k % 3]}{k:06d}" for k in range(n)]
    return [f"{vin[:8]}{compute_check_digit(vin.replace('_', '0'))}{vin[9:]}" for vin in made]


def write_csv(path: Path, texts: list[str], name: str = "vin") -> Path:
    path.write_text(f"{name},note\n" + "".join(f"{text},{k}\n" for k, text in enumerate(texts)), encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("source", [".csv", ".parquet"])
@pytest.mark.parametrize("target", [".csv", ".parquet"])
@pytest.mark.parametrize("part", [100, 1000, 1_000_000])
def test_rows_keep_their_order_whatever_the_parts(tmp_path: Path, source: str, target: str, part: int) -> None:
    texts = vins(2500)
    table = pa.table({"vin": texts, "note": [str(k) for k in range(2500)]})
    path = write_csv(tmp_path / "in.csv", texts)
    if source == ".parquet":
        path = tmp_path / "in.parquet"
        pq.write_table(table, path, row_group_size=700)
    out = tmp_path / f"out{target}"
    told: list[int] = []
    done = run(path, out, PLAN, part=part, advance=told.append)
    assert (done.rows, done.kept, sum(told)) == (2500, 0, 2500)
    wanted = decode(table, columns=PLAN.columns, now=NOW, texts="plain").to_pylist()
    found = pq.read_table(out).to_pylist() if target == ".parquet" else rows(out)
    if target == ".csv":
        wanted = [{n: "" if v is None else str(v) for n, v in row.items()} for row in wanted]
    assert found == wanted
    assert left(tmp_path) == []


@pytest.mark.parametrize("target", [".csv", ".parquet"])
def test_a_file_without_rows_gives_one_without_rows(tmp_path: Path, target: str) -> None:
    out = tmp_path / f"out{target}"
    assert run(write_csv(tmp_path / "in.csv", []), out, PLAN).rows == 0
    if target == ".csv":
        assert out.read_text() == '"vin","note","make","model_year","error_codes","suggested_vin"\n'
    else:
        assert pq.read_table(out).num_rows == 0


def test_separators_marks_quotes_and_packed_files_are_read(tmp_path: Path) -> None:
    text = f'\ufeff"Name";"VIN"\r\n"a;\n""b""";{ACCORD}\r\n;{MODEL_3.lower()}\r\n'
    path = tmp_path / "in.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    run(path, tmp_path / "out.csv", PLAN)
    assert [(row["Name"], row["VIN"], row["make"]) for row in rows(tmp_path / "out.csv")] == [
        ('a;\n"b"', ACCORD, "HONDA"),
        ("", MODEL_3.lower(), "TESLA"),
    ]


def test_a_run_goes_on_after_the_last_whole_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_csv(tmp_path / "in.csv", vins(3000))
    whole = tmp_path / "whole.parquet"
    run(source, whole, PLAN, part=500)
    out = tmp_path / "out.parquet"
    told: list[int] = []

    def cut(count: int) -> None:
        told.append(count)
        if sum(told) > 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, out, PLAN, part=500, advance=cut)
    assert not out.exists()
    assert left(tmp_path) == [".out.parquet.parts"]
    later = Plan(now=datetime(2030, 1, 1, tzinfo=UTC), columns=PLAN.columns)
    done = run(source, out, later, part=500)
    assert (done.rows, done.kept) == (3000, 1000)
    assert out.read_bytes() == whole.read_bytes()
    assert left(tmp_path) == []


@pytest.mark.parametrize("change", ["source", "columns", "part"])
def test_parts_of_another_question_are_not_used(tmp_path: Path, change: str) -> None:
    source = write_csv(tmp_path / "in.csv", vins(1000))
    out = tmp_path / "out.csv"

    def cut(count: int) -> None:
        if count and (tmp_path / ".out.csv.parts" / "000000000000500.csv").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(source, out, PLAN, part=500, advance=cut)
    if change == "source":
        write_csv(source, vins(1100))
    plan = Plan(now=NOW, columns=("model",)) if change == "columns" else PLAN
    done = run(source, out, plan, part=400 if change == "part" else 500)
    assert done.kept == 0
    assert len(rows(out)) == done.rows == (1100 if change == "source" else 1000)


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", vins(10))

    def again(_count: int) -> None:
        with pytest.raises(InvalidInput, match="another run"):
            run(source, tmp_path / "out.csv", PLAN)

    assert run(source, tmp_path / "out.csv", PLAN, advance=again).rows == 10


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "no column that looks like VINs"),
        (b"vin,vin\n1,2\n", "two columns of one name"),
        (b"vin\n\xff\xfe\n", "UTF-8"),
        (b"vin,a\n1HGCM82633A004352,1\n1HGCM82633A004352\n", "CSV"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_written(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=said) as caught:
        run(path, tmp_path / "out.csv", PLAN)
    assert "1HGCM82633A004352" not in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("source", "out", "part", "said"),
    [
        ("no.csv", "out.csv", 1, "is no file"),
        ("in.csv", "out.txt", 1, "must end in"),
        ("in.csv", "in.csv", 1, "is the file that is read"),
        ("in.csv", "out.csv", 0, "at least 1"),
        ("in.csv", "no/out.csv", 1, "cannot be written"),
        ("in.parquet", "out.csv", 1, "no Parquet"),
    ],
)
def test_a_call_that_cannot_be_is_refused(tmp_path: Path, source: str, out: str, part: int, said: str) -> None:
    write_csv(tmp_path / "in.csv", vins(3))
    write_csv(tmp_path / "in.parquet", vins(3))
    with pytest.raises(InvalidInput, match=said):
        run(tmp_path / source, tmp_path / out, PLAN, part=part)
    assert left(tmp_path) == []


@pytest.mark.parametrize("target", [".csv", ".parquet"])
def test_killed_it_goes_on_to_the_same_output(tmp_path: Path, target: str) -> None:
    source = write_csv(tmp_path / "in.csv", vins(120_000))
    out, whole = tmp_path / f"out{target}", tmp_path / f"whole{target}"
    command = [str(CARWIRE), "vin", "batch", str(source)]
    options = ["--columns", "vpic", "--part", "5000", "--json"]
    process = subprocess.Popen([*command, str(out), *options], stdout=subprocess.DEVNULL)
    parts = tmp_path / f".out{target}.parts"
    deadline = time.monotonic() + 120
    while len(list(parts.glob(f"0*{target}"))) < 3 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert not out.exists()

    def told(target: Path) -> Any:
        done = subprocess.run([*command, str(target), *options], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    resumed = told(out)
    assert resumed["vins"] == 120_000
    assert resumed["kept"] >= 15_000
    assert told(whole)["kept"] == 0
    if target == ".csv":
        assert out.read_bytes() == whole.read_bytes()
    else:
        assert out.read_bytes() == whole.read_bytes()
    assert left(tmp_path) == []


def test_the_command_line_says_what_it_did(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [ACCORD, MODEL_3, "junk!"], name="Vin Number")
    arguments = ["--columns", "make,problem", "--keep", "note", "--prefix", "x_"]
    out = tmp_path / "out.csv"
    command = [str(CARWIRE), "vin", "batch", str(source), str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 VINs decoded, in ")
    assert rows(out) == [
        {"note": "0", "x_make": "HONDA", "x_problem": ""},
        {"note": "1", "x_make": "TESLA", "x_problem": ""},
        {"note": "2", "x_make": "", "x_problem": "position 5 is '!', which no VIN contains"},
    ]
    refused = subprocess.run([*command[:5], "--columns", "colour"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "'colour' is no column" in refused.stderr


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None; from carwire.cli import main;"
        f"sys.argv = ['carwire', 'vin', 'batch', 'a.csv', {str(tmp_path / 'b.csv')!r}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "carwire[batch]" in done.stderr
