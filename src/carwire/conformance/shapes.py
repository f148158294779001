"""Shapes of bodies: which members there have to be, of which kind and in which format.

A pointer names members; ``*`` is each one of an array.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from carwire.conformance.answers import is_moment, is_uuid
from carwire.conformance.expecting import Deviation, expect

Kind = Callable[[Any], bool]  # true of what is good; its docstring or name says what that is
Shape = dict[str, Kind]


def text(value: Any) -> bool:
    """a string that is not empty"""
    return isinstance(value, str) and bool(value)


def uuid(value: Any) -> bool:
    """a UUID"""
    return is_uuid(value)


def moment(value: Any) -> bool:
    """a moment as YYYY-MM-DDTHH:mm:ss.SSSZ"""
    return is_moment(value)


def address(value: Any) -> bool:
    """an absolute URL with its brackets encoded"""
    return text(value) and urlsplit(value).scheme in {"http", "https"} and "[" not in value


def number(value: Any) -> bool:
    """a number"""
    return isinstance(value, int | float) and not isinstance(value, bool)


def fraction(value: Any) -> bool:
    """a number from 0 to 1"""
    return number(value) and 0 <= value <= 1


def integer(value: Any) -> bool:
    """an integer"""
    return type(value) is int


def truth(value: Any) -> bool:
    """a boolean"""
    return isinstance(value, bool)


def mapping(value: Any) -> bool:
    """an object"""
    return isinstance(value, dict)


def items(value: Any) -> bool:
    """an array"""
    return isinstance(value, list)


def one_of(*words: str | None) -> Kind:
    """Return the kind of which there are only these."""

    def known(value: Any) -> bool:
        return value in words

    known.__doc__ = f"one of {', '.join('null' if word is None else word for word in words)}"
    return known


def or_null(kind: Kind) -> Kind:
    """Return the kind that may be null, too."""

    def known(value: Any) -> bool:
        return value is None or kind(value)

    known.__doc__ = f"{kind.__doc__}, or null"
    return known


def matching(pattern: str, what: str) -> Kind:
    """Return the kind of texts that match a pattern, which `what` puts in words."""
    compiled = re.compile(pattern)

    def known(value: Any) -> bool:
        return isinstance(value, str) and compiled.fullmatch(value) is not None

    known.__doc__ = what
    return known


def under(prefix: str, shape: Shape) -> Shape:
    """Put a shape under a pointer."""
    return {f"{prefix}{pointer}": kind for pointer, kind in shape.items()}


def values(body: Any, steps: list[str], *, filled: bool = False) -> Iterator[Any]:
    """What stands at a pointer. Where `filled`, no array may be empty. Raises `Deviation` for what is not there."""
    if not steps:
        yield body
    elif steps[0] == "*":
        expect(items(body) and (body or not filled), "an array", body if body == [] else type(body).__name__)
        for each in body:
            yield from values(each, steps[1:], filled=filled)
    else:
        if not mapping(body) or steps[0] not in body:
            raise Deviation(f"a member {steps[0]}", f"none among {', '.join(body)}" if mapping(body) else repr(body))
        yield from values(body[steps[0]], steps[1:], filled=filled)


def expect_shape(body: Any, shape: Shape, *, filled: bool = False) -> None:
    """Raise `Deviation` unless every member is there and of its kind."""
    for pointer, kind in shape.items():
        for value in values(body, pointer.strip("/").split("/") if pointer else [], filled=filled):
            expect(kind(value), f"{pointer} to be {kind.__doc__}", value)
