"""The store on a database: SQLite in the data folder, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from carwire.core.errors import CannotStart
from carwire.storage.sealing import Sealer
from carwire.storage.sql.applications import ApplicationPlans
from carwire.storage.sql.commands import CommandPlans
from carwire.storage.sql.connect import ConnectPlans
from carwire.storage.sql.events import EventPlans
from carwire.storage.sql.grants import GrantPlans
from carwire.storage.sql.lookup_catalogue import LookupCataloguePlans
from carwire.storage.sql.lookup_keys import LookupKeyPlans
from carwire.storage.sql.lookup_registers import LookupRegisterPlans
from carwire.storage.sql.outbox import OutboxPlans
from carwire.storage.sql.plans import READ_VERSION, Database, Plan, reads
from carwire.storage.sql.polls import PollPlans
from carwire.storage.sql.readings import ReadingPlans
from carwire.storage.sql.rotation import RotationPlans
from carwire.storage.sql.tidying import TidyPlans
from carwire.storage.sql.usage import UsagePlans
from carwire.storage.sql.vehicles import VehiclePlans
from carwire.storage.sql.webhooks import WebhookPlans


class SqlStore(
    ApplicationPlans,
    ConnectPlans,
    GrantPlans,
    VehiclePlans,
    ReadingPlans,
    CommandPlans,
    WebhookPlans,
    EventPlans,
    OutboxPlans,
    PollPlans,
    UsagePlans,
    LookupKeyPlans,
    LookupCataloguePlans,
    LookupRegisterPlans,
    TidyPlans,
    RotationPlans,
):
    """`carwire.core.ports.Store` on a database whose schema is up to date."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    @reads
    def ping(self) -> Plan[None]:
        """Raise `StoreUnavailable` when the database cannot be reached."""
        yield READ_VERSION, ()

    async def close(self) -> None:
        """Finish what was handed in and let go of files and connections. Twice is once."""
        await self._database.close()


def open_store(folder: Path, url: str | None, sealer: Sealer) -> SqlStore:
    """Open the database that `url` names, SQLite in `folder` when it is null; made and upgraded as needed.

    Raises `CannotStart` with one sentence when it cannot be reached or used, is not Carwire's, is newer than this
    Carwire, or is sealed under other keys. The last three leave it as it is.
    """
    return SqlStore(_open_database(folder, url, sealer), sealer)


def _open_database(folder: Path, url: str | None, sealer: Sealer) -> Database:
    if url is None:
        from carwire.storage.sql import sqlite, sqlite_driver  # noqa: PLC0415  # only what is used is loaded

        sqlite.open_database(folder, sealer).close()
        return sqlite_driver.SqliteDatabase(folder / sqlite.FILE_NAME)
    if not url.startswith(("postgresql://", "postgres://")):
        msg = "CARWIRE_DATABASE must be a postgresql:// URL; unset, the database is a file in the data folder"
        raise CannotStart(msg)
    try:
        from carwire.storage.sql import postgres, postgres_driver  # noqa: PLC0415  # psycopg is an extra
    except ImportError as error:
        msg = "CARWIRE_DATABASE needs the extra 'postgres': install carwire[postgres]"
        raise CannotStart(msg) from error
    postgres.open_database(url, sealer)
    return postgres_driver.PostgresDatabase(url)
