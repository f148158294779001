"""The rows of the parity table: which function of the Node SDK is which of the Python SDK, and its check.

The ids are those of the contract's parity chapter: F functions, A the authorization client, V the vehicle, X errors and
service, T types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from tests.contract.hands import Hand

Check = Callable[[Hand], None]
LENGTHS: Final = {"F": 15, "A": 5, "V": 33, "X": 4, "T": 19}
EXPECTED: Final = [f"{kind}{number}" for kind, length in LENGTHS.items() for number in range(1, length + 1)]


class Row(msgspec.Struct, frozen=True):
    """One row. `python` and `node` are what the SDKs call it."""

    id: str
    python: str
    node: str
    check: Check

    def name(self, sdk: str) -> str:
        """The row's own id of a test."""
        return f"{self.id}-{self.python if sdk == 'python' else self.node}-{sdk}"


ROWS: Final[dict[str, Row]] = {}


def row(id_: str, python: str, node: str) -> Callable[[Check], Check]:
    """Enter a check into the table."""

    def enter(check: Check) -> Check:
        assert id_ not in ROWS, id_
        ROWS[id_] = Row(id_, python, node, check)
        return check

    return enter
