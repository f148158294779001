"""Names of makes and models as people and authorities write them, and when two of them mean the same.

Upper case, accents folded, split at anything but letters and digits. Publishers rename models between releases
(``RAV4 Prime`` to ``RAV4 Prime (PHEV)``), so plain equality of texts would be wrong.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

_PIECES: Final = re.compile(r"[A-Z0-9]+")
_SUFFIX: Final = re.compile(r"\((?:PHEV|BEV|EV|HEV|FCEV|FCV|HYBRID|ELECTRIC|PLUG-IN HYBRID)\)\s*$", re.IGNORECASE)
_LETTERS: Final = str.maketrans({"Ø": "O", "ø": "o", "Æ": "AE", "æ": "ae", "ß": "ss", "Ł": "L", "ł": "l", "Đ": "D"})
# Spelling → key. What an authority cuts off, and the names that one maker goes by.
ALIASES: Final = {
    "MERCEDES BENZ": ("MERCEDES", "MERCEDES BENZ CARS", "MB", "MERCEDES AMG", "MERCEDES MAYBACH"),
    "VOLKSWAGEN": ("VW", "VOLKSWAGEN VW", "VOLKSWAGON"),
    "CHEVROLET": ("CHEVY", "GM DAEWOO CHEVROLET"),
    "LAND ROVER": ("LANDROVER", "ROVER RANGE ROVER", "RANGE ROVER"),
    "ALFA ROMEO": ("ALFA", "ALFAROMEO"),
    "ROLLS ROYCE": ("ROLLSROYCE",),
    "ASTON MARTIN": ("ASTONMARTIN",),
    "MINI": ("BMW MINI", "MINI BMW"),
    "BMW": ("BMW I", "BAYERISCHE MOTOREN WERKE"),
    "RAM": ("DODGE RAM",),
    "SMART": ("MCC SMART", "SMART MCC"),
    "DS": ("DS AUTOMOBILES", "DS AUTOMOBILE"),
    "THINK": ("TH NK", "THINK CITY"),
    "POLESTAR": ("POLESTAR PERFORMANCE AB",),
    "SKODA": ("SKODA AUTO",),
    "TESLA": ("TESLA MOTORS", "TESLA INC"),
    "WHEEGO": ("WHEEGO ELECTRIC CARS",),
    "AZURE DYNAMICS": ("AZURE",),
}
_KEYS: Final = {spelling: key for key, spellings in ALIASES.items() for spelling in spellings}
# The words a code of at most five characters stands for: New York's registrations.
FIVE_LETTERS: Final = {
    "ACURA": "ACURA", "ALFAR": "ALFA ROMEO", "ALFA": "ALFA ROMEO", "ASTON": "ASTON MARTIN", "BENTL": "BENTLEY",
    "BUICK": "BUICK", "CADIL": "CADILLAC", "CHEVR": "CHEVROLET", "CHRYS": "CHRYSLER", "DODGE": "DODGE",
    "FERRA": "FERRARI", "FIAT": "FIAT", "FISKE": "FISKER", "FORD": "FORD", "GENES": "GENESIS", "GMC": "GMC",
    "HONDA": "HONDA", "HYUND": "HYUNDAI", "HYUN": "HYUNDAI", "INFIN": "INFINITI", "INFI": "INFINITI",
    "ISUZU": "ISUZU", "JAGUA": "JAGUAR", "JEEP": "JEEP", "KIA": "KIA", "LA/RO": "LAND ROVER", "LAMBO": "LAMBORGHINI",
    "LEXUS": "LEXUS", "LINCO": "LINCOLN", "LOTUS": "LOTUS", "MASER": "MASERATI", "MAZDA": "MAZDA",
    "ME/BE": "MERCEDES BENZ", "MERCU": "MERCURY", "MINI": "MINI", "MITSU": "MITSUBISHI", "NISSA": "NISSAN",
    "OLDSM": "OLDSMOBILE", "PONTI": "PONTIAC", "PORSC": "PORSCHE", "RAM": "RAM", "RO/RO": "ROLLS ROYCE",
    "ROL/R": "ROLLS ROYCE", "SAAB": "SAAB", "SATUR": "SATURN", "SCION": "SCION", "SMART": "SMART", "SUBAR": "SUBARU",
    "SUZUK": "SUZUKI", "TESLA": "TESLA", "TOYOT": "TOYOTA", "VOLKS": "VOLKSWAGEN", "VOLVO": "VOLVO",
}  # fmt: skip


@functools.lru_cache(8192)
def pieces(text: str) -> tuple[str, ...]:
    """Split a name into its words and numbers, upper case, accents folded.

    >>> pieces("Škoda Citigo-e iV")
    ('SKODA', 'CITIGO', 'E', 'IV')
    """
    folded = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return tuple(_PIECES.findall("".join(c for c in folded if not unicodedata.combining(c)).upper()))


@functools.lru_cache(8192)
def make_key(text: str) -> str:
    """Return the one spelling by which makes are compared.

    >>> make_key("Mercedes-Benz"), make_key("VW"), make_key("TH!NK")
    ('MERCEDES BENZ', 'VOLKSWAGEN', 'THINK')
    """
    key = " ".join(pieces(text))
    return _KEYS.get(key, key)


def make_of_code(code: str) -> str:
    """Return the make behind a code of at most five characters, the code itself when it is in no table.

    >>> make_of_code("ME/BE")
    'MERCEDES BENZ'
    """
    code = code.strip().upper()
    return FIVE_LETTERS.get(code, code)


@functools.lru_cache(16384)
def model_key(text: str) -> frozenset[str]:
    """Return the words of a model without a bracketed powertrain at its end; joined, too, where hyphens split it.

    >>> sorted(model_key("RAV4 Prime (PHEV)"))
    ['PRIME', 'RAV4']
    """
    found = pieces(_SUFFIX.sub("", text))
    return frozenset(found or pieces(text))


@functools.lru_cache(65536)
def models_agree(one: str, other: str) -> bool:
    """Tell whether two names can be of one model: the words of one contain those of the other.

    >>> models_agree("Kona Electric", "KONA"), models_agree("MODEL 3", "Model S")
    (True, False)
    >>> models_agree("F-150", "F150 Lightning")
    True
    """
    a, b = model_key(one), model_key(other)
    if not a or not b:
        return False
    if a <= b or b <= a:
        return True
    joined_a, joined_b = "".join(pieces(_SUFFIX.sub("", one))), "".join(pieces(_SUFFIX.sub("", other)))
    if joined_a == joined_b:
        return True
    # A hyphen more or less: F-150 and F150.
    return any(joined in words for joined, words in ((joined_a, b), (joined_b, a)) if any(c.isdigit() for c in joined))
