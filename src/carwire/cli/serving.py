"""Serving: what ``carwire up``, ``api`` and ``worker`` have in common, and who of them keeps the simulated cars."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from carwire.cli.running import origin_of_running, remove_running, write_running
from carwire.core.errors import CannotStart
from carwire.kit.claims import claim
from carwire.kit.secrets import Secret, new_secret
from carwire.settings import Settings, read_settings

if TYPE_CHECKING:
    from carwire.app import Carwire, Elsewhere, Here

Role = Literal["up", "api", "worker"]
_WORLD_LOCK = "simulator.lock"
_log = structlog.get_logger("carwire")


def prepared(data: Path | None, host: str | None, port: int | None) -> tuple[Settings, socket.socket]:
    """Read the settings and bind the address, before anything slow: a taken port is known at once."""
    settings = read_settings(os.environ, data=data, host=host, port=port)
    from carwire.http.server import bind

    listener = bind(settings.host, settings.port)
    from carwire import logs

    logs.configure(settings.log_level)
    return settings, listener


@contextlib.contextmanager
def simulated_cars(settings: Settings, role: Role) -> Iterator[Here | Elsewhere]:
    """Settle where the simulated cars are, for as long as this process runs.

    One process keeps them: of those on a data folder, and on PostgreSQL of those on a database. `up` has to be it,
    unless CARWIRE_SIMULATOR_URL names another; a worker never is.
    """
    from carwire.app import Elsewhere, Here

    def on_folder() -> str | None:
        return origin_of_running(settings.data)

    if settings.simulator_url:
        yield Elsewhere(lambda: settings.simulator_url)
    elif role == "worker":
        yield Elsewhere(on_folder)
    else:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = claim(settings.data / _WORLD_LOCK)
        if ours is None and role == "up":
            msg = (
                f"another server runs on the data folder {settings.data}: for more processes there, "
                "use carwire api and carwire worker"
            )
            raise CannotStart(msg)
        if ours is None:
            yield Elsewhere(on_folder)
        else:
            try:
                with _on_database(settings) as holds:
                    yield Here(holds) if holds else Elsewhere(lambda: None)
            finally:
                ours.release()


@contextlib.contextmanager
def _on_database(settings: Settings) -> Iterator[Callable[[], bool | None] | None]:
    """Claim a PostgreSQL database's simulated cars; null when another process has them, on another folder."""
    if settings.database is None:
        yield lambda: True
        return
    from carwire.storage.sql.postgres_claim import WorldClaim

    world = WorldClaim(settings.database)
    try:
        holds = world.hold()
        if not holds:
            _log.warning(
                "simulated cars cannot be reached: another process of this database keeps them; "
                "CARWIRE_SIMULATOR_URL has to name it"
            )
        yield world.hold if holds else None
    finally:
        world.release()


def run(carwire: Carwire, settings: Settings, listener: socket.socket, *, key: Secret, greeting: str) -> None:
    """Serve until Ctrl-C or SIGTERM. The server that keeps the simulated cars says so in the data folder."""
    from carwire.http.server import serve

    gc.collect()
    gc.freeze()  # what the server is made of lives as long as it: collections need not walk it

    def on_ready() -> None:
        if carwire.cars.keeper:
            write_running(settings.data, own_url(settings, listener), key)
        print(greeting, flush=True)

    try:
        serve(
            carwire.asgi,
            listener,
            carwire.base_url,
            on_ready=on_ready,
            on_ending=carwire.services.streaming.end,
            trusted_proxies=settings.trusted_proxies,
        )
    finally:
        remove_running(settings.data, key)
        listener.close()
    print("Carwire has stopped.", file=sys.stderr)


def serve_as(role: Literal["api", "worker"], settings: Settings, listener: socket.socket, base_url: str) -> None:
    """Put a server of this role together and run it."""
    from carwire import app

    key = new_secret()
    with simulated_cars(settings, role) as cars:
        is_worker = role == "worker"
        carwire = app.build(settings, base_url, local_key=key, answers=not is_worker, works=is_worker, cars=cars)
        here = own_url(settings, listener)
        greeting = f"Carwire works; health and metrics at {here}" if is_worker else f"Carwire answers at {base_url}"
        run(carwire, settings, listener, key=key, greeting=greeting)


def own_url(settings: Settings, listener: socket.socket) -> str:
    """Return the origin by which this machine reaches the server."""
    port = listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104  # compared, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}"
