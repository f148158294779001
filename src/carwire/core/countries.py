"""Countries by ISO 3166-1 alpha-2 code, and the three markets the capability catalogue is written for."""

from __future__ import annotations

from typing import Final, Literal

from carwire.core._iso3166 import COUNTRIES, EUROPE
from carwire.core.errors import FieldProblem, InvalidInput

Market = Literal["US", "CA", "EUROPE"]
MARKETS: Final[tuple[Market, ...]] = ("US", "CA", "EUROPE")


def parse_country(text: str) -> str:
    """Return the upper-case code of a country. Raises `InvalidInput` on the field ``country`` unless ISO 3166-1 has
    it.
    """
    code = text.upper() if text.isascii() else text
    if code not in COUNTRIES:
        raise InvalidInput(FieldProblem("country", f"{text[:20]!a} is no ISO 3166-1 alpha-2 country code"))
    return code


def market_of(country: str) -> Market | None:
    """Return the market a country belongs to, null when the catalogue says nothing about it.

    >>> market_of("US"), market_of("DE"), market_of("JP")
    ('US', 'EUROPE', None)
    """
    if country == "US":
        return "US"
    if country == "CA":
        return "CA"
    return "EUROPE" if country in EUROPE else None
