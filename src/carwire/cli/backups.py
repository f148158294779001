"""``carwire backup`` and ``carwire restore``: the database in one file, and back."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from carwire.cli.managing import check_database
from carwire.core.errors import CannotStart
from carwire.settings import read_settings

if TYPE_CHECKING:
    from carwire.settings import Settings
    from carwire.storage.sql.archive import Manifest, Place


def backup(file: Path, *, data: Path | None = None) -> None:
    """Write every row of the database to a file, while servers go on. Keys and pepper are not in it.

    Parameters
    ----------
    file
        The file to make.
    data
        The server's data folder.
    """
    from carwire import __version__
    from carwire.kit.clock import utc_now
    from carwire.storage.sql import archive

    settings = read_settings(os.environ, data=data)
    check_database(settings)
    place = _place(settings)
    made = archive.back_up(file=file, place=place, carwire=__version__, made_at=utc_now(), pepper=_mark(settings))
    _show(made)
    print(f"\nWritten to {file}. Keep the files keys and pepper of the data folder too, and apart from it:")
    print("without them nothing sealed can be read and no token is recognised, and with them everything can.")


def restore(file: Path, *, data: Path | None = None) -> None:
    """Fill an empty database from a backup, SQLite's or PostgreSQL's, whichever it was made of.

    Parameters
    ----------
    file
        The backup.
    data
        The data folder of the server that is to use it.
    """
    from carwire.app import PEPPER_FILE, open_database
    from carwire.storage.sql import archive

    settings = read_settings(os.environ, data=data)
    manifest = archive.read_manifest(file)
    there = settings.pepper or (settings.data / PEPPER_FILE).exists()
    if not there or manifest.pepper != _mark(settings):
        msg = f"{settings.data} has not the pepper of the backup: put its files pepper and keys there first"
        raise CannotStart(msg)
    made = archive.restore(_place(settings), file)
    asyncio.run(open_database(settings).close())  # the keys have to open it
    _show(made)
    print(f"\nRestored from {file}: every row was read again and compared.")


def _place(settings: Settings) -> Place:
    from carwire.storage.sql import sqlite
    from carwire.storage.sql.archive import Place

    if settings.database is not None:
        from carwire.storage.sql import postgres

        url = settings.database
        return Place("postgresql+psycopg://", lambda: postgres.connect(url))
    return Place(settings.data / sqlite.FILE_NAME)


def _mark(settings: Settings) -> str:
    """What tells a pepper apart from another, and nothing else of it."""
    from carwire.app import pepper_of
    from carwire.kit.secrets import Secret, SecretHasher

    return SecretHasher(pepper_of(settings)).hash(Secret("which pepper")).hex()


def _show(made: Manifest) -> None:
    width = max(map(len, made.tables))
    for name, told in sorted(made.tables.items()):
        if told.rows:
            print(f"{name:<{width}} {told.rows:>12,} rows  {told.checksum[:16]}")
