"""Runs the kill test: starts a driver, servers and a receiver, sees them die, starts them again, and waits until there
is nothing left to do. ``python -m tests.crash.supervisor plan.json`` prints what came of it.

Every process is forked from this one, which has imported everything and runs neither thread nor event loop meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from tests.crash import driver, judge, receiver, server
from tests.crash.plan import Death, Deaths, Gauge, Plan
from tests.crash.receiver import Keys
from tests.crash.scene import Scene
from tests.postgres import Cluster

from carwire.app import open_database, open_jobs
from carwire.core.grants import Principal
from carwire.core.webhooks import Form

PR_SET_PDEATHSIG = 1
Body = Callable[[Callable[[object], None]], None]  # is told whom to tell that it is ready


class Process:
    """A forked process."""

    def __init__(self, plan: Plan, name: str, body: Body) -> None:
        self.name = name
        self.ready: str | None = None
        self.status: int | None = None
        self.began = time.monotonic()
        self._pipe, told = os.pipe()
        os.set_blocking(self._pipe, False)
        self.id = os.fork()
        if self.id == 0:
            _run(plan, name, told, body)
        os.close(told)

    def look(self) -> bool:
        """Return whether it lives."""
        if self.ready is None and self.status is None:
            with contextlib.suppress(BlockingIOError):
                self.ready = os.read(self._pipe, 100).decode() or None
        if self.status is None:
            found, status = os.waitpid(self.id, os.WNOHANG)
            if found:
                self.status = os.waitstatus_to_exitcode(status)
                os.close(self._pipe)
        return self.status is None

    def kill(self) -> None:
        """End it without a word."""
        if self.look():
            os.kill(self.id, signal.SIGKILL)
            while self.look():
                time.sleep(0.001)


def _run(plan: Plan, name: str, told: int, body: Body) -> None:
    """Be a forked process, to the end."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        errors = os.open(plan.path / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(errors, 1)
        os.dup2(errors, 2)
        body(partial(_say, told))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


@dataclass
class Seat:
    """Where one server after the other is run. `dies_at`: when the present one is to be killed from here."""

    name: str
    process: Process
    death: Death
    gauge: Gauge
    dies_at: float | None = None


def _say(told: int, said: object) -> None:
    os.write(told, str(said).encode())


class Supervisor:
    """One run."""

    def __init__(self, plan: Plan, cluster: Cluster | None = None) -> None:
        self.plan = plan
        self._cluster = cluster
        self._dice = random.Random(plan.seed)
        self._deaths = Deaths(plan)
        self._died: Counter[str] = Counter()
        self._running: list[Process] = []
        self._gauges: list[Gauge] = []
        self._in_flight = 0
        self._keys: dict[str, Keys] = {}
        self._driver_kills = self._moments(plan.driver_kills)
        self._database_kills = self._moments(plan.database_kills)

    def run(self) -> judge.Judgement:
        """Run, and judge."""
        began, unfinished = time.monotonic(), None
        catcher = self._begin("receiver", lambda ready: receiver.main(self.plan, self._known, ready))
        try:
            _until(lambda: catcher.look() and catcher.ready)
            self._watch(asyncio.run(self._set_up(int(catcher.ready or 0))), began + self.plan.limit_s)
        except TimeoutError:
            unfinished = f"{judge.waiting(self.plan)} wait after {self.plan.limit_s} s"
        finally:
            for each in self._running:
                each.kill()
        found = judge.judge(self.plan)
        found.unfinished, found.seconds = unfinished, round(time.monotonic() - began, 1)
        forgotten = sum(gauge.read()[1] for gauge in self._gauges)
        found.deaths, found.in_flight = dict(self._died), self._in_flight + forgotten
        return found

    def _watch(self, principal: Principal, until: float) -> None:
        """Let things happen until nothing is left to do."""
        source = self._driver(principal)
        seats = [self._seat(f"server{number}") for number in range(self.plan.servers)]
        asked_at = time.monotonic()
        while time.monotonic() < until:
            time.sleep(0.005)
            source = self._drive(source, principal)
            if self._is_next(self._database_kills):
                self._kill_database(seats)
            seats = [self._sat(each) for each in seats]
            if self._is_enough(seats):
                driver.enough(self.plan).touch()
            if source.status == 0 and time.monotonic() - asked_at > 0.3:
                asked_at = time.monotonic()
                if not judge.waiting(self.plan):
                    return
        raise TimeoutError

    def _drive(self, source: Process, principal: Principal) -> Process:
        """Kill the driver if it is time to, and begin it again."""
        if self._is_next(self._driver_kills):
            source.kill()
            self._died["driver"] += 1
        if source.look() or source.status == 0:
            return source
        self._check(source)
        return self._driver(principal)

    def _sat(self, seat: Seat) -> Seat:
        """Kill a server if it is time to, and begin another."""
        now = time.monotonic()
        if seat.process.ready and seat.dies_at is None and seat.death.point == "any":
            seat.dies_at = now + self._dice.uniform(0, 0.8)
        if seat.dies_at is not None and now >= seat.dies_at:
            seat.process.kill()
        if seat.process.look():
            return seat
        self._check(seat.process)
        self._died[seat.death.point or "nothing"] += 1
        self._in_flight += seat.gauge.read()[0]
        return self._seat(seat.name)

    def _is_enough(self, seats: list[Seat]) -> bool:
        """Tell whether everything that was to die has."""
        left = self._deaths.left or self._driver_kills or self._database_kills
        return not left and all(each.death.point is None for each in seats)

    def _moments(self, count: int) -> list[float]:
        """Draw moments, as shares of all events written."""
        return sorted(self._dice.uniform(0.1, 0.9) for _ in range(count))

    def _is_next(self, moments: list[float]) -> bool:
        """Tell whether the first of these moments has come, and let go of it."""
        if not moments or len(driver.acknowledged(self.plan)) < moments[0] * self.plan.events:
            return False
        moments.pop(0)
        return True

    def _check(self, ended: Process) -> None:
        """Raise for a process that did not end as it was to."""
        if ended.status != -signal.SIGKILL:
            raise RuntimeError((self.plan.path / f"{ended.name}.log").read_text()[-4000:])

    def _begin(self, name: str, body: Body) -> Process:
        self._running.append(Process(self.plan, name, body))
        return self._running[-1]

    def _driver(self, principal: Principal) -> Process:
        return self._begin("driver", lambda _: driver.main(self.plan, principal))

    def _seat(self, name: str) -> Seat:
        death, path = self._deaths.next(), self.plan.path / f"gauge{len(self._gauges)}"
        self._gauges.append(Gauge(path))
        process = self._begin(name, lambda ready: server.main(self.plan, death, Gauge(path), lambda: ready("ready")))
        return Seat(name, process, death, self._gauges[-1])

    def _kill_database(self, seats: list[Seat]) -> None:
        """Let PostgreSQL crash, one way or the other, and start it again."""
        assert self._cluster
        how = (signal.SIGKILL, signal.SIGQUIT)[self._died["database"] % 2]
        self._died["database"] += 1
        self._in_flight += sum(each.gauge.read()[0] for each in seats)
        self._cluster.stop(how)
        self._cluster.start()

    async def _set_up(self, port: int) -> Principal:
        """Register an application, whose cars are connected, with two webhooks: of all cars, and of every second."""
        store = open_database(self.plan.settings())
        await open_jobs(self.plan.settings()).close()
        scene = await Scene(store).begin(self.plan.vehicles)
        (self.plan.path / "keys").mkdir()
        for name, vehicles in (("a", scene.vehicles), ("b", scene.vehicles[::2])):
            webhook = await scene.webhook(
                f"http://127.0.0.1:{port}/{name}", vehicles=vehicles, form=Form(concurrency=16)
            )
            found = await store.signing_keys(scene.client_id, webhook.id, scene.clock())
            assert found.management_token
            keys = Keys(found.management_token.reveal(), found.secrets[0].reveal())
            (self.plan.path / "keys" / name).write_bytes(msgspec.json.encode(keys))
        await store.close()
        return Principal(scene.client_id, scene.vehicles[0].user_id)

    def _known(self) -> dict[str, Keys]:
        """What the receiver knows, read by its own process when there is something."""
        if not self._keys:
            folder = self.plan.path / "keys"
            self._keys = {each.name: msgspec.json.decode(each.read_bytes(), type=Keys) for each in folder.iterdir()}
        return self._keys


def run(plan: Plan, cluster: Cluster | None = None) -> judge.Judgement:
    """Run a plan in this process, which must be one without threads."""
    return Supervisor(plan, cluster).run()


def _until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextlib.contextmanager
def database(kills: int) -> Iterator[tuple[Cluster, str]]:
    """A PostgreSQL of our own, with a database: what it has committed is kept when it crashes."""
    from tests import postgres

    with postgres.running(*postgres.DURABLE) as cluster:
        assert cluster, "PostgreSQL is not installed"
        with cluster.database() as url:
            yield cluster, url


def main() -> None:
    """Run the plan of a file, and print what came of it as JSON."""
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    plan = msgspec.structs.replace(plan, began=time.time())
    if plan.database is None:
        found = run(plan)
    else:
        with database(plan.database_kills) as (cluster, url):
            found = run(msgspec.structs.replace(plan, database=url), cluster)
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
