"""Running plans on SQLite.

Reading plans run at once, in the event loop, on a connection of their own: in WAL mode no writer makes them wait, and a
keyed read takes less time than handing it to a thread. Writing plans go to one thread. It takes all that are waiting,
runs each inside a savepoint, and commits them together: one fsync for many writers. Results are delivered after the
commit, errors of one plan concern that plan only, and a task that stops waiting changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple

from carwire.core.errors import StoreUnavailable
from carwire.storage.errors import Conflict
from carwire.storage.sql.plans import READ_VERSION, Plan, T, Value, nothing_like_it, unlocked

_BATCH: Final = 256  # plans in one commit
_OTHERS_SEEN_WITHIN: Final = 0.02  # seconds
# A reader forgets its pages whenever somebody writes: through a mapping it has them back without copying.
_READER: Final = ("query_only = ON", "mmap_size = 1073741824", "cache_size = -65536")
_MAPPED: Final = 4 * 1024**3  # bytes of the file that are read as memory, at most
_BUSY: Final = 5.0  # seconds another process may keep the writer waiting


class _Job(NamedTuple):
    """A plan handed in, and the future of the task that waits for it."""

    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]
    plan: Callable[[], Plan[Any]]


class _Outcome(NamedTuple):
    job: _Job
    result: Any
    error: Exception | None


class SqliteDatabase:
    """`plans.Database` on a file whose schema is up to date. Bound to no event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = connect(path)
        for pragma in _READER:
            self._reader.execute(f"PRAGMA {pragma}")
        self._execute = self._reader.execute
        self._reading = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._handing_in = threading.Lock()
        self._writer: threading.Thread | None = None
        self._closed = False
        self._version = 0
        self._ask_again_at = 0.0

    async def read(self, plan: Callable[..., Plan[T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a plan that only reads."""
        with self._reading:
            try:
                return run(self._execute, plan(*args, **kwargs))
            except sqlite3.Error as error:
                raise _translated(error) from error

    async def write(self, plan: Callable[..., Plan[T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a plan in one transaction and return when it is on the disk."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._hand_in(_Job(loop, done, partial(plan, *args, **kwargs)))
        return await done

    def version(self) -> int:
        """Return the number of writes to applications. The file is asked every 20 ms, not at every request."""
        now = monotonic()
        if now >= self._ask_again_at:
            with self._reading:
                try:
                    ((self._version,),) = self._reader.execute(READ_VERSION)
                except sqlite3.Error as error:
                    raise _translated(error) from error
            self._ask_again_at = now + _OTHERS_SEEN_WITHIN
        return self._version

    def look_again(self) -> None:
        """Let `version` ask anew."""
        self._ask_again_at = 0.0

    async def close(self) -> None:
        """Finish what was handed in, then close both connections. Twice is once."""
        with self._handing_in:
            self._closed = True
            writer, self._writer = self._writer, None
            if writer is not None:
                self._jobs.put(None)
        if writer is not None:
            await asyncio.to_thread(writer.join)
        with self._reading:
            self._reader.close()

    def _hand_in(self, job: _Job) -> None:
        with self._handing_in:
            if self._closed:
                msg = "the store is closed"
                raise StoreUnavailable(msg)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_all, name="carwire-writer", daemon=True)
                self._writer.start()
            self._jobs.put(job)

    def _write_all(self) -> None:
        """Commit batch after batch until the end is handed in. The writer's thread."""
        connection: sqlite3.Connection | None = None
        going_on = True
        while going_on:
            jobs, going_on = self._batch()
            try:
                connection = connection or connect(self._path)
                outcomes = _commit(connection, jobs)
            except Exception as error:
                outcomes = [_Outcome(job, None, _translated(error)) for job in jobs]
                if connection is not None:  # whatever it is stuck in, a new connection is not
                    connection.close()
                    connection = None
            _deliver(outcomes)
        if connection is not None:
            connection.close()

    def _batch(self) -> tuple[list[_Job], bool]:
        """Wait for a job and return all that are there, and whether more may come."""
        jobs: list[_Job] = []
        try:
            job = self._jobs.get()
            while job is not None:
                jobs.append(job)
                if len(jobs) == _BATCH:
                    return jobs, True
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, True
        return jobs, False


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection as Carwire uses it: WAL, fsync at every commit, references checked, no hidden transactions."""
    if not path.exists():
        path.touch(mode=0o600)  # SQLite gives its other files the rights of this one
    connection = sqlite3.connect(
        path, timeout=_BUSY, cached_statements=256, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def run(execute: Callable[[str, tuple[Value, ...]], sqlite3.Cursor], steps: Plan[T]) -> T:
    """Run a plan's statements one after the other and return its result."""
    try:
        text, values = next(steps)
        while True:
            try:
                rows = execute(text, values).fetchall()
            except UnicodeEncodeError:
                rows = nothing_like_it(text)
            text, values = steps.send(rows)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]


def _commit(connection: sqlite3.Connection, jobs: list[_Job]) -> list[_Outcome]:
    """Run all plans in one transaction. Raises `sqlite3.Error`, nothing stored, when it cannot begin or commit."""
    if not jobs:
        return []
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_one(connection, job) for job in jobs]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _one(connection: sqlite3.Connection, job: _Job) -> _Outcome:
    connection.execute("SAVEPOINT plan")
    try:
        result = run(lambda text, values: connection.execute(unlocked(text), values), job.plan())
    except Exception as error:
        if not connection.in_transaction:  # SQLite has given up the whole transaction: disk full, I/O error
            raise
        connection.execute("ROLLBACK TO plan")
        connection.execute("RELEASE plan")
        return _Outcome(job, None, _translated(error))
    connection.execute("RELEASE plan")
    return _Outcome(job, result, None)


def _deliver(outcomes: list[_Outcome]) -> None:
    """Hand results to their loops, with one call for each loop."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_loop[outcome.job.loop].append(outcome)
    for loop, some in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, some)


def _settle(outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        if outcome.job.done.done():
            continue  # cancelled
        if outcome.error is not None:
            outcome.job.done.set_exception(outcome.error)
        else:
            outcome.job.done.set_result(outcome.result)


def _translated(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError):
        return Conflict()
    if isinstance(error, sqlite3.Error):
        return StoreUnavailable(f"the database cannot be used just now: {error}")
    return error
