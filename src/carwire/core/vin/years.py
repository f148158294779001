"""Which model years a VIN can mean, each with the reason.

Position 10 repeats every thirty years. 49 CFR 565 ties the round to position 7 for cars and light trucks of North
America (a digit: 1980-2009, a letter: 2010-2039). Elsewhere ISO 3779 only recommends the code, and many makers write
something else there: the candidates are then possible, never certain.

>>> [c.year for c in year_candidates("1HGCM82633A004352", north_american=True, this_year=2026)]
[2003]
>>> [(c.year, c.certain) for c in year_candidates("WVWZZZ1KZAW000123", north_american=False, this_year=2026)]
[(2010, False), (1980, False)]
"""

from __future__ import annotations

from typing import Final

import msgspec

_CODES: Final = {code: 2010 + offset for offset, code in enumerate("ABCDEFGHJKLMNPRSTVWXY123456789")}
_CYCLE: Final = 30
_AHEAD: Final = 2  # next year's model is on sale by autumn; a registration may run one further ahead


class YearCandidate(msgspec.Struct, frozen=True):
    """A model year position 10 can stand for, whether it is certain, and why."""

    year: int
    certain: bool
    reason: str


def year_candidates(vin: str, *, north_american: bool, this_year: int) -> tuple[YearCandidate, ...]:
    """Return the model years `vin` can mean, most likely first; empty when position 10 is missing or no year code.

    Years beyond `this_year` + 2 are left out. `north_american` says that 49 CFR 565 applies.
    """
    code = vin[9:10]
    later = _CODES.get(code)
    if later is None:
        return ()
    earlier = later - _CYCLE
    possible = [year for year in (later, earlier) if year <= this_year + _AHEAD]
    if not north_american:
        reason = f"position 10 is {code}: this year if the maker writes one there, which ISO 3779 leaves open"
        return tuple(YearCandidate(year, certain=False, reason=reason) for year in possible)
    if len(possible) == 1:
        reason = f"position 10 is {code}, and {later} is still to come"
        return (YearCandidate(possible[0], certain=True, reason=reason),)
    seventh = vin[6]
    if seventh.isdigit():
        reason = f"position 10 is {code} and position 7 a digit: 1980-2009 for cars and light trucks, open for others"
        return tuple(YearCandidate(year, certain=False, reason=reason) for year in (earlier, later))
    if seventh.isalpha():
        reason = f"position 10 is {code} and position 7 a letter: 2010-2039 for cars and light trucks, open for others"
        return tuple(YearCandidate(year, certain=False, reason=reason) for year in (later, earlier))
    reason = f"position 10 is {code}; position 7, which tells the round of thirty years, is not known"
    return tuple(YearCandidate(year, certain=False, reason=reason) for year in (later, earlier))
