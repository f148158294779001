"""Webhooks: where an application wants to hear of changes, in which form, and how it fares."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec

from carwire.core.signals.units import UnitSystem
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Mode, Vehicle
from carwire.kit.secrets import Secret

Version = Literal["4.0", "2.0"]  # of the payload
# Why nothing is delivered: nobody has proved that the URL is theirs, the operator said so, the receiver answered 410,
# or it failed for five days.
Halt = Literal["unverified", "paused", "gone", "failing"]
Every = Literal["hour", "day", "week", "month"]
EVERY_S: Final[dict[Every, int]] = {"hour": 3_600, "day": 86_400, "week": 604_800, "month": 2_592_000}
MAX_CONCURRENCY: Final = 64
DEFAULT_CONCURRENCY: Final = 8


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a webhook is told. `every`: all signals at each of these intervals, beside the triggers; the one way of a
    webhook of payload version 2.0 that has no triggers. `event_name` is what 2.0 calls that. `newer_triggers` adds the
    newer place of triggers and times to 4.0. `concurrency` is how many requests it gets at once. `besides` are signals
    that nobody named and that have to be read all the same: what the reads that 2.0 tells are made of.
    """

    unit_system: UnitSystem = "metric"
    every: Every | None = None
    event_name: Literal["scheduled", "schedule"] = "scheduled"
    newer_triggers: bool = False
    concurrency: int = DEFAULT_CONCURRENCY
    besides: tuple[str, ...] = ()


class Webhook(msgspec.Struct, frozen=True):
    """A webhook of one application. `triggers` say whose changes are told, `signals` are the codes of what is told
    then. Errors go to its own URL unless `error_url` names another. `failing_since` is when it last began to fail
    without a success since.
    """

    id: str
    client_id: str
    name: str
    url: str
    created_at: datetime
    error_url: str | None = None
    triggers: tuple[Trigger, ...] = ()
    signals: tuple[str, ...] = ()
    auto_subscribe: bool = False
    version: Version = "4.0"
    form: Form = Form()
    halt: Halt | None = "unverified"
    failing_since: datetime | None = None

    @property
    def enabled(self) -> bool:
        """Whether it is told of changes."""
        return self.halt is None

    @property
    def codes(self) -> tuple[str, ...]:
        """The signals it names."""
        return tuple(dict.fromkeys((*self.signals, *(trigger.code for trigger in self.triggers))))

    @property
    def polled(self) -> tuple[str, ...]:
        """The signals it needs to be read."""
        return tuple(dict.fromkeys((*self.codes, *self.form.besides)))


class SigningKeys(msgspec.Struct, frozen=True):
    """What a webhook's deliveries are signed with. `secrets` are its own, newest first, for the Standard Webhooks
    headers; `management_token` is the application's, for ``SC-Signature``: null for one registered before tokens were
    kept.
    """

    management_token: Secret | None
    secrets: tuple[Secret, ...]


class Subscription(msgspec.Struct, frozen=True):
    """Which vehicle of which owner a webhook hears of. The vehicle knows its owner.

    `first`: it has not been told anything since it began or the webhook was resumed. `sequence` is that of what it was
    told last, `fired_at` when each trigger fired last.
    """

    id: str
    webhook_id: str
    vehicle: Vehicle
    created_at: datetime
    first: bool = True
    sequence: int | None = None
    fired_at: dict[str, datetime] = {}


class SubscriptionFilter(msgspec.Struct, frozen=True):
    """Which subscriptions; a null lets all through."""

    user_id: str | None = None
    webhook_id: str | None = None
    vehicle_id: str | None = None
    mode: Mode | None = None
    id: str | None = None
