"""What a VIN says: its structure everywhere, its decode where vPIC reaches, and what cannot be known where it does
not.
"""

from __future__ import annotations

from collections.abc import Sequence

from carwire.core.errors import InvalidInput
from carwire.core.ports import VinDecoder
from carwire.core.vin import makers, structure
from carwire.core.vin.decode import Vin, World, believed
from carwire.core.vin.structure import Structure
from carwire.kit.clock import Clock

_OTHER_MARKET = (
    "model, series and trim: the maker files the meaning of these characters with no public register",
    "engine, fuel and powertrain",
    "equipment and connectivity hardware",
)


class VinService:
    """Answers for single VINs and for lists of them. Touches no store and waits for nothing."""

    def __init__(self, decoder: VinDecoder, clock: Clock) -> None:
        self._decoder = decoder
        self._clock = clock

    def read(self, text: str) -> Vin:
        """Return everything the VIN, or the beginning of one, says.

        vPIC answers when the VIN follows what its maker filed there; otherwise the answer is the maker, its country,
        the years position 10 may mean, and what stays unknown. Raises `InvalidInput` for text that cannot be a VIN.
        """
        now = self._clock()
        found = structure.parse(text, this_year=now.year)
        decoded = self._decoder.decode(found.vin, now=now)
        if believed(found.vin, {error.code for error in decoded.errors}):
            return Vin(found.vin, found, decoded, None)
        return Vin(found.vin, found, None, _world(found))

    def read_many(self, texts: Sequence[str]) -> list[Vin | InvalidInput]:
        """Return `read` of each text in order; an unusable one is answered by its error, in its place."""
        answers: list[Vin | InvalidInput] = []
        for text in texts:
            try:
                answers.append(self.read(text))
            except InvalidInput as error:
                answers.append(error)
        return answers


def _world(found: Structure) -> World:
    maker = makers.maker_of(found.wmi)
    makes = maker.makes if maker else ()
    year = makers.writes_year_at_10(makes)
    unknown = list(_OTHER_MARKET)
    if year is False:
        unknown.insert(0, "model year: this maker writes none at position 10 outside North America")
    elif year is None:
        unknown.insert(0, "model year: it is not known whether this maker writes one at position 10")
    if len(makes) > 1:
        unknown.insert(0, f"which of {', '.join(makes)} it is: they share the identifier {found.wmi}")
    if maker is None and found.wmi:
        unknown.insert(0, f"the maker: {found.wmi} is in no table here")
    return World(maker.name if maker else None, makes, year, tuple(unknown))
