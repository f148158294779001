"""Plans for webhooks, their secrets, and which vehicles are subscribed to them."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import EVERY_S, Form, Halt, Subscription, SubscriptionFilter, Webhook
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret
from carwire.storage.moments import from_us, from_us_or_null, to_us, to_us_or_null
from carwire.storage.sql.plans import Plan, Planned, Row, Value, chunks, marks, reads, writes
from carwire.storage.sql.rows import LINK, REST, vehicle_of

WEBHOOK: Final = (
    "id, client_id, name, url, created_at, error_url, triggers, signals, auto_subscribe, version, form, halt,"
    " failing_since"
)
SUBSCRIPTION: Final = "s.id, s.webhook_id, s.created_at, s.first, s.sequence, s.fired_at"
_FROM: Final = (
    "FROM subscriptions s JOIN connections c ON c.vehicle_id = s.vehicle_id AND c.user_id = s.user_id"
    " JOIN webhooks w ON w.id = s.webhook_id AND w.client_id = c.client_id"
)
_FILTERS: Final = {
    "user_id": "s.user_id",
    "webhook_id": "s.webhook_id",
    "vehicle_id": "s.vehicle_id",
    "mode": "c.mode",
    "id": "s.id",
}
_SUBSCRIBE: Final = (
    f"INSERT INTO subscriptions (id, webhook_id, vehicle_id, user_id, created_at, first, scheduled_at, fired_at)"
    f" VALUES ({marks(8)}) ON CONFLICT (webhook_id, vehicle_id, user_id) DO NOTHING RETURNING id"
)
_decode_triggers: Final = msgspec.json.Decoder(tuple[Trigger, ...]).decode
_decode_codes: Final = msgspec.json.Decoder(tuple[str, ...]).decode
_decode_form: Final = msgspec.json.Decoder(Form).decode
_decode_fired: Final = msgspec.json.Decoder(dict[str, int]).decode


class WebhookPlans(Planned):
    """`carwire.core.ports.SubscriptionStore`."""

    @writes
    def add_webhook(self, webhook: Webhook, secret: Secret) -> Plan[None]:
        """Store a new webhook with its secret, and subscribe what it subscribes by itself."""
        yield f"INSERT INTO webhooks ({WEBHOOK}) VALUES ({marks(13)})", _row(webhook)
        yield from self._add_secret(webhook.id, secret, webhook.created_at)
        if webhook.auto_subscribe:
            yield from _subscribe_all(webhook)

    @reads
    def webhooks(self, client_id: str) -> Plan[list[Webhook]]:
        """Return an application's webhooks, oldest first."""
        rows = yield f"SELECT {WEBHOOK} FROM webhooks WHERE client_id = ? ORDER BY created_at, id", (client_id,)
        return [webhook(row) for row in rows]

    @reads
    def webhook(self, webhook_id: str) -> Plan[Webhook | None]:
        """Return a webhook of any application."""
        rows = yield f"SELECT {WEBHOOK} FROM webhooks WHERE id = ?", (webhook_id,)
        return webhook(rows[0]) if rows else None

    @writes
    def change_webhook(self, changed: Webhook, now: datetime) -> Plan[bool]:
        """Store a webhook over the one of its id, as far as an application may change it; what is changed is told
        anew. False when there is none.
        """
        rows = yield (
            "UPDATE webhooks SET name = ?, url = ?, error_url = ?, triggers = ?, signals = ?, auto_subscribe = ?,"
            " version = ?, form = ?, halt = ? WHERE id = ? AND client_id = ? RETURNING halt",
            (*_told(changed), int(changed.auto_subscribe), changed.version, _text(changed.form), changed.halt,
             changed.id, changed.client_id),
        )  # fmt: skip
        if rows and changed.auto_subscribe:
            yield from _subscribe_all(msgspec.structs.replace(changed, created_at=now))
        if rows and changed.halt is None:
            yield from _begin_telling(changed, now)
        return bool(rows)

    @writes
    def halt_webhook(self, webhook_id: str, halt: Halt | None, now: datetime) -> Plan[bool]:
        """Stop deliveries to a webhook, or at a null go on with what waits; false when there is none. What it is told
        next it is told as for the first time.
        """
        rows = yield (
            f"UPDATE webhooks SET halt = ?, failing_since = NULL WHERE id = ? RETURNING {WEBHOOK}",
            (halt, webhook_id),
        )
        if rows and halt is None:
            yield from _begin_telling(webhook(rows[0]), now)
        return bool(rows)

    @writes
    def delete_webhook(self, client_id: str, webhook_id: str) -> Plan[bool]:
        """Delete one with its subscriptions and deliveries; false when the application has none of this id."""
        rows = yield "DELETE FROM webhooks WHERE id = ? AND client_id = ? RETURNING id", (webhook_id, client_id)
        return bool(rows)

    @writes
    def rotate_webhook_secret(self, webhook_id: str, secret: Secret, now: datetime, until: datetime) -> Plan[None]:
        """Store a new secret; those of before sign until they end, at `until` at the latest."""
        yield "DELETE FROM webhook_secrets WHERE webhook_id = ? AND expires_at <= ?", (webhook_id, to_us(now))
        yield (
            "UPDATE webhook_secrets SET expires_at = ? WHERE webhook_id = ? AND (expires_at IS NULL OR expires_at > ?)",
            (to_us(until), webhook_id, to_us(until)),
        )
        yield from self._add_secret(webhook_id, secret, now)

    @writes
    def subscribe(self, vehicle: Vehicle, webhook_id: str, now: datetime) -> Plan[bool | None]:
        """Subscribe a vehicle of an owner; see the port."""
        linked = yield (
            "SELECT vehicle_id FROM connections WHERE vehicle_id = ? AND user_id = ? {for_update}",
            (vehicle.id, vehicle.user_id),
        )
        known = yield (
            "SELECT form FROM webhooks WHERE id = ? AND client_id = ? {for_update}",
            (webhook_id, vehicle.client_id),
        )
        if not linked or not known:
            return None
        at = to_us(now)
        rows = yield (
            _SUBSCRIBE,
            (new_id(), webhook_id, vehicle.id, vehicle.user_id, at, 1, _scheduled(_decode_form(known[0][0]), at), "{}"),
        )
        yield _POLL_NOW + " AND vehicle_id = ? AND user_id = ?", (at, at, vehicle.id, vehicle.user_id)
        return bool(rows)

    @reads
    def subscriptions(
        self, client_id: str, wanted: SubscriptionFilter, limit: int, offset: int
    ) -> Plan[tuple[list[Subscription], int]]:
        """Return a page of an application's subscriptions, newest first, and how many the filter lets through."""
        where, values = _filtered(client_id, wanted)
        ((total,),) = yield f"SELECT count(*) {_FROM} WHERE {where}", values
        rows = yield (
            f"SELECT {SUBSCRIPTION}, {LINK}, {REST} {_FROM} JOIN cars k ON k.id = c.car_id"
            f" WHERE {where} ORDER BY s.created_at DESC, s.id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [subscription(row) for row in rows], total

    @writes
    def unsubscribe(self, client_id: str, wanted: SubscriptionFilter) -> Plan[int]:
        """End subscriptions. Return how many."""
        where, values = _filtered(client_id, wanted)
        rows = yield f"DELETE FROM subscriptions WHERE id IN (SELECT s.id {_FROM} WHERE {where}) RETURNING id", values
        return len(rows)

    def _add_secret(self, webhook_id: str, secret: Secret, now: datetime) -> Plan[None]:
        secret_id = new_id()
        sealed = self._sealer.seal(secret, "webhook_secrets", "secret_sealed", secret_id)
        yield (
            "INSERT INTO webhook_secrets (id, webhook_id, secret_sealed, created_at) VALUES (?, ?, ?, ?)",
            (secret_id, webhook_id, sealed, to_us(now)),
        )


# Whoever waits for news of a car that nobody polls, or later than now, has it polled now.
_POLL_NOW: Final = "UPDATE connections SET poll_at = ? WHERE (poll_at IS NULL OR poll_at > ?)"


def subscribe_by_itself(client_id: str, vehicles: Iterable[str], user_id: str, now: datetime) -> Plan[None]:
    """Subscribe vehicles of an owner, newly connected, to the webhooks of their application that want every one."""
    at = to_us(now)
    rows = yield (
        "SELECT id, form FROM webhooks WHERE client_id = ? AND auto_subscribe = 1 ORDER BY id {for_update}",
        (client_id,),
    )
    if not rows:
        return
    for vehicle_id in vehicles:
        for webhook_id, form in rows:
            scheduled = _scheduled(_decode_form(form), at)
            yield _SUBSCRIBE, (new_id(), webhook_id, vehicle_id, user_id, at, 1, scheduled, "{}")
        yield _POLL_NOW + " AND vehicle_id = ? AND user_id = ?", (at, at, vehicle_id, user_id)


def webhooks_of(ids: Iterable[str]) -> Plan[dict[str, Webhook]]:
    """Return webhooks of any application by their ids."""
    found: dict[str, Webhook] = {}
    for some in chunks(sorted(ids)):
        rows = yield f"SELECT {WEBHOOK} FROM webhooks WHERE id IN ({marks(len(some))})", some
        found |= {row[0]: webhook(row) for row in rows}
    return found


def webhook(row: Row) -> Webhook:
    """Return the webhook of a row of `WEBHOOK`."""
    (
        webhook_id, client_id, name, url, created_us, error_url, triggers, signals, auto_subscribe, version, form, halt,
        failing_us,
    ) = row  # fmt: skip
    return Webhook(
        webhook_id,
        client_id,
        name,
        url,
        from_us(created_us),
        error_url,
        _decode_triggers(triggers),
        _decode_codes(signals),
        bool(auto_subscribe),
        version,
        _decode_form(form),
        halt,
        from_us_or_null(failing_us),
    )


def subscription(row: Row) -> Subscription:
    """Return the subscription of a row of `SUBSCRIPTION`, `LINK` and `REST`."""
    subscription_id, webhook_id, created_us, first, sequence, fired_at = row[:6]
    return Subscription(
        subscription_id,
        webhook_id,
        vehicle_of(row[6:]),
        from_us(created_us),
        bool(first),
        sequence,
        {name: from_us(at) for name, at in _decode_fired(fired_at).items()},
    )


def _subscribe_all(new: Webhook) -> Plan[None]:
    """Subscribe every live vehicle of an application; simulated ones are left out, as the wire has it."""
    at = to_us(new.created_at)
    rows = yield (
        "SELECT vehicle_id, user_id FROM connections WHERE client_id = ? AND mode = 'live'"
        " ORDER BY vehicle_id, user_id",
        (new.client_id,),
    )
    for vehicle_id, user_id in rows:
        yield _SUBSCRIBE, (new_id(), new.id, vehicle_id, user_id, at, 1, _scheduled(new.form, at), "{}")
    yield _POLL_NOW + " AND client_id = ? AND mode = 'live'", (at, at, new.client_id)


def _begin_telling(of: Webhook, now: datetime) -> Plan[None]:
    """Let what waits be sent now, and what is told next count as the first."""
    at = to_us(now)
    yield "UPDATE deliveries SET next_at = ? WHERE webhook_id = ? AND next_at > ?", (at, of.id, at)
    yield (
        "UPDATE subscriptions SET first = 1, scheduled_at = ? WHERE webhook_id = ?",
        (_scheduled(of.form, at), of.id),
    )
    yield (
        _POLL_NOW
        + " AND (vehicle_id, user_id) IN (SELECT vehicle_id, user_id FROM subscriptions WHERE webhook_id = ?)",
        (at, at, of.id),
    )


def _scheduled(form: Form, at: int) -> int | None:
    return None if form.every is None else at + EVERY_S[form.every] * 1_000_000


def _filtered(client_id: str, wanted: SubscriptionFilter) -> tuple[str, tuple[Value, ...]]:
    where, values = ["w.client_id = ?"], [client_id]
    for name, column in _FILTERS.items():
        value = getattr(wanted, name)
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    return " AND ".join(where), tuple(values)


def _row(new: Webhook) -> tuple[Value, ...]:
    name, url, *rest = _told(new)
    return (
        new.id, new.client_id, name, url, to_us(new.created_at), *rest, int(new.auto_subscribe), new.version,
        _text(new.form), new.halt, to_us_or_null(new.failing_since),
    )  # fmt: skip


def _told(of: Webhook) -> tuple[Value, ...]:
    return of.name, of.url, of.error_url, _text(of.triggers), _text(of.signals)


def _text(value: Sequence[object] | Form) -> str:
    return msgspec.json.encode(value).decode()
