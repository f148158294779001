"""``GET /v1/events`` of a started server: who may listen, slow readers, ends, and a server that is killed."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import Owned, Server, basic, check_error, started
from tests.contract.machines import machine_of

from carwire.kit.sse import Message, Reader

PATH = "/v1/events"


OPENED: list[socket.socket] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while OPENED:
        OPENED.pop().close()


class Ear:
    """A connection that listens."""

    def __init__(self, server: Server, target: str = PATH, buffer: int | None = None, **headers: str) -> None:
        self.socket = socket.socket()
        OPENED.append(self.socket)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(20)
        self.socket.connect(server.address)
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        credentials = server.basic[1].decode()
        head = "\r\n".join([f"GET {target} HTTP/1.1", "host: x", f"authorization: {credentials}", *lines, "", ""])
        self.socket.sendall(head.encode())
        self.reader = Reader()
        self.messages: list[Message] = []
        self.received = b""
        self._fed = 0

    def read(self) -> bool:
        """Take what has come; false at the end."""
        try:
            piece = self.socket.recv(1 << 16)
        except ConnectionResetError:
            piece = b""
        self.received += piece
        head, _, chunks = self.received.partition(b"\r\n\r\n")
        body = b"".join(re.findall(rb"(?:^|\r\n)[0-9a-f]+\r\n((?:[^\r]|\r(?!\n))*)", chunks))
        self.messages += self.reader.feed(body[self._fed :]) if head else []
        self._fed = len(body)
        return bool(piece)

    def wait(self, count: int) -> list[Message]:
        """Wait for so many events."""
        while len(self.messages) < count:
            assert self.read(), self.received[-500:]
        return self.messages

    def begun(self) -> Ear:
        """Wait for the first sign of life."""
        while b": alive" not in self.received:
            assert self.read(), self.received
        return self


class Garage:
    """The demo owner's first car that locks: each lock or unlock is an event once the car is read."""

    def __init__(self, server: Server) -> None:
        self.machine = machine_of(server)
        self.server = server
        self.owner = server.demo["user_id"]
        found = self.machine.get("/connections?filter[vehicle.mode]=simulated")["data"]
        ids = [row["relationships"]["vehicle"]["data"]["id"] for row in found]
        self.id = next(i for i in ids if "PHEV" in json.dumps(self.machine.get(f"/vehicles/{i}")))
        self.locked = False
        self.turn()

    def turn(self, times: int = 1) -> None:
        """Lock or unlock it so often, and read it each time."""
        for _ in range(times):
            self.locked = not self.locked
            command = "lock" if self.locked else "unlock"
            path = f"/vehicles/{self.id}/commands/security/{command}"
            assert self.machine.ask("POST", path, self.owner, {"data": {}}).status == 200
            bearer = [(b"authorization", f"Bearer {self.machine.token}".encode()), (b"sc-user-id", self.owner.encode())]
            read = self.server.ask("GET", f"/v3/vehicles/{self.id}/signals/closure-islocked", bearer)
            assert read.status == 200, read


@pytest.fixture(scope="module")
def garage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garage]:
    """A server, and a car."""
    with started(tmp_path_factory.mktemp("events") / "data", CARWIRE_VEHICLE_READS_PER_MINUTE="1000000") as server:
        yield Garage(server)
        assert '"level":"error"' not in server.log


def test_an_application_listens_by_either_of_its_secrets(here: Owned) -> None:
    token = here.management_token
    for header in (here.basic, here.amt, (b"authorization", b"Bearer " + token.encode())):
        heard = here.run(here.listen(PATH, [header], b"alive"))
        assert (heard.status, heard.header("content-type")) == (200, "text/event-stream")
        assert heard.header("cache-control") == "no-store"
        assert heard.text == "retry: 1000\n\n: alive\nid: 0\n\n"
    for wrong in (basic("default:x"), basic("x:y"), here.machine, (b"authorization", b"Bearer x")):
        check_error(here, here.ask("GET", PATH, [wrong]), 401)
    assert here.ask("HEAD", PATH, [here.basic]).status == 200


@pytest.mark.parametrize("wrong", ["?after=x", "?after=-1", "?after=1.", "?after=1&after=2", "?webhooks=1"])
def test_what_cannot_be_a_place_is_refused(here: Owned, wrong: str) -> None:
    check_error(here, here.get(PATH + wrong), 400)


def test_a_last_id_that_is_none_is_refused_and_a_webhook_that_is_not_there_not_found(here: Owned) -> None:
    check_error(here, here.get(PATH, [(b"last-event-id", b"x")]), 400, "last-event-id")
    check_error(here, here.get(PATH + "?webhook=b1f7c4de-91f4-4a3c-8d55-2f6f1a0e7c39"), 404)
    heard = here.run(here.listen(PATH + "?after=3", [here.basic, (b"last-event-id", b"7")], b"alive"))
    assert 'id: 0\nevent: gap\ndata: {"after":7,"goesOnAfter":0}\n\n' in heard.text


def test_one_stream_too_many_is_told_to_wait(here: Owned) -> None:
    here.carwire.services.streaming.running[here.client_id] = 16
    check_error(here, here.get(PATH), 429)


def test_events_come_as_they_happen_and_after_any_of_them_again(garage: Garage) -> None:
    live = Ear(garage.server).begun()
    garage.turn(3)
    told = live.wait(3)
    assert {each.event for each in told} == {"VEHICLE_STATE"}
    assert json.loads(told[0].data)["data"]["vehicle"]["id"] == garage.id
    again = Ear(garage.server, f"{PATH}?after=0", last_event_id=told[0].id)
    assert [each.id for each in again.wait(2)] == [each.id for each in told[1:]]


def memory_of(process: subprocess.Popen[bytes]) -> int:
    """Resident memory in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_whoever_does_not_read_costs_nothing_and_finds_everything_later(garage: Garage) -> None:
    garage.turn(40)
    before = memory_of(garage.server.process)
    ears = [Ear(garage.server, f"{PATH}?after=0", buffer=2048) for _ in range(8)]
    time.sleep(1)
    assert memory_of(garage.server.process) - before < 16 * 1024 * 1024
    quick = Ear(garage.server).begun()
    garage.turn()
    last = quick.wait(1)[0].id
    for each in ears:
        while not each.messages or each.messages[-1].id != last:
            assert each.read()
        numbers = [int(message.id) for message in each.messages]
        assert numbers == sorted(set(numbers))
        assert len(numbers) >= 41
        each.socket.close()


def test_a_server_that_ends_ends_its_streams(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        ears = [Ear(server).begun() for _ in range(3)]
        began = time.monotonic()
    assert time.monotonic() - began < 8  # the time that is left to requests under way is ten seconds
    for each in ears:
        while each.read():
            pass
        assert each.received.endswith(b"0\r\n\r\n")
    assert "level" not in server.log


@contextmanager
def killed(folder: Path) -> Iterator[Server]:
    """A server that ends by kill -9."""
    with pytest.raises(AssertionError), started(folder) as server:
        yield server
        server.process.kill()
        assert server.process.wait(20) == -signal.SIGKILL


def test_after_a_kill_it_goes_on_where_it_broke(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with killed(folder) as server:
        garage = Garage(server)
        ear = Ear(server).begun()
        garage.turn(2)
        told = ear.wait(1)[:1]
        locked = garage.locked
    with started(folder) as server:
        ear = Ear(server, last_event_id=told[0].id)
        garage = Garage(server)
        garage.locked = locked
        garage.turn(2)
        numbers = [int(each.id) for each in ear.wait(3)]
        assert numbers[0] == int(told[0].id) + 1
        assert numbers == sorted(set(numbers))
