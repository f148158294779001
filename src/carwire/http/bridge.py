"""The bridge: beside an answer of v2.0, the call of v3 that replaces the one just made.

Source: the wire contract, section 14.2, as `carwire.wire.v3.migration` has it. A header of our own: no SDK looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from carwire.http.door import is_uuid
from carwire.wire.v3.migration import find

HEADER: Final = b"carwire-v3-call"  # in a request it asks, in an answer it tells
NONE: Final = "none"
_OLD: Final = "/v2.0/"
_BEFORE_ID: Final = "/v2.0/vehicles/"
_ON: Final = frozenset({b"1", b"true"})


class Bridge:
    """Says what to add to an answer. `always`: whether the request asks for it or not."""

    def __init__(self, *, always: bool = False) -> None:
        self._always = always

    def headers(self, asked: Sequence[bytes], method: str, path: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return the headers for a call of a path as the edge has settled it. `asked` are the values of `HEADER` that
        came with the request.

        Nothing is said of what v2.0 does not have: other versions, paths nobody knows, methods they do not take.
        """
        if not path.startswith(_OLD) or not (self._always or (asked and _wanted(asked))):
            return ()
        found = find(method, path)
        if found is None:
            return ()
        return ((HEADER, _with_id(found.text or NONE, path).encode()),)


def _wanted(asked: Sequence[bytes]) -> bool:
    return len(asked) == 1 and asked[0].strip().lower() in _ON


def _with_id(text: str, path: str) -> str:
    """Put the vehicle's id in its place. What is no id stays out: it may be any text, line ends included."""
    vehicle_id = path[len(_BEFORE_ID) :].partition("/")[0] if path.startswith(_BEFORE_ID) else ""
    return text.replace("{vehicleId}", vehicle_id.lower()) if is_uuid(vehicle_id) else text
