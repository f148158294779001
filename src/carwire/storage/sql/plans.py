"""Plans: what one method of the store does, written once for both databases.

A plan is a generator. It yields statements, gets their rows sent, and returns the method's result; a driver runs it
inside one transaction, at once on SQLite, awaiting on PostgreSQL. A plan may be run again from its beginning, so it
does nothing but yield and compute.

Statements are the SQL both databases speak, with ``?`` for values. ``{for_update}`` stands where rows that are read
before they are written must be locked, ``{unclaimed}`` where rows that somebody else has locked are passed over;
SQLite, with one writer at a time, has no need of either. All plans lock in one order, so that none wait for each other
in a circle: sessions, owners by id, cars by source and VIN, vehicles, commands, webhooks, subscriptions, the head of
the audit, the number of the last event. Reading plans run outside a transaction: one statement each, or further ones
that may see a newer state.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from carwire.storage.sealing import Sealer

T = TypeVar("T")
P = ParamSpec("P")
Value = str | int | float | bytes | None
Row = tuple[Any, ...]
Statement = tuple[str, tuple[Value, ...]]
Plan = Generator[Statement, list[Row], T]
Awaited = Coroutine[Any, Any, T]

READ_VERSION: Final = "SELECT number FROM counters WHERE name = 'applications'"
WROTE: Final = ("UPDATE counters SET number = number + 1 WHERE name = 'applications'", ())  # a statement
CHUNK: Final = 500  # values in one statement, rows in one batch


class Database(Protocol):
    """A driver: runs plans. Plans and their arguments come apart, because a plan may be begun more than once."""

    def read(self, plan: Callable[..., Plan[T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaited[T]:
        """Run a plan that only reads. Raises `StoreUnavailable`."""

    def write(self, plan: Callable[..., Plan[T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaited[T]:
        """Run a plan in one transaction and return when it is committed. Raises `StoreUnavailable` and `Conflict`."""

    def version(self) -> int:
        """Return a number that changes when applications are written to."""

    def look_again(self) -> None:
        """Let `version` ask anew: we have written."""

    async def close(self) -> None:
        """Finish what was handed in and let go of files and connections."""


class Planned:
    """What the parts of the SQL store have in common."""

    _database: Database
    _sealer: Sealer


S = TypeVar("S", bound=Planned)


def reads(plan: Callable[Concatenate[S, P], Plan[T]]) -> Callable[Concatenate[S, P], Awaited[T]]:
    """Make a method of a plan that only reads."""

    def method(*args: Any, **kwargs: Any) -> Awaited[T]:  # passed on as they came: every request is here several times
        return args[0]._database.read(plan, args, kwargs)  # type: ignore[no-any-return]

    functools.update_wrapper(method, plan)
    return method


def writes(plan: Callable[Concatenate[S, P], Plan[T]]) -> Callable[Concatenate[S, P], Awaited[T]]:
    """Make a method of a plan that writes."""

    def method(*args: Any, **kwargs: Any) -> Awaited[T]:
        return args[0]._database.write(plan, args, kwargs)  # type: ignore[no-any-return]

    functools.update_wrapper(method, plan)
    return method


def nothing_like_it(text: str) -> list[Row]:
    """Return what a statement finds whose values hold text that no database can (lone surrogates, NUL): nothing.

    Raises `ValueError` for an INSERT, which would have to store it.
    """
    if text.startswith("INSERT"):
        msg = "text that no database can hold"
        raise ValueError(msg)
    return []


@functools.lru_cache(1024)
def spelled(text: str) -> bytes:
    """Return a statement as PostgreSQL's driver wants it. None of ours holds a percent sign."""
    locking = text.replace("{for_update}", "FOR UPDATE").replace("{unclaimed}", "FOR UPDATE SKIP LOCKED")
    return locking.replace("?", "%s").encode()


@functools.lru_cache(1024)
def unlocked(text: str) -> str:
    """Return a statement as SQLite wants it."""
    return text.replace(" {for_update}", "").replace(" {unclaimed}", "")


def marks(count: int) -> str:
    """Return that many placeholders, separated by commas."""
    return ", ".join("?" * count)


def pairs_in(first: str, second: str, pairs: Sequence[tuple[Value, Value]]) -> tuple[str, tuple[Value, ...]]:
    """Return the condition that two columns are one of these pairs, with its values. SQLite finds rows by the first
    column alone: for pairs it would go through the whole table.
    """
    some = ", ".join(["(?, ?)"] * len(pairs))
    condition = f"{first} IN ({marks(len(pairs))}) AND ({first}, {second}) IN (VALUES {some})"
    return condition, (*(pair[0] for pair in pairs), *(value for pair in pairs for value in pair))


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[tuple[T, ...]]:
    """Yield a sequence in pieces."""
    for start in range(0, len(values), size):
        yield tuple(values[start : start + size])


def insert(table: str, columns: str, rows: Sequence[tuple[Value, ...]], otherwise: str = "") -> Plan[None]:
    """Insert rows, fifty in a statement; `otherwise` is what comes after the values."""
    row = f"({marks(columns.count(',') + 1)})"
    for some in chunks(rows, 50):
        yield (
            f"INSERT INTO {table} ({columns}) VALUES {', '.join([row] * len(some))}{otherwise}",  # noqa: S608  # constants
            tuple(value for values in some for value in values),
        )
