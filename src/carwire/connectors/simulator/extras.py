"""The cars of a world beyond one of each model: they come with sign-ins, and anybody can sign in.

A sign-in merely announces its cars. One comes when it is first named, by a session or by a tester. When there are as
many as there may be, the one that was not used for longest goes; those changed by hand go last. Announcements are
bounded in the same way, and not kept: a session can always say again which cars it has.

>>> extras = Extras(most=2)
>>> extras.came("A"), extras.came("B"), extras.touch("A"), extras.use("B")
(None, None, None, None)
>>> extras.to_go(1), extras.to_go(0)
('B', None)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import msgspec


class Announced(msgspec.Struct, frozen=True):
    """A car a sign-in told of; `problem` is the kind that everything but its VIN meets."""

    model: str
    problem: str | None


class Extras:
    """The VINs of such cars, in the order of their last use. There may be `most` of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        # Not plain dicts: those get slow when they are emptied from the front.
        self._used: OrderedDict[str, None] = OrderedDict()
        self._touched: OrderedDict[str, None] = OrderedDict()  # changed by hand
        self._announced: OrderedDict[str, Announced] = OrderedDict()

    def announce(self, vin: str, model: str, problem: str | None) -> None:
        """Note what a car will be, should it be named."""
        self._announced[vin] = Announced(model, problem)
        self._announced.move_to_end(vin)
        if len(self._announced) > self.most:
            self._announced.popitem(last=False)

    def announced(self, vin: str) -> Announced | None:
        """Return what was told of a car that has not come, null for any other."""
        return self._announced.get(vin)

    def came(self, vin: str) -> None:
        """Count a car that is in the world from now on."""
        self._used[vin] = None
        self._announced.pop(vin, None)

    def use(self, vin: str) -> None:
        """Note that a car was asked or told something now; a car of the range is left aside."""
        for some in (self._used, self._touched):
            if vin in some:
                some.move_to_end(vin)

    def touch(self, vin: str) -> None:
        """Note that a hand has changed a car."""
        if vin in self._used:
            del self._used[vin]
            self._touched[vin] = None
        self.use(vin)

    def touched(self) -> tuple[str, ...]:
        """Return the cars a hand has changed."""
        return tuple(self._touched)

    def by_use(self) -> Iterable[str]:
        """Return every car, in the order in which they would go."""
        return (*self._used, *self._touched)

    def to_go(self, more: int) -> str | None:
        """Return who has to go for so many more to find room, null when there is room."""
        if len(self._used) + len(self._touched) + more <= self.most:
            return None
        return next(iter(self._used or self._touched), None)

    def gone(self, vin: str) -> None:
        """Forget a car."""
        self._used.pop(vin, None)
        self._touched.pop(vin, None)
