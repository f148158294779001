"""``carwire worker``: ask cars and deliver webhooks, beside any number of ``carwire api``."""

from __future__ import annotations

from pathlib import Path

from carwire.cli.running import origin_of_running
from carwire.cli.serving import prepared, serve_as
from carwire.core.errors import CannotStart
from carwire.settings import Settings


def worker(*, data: Path | None = None, host: str | None = None, port: int | None = None) -> None:
    """Poll cars and deliver webhooks until Ctrl-C or SIGTERM; what is under way then ends, within 16 seconds.

    Any number may run on one PostgreSQL (CARWIRE_DATABASE). With SQLite it runs on the data folder of a `carwire api`,
    and a second one waits until the first has ended. /health, /ready and /metrics answer on its port.

    Parameters
    ----------
    data
        Folder for everything that is kept outside of the database.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes any free one.
    """
    settings, listener = prepared(data, host, port)
    try:
        base_url = _base_url(settings)
    except CannotStart:
        listener.close()
        raise
    serve_as("worker", settings, listener, base_url)


def _base_url(settings: Settings) -> str:
    """Return where clients reach the API: deliveries name it. Raises `CannotStart` where a worker cannot work."""
    from carwire.storage.sql.sqlite import FILE_NAME

    if settings.database is None and not (settings.data / FILE_NAME).exists():
        msg = (
            f"there is no database in {settings.data}: with SQLite a worker runs on the data folder of a carwire api; "
            "between machines, or with folders of their own, they meet on PostgreSQL (CARWIRE_DATABASE)"
        )
        raise CannotStart(msg)
    found = settings.base_url or origin_of_running(settings.data)
    if found is None:
        msg = "CARWIRE_BASE_URL must say where clients reach the API, as that has it: deliveries name it"
        raise CannotStart(msg)
    return found
