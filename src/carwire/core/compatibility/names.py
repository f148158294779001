"""Whether the name of a model line is within the names a VIN decodes to, and how well it fits.

Names are compared by their runs of letters and of digits, in order: ``3-Series`` and ``3 Series`` are one name, and
so are ``ID.4`` and ``ID4``. Decoders spread a car's name over model, series and trim, so the beginning of a line's
name must stand in model or series and its rest in any of the three:

- a match begins where a compound begins and ends where one ends or after a digit: ``C 63`` is within ``C63e``, ``X3
M`` is not
  within ``X3`` with trim ``M40i``;
- the whole name may stand in the trim alone if it begins with the car's whole model: ``C-Class`` with trim ``C 300``;
- compounds that only name a powertrain (``PHEV``, ``Hybrid`` …) are left aside: the powertrain is compared by itself.

>>> fits("3 Series", "328i", "3-Series", None), fits("S5", "A5", None, "S Line")
(Fit(words=2, in_model=0), None)
>>> fits("F-150 Lightning", "F-150", None, None), continues("F-150 Lightning", "F-150")
(None, True)
"""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

_POWERTRAIN_WORDS: Final = frozenset({"bev", "ev", "fcev", "hev", "hybrid", "in", "mhev", "phev", "plug", "rex"})
_COMPOUND: Final = re.compile(r"[a-z0-9]+")
_RUN: Final = re.compile(r"[a-z]+|[0-9]+")


class _Run(NamedTuple):
    text: str
    begins: bool  # its compound begins with it
    ends: bool  # a name may end with it


class Fit(NamedTuple):
    """How well a name fits: more words are better, then standing in the model rather than in the series."""

    words: int
    in_model: int


@functools.lru_cache(maxsize=65536)
def fits(line: str, model: str | None, series: str | None, trim: str | None) -> Fit | None:
    """Return how the line's name fits a car's, null when it is not within it."""
    wanted = tuple(run.text for run in _runs(line))
    if not wanted:
        return None
    trim_runs = _runs(trim)
    for rank, head in ((1, _runs(model)), (0, _runs(series))):
        everywhere = (_runs(model), _runs(series), trim_runs)
        for split in range(len(wanted), 0, -1):
            rest = wanted[split:]
            if _holds(head, wanted[:split]) and (not rest or any(_holds(text, rest) for text in everywhere)):
                return Fit(len(wanted), rank)
        if head and head[0].ends and head[0].text == wanted[0] and _holds(trim_runs, wanted):
            return Fit(len(wanted), rank)
    return None


@functools.lru_cache(maxsize=65536)
def continues(line: str, model: str | None) -> bool:
    """Tell whether the line's name begins with the whole model: ``F-150 Lightning`` continues ``F-150``."""
    wanted = tuple(run.text for run in _runs(model))
    return bool(wanted) and tuple(run.text for run in _runs(line))[: len(wanted)] == wanted


@functools.lru_cache(maxsize=65536)
def _runs(name: str | None) -> tuple[_Run, ...]:
    compounds = _COMPOUND.findall((name or "").casefold())
    kept = [c for c in compounds if c not in _POWERTRAIN_WORDS] or compounds
    found = []
    for compound in kept:
        parts = _RUN.findall(compound)
        found += [_Run(p, i == 0, i == len(parts) - 1 or p.isdigit()) for i, p in enumerate(parts)]
    return tuple(found)


def _holds(text: tuple[_Run, ...], wanted: tuple[str, ...]) -> bool:
    n = len(wanted)
    return any(
        text[i].begins and text[i + n - 1].ends and tuple(run.text for run in text[i : i + n]) == wanted
        for i in range(len(text) - n + 1)
    )
