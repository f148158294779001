"""Plans for polling: which cars are to be asked, one worker each."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from carwire.core.polling import Poll, Polled
from carwire.core.vehicles import Vehicle
from carwire.storage.moments import to_us, to_us_or_null
from carwire.storage.sql.plans import Plan, Planned, Row, chunks, pairs_in, reads, writes
from carwire.storage.sql.rows import LINK, REST, vehicle_of
from carwire.storage.sql.webhooks import webhooks_of


class PollPlans(Planned):
    """`carwire.core.ports.PollStore`."""

    @writes
    def claim_polls(self, now: datetime, lease: timedelta, limit: int) -> Plan[list[Poll]]:
        """Take cars whose hour has come, and put their next off by a lease, so that nobody else takes them. Return
        them with the signals that active webhooks wait for.
        """
        claimed = yield (
            "UPDATE connections SET poll_at = ? WHERE (vehicle_id, user_id) IN (SELECT vehicle_id, user_id"
            " FROM connections WHERE poll_at <= ? ORDER BY poll_at LIMIT ? {unclaimed}) RETURNING vehicle_id, user_id",
            (to_us(now + lease), to_us(now), limit),
        )
        polls = []
        for some in chunks(sorted(claimed), 200):
            condition, values = pairs_in("c.vehicle_id", "c.user_id", some)
            cars = yield (
                f"SELECT {LINK}, {REST} FROM connections c JOIN cars k ON k.id = c.car_id WHERE {condition}",
                values,
            )
            condition, values = pairs_in("vehicle_id", "user_id", some)
            wanted = yield (
                f"SELECT vehicle_id, user_id, webhook_id FROM subscriptions WHERE {condition} ORDER BY webhook_id",
                values,
            )
            webhooks = yield from webhooks_of({row[2] for row in wanted})
            codes = {each.id: each.polled for each in webhooks.values() if each.halt is None}
            polls += [_poll(row, wanted, codes) for row in cars]
        return polls

    @writes
    def polled(self, rows: Sequence[Polled]) -> Plan[None]:
        """Note when cars are asked next."""
        for each in rows:
            yield (
                "UPDATE connections SET poll_at = ? WHERE vehicle_id = ? AND user_id = ? AND poll_at IS NOT NULL",
                (to_us_or_null(each.next_at), each.vehicle.id, each.vehicle.user_id),
            )

    @writes
    def listen(self, webhook_id: str, until: datetime) -> Plan[None]:
        """Let those subscribed to a webhook wait for news. When nobody listens any more, a worker finds that nobody
        does, at `until`.
        """
        yield (
            "UPDATE connections SET poll_at = ? WHERE (vehicle_id, user_id) IN"
            " (SELECT vehicle_id, user_id FROM subscriptions WHERE webhook_id = ?)"
            " AND NOT EXISTS (SELECT 1 FROM subscriptions s JOIN webhooks w ON w.id = s.webhook_id"
            " WHERE s.vehicle_id = connections.vehicle_id AND s.user_id = connections.user_id AND w.halt IS NULL)",
            (to_us(until), webhook_id),
        )

    @reads
    def waiting_for(self, source: str, vin: str) -> Plan[list[Vehicle]]:
        """Return the vehicles that a car of a source is to those who wait for news of it."""
        rows = yield (
            f"SELECT {LINK}, {REST} FROM connections c JOIN cars k ON k.id = c.car_id"
            " WHERE k.source = ? AND k.vin = ? AND c.poll_at IS NOT NULL ORDER BY c.vehicle_id, c.user_id",
            (source, vin),
        )
        return [vehicle_of(row) for row in rows]


def _poll(row: Row, wanted: Sequence[Row], codes: dict[str, tuple[str, ...]]) -> Poll:
    of = vehicle_of(row)
    active = [row[2] for row in wanted if row[:2] == (of.id, of.user_id) and row[2] in codes]
    return Poll(of, tuple(dict.fromkeys(code for webhook_id in active for code in codes[webhook_id])), bool(active))
