"""Running plans on PostgreSQL, with psycopg.

READ COMMITTED, one transaction for each writing plan; a single reading statement needs none. A plan that met a
deadlock, or a connection that had died, is run again as long as nothing of it can have been stored. A writing plan that
was begun is finished even if the task that asked is cancelled, as on SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from time import monotonic
from typing import Any, Final

import psycopg
from psycopg import errors

from carwire.core.errors import StoreUnavailable
from carwire.storage.errors import Conflict
from carwire.storage.sql.plans import READ_VERSION, Plan, T, nothing_like_it, spelled
from carwire.storage.sql.postgres_pool import Connection, Pool

POOL_SIZE: Final = 10
_TRIES: Final = 5
_VERSION_OLD_S: Final = 0.3  # after which it is asked for again
_VERSION_STALE_S: Final = 0.9  # after which it counts as changed


class PostgresDatabase:
    """`plans.Database` on a server whose schema is up to date. One pool for each event loop that uses it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False
        self._version = _Version(self)

    async def read(self, plan: Callable[..., Plan[T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a plan that only reads."""
        return await self._again(partial(plan, *args, **kwargs), in_transaction=False)

    async def write(self, plan: Callable[..., Plan[T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        """Run a plan in one transaction and return when it is committed."""
        return await asyncio.shield(self.beside(self._again(partial(plan, *args, **kwargs), in_transaction=True)))

    def beside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin work that `close` waits for, whoever waits for it besides."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def version(self) -> int:
        """Return a number for the writes to applications."""
        return self._version.number()

    def look_again(self) -> None:
        """Let `version` ask anew: what it knew does not count any more."""
        self._version.forget()

    async def close(self) -> None:
        """Finish what was handed in, then close the connections. Twice is once."""
        loop = asyncio.get_running_loop()
        running = [task for task in self._running if task.get_loop() is loop]
        if running:
            await asyncio.wait(running)
        self._closed = True
        if pool := self._pools.pop(loop, None):
            pool.drop_all()
        self._forget_closed_loops()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # nobody may be left to ask for it

    async def _again(self, plan: Callable[[], Plan[T]], *, in_transaction: bool) -> T:
        """Run a plan, from its beginning as often as nothing of it can have been stored."""
        for tries_left in reversed(range(_TRIES)):
            attempt = _Attempt(in_transaction=in_transaction)
            pool = self._pool()
            try:
                async with pool.connection() as connection:
                    return await attempt.run(connection, plan())
            except psycopg.Error as error:
                if not tries_left or not attempt.may_be_repeated(error):
                    raise _translated(error) from error
            if attempt.lost:
                pool.drop_idle()
        raise AssertionError  # the last try returns or raises

    def _pool(self) -> Pool:
        if self._closed:
            msg = "the store is closed"
            raise StoreUnavailable(msg)
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            self._forget_closed_loops()
            pool = self._pools[loop] = Pool(self._url, POOL_SIZE)
        return pool

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in self._pools if loop.is_closed()]:
            self._pools.pop(loop).drop_all()


class _Attempt:
    """One attempt to run a plan."""

    def __init__(self, *, in_transaction: bool) -> None:
        self._in_transaction = in_transaction
        self._committing = False
        self._connection: Connection | None = None

    async def run(self, connection: Connection, steps: Plan[T]) -> T:
        """Run a plan and return its result."""
        self._connection = connection
        if not self._in_transaction:
            return await _run(connection, steps)
        await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        try:
            result = await _run(connection, steps)
        except Exception:
            with contextlib.suppress(psycopg.Error):  # it is the first error that counts
                await connection.execute("ROLLBACK")
            raise
        self._committing = True
        await connection.execute("COMMIT")
        return result

    @property
    def lost(self) -> bool:
        """Whether the connection died."""
        return self._connection is not None and self._connection.closed

    def may_be_repeated(self, error: psycopg.Error) -> bool:
        """Tell whether nothing was stored, and the next try may fare better."""
        if isinstance(error, errors.DeadlockDetected | errors.SerializationFailure):
            return True
        return self.lost and not self._committing


async def _run(connection: Connection, steps: Plan[T]) -> T:
    """Run a plan's statements one after the other and return its result."""
    try:
        text, values = next(steps)
        while True:
            try:
                cursor = await connection.execute(spelled(text), values)
                rows = await cursor.fetchall() if cursor.description else []
            except (UnicodeEncodeError, psycopg.DataError) as error:
                if isinstance(error, psycopg.DataError) and error.sqlstate is not None:
                    raise  # from the server: no matter of spelling
                rows = nothing_like_it(text)
            text, values = steps.send(rows)
    except StopIteration as done:
        result: T = done.value
        return result


class _Version:
    """The version of the applications, asked for beside the requests so that none of them waits for the answer.

    What is known counts for 0.9 seconds; after that, until there is an answer, every number is a new one.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._known = 0
        self._unsure = 0  # how often it may have changed behind our back
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    def number(self) -> int:
        """Return the number, and see to it that it will be known."""
        age = monotonic() - self._asked_at
        if age > _VERSION_OLD_S:
            self._ask()
        if age > _VERSION_STALE_S:
            self._unsure += 1
        return self._known << 32 | self._unsure

    def forget(self) -> None:
        """Let nothing count that was asked for before now."""
        self._asked_at = float("-inf")
        self._asking = None

    def _ask(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # no event loop yet, and so nobody whose requests could be quicker
        if self._asking is None or self._asking.done() or self._asking.get_loop() is not loop:
            self._asking = self._database.beside(self._answer())

    async def _answer(self) -> None:
        asked_at = monotonic()
        with contextlib.suppress(StoreUnavailable):  # it stays unknown
            known = await self._database.read(_read_version, (), {})
            if self._asking is asyncio.current_task():
                self._known, self._asked_at = known, asked_at


def _read_version() -> Plan[int]:
    ((number,),) = yield READ_VERSION, ()
    return int(number)


def _translated(error: psycopg.Error) -> Exception:
    if isinstance(error, psycopg.IntegrityError):
        return Conflict()
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | psycopg.InternalError):
        said = " ".join(str(error).split())
        return StoreUnavailable(f"the database cannot be used just now: {said}")
    return error
