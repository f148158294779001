"""A model from counts: what other cars with the same characters 1 to 8 and 10 are.

At least 35 of them, at least 98 % of one model, and the lower end of the 95 % Wilson interval at least 0.90.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

import msgspec

from carwire.core.lookup.names import make_key, models_agree
from carwire.core.lookup.registers import PrefixCount
from carwire.core.lookup.traits import Traits

Z: Final = 1.96
LEAST_ROWS: Final = 35
LEAST_SHARE: Final = 0.98
LEAST_BOUND: Final = 0.90


class Family(msgspec.Struct, frozen=True):
    """Kinds of cars of one make and model among those counted. `traits` is what its largest kind is."""

    traits: Traits
    count: int
    years: dict[int, int]


def wilson(count: int, total: int) -> float:
    """Return the lower end of the 95 % Wilson interval of a share.

    >>> round(wilson(34, 34), 3), round(wilson(35, 35), 3), round(wilson(49, 50), 3)
    (0.898, 0.901, 0.895)
    """
    if total == 0:
        return 0.0
    share = count / total
    middle = share + Z * Z / (2 * total)
    spread = Z * sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    return (middle - spread) / (1 + Z * Z / total)


def families(counts: Sequence[PrefixCount]) -> list[Family]:
    """Group what was counted by make and model, names that agree as one, the largest first."""
    groups: list[tuple[Traits, int, dict[int, int]]] = []
    ordered = sorted(counts, key=lambda c: (-c.count, str(c.traits.make), str(c.traits.model), c.release.dataset))
    for row in ordered:
        traits = row.traits
        if traits.make is None or traits.model is None:
            continue
        for index, (first, count, years) in enumerate(groups):
            if make_key(first.make or "") == make_key(traits.make) and models_agree(first.model or "", traits.model):
                if traits.year is not None:
                    years[traits.year] = years.get(traits.year, 0) + row.count
                groups[index] = first, count + row.count, years
                break
        else:
            groups.append((traits, row.count, {} if traits.year is None else {traits.year: row.count}))
    return sorted((Family(*group) for group in groups), key=lambda f: (-f.count, str(f.traits.model)))


def inferred(counts: Sequence[PrefixCount]) -> Traits | None:
    """Return make, model and year that follow from the counts, year null where they do not give it; null for none."""
    total = sum(row.count for row in counts if row.traits.model is not None)
    found = families(counts)
    if not found or not _enough(found[0].count, total):
        return None
    top = found[0]
    year = max(top.years, key=lambda y: (top.years[y], y), default=None)
    if year is not None and not _enough(top.years[year], top.count):
        year = None
    return Traits(year=year, make=top.traits.make, model=top.traits.model)


def _enough(count: int, total: int) -> bool:
    return total >= LEAST_ROWS and count >= LEAST_SHARE * total and wilson(count, total) >= LEAST_BOUND
