"""The structure of a VIN: what its characters say in every country, before any maker's table is asked.

Sources: ISO 3779:2009 (the sections and their characters), ISO 3780:2009 (the manufacturer identifier), 49 CFR 565
(check digit and model year for North America), GB 16735-2019 (the same two for China). A VIN of a car made for other
markets has no check digit and need not carry a year: position 9 and 10 are the maker's own there, and nothing is
concluded from them.

Input is forgiving about what people type and strict about what the characters are: case, blanks and hyphens are
dropped; I, O and Q, which no VIN may contain, are pointed at and never replaced.

>>> s = parse("wvwzzz1k-zaw 000123", this_year=2026)
>>> s.vin, s.wmi, s.country, s.check_digit.rule
('WVWZZZ1KZAW000123', 'WVW', 'DE', 'none')
>>> s = parse("1M8GDM9AXKP042788", this_year=2026)
>>> s.check_digit.computed, s.check_digit.valid
('X', True)
"""

from __future__ import annotations

import string
from operator import mul
from typing import Final, Literal

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vin.countries import Country, country_of, region_of
from carwire.core.vin.years import YearCandidate, year_candidates

VIN_LENGTH: Final = 17
MAX_INPUT: Final = 64  # longest text worth reading: a VIN with a blank or hyphen between all characters has 33
BLANKS: Final = " \t\u00a0\u2010\u2011\u2012\u2013\u2014\u2015-"
LOOK_ALIKES: Final = "IOQ"
CHARACTERS: Final = frozenset("0123456789ABCDEFGHJKLMNPRSTUVWXYZ")
UNKNOWN: Final = "*"  # stands for a character that is not known, as in vPIC

_TRANSLITERATION: Final = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True)
)
_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 9, 8, 7, 6, 5, 4, 3, 2)  # position 9 aside
_READABLE: Final = CHARACTERS | set(LOOK_ALIKES) | {UNKNOWN}
# Blanks go and ASCII letters rise; `str.upper` would turn other characters into letters a VIN may contain.
_NORMAL: Final = str.maketrans(string.ascii_lowercase, string.ascii_uppercase, BLANKS)
_NORTH_AMERICA: Final = frozenset("12345")  # first characters under 49 CFR 565
_CHINA: Final = frozenset("LH")  # under GB 16735
_SEVEN: Final = frozenset(
    "FGHJKLMNPRSTUVWXYZ0123456789"
)  # 7F-70 are the United States', 7A-7E New Zealand's older area


def is_north_american(vin: str) -> bool:
    """Tell whether 49 CFR 565 applies to this normalised VIN, by its first two characters."""
    return vin[:1] in _NORTH_AMERICA or (vin[:1] == "7" and vin[1:2] in _SEVEN)


class Problem(msgspec.Struct, frozen=True):
    """Something about the text that keeps it from being a whole, valid VIN. `position` counts from 1."""

    kind: Literal["too_short", "look_alike", "unknown_character", "check_digit"]
    message: str
    position: int | None = None
    character: str | None = None


class CheckDigit(msgspec.Struct, frozen=True):
    """Position 9 beside the digit computed from the other sixteen characters.

    `rule` says who demands it: ``north_america`` (49 CFR 565), ``china`` (GB 16735) or ``none``, and then `valid` is
    null: a match would be chance. `computed` is null while a character is missing or unreadable.
    """

    rule: Literal["north_america", "china", "none"]
    given: str | None
    computed: str | None
    valid: bool | None


class Structure(msgspec.Struct, frozen=True):
    """A VIN taken apart. `vin` is the normalised text, possibly partial; sections that are not reached are null.

    `wmi` has six characters (positions 1-3 and 12-14) for makers of fewer than 1,000 vehicles a year, told by a 9 at
    position 3, once position 14 is there; otherwise three. `country` and `region` are those of the maker's
    registration, not of the sale.
    """

    vin: str
    complete: bool
    wmi: str | None
    small_maker: bool
    vds: str | None
    vis: str | None
    region: str | None
    country: str | None
    country_name: str | None
    check_digit: CheckDigit
    model_years: tuple[YearCandidate, ...]
    plant_code: str | None
    serial: str | None
    problems: tuple[Problem, ...]


def tidy(text: str) -> str:
    """Drop blanks and hyphens and raise ASCII letters; nothing else is judged or changed."""
    return text.translate(_NORMAL)


def normalise(text: str) -> str:
    """Drop blanks and hyphens, raise ASCII letters, and return 1 to 17 characters of A-Z, 0-9 and ``*``.

    Raises `InvalidInput` for an empty text, one of more than 64 characters, one that leaves more than 17, and for any
    other character, naming it and its position among the kept ones.
    """
    if len(text) > MAX_INPUT:
        raise _refused(f"has {len(text)} characters, at most {MAX_INPUT} are read")
    vin = tidy(text)
    if not vin:
        raise _refused("is empty")
    for position, character in enumerate(vin, 1):
        if character not in _READABLE:
            raise _refused(f"position {position} is {character!a}, which no VIN contains")
    if len(vin) > VIN_LENGTH:
        raise _refused(f"has {len(vin)} characters, a VIN has {VIN_LENGTH}")
    return vin


def parse(text: str, *, this_year: int) -> Structure:
    """Take a VIN, or the beginning of one, apart. `this_year` bounds the model years that can be meant.

    Raises `InvalidInput` as `normalise` does; anything else, I O Q and a wrong check digit included, is answered with
    its `problems` located.
    """
    vin = normalise(text)
    complete = len(vin) == VIN_LENGTH
    digit = check_digit(vin)
    country: Country | None = country_of(vin)
    return Structure(
        vin=vin,
        complete=complete,
        wmi=wmi_of(vin),
        small_maker=vin[2:3] == "9",
        vds=vin[3:9] if len(vin) >= 9 else None,
        vis=vin[9:] if complete else None,
        region=region_of(vin),
        country=country.code if country else None,
        country_name=country.name if country else None,
        check_digit=digit,
        model_years=year_candidates(vin, north_american=digit.rule == "north_america", this_year=this_year),
        plant_code=vin[10] if len(vin) >= 11 else None,
        serial=vin[11:] if complete else None,
        problems=tuple(_problems(vin, digit)),
    )


def wmi_of(vin: str) -> str | None:
    """Return the manufacturer identifier of a normalised VIN: three characters, six for a small maker, or null."""
    if len(vin) < 3 or UNKNOWN in vin[:3]:
        return None
    if vin[2] == "9" and len(vin) >= 14 and UNKNOWN not in vin[11:14]:
        return vin[:3] + vin[11:14]
    return vin[:3]


def check_digit(vin: str) -> CheckDigit:
    """Judge position 9 of a normalised VIN by the rule of the region its maker is registered in.

    >>> check_digit("1M8GDM9AXKP042788")
    CheckDigit(rule='north_america', given='X', computed='X', valid=True)
    >>> check_digit("WVWZZZ1KZAW000123").valid is None
    True
    """
    computed = compute_check_digit(vin)
    given = vin[8] if len(vin) >= 9 else None
    rule: Literal["north_america", "china", "none"] = "none"
    if is_north_american(vin):
        rule = "north_america"
    elif vin[0] in _CHINA:
        rule = "china"
    valid = None if rule == "none" or computed is None else given == computed
    return CheckDigit(rule, given, computed, valid)


def compute_check_digit(vin: str) -> str | None:
    """Return the check digit (0-9 or X) of 17 characters, position 9 aside; null when one is missing or not allowed."""
    if len(vin) != VIN_LENGTH:
        return None
    try:
        total = sum(map(mul, map(_TRANSLITERATION.__getitem__, vin[:8] + vin[9:]), _WEIGHTS))
    except KeyError:
        return None
    return "0123456789X"[total % 11]


def _problems(vin: str, digit: CheckDigit) -> list[Problem]:
    found = []
    if len(vin) < VIN_LENGTH:
        found.append(Problem("too_short", f"{len(vin)} of {VIN_LENGTH} characters: answered as far as they reach"))
    for position, character in enumerate(vin, 1):
        if character in LOOK_ALIKES:
            text = f"{character} is not used in VINs: it looks like {'1' if character == 'I' else '0'}; not replaced"
            found.append(Problem("look_alike", text, position, character))
        elif character == UNKNOWN:
            found.append(Problem("unknown_character", "* stands for an unknown character", position, character))
    if digit.valid is False:
        text = f"position 9 is {digit.given}, computed is {digit.computed}: a character is wrong, or it is no real VIN"
        found.append(Problem("check_digit", text, 9, digit.given))
    return found


def _refused(message: str) -> InvalidInput:
    return InvalidInput(FieldProblem("vin", message))
