"""Usage in memory."""

from __future__ import annotations

from collections.abc import Sequence

from carwire.core.usage import Usage, order
from carwire.storage.memory.state import State


class UsageInMemory:
    """`UsageStore`."""

    _state: State

    async def add_usage(self, rows: Sequence[Usage]) -> None:
        """Add counts; see the port."""
        for row in rows:
            if row.client_id in self._state.applications:
                self._state.usage[order(row)] = self._state.usage.get(order(row), 0) + row.calls

    async def usage(self, since_day: int, client_id: str | None = None) -> list[Usage]:
        """Return what was counted from a day on, of one application or of all; see the port."""
        found = (Usage(*key, calls) for key, calls in self._state.usage.items() if key[1] >= since_day)
        return sorted((row for row in found if client_id in (None, row.client_id)), key=order)
