"""``carwire api``: answer requests, and leave polling and delivering to ``carwire worker``."""

from __future__ import annotations

from pathlib import Path

from carwire.cli.serving import own_url, prepared, serve_as


def api(*, data: Path | None = None, host: str | None = None, port: int | None = None) -> None:
    """Run a server that answers, until Ctrl-C or SIGTERM. Webhooks need a `carwire worker` beside it.

    Any number may run on one PostgreSQL (CARWIRE_DATABASE). Settings come from the environment; an option wins.

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
    serve_as("api", settings, listener, settings.base_url or own_url(settings, listener))
