"""``carwire listen``: a process of its own, a receiver on this machine, and the official verifier."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import smartcar
from standardwebhooks import Webhook
from tests.conftest import CARWIRE, environment, started, until
from tests.contract.machines import machine_of
from tests.http.test_events import Garage

Run = Callable[..., subprocess.CompletedProcess[str]]


class Receiver:
    """Takes POSTs on this machine. `statuses` are answered first, then 200; `answers` says whether challenges are."""

    def __init__(self, token: str, *, answers: bool = True) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told = json.loads(body)
                receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                out = b""
                if told["eventType"] == "VERIFY" and answers:
                    challenge = smartcar.hash_challenge(token, told["data"]["challenge"])
                    out = json.dumps({"challenge": challenge}).encode()
                told_off = receiver.statuses.pop(0) if receiver.statuses and told["eventType"] != "VERIFY" else 200
                self.send_response(told_off)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@contextmanager
def receiving(token: str, *, answers: bool = True) -> Iterator[Receiver]:
    """A receiver."""
    receiver = Receiver(token, answers=answers)
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()


@contextmanager
def listening(folder: Path, *arguments: str, out: str = "heard") -> Iterator[Callable[[], str]]:
    """Run it, and give what it has said so far."""
    path = folder / out
    with path.open("wb") as file:
        process = subprocess.Popen(
            [CARWIRE, "listen", *arguments], env=environment(CARWIRE_DATA=str(folder)), stdout=file, stderr=file
        )
        try:
            yield lambda: path.read_text("utf-8")
        finally:
            process.terminate()
            process.wait(20)


def test_what_happens_reaches_a_receiver_as_a_webhook_would(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with started(folder) as server, receiving(server.demo["application_management_token"]) as receiver:
        garage = Garage(server)
        made = subprocess.run(
            [CARWIRE, "webhook", "create", server.client_id, "Dev", "https://dev.example/", "--json", "--trigger",
             "closure-islocked", "--signal", "closure-islocked"],
            env=environment(CARWIRE_DATA=str(folder)), capture_output=True, check=True,
        )  # fmt: skip
        webhook = json.loads(made.stdout)
        attributes = {"webhookId": webhook["webhook_id"], "userId": garage.owner, "vehicleId": garage.id}
        subscribed = machine_of(server).ask("POST", "/subscriptions", body={"data": {"attributes": attributes}})
        assert subscribed.status == 202
        receiver.statuses = [500]
        with listening(folder, "--forward", receiver.url, "--webhook", webhook["webhook_id"], "--after", "0") as said:
            until(lambda: "Listening" in said(), 60)
            garage.turn(2)
            until(lambda: said().count("→") >= 2, 60)
        assert "The receiver is verified." in said()
        assert "closure-islocked = " in said()
        assert "200 in" in said()
        assert ", 2 attempts" in said()
        token = server.demo["application_management_token"]
        for headers, body in receiver.got:
            assert smartcar.verify_payload(token, headers["sc-signature"], body.decode())
            assert headers["content-type"] == "application/json"
            assert headers["user-agent"].startswith("Carwire/")
            assert Webhook(webhook["secret"]).verify(body, headers)
        told = [json.loads(body) for _, body in receiver.got]
        assert [each["eventType"] for each in told[:3]] == ["VERIFY", "VEHICLE_STATE", "VEHICLE_STATE"]
        assert told[1] == told[2]  # tried once more
        assert {each["meta"]["webhookId"] for each in told} == {webhook["webhook_id"]}


def test_it_outlives_the_server_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with started(folder) as server:
        garage = Garage(server)
        locked = garage.locked
        listener = listening(folder, "--json", "--after", "0")
        said = listener.__enter__()
        try:
            garage.turn(2)
            locked = garage.locked
            until(lambda: said().count("VEHICLE_STATE") >= 2, 60)
        except BaseException:
            listener.__exit__(None, None, None)
            raise
    try:
        until(lambda: "Trying again" in said(), 30)
        with started(folder) as server:
            garage = Garage(server)
            garage.locked = locked
            garage.turn(2)
            until(lambda: '"data"' in said().partition("Connected again")[2], 60)
    finally:
        listener.__exit__(None, None, None)
    ids = [int(json.loads(line)["id"]) for line in said().splitlines() if line.startswith("{")]
    assert ids == list(range(1, len(ids) + 1))


def test_a_receiver_that_does_not_answer_is_told_why(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with started(folder) as server, receiving("x", answers=False) as receiver:
        with listening(folder, "--forward", receiver.url) as said:
            until(lambda: "Listening" in said(), 60)
        assert "does not answer the challenge: The answer 200 has no body" in said()
        with listening(folder, "--forward", receiver.url, "--no-verify", out="again") as again:
            until(lambda: "Listening" in again(), 60)
        assert "challenge" not in again()
        assert len(receiver.got) == 1
        with listening(folder, "--webhook", "b1f7c4de-91f4-4a3c-8d55-2f6f1a0e7c39", out="third") as third:
            until(lambda: "has no webhook" in third(), 60)
        assert server.process.poll() is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "no server runs on"),
        (("--forward", "ftp://x"), "forward: must begin with https:// or http://"),
        (("--after", "soon"), "after: must be the number of an event"),
        (("--webhook", "mine"), "webhook: must be a UUID"),
    ],
)
def test_what_cannot_be_done_is_said(carwire: Run, arguments: tuple[str, ...], sentence: str) -> None:
    done = carwire("listen", *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr


def test_a_server_that_is_not_there_any_more_is_said(carwire: Run) -> None:
    done = carwire("listen", "--server", "http://127.0.0.1:9", CARWIRE_MANAGEMENT_TOKEN="x")
    assert (done.returncode, "no events from http://127.0.0.1:9" in done.stderr) == (1, True)
