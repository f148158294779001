"""Which column of a table holds the VINs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from carwire.core.errors import FieldProblem, InvalidInput

_VIN_NAMES: Final = frozenset({"vin", "vinnumber", "vehicleidentificationnumber", "chassisnumber"})


def vin_column(names: Sequence[str], wanted: str | None, table: str) -> int:
    """Return the place of the column called `wanted`, or of the first that is called as columns of VINs are.

    Raises `InvalidInput` when there is none; `table` says whose columns they are.
    """
    for index, name in enumerate(names):
        plain = "".join(c for c in name.casefold() if c.isalnum())
        if name == wanted or (wanted is None and plain in _VIN_NAMES):
            return index
    what = f"no column {wanted!r}" if wanted else "no column that looks like VINs; name it with --column"
    raise InvalidInput(FieldProblem("column", f"{table} has {what}; it has: {', '.join(names)[:300]}"))
