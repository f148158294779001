"""A check: what has to hold of an endpoint, who relies on it, and the function that asks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from carwire.conformance.talk import Talk

Run = Callable[["Talk"], Coroutine[Any, Any, None]]


class Deviation(Exception):
    """The server answers otherwise than the wire has it: what was expected, and what was seen."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(expected, seen)
        self.expected = expected
        self.seen = seen if isinstance(seen, str) else repr(seen)


class NotAsked(Exception):
    """A check that could not be made, and why."""


class Check(msgspec.Struct, frozen=True):
    """One thing that has to hold. `says` is a sentence without its subject, the endpoint; `relies` who needs it.

    `run` raises `Deviation` when it does not hold, and `NotAsked`.
    """

    name: str
    endpoint: str
    says: str
    relies: str
    run: Run


class Group:
    """Checks in the order they are made."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def add(self, name: str, endpoint: str, says: str, relies: str) -> Callable[[Run], Run]:
        """Make a check of a function."""

        def added(run: Run) -> Run:
            self.checks.append(Check(name, endpoint, says, relies, run))
            return run

        return added


def expect(held: object, expected: str, seen: object) -> None:
    """Raise `Deviation` unless it holds."""
    if not held:
        raise Deviation(expected, seen)


def expect_keys(body: Any, keys: set[str], optional: frozenset[str] = frozenset()) -> None:
    """Raise `Deviation` unless a body is an object of exactly these members; those in `optional` may be missing."""
    wanted = f"an object of {', '.join(sorted(keys))}"
    expect(isinstance(body, dict), wanted, kind_of(body))
    missing, more = keys - body.keys(), body.keys() - keys - optional
    told = [f"without {', '.join(sorted(missing))}"] * bool(missing) + [f"with {', '.join(sorted(more))}"] * bool(more)
    expect(not told, f"{wanted}, no more and no less", f"one {' and '.join(told)}")


def kind_of(value: object) -> str:
    """Name the kind of a JSON value without showing it.

    >>> kind_of([1]), kind_of(None), kind_of(True)
    ('an array', 'null', 'a boolean')
    """
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
