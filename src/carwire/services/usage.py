"""Usage: which calls applications make, counted in memory and written down every few seconds.

Counting is in the way of every request, so it is one entry of a dict. What was not written yet when a process is
killed is lost: a few seconds of counts, for a report that speaks of weeks.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from carwire.core.errors import FieldProblem, InvalidInput, StoreUnavailable
from carwire.core.ports import Store
from carwire.core.usage import Usage, day_of
from carwire.kit.clock import Clock

MAX_DAYS: Final = 3660
_LONGEST: Final = 10  # characters of a method that are kept


class UsageService:
    """Counts in the event loop alone."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._counts: dict[tuple[str, str, str], int] = {}

    def count(self, client_id: str, method: str, route: str) -> None:
        """Count one call that an application made, whatever became of it."""
        key = client_id, method, route
        self._counts[key] = self._counts.get(key, 0) + 1

    async def write(self) -> None:
        """Write down what was counted since the last time, as of today. Raises `StoreUnavailable`: then it is kept for
        the next time.
        """
        counts, self._counts = self._counts, {}
        if not counts:
            return
        today = day_of(self._clock())
        rows = [Usage(client, today, method[:_LONGEST], route, n) for (client, method, route), n in counts.items()]
        try:
            await self._store.add_usage(rows)
        except StoreUnavailable:
            for key, n in counts.items():
                self._counts[key] = self._counts.get(key, 0) + n
            raise

    async def of_days(self, days: int, client_id: str | None = None) -> list[Usage]:
        """Return what was written for the last `days` days, today included; of all applications at a null.

        Raises `InvalidInput` for a number of days that is none.
        """
        if not 1 <= days <= MAX_DAYS:
            raise InvalidInput(FieldProblem("days", f"must be 1 to {MAX_DAYS}"))
        return await self._store.usage(day_of(self._clock() - timedelta(days=days - 1)), client_id)
