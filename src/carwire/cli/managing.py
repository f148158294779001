"""Commands that manage what a server keeps, on its database and without the server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from carwire.core.errors import CannotStart, FieldProblem, InvalidInput
from carwire.settings import Settings, read_settings

if TYPE_CHECKING:
    from carwire.app import Management

T = TypeVar("T")


def managed(data: Path | None, call: Callable[[Management], Coroutine[Any, Any, T]]) -> T:
    """Open the database of a data folder, or of the settings, and make one call of its services."""
    from carwire.app import open_management

    async def run() -> T:
        async with open_management(read_settings(os.environ, data=data)) as management:
            return await call(management)

    return asyncio.run(run())


def check_database(settings: Settings) -> None:
    """Raise `CannotStart` where a folder has no database: a command that only reads makes none."""
    from carwire.storage.sql import sqlite

    if settings.database is None and not (settings.data / sqlite.FILE_NAME).exists():
        msg = f"there is no database in {settings.data}"
        raise CannotStart(msg)


def hours(number: float, name: str) -> timedelta:
    """Return a length of time. Raises `InvalidInput` for what is none."""
    try:
        return timedelta(hours=number)
    except (ValueError, OverflowError):
        raise InvalidInput(FieldProblem(name, "is no number of hours")) from None
