"""PgQueuer's tables in our database: what they are called, how they are made and brought up to date.

PgQueuer compares what is there with what its release needs and alters the difference, so an update of the package needs
no migration of ours. All names begin with ``carwire_``; none is left to PgQueuer's environment variables.

The tables are not logged: nothing is written ahead, and a PostgreSQL that crashed begins with an empty queue, which
costs the second until the sweep has put the jobs again. PgQueuer would note every step of every job in a table that
only grows. Nobody reads it here: a trigger of ours lets nothing in.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import psycopg
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.errors import PgqException
from psycopg.conninfo import conninfo_to_dict

from carwire.core.errors import CannotStart

CONNECT_S: Final = 5  # unless the URL says otherwise
PREFIX: Final = "carwire_"
SETTINGS: Final = DBSettings(
    prefix=PREFIX,
    db_schema=None,
    channel=Channel(f"{PREFIX}ch_pgqueuer"),
    function=f"{PREFIX}fn_pgqueuer_changed",
    statistics_table=f"{PREFIX}pgqueuer_statistics",
    queue_status_type=f"{PREFIX}pgqueuer_status",
    queue_table=f"{PREFIX}pgqueuer",
    queue_table_log=f"{PREFIX}pgqueuer_log",
    trigger=f"{PREFIX}tg_pgqueuer_changed",
    schedules_table=f"{PREFIX}pgqueuer_schedules",
    durability=Durability.volatile,
    widen_id=True,
)
_NO_LOG: Final = f"{PREFIX}no_log"
_LOCK_TIMEOUT: Final = "SET lock_timeout = '60s'"
_FINISHED: Final = "SELECT 1 FROM pg_trigger WHERE tgname = $1 AND tgrelid = $2::text::regclass"
_KEEP_NO_LOG: Final = f"""
CREATE OR REPLACE FUNCTION {_NO_LOG}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER {_NO_LOG} BEFORE INSERT ON {SETTINGS.queue_table_log} FOR EACH ROW EXECUTE FUNCTION {_NO_LOG}();
"""
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


async def connect(url: str) -> Connection:
    """Open a connection on which every statement is a transaction, and planned anew: a plan that was made while the
    queue was empty is slow when it is full.
    """
    named: dict[str, Any] = {"connect_timeout": CONNECT_S, **conninfo_to_dict(url)}
    return await psycopg.AsyncConnection.connect(**named, autocommit=True, prepare_threshold=None)


def queries(connection: Connection) -> Queries:
    """Return PgQueuer's statements on a connection."""
    builders = QueryBuilderEnvironment(SETTINGS), QueryQueueBuilder(SETTINGS), QuerySchedulerBuilder(SETTINGS)
    return Queries(PsycopgDriver(connection), *builders)


def install(url: str) -> None:
    """Make PgQueuer's tables, or bring them up to date. Raises `CannotStart`. Of several servers one does it."""
    with ThreadPoolExecutor(1) as aside:  # the caller may run inside an event loop
        try:
            aside.submit(asyncio.run, _install(url)).result()
        except (psycopg.Error, PgqException) as error:
            msg = f"the tables of jobs cannot be made: {' '.join(str(error).split())}"
            raise CannotStart(msg) from None


async def _install(url: str) -> None:
    async with await connect(url) as connection:
        tables = queries(connection)
        await tables.driver.execute(_LOCK_TIMEOUT)
        async with tables.schema_lock():
            await tables.apply_upgrade()
            if not await tables.driver.fetch(_FINISHED, _NO_LOG, SETTINGS.queue_table_log):
                await tables.optimize_autovacuum()
                await tables.driver.execute(_KEEP_NO_LOG)
