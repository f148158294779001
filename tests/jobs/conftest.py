"""Queues of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from tests.postgres import Cluster, cluster, empty_database

from carwire.core.ports import Jobs
from carwire.jobs.memory import MemoryJobs
from carwire.jobs.pgqueuer import PgQueuerJobs
from carwire.jobs.pgqueuer_schema import SETTINGS, install

__all__ = ["cluster", "empty_database"]
_TEMPLATE = "with_jobs"


@dataclass
class Place:
    """Where jobs of one kind wait; several queues may be opened on one place, as by several servers."""

    url: str | None = None
    seconds: float = 0.0
    opened: list[Jobs] = field(default_factory=list)

    def open(self) -> Jobs:
        """Open a queue. In memory there is only one."""
        if self.url is not None:
            self.opened.append(PgQueuerJobs(self.url))
        elif not self.opened:
            self.opened.append(MemoryJobs(lambda: self.seconds))
        return self.opened[-1]

    def let_pass(self, seconds: float) -> None:
        """Let leases grow older without waiting."""
        self.seconds += seconds
        if self.url is not None:
            with psycopg.connect(self.url) as connection:
                older = f"UPDATE {SETTINGS.queue_table} SET heartbeat = heartbeat - %s * interval '1 second'"
                connection.execute(older.encode(), [seconds])


@contextmanager
def database_with_jobs(cluster: Cluster) -> Iterator[str]:
    """A database with PgQueuer's tables and no jobs."""
    if not cluster.run(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
        cluster.run(f"CREATE DATABASE {_TEMPLATE}")
        install(cluster.url(_TEMPLATE))
    with cluster.database(_TEMPLATE) as url:
        yield url


@pytest.fixture
def jobs_url(cluster: Cluster) -> Iterator[str]:
    """The URL of a database with PgQueuer's tables and no jobs."""
    with database_with_jobs(cluster) as url:
        yield url


@pytest.fixture(params=("memory", "postgres"))
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """A place of each kind, empty."""
    made = Place(request.getfixturevalue("jobs_url") if request.param == "postgres" else None)
    yield made
    for jobs in made.opened:
        await jobs.close()


@pytest.fixture
def jobs(place: Place) -> Jobs:
    """An empty queue of each kind."""
    return place.open()
