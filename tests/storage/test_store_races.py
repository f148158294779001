"""What every store does when many ask at once: in one process, from two stores on one database, from two processes."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from tests.conftest import ROOT
from tests.storage.conftest import (
    NOW,
    Place,
    application,
    car,
    command,
    connect,
    digest,
    owner,
    pair,
    reading,
    session,
)

from carwire.core.budgets import Bucket, Budget
from carwire.core.commands import RECOVERY_GRACE
from carwire.core.errors import StoreUnavailable
from carwire.core.grants import ApprovedCar, Principal
from carwire.core.ports import Store
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.secrets import Secret
from carwire.storage.audit import first_break
from carwire.storage.sql.sqlite import FILE_NAME
from carwire.storage.sql.sqlite_driver import SqliteDatabase

pytestmark = pytest.mark.anyio
APP = Principal("app")
GRACE = timedelta(minutes=10)


@pytest.fixture
async def stores(place: Place) -> list[Store]:
    """Two stores on one place; in memory it is the same one twice."""
    first = place.open()
    await first.add(application(), Secret("x"))
    return [first, place.open()]


async def test_of_many_parallel_redemptions_one_wins_and_the_others_kill_its_tokens(stores: list[Store]) -> None:
    """The rule for the losers: the first of them is a second use, and a second use revokes."""
    codes = [(await connect(stores[0], owner=owner(f"{n}"))).code_digest or b"" for n in range(200)]

    async def redeem(n: int, attempt: int) -> str:
        return await stores[attempt % 2].redeem(codes[n], pair(f"{n} {attempt}"), NOW)

    for some in range(0, 200, 10):
        calls = [(n, attempt) for n in range(some, some + 10) for attempt in range(32)]
        random.Random(some).shuffle(calls)
        answers = await asyncio.gather(*(redeem(n, attempt) for n, attempt in calls))
        for n in range(some, some + 10):
            of_code = Counter(answer for (m, _), answer in zip(calls, answers, strict=True) if m == n)
            assert of_code == {"done": 1, "reused": 31}
        for (n, attempt), answer in zip(calls, answers, strict=True):
            if answer == "done" or attempt == 0:
                assert await stores[n % 2].access_token(digest(f"access {n} {attempt}"), NOW) is None
                token = await stores[0].refresh_token(digest(f"refresh {n} {attempt}"))
                assert (token is not None and token.revoked) is (answer == "done")


async def test_parallel_refreshes_whose_answers_are_lost_neither_fork_nor_kill_within_the_grace(
    stores: list[Store],
) -> None:
    for n in range(50):
        approval = await connect(stores[0], owner=owner(f"{n}"))
        await stores[0].redeem(approval.code_digest or b"", pair(f"{n}.0"), NOW)

    async def refresh(n: int, generation: int, attempt: int, seconds: int) -> str:
        at = NOW + timedelta(seconds=seconds)
        successor = pair(f"{n}.{generation + 1}", at)
        return await stores[attempt % 2].rotate(digest(f"refresh {n}.{generation}"), successor, at, GRACE)

    for generation in range(3):
        calls = [refresh(n, generation, attempt, generation * 100 + attempt) for n in range(50) for attempt in range(8)]
        random.Random(generation).shuffle(calls)
        assert Counter(await asyncio.gather(*calls)) == {"done": 50, "again": 350}
    for n in range(50):
        family = [await stores[0].refresh_token(digest(f"refresh {n}.{generation}")) for generation in range(5)]
        assert [token and token.used_at is not None for token in family] == [True, True, True, False, None]
        assert not any(token.revoked for token in family if token)

    late = GRACE.total_seconds() + 1000
    answers = await asyncio.gather(*(refresh(n, 0, attempt, int(late)) for n in range(50) for attempt in range(8)))
    assert Counter(answers) == {"reused": 50, "unknown": 350}
    for n in range(50):
        token = await stores[0].refresh_token(digest(f"refresh {n}.3"))
        assert token is not None
        assert token.revoked


async def test_a_grant_revoked_amid_refreshes_leaves_no_living_token(stores: list[Store]) -> None:
    for n in range(20):
        approval = await connect(stores[0], owner=owner(f"{n}"))
        await stores[0].redeem(approval.code_digest or b"", pair(f"{n}.0"), NOW)
    calls: list[Any] = []
    for n in range(20):
        calls += [stores[i % 2].rotate(digest(f"refresh {n}.0"), pair(f"{n}.1"), NOW, GRACE) for i in range(4)]
        calls.append(stores[1].revoke("app", digest(f"refresh {n}.0"), NOW))
    random.Random(2).shuffle(calls)
    await asyncio.gather(*calls)
    for n in range(20):
        for generation in (0, 1):
            assert await stores[0].access_token(digest(f"access {n}.{generation}"), NOW) is None


async def test_a_budget_is_never_overspent(stores: list[Store]) -> None:
    budget = Budget(Bucket(20, 86_400.0), Bucket(5, 86_400.0))
    moments = [NOW + timedelta(microseconds=n) for n in range(100)]
    calls = [stores[n % 2].spend("car", budget, at, calls=1, wakes=n % 2) for n, at in enumerate(moments)]
    answers = await asyncio.gather(*calls)
    spent = [n % 2 for n, answer in enumerate(answers) if answer is None]
    assert len(spent) == 20
    assert sum(spent) <= 5
    assert all(answer is None or answer > 0 for answer in answers)


async def test_equal_orders_given_at_once_are_one_command(stores: list[Store]) -> None:
    await connect(stores[0])
    vehicle = await stores[0].reach(APP, (await stores[0].vehicles(APP, 1, 0))[0][0])
    assert vehicle is not None
    for n in range(10):
        records = [command(vehicle.id, vehicle.car.id, fingerprint=digest(f"{n}")) for _ in range(12)]
        answers = await asyncio.gather(*(stores[i % 2].accept(record, None) for i, record in enumerate(records)))
        assert Counter(answer.how for answer in answers) == {"own": 1, "joined": 11}
        assert len({answer.record.id for answer in answers}) == 1
    for n in range(10, 20):
        records = [command(vehicle.id, vehicle.car.id, fingerprint=digest(f"{n} {i}")) for i in range(12)]
        answers = await asyncio.gather(*(stores[i % 2].accept(record, f"{n}") for i, record in enumerate(records)))
        assert Counter(answer.how for answer in answers) == {"own": 1, "replayed": 11}
    lines = await stores[1].audit()
    assert [line.detail["state"] for line in lines if line.kind == "command"] == ["accepted"] * 20
    assert first_break(lines) is None


async def test_one_of_many_ends_a_command_and_one_marks_it_sent(stores: list[Store]) -> None:
    await connect(stores[0])
    vehicle = await stores[0].reach(APP, (await stores[0].vehicles(APP, 1, 0))[0][0])
    assert vehicle is not None
    for n in range(10):
        record = command(vehicle.id, vehicle.car.id, fingerprint=digest(f"{n}"))
        await stores[0].accept(record, None)
        sent = await asyncio.gather(*(stores[i % 2].mark_sent(record.id, NOW) for i in range(8)))
        late = record.deadline_at + RECOVERY_GRACE
        calls: list[Any] = [stores[i % 2].end(record.id, "done", None, late) for i in range(8)]
        ended = await asyncio.gather(*calls, *(stores[i % 2].recover(late) for i in range(4)))
        assert (sum(sent), sum(ended)) == (1, 1)
    lines = await stores[0].audit()
    assert len([line for line in lines if line.kind == "command"]) == 30
    assert first_break(lines) is None


async def test_lines_written_to_the_audit_at_once_make_one_chain(stores: list[Store]) -> None:
    await asyncio.gather(*(stores[n % 2].note("kind", f"{n}", {"n": n}, NOW) for n in range(300)))
    lines = await stores[0].audit()
    assert sorted(line.detail["n"] for line in lines) == list(range(300))  # type: ignore[type-var]
    assert first_break(lines) is None


async def test_of_parallel_approvals_of_one_session_one_is_written(stores: list[Store]) -> None:
    approval = await connect(stores[0])
    for n in range(5):
        asked = session()
        await stores[0].open_session(asked)
        calls = [
            stores[i % 2].approve(
                msgspec.structs.replace(
                    approval, session_id=asked.id, grant_id=f"{n} {i}", code_digest=digest(f"late {n} {i}")
                )
            )
            for i in range(6)
        ]
        assert sum(await asyncio.gather(*calls)) == 1
        codes = [await stores[1].code(digest(f"late {n} {i}")) for i in range(6)]
        assert sum(code is not None for code in codes) == 1


async def test_parallel_approvals_of_shared_cars_and_disconnections_leave_nothing_half_done(
    stores: list[Store], place: Place
) -> None:
    for n in range(4):
        await stores[0].add(application(f"app {n}"), Secret("x"))

    async def come_and_go(n: int) -> None:
        store, client_id = stores[n % 2], f"app {n % 4}"
        for step in range(6):
            order = [car(f"{(n + i * 3 + step) % 5}") for i in range(3)]
            cars = tuple(ApprovedCar(each, ("read_vin",)) for each in order)
            await connect(store, client_id=client_id, owner=owner(f"{n % 3}", client_id), cars=cars)
            (vehicle_id, *_), _ = await store.vehicles(Principal(client_id), 1, 0) or ([""], 0)
            vehicle = await store.reach(Principal(client_id), vehicle_id)
            if vehicle is not None:
                await store.keep(vehicle, {"a": reading(step)}, NOW)
            if step % 2:
                await store.disconnect(client_id, ConnectionFilter(), NOW)

    await asyncio.gather(*(come_and_go(n) for n in range(8)))
    for n in range(4):
        await stores[0].disconnect(f"app {n}", ConnectionFilter(), NOW)
        assert await stores[1].vehicles(Principal(f"app {n}"), 10, 0) == ([], 0)
    await connect(stores[0], cars=tuple(ApprovedCar(car(f"{n}"), ("read_vin",)) for n in range(5)))
    ids, total = await stores[1].vehicles(APP, 10, 0)
    assert total == 5
    for vehicle_id in ids:
        vehicle = await stores[0].reach(APP, vehicle_id)
        assert vehicle is not None
        assert await stores[1].readings(vehicle, ["a"]) == {}, "readings went with the last connection"
    if place.url:
        with psycopg.connect(place.url) as connection:
            deadlocks = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            assert deadlocks.fetchone() == (0,), "everybody locks in one order"


async def test_a_task_that_stops_waiting_undoes_nothing_and_holds_nobody_up(stores: list[Store]) -> None:
    store = stores[0]
    tasks = [asyncio.create_task(store.note("kind", f"{n}", {}, NOW)) for n in range(40)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await store.note("kind", "last", {}, NOW)
    subjects = {line.subject for line in await stores[1].audit()}
    assert {f"{n}" for n in range(1, 40, 2)} | {"last"} <= subjects
    if not isinstance(getattr(store, "_database", None), SqliteDatabase):
        return
    assert {f"{n}" for n in range(40)} <= subjects, "what was handed in is written"


async def test_closing_finishes_what_was_handed_in(disk: Place) -> None:
    store = disk.open()
    tasks = [asyncio.create_task(store.note("kind", f"{n}", {}, NOW)) for n in range(100)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*tasks)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.note("kind", "late", {}, NOW)
    with pytest.raises(StoreUnavailable):
        await store.find("app")
    assert len(await disk.open().audit()) == 100


async def test_a_plan_that_fails_spoils_none_of_those_written_with_it(stores: list[Store]) -> None:
    calls: list[Any] = []
    for n in range(60):
        calls.append(stores[0].note("kind", f"{n}", {}, NOW))
        calls.append(stores[0].open_session(session("nobody")))
        calls.append(stores[0].add(application(), Secret("x")))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["NoneType", "Conflict", "Conflict"] * 60
    lines = await stores[1].audit()
    assert len(lines) == 60
    assert first_break(lines) is None


def test_a_store_serves_one_event_loop_after_another(place_without_loop: Place) -> None:
    store = place_without_loop.open()

    async def once(n: int) -> int:
        await asyncio.gather(*(store.note("kind", f"{n}", {}, NOW) for _ in range(5)))
        store.version()
        return len(await store.audit())

    assert [asyncio.run(once(n)) for n in range(4)] == [5, 10, 15, 20]
    asyncio.run(store.close())


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def place_without_loop(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A place of each kind for a test that brings its own event loops."""
    if request.param != "postgres":
        yield Place(request.param, tmp_path / "data", None)
        return
    yield Place(request.param, tmp_path / "data", request.getfixturevalue("postgres_url"))


WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

async def main(folder, name):
    store = open_store(folder, None, open_sealer(folder, None))
    async def write(worker):
        for n in range(100_000):
            await store.note("kind", f"{name} {worker} {n}", {}, datetime.now(UTC))
            print(f"{name} {worker} {n}", flush=True)
    await asyncio.gather(*(write(worker) for worker in range(8)))

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


def writer(folder: Path, name: str) -> subprocess.Popen[str]:
    """Start a process that writes lines of the audit and prints each once it is acknowledged."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, folder, name], stdout=subprocess.PIPE, text=True, env=environment
    )


async def test_two_processes_write_one_file_and_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    place = Place("sqlite", tmp_path / "data", None)
    await place.open().close()
    acknowledged: set[str] = set()
    for round_ in range(3):
        writers = [writer(place.folder, f"{round_} {name}") for name in "ab"]
        for process in writers:
            assert process.stdout is not None
            acknowledged.add(process.stdout.readline().strip())  # both are at work
        for wanted, process in zip((60, 90), writers, strict=True):
            assert process.stdout is not None
            acknowledged |= {process.stdout.readline().strip() for _ in range(wanted)}
            process.send_signal(signal.SIGKILL)
        for process in writers:
            assert process.stdout is not None
            rest = process.stdout.read()
            whole, _, _ = rest.rpartition("\n")  # the last line may be cut off
            acknowledged |= set(whole.splitlines())
            process.stdout.close()
            assert process.wait() == -signal.SIGKILL
        with closing(sqlite3.connect(place.folder / FILE_NAME)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        store = place.open()
        lines = await store.audit(limit=100_000)
        assert acknowledged - {""} <= {line.subject for line in lines}
        assert first_break(lines) is None
        await store.close()
    assert len(acknowledged) > 450
