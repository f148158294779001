"""VINs and manufacturer identifiers in vPIC's own terms, for clients of NHTSA's API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.ports import ElementReader
from carwire.core.vin.elements import Element, ElementValues
from carwire.core.vin.structure import MAX_INPUT
from carwire.kit.clock import Clock

_SMALL = 6  # characters of the identifier of a small maker


class ElementService:
    """Reads through vPIC. Touches no store and waits for nothing."""

    def __init__(self, reader: ElementReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    @property
    def elements(self) -> tuple[Element, ...]:
        """Every element there can be a value of."""
        return self._reader.elements

    def read(self, vin: str, claimed_year: int | None = None) -> ElementValues:
        """Read one text, whatever it is. Raises `InvalidInput` for one of more than 64 characters."""
        return next(self.read_many([(vin, claimed_year)]))

    def read_many(self, asked: Iterable[tuple[str, int | None]]) -> Iterator[ElementValues]:
        """Read texts with claimed years, all at one moment."""
        now = self._clock()
        for vin, claimed_year in asked:
            if len(vin) > MAX_INPUT:
                raise InvalidInput(FieldProblem("vin", f"has {len(vin)} characters, at most {MAX_INPUT} are read"))
            yield self._reader.read(vin, claimed_year=claimed_year, now=now)

    def read_wmi(self, wmi: str) -> ElementValues:
        """Read what the identifier alone says. Raises `InvalidInput` unless it has three letters and digits, or six."""
        if len(wmi) not in {3, _SMALL}:
            raise InvalidInput(FieldProblem("wmi", f"has {len(wmi)} characters, not 3 or {_SMALL}"))
        if not (wmi.isascii() and wmi.isalnum()):
            raise InvalidInput(FieldProblem("wmi", "has other characters than letters and digits"))
        return self.read(wmi if len(wmi) < _SMALL else f"{wmi[:3]}{'*' * 8}{wmi[3:]}")
