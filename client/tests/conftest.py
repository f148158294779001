"""Carwire's own server to talk to, and servers that do whatever a test tells them."""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import uvicorn
from tests.conftest import Owned, built
from tests.support import Connected

from carwire_client import AsyncClient, Client, RetryPolicy, Secret, Timeouts
from carwire_client.answers import Answer
from carwire_client.call import Call
from carwire_client.exchange import Outcome, Renew, Send, Step, Wait, exchange
from carwire_client.origins import Origins
from carwire_client.settings import Wiring

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUICK = RetryPolicy(first_wait=0.001)


# --- without any server


def answer(status: int = 200, body: bytes | str = b"{}", **headers: str) -> Answer:
    """An answer, as JSON unless it is said to be something else; underscores of headers are hyphens."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body.encode() if isinstance(body, str) else body
    return Answer(status, {"content-type": "application/json", **given}, raw, NOW)


@dataclass
class Clock:
    """Seconds that pass when somebody waits, and only then."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


def wiring(clock: Clock | None = None, **changes: Any) -> Wiring:
    """Wiring without chance: waits are their longest, keys are counted."""
    keys = iter(f"key-{number}" for number in range(1, 100))
    known: dict[str, Any] = {
        "origins": Origins.at("https://cars.test"),
        "random": lambda: 1.0,
        "clock": clock or Clock(),
        "now": lambda: NOW,
        "new_key": lambda: next(keys),
    }
    return Wiring(**{**known, **changes})


@dataclass
class Drive:
    """Carries out a call without any transport: every `Send` is answered with the next of the outcomes."""

    outcomes: Sequence[Outcome]
    clock: Clock = field(default_factory=Clock)
    steps: list[Step] = field(default_factory=list)

    def __call__(self, call: Call[Any], **changes: Any) -> Any:
        flow = exchange(call, wiring(self.clock, **changes))
        left = list(self.outcomes)
        outcome: Outcome = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as done:
                return done.value
            self.steps.append(step)
            if isinstance(step, Wait):
                self.clock.seconds += step.seconds
                outcome = None
            elif isinstance(step, Renew):
                renewed = step.source.token(step.rejected)
                assert isinstance(renewed, Secret)
                outcome = renewed
            else:
                outcome = left.pop(0)

    @property
    def sent(self) -> list[Send]:
        """The requests."""
        return [step for step in self.steps if isinstance(step, Send)]

    @property
    def waits(self) -> list[float]:
        """How long was waited, each time."""
        return [step.seconds for step in self.steps if isinstance(step, Wait)]


def request_of(call: Call[Any]) -> tuple[str, str, dict[str, str], str | None]:
    """Return method, address, headers and body a call is sent as."""
    flow = exchange(call, wiring())
    step = flow.send(None)
    flow.close()
    assert isinstance(step, Send)
    return step.method, step.url, dict(step.headers), None if step.body is None else step.body.decode()


# --- either client


class Hand:
    """A client of one kind, so that a test can be written once for both."""

    def __init__(self, kind: str, client: Client | AsyncClient, runner: asyncio.Runner) -> None:
        self.kind = kind
        self.client: Any = client
        self._runner = runner

    def __call__(self, result: Any) -> Any:
        """Return what a call of the client came to."""
        if inspect.isawaitable(result):
            return self._runner.run(_awaited(result))
        return result

    def all(self, items: Iterable[Any] | AsyncIterator[Any]) -> list[Any]:
        """Return everything that is gone through."""
        if isinstance(items, AsyncIterator):
            return self._runner.run(_listed(items))
        return list(items)


async def _awaited(result: Any) -> Any:
    return await result


async def _listed(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


@contextmanager
def hand_of(kind: str, origin: str, transport: Any = None, **options: Any) -> Iterator[Hand]:
    """A hand with a client of that kind."""
    with asyncio.Runner() as runner:
        if kind == "blocking":
            with Client(origin, environ={}, **options) as client:
                yield Hand(kind, client, runner)
        else:
            awaited = AsyncClient(origin, environ={}, transport=transport, **options)
            yield Hand(kind, awaited, runner)
            runner.run(awaited.close())


KINDS = ["blocking", "awaited"]


# --- Carwire itself


@dataclass
class Place:
    """A Carwire: inside this process for the client that is awaited, on a socket for the one that blocks."""

    owned: Owned
    url: str

    @contextmanager
    def hand(self, kind: str, **options: Any) -> Iterator[Hand]:
        """A client of the application."""
        known = {"client_id": self.owned.client_id, "client_secret": self.owned.client_secret, **options}
        transport = httpx2.ASGITransport(app=self.owned.asgi)  # type: ignore[arg-type]
        with hand_of(kind, self.url if kind == "blocking" else self.owned.base_url, transport, **known) as hand:
            yield hand

    def connect(self, username: str = "owner@example.com", make: str = "TESLA", **how: Any) -> Connected:
        """Let an owner connect the cars of a login."""
        return self.owned.connect(username, make, **how)


@contextmanager
def on_a_socket(app: Any) -> Iterator[str]:
    """Serve an application from a thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical", server_header=False))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A Carwire whose cars stand still."""
    with built(tmp_path_factory.mktemp("carwire")) as owned, on_a_socket(owned.asgi) as url:
        yield Place(owned, url)


@pytest.fixture(params=KINDS)
def hand(request: pytest.FixtureRequest, place: Place) -> Iterator[Hand]:
    """Each kind of client, of the application, at a Carwire."""
    with place.hand(request.param) as made:
        yield made


# --- servers that do as they are told

Behaviour = bytes | Callable[[socket.socket], None]


def http(status: int = 200, body: bytes | str = b"{}", *headers: str, kind: str | None = "application/json") -> bytes:
    """The bytes of a response."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(raw)}", "connection: close", *headers]
    if kind is not None:
        lines.append(f"content-type: {kind}")
    return "\r\n".join([*lines, "", ""]).encode() + raw


class Told:
    """A server that does to each connection what the next behaviour says, and the last one for ever."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.behaviours: list[Behaviour] = [http()]
        self.requests: list[bytes] = []
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def tell(self, *behaviours: Behaviour) -> None:
        """Say what is done from now on."""
        self.requests.clear()
        self.behaviours = list(behaviours)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.settimeout(10)
                self.requests.append(_request(connection))
                behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
                if isinstance(behaviour, bytes):
                    connection.sendall(behaviour)
                else:
                    behaviour(connection)
            except OSError:
                pass

    def close(self) -> None:
        """Stop."""
        self.done.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


def _request(connection: socket.socket) -> bytes:
    """Read a request whole."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < lengths[0]:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def told() -> Iterator[Told]:
    """A server that does as it is told."""
    server = Told()
    yield server
    server.close()


@pytest.fixture(params=KINDS)
def at_told(request: pytest.FixtureRequest, told: Told) -> Iterator[Hand]:
    """Each kind of client, at a server that does as it is told; it does not wait long."""
    timeouts = Timeouts(connect=2, read=0.4, command=0.4, once=0.4, overall=5)
    with hand_of(
        request.param, told.url, client_id="app", client_secret="app-secret", retry=QUICK, timeouts=timeouts
    ) as made:
        yield made
