"""The errors Carwire raises on purpose. The edges turn them into a wire's own form; nothing else is expected to escape.

::

    CarwireError
    ├── InvalidInput          what was sent cannot be used; `fields` says which and why
    ├── NotAuthenticated      no credentials, malformed ones, or ones nobody knows
    ├── GrantMissing          the owner has not granted it, or the car is not connected (in `core.grants`)
    ├── Obstacle              a car, its maker or a limit of ours stood in the way (in `core.signals.obstacles`)
    ├── StoreUnavailable      the database cannot be reached or written just now
    ├── SourceAway            nobody can be asked for a source's cars: they have said nothing
    └── CannotStart           the server or a command cannot begin: port, folder, database, settings
"""

from __future__ import annotations

import msgspec


class FieldProblem(msgspec.Struct, frozen=True):
    """One field that cannot be used: its name on the wire and a sentence on what is expected instead."""

    field: str
    message: str


class CarwireError(Exception):
    """Base of everything raised on purpose. The docstring of the class is the default message."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])


class InvalidInput(CarwireError):
    """What was sent cannot be used."""

    def __init__(self, *fields: FieldProblem, message: str | None = None) -> None:
        super().__init__(message or "; ".join(f"{f.field}: {f.message}" for f in fields) or None)
        self.fields = fields


class NotAuthenticated(CarwireError):
    """The credentials are missing, malformed or not known here."""


class StoreUnavailable(CarwireError):
    """The database cannot be reached or written just now."""


class SourceAway(CarwireError):
    """Nobody can be asked for a source's cars just now."""


class CannotStart(CarwireError):
    """The server cannot start."""
