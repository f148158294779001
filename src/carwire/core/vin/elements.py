"""What vPIC says of a VIN in its own terms: elements with numbers, codes and values, nothing judged or left out."""

from __future__ import annotations

import msgspec


class Element(msgspec.Struct, frozen=True, gc=False):
    """A variable of vPIC. The number never changes; NHTSA renames variables now and then. `listed`: its values are
    rows of a table, and have numbers of their own.
    """

    number: int
    code: str
    variable: str
    listed: bool


class Value(msgspec.Struct, frozen=True, gc=False):
    """What vPIC says of an element: the text, its number in the element's table or the text again, and which of
    vPIC's steps it comes from.
    """

    number: int
    text: str
    attribute: str
    source: str


class ElementValues(msgspec.Struct, frozen=True, gc=False):
    """The values of one VIN, in vPIC's order; an element of notes may have several."""

    vin: str
    values: tuple[Value, ...]
