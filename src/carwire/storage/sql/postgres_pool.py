"""Connections to PostgreSQL, kept open and lent out.

No task of its own runs beside the requests, so nothing has to be stopped when an event loop ends without a word. (In
Python 3.11 a task that waits on a socket may lose its cancellation, and a loop that ends would wait for it for ever.)
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from carwire.core.errors import StoreUnavailable

CONNECT_S: Final = 5  # unless the URL says otherwise
_WAIT_S: Final = 5.0  # for a connection that somebody else uses
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class Pool:
    """At most `size` connections, opened when they are needed. Belongs to one event loop."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._opened: set[Connection] = set()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection. Raises `StoreUnavailable` when none gets free in time, `psycopg.Error` when none can be
        opened.
        """
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._free.acquire()
        except TimeoutError as error:
            msg = "the database is too busy"
            raise StoreUnavailable(msg) from error
        try:
            lent = self._idle.pop() if self._idle else await self._open()
            try:
                yield lent
            finally:
                self._take_back(lent)
        finally:
            self._free.release()

    def drop_idle(self) -> None:
        """Close the connections nobody uses just now: one was found dead, and the others may be."""
        while self._idle:
            self._drop(self._idle.pop())

    def drop_all(self) -> None:
        """Close every connection, whoever uses it."""
        self._idle.clear()
        while self._opened:
            self._drop(next(iter(self._opened)))

    async def _open(self) -> Connection:
        opened = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=connect_timeout(self._url)
        )
        self._opened.add(opened)
        return opened

    def _take_back(self, lent: Connection) -> None:
        """Keep a connection for the next one, unless it is closed or was left in the middle of something."""
        if not lent.closed and lent.pgconn.transaction_status == TransactionStatus.IDLE:
            self._idle.append(lent)
        else:
            self._drop(lent)

    def _drop(self, connection: Connection) -> None:
        """Close a connection without waiting: PostgreSQL undoes what was not committed."""
        self._opened.discard(connection)
        connection.pgconn.finish()


def connect_timeout(url: str) -> int:
    """Return in how many seconds a connection must be open."""
    return int(psycopg.conninfo.conninfo_to_dict(url).get("connect_timeout") or CONNECT_S)
