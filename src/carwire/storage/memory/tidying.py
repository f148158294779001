"""Deleting what has expired, in memory."""

from __future__ import annotations

from datetime import datetime

from carwire.storage.lives import BUDGET_REST, KEPT, KEY_LIFE
from carwire.storage.memory.lookup import LookupInMemory
from carwire.storage.memory.state import State


class TidyingInMemory(LookupInMemory):
    """`ConnectStore.tidy`."""

    _state: State

    async def tidy(self, now: datetime) -> int:
        """Delete what has expired; see the port."""
        s = self._state
        before = s.perishable()
        s.sessions = {key: value for key, value in s.sessions.items() if value.expires_at > now}
        s.codes = {key: value for key, value in s.codes.items() if value.expires_at > now or value.used_at}
        s.access = {key: value for key, value in s.access.items() if value[1] > now}
        s.refresh = {key: value for key, value in s.refresh.items() if value.expires_at > now}
        s.application_tokens = {key: value for key, value in s.application_tokens.items() if value[1] > now}
        s.keys = {key: value for key, value in s.keys.items() if value[1] > now - KEY_LIFE}
        s.deliveries = {key: value for key, value in s.deliveries.items() if value.created_at > now - KEPT}
        s.attempts = {key: value for key, value in s.attempts.items() if key in s.deliveries}
        s.events = [each for each in s.events if each.at > now - KEPT or each.position in s.waiting]
        s.history = [each for each in s.history if each[3].fetched_at > now - KEPT]
        connected = {s.vehicles[vehicle_id].car_id for vehicle_id in s.links}
        rested = (now - BUDGET_REST).timestamp()
        s.levels = {key: value for key, value in s.levels.items() if key in connected or value.at > rested}
        deleted = before - s.perishable() + self._tidy_shelf(now)
        self._drop_used_codes()
        return deleted

    def _drop_used_codes(self) -> None:
        """Delete used codes that led to tokens of which none is left."""
        s = self._state
        left = {grant_id for grant_id, _ in s.access.values()} | {token.grant_id for token in s.refresh.values()}
        s.codes = {key: value for key, value in s.codes.items() if not value.used_at or value.grant_id in left}
