"""Servers to test against: the real one, started once for each worker, and one inside this process."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import gc
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest
from litestar.types import ASGIApp
from tests.fakes import NoWay
from tests.spreading import Together
from tests.support import Connected, connect

from carwire.app import Carwire, build
from carwire.core.permissions import PERMISSIONS
from carwire.core.ports import Sender, Source, Store
from carwire.kit.clock import Clock, utc_now
from carwire.kit.secrets import SecretHasher
from carwire.settings import Settings
from carwire.storage.memory import MemoryStore
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

pytest.register_assert_rewrite("tests.contract.rows", "tests.contract.hands", "tests.contract.connecting")

T = TypeVar("T")
Headers = Sequence[tuple[bytes, bytes]]
PEPPER = bytes(range(32))
CARWIRE = Path(sys.executable).parent / "carwire"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Answer:
    """A response; header names as they came over the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the one header of this exact name."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) < 2, f"{name} came {len(found)} times"
        return found[0] if found else None

    def json(self) -> Any:
        """Return the body read as JSON."""
        assert self.header("content-type") == "application/json", self
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Client(ABC):
    """Asks a server, with the demo application's credentials unless told otherwise."""

    base_url: str
    client_id: str
    client_secret: str

    @abstractmethod
    def ask(self, method: str, target: str | bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send one request as it is, with no header but these."""

    @property
    def basic(self) -> tuple[bytes, bytes]:
        """The authorization header of the application."""
        return basic(f"{self.client_id}:{self.client_secret}")

    def get(self, target: str | bytes, headers: Headers = ()) -> Answer:
        """Ask with credentials."""
        return self.ask("GET", target, [self.basic, *headers])

    def post(self, target: str | bytes, body: object) -> Answer:
        """Send `body`, as JSON unless it is bytes, with credentials."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", target, [self.basic, (b"content-type", b"application/json")], sent)


def basic(credentials: str | bytes) -> tuple[bytes, bytes]:
    """Return the header of HTTP Basic."""
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return b"authorization", b"Basic " + base64.b64encode(raw)


@dataclass
class Server(Client):
    """A started `carwire up --demo`, asked over plain sockets."""

    base_url: str
    folder: Path
    demo: dict[str, Any]
    process: subprocess.Popen[bytes]
    client_id: str
    client_secret: str

    @property
    def log(self) -> str:
        """What it has written on standard error so far."""
        return (self.folder / "stderr").read_text()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.base_url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    def ask(self, method: str, target: str | bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Send one request on a connection of its own."""
        raw = target.encode() if isinstance(target, str) else target
        length = [(b"content-length", str(len(body)).encode())] if body or method == "POST" else []
        lines = [(b"host", b"test"), (b"connection", b"close"), *length, *headers]
        head = b"".join(b"%b: %b\r\n" % line for line in lines)
        return parse(self.raw(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method.encode(), raw, head, body)))

    def raw(self, sent: bytes) -> bytes:
        """Send bytes, no more, and return everything that comes back until the server closes."""
        with socket.create_connection(self.address, timeout=20) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
            received = bytearray()
            with contextlib.suppress(ConnectionResetError):
                while piece := connection.recv(1 << 16):
                    received += piece
        return bytes(received)


@dataclass
class InProcess(Client):
    """The ASGI application called directly, for settings and failures a started server is not made for."""

    base_url: str
    client_id: str
    client_secret: str
    asgi: ASGIApp

    def ask(self, method: str, target: str | bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Call the application once."""
        return asyncio.run(self.send(method, target, headers, body))

    async def send(self, method: str, target: str | bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """Call the application once, from a test that has an event loop of its own."""
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.asgi(_scope(method, target, headers), receive, send)  # type: ignore[arg-type]
        return _answer(sent)

    async def listen(self, target: str, headers: Headers, until: bytes, times: int = 1) -> Answer:
        """Call the application for an answer without an end, and leave once `until` has come so many times."""
        sent: list[Any] = []
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if b"".join(each.get("body", b"") for each in sent).count(until) >= times:
                gone.set()

        async with asyncio.timeout(30):
            await self.asgi(_scope("GET", target, headers), receive, send)  # type: ignore[arg-type]
        return _answer(sent)


def _scope(method: str, target: str | bytes, headers: Headers) -> dict[str, Any]:
    raw = target.encode() if isinstance(target, str) else target
    path, _, query = raw.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "state": {},
    }


def _answer(sent: list[Any]) -> Answer:
    start = sent[0]
    return Answer(
        start["status"],
        tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]),
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


def parse(received: bytes) -> Answer:
    """Read one whole response."""
    head, separator, body = received.partition(b"\r\n\r\n")
    assert separator, received
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    answer = Answer(int(status_line.split(" ")[1]), headers, body)
    length = answer.header("content-length")
    assert length is None or int(length) == len(body) or not body, answer
    return answer


_TYPES = {
    *("AUTHENTICATION", "PERMISSION", "VALIDATION", "RESOURCE_NOT_FOUND", "BILLING", "COMPATIBILITY"),
    *("CONNECTED_SERVICES_ACCOUNT", "RATE_LIMIT", "SERVER", "UPSTREAM", "VEHICLE_STATE"),
}
_RESOLUTIONS = {None, "RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "ACTION_REQUIRED"}


def check_error(client: Client, answer: Answer, status: int | None = None, field: str | None = None) -> Any:
    """Fail unless the answer is an error as the contract's 6.1 has it, with a page behind its link."""
    body = answer.json()
    assert body["statusCode"] == answer.status == (status or answer.status)
    check_error_body(client, body)
    assert body["requestId"] == answer.header("sc-request-id")
    assert all(name == name.lower() for name, _ in answer.headers)
    assert (answer.header("www-authenticate") is not None) is (answer.status == 401)
    assert (answer.header("allow") is not None) is (answer.status == 405)
    assert (answer.header("retry-after") is not None) is (answer.status == 429)
    if answer.status == 429:
        assert int(answer.header("retry-after") or "") >= 1
    if field is not None:
        assert field in [problem["field"] for problem in body["detail"]], body
    return body


def check_error_body(client: Client, body: Any) -> None:
    """Fail unless a body, which may be an item's of a batch, is an error as the contract's 6.1 has it."""
    keys = ["statusCode", "type", "code", "description", "docURL", "resolution", "requestId"]
    assert list(body) == [*keys, *(key for key in ("detail", "suggestedUserMessage") if key in body)]
    assert 400 <= body["statusCode"] < 600, body
    assert body["type"] in _TYPES
    assert body["code"] is None or body["code"].isupper()
    assert body["description"]
    resolution = body["resolution"]
    assert list(resolution) in (["type"], ["type", "url"])
    assert resolution["type"] in _RESOLUTIONS
    assert resolution.get("url", "https://").startswith(("http://", "https://"))
    if body["type"] in {"AUTHENTICATION", "VALIDATION", "RESOURCE_NOT_FOUND"}:
        assert resolution == {"type": None}
    assert str(UUID(body["requestId"])) == body["requestId"]
    if "suggestedUserMessage" in body:
        assert body["suggestedUserMessage"]
        assert "{" not in body["suggestedUserMessage"]
    if "detail" in body:
        assert body["detail"]
    for problem in body.get("detail", ()):
        assert body["type"] == "VALIDATION" or body["code"] == "MULTIPLE_RECORDS_FOUND"
        if body["type"] == "VALIDATION":
            assert list(problem) == ["field", "message"]
            assert problem["message"]
            assert len(problem["message"]) < 600
    assert body["docURL"].startswith(f"{client.base_url}/docs/errors/api-errors/")
    assert page_has_anchor(client, body["docURL"].removeprefix(client.base_url))


_PAGES: dict[tuple[str, str], str] = {}  # the pages say the same for as long as a test run lasts


def page_has_anchor(client: Client, target: str) -> bool:
    """Tell whether a page is there and has the element its fragment names; pages are asked for once."""
    path, _, anchor = target.partition("#")
    key = client.base_url, path
    if key not in _PAGES:
        answer = client.ask("GET", path)
        assert (answer.status, (answer.header("content-type") or "")[:9]) == (200, "text/html"), answer
        _PAGES[key] = answer.text
    return f' id="{anchor}"' in _PAGES[key]


def environment(**settings: str) -> dict[str, str]:
    """Return this process' environment without settings of ours and of SDKs, and with these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CARWIRE_", "SMARTCAR_"))}
    return {**kept, "COLUMNS": "200", **settings}


@contextlib.contextmanager
def started(folder: Path, *arguments: str, program: str | Path = CARWIRE, **settings: str) -> Iterator[Server]:
    """Start ``carwire up --demo`` on a free port and end it with SIGTERM, which must give status 0."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(
            [program, "up", "--demo", *arguments],
            env=environment(CARWIRE_DATA=str(folder), CARWIRE_PORT="0", **settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        try:
            until(lambda: "Start page" in (folder / "stdout").read_text() or process.poll() is not None)
            assert process.poll() is None, (folder / "stderr").read_text()
            demo = json.loads((folder / "demo.json").read_bytes())
            server = Server(demo["base_url"], folder, demo, process, demo["client_id"], demo["client_secret"])
            assert server.ask("GET", "/ready").status == 200
            yield server
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            status = process.wait(20)
    assert status == 0, (folder / "stderr").read_text()
    assert (folder / "stderr").read_text().endswith("Carwire has stopped.\n")


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until `condition` holds, and fail when it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} seconds"
        time.sleep(0.01)


@dataclass
class Owned(InProcess):
    """A server inside this process with its insides at hand; `management_token` is the application's second secret."""

    management_token: str
    carwire: Carwire

    @property
    def amt(self) -> tuple[bytes, bytes]:
        """The authorization header of the management token."""
        return basic(f"default:{self.management_token}")

    @property
    def hasher(self) -> SecretHasher:
        """What the server hashes secrets with."""
        return SecretHasher(PEPPER)

    @property
    def source(self) -> Source:
        """The simulated cars."""
        return self.carwire.upstream._sources["simulator"]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return asyncio.run(work)

    def another(self, name: str = "Another") -> Owned:
        """Register another application at the same server, and return a client that asks as it."""
        new = self.run(self.carwire.services.accounts.register(name, ("https://example.com/auth",)))
        secrets = new.client_secret.reveal(), self.asgi, new.management_token.reveal()
        return Owned(self.base_url, new.application.client_id, *secrets, self.carwire)

    def connect(
        self, username: str = "owner@example.com", make: str = "CHEVROLET", permissions: Iterable[str] = PERMISSIONS
    ) -> Connected:
        """Let an owner connect the cars of a simulated login to the application."""
        return self.run(
            connect(self.carwire, self.hasher, self.source, self.client_id, username, make, permissions=permissions)
        )

    def as_owner(self, car: Connected, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask for something of a connected vehicle, `path` relative to it; underscores of headers are hyphens."""
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        target = f"/v2.0/vehicles/{car.vehicle_id}{path}"
        return self.ask(method, target, [car.bearer, (b"content-type", b"application/json"), *given], sent)

    @functools.cached_property
    def machine(self) -> tuple[bytes, bytes]:
        """The authorization header of a token of the application itself."""
        return self.new_machine()

    def new_machine(self) -> tuple[bytes, bytes]:
        """Draw a secret and exchange it for a token of the application itself."""

        async def draw() -> bytes:
            new = await self.carwire.services.credentials.draw(self.client_id)
            return (await self.carwire.services.credentials.exchange(new.machine_id, new.secret)).reveal().encode()

        return b"authorization", b"Bearer " + self.run(draw())

    def v3(self, method: str, path: str, user_id: str | None = None, body: object = None, **headers: str) -> Answer:
        """Ask v3 for the application, `path` relative to it; underscores of headers are hyphens."""
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if user_id is not None:
            given.append((b"sc-user-id", user_id.encode()))
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.ask(method, f"/v3{path}", [self.machine, (b"content-type", b"application/json"), *given], sent)


@contextlib.contextmanager
def built(
    folder: Path,
    *,
    store: Store | None = None,
    clock: Clock = utc_now,
    sender: Sender | None = None,
    **settings: Any,
) -> Iterator[Owned]:
    """Put a server together inside this process, with an application to ask as. Unless there is a `sender`, webhooks
    reach nobody.
    """
    known = Settings(data=folder, **{"pepper": PEPPER.hex(), "simulator_clock": "stepped", **settings})
    carwire = build(known, "http://carwire.test", store=store or MemoryStore(), clock=clock, sender=sender or NoWay())
    new = asyncio.run(carwire.services.accounts.register("Tests", ("https://example.com/auth",)))
    secrets = new.client_secret.reveal(), carwire.asgi, new.management_token.reveal()
    try:
        yield Owned(carwire.base_url, new.application.client_id, *secrets, carwire)
    finally:
        asyncio.run(carwire.close())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together:
    """Spread tests over workers."""
    return Together(config, log)


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that tests marked `anyio` run in."""
    return "asyncio"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store there is, empty."""
    opened = MemoryStore() if request.param == "memory" else open_store(tmp_path, None, open_sealer(tmp_path, None))
    yield opened
    asyncio.run(opened.close())


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Owned]:
    """A server inside this process."""
    with built(tmp_path) as client:
        yield client


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server, logging everything. Whatever the tests send, it may have no fault."""
    with started(tmp_path_factory.mktemp("server") / "data", CARWIRE_LOG_LEVEL="debug") as running:
        yield running
    assert "Traceback" not in running.log
    assert '"level":"error"' not in running.log


@pytest.fixture
def carwire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line inside this process, in an empty folder: no start to wait for."""
    from carwire import cli

    def run(*arguments: object, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        command = [str(CARWIRE), *map(str, arguments)]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", command)
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        for name, value in environment(**settings).items():
            monkeypatch.setenv(name, value)
        status = 0
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Cyclopts application invoked without tokens")  # a process of pytest
            warnings.simplefilter("ignore", ResourceWarning)  # a command leaves its socket to the end of its process
            try:
                cli.main()
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
                if isinstance(ended.code, str):
                    print(ended.code, file=sys.stderr)
            except Exception:
                status = 1
                traceback.print_exc()
            if arguments[:1] == ("up",):
                gc.collect()
        said = capfd.readouterr()
        return subprocess.CompletedProcess(command, status, said.out, said.err)

    return run


@pytest.fixture
def run_carwire(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``carwire`` as a process, with arguments, input and settings, in an empty folder."""

    def run(*arguments: object, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        command = [str(CARWIRE), *map(str, arguments)]
        env: Mapping[str, str] = environment(**settings)
        return subprocess.run(
            command, env=env, input=stdin, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False
        )

    return run
