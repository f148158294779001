"""Plans for deliveries: what is due, how it went, what is sent once more."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from carwire.core.outbox import Attempt, Backlog, Delivery, DeliveryFilter, Frozen, Standing, Target, Tried, health
from carwire.core.webhooks import Halt, SigningKeys
from carwire.kit.secrets import Secret
from carwire.storage.moments import from_us, from_us_or_null, to_us, to_us_or_null
from carwire.storage.sql.plans import Plan, Planned, Row, Value, insert, reads, writes
from carwire.storage.sql.webhooks import WEBHOOK, webhook

_DELIVERY: Final = (
    "id, webhook_id, vehicle_id, user_id, kind, position, body, slot, created_at, state, attempts, next_at, status,"
    " problem"
)
_ATTEMPT: Final = "id, delivery_id, number, began_at, seconds, status, problem, detail, answer"
_ENDED: Final = " AND next_at IS NULL"


class OutboxPlans(Planned):
    """`carwire.core.ports.OutboxStore`."""

    @reads
    def due_webhooks(self, now: datetime) -> Plan[list[str]]:
        """Return the active webhooks that have something due."""
        rows = yield (
            "SELECT w.id FROM webhooks w WHERE w.halt IS NULL AND EXISTS"
            " (SELECT 1 FROM deliveries d WHERE d.webhook_id = w.id AND d.next_at <= ?) ORDER BY w.id",
            (to_us(now),),
        )
        return [webhook_id for (webhook_id,) in rows]

    @reads
    def target(self, webhook_id: str, now: datetime, limit: int) -> Plan[Target | None]:
        """Return a webhook with what is due, soonest first, and what to sign it with; null when it is halted."""
        rows = yield f"SELECT {WEBHOOK} FROM webhooks WHERE id = ? AND halt IS NULL", (webhook_id,)
        if not rows:
            return None
        found = webhook(rows[0])
        due = yield (
            f"SELECT {_DELIVERY} FROM deliveries WHERE webhook_id = ? AND next_at <= ? ORDER BY next_at, position"
            " LIMIT ?",
            (webhook_id, to_us(now), limit),
        )
        keys = (yield from self._keys(found.id, found.client_id, now)) if due else SigningKeys(None, ())
        return Target(found, keys, [_delivery(row) for row in due])

    @reads
    def signing_keys(self, client_id: str, webhook_id: str, now: datetime) -> Plan[SigningKeys]:
        """Return what a webhook of an application is signed with at a moment."""
        return (yield from self._keys(webhook_id, client_id, now))

    @writes
    def record(self, webhook_id: str, tries: Sequence[Tried], now: datetime) -> Plan[Halt | None]:
        """Keep how tries went, and how that leaves their webhook. Return why it is halted by this, null when not."""
        known = yield "SELECT halt, failing_since FROM webhooks WHERE id = ? {for_update}", (webhook_id,)
        if not known:
            return None
        kept: list[tuple[Value, ...]] = []
        for each in tries:
            attempt = each.attempt
            rows = yield (
                "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, status = ?, problem = ? WHERE id = ?"
                " AND (next_at IS NOT NULL OR ? = 'delivered') RETURNING id",
                (
                    each.state, attempt.number, to_us_or_null(each.next_at), attempt.status, attempt.problem,
                    attempt.delivery_id, each.state,
                ),
            )  # fmt: skip
            kept += [_attempt_row(attempt)] if rows else []  # its subscription may have ended meanwhile
        yield from insert("attempts", _ATTEMPT, kept)
        ((halt, failing_us),) = known
        failing, stopped = health(from_us_or_null(failing_us), tries, now)
        if (to_us_or_null(failing), stopped) != (failing_us, None):
            yield (
                "UPDATE webhooks SET failing_since = ?, halt = COALESCE(halt, ?) WHERE id = ?",
                (to_us_or_null(failing), stopped, webhook_id),
            )
        return stopped if halt is None else None

    @reads
    def deliveries(self, webhook_id: str, wanted: DeliveryFilter, limit: int) -> Plan[list[Delivery]]:
        """Return deliveries of a webhook, newest first."""
        where, values = _filtered(webhook_id, wanted)
        rows = yield (
            f"SELECT {_DELIVERY} FROM deliveries WHERE {where} ORDER BY created_at DESC, id DESC LIMIT ?",
            (*values, limit),
        )
        return [_delivery(row) for row in rows]

    @reads
    def attempts(self, delivery_id: str) -> Plan[list[Attempt]]:
        """Return the attempts at a delivery, oldest first."""
        rows = yield f"SELECT {_ATTEMPT} FROM attempts WHERE delivery_id = ? ORDER BY began_at, number", (delivery_id,)
        return [_attempt(row) for row in rows]

    @reads
    def count_replay(self, webhook_id: str, wanted: DeliveryFilter) -> Plan[int]:
        """Return how many deliveries `replay` would send once more."""
        where, values = _filtered(webhook_id, wanted)
        ((count,),) = yield f"SELECT count(*) FROM deliveries WHERE {where}{_ENDED}", values
        return int(count)

    @writes
    def replay(self, webhook_id: str, wanted: DeliveryFilter, now: datetime) -> Plan[int]:
        """Let deliveries that have ended be sent once more, with the same bytes and ids. Return how many."""
        where, values = _filtered(webhook_id, wanted)
        rows = yield (
            f"UPDATE deliveries SET state = 'due', attempts = 0, next_at = ? WHERE {where}{_ENDED} RETURNING id",
            (to_us(now), *values),
        )
        return len(rows)

    @reads
    def standing(self, webhook_id: str) -> Plan[Standing]:
        """Return how far one webhook is behind."""
        ((waiting, oldest_us),) = yield (
            "SELECT count(*), min(created_at) FROM deliveries WHERE webhook_id = ? AND next_at IS NOT NULL",
            (webhook_id,),
        )
        ((dead,),) = yield "SELECT count(*) FROM deliveries WHERE webhook_id = ? AND state = 'dead'", (webhook_id,)
        return Standing(int(waiting), from_us_or_null(oldest_us), int(dead))

    @reads
    def backlog(self, now: datetime) -> Plan[Backlog]:
        """Return how far the outbox is behind."""
        ((events, event_us),) = yield "SELECT count(*), min(happened_at) FROM events WHERE fanned = 0", ()
        rows = yield (
            "SELECT CASE WHEN next_at <= ? THEN 1 ELSE 0 END, count(*), min(next_at) FROM deliveries d"
            " JOIN webhooks w ON w.id = d.webhook_id AND w.halt IS NULL WHERE next_at IS NOT NULL GROUP BY 1",
            (to_us(now),),
        )
        counts = {bool(is_due): (count, oldest) for is_due, count, oldest in rows}
        ((dead,),) = yield "SELECT count(*) FROM deliveries WHERE state = 'dead'", ()
        due, due_us = counts.get(True, (0, None))
        oldest = min((each for each in (event_us, due_us) if each is not None), default=None)
        return Backlog(int(events), int(due), int(counts.get(False, (0, None))[0]), int(dead), from_us_or_null(oldest))

    def _keys(self, webhook_id: str, client_id: str, now: datetime) -> Plan[SigningKeys]:
        rows = yield (
            "SELECT id, secret_sealed FROM webhook_secrets WHERE webhook_id = ?"
            " AND (expires_at IS NULL OR expires_at > ?)"
            " ORDER BY CASE WHEN expires_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id",
            (webhook_id, to_us(now)),
        )
        column = ("webhook_secrets", "secret_sealed")
        secrets = tuple(self._sealer.open(sealed, *column, secret_id) for secret_id, sealed in rows)
        return SigningKeys((yield from self._token(client_id, now)), secrets)

    def _token(self, client_id: str, now: datetime) -> Plan[Secret | None]:
        """The management token that signs: until the overlap of a rotation ends, the one of before."""
        rows = yield (
            "SELECT management_token_sealed, former_token_sealed, former_token_until FROM applications"
            " WHERE client_id = ?",
            (client_id,),
        )
        for current, former, until in rows:
            if former is not None and until > to_us(now):
                return self._sealer.open(former, "applications", "former_token_sealed", client_id)
            if current is not None:
                return self._sealer.open(current, "applications", "management_token_sealed", client_id)
        return None


def _filtered(webhook_id: str, wanted: DeliveryFilter) -> tuple[str, tuple[Value, ...]]:
    conditions: dict[str, Value] = {
        "webhook_id = ?": webhook_id,
        "state = ?": wanted.state,
        "created_at >= ?": to_us_or_null(wanted.since),
        "created_at < ?": to_us_or_null(wanted.until),
        "id = ?": wanted.id,
        "vehicle_id = ?": wanted.vehicle_id,
    }
    given = {text: value for text, value in conditions.items() if value is not None}
    texts, values = list(given), list(given.values())
    if wanted.before is not None:
        texts.append("(created_at, id) < (?, ?)")
        values += [to_us(wanted.before[0]), wanted.before[1]]
    return " AND ".join(texts), tuple(values)


def _delivery(row: Row) -> Delivery:
    (
        delivery_id, webhook_id, vehicle_id, user_id, kind, position, body, slot, created_us, state, attempts, next_us,
        status, problem,
    ) = row  # fmt: skip
    return Delivery(
        delivery_id,
        webhook_id,
        vehicle_id,
        user_id,
        kind,
        position,
        Frozen(bytes(body), slot),
        from_us(created_us),
        state,
        attempts,
        from_us_or_null(next_us),
        status,
        problem,
    )


def _attempt_row(each: Attempt) -> tuple[Value, ...]:
    return (
        each.id, each.delivery_id, each.number, to_us(each.at), each.seconds, each.status, each.problem, each.detail,
        each.answer,
    )  # fmt: skip


def _attempt(row: Row) -> Attempt:
    attempt_id, delivery_id, number, began_us, seconds, status, problem, detail, answer = row
    return Attempt(attempt_id, delivery_id, number, from_us(began_us), seconds, status, problem, detail, answer)
