"""Plans for usage."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from carwire.core.usage import Usage, order
from carwire.storage.sql.plans import Plan, Planned, chunks, marks, reads, writes

_COLUMNS: Final = "client_id, day, method, route, calls"
_ROWS: Final = 100  # of one statement
_ADD: Final = (
    " ON CONFLICT (client_id, day, method, route) DO UPDATE SET calls = usage.calls + excluded.calls"  # not replaced
)


class UsagePlans(Planned):
    """`carwire.core.ports.UsageStore`."""

    @writes
    def add_usage(self, rows: Sequence[Usage]) -> Plan[None]:
        """Add counts; see the port. Applications are locked first, as by whoever deletes them."""
        counts: Counter[tuple[str, int, str, str]] = Counter()  # a statement may not meet a row twice
        for row in rows:
            counts[order(row)] += row.calls
        there: set[str] = set()
        for some in chunks(sorted({client_id for client_id, *_ in counts})):
            found = yield (
                f"SELECT client_id FROM applications WHERE client_id IN ({marks(len(some))})"
                " ORDER BY client_id {for_update}",
                some,
            )
            there |= {client_id for (client_id,) in found}
        kept = [(*key, calls) for key, calls in sorted(counts.items()) if key[0] in there]
        for some_rows in chunks(kept, _ROWS):
            yield (
                f"INSERT INTO usage ({_COLUMNS}) VALUES {', '.join([f'({marks(5)})'] * len(some_rows))}{_ADD}",
                tuple(value for values in some_rows for value in values),
            )

    @reads
    def usage(self, since_day: int, client_id: str | None = None) -> Plan[list[Usage]]:
        """Return what was counted from a day on, of one application or of all; see the port."""
        if client_id is None:
            rows = yield f"SELECT {_COLUMNS} FROM usage WHERE day >= ?", (since_day,)
        else:
            rows = yield f"SELECT {_COLUMNS} FROM usage WHERE day >= ? AND client_id = ?", (since_day, client_id)
        return sorted((Usage(*row) for row in rows), key=order)
