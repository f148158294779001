"""``carwire up``: how a server starts, what it keeps, why it refuses to start, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.conftest import CARWIRE, Server, basic, environment, parse, started, until

from carwire.core.signals.catalogue import signals
from carwire.demo import REDIRECT_URIS

Run = Callable[..., subprocess.CompletedProcess[str]]
QUESTION = "/v2.0/compatibility?vin=5YJXCDE22HF068739&scope=read_vin"


def test_the_demo_is_printed_and_kept_for_its_owner_alone(server: Server) -> None:
    path = server.folder / "demo.json"
    assert path.stat().st_mode & 0o777 == 0o600
    demo = json.loads(path.read_bytes())
    assert list(demo) == [
        *("base_url", "client_id", "client_secret", "application_management_token", "redirect_uris"),
        *("v3_client_id", "v3_client_secret", "user_id", "api_key"),
    ]
    assert (server.folder / "demo.env").stat().st_mode & 0o777 == 0o600
    assert f"\nexport V3_CLIENT_SECRET={demo['v3_client_secret']}\n" in (server.folder / "demo.env").read_text()
    assert demo["redirect_uris"] == [*REDIRECT_URIS, f"{demo['base_url']}/demo/callback"]
    assert server.base_url == f"http://127.0.0.1:{server.address[1]}"
    printed = (server.folder / "stdout").read_text()
    assert printed.startswith(f"Carwire answers at {server.base_url}")
    for value in (*REDIRECT_URIS, *(text for text in demo.values() if isinstance(text, str))):
        assert value in printed
    assert len(commands(printed)) == 4


def commands(printed: str) -> list[str]:
    """The commands that need no token."""
    return [line.strip() for line in printed.splitlines() if line.startswith("  curl") and "TOKEN" not in line]


def test_the_demo_owner_s_cars_are_of_every_powertrain_and_tell_every_signal(server: Server) -> None:
    demo = server.demo
    form = "grant_type=client_credentials&client_id={v3_client_id}&client_secret={v3_client_secret}".format(**demo)
    token = server.ask("POST", "/oauth2/token", (), form.encode()).json()["access_token"]
    headers = [(b"authorization", b"Bearer " + token.encode()), (b"sc-user-id", demo["user_id"].encode())]
    target = f"/v3/connections?filter%5Bvehicle.mode%5D=simulated&filter%5BuserId%5D={demo['user_id']}"
    cars = server.ask("GET", target, headers).json()["data"]
    powertrains = {car["attributes"]["vehicle"]["powertrainType"] for car in cars}
    assert powertrains == {"BEV", "PHEV", "HEV", "ICE", "FCEV"}
    told = set()
    for car in cars:
        vehicle_id = car["relationships"]["vehicle"]["data"]["id"]
        for code in signals():
            answer = server.ask("GET", f"/v3/vehicles/{vehicle_id}/signals/{code}", headers).json()["data"]
            if answer["attributes"]["status"]["value"] == "SUCCESS":
                told.add(code)
    assert told == set(signals())


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_four_printed_commands_work_as_they_stand(server: Server) -> None:
    printed = (server.folder / "stdout").read_text()
    for command in commands(printed):
        done = subprocess.run(
            ["sh", "-c", f"{command} -sS --fail"], capture_output=True, text=True, timeout=20, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)


def test_a_second_start_keeps_the_demo_and_its_secret(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        pass
    with started(tmp_path / "data") as second:
        assert second.get(QUESTION).status == 200
        assert second.demo["user_id"]
    own = {"base_url": second.base_url, "redirect_uris": [*REDIRECT_URIS, f"{second.base_url}/demo/callback"]}
    assert {**first.demo, **own} == second.demo, "on another port its demo page is somewhere else"
    listed = environment(CARWIRE_DATA=str(tmp_path / "data"))
    done = subprocess.run([CARWIRE, "app", "list", "--json"], env=listed, capture_output=True, timeout=30, check=True)
    assert [row["name"] for row in json.loads(done.stdout)] == ["Carwire demo"]


def test_a_demo_the_database_no_longer_knows_is_made_anew(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        pass
    for path in (tmp_path / "data").glob("carwire.sqlite3*"):
        path.unlink()
    with started(tmp_path / "data") as second:
        assert second.get(QUESTION).status == 200
        assert second.ask("GET", QUESTION, [basic(f"{first.client_id}:{first.client_secret}")]).status == 401
    assert first.demo["client_id"] != second.demo["client_id"]


def test_without_demo_no_credentials_are_made(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(
            [CARWIRE, "up", "--port", "0", "--data", tmp_path / "data"], env=environment(), stdout=out, stderr=err
        )
        until(lambda: (tmp_path / "out").read_text().endswith("\n") or process.poll() is not None)
        until((tmp_path / "data" / "worker.lock").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    printed = (tmp_path / "out").read_text()
    assert printed.startswith("Carwire answers at http://127.0.0.1:")
    assert printed.count("\n") == 1
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        *("carwire.sqlite3", "keys", "pepper", "simulator-state.json", "simulator.lock", "worker.lock")
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_end_it_with_status_0_and_running_requests_are_answered(
    tmp_path: Path, number: signal.Signals
) -> None:
    vins = json.dumps({"vins": [f"5YJ3E1EA0KF{n:06}" for n in range(1000)]}).encode()
    with started(tmp_path / "data") as server, socket.create_connection(server.address, timeout=20) as connection:
        head = b"POST /v1/vins HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n%b: %b\r\n\r\n"
        connection.sendall(head % (len(vins), *server.basic) + vins[:-1])
        assert server.ask("GET", "/ready").status == 200
        connection.sendall(vins[-1:])
        server.process.send_signal(number)
        received = b""
        while piece := connection.recv(1 << 16):
            received += piece
        assert server.process.wait(20) == 0
    answer = parse(received)
    assert answer.status == 200
    assert len(answer.json()["results"]) == 1000
    assert server.log.count("Carwire has stopped.") == 1
    assert "Traceback" not in server.log


def test_an_idle_connection_does_not_hold_it_up(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server, socket.create_connection(server.address, timeout=20) as idle:
        idle.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        received = b""
        while not received.endswith(b"}"):
            received += idle.recv(1 << 16)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(9) == 0  # less than the time requests are given
        assert idle.recv(1) == b""


def test_settings_are_taken_from_the_environment(tmp_path: Path) -> None:
    pepper = "ab" * 32
    settings = {
        "CARWIRE_BASE_URL": "https://cars.example",
        "CARWIRE_COMPATIBILITY_US_ONLY": "true",
        "CARWIRE_PEPPER": pepper,
        "CARWIRE_LOG_LEVEL": "",
    }
    data = tmp_path / "data"
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        port = free_port()
        process = subprocess.Popen(
            [CARWIRE, "up", "--demo", "--port", str(port)],
            env=environment(CARWIRE_DATA=str(data), CARWIRE_PORT="1", **settings),
            stdout=out,
            stderr=err,
        )
        until(lambda: "Start page" in (tmp_path / "out").read_text() or process.poll() is not None)
        demo = json.loads((data / "demo.json").read_bytes())
        server = Server(f"http://127.0.0.1:{port}", tmp_path, demo, process, demo["client_id"], demo["client_secret"])
        abroad = server.get(f"{QUESTION}&country=DE").json()
        refused = server.ask("GET", QUESTION).json()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert demo["base_url"] == "https://cars.example"
    assert refused["docURL"].startswith("https://cars.example/docs/errors/api-errors/")
    assert abroad == {"compatible": True, "reason": None, "capabilities": []}
    assert not (data / "pepper").exists()
    assert pepper not in (tmp_path / "err").read_text()


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv6_address_is_listened_on_and_named_in_brackets(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--host", "::1") as server:
        assert server.base_url == f"http://[::1]:{server.address[1]}"


def refused(carwire: Run, *arguments: object, **settings: str) -> str:
    """Start a server that has to refuse; return its one line."""
    done = carwire("up", "--demo", *arguments, **settings)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("carwire: ")
    return line.removeprefix("carwire: ")


def test_a_taken_port_is_one_line(carwire: Run, server: Server, tmp_path: Path) -> None:
    host, port = server.address
    line = refused(carwire, "--port", port, "--data", tmp_path / "data")
    assert line == f"the address {host}:{port} is already in use by another program"
    assert not (tmp_path / "data").exists()


def test_a_refusal_of_a_process_is_one_line_too(run_carwire: Run, server: Server) -> None:
    assert refused(run_carwire, "--port", server.address[1]).endswith("is already in use by another program")
    assert refused(run_carwire, CARWIRE_PORT="http") == "CARWIRE_PORT cannot be 'http': Expected `int`, got `str`"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"CARWIRE_PORT": "x"}, "CARWIRE_PORT cannot be 'x'"),
        ({"CARWIRE_PORT": "70000"}, "CARWIRE_PORT cannot be '70000'"),
        ({"CARWIRE_PORT": "-1"}, "CARWIRE_PORT cannot be '-1'"),
        ({"CARWIRE_PORT": "80.5"}, "CARWIRE_PORT cannot be '80.5'"),
        ({"CARWIRE_LOG_LEVEL": "loud"}, "CARWIRE_LOG_LEVEL cannot be 'loud'"),
        ({"CARWIRE_LOG_LEVEL": "INFO"}, "CARWIRE_LOG_LEVEL cannot be 'INFO'"),
        ({"CARWIRE_BASE_URL": "cars.example"}, "CARWIRE_BASE_URL cannot be 'cars.example'"),
        ({"CARWIRE_BASE_URL": "https://cars.example/"}, "CARWIRE_BASE_URL cannot be"),
        ({"CARWIRE_BASE_URL": "https://cars.example/x"}, "CARWIRE_BASE_URL cannot be"),
        ({"CARWIRE_WEBHOOK_NETWORKS": "home"}, "CARWIRE_WEBHOOK_NETWORKS cannot be 'home': 'home' does not appear"),
        (
            {"CARWIRE_WEBHOOK_NETWORKS": "10.0.0.1/8"},
            "CARWIRE_WEBHOOK_NETWORKS cannot be '10.0.0.1/8': 10.0.0.1/8 has ",
        ),
        ({"CARWIRE_COMPATIBILITY_US_ONLY": "maybe"}, "CARWIRE_COMPATIBILITY_US_ONLY cannot be 'maybe'"),
        ({"CARWIRE_HOST": "no.such.host.invalid"}, "the address no.such.host.invalid:8000 cannot be used: "),
        ({"CARWIRE_HOST": "192.0.2.1"}, "the address 192.0.2.1:8000 cannot be used: "),
    ],
)
def test_a_wrong_setting_is_named(carwire: Run, settings: dict[str, str], named: str) -> None:
    assert refused(carwire, **settings).startswith(named)


@pytest.mark.parametrize("pepper", ["abc", "x" * 64, "ab" * 31, "ab" * 32 + "a"])
def test_a_wrong_pepper_is_named_and_not_shown(carwire: Run, pepper: str) -> None:
    line = refused(carwire, CARWIRE_PEPPER=pepper)
    assert line.startswith("CARWIRE_PEPPER cannot be ")
    assert pepper not in line


def _folder_is_a_file(data: Path) -> None:
    data.write_text("")


def _damaged_database(data: Path) -> None:
    data.mkdir()
    (data / "carwire.sqlite3").write_bytes(os.urandom(20_000))


def _foreign_database(data: Path) -> None:
    import sqlite3

    data.mkdir()
    with closing(sqlite3.connect(data / "carwire.sqlite3")) as connection, connection:
        connection.execute("CREATE TABLE cars (vin TEXT)")


def _database_is_a_folder(data: Path) -> None:
    (data / "carwire.sqlite3").mkdir(parents=True)


def _pepper_no_hex(data: Path) -> None:
    data.mkdir()
    (data / "pepper").write_text("pepper")


def _pepper_is_a_folder(data: Path) -> None:
    (data / "pepper").mkdir(parents=True)


def _demo_cut(data: Path) -> None:
    data.mkdir()
    (data / "demo.json").write_text('{"base_url":')


def _demo_wrong(data: Path) -> None:
    data.mkdir()
    (data / "demo.json").write_text('{"base_url":1}')


def _demo_no_text(data: Path) -> None:
    data.mkdir()
    (data / "demo.json").write_bytes(b'{"base_url":"\xff"}')


def _demo_is_a_folder(data: Path) -> None:
    (data / "demo.json").mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_folder_is_a_file, "the data folder {data} cannot be made: File exists"),
        (_damaged_database, "the database {data}/carwire.sqlite3 is damaged or no SQLite file: "),
        (_foreign_database, "{data}/carwire.sqlite3 is a database, but not one of Carwire's"),
        (_database_is_a_folder, "the database {data}/carwire.sqlite3 cannot be opened or written: "),
        (_pepper_no_hex, "the server's pepper {data}/pepper cannot be read or written: "),
        (_pepper_is_a_folder, "the server's pepper {data}/pepper cannot be read or written: "),
        (_demo_cut, "{data}/demo.json cannot be read or written: "),
        (_demo_wrong, "{data}/demo.json cannot be read or written: "),
        (_demo_no_text, "{data}/demo.json cannot be read or written: "),
        (_demo_is_a_folder, "{data}/demo.json cannot be read or written: "),
    ],
)
def test_a_spoilt_data_folder_is_one_line_that_names_the_file(
    run_carwire: Run, tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    data = tmp_path / "data"
    spoil(data)
    assert refused(run_carwire, "--port", "0", "--data", data).startswith(said.format(data=data))


@pytest.mark.parametrize("below", ["/proc/carwire", "{file}/data"])
def test_a_folder_that_cannot_be_made_is_one_line(run_carwire: Run, tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    data = below.format(file=tmp_path / "file")
    line = refused(run_carwire, "--port", "0", CARWIRE_DATA=data)
    assert line.startswith(f"the data folder {data} cannot be made: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_line(run_carwire: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o500)
    assert str(data) in refused(run_carwire, "--port", "0", "--data", data)


@pytest.mark.parametrize("pepper", ["", "ab", "ab" * 31])
def test_a_cut_pepper_file_is_one_line(run_carwire: Run, tmp_path: Path, pepper: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pepper").write_text(pepper)
    line = refused(run_carwire, "--port", "0", "--data", tmp_path / "data")
    assert line.startswith(f"the server's pepper {tmp_path}/data/pepper cannot be read or written: ")
