"""``carwire sim``: commands compose, through the world's file or the server that has it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

import msgspec
import pytest
from tests.conftest import check_error, started

from carwire.cli.running import remove_running, write_running
from carwire.cli.simulator import seconds_of
from carwire.connectors.simulator.desk import Desk
from carwire.connectors.simulator.keeper import Keeper
from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.connectors.simulator.world import World
from carwire.connectors.simulator.worldfile import FILE, STATE_FILE
from carwire.core.errors import InvalidInput
from carwire.core.simulation import MAX_PAGE
from carwire.http.call import Answer, Call, Route
from carwire.http.v1.simulator import SimulatorHandlers, routes
from carwire.kit.secrets import Secret
from carwire.wire.v2 import errors as wire

Run = Callable[..., subprocess.CompletedProcess[str]]
KEY = Secret("the-key-of-this-server")


class Handler(BaseHTTPRequestHandler):
    """Serves the routes of the simulator to whoever shows the key, and counts."""

    routes: tuple[Route, ...] = ()
    world: ClassVar[World]
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        path, _, query = self.path.partition("?")
        self.asked.append(f"{self.command} {self.path}")
        if self.headers["authorization"] != f"Bearer {KEY.reveal()}":
            self.answer(401, msgspec.json.encode(wire.error_body(wire.AUTHENTICATION, request_id="", base_url="")))
            return
        for route in self.routes:
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path), path)
            if found and route.method == self.command:
                parameters = {name: unquote(value) for name, value in found.groupdict().items()}
                self.run(route, Call({"query_string": query.encode(), "headers": []}, parameters, body))
                return
        self.answer(404, b"<html>")

    do_POST = do_DELETE = do_GET  # noqa: N815  # the names http.server looks for

    def run(self, route: Route, call: Call) -> None:
        async def answered() -> Answer:
            return await route.handler(call)

        try:
            self.answer(200, asyncio.run(answered()).body)
        except InvalidInput as error:
            body = wire.error_body(wire.VALIDATION, request_id="", base_url="", fields=error.fields)
            self.answer(400, msgspec.json.encode(body))

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """A data folder on which a server runs, with a stepped clock."""
    folder = tmp_path / "served"
    folder.mkdir()
    keeper = Keeper(folder, "stepped", lambda: datetime.now(UTC))
    Handler.routes = routes(SimulatorHandlers(Desk.of(keeper, lambda: datetime.now(UTC))), for_applications=True)
    Handler.world = keeper.world
    Handler.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        write_running(folder, f"http://127.0.0.1:{server.server_port}", KEY)
        yield folder
        remove_running(folder, KEY)
        server.shutdown()
        thread.join()


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
        ("fault", "kia-ev6", "--latency=1000000"),
        ("set", "kia-ev6", "parked", "road_trip"),
        ("command", "kia-ev6", "fly"),
        ("command", "kia-ev6", "charge-set-limit"),
        ("command", "kia-ev6", "charge-set-limit", "percent=much"),
        ("command", "kia-ev6", "charge-set-limit", "80"),
        ("command", "batmobile", "charge-start"),
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


# --- with a server

NIGHTS = ("schedule_id=12", "kind=weekly", "latitude=39.7", "longitude=-105")
WINDOWS = 'windows=[{"days": ["MONDAY"], "start": "22:00", "stop": "06:00"}]'
TOGETHER: tuple[tuple[str, ...], ...] = (
    ("list", "--json"),
    ("list",),
    ("set", "tesla-3", "parked", "charge=0.3", "plug=ac"),
    ("step", "30m"),
    ("show", "tesla-3", "charge", "tractionbattery"),
    ("show", "tesla-3", "--json"),
    ("command", "tesla-3", "charge-stop"),
    ("command", "tesla-3", "charge-stop"),
    ("command", "tesla-3", "charge-set-limit", "percent=90"),
    ("command", "tesla-3", "charge-set-schedule", "type=START_TIME", "enable=true", "time=07:00"),
    ("command", "tesla-3", "charge-schedule-create", *NIGHTS, WINDOWS),
    ("show", "tesla-3", "charge-chargetimers"),
    ("command", "tesla-3", "charge-schedule-delete", "schedule_id=12"),
    ("command", "tesla-3", "charge-schedule-delete", "schedule_id=12"),
    ("command", "tesla-3", "charge-schedule-create", *NIGHTS, "windows=nightly"),
    ("command", "tesla-3", "charge-schedule-create", *NIGHTS, 'windows={"days": []}'),
    ("command", "tesla-3", "charge-schedule-create", *NIGHTS, "windows=[1]"),
    ("command", "kia-ev6", "charge-schedule-create", *NIGHTS, WINDOWS),
    ("command", "tesla-3", "pin-set", "pin=1234", "--json"),
    ("command", "simulated-bare", "security-lock", "--json"),
    (
        "fault",
        "kia-ev6",
        "asleep",
        "--on",
        "reads",
        "--after",
        "10m",
        "--lasting",
        "1h",
        "--signal",
        "closure-islocked",
    ),
    ("fault", "kia-ev6"),
    ("fault", "kia-ev6", "--clear", "--half", "answer_lost"),
    ("run", "kia-ev6", "road_trip", "--duration", "45m", "--every", "20m"),
    ("run", "ford-mache", "--duration", "20m", "--json"),
    ("fault", "kia-ev6", "--clear"),
    ("set", "kia-ev6", "parked", "wings=2"),
    ("set", "kia-ev6"),
    ("show", "batmobile"),
    ("show", ""),
    ("show", "a/b"),
    ("show", "kia-ev6", "wings"),
    ("step", "9999999d"),
    ("command", "kia-ev6", "fly"),
    ("command", "kia-ev6", "charge-set-limit", "percent=much"),
    ("reset", "--seed", "2"),
    ("list", "--json"),
)


def test_every_verb_says_the_same_with_and_without_a_server(carwire: Run, served: Path, tmp_path: Path) -> None:
    for verb in TOGETHER:
        alone = carwire("sim", *verb, "--data", tmp_path / "alone")
        together = carwire("sim", *verb, "--data", served)
        assert (together.returncode, together.stdout, together.stderr) == (alone.returncode, alone.stdout, alone.stderr)
        assert "Traceback" not in together.stderr
    assert len(Handler.asked) > 2 * len(TOGETHER)
    assert not (served / FILE).exists()
    assert KEY.reveal() not in " ".join(Handler.asked)


def test_the_list_follows_the_pages_of_a_server(carwire: Run, served: Path) -> None:
    models = list(car_range().models.values())
    for n in range(MAX_PAGE):
        Handler.world.come(car_range().vin_of(models[n % 9], n), models[n % 9].id)
    rows = json.loads(carwire("sim", "list", "--json", "--data", served).stdout)
    assert [row["vin"] for row in rows] == Handler.world.vins()
    assert len([asked for asked in Handler.asked if "/cars?" in asked]) == 2


def test_a_command_that_is_not_done_gives_status_1_and_the_reason(carwire: Run) -> None:
    carwire("sim", "set", "tesla-3", "parked", "door_front_left=open")
    refused = carwire("sim", "command", "tesla-3", "security-lock")
    assert (refused.returncode, refused.stdout) == (1, "refused, VEHICLE_STATE:DOOR_OPEN: A door is open.\n")
    unlocked = carwire("sim", "command", "tesla-3", "security-unlock")
    assert (unlocked.returncode, unlocked.stdout) == (0, "done\n")
    shown = json.loads(carwire("sim", "show", "tesla-3", "closure-islocked", "--json").stdout)
    assert shown["answers"]["closure-islocked"]["value"] is False


def test_a_charge_schedule_is_given_with_its_windows_as_json(carwire: Run) -> None:
    made = carwire("sim", "command", "tesla-3", "charge-schedule-create", *NIGHTS, WINDOWS)
    assert (made.returncode, made.stdout) == (0, "done\n")
    shown = json.loads(carwire("sim", "show", "tesla-3", "charge-chargetimers", "--json").stdout)
    (timer,) = shown["answers"]["charge-chargetimers"]["value"]["values"]
    assert timer["scheduleId"] == "12"
    assert timer["schedules"] == [{"start": "22:00:00", "end": "06:00:00", "days": ["MONDAY"]}]
    slip = carwire("sim", "command", "tesla-3", "charge-schedule-create", *NIGHTS, "windows=22:00-06:00")
    assert (slip.returncode, slip.stderr[:18]) == (1, "carwire: windows: ")


def test_a_server_that_is_gone_leaves_its_world_to_the_command_line(carwire: Run, tmp_path: Path) -> None:
    now = datetime(2026, 1, 6, tzinfo=UTC)
    keeper = Keeper(tmp_path, "stepped", lambda: now)
    Desk.of(keeper, lambda: now).step(3600)
    keeper.keep_now()
    write_running(tmp_path, "http://127.0.0.1:9", KEY)  # the port of the discard service: nobody is there
    assert "08:00:00" in carwire("sim", "step", "1h", "--data", tmp_path).stdout
    carwire("sim", "set", "tesla-3", "parked", "--data", tmp_path)
    again = Keeper(tmp_path, "stepped", lambda: now)
    assert again.world.now == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert again.world.car(again.world.find("tesla-3")).scenario == "parked"
    assert not (tmp_path / FILE).exists()
    assert (tmp_path / STATE_FILE).exists()


def test_a_real_world_stays_real_on_the_command_line(carwire: Run, tmp_path: Path) -> None:
    Keeper(tmp_path, "real", lambda: datetime.now(UTC)).keep_now()
    before = datetime.now(UTC)
    carwire("sim", "step", "1h", "--data", tmp_path)
    after = Desk.of(Keeper(tmp_path, None, lambda: datetime.now(UTC)), lambda: datetime.now(UTC)).state()
    assert (after.clock, after.speed) == ("real", 1)
    assert 3590 < (after.now - before).total_seconds() < 3700


def test_a_started_server_is_found_by_its_folder_and_leaves_its_world(run_carwire: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with started(folder, CARWIRE_SIMULATOR_CLOCK="stepped") as server:
        assert server.ask("GET", "/v1/simulator").status == 401
        assert server.get("/v1/simulator").json()["now"] == "2026-01-05T06:00:00Z"
        done = run_carwire("sim", "set", "tesla-3", "parked", "charge=0.3", "--data", folder)
        assert done.returncode == 0, done.stderr
        run_carwire("sim", "step", "90s", "--data", folder)
        found = server.get("/v1/simulator/cars/tesla-3?codes=tractionbattery-stateofcharge").json()
        assert (found["now"], found["car"]["battery"]) == ("2026-01-05T06:01:30Z", pytest.approx(0.3, abs=0.01))
        refused = server.post("/v1/simulator/cars/tesla-3", {"settings": {"charge": 2}})
        check_error(server, refused, 400, "charge")
        slip = run_carwire("sim", "set", "tesla-3", "charge=2", "--data", folder)
        assert (slip.returncode, slip.stderr[:17]) == (1, "carwire: charge: ")
        assert (folder / "running.json").stat().st_mode & 0o777 == 0o600
    assert not (folder / "running.json").exists()
    assert "06:01:30" in run_carwire("sim", "show", "tesla-3", "odometer", "--data", folder).stdout
