"""Webhooks of an application, as it manages them, and how deliveries went."""

from __future__ import annotations

from datetime import datetime

from carwire_client.models.own.base import OwnPart, OwnResult


class WebhookTrigger(OwnPart, frozen=True, kw_only=True):
    """A signal and which of its changes are told, in the canonical unit.

    `condition` is ``changes``, or with a `value` ``becomes``, ``leaves``, ``rises_above`` or ``falls_below``. After it
    has fired it rests for `cool_down_s` seconds, per car and owner.
    """

    code: str
    condition: str = "changes"
    value: bool | float | str | None = None
    cool_down_s: int = 0


class WebhookForm(OwnPart, frozen=True, kw_only=True):
    """How a webhook is told.

    `every` is ``hour``, ``day``, ``week`` or ``month``: all signals at each of these intervals, too. `event_name`,
    ``scheduled`` or ``schedule``, is what version 2.0 calls that. `newer_triggers` adds the newer place of triggers and
    times to 4.0; `concurrency` is how many requests it gets at once.
    """

    unit_system: str = "metric"
    every: str | None = None
    event_name: str = "scheduled"
    newer_triggers: bool = False
    concurrency: int = 8


class Webhook(OwnResult, frozen=True, kw_only=True):
    """A webhook. `state` is ``active``, or why it is told nothing: ``unverified``, ``paused``, ``gone``, ``failing``.

    How far it is behind is told where it is read alone: deliveries that wait, since when the oldest does, and those
    that were given up.
    """

    id: str
    name: str
    url: str
    error_url: str | None = None
    triggers: tuple[WebhookTrigger, ...] = ()
    signals: tuple[str, ...] = ()
    auto_subscribe: bool = False
    version: str
    form: WebhookForm = WebhookForm()
    state: str
    failing_since: datetime | None = None
    created_at: datetime | None = None
    waiting: int | None = None
    oldest_at: datetime | None = None
    dead: int | None = None


class Webhooks(OwnResult, frozen=True, kw_only=True):
    """All webhooks of the application, oldest first."""

    webhooks: tuple[Webhook, ...]


class Verification(OwnPart, frozen=True, kw_only=True):
    """What came of asking the receiver to prove itself: `objection` says why it has not, null when it has."""

    verified: bool
    objection: str | None = None
    problem: str | None = None
    status: int | None = None
    seconds: float = 0.0


class NewWebhook(OwnResult, frozen=True, kw_only=True):
    """A webhook just made. Its `secret` is shown this once, and is not in `repr`."""

    webhook: Webhook
    secret: str
    verification: Verification

    def __repr__(self) -> str:
        return f"NewWebhook(webhook={self.webhook!r}, verification={self.verification!r})"


class CheckedWebhook(OwnResult, frozen=True, kw_only=True):
    """A webhook, and what came of its verification; null where none was called for."""

    webhook: Webhook
    verification: Verification | None = None


class RotatedSecret(OwnResult, frozen=True, kw_only=True):
    """The new secret, shown this once and not in `repr`, and when the one of before ends."""

    secret: str
    former_until: datetime

    def __repr__(self) -> str:
        return f"RotatedSecret(former_until={self.former_until!r})"


class Replayed(OwnResult, frozen=True, kw_only=True):
    """How many deliveries are sent once more, or would be."""

    count: int
    dry_run: bool = False


class Deleted(OwnResult, frozen=True, kw_only=True):
    """It is gone."""


class Delivery(OwnPart, frozen=True, kw_only=True):
    """A delivery: `id` is that of the event. `kind` is ``VEHICLE_STATE`` or ``VEHICLE_ERROR``.

    `state` is ``due``, ``delivered`` or ``dead``; `attempts` counts those since it was made or replayed, `next_at` is
    when the next is due, null once it has ended; `status` and `problem` are of the last one.
    """

    id: str
    vehicle_id: str
    user_id: str
    kind: str
    state: str
    attempts: int = 0
    created_at: datetime | None = None
    next_at: datetime | None = None
    status: int | None = None
    problem: str | None = None


class Deliveries(OwnResult, frozen=True, kw_only=True):
    """A page of deliveries, newest first. `before` leads to the next one, null on the last."""

    deliveries: tuple[Delivery, ...]
    before: str | None = None


class Attempt(OwnPart, frozen=True, kw_only=True):
    """One request and what came of it. `answer` is how the receiver's began, only where it was a failure."""

    id: str
    number: int
    at: datetime
    seconds: float
    status: int | None = None
    problem: str | None = None
    detail: str | None = None
    answer: str | None = None


class DeliveryLog(OwnResult, frozen=True, kw_only=True):
    """A delivery with every attempt at it, oldest first; `body` is what the last one sent. The rest as a `Delivery`."""

    id: str
    vehicle_id: str
    user_id: str
    kind: str
    state: str
    attempts: int = 0
    created_at: datetime | None = None
    next_at: datetime | None = None
    status: int | None = None
    problem: str | None = None
    body: str | None = None
    tries: tuple[Attempt, ...] = ()
