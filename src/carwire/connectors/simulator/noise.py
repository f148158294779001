"""Chance that can be repeated: a number drawn from a key and a counter, without any state.

The mixing is SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
"""

from __future__ import annotations

import hashlib
from typing import Final

_MASK: Final = (1 << 64) - 1
_SCALE: Final = 1 / (1 << 53)


def key_of(*parts: object) -> int:
    """Return a 64-bit key for what the parts say together; the same on every machine."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def draw(key: int, count: int) -> float:
    """Return the number from 0 (included) to 1 (excluded) that belongs to this key and counter.

    >>> draw(1, 2) == draw(1, 2), draw(1, 2) == draw(1, 3)
    (True, False)
    """
    z = (key + (count + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) * _SCALE
