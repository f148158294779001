"""Tokens in the links that API answers carry: proof that the link came from us, for thirty days, and nothing more.

Nothing is stored: a token is a digest, under the server's pepper, of what it is for and the day it was made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from carwire.kit.clock import Clock
from carwire.kit.secrets import Secret, SecretHasher, as_token

LIFE: Final = timedelta(days=30)


class LinkService:
    """Makes and checks the token of a vehicle's battery-capacity page."""

    def __init__(self, hasher: SecretHasher, clock: Clock, base_url: str) -> None:
        self._hasher = hasher
        self._clock = clock
        self._base_url = base_url

    def battery_capacity(self, client_id: str, vehicle_id: str) -> str:
        """Return the page's URL, to which the application appends its redirect URI."""
        token = self._token(client_id, vehicle_id, self._today()).reveal()
        return (
            f"{self._base_url}/battery-capacity?vehicle_id={vehicle_id}&client_id={client_id}&token={token}"
            "&response_type=vehicle_id&redirect_uri="
        )

    def check_battery_token(self, client_id: str, vehicle_id: str, token: Secret) -> bool:
        """Tell whether a token was made for this vehicle within the last thirty days."""
        today = self._today()
        days = range(today, today - LIFE.days - 1, -1)
        digest = self._hasher.hash(token)
        return any(self._hasher.matches(self._token(client_id, vehicle_id, day), digest) for day in days)

    def _today(self) -> int:
        return self._clock().toordinal()

    def _token(self, client_id: str, vehicle_id: str, day: int) -> Secret:
        return as_token(self._hasher.hash(Secret(f"battery capacity {client_id} {vehicle_id} {day}")))
