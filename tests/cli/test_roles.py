"""``carwire api`` and ``carwire worker``: several processes are one installation, and stay one when some die."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from tests.conftest import until
from tests.installation import Installation, Process, installed
from tests.postgres import Cluster

from carwire.app import Carwire
from carwire.core.jobs import LEASE_S
from carwire.core.outbox import DeliveryFilter

Run = Callable[..., subprocess.CompletedProcess[str]]
_LAST_S = 16.0  # what a worker has for what is under way, at the end


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Installation]:
    """An installation on a data folder."""
    with installed(tmp_path) as made:
        yield made


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Installation]:
    """An installation on a PostgreSQL."""
    with installed(tmp_path, postgres_url) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def installation(request: pytest.FixtureRequest) -> Any:
    """Each kind of installation there is."""
    return request.getfixturevalue(f"on_{request.param}")


def pair(made: Installation) -> tuple[Process, Process]:
    """Start an API, and a worker that asks it for the simulated cars."""
    api = made.start("api", "api")
    settings = {"CARWIRE_SIMULATOR_URL": api.origin} if made.database else {}
    return api, made.start("worker", "worker", **settings)


def test_an_event_of_the_api_s_process_is_delivered_by_the_worker_s(installation: Installation) -> None:
    api, worker = pair(installation)
    installation.connect(api)
    installation.told(locked=True)  # polled by the worker, of the world in the API's process
    assert worker.metric("carwire_polls_total") >= 1
    for n in range(1, 4):
        done = installation.lock(api, locked=False)
        assert installation.told(locked=False, count=n) - done < 10
        done = installation.lock(api, locked=True)
        assert installation.told(locked=True, count=n + 1) - done < 10
    assert worker.metric("carwire_webhook_attempts_total", state="delivered") == 7
    assert api.metric("carwire_webhook_attempts_total") == 0
    assert (api.metric("carwire_worker_works"), worker.metric("carwire_worker_works")) == (0, 1)


def test_a_worker_answers_supervisors_and_nobody_else(installation: Installation) -> None:
    _, worker = pair(installation)
    assert worker.get("/health")[0] == worker.get("/ready")[0] == worker.get("/metrics")[0] == 200
    for path in ("/", "/v2.0/user", "/v1/simulator", "/openapi.json", "/oauth/authorize"):
        status, body = worker.get(path)
        assert (status, '"PATH"' in body) == (404, True), path


def test_an_api_alone_keeps_events_for_the_worker_that_comes(on_sqlite: Installation) -> None:
    api = on_sqlite.start("api", "api")
    on_sqlite.connect(api)
    time.sleep(1.5)
    assert on_sqlite.receiver.arrived == []
    on_sqlite.start("worker", "worker")
    on_sqlite.told(locked=True)


def test_a_worker_that_is_told_to_end_finishes_what_is_under_way(installation: Installation) -> None:
    api, worker = pair(installation)
    (webhook_id,) = installation.connect(api)
    installation.told(locked=True)
    installation.receiver.delay_s = 2.0
    begun = installation.receiver.begun
    installation.lock(api, locked=False)
    until(lambda: installation.receiver.begun > begun)
    began = time.monotonic()
    assert worker.end() == 0
    assert 1 < time.monotonic() - began < _LAST_S
    assert worker.log.endswith("Carwire has stopped.\n")

    async def kept(carwire: Carwire) -> list[tuple[str, int]]:
        found = await carwire.services.webhooks.deliveries(installation.client_id, webhook_id, DeliveryFilter(), 10)
        return [(each.state, each.attempts) for each in found]

    assert installation.inside(api, kept) == [("delivered", 1), ("delivered", 1)]


def test_a_second_worker_on_a_folder_waits_until_the_first_is_gone(on_sqlite: Installation) -> None:
    api, first = pair(on_sqlite)
    on_sqlite.connect(api)
    on_sqlite.told(locked=True)
    second = on_sqlite.start("worker", "second")
    on_sqlite.lock(api, locked=False)
    on_sqlite.told(locked=False)
    assert (second.metric("carwire_worker_works"), second.metric("carwire_webhook_attempts_total")) == (0, 0)
    first.end(signal.SIGKILL)
    on_sqlite.lock(api, locked=True)
    on_sqlite.told(locked=True, count=2)
    assert second.metric("carwire_worker_works") == 1


def test_two_apis_and_two_workers_share_one_database_and_one_world(on_postgres: Installation) -> None:
    first = on_postgres.start("api", "api-1")
    there = {"CARWIRE_SIMULATOR_URL": first.origin}
    second = on_postgres.start("api", "api-2", **there)
    workers = [on_postgres.start("worker", f"worker-{n}", **there) for n in (1, 2)]
    on_postgres.connect(first, webhooks=8)
    on_postgres.told(locked=True, count=8)
    rounds = 1
    while not all(worker.metric("carwire_webhook_attempts_total") for worker in workers):
        assert rounds < 40, "one worker gets everything"
        done = on_postgres.lock((first, second)[rounds % 2], locked=False)
        assert on_postgres.told(locked=False, count=8 * rounds) - done < 10
        on_postgres.lock((second, first)[rounds % 2], locked=True)
        rounds += 1
        on_postgres.told(locked=True, count=8 * rounds)
    ids = [told["eventId"] for _, told in on_postgres.receiver.arrived]
    assert len(set(ids)) == len(ids) == 8 * (2 * rounds - 1)
    _, one = on_postgres.ask(first, "GET", f"/v1/simulator/cars/{on_postgres.vin}?codes=odometer,closure")
    _, other = on_postgres.ask(second, "GET", f"/v1/simulator/cars/{on_postgres.vin}?codes=odometer,closure")
    assert {k: v["value"] for k, v in one["answers"].items()} == {k: v["value"] for k, v in other["answers"].items()}


@pytest.mark.skipif(os.environ.get("CARWIRE_NIGHTLY") != "1", reason="waits for a lease to end: CARWIRE_NIGHTLY=1")
def test_what_a_killed_worker_had_in_hand_is_taken_over(on_postgres: Installation) -> None:
    api = on_postgres.start("api", "api")
    there = {"CARWIRE_SIMULATOR_URL": api.origin}
    workers = [on_postgres.start("worker", f"worker-{n}", **there) for n in (1, 2)]
    on_postgres.connect(api)
    on_postgres.told(locked=True)
    on_postgres.receiver.open.clear()
    begun = on_postgres.receiver.begun
    on_postgres.lock(api, locked=False)
    until(lambda: on_postgres.receiver.begun > begun)
    (busy,) = [worker for worker in workers if worker.metric("carwire_worker_jobs")]
    busy.end(signal.SIGKILL)
    killed = time.monotonic()
    taken_over = on_postgres.receiver.begun + 1
    until(lambda: on_postgres.receiver.begun >= taken_over, LEASE_S + 3)
    assert time.monotonic() - killed <= LEASE_S + 2
    on_postgres.receiver.open.set()
    on_postgres.told(locked=False, count=2)  # the first request was read before its sender died
    assert len({told["eventId"] for _, told in on_postgres.receiver.arrived[-2:]}) == 1


def test_a_second_world_on_a_database_is_not_made(on_postgres: Installation) -> None:
    first, second = on_postgres.start("api", "api-1"), on_postgres.start("api", "api-2")
    on_postgres.connect(first)
    assert "CARWIRE_SIMULATOR_URL has to name it" in second.log
    path = f"/v1/simulator/cars/{on_postgres.vin}"
    assert on_postgres.ask(first, "GET", path)[0] == 200
    status, body = on_postgres.ask(second, "GET", path)
    assert (status, body["type"], body["code"]) == (502, "UPSTREAM", "KNOWN_ISSUE")
    assert first.end() == 0
    third = on_postgres.start("api", "api-3")
    assert on_postgres.ask(third, "GET", "/v1/simulator")[0] == 200


def test_a_second_api_on_a_folder_asks_the_first_for_its_cars(on_sqlite: Installation) -> None:
    first, second = on_sqlite.start("api", "api-1"), on_sqlite.start("api", "api-2")
    on_sqlite.connect(first)
    on_sqlite.lock(second, locked=False)
    for api in (first, second):
        _, found = on_sqlite.ask(api, "GET", f"/v1/simulator/cars/{on_sqlite.vin}?codes=closure-islocked")
        assert found["answers"]["closure-islocked"]["value"] is False


def _world_lock(made: Installation, cluster: Cluster) -> tuple[str, list[tuple[int, int, int]]]:
    """Return the database's name, and who holds which claim on its simulated cars."""
    name = urlsplit(made.database or "").path.strip("/")
    held = "SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
    return name, cluster.run(held + "(SELECT oid FROM pg_database WHERE datname = current_database())", name)


def test_a_keeper_that_lost_its_database_session_claims_the_cars_again(
    on_postgres: Installation, cluster: Cluster
) -> None:
    api = on_postgres.start("api", "api")
    name, ((pid, *_),) = _world_lock(on_postgres, cluster)
    cluster.run(f"SELECT pg_terminate_backend({pid})", name)
    until(lambda: [row[0] for row in _world_lock(on_postgres, cluster)[1]] not in ([], [pid]))
    assert api.popen.poll() is None


def test_a_keeper_ends_when_another_one_keeps_the_cars(on_postgres: Installation, cluster: Cluster) -> None:
    api = on_postgres.start("api", "api")
    name, ((pid, classid, objid),) = _world_lock(on_postgres, cluster)
    with psycopg.connect(cluster.url(name), autocommit=True) as other:
        waiting = threading.Thread(target=other.execute, args=(f"SELECT pg_advisory_lock({classid}, {objid}::int4)",))
        waiting.start()
        until(lambda: cluster.run("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", name))
        cluster.run(f"SELECT pg_terminate_backend({pid})", name)
        assert api.popen.wait(20) == 0
        waiting.join()
    assert "another process keeps the simulated cars now" in api.log
    on_postgres.processes.remove(api)  # an error is what it had to log


# What cannot work.


def refused(run: Run, *arguments: object, **settings: str) -> str:
    done = run(*arguments, "--port", "0", **settings)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line.removeprefix("carwire: ")


def test_a_worker_without_the_api_s_database_says_what_is_missing(run_carwire: Run, tmp_path: Path) -> None:
    line = refused(run_carwire, "worker", "--data", tmp_path / "elsewhere")
    assert line.startswith(
        f"there is no database in {tmp_path}/elsewhere: with SQLite a worker runs on the data folder"
    )
    assert "CARWIRE_DATABASE" in line
    assert not (tmp_path / "elsewhere").exists()


def test_a_worker_has_to_know_where_clients_reach_the_api(run_carwire: Run, postgres_url: str) -> None:
    line = refused(run_carwire, "worker", CARWIRE_DATABASE=postgres_url)
    assert line.startswith("CARWIRE_BASE_URL must say where clients reach the API")


def test_a_second_server_for_everything_on_a_folder_is_refused(run_carwire: Run, on_sqlite: Installation) -> None:
    on_sqlite.start("up", "first")
    line = refused(run_carwire, "up", **on_sqlite.settings("second"))
    assert line.startswith(f"another server runs on the data folder {on_sqlite.folder}/data: ")
    worker = on_sqlite.start("worker", "worker")
    assert worker.metric("carwire_worker_works") == 0, "the server works itself"


@pytest.mark.parametrize("url", ["simulator:8000", "http://simulator:8000/", "http://simulator/x"])
def test_a_wrong_address_of_the_simulated_cars_is_named(run_carwire: Run, url: str) -> None:
    assert refused(run_carwire, "api", CARWIRE_SIMULATOR_URL=url).startswith(f"CARWIRE_SIMULATOR_URL cannot be '{url}'")
