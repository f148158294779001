"""The outbox: what webhooks are still to be told, and how it went.

A *delivery* is one webhook being told of one event; its id is what receivers know as the event id, and its bytes are
written once. An *attempt* is one request for it; its id is what receivers know as the delivery id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec

from carwire.core.delivery import FAILING_AFTER
from carwire.core.events import Event
from carwire.core.webhooks import Halt, SigningKeys, Subscription, Webhook

DeliveryKind = Literal["VEHICLE_STATE", "VEHICLE_ERROR"]
DeliveryState = Literal["due", "delivered", "dead"]
GONE: Final = 410  # the status of a receiver that wants no more
MAX_ANSWER: Final = 1024  # bytes of a receiver's answer that are kept


class Frozen(msgspec.Struct, frozen=True):
    """The bytes of a delivery. Where attempts differ, at `slot`, each puts its id and moment in; null: nowhere."""

    body: bytes
    slot: int | None = None


class NewDelivery(msgspec.Struct, frozen=True):
    """A delivery to be kept. Made of the same event again it has the same id, and the one kept first stays."""

    id: str
    subscription: Subscription
    event: Event
    kind: DeliveryKind
    frozen: Frozen
    fired: tuple[str, ...] = ()  # names of the triggers that fired

    @property
    def fired_at(self) -> dict[str, datetime]:
        """When each trigger of the subscription fired last, this time included."""
        return self.subscription.fired_at | dict.fromkeys(self.fired, self.event.at)


class Delivery(msgspec.Struct, frozen=True):
    """A delivery as it is kept. `next_at` is when the next attempt is due, null once it has ended; `attempts` counts
    those since it was made or replayed.
    """

    id: str
    webhook_id: str
    vehicle_id: str
    user_id: str
    kind: DeliveryKind
    position: int  # of its event
    frozen: Frozen
    created_at: datetime
    state: DeliveryState = "due"
    attempts: int = 0
    next_at: datetime | None = None
    status: int | None = None  # of the last attempt
    problem: str | None = None


class Attempt(msgspec.Struct, frozen=True):
    """One request and what came of it."""

    id: str
    delivery_id: str
    number: int
    at: datetime
    seconds: float
    status: int | None
    problem: str | None
    detail: str | None
    answer: str | None = None  # how the receiver's answer began, only where it was a failure


class Tried(msgspec.Struct, frozen=True):
    """An attempt and how it leaves its delivery. A null `next_at`: there will be no other one."""

    attempt: Attempt
    state: DeliveryState
    next_at: datetime | None


class Audience(msgspec.Struct, frozen=True):
    """Events that wait to be fanned out, and who is subscribed to the cars they are about: active webhooks only."""

    events: Sequence[Event]
    subscriptions: Sequence[Subscription]
    webhooks: dict[str, Webhook]


class Target(msgspec.Struct, frozen=True):
    """A webhook, what its deliveries are signed with, and those of them that are due."""

    webhook: Webhook
    keys: SigningKeys
    due: Sequence[Delivery]


class DeliveryFilter(msgspec.Struct, frozen=True):
    """Which deliveries of a webhook; a null lets all through. `since` and `until` are about when they were made.
    `before` is when the last one of a page was made, and its id: those listed after it.
    """

    state: DeliveryState | None = None
    since: datetime | None = None
    until: datetime | None = None
    id: str | None = None
    vehicle_id: str | None = None
    before: tuple[datetime, str] | None = None


class Standing(msgspec.Struct, frozen=True):
    """How far one webhook is behind: deliveries that wait, since when the oldest does, and those that were given up."""

    waiting: int
    oldest_at: datetime | None
    dead: int


class Backlog(msgspec.Struct, frozen=True):
    """How far the outbox is behind: events not fanned out, deliveries due by now, later, and dead, and since when the
    oldest waits.
    """

    events: int
    due: int
    later: int
    dead: int
    oldest_at: datetime | None


def delivery_id(event: Event, webhook_id: str, user_id: str, kind: DeliveryKind) -> str:
    """Return the id of an event's delivery to a webhook, the same every time."""
    return str(uuid5(UUID(event.id), f"{webhook_id} {user_id} {kind}"))


def health(
    failing_since: datetime | None, tries: Sequence[Tried], now: datetime
) -> tuple[datetime | None, Halt | None]:
    """Return since when a webhook has been failing, after tries in the order they ended, and why it is halted: the
    receiver wants no more, or took nothing for `FAILING_AFTER`.
    """
    for each in tries:
        if each.attempt.status == GONE:
            return failing_since or now, "gone"
        failing_since = None if each.state == "delivered" else failing_since or now
    is_over = failing_since is not None and now - failing_since >= FAILING_AFTER
    return failing_since, "failing" if is_over else None
