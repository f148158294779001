"""``carwire conformance``: what it prints and how it ends, at our own server and at what is none."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.conftest import Server, basic

Run = Callable[..., "subprocess.CompletedProcess[str]"]
# Without commands these are asked of nobody; the rest wants two cars, or a limit that is met by itself.
UNASKED = {
    *("vehicles-page", "every-wait", "unlock", "lock", "charge-start", "charge-stop", "limit-text", "limit"),
    *("destination", "limit-high", "destination-far"),
    *("v3-security-unlock", "v3-security-lock", "v3-charge-set-limit"),
}


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server on this machine that answers every request by a function."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            answer(self)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def said(status: int, kind: str, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer the same to everything."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-type", kind)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line a refusal is."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("carwire: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def connected(server: Server) -> list[object]:
    """Every connection of the demo application, the newest hundred."""
    credentials = basic(f"default:{server.demo['application_management_token']}")
    found: list[object] = server.ask("GET", "/v2.0/management/connections?limit=100", [credentials]).json()[
        "connections"
    ]
    return found


def test_the_demo_passes(server: Server, carwire: Run) -> None:
    before = connected(server)
    done = carwire("conformance", server.base_url, "--demo", server.folder / "demo.json", "--json")
    assert done.returncode == 0, done.stderr
    assert connected(server) == before, "what is connected is disconnected again"
    told = json.loads(done.stdout)
    assert told["counts"]["fails"] == 0
    assert {each["name"] for each in told["findings"] if each["outcome"] == "not asked"} == UNASKED
    assert all(each["why"] for each in told["findings"] if each["outcome"] == "not asked")
    for name in ("client_secret", "application_management_token", "v3_client_secret"):
        assert server.demo[name] not in done.stdout + done.stderr


def test_the_table_names_endpoints_and_who_relies_on_them(server: Server, carwire: Run) -> None:
    done = carwire("conformance", server.base_url, "--demo", server.folder / "demo.json")
    assert done.returncode == 0
    for words in (
        "GET /v2.0/vehicles/{id}/odometer",
        "POST /oauth/token",
        "Java: ",
        "Python: ",
        "Node: ",
        " holds ",
        " not asked ",
    ):
        assert words in done.stdout
    assert "0 fail, 14 were not asked" in done.stdout.splitlines()[-1]


def test_without_credentials_only_what_needs_none_is_asked(server: Server, carwire: Run) -> None:
    done = carwire("conformance", server.base_url, "--json")
    told = json.loads(done.stdout)
    held = {each["name"] for each in told["findings"] if each["outcome"] == "holds"}
    assert {"no-token", "bad-token", "v3-no-token", "v3-compatible-vehicles", "every-request-id"} <= held
    assert told["counts"]["fails"] == 0
    whys = {each["why"] for each in told["findings"] if each["outcome"] == "not asked"}
    assert "no client id and secret" in whys
    assert done.returncode == 0


def test_credentials_come_from_the_environment(server: Server, carwire: Run) -> None:
    known = {"SMARTCAR_CLIENT_ID": server.client_id, "SMARTCAR_CLIENT_SECRET": server.client_secret}
    told = json.loads(carwire("conformance", server.base_url, "--json", **known).stdout)
    held = {each["name"] for each in told["findings"] if each["outcome"] == "holds"}
    assert "compatibility-members" in held
    assert "user-members" not in held


def test_a_wrong_secret_is_no_crash_and_is_not_shown(server: Server, carwire: Run) -> None:
    known = {"CARWIRE_CLIENT_ID": server.client_id, "CARWIRE_CLIENT_SECRET": "never-show-this-secret"}
    done = carwire("conformance", server.base_url, CARWIRE_ACCESS_TOKEN="never-show-this-token", **known)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "expected status 200\n" in re.sub(r" +\n", "\n", done.stdout)
    assert "seen     status 401 AUTHENTICATION" in done.stdout
    assert "never-show" not in done.stdout + done.stderr


def test_a_port_where_nobody_listens_is_one_line(carwire: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert f"http://127.0.0.1:{port} gives no answer: " in one_line(carwire("conformance", f"http://127.0.0.1:{port}"))


def test_a_page_is_no_server_of_this_wire(carwire: Run) -> None:
    with answering(said(200, "text/html", b"<h1>Hello</h1>")) as url:
        line = one_line(carwire("conformance", url))
    assert "does not speak this wire: GET /v2.0/user is status 200 of text/html" in line


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
def test_a_server_that_fails_is_one_line(carwire: Run, kind: str) -> None:
    with answering(said(503, kind, b"{}")) as url:
        assert "GET /v2.0/user is status 503" in one_line(carwire("conformance", url))


def test_json_that_is_none_is_one_line(carwire: Run) -> None:
    with answering(said(200, "application/json", b"{")) as url:
        assert "does not speak this wire" in one_line(carwire("conformance", url))


def test_a_server_that_takes_too_long_is_one_line(carwire: Run) -> None:
    with answering(lambda _: time.sleep(1)) as url:
        assert "no answer within 0.2 s" in one_line(carwire("conformance", url, "--timeout", "0.2"))


def test_a_server_that_stops_answering_is_given_up(carwire: Run) -> None:
    refuse, asked = said(401, "application/json", b"{}"), []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        if len(asked) == 1:
            refuse(handler)
        else:
            handler.close_connection = True

    with answering(answer) as url:
        line = one_line(carwire("conformance", url))
    assert "gives no answer" in line
    assert "3 times running" in line
    assert len(asked) < 10


def test_something_else_that_speaks_json_fails_check_by_check(carwire: Run) -> None:
    for body in (b"{}", b"[]", b"null", b'"x"', b'{"errors":[]}', b'{"data":{},"vehicles":{},"access_token":1}'):
        with answering(said(200, "application/json", body)) as url:
            done = carwire(
                *("conformance", url, "--json", "--timeout", "5"),
                **{"CARWIRE_CLIENT_ID": "id", "CARWIRE_CLIENT_SECRET": "secret-secret"},
                CARWIRE_ACCESS_TOKEN="token-token",
                CARWIRE_V3_CLIENT_ID="v3",
                CARWIRE_V3_CLIENT_SECRET="v3-secret",
            )
        assert done.returncode == 1
        assert done.stderr == ""
        assert json.loads(done.stdout)["counts"]["fails"] > 20


def test_no_other_host_is_asked(carwire: Run) -> None:
    asked: list[str] = []
    with answering(lambda handler: asked.append(handler.path)) as elsewhere:

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("location", f"{elsewhere}{handler.path}")
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", "2")
            handler.end_headers()
            handler.wfile.write(b"{}")

        with answering(answer) as url:
            done = carwire(
                *("conformance", url, "--json"),
                CARWIRE_CLIENT_ID="id",
                CARWIRE_CLIENT_SECRET="secret-secret",
                CARWIRE_REDIRECT_URI="https://example.com/auth",
            )
    told = {each["name"]: each for each in json.loads(done.stdout)["findings"]}
    assert "no other host is asked" in told["connect-forms"]["why"]
    assert told["every-direct"]["outcome"] == "fails"
    assert asked == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ftp://example.com",), "url: must begin with https://"),
        (("https://example.com/?x=1",), "url: must have no query"),
        (("http://127.0.0.1:1", "--timeout", "0"), "timeout: must be"),
        (("http://127.0.0.1:1", "--demo", "nothing.json"), "nothing.json cannot be read"),
    ],
)
def test_what_it_cannot_use_is_said(carwire: Run, arguments: tuple[str, ...], words: str) -> None:
    assert words in one_line(carwire("conformance", *arguments))


def test_a_file_that_is_no_demo_is_said(carwire: Run, tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_text('{"client_secret": "never-show-this"}')
    line = one_line(carwire("conformance", "http://127.0.0.1:1", "--demo", path))
    assert "is no demo.json" in line
    assert "never-show" not in line
