"""Deliveries in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from carwire.core.outbox import Attempt, Backlog, Delivery, DeliveryFilter, Standing, Target, Tried, health
from carwire.core.webhooks import Halt, SigningKeys
from carwire.storage.memory.state import State


class OutboxInMemory:
    """`OutboxStore`."""

    _state: State

    async def due_webhooks(self, now: datetime) -> list[str]:
        """Return the active webhooks that have something due."""
        due = {each.webhook_id for each in self._state.deliveries.values() if each.next_at and each.next_at <= now}
        return sorted(each for each in due if self._state.webhooks[each].enabled)

    async def target(self, webhook_id: str, now: datetime, limit: int) -> Target | None:
        """Return a webhook with what is due, soonest first, and what to sign it with; null when it is halted."""
        found = self._state.webhooks.get(webhook_id)
        if found is None or not found.enabled:
            return None
        due = [each for each in self._of(webhook_id, DeliveryFilter()) if each.next_at and each.next_at <= now]
        due.sort(key=lambda each: (each.next_at, each.position))
        return Target(found, await self.signing_keys(found.client_id, webhook_id, now), due[:limit])

    async def signing_keys(self, client_id: str, webhook_id: str, now: datetime) -> SigningKeys:
        """Return what a webhook of an application is signed with at a moment."""
        s = self._state
        rows = reversed(s.webhook_secrets.get(webhook_id, []))
        former, until = s.former_tokens.get(client_id, (None, now))
        token = former if former and until > now else s.management_tokens.get(client_id)
        return SigningKeys(token, tuple(secret for secret, ends_at in rows if ends_at is None or ends_at > now))

    async def record(self, webhook_id: str, tries: Sequence[Tried], now: datetime) -> Halt | None:
        """Keep how tries went, and how that leaves their webhook; see the port."""
        s = self._state
        found = s.webhooks.get(webhook_id)
        if found is None:
            return None
        for each in tries:
            attempt = each.attempt
            delivery = s.deliveries.get(attempt.delivery_id)
            if delivery and (delivery.next_at or each.state == "delivered"):
                s.deliveries[delivery.id] = msgspec.structs.replace(
                    delivery,
                    state=each.state,
                    attempts=attempt.number,
                    next_at=each.next_at,
                    status=attempt.status,
                    problem=attempt.problem,
                )
                s.attempts.setdefault(delivery.id, []).append(attempt)
        failing, stopped = health(found.failing_since, tries, now)
        s.webhooks[webhook_id] = msgspec.structs.replace(found, failing_since=failing, halt=found.halt or stopped)
        return stopped if found.halt is None else None

    async def deliveries(self, webhook_id: str, wanted: DeliveryFilter, limit: int) -> list[Delivery]:
        """Return deliveries of a webhook, newest first."""
        found = self._of(webhook_id, wanted)
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)[:limit]

    async def attempts(self, delivery_id: str) -> list[Attempt]:
        """Return the attempts at a delivery, oldest first."""
        return list(self._state.attempts.get(delivery_id, ()))

    async def count_replay(self, webhook_id: str, wanted: DeliveryFilter) -> int:
        """Return how many deliveries `replay` would send once more."""
        return sum(each.next_at is None for each in self._of(webhook_id, wanted))

    async def replay(self, webhook_id: str, wanted: DeliveryFilter, now: datetime) -> int:
        """Let deliveries that have ended be sent once more; see the port."""
        ended = [each for each in self._of(webhook_id, wanted) if each.next_at is None]
        for each in ended:
            self._state.deliveries[each.id] = msgspec.structs.replace(each, state="due", attempts=0, next_at=now)
        return len(ended)

    async def standing(self, webhook_id: str) -> Standing:
        """Return how far one webhook is behind."""
        found = self._of(webhook_id, DeliveryFilter())
        waiting = [each.created_at for each in found if each.next_at]
        return Standing(len(waiting), min(waiting, default=None), sum(each.state == "dead" for each in found))

    async def backlog(self, now: datetime) -> Backlog:
        """Return how far the outbox is behind."""
        s = self._state
        waiting = [each.at for each in s.events if each.position in s.waiting]
        living = [each for each in s.deliveries.values() if each.next_at and s.webhooks[each.webhook_id].enabled]
        due = [each.next_at for each in living if each.next_at and each.next_at <= now]
        dead = sum(each.state == "dead" for each in s.deliveries.values())
        return Backlog(len(waiting), len(due), len(living) - len(due), dead, min((*waiting, *due), default=None))

    def _of(self, webhook_id: str, wanted: DeliveryFilter) -> list[Delivery]:
        return [
            each
            for each in self._state.deliveries.values()
            if each.webhook_id == webhook_id
            and wanted.state in {None, each.state}
            and wanted.id in {None, each.id}
            and wanted.vehicle_id in {None, each.vehicle_id}
            and (wanted.since is None or wanted.since <= each.created_at)
            and (wanted.until is None or each.created_at < wanted.until)
            and (wanted.before is None or (each.created_at, each.id) < wanted.before)
        ]
