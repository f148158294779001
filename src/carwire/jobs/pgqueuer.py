"""Jobs of any number of servers on one PostgreSQL, in the tables and with the statements of PgQueuer.

A job is a row: its entrypoint is the kind, its payload the subject, and a unique key of both lets there be one. Rows
are taken with SKIP LOCKED, and again when their heartbeat is too old. Every time jobs are taken, a number is drawn and
written where PgQueuer has the worker's id: that is the lease. PgQueuer itself ends jobs and renews heartbeats by the
row's id, whoever asks; two statements of our own ask for the lease too.

One connection runs statements, another listens for rows that come in. No task runs beside the callers: the event loop
calls when there is something to read.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple, TypeVar

import psycopg
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from psycopg.pq import TransactionStatus

from carwire.core.errors import StoreUnavailable
from carwire.core.jobs import LEASE_S, Job, Taken
from carwire.jobs.bell import Bell
from carwire.jobs.pgqueuer_schema import SETTINGS, Connection, connect, queries

T = TypeVar("T")
_LEASE: Final = timedelta(seconds=LEASE_S)
_UNLIMITED: Final = EntrypointExecutionParameter(concurrency_limit=0)
_BATCH: Final = 1000
_LIVES: Final = "status IN ('queued', 'picked')"  # said so that the index of unique keys can be used
_HELD: Final = f"queue_manager_id = lease AND dedupe_key = key AND {_LIVES}"
_LEASES: Final = "unnest($1::uuid[], $2::text[]) AS leases (lease, key)"
_KEEP: Final = f"UPDATE {SETTINGS.queue_table} SET heartbeat = now() FROM {_LEASES} WHERE {_HELD}"  # noqa: S608
_DONE: Final = f"DELETE FROM {SETTINGS.queue_table} USING {_LEASES} WHERE {_HELD}"  # noqa: S608
_AWAY: Final = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)


class _Line(NamedTuple):
    connection: Connection
    queue: Queries


class _Ears(NamedTuple):
    connection: Connection
    descriptor: int  # a connection that was lost does not tell it any more


class PgQueuerJobs:
    """`carwire.core.ports.Jobs` on tables that `pgqueuer_schema.install` made. Belongs to one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = asyncio.Lock()  # of those who use the line
        self._line: _Line | None = None
        self._ears: _Ears | None = None
        self._ending: list[Taken] = []  # those whose turn has not come yet
        self._bell = Bell()
        self._closed = False

    async def put(self, jobs: Sequence[Job]) -> None:
        """Put jobs; see the port. Many at once go in sorted, so that two who put the same wait for each other in turn,
        not crosswise.
        """
        ordered = sorted(set(jobs))
        for start in range(0, len(ordered), _BATCH):
            await self._put(ordered[start : start + _BATCH])

    async def take(self, kinds: Sequence[str], limit: int, wait_s: float) -> list[Taken]:
        """Take jobs; see the port."""

        async def look() -> list[Taken]:
            return await self._run(lambda queue: self._take(queue, kinds, limit))

        return await self._bell.wait(look, wait_s)

    async def keep(self, taken: Sequence[Taken]) -> None:
        """Renew leases; see the port."""
        await self._run(lambda queue: queue.driver.execute(_KEEP, *_leases(taken)))

    async def done(self, taken: Taken) -> None:
        """End a lease; see the port."""
        self._ending.append(taken)
        await self._run(lambda queue: self._end(queue, taken))

    async def close(self) -> None:
        """Close the connections, after what was begun; see the port."""
        self._closed = True
        async with self._turn:
            self._hang_up()

    async def _put(self, jobs: Sequence[Job]) -> None:
        kinds = [job.kind for job in jobs]
        subjects: list[bytes | None] = [job.subject.encode() for job in jobs]
        keys: list[str | None] = [_key(job) for job in jobs]
        none_first = [0] * len(jobs)
        await self._run(lambda queue: queue.enqueue(kinds, subjects, none_first, dedupe_key=keys, on_conflict="skip"))

    async def _take(self, queue: Queries, kinds: Sequence[str], limit: int) -> list[Taken]:
        await self._listen()  # first: what is put after we looked must be heard
        lease = uuid.uuid4()
        wanted = {QueueEntrypoint(kind): _UNLIMITED for kind in kinds}
        found = await queue.dequeue(limit, wanted, QueueManagerId(lease), None, _LEASE)
        return [Taken(Job(each.entrypoint, (each.payload or b"").decode()), str(lease)) for each in found]

    async def _end(self, queue: Queries, taken: Taken) -> None:
        """End all leases that wait for it, unless somebody ended ours along with theirs."""
        if taken in self._ending:
            ending = self._ending[:]
            await queue.driver.execute(_DONE, *_leases(ending))
            del self._ending[: len(ending)]

    async def _run(self, work: Callable[[Queries], Awaitable[T]]) -> T:
        """Do work on the line when it is free; again when the line turns out to be dead: twice does no harm."""
        async with self._turn:
            for was_open in (self._line is not None, False):
                try:
                    return await self._attempt(work)
                except _AWAY as error:
                    if not (was_open and self._line is None):
                        msg = f"the jobs cannot be reached just now: {' '.join(str(error).split())}"
                        raise StoreUnavailable(msg) from error
        raise AssertionError  # the second attempt returns or raises

    async def _attempt(self, work: Callable[[Queries], Awaitable[T]]) -> T:
        line = self._line = self._line or await self._open()
        try:
            return await work(line.queue)
        finally:
            if line.connection.pgconn.transaction_status != TransactionStatus.IDLE:
                self._hang_up()  # it died, or who asked was cancelled in the middle

    async def _open(self) -> _Line:
        if self._closed:
            msg = "the jobs are closed"
            raise StoreUnavailable(msg)
        connection = await connect(self._url)
        return _Line(connection, queries(connection))

    def _hang_up(self) -> None:
        """Close both connections: when one died, the other may have. Who waits is woken to open new ones."""
        if self._line:
            self._line.connection.pgconn.finish()
            self._line = None
        self._stop_listening()

    async def _listen(self) -> None:
        if self._ears is None:
            connection = await connect(self._url)
            try:
                await connection.execute(f"LISTEN {SETTINGS.channel}".encode())
            except BaseException:  # who asked may be cancelled, too
                connection.pgconn.finish()
                raise
            self._ears = _Ears(connection, connection.fileno())
            asyncio.get_running_loop().add_reader(self._ears.descriptor, self._hear)

    def _hear(self) -> None:
        """Read what came in, and wake those who wait, unless it only says that jobs are done."""
        assert self._ears is not None
        pgconn = self._ears.connection.pgconn
        try:
            pgconn.consume_input()
        except psycopg.OperationalError:
            self._stop_listening()
            return
        new = False
        while note := pgconn.notifies():
            new = new or b'"delete"' not in note.extra
        if new:
            self._bell.ring()

    def _stop_listening(self) -> None:
        if self._ears:
            asyncio.get_running_loop().remove_reader(self._ears.descriptor)
            self._ears.connection.pgconn.finish()
            self._ears = None
        self._bell.ring()


def _key(job: Job) -> str:
    return f"{job.kind}:{job.subject}"


def _leases(taken: Sequence[Taken]) -> tuple[list[str], list[str]]:
    return [each.lease for each in taken], [_key(each.job) for each in taken]
