"""The composition: the one place that names concrete classes."""

from __future__ import annotations

import contextlib
import sqlite3

import msgspec
from litestar.types import ASGIApp

from carwire.connectors.vpic import VpicDecoder
from carwire.core.errors import CannotStart
from carwire.http.application import Facts, Services, create
from carwire.http.call import Route
from carwire.http.metrics import Metrics
from carwire.http.operations import OperationHandlers
from carwire.kit.clock import utc_now
from carwire.kit.files import write_private
from carwire.kit.secrets import PEPPER_BYTES, SecretHasher, new_pepper
from carwire.services.accounts import AccountService
from carwire.services.compatibility import CompatibilityService
from carwire.services.vin import VinService
from carwire.settings import Settings
from carwire.storage.catalogue import load_catalogue
from carwire.storage.sql.sqlite import SqliteApplications, open_database


class Carwire(msgspec.Struct, frozen=True):
    """A server put together but not yet listening: its services, its ASGI application and its route table."""

    services: Services
    asgi: ASGIApp
    routes: tuple[Route, ...]
    base_url: str
    database: sqlite3.Connection


def build(settings: Settings, base_url: str) -> Carwire:
    """Put a server together. Raises `CannotStart` when folder, database, pepper or catalogue cannot be used."""
    database = open_database(settings.data)
    accounts = open_accounts(settings, database)
    decoder, catalogue = VpicDecoder(), load_catalogue()
    services = Services(
        accounts=accounts,
        vins=VinService(decoder, utc_now),
        compatibility=CompatibilityService(decoder, catalogue, utc_now, us_only=settings.compatibility_us_only),
    )
    metrics = Metrics()

    def ping() -> None:
        database.execute("SELECT 1 FROM applications LIMIT 1").fetchone()

    facts = Facts(base_url, decoder.data, len(catalogue.makes))
    asgi, routes = create(services, facts, OperationHandlers(ping, metrics), metrics)
    return Carwire(services, asgi, routes, base_url, database)


def open_accounts(settings: Settings, database: sqlite3.Connection | None = None) -> AccountService:
    """Return the applications' service alone, for commands that need no server."""
    database = database or open_database(settings.data)
    return AccountService(SqliteApplications(database), SecretHasher(_pepper(settings)), utc_now)


def build_offline(settings: Settings) -> tuple[VinService, CompatibilityService]:
    """Return the two services that need neither database nor server, for commands that read VINs."""
    decoder = VpicDecoder()
    us_only = settings.compatibility_us_only
    return VinService(decoder, utc_now), CompatibilityService(decoder, load_catalogue(), utc_now, us_only=us_only)


def _pepper(settings: Settings) -> bytes:
    """The pepper from the settings, else from a file in the data folder that only its owner can read."""
    if settings.pepper:
        return bytes.fromhex(settings.pepper)
    path = settings.data / "pepper"
    try:
        if not path.exists():
            with contextlib.suppress(FileExistsError):
                write_private(path, new_pepper().hex(), replace=False)
        pepper = bytes.fromhex(path.read_text("ascii").strip())
        if len(pepper) < PEPPER_BYTES:
            raise ValueError(f"it has {len(pepper)} of {PEPPER_BYTES} bytes")
    except (OSError, ValueError) as error:
        msg = f"the server's pepper {path} cannot be read or written: {error}"
        raise CannotStart(msg) from error
    return pepper
