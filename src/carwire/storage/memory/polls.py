"""Polling in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from carwire.core.polling import Poll, Polled
from carwire.core.vehicles import Vehicle
from carwire.storage.memory.state import State


class PollsInMemory:
    """`PollStore`."""

    _state: State

    async def claim_polls(self, now: datetime, lease: timedelta, limit: int) -> list[Poll]:
        """Take cars whose hour has come, and put their next off by a lease."""
        s = self._state
        due = sorted(
            (link.poll_at, vehicle_id, user_id)
            for vehicle_id, links in s.links.items()
            for user_id, link in links.items()
            if link.poll_at and link.poll_at <= now
        )
        polls = []
        for _, vehicle_id, user_id in due[:limit]:
            s.links[vehicle_id][user_id].poll_at = now + lease
            hooks = (s.webhooks[key[0]] for key in sorted(s.subscriptions) if key[1:] == (vehicle_id, user_id))
            active = [each for each in hooks if each.enabled]
            codes = tuple(dict.fromkeys(code for each in active for code in each.polled))
            polls.append(Poll(s.vehicle(vehicle_id, user_id), codes, bool(active)))
        return polls

    async def polled(self, rows: Sequence[Polled]) -> None:
        """Note when cars are asked next."""
        for each in rows:
            link = self._state.links.get(each.vehicle.id, {}).get(each.vehicle.user_id)
            if link and link.poll_at:
                link.poll_at = each.next_at

    async def listen(self, webhook_id: str, until: datetime) -> None:
        """Let those subscribed to a webhook wait for news, but for those an active one waits for."""
        s = self._state
        active = {key[1:] for key in s.subscriptions if s.webhooks[key[0]].enabled}
        for key in s.subscriptions:
            if key[0] == webhook_id and key[1:] not in active:
                s.links[key[1]][key[2]].poll_at = until

    async def waiting_for(self, source: str, vin: str) -> list[Vehicle]:
        """Return the vehicles that a car of a source is to those who wait for news of it."""
        s = self._state
        waiting = [(key, user) for key, links in s.links.items() for user, link in links.items() if link.poll_at]
        found = (s.vehicle(*each) for each in sorted(waiting))
        return [each for each in found if (each.car.source, each.car.vin) == (source, vin)]
