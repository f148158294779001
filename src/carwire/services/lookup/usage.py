"""Usage of the lookup API: counted by key, reference, day and more, and record by record."""

from __future__ import annotations

from collections.abc import Sequence

from carwire.core.lookup.keys import Count, Record, RecordFilter
from carwire.core.lookup.ports import KeyStore
from carwire.services.lookup.metering import Meter


class LookupUsageService:
    """Reads what is kept. What this process has not written yet is written first."""

    def __init__(self, store: KeyStore, meter: Meter | None = None) -> None:
        self._store = store
        self._meter = meter

    async def count(self, wanted: RecordFilter, by: Sequence[str]) -> list[Count]:
        """Count records in groups of `core.lookup.keys.GROUPS`."""
        await self._write()
        return await self._store.count_lookup_records(wanted, by)

    async def records(self, wanted: RecordFilter, limit: int, after: str | None) -> tuple[list[Record], str | None]:
        """Return a page of records, oldest first, and the cursor of the next page."""
        await self._write()
        found = await self._store.lookup_records(wanted, limit + 1, after)
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    async def _write(self) -> None:
        if self._meter is not None:
            await self._meter.write()
