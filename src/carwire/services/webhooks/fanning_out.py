"""Fanning out: from an event to what each webhook is told of it.

Nothing waits here but the store. Doing it twice makes the same deliveries, with the same ids and the bytes of the first
time, so a worker may die at any line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from carwire.core.events import Event
from carwire.core.outbox import Audience, NewDelivery, delivery_id
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem, Reading
from carwire.core.triggers import fired, name_of
from carwire.core.webhooks import Subscription, Webhook
from carwire.kit.clock import Clock
from carwire.services.webhooks.spelling import Spelling

BATCH: Final = 100  # events in one transaction
Answers = Mapping[str, Reading | Problem]
_log = structlog.get_logger("carwire.webhooks")
_Account = tuple[str, bytes]  # a car, and the account that it said something to


class FanOut:
    """Spreads the events of a shard, in order."""

    def __init__(self, store: Store, spelling: Spelling, clock: Clock) -> None:
        self._store = store
        self._spelling = spelling
        self._clock = clock

    async def fan_out(self, shard: int) -> tuple[frozenset[str], int]:
        """Fan out everything that waits in a shard. Return the webhooks that have something new to be told, and how
        many events it was.
        """
        told: set[str] = set()
        done = 0
        while audience := await self._store.audience(shard, BATCH):
            deliveries = self._deliveries(audience, await self._known(audience))
            await self._store.fan_out(audience.events, deliveries, self._clock())
            told |= {each.subscription.webhook_id for each in deliveries}
            done += len(audience.events)
        return frozenset(told), done

    async def _known(self, audience: Audience) -> dict[_Account, Answers]:
        """Return what is known of the cars somebody is subscribed to."""
        vehicles = {_account_of(each): each.vehicle for each in audience.subscriptions}
        return {account: await self._store.answers(vehicle) for account, vehicle in vehicles.items()}

    def _deliveries(self, audience: Audience, known: Mapping[_Account, Answers]) -> list[NewDelivery]:
        """Return what is to be delivered. Each event finds its subscriptions as the one before left them."""
        subscribed: defaultdict[_Account, list[Subscription]] = defaultdict(list)
        for each in audience.subscriptions:
            subscribed[_account_of(each)].append(each)
        made: list[NewDelivery] = []
        for event in audience.events:
            account = (event.car_id, event.account)
            listeners = subscribed.get(account, [])
            for place, each in enumerate(listeners):
                if event.webhook_id in {None, each.webhook_id} and event.user_id in {None, each.vehicle.user_id}:
                    webhook = audience.webhooks[each.webhook_id]
                    new = deliveries_of(event, webhook, each, known[account], self._spelling)
                    listeners[place] = left_by(event, each, new)
                    made += new
        return made


def deliveries_of(
    event: Event, webhook: Webhook, subscription: Subscription, known: Answers, spelling: Spelling
) -> list[NewDelivery]:
    """Return what a webhook is told of an event at a vehicle. What was not granted is left out where it is spelled:
    nothing may remain of what fired.
    """
    triggers = fired(webhook.triggers, event.changes, subscription.fired_at, event.at)
    if not triggers and not event.failures and event.kind == "changed":
        return []
    names, user_id = tuple(name_of(each) for each in triggers), subscription.vehicle.user_id
    try:
        told = spelling.spell(webhook, subscription, event, known, triggers)
    except Exception:  # a fault of ours, which keeps nobody else from hearing
        _log.exception("not told", webhook=webhook.id, event=event.id)
        return []
    return [
        NewDelivery(delivery_id(event, webhook.id, user_id, kind), subscription, event, kind, frozen, names)
        for kind, frozen in told
    ]


def left_by(event: Event, subscription: Subscription, told: list[NewDelivery]) -> Subscription:
    """Return a subscription as an event leaves it. Errors count for nothing: they may go somewhere else."""
    states = [each for each in told if each.kind == "VEHICLE_STATE"]
    if not states:
        return subscription
    return msgspec.structs.replace(subscription, first=False, sequence=event.sequence, fired_at=states[0].fired_at)


def _account_of(subscription: Subscription) -> _Account:
    return subscription.vehicle.car.id, subscription.vehicle.account
