"""What is expected of an answer, and how it is said that it is otherwise."""

from __future__ import annotations

from typing import Any


class Deviation(Exception):
    """The server answers otherwise than the wire has it: what was expected, and what was seen."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(expected, seen)
        self.expected = expected
        self.seen = seen if isinstance(seen, str) else repr(seen)


class NotAsked(Exception):
    """A check that could not be made, and why."""


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
