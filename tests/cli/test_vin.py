"""``carwire vin`` as a shell runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.conftest import CARWIRE, Server, environment

Run = Callable[..., subprocess.CompletedProcess[str]]
MODEL_S = "5YJSA1E29LF403082"


def test_a_table_names_values_strengths_and_sources(carwire: Run) -> None:
    done = carwire("vin", MODEL_S)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("  ") for line in done.stdout.splitlines()]
    cells = {row[1].strip(): [cell.strip() for cell in row[2:] if cell.strip()] for row in rows if len(row) > 3}
    assert cells["maker code"] == ["5YJ", "exact", "ISO 3780"]
    assert cells["check digit"][0] == "9 (right)"
    assert cells["model"] == ["Model S", "pattern", "vPIC Pattern"]
    assert cells["model year"][0] == "2020"
    assert cells["powertrain"][0] == "BEV"
    assert "trim" in cells["not known"][0]


def test_json_is_what_the_server_answers(carwire: Run, server: Server) -> None:
    texts = MODEL_S, "wvwzzze1zmp012345", "5YJ", "1HGCM82633A004353", "1FT*W1E54NFA00123", " 5yj3-e1ea0 "
    done = carwire("vin", "--json", *texts)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    asked = [server.get("/v1/vins/" + text.replace(" ", "%20")).json() for text in texts]
    assert lines == asked
    assert lines[0]["decoded"]["model"]["value"] == "Model S"
    assert lines[1]["world"]["makes"] == ["VOLKSWAGEN"]


def test_a_wrong_check_digit_is_shown_with_the_right_one(carwire: Run) -> None:
    done = carwire("vin", "1M8GDM9A1KP042788")
    assert done.returncode == 0
    assert "1 (wrong, computed X)" in done.stdout


def test_a_car_of_another_market_is_told_with_what_cannot_be_known(carwire: Run) -> None:
    done = carwire("vin", "WVWZZZE1ZMP012345")
    assert done.returncode == 0
    assert "VOLKSWAGEN" in done.stdout
    assert "Germany" in done.stdout
    assert done.stdout.count("not known") >= 2


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_an_unusable_text_is_told_and_the_others_are_answered(carwire: Run, flags: tuple[str, ...]) -> None:
    done = carwire("vin", *flags, "5YJ!", MODEL_S, "", "1FTFW1E54NFA001234")
    assert done.returncode == 1
    if flags:
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [list(line)[:2] for line in lines] == [
            *([["input", "problem"], ["vin", "structure"]]),
            *([["input", "problem"]] * 2),
        ]
        assert lines[0] == {
            "input": "5YJ!",
            "problem": {"field": "vin", "message": "position 4 is '!', which no VIN contains"},
        }
        assert done.stderr == ""
    else:
        assert "Model S" in done.stdout
        assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [
            "'5YJ!'",
            "''",
            "'1FTFW1E54NFA001234'",
        ]


def test_vins_are_read_from_standard_input(run_carwire: Run) -> None:
    stdin = "".join(f"5YJ3E1EA0KF{n:06}\r\n" for n in range(1000)) + f"\n\n  {MODEL_S}  \n5YJ"
    done = run_carwire("vin", "1FT", "-", "WVW", "--json", stdin=stdin)
    assert (done.returncode, done.stderr) == (0, "")
    found = [json.loads(line)["vin"] for line in done.stdout.splitlines()]
    assert found == ["1FT", *(f"5YJ3E1EA0KF{n:06}" for n in range(1000)), MODEL_S, "5YJ", "WVW"]


def test_nothing_on_standard_input_is_nothing(carwire: Run) -> None:
    done = carwire("vin", "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("flags", [["--json"], []])
def test_a_reader_that_has_seen_enough_ends_it_quietly(flags: list[str]) -> None:
    vins = b"".join(b"5YJ3E1EA0KF%06d\n" % n for n in range(3000))
    with subprocess.Popen(
        [str(CARWIRE), "vin", "-", *flags],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(vins[:51])
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        try:
            process.stdin.write(vins)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_without_a_vin_it_says_what_to_give(carwire: Run) -> None:
    done = carwire("vin")
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert done.stderr == "carwire: give at least one VIN, or - to read them from standard input\n"


def test_without_a_vin_it_is_a_wrong_call(carwire: Run) -> None:
    assert carwire("vin").returncode == 2


def test_an_unknown_option_is_no_vin(carwire: Run) -> None:
    assert carwire("vin", "--jsn", MODEL_S).returncode == 2


def test_bytes_that_are_no_text_are_refused_in_json_too(run_carwire: Run) -> None:
    done = run_carwire("vin", "5YJ\udcff", "1FT", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert [json.loads(line).get("vin") for line in done.stdout.splitlines()] == [None, "1FT"]


def test_bytes_that_are_no_text_are_refused(carwire: Run) -> None:
    done = carwire("vin", "5YJ\udcff")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "'5YJ\\udcff': position 4 is '\\udcff', which no VIN contains\n"


@pytest.mark.parametrize("arguments", [("nonsense",), ("up", "--port", "x"), ("app", "delete"), ("compatibility",)])
def test_a_wrong_call_is_status_2(run_carwire: Run, arguments: tuple[str, ...]) -> None:
    done = run_carwire(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_the_command_line_alone_loads_no_framework() -> None:
    code = "import sys, carwire.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert "carwire.cli" in loaded
    assert not loaded & {"litestar", "sqlalchemy", "ultravin", "pyarrow", "uvicorn"}


def test_help_names_every_verb(carwire: Run) -> None:
    done = carwire("--help")
    assert done.returncode == 0
    for verb in ("app", "compatibility", "up", "vin", "--version"):
        assert verb in done.stdout
    for arguments in (
        ("vin",),
        ("compatibility",),
        ("up",),
        ("app",),
        *(("app", v) for v in ("create", "list", "delete")),
    ):
        shown = carwire(*arguments, "--help")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "Usage: carwire" in shown.stdout


def test_the_version_is_the_packages(run_carwire: Run) -> None:
    from carwire import __version__

    assert run_carwire("--version").stdout.strip() == __version__
