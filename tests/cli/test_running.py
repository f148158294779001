"""``running.json``: how commands find the server that runs on a data folder."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from carwire.cli import running
from carwire.cli.running import FILE, find_running, remove_running, write_running
from carwire.core.errors import CannotStart, FieldProblem, InvalidInput
from carwire.kit.secrets import Secret

KEY = Secret("a-key")


class Handler(BaseHTTPRequestHandler):
    """Answers everything the same."""

    status, body = 200, b"{}"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def origin() -> Iterator[str]:
    """A server that answers as `Handler` is told to."""
    Handler.status, Handler.body = 200, b"{}"
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_answers_is_found_until_it_takes_its_word_back(tmp_path: Path, origin: str) -> None:
    assert find_running(tmp_path) is None
    write_running(tmp_path, origin, KEY)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    found = find_running(tmp_path)
    assert found
    assert found.base_url == origin
    remove_running(tmp_path, KEY)
    assert find_running(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    remove_running(tmp_path, KEY)


def test_a_server_does_not_take_back_what_a_later_one_said(tmp_path: Path, origin: str) -> None:
    write_running(tmp_path, origin, KEY)
    remove_running(tmp_path, Secret("another"))
    assert find_running(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=FILE):
        write_running(tmp_path / "missing", "http://127.0.0.1:1", KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"base_url": "http://127.0.0.1:1"}',
        '{"base_url": 1, "key": "x"}',
        '{"base_url": "file:///etc/passwd", "key": "x"}',
        "\xff",
    ],
)
def test_a_file_that_says_nothing_is_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    assert find_running(tmp_path) is None
    remove_running(tmp_path, KEY)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"description": "who are you?"}'),
        (404, b'{"description": "nothing here"}'),
        (404, b"<html>"),
        (500, b"oops"),
        (403, b""),
    ],
)
def test_somebody_else_at_the_address_is_not_the_server(tmp_path: Path, origin: str, status: int, body: bytes) -> None:
    write_running(tmp_path, origin, KEY)
    Handler.status, Handler.body = status, body
    assert find_running(tmp_path) is None


def test_what_does_not_speak_http_is_not_the_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example.com\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        write_running(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}", KEY)
        assert find_running(tmp_path) is None
        thread.join()


def test_a_server_that_was_killed_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    write_running(tmp_path, f"http://127.0.0.1:{port}", KEY)
    assert find_running(tmp_path) is None


def test_a_server_that_hangs_is_not_worked_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_PROBE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        write_running(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}", KEY)
        with pytest.raises(CannotStart, match="does not answer"):
            find_running(tmp_path)


def test_proxies_of_the_environment_are_not_asked(tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    write_running(tmp_path, origin, KEY)
    assert find_running(tmp_path)


def test_a_refusal_is_passed_on_field_by_field(tmp_path: Path, origin: str) -> None:
    write_running(tmp_path, origin, KEY)
    found = find_running(tmp_path)
    assert found
    detail = [{"field": "car", "message": "is no car"}, {"field": "codes", "message": "are none"}]
    Handler.status, Handler.body = 400, json.dumps({"description": "bad", "detail": detail}).encode()
    with pytest.raises(InvalidInput) as caught:
        found.ask("GET", "/v1/simulator/cars/x")
    assert caught.value.fields == (FieldProblem("car", "is no car"), FieldProblem("codes", "are none"))
    Handler.status, Handler.body = 500, b'{"description": "Something failed."}'
    with pytest.raises(CannotStart, match=r"refused: Something failed"):
        found.ask("GET", "/v1/simulator")
    Handler.status, Handler.body = 200, b'{"unexpected": true}'
    with pytest.raises(CannotStart, match="another version"):
        found.get("/v1/simulator", list[int])
