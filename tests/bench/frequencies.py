"""Distinct VINs with the frequencies of real cars: descriptors drawn by count, serials invented, check digits
computed.
"""

from __future__ import annotations

import csv
import lzma
import random
from pathlib import Path

from carwire.core.vin.structure import CHARACTERS, compute_check_digit

COUNTS = Path(__file__).parents[3] / "shared/data/vin_descriptor_counts.csv.xz"


def vins(n: int, seed: int = 1) -> list[str]:
    """Return `n` distinct VINs, the same for the same seed. Without the counts vPIC's patterns are drawn evenly."""
    rng = random.Random(seed)
    if not COUNTS.exists():
        import ultravin

        found: list[str] = ultravin.generate(n, seed=seed, vehicle_type=2, min_year=2010, invalid_rate=0)
        return found
    with lzma.open(COUNTS, "rt") as file:
        rows = [(d, int(c)) for d, c in list(csv.reader(file))[1:] if len(d) == 10 and set(d) <= CHARACTERS]
    made: dict[str, None] = {}
    while len(made) < n:
        for descriptor in rng.choices([d for d, _ in rows], [c for _, c in rows], k=n):
            blank = f"{descriptor[:8]}0{descriptor[8:]}{rng.randrange(10**6):06d}"
            made[f"{blank[:8]}{compute_check_digit(blank)}{blank[9:]}"] = None
    return list(made)[:n]
