"""Jobs on PostgreSQL: the tables, other processes, and a database that goes away."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.conftest import ROOT, environment
from tests.jobs.conftest import Place, database_with_jobs
from tests.postgres import PASSWORD, Cluster, running

from carwire.core.errors import CannotStart, StoreUnavailable
from carwire.core.jobs import LEASE_S, Job, Taken
from carwire.jobs.pgqueuer import PgQueuerJobs
from carwire.jobs.pgqueuer_schema import PREFIX, install
from carwire.storage.sealing import open_sealer
from carwire.storage.sql import schema, upgrade
from carwire.storage.sql.store import open_store

anyio = pytest.mark.anyio
KEYS = f"k:{'1' * 64}"
TABLES = {"carwire_pgqueuer", "carwire_pgqueuer_log", "carwire_pgqueuer_schedules", "carwire_pgqueuer_statistics"}
JOB = Job("deliver", "1")
TAKER = """
import asyncio, sys
from carwire.jobs.pgqueuer import PgQueuerJobs

async def main():
    jobs = PgQueuerJobs(sys.argv[1])
    print("waiting", flush=True)
    while not (taken := await jobs.take(["deliver"], 1, 5)):
        pass
    print(taken[0].job.subject, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
PUTTER = """
import asyncio, sys, time
from carwire.core.jobs import Job
from carwire.jobs.pgqueuer import PgQueuerJobs

async def main():
    jobs = PgQueuerJobs(sys.argv[1])
    for number in range(5):
        await asyncio.sleep(0.2)
        await jobs.put([Job("deliver", str(time.time()))])
    await jobs.close()
asyncio.run(main())
"""


def start(program: str, url: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, url],
        env=environment(PYTHONPATH=str(ROOT / "src"), **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def dump(cluster: Cluster, url: str) -> list[bytes]:
    """Return what is in a database as pg_dump writes it, in an order of our own, without what differs every time."""
    return sorted(line for line in cluster.dump(url).splitlines() if not re.match(rb"--|\\(un)?restrict", line))


def broken(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def take(jobs: PgQueuerJobs, limit: int = 10, wait_s: float = 0.0) -> list[Taken]:
    return await jobs.take(["deliver"], limit, wait_s)


async def recovered(jobs: PgQueuerJobs, job: Job) -> Taken:
    """Put and take as a server does: what cannot be reached is tried again after a while."""
    for _ in range(100):
        try:
            await jobs.put([job])
            for taken in await take(jobs):
                return taken
        except StoreUnavailable:
            await asyncio.sleep(0.1)
    raise AssertionError


def test_an_empty_database_gets_tables_that_can_be_told_from_ours(empty_database: str) -> None:
    install(empty_database)
    assert tables(empty_database) == TABLES
    assert not TABLES & set(schema.metadata.tables)
    with psycopg.connect(empty_database) as connection:
        objects = connection.execute(
            "SELECT typname FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'"
            " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        ).fetchall()
    assert len(objects) == 5
    assert all(name.startswith(PREFIX) for (name,) in objects)


def test_making_the_tables_again_changes_nothing(cluster: Cluster, empty_database: str) -> None:
    install(empty_database)
    first = dump(cluster, empty_database)
    install(empty_database)
    assert dump(cluster, empty_database) == first


@anyio
async def test_a_database_of_the_release_before_gets_the_tables_and_stays_ours(empty_database: str) -> None:
    upgrade.upgrade("postgresql+psycopg://", "0003", lambda: psycopg.connect(empty_database))
    for _ in range(2):
        store = open_store(Path("nowhere"), empty_database, open_sealer(Path("nowhere"), KEYS))
        await store.ping()
        await store.close()
        install(empty_database)  # inside an event loop, as the store is opened too
    assert tables(empty_database) == {*schema.metadata.tables, "alembic_version", *TABLES}


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE carwire_pgqueuer DROP COLUMN slot"],
        ["DROP INDEX carwire_pgqueuer_unique_dedupe_key", "DROP INDEX carwire_pgqueuer_ep_prio_id_idx"],
        ["DROP TRIGGER carwire_tg_pgqueuer_changed ON carwire_pgqueuer"],
        ["DROP TABLE carwire_pgqueuer_log"],
        ["ALTER TABLE carwire_pgqueuer_schedules ALTER id TYPE integer"],
        ["DROP TABLE carwire_pgqueuer, carwire_pgqueuer_log, carwire_pgqueuer_schedules, carwire_pgqueuer_statistics"],
    ],
)
def test_tables_of_an_older_pgqueuer_or_half_made_ones_are_brought_up_to_date(
    cluster: Cluster, empty_database: str, statements: list[str]
) -> None:
    install(empty_database)
    made = dump(cluster, empty_database)
    broken(empty_database, *statements)
    assert dump(cluster, empty_database) != made
    install(empty_database)
    assert dump(cluster, empty_database) == made
    asyncio.run(_works(empty_database))


async def _works(url: str) -> None:
    jobs = PgQueuerJobs(url)
    await jobs.put([JOB, JOB])
    (taken,) = await take(jobs)
    await jobs.done(taken)
    await jobs.close()


def test_servers_that_start_at_once_make_the_tables_once(cluster: Cluster, empty_database: str) -> None:
    program = "import sys; from carwire.jobs.pgqueuer_schema import install; install(sys.argv[1])"
    for process in [start(program, empty_database) for _ in range(4)]:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert tables(empty_database) == TABLES


def test_variables_of_another_pgqueuer_do_not_rename_the_tables(empty_database: str) -> None:
    process = start(
        "import sys; from carwire.jobs.pgqueuer_schema import install; install(sys.argv[1])", empty_database,
        PGQUEUER_PREFIX="other_", PGQUEUER_QUEUE_TABLE="other", CHANNEL="other", PGQUEUER_SCHEMA="other",
        DURABILITY="durable",
    )  # fmt: skip
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert tables(empty_database) == TABLES


def test_a_database_in_which_no_tables_can_be_made_is_refused_in_one_sentence(
    cluster: Cluster, empty_database: str
) -> None:
    name = empty_database.split("@/")[1].partition("?")[0]
    cluster.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(CannotStart, match="read-only") as caught:
        install(empty_database)
    assert "\n" not in str(caught.value)
    with pytest.raises(CannotStart) as caught:
        install(cluster.url("nothing_here"))
    assert PASSWORD not in str(caught.value)


@anyio
async def test_what_was_done_leaves_no_row_behind(jobs_url: str, cluster: Cluster) -> None:
    jobs = PgQueuerJobs(jobs_url)
    for _ in range(3):
        await jobs.put([Job("deliver", str(n)) for n in range(200)])
        await asyncio.gather(*map(jobs.done, await take(jobs, 200)))
    await jobs.close()
    with psycopg.connect(jobs_url) as connection:
        for table in TABLES:
            assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table


@anyio
async def test_leases_that_end_at_once_are_ended_together_and_none_is_forgotten(jobs_url: str) -> None:
    jobs = PgQueuerJobs(jobs_url)
    await jobs.put([Job("deliver", str(n)) for n in range(50)])
    first, *taken = await take(jobs, 50)
    ending = [asyncio.create_task(jobs.done(each)) for each in taken]
    await asyncio.sleep(0)
    for each in ending[::2]:
        each.cancel()
    ended = await asyncio.gather(*ending, return_exceptions=True)
    assert {type(each) for each in ended} == {type(None), asyncio.CancelledError}
    await jobs.done(first)
    await jobs.close()
    with psycopg.connect(jobs_url) as connection:
        assert connection.execute("SELECT count(*) FROM carwire_pgqueuer").fetchone() == (0,)


@anyio
async def test_a_job_of_a_process_that_was_killed_is_handed_out_again(jobs_url: str) -> None:
    place = Place(jobs_url)
    jobs = PgQueuerJobs(jobs_url)
    process = start(TAKER, jobs_url)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        await jobs.put([JOB])
        assert process.stdout.readline() == "1\n"
    finally:
        process.kill()
        process.communicate(timeout=10)
    place.let_pass(LEASE_S - 2)
    assert await take(jobs) == [], "nobody knows yet that it is dead"
    place.let_pass(2)
    assert [each.job for each in await take(jobs)] == [JOB]
    await jobs.close()


@anyio
async def test_who_waits_is_woken_by_another_process(jobs_url: str) -> None:
    jobs = PgQueuerJobs(jobs_url)
    assert await take(jobs) == []
    process = start(PUTTER, jobs_url)
    late = []
    for _ in range(5):
        (taken,) = await take(jobs, 1, 20)
        late.append(time.time() - float(taken.job.subject))
        await jobs.done(taken)
    _, said = process.communicate(timeout=10)
    await jobs.close()
    assert said == ""
    print("milliseconds from put to take:", *(round(each * 1000, 1) for each in late))
    assert min(late) < 1


@anyio
async def test_connections_that_died_are_replaced_without_anybody_noticing(cluster: Cluster, jobs_url: str) -> None:
    jobs, putting = PgQueuerJobs(jobs_url), PgQueuerJobs(jobs_url)
    assert await take(jobs) == []
    waiting = asyncio.create_task(take(jobs, wait_s=20))
    await putting.put([Job("other", "1")])
    await asyncio.sleep(0.1)
    ended = cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")
    assert len(ended) == 3
    await asyncio.sleep(0.3)
    await putting.put([JOB])
    (taken,) = await asyncio.wait_for(waiting, 5)
    cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")
    await jobs.keep([taken])
    cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")
    await jobs.done(taken)
    assert await take(jobs) == []
    await jobs.close()
    await putting.close()


@anyio
async def test_who_is_cancelled_in_the_middle_disturbs_nobody(jobs_url: str) -> None:
    jobs = PgQueuerJobs(jobs_url)
    for round_ in range(30):
        calls = [asyncio.create_task(jobs.put([Job("deliver", f"{n}")])) for n in range(5)]
        calls += [asyncio.create_task(jobs.keep([Taken(JOB, "0" * 32)])) for _ in range(5)]
        await asyncio.sleep(round_ / 10_000)
        for call in calls[round_ % 4 :: 2]:
            call.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(each is None or isinstance(each, asyncio.CancelledError) for each in ended), ended
    await jobs.put([JOB])
    assert JOB in [each.job for each in await take(jobs)]
    await jobs.close()


@anyio
async def test_who_is_cancelled_while_connections_are_opened_leaves_none_behind(
    jobs_url: str, cluster: Cluster
) -> None:
    jobs = PgQueuerJobs(jobs_url)
    for milliseconds in range(0, 60, 2):
        waiting = asyncio.create_task(take(jobs, wait_s=10))
        await asyncio.sleep(milliseconds / 1000)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await jobs.close()
        jobs = PgQueuerJobs(jobs_url)
    await jobs.close()
    for _ in range(100):
        ((left,),) = cluster.run("SELECT count(*) FROM pg_stat_activity WHERE datname LIKE 'test%'")
        if left == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(left)


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A server of these tests alone, which they may stop."""
    with running() as found:
        if found is None:
            pytest.skip("PostgreSQL is not installed: no initdb")
        yield found


@anyio
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_database_that_is_stopped_and_started_finds_its_takers_again(own: Cluster, how: signal.Signals) -> None:
    with database_with_jobs(own) as url:
        jobs, other = PgQueuerJobs(url), PgQueuerJobs(url)
        await jobs.put([JOB, Job("deliver", "2")])
        (held,) = await take(jobs, 1)
        waiting = [asyncio.create_task(each.take(["nothing"], 1, 30)) for each in (jobs, jobs, other)]
        await asyncio.sleep(0.2)
        own.stop(how)
        try:
            for each in waiting:
                with pytest.raises(StoreUnavailable) as caught:
                    await asyncio.wait_for(each, 10)
                assert PASSWORD not in str(caught.value)
            for call in (jobs.put([JOB]), take(other), jobs.keep([held]), jobs.done(held)):
                with pytest.raises(StoreUnavailable):
                    await call
        finally:
            own.start()
        if how == signal.SIGINT:
            assert [each.job.subject for each in await take(other)] == ["2"], "leases and jobs are still known"
        taken = await recovered(jobs, Job("deliver", "3"))
        waiting = [asyncio.create_task(take(other, 1, 20))]
        await asyncio.sleep(0.2)
        await jobs.put([Job("deliver", "4")])
        ((woken,),) = await asyncio.gather(*waiting)
        for each_taken in (taken, woken):
            await jobs.done(each_taken)
        await jobs.close()
        await other.close()
