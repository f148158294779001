"""The errors of both wires in one table: what v2.0 and v3 have in common stands in one row, whatever they call it."""

from __future__ import annotations

import functools
from typing import Final

import msgspec

from carwire.wire.v2 import kinds as v2
from carwire.wire.v3 import kinds as v3

NULL: Final = "null"
_Pair = tuple[v2.ErrorKind | None, v3.ErrorKind | None]


class ErrorRow(msgspec.Struct, frozen=True):
    """One error. A code is what the wire calls it, ``null`` where it calls it so and null where it has no such error;
    `anchors` are the fragments under which an error's link finds this row.
    """

    status: int
    type: str
    v2_code: str | None
    v3_code: str | None
    resolutions: tuple[str, ...]
    meaning: str
    anchors: tuple[str, ...]

    @property
    def group(self) -> str:
        """The page it is on."""
        return self.type.lower().replace("_", "-")


@functools.cache
def error_rows() -> dict[str, tuple[ErrorRow, ...]]:
    """Return the rows of every page. An anchor leads to the first row that has its code."""
    pairs: list[_Pair] = [(kind, _in_v3(name, kind)) for name, kind in v2.BY_NAME.items()]
    paired = {id(other) for _, other in pairs}
    pairs += [(None, kind) for kind in (*v3.BY_KIND.values(), *v3.EDGE) if id(kind) not in paired]
    rows: dict[str, list[ErrorRow]] = {}
    for pair in pairs:
        row = _row(*pair)
        page = rows.setdefault(row.group, [])
        taken = {anchor for each in page for anchor in each.anchors}
        page.append(msgspec.structs.replace(row, anchors=tuple(a for a in row.anchors if a not in taken)))
    return {group: tuple(page) for group, page in rows.items()}


def _in_v3(name: str, kind: v2.ErrorKind) -> v3.ErrorKind | None:
    """Return what v3 answers instead."""
    own = {(each.status, each.type, each.code): each for each in v3.EDGE}
    return v3.BY_KIND.get(name) or own.get((kind.status, kind.type, kind.code))


def _row(old: v2.ErrorKind | None, new: v3.ErrorKind | None) -> ErrorRow:
    either = old or new
    assert either is not None, "a row is of one wire at least"
    v2_code, v3_code = (each.code or NULL if each else None for each in (old, new))
    resolutions = [each.resolution for each in (old, new) if each and each.resolution]
    return ErrorRow(
        either.status,
        either.type,
        v2_code,
        v3_code,
        tuple(dict.fromkeys(resolutions)),
        either.description if isinstance(either, v2.ErrorKind) else either.detail,
        tuple(dict.fromkeys(code.lower().replace("_", "-") for code in (v2_code, v3_code) if code)),
    )
