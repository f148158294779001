"""``carwire sim``: commands compose through the world's file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from carwire.cli.simulator import seconds_of
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.core.errors import InvalidInput

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_list_shows_a_car_of_every_model_and_every_scenario(run_carwire: Run, tmp_path: Path) -> None:
    rows = json.loads(run_carwire("sim", "list", "--json").stdout)
    assert [row["car"] for row in rows] == list(car_range().models)
    shown = run_carwire("sim", "list").stdout
    assert all(model in shown for model in car_range().models)
    scenarios = json.loads(run_carwire("sim", "list", "--scenarios", "--json").stdout)
    assert [row["scenario"] for row in scenarios] == list(SCENARIOS)
    assert list(tmp_path.iterdir()) == []  # looking makes no file


def test_commands_compose(run_carwire: Run, tmp_path: Path) -> None:
    assert run_carwire("sim", "set", "tesla-3", "parked", "charge=0.2", "plug=ac").returncode == 0
    assert "06:30:00" in run_carwire("sim", "step", "30m").stdout
    shown = json.loads(run_carwire("sim", "show", "tesla-3", "charge-ischarging", "tractionbattery", "--json").stdout)
    answers = shown["answers"]
    assert answers["charge-ischarging"]["value"] is True
    assert 20 < answers["tractionbattery-stateofcharge"]["value"] < 30
    kept = json.loads((tmp_path / "carwire-data" / "simulator.json").read_bytes())
    assert [event["type"] for event in kept["events"]] == ["started", "adjusted", "adjusted"]
    again = run_carwire("sim", "show", "tesla-3", "charge-ischarging", "tractionbattery", "--json").stdout
    assert json.loads(again) == shown


def test_run_prints_what_changes(run_carwire: Run) -> None:
    run = ("sim", "run", "kia-ev6", "road_trip", "--duration", "1h", "--every", "20m")
    lines = run_carwire(*run).stdout.splitlines()
    assert len(lines) == 3
    assert "odometer-traveleddistance=" in lines[0]
    looks = [json.loads(line) for line in run_carwire(*run, "--json").stdout.splitlines()]
    assert [look["at"] for look in looks] == [f"2026-01-05T0{t}:00.000Z" for t in ("7:20", "7:40", "8:00")]
    assert all("vehicleidentification-vin" not in look["changed"] for look in looks)


def test_a_fault_is_set_shown_and_cleared(run_carwire: Run) -> None:
    script = run_carwire("sim", "fault", "kia-ev6", "asleep", "--on", "reads", "--after", "10m", "--lasting", "1h")
    assert json.loads(script.stdout)["kind"] == "VEHICLE_STATE:ASLEEP"
    assert "VEHICLE_STATE:ASLEEP" not in run_carwire("sim", "show", "kia-ev6", "odometer").stdout
    run_carwire("sim", "step", "10m")
    assert "VEHICLE_STATE:ASLEEP" in run_carwire("sim", "show", "kia-ev6", "odometer").stdout
    cleared = run_carwire("sim", "fault", "kia-ev6", "--clear")
    assert cleared.stdout == "Nothing goes wrong with this car.\n"


def test_reset_begins_a_new_world_and_another_seed_gives_other_cars(run_carwire: Run) -> None:
    first = run_carwire("sim", "list", "--json").stdout
    run_carwire("sim", "step", "1d")
    assert run_carwire("sim", "reset").returncode == 0
    assert run_carwire("sim", "list", "--json").stdout == first
    run_carwire("sim", "reset", "--seed", "2")
    assert run_carwire("sim", "list", "--json").stdout != first


@pytest.mark.parametrize(
    "wrong",
    [
        ("show", "batmobile"),
        ("show", "kia-ev6", "wings"),
        ("set", "kia-ev6"),
        ("set", "kia-ev6", "flying"),
        ("set", "kia-ev6", "parked", "wings=2"),
        ("step", "soon"),
        ("step", "9999999d"),
        ("run", "kia-ev6", "--every", "0"),
        ("fault", "kia-ev6", "ON_FIRE"),
        ("fault", "kia-ev6", "ASLEEP", "--signal", "wings"),
        ("fault", "kia-ev6", "--latency=-1"),
    ],
)
def test_a_slip_is_one_line_and_changes_nothing(run_carwire: Run, tmp_path: Path, wrong: tuple[str, ...]) -> None:
    done = run_carwire("sim", *wrong)
    assert done.returncode == 1
    assert done.stderr.startswith("carwire: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "carwire-data").exists()


@pytest.mark.parametrize("text", ["{", '{"seed": "x"}', '{"seed":1,"started_at":0,"time":0,"version":9}', "\xff"])
def test_a_file_that_is_no_world_is_named(run_carwire: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "simulator.json").write_text(text, encoding="latin-1")
    done = run_carwire("sim", "list", "--data", tmp_path)
    assert done.returncode == 1
    assert "simulator.json" in done.stderr


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), ("1d1h1m1s", 90_061), ("0", 0)],
)
def test_lengths_of_time_are_read(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "m", "1.5h", "-1", "1h-", "1m1h", "²"])
def test_other_texts_are_no_lengths_of_time(text: str) -> None:
    with pytest.raises(InvalidInput):
        seconds_of(text)
