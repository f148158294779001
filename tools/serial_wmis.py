"""Write src/carwire/connectors/_vpic_serials.py: the manufacturer identifiers whose cars depend on positions 12 to 17.

For all others vPIC reads nothing behind position 11 but whether the characters there are allowed, so that cars which
share positions 1-8, 10 and 11 share their decode. The decoder's cache and the decode of lists rest on that.

How it is found: ultravin builds one VIN for every row of vPIC, the row's own characters kept and a 1 in every place
the row leaves open. An identifier is serial-dependent when one of its VINs has something else than 1 behind position
11, or when anything in the decode of one changes after other allowed characters are put there. Two things may change:
the proposed VIN, which repeats the serial, and what is proposed where a check digit has to choose (errors 2 to 4).
VINs listed as built with a wrong check digit are left aside. Identifiers of six characters contain positions 12 to 14,
and there the same is asked of 15 to 17. Run after every update of ultravin.
"""

from __future__ import annotations

import random
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import ultravin

from carwire.core.vin.structure import compute_check_digit

FILLER = "111111"
LETTERS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
ROUNDS = 12
SUGGESTED, ERRORS = "attr_142", "attr_143"
TARGET = Path(__file__).parents[1] / "src/carwire/connectors/_vpic_serials.py"


def main() -> None:
    """Find the identifiers and write the module."""
    vins = [vin for vin in ultravin.sweep() if len(vin) == 17 and vin == vin.upper()]
    pinned = {vin[:3] for vin in ultravin.sweep(["pattern"]) if vin[2] != "9" and vin[11:] != FILLER}
    starts = sorted({vin[:11] for vin in vins if vin[2] != "9"}) + sorted({vin[:14] for vin in vins if vin[2] == "9"})
    found = pinned.union(*changing(starts))
    small = sorted(wmi for wmi in found if len(wmi) > 3)
    assert not small, f"of six characters, which the keys of a decode do not provide for: {small}"
    names = textwrap.fill(" ".join(sorted(found)), 118)
    TARGET.write_text(
        '"""Manufacturer identifiers whose vPIC patterns reach behind position 11. See tools/serial_wmis.py."""\n\n'
        f'from typing import Final\n\nDATA_MONTH: Final = "{ultravin.provenance()["data_month"]}"\n'
        f'_NAMES: Final = """\\\n{names}\n"""\nSERIAL_WMIS: Final = frozenset(_NAMES.split())\n',
        encoding="ascii",
    )
    print(len(found), "identifiers of", len({vin[:3] for vin in vins if vin[2] != "9"}))


def changing(starts: list[str]) -> Iterator[set[str]]:
    """The identifiers of the starts whose decode changes with what follows, a set a round."""
    now, rng = datetime.now(UTC), random.Random(1)  # noqa: S311
    wmis = pa.array([start[:3] + start[11:14] for start in starts])
    first = decode([whole(start, "0" * (17 - len(start))) for start in starts], now)
    listed = pa.array(ultravin.sweep(["exception"]))
    chosen = pc.or_(pc.match_substring_regex(first[ERRORS], r"\b[234]\b"), pc.is_in(first["vin"], listed))
    for _ in range(ROUNDS):
        other = decode([whole(start, serial(17 - len(start), rng)) for start in starts], now)
        settled = pc.invert(pc.or_(chosen, pc.is_in(other["vin"], listed)))
        for name in first.column_names[1:]:
            if name != SUGGESTED and not first[name].equals(other[name]):
                changed = pc.and_(settled, differ(first[name], other[name]))
                yield set(wmis.filter(changed.combine_chunks()).to_pylist())


def decode(vins: list[str], now: datetime) -> pa.Table:
    """Every element of every VIN."""
    return pa.table(ultravin.decode_stream(pa.table({"vin": vins}), vin_column="vin", column_names="id", now=now))


def differ(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    """Where two columns differ; null is a value of its own here."""
    return pc.or_(pc.fill_null(pc.not_equal(one, other), False), pc.xor(pc.is_null(one), pc.is_null(other)))


def serial(length: int, rng: random.Random) -> str:
    """Characters for the end of a VIN that vPIC allows for every maker: a letter only at position 12."""
    digits = "".join(rng.choices("0123456789", k=length))
    return digits if length < 6 else rng.choice(LETTERS) + digits[1:]


def whole(start: str, end: str) -> str:
    """Join the two and put the check digit that belongs to them at 9."""
    made = start + end
    return f"{made[:8]}{compute_check_digit(made) or made[8]}{made[9:]}"


if __name__ == "__main__":
    main()
