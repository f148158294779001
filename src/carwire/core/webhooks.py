"""Webhooks: where an application wants to hear of changes. Kept and subscribed to; nothing is delivered yet."""

from __future__ import annotations

from datetime import datetime

import msgspec

from carwire.core.vehicles import Mode, Vehicle


class Webhook(msgspec.Struct, frozen=True):
    """A webhook of one application. `triggers` and `signals` are signal codes: whose changes are told, and what is told
    then. Errors go to its own URL unless `error_url` names another.
    """

    id: str
    client_id: str
    name: str
    url: str
    created_at: datetime
    error_url: str | None = None
    triggers: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    enabled: bool = True
    auto_subscribe: bool = False


class Subscription(msgspec.Struct, frozen=True):
    """Which vehicle of which owner a webhook hears of. The vehicle knows its owner."""

    id: str
    webhook_id: str
    vehicle: Vehicle
    created_at: datetime


class SubscriptionFilter(msgspec.Struct, frozen=True):
    """Which subscriptions; a null lets all through."""

    user_id: str | None = None
    webhook_id: str | None = None
    vehicle_id: str | None = None
    mode: Mode | None = None
    id: str | None = None
