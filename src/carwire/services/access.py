"""Who asks: access tokens into principals, and the vehicles they reach."""

from __future__ import annotations

from carwire.core.errors import NotAuthenticated
from carwire.core.grants import AccessToken
from carwire.core.ports import Store
from carwire.core.vehicles import Vehicle
from carwire.kit.clock import Clock
from carwire.kit.secrets import Secret, SecretHasher


class AccessService:
    """Recognises access tokens. The one way from what came over the wire to a vehicle."""

    def __init__(self, store: Store, hasher: SecretHasher, clock: Clock) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock

    async def token(self, token: Secret) -> AccessToken:
        """Return what a token stands for. Raises `NotAuthenticated` for one that does not live."""
        found = await self._store.access_token(self._digest(token), self._clock())
        if found is None:
            raise NotAuthenticated
        return found

    async def vehicle(self, token: Secret, vehicle_id: str) -> tuple[AccessToken, Vehicle | None]:
        """Return the token and the vehicle of this id, null for any it does not reach. Raises `NotAuthenticated`."""
        found = await self._store.reach_by_token(self._digest(token), vehicle_id, self._clock())
        if found is None:
            raise NotAuthenticated
        return found

    async def application(self, token: Secret) -> AccessToken:
        """Return what a token of an application itself stands for. Raises `NotAuthenticated`."""
        found = await self._store.application_token(self._digest(token), self._clock())
        if found is None:
            raise NotAuthenticated
        return found

    async def vehicle_of_application(
        self, token: Secret, user_id: str | None, vehicle_id: str
    ) -> tuple[AccessToken, Vehicle | None]:
        """Return such a token and the vehicle of this id, of one owner or of any; null for any it does not reach.
        Raises `NotAuthenticated`.
        """
        found = await self._store.reach_by_application(self._digest(token), user_id, vehicle_id, self._clock())
        if found is None:
            raise NotAuthenticated
        return found

    def _digest(self, token: Secret) -> bytes:
        return self._hasher.hash(token)
