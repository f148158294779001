"""Write src/carwire/connectors/_vpic_serials.py: the manufacturer identifiers whose cars depend on positions 12 to 17.

For all others vPIC reads nothing behind position 11 that changes what car it is, so that cars which share positions
1-8, 10 and 11 share their identity. The decoder's cache rests on that.

How it is found: ultravin builds one VIN for every pattern row of vPIC, the row's own characters kept and a 1 in every
place the row leaves open. An identifier is serial-dependent when one of its VINs has something else than 1 behind
position 11, or when one decodes to another identity after other allowed characters are put there. Run after every
update of ultravin.
"""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from pathlib import Path

import ultravin

from carwire.connectors.vpic import VpicDecoder
from carwire.core.vin.structure import compute_check_digit

FILLER = "111111"
OTHERS = ("029384", "A95027", "Z87650", "K00001", "500000")
TARGET = Path(__file__).parents[1] / "src/carwire/connectors/_vpic_serials.py"


def main() -> None:
    """Find the identifiers and write the module."""
    now = datetime.now(UTC)
    decoder = VpicDecoder(cached=False)
    vins = [vin for vin in ultravin.sweep(["pattern"]) if vin[2] != "9"]
    found = {vin[:3] for vin in vins if vin[11:] != FILLER}
    rest = [vin for vin in vins if vin[:3] not in found]
    for vin in rest:
        car = decoder.identify(vin, now=now)
        if any(decoder.identify(with_serial(vin, serial), now=now) != car for serial in OTHERS):
            found.add(vin[:3])
    names = textwrap.fill(" ".join(sorted(found)), 118)
    TARGET.write_text(
        '"""Manufacturer identifiers whose vPIC patterns reach behind position 11. See tools/serial_wmis.py."""\n\n'
        f'from typing import Final\n\nDATA_MONTH: Final = "{ultravin.provenance()["data_month"]}"\n'
        f'_NAMES: Final = """\\\n{names}\n"""\nSERIAL_WMIS: Final = frozenset(_NAMES.split())\n',
        encoding="ascii",
    )
    print(len(found), "identifiers of", len({vin[:3] for vin in vins}))


def with_serial(vin: str, serial: str) -> str:
    """Put other characters behind position 11 and the check digit that belongs to them at 9."""
    made = vin[:11] + serial
    return f"{made[:8]}{compute_check_digit(made) or made[8]}{made[9:]}"


if __name__ == "__main__":
    main()
