"""An installation of several processes: any number of `carwire api` and `carwire worker`, a receiver, and a car."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from tests.conftest import CARWIRE, PEPPER, environment, until
from tests.support import connect

from carwire.app import Carwire, Elsewhere, build
from carwire.core.grants import Principal
from carwire.core.triggers import Trigger
from carwire.kit.secrets import SecretHasher
from carwire.services.webhooks.managing import Wanted
from carwire.settings import read_settings

T = TypeVar("T")
KEYS = "k1:" + "5a" * 32


@dataclass
class Process:
    """A started `carwire`; `origin` is where it listens."""

    popen: subprocess.Popen[bytes]
    folder: Path
    origin: str

    @property
    def log(self) -> str:
        """What it has written on standard error so far."""
        return (self.folder / "stderr").read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Ask for something anybody may see."""
        try:
            with urllib.request.urlopen(self.origin + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """Return a metric, added up over the labels that are not given."""
        found = 0.0
        for line in self.get("/metrics")[1].splitlines():
            if re.match(rf"{name}[ {{]", line) and all(f'{k}="{v}"' in line for k, v in labels.items()):
                found += float(line.rpartition(" ")[2])
        return found

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """Send a signal and return the status it ends with."""
        self.popen.send_signal(number)
        return self.popen.wait(seconds)


@dataclass
class Receiver:
    """Takes deliveries, once `open` is set: until then every delivery waits. `delay_s` holds each one up."""

    url: str = ""
    token: str = ""
    open: threading.Event = field(default_factory=threading.Event)
    delay_s: float = 0.0
    arrived: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    begun: int = 0

    def answer(self, body: bytes) -> bytes:
        """Take one delivery."""
        told = json.loads(body)
        if told["eventType"] == "VERIFY":
            challenge = told["data"]["challenge"].encode()
            return json.dumps({"challenge": hmac.digest(self.token.encode(), challenge, "sha256").hex()}).encode()
        self.begun += 1
        self.open.wait(30)
        time.sleep(self.delay_s)
        self.arrived.append((time.monotonic(), told))
        return b""

    def values(self, code: str) -> list[Any]:
        """Return what was told of a signal, in order."""
        bodies = [s["body"] for _, told in self.arrived for s in told["data"]["signals"] if s["code"] == code]
        return [body["value"] for body in bodies]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # a connection that finds no room comes again a second later


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a port of its own."""
    receiver = Receiver()
    receiver.open.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = receiver.answer(self.rfile.read(int(self.headers["content-length"])))
            with contextlib.suppress(OSError):  # who sent it was killed
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.open.set()
            server.shutdown()
            thread.join()


@dataclass
class Installation:
    """Processes of `program` on one database: the SQLite file in `folder/data`, or the PostgreSQL of `database`."""

    folder: Path
    receiver: Receiver
    database: str | None = None
    processes: list[Process] = field(default_factory=list)
    basic: str = ""
    client_id: str = ""
    vin: str = ""
    program: Path = CARWIRE

    def settings(self, name: str) -> dict[str, str]:
        """Return the settings of a process. On PostgreSQL each has a data folder of its own, as on machines apart."""
        own = {"CARWIRE_PEPPER": PEPPER.hex(), "CARWIRE_KEYS": KEYS, "CARWIRE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
        if self.database is None:
            return {**own, "CARWIRE_DATA": str(self.folder / "data")}
        data = str(self.folder / name / "data")
        base_url = "http://carwire.test"
        return {**own, "CARWIRE_DATABASE": self.database, "CARWIRE_DATA": data, "CARWIRE_BASE_URL": base_url}

    def start(self, role: str, name: str, **settings: str) -> Process:
        """Start a process of a role and wait until it is ready."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            env = environment(CARWIRE_PORT="0", **{**self.settings(name), **settings})
            popen = subprocess.Popen([self.program, role], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        process = Process(popen, folder, "")
        self.processes.append(process)
        until(lambda: (folder / "stdout").read_text().endswith("\n") or popen.poll() is not None)
        assert popen.poll() is None, process.log
        process.origin = self._origin(process)
        assert process.get("/ready")[0] == 200
        return process

    @staticmethod
    def _origin(process: Process) -> str:
        """Find the port of a process among those it listens on: what it prints may be where a proxy is."""
        printed = (process.folder / "stdout").read_text().strip().rpartition(" ")[2]
        if printed != "http://carwire.test":
            return printed
        inodes = set()
        for path in Path(f"/proc/{process.popen.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(str(path.readlink()).removeprefix("socket:[").removesuffix("]"))
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in inodes:
                return f"http://127.0.0.1:{int(columns[1].partition(':')[2], 16)}"
        raise AssertionError("it listens nowhere")

    def inside(self, at: Process, work: Callable[[Carwire], Awaitable[T]]) -> T:
        """Do something with the services of a server in this process, which asks `at` for the simulated cars and does
        not work.
        """

        async def done() -> T:
            settings = read_settings(self.settings("inside"))
            carwire = build(settings, "http://carwire.test", works=False, cars=Elsewhere(lambda: at.origin))
            try:
                return await work(carwire)
            finally:
                await carwire.close()

        return asyncio.run(done())

    def connect(self, at: Process, webhooks: int = 1) -> list[str]:
        """Register an application with a Tesla, one of the cars kept by `at`, and subscribe webhooks to it; return
        their ids.
        """

        async def work(carwire: Carwire) -> list[str]:
            new = await carwire.services.accounts.register("Tests", ("https://example.com/auth",))
            self.client_id = new.application.client_id
            secrets = f"{self.client_id}:{new.client_secret.reveal()}"
            self.basic = "Basic " + b64encode(secrets.encode()).decode()
            self.receiver.token = new.management_token.reveal()
            source = carwire.upstream._sources["simulator"]
            car = await connect(carwire, SecretHasher(PEPPER), source, self.client_id, make="TESLA")
            (self.vin,) = car.vins
            vehicle = await carwire.services.vehicles.find(Principal(self.client_id), car.vehicle_id)
            assert vehicle
            made = []
            for n in range(webhooks):
                lock = "closure-islocked"
                wanted = Wanted(name=f"W{n}", url=self.receiver.url, triggers=(Trigger(lock),), signals=(lock,))
                webhook = (await carwire.services.webhooks.create(self.client_id, wanted)).webhook
                verified = await carwire.services.verifying.verify(webhook)
                assert verified is not None
                assert verified.objection is None, verified
                assert await carwire.services.webhooks.subscribe(vehicle, webhook.id)
                made.append(webhook.id)
            return made

        return self.inside(at, work)

    def ask(self, at: Process, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask for something as the application."""
        headers = {"authorization": self.basic, "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(at.origin + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def lock(self, at: Process, *, locked: bool) -> float:
        """Lock or unlock the car through an API, and return when the answer had come."""
        name = "security-lock" if locked else "security-unlock"
        status, outcome = self.ask(at, "POST", f"/v1/simulator/cars/{self.vin}/commands", {"name": name})
        assert (status, outcome["kind"]) == (200, "done"), outcome
        return time.monotonic()

    def told(self, *, locked: bool, count: int = 1) -> float:
        """Wait until the receiver was told so by `count` deliveries in all, and return when the last arrived."""
        until(lambda: self.receiver.values("closure-islocked").count(locked) >= count)
        return self.receiver.arrived[-1][0]


@contextlib.contextmanager
def installed(folder: Path, database: str | None = None) -> Iterator[Installation]:
    """Whatever is started here has to end with status 0, unless a test killed it; nothing may go wrong in it."""
    with receiving() as receiver:
        made = Installation(folder, receiver, database)
        try:
            yield made
        finally:
            receiver.open.set()
            left = [each for each in made.processes if each.popen.poll() is None]
            for each in left:
                each.popen.send_signal(signal.SIGTERM)
            ends = [each.popen.wait(20) for each in left]
    assert not any(ends), [each.log for each in left]
    for each in made.processes:
        assert "Traceback" not in each.log, each.log
        assert '"level":"error"' not in each.log, each.log
