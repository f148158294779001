"""What a request for readings may wish for by headers, in every version alike: units, and how old an answer may be."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.units import UnitSystem
from carwire.http.call import Call

MAX_AGE: Final = b"carwire-max-age"
STALE_IF_ERROR: Final = b"carwire-stale-if-error"
LONGEST_S: Final = 10 * 365 * 86_400
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def unit_system(call: Call) -> UnitSystem:
    """Return the unit system asked for, metric when none is. Raises `InvalidInput` for another word."""
    text = call.one_header(b"sc-unit-system")
    if not text:
        return "metric"
    word = text.lower()
    if word not in {"metric", "imperial"}:
        raise InvalidInput(FieldProblem("sc-unit-system", "Field must be one of: [metric,imperial]"))
    return word  # type: ignore[return-value]  # one of the two


def length_of(name: bytes, text: str) -> timedelta:
    """Return the seconds that a header names. Raises `InvalidInput` for what is no such number."""
    if not _SECONDS.fullmatch(text) or int(text) > LONGEST_S:
        raise InvalidInput(FieldProblem(name.decode(), "Must be a whole number of seconds"))
    return timedelta(seconds=int(text))
