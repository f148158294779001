"""Which brands an owner can choose, what they are called, and which source signs in to each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from carwire.core.compatibility.catalogue import Catalogue, squash
from carwire.core.compatibility.simulated import is_simulated
from carwire.core.countries import parse_country
from carwire.core.errors import InvalidInput
from carwire.core.ports import Source, VinDecoder
from carwire.core.vehicles import Mode
from carwire.core.vin import makers

SIMULATOR: Final = "simulator"
_PLAIN: Final = "SIMULATED"  # the brand of simulated cars that stand for no maker's
_NOT_WIRE: Final = re.compile("[^A-Z0-9]+")


class Brands:
    """Over the sources and the catalogue. `make_of_simulated` reads the brand out of a simulated car's VIN."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        catalogue: Catalogue,
        decoder: VinDecoder,
        make_of_simulated: Callable[[str], str | None],
    ) -> None:
        self._sources = sources
        self._catalogue = catalogue
        self._decoder = decoder
        self._make_of_simulated = make_of_simulated

    def offered(self, mode: Mode, country: str) -> dict[str, str]:
        """Return make → name of its source, by name of the make: simulated cars in their mode, real ones in the other.

        Where two sources offer one make, the first one signs in.
        """
        found: dict[str, str] = {}
        for name, source in self._sources.items():
            if (name == SIMULATOR) is (mode == "simulated"):
                for make in source.brands(country):
                    found.setdefault(make, name)
        return dict(sorted(found.items(), key=lambda item: self.name(item[0]).casefold()))

    def find(self, text: str) -> str | None:
        """Return the make of this name in any spelling, as VIN decoders write it; null for a name nobody has."""
        if squash(text) == squash(_PLAIN):
            return _PLAIN
        made = self._catalogue.find(text)
        return made.make if made else None

    def name(self, make: str) -> str:
        """Return how the make is written for people."""
        made = self._catalogue.makes.get(make)
        return made.name if made else make.title()

    def of_vin(self, vin: str, now: datetime) -> str | None:
        """Return the make a VIN names; null when it does not say or several share its identifier."""
        if is_simulated(vin):
            return self._make_of_simulated(vin)
        car = self._decoder.identify(vin, now=now)
        if car.believed and car.make:
            return car.make
        maker = makers.maker_of(vin[:3])
        return maker.makes[0] if maker and len(maker.makes) == 1 else None


def wire_make(make: str) -> str:
    """Write a make as the wire's ids do.

    >>> wire_make("LAND ROVER"), wire_make("MERCEDES-BENZ")
    ('LAND_ROVER', 'MERCEDES_BENZ')
    """
    return _NOT_WIRE.sub("_", make.upper()).strip("_")


def find_country(text: str) -> str | None:
    """Return a country's code in upper case; null for what is none."""
    try:
        return parse_country(text)
    except InvalidInput:
        return None


def country_of(languages: tuple[str, ...]) -> str:
    """Return the country the first language tag with a region names, else the United States.

    >>> country_of(("en", "de-AT", "fr-CA"))
    'AT'
    """
    for tag in languages:
        for part in tag.split("-")[1:]:
            if len(part) == 2 and (country := find_country(part)):
                return country
    return "US"
