"""A claim on a PostgreSQL database: one process holds it for as long as its session lives (an advisory lock)."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from carwire.storage.sql.postgres_pool import connect_timeout

_WORLD: Final = 0x63617273  # what the lock is for; the schema tells installations in one database apart
_TAKE: Final = f"SELECT pg_try_advisory_lock({_WORLD}, hashtext(current_schema()))".encode()
_ALIVE: Final = b"SELECT 1"


class WorldClaim:
    """The claim to keep the simulated cars of a database. Not for several threads at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: psycopg.Connection[Any] | None = None

    def hold(self) -> bool | None:
        """Tell whether it is ours: still, again, or from now on. Null: the database cannot be reached just now, and
        nobody can say.
        """
        try:
            if self._session is not None:
                self._session.execute(_ALIVE)
                return True
        except psycopg.Error:
            self.release()  # the session was lost, and the lock with it
        try:
            return self._take()
        except psycopg.Error:
            return None

    def release(self) -> None:
        """Let another process have it. Twice is once."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _take(self) -> bool:
        session = psycopg.connect(self._url, autocommit=True, connect_timeout=connect_timeout(self._url))
        row = session.execute(_TAKE).fetchone()
        if row is None or not row[0]:
            session.close()
            return False
        self._session = session
        return True
