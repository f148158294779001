"""Numbers that go to a car are looked at before they are sent."""

from __future__ import annotations

import math


def within(name: str, value: float, least: float, most: float) -> float:
    """Return a number. Raises `ValueError` naming it when it is none, or not from `least` to `most`.

    >>> within("limit", 0.8, 0, 1)
    0.8
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"{name} must be a number"
        raise ValueError(msg)
    if not least <= value <= most:
        msg = f"{name} must be from {least} to {most}, not {value}"
        raise ValueError(msg)
    return value
