"""Secrets with which an application asks for itself, and the tokens they lead to.

An application may have several secrets at a time: a new one does not end the old ones before their overlap is over. A
token is 256 bits, lives an hour and ends with its secret's deletion. Only digests are kept.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec

from carwire.core.applications import ClientSecret, client_of_machine, machine_id
from carwire.core.errors import FieldProblem, InvalidInput, NotAuthenticated
from carwire.core.grants import APPLICATION_LIFE
from carwire.core.ports import Store
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher, new_secret

OVERLAP: Final = timedelta(days=1)


class NewSecret(msgspec.Struct, frozen=True):
    """A new secret, with the client id it goes with: the only moment it exists outside its owner's hands."""

    id: str
    machine_id: str
    secret: Secret


class CredentialService:
    """Every method is one transaction of the store, an exchange two."""

    def __init__(self, store: Store, hasher: SecretHasher, clock: Clock) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._nobody = hasher.hash(new_secret())  # compared with when there is no secret, so both take as long

    async def draw(self, client_id: str, overlap: timedelta = OVERLAP) -> NewSecret:
        """Draw a secret; those of before are accepted for the `overlap` still. Raises `InvalidInput` for an unknown
        client id.
        """
        drawn, now = new_secret(), self._clock()
        kept = ClientSecret(new_id(), client_id, self._hasher.hash(drawn), now)
        if not client_id.isascii() or not await self._store.add_secret(kept, now + overlap):
            raise InvalidInput(FieldProblem("client_id", f"no application has the client id {client_id[:60]!a}"))
        return NewSecret(kept.id, machine_id(client_id), drawn)

    async def of(self, client_id: str) -> list[ClientSecret]:
        """Return an application's secrets that are accepted, oldest first."""
        now = self._clock()
        return [secret for secret in await self._store.secrets(client_id) if secret.lives(now)]

    async def delete(self, client_id: str, secret_id: str) -> None:
        """End a secret and its tokens at once. Raises `InvalidInput` when the application has none of this id."""
        if not await self._store.delete_secret(client_id, secret_id):
            raise InvalidInput(FieldProblem("secret_id", f"the application has no secret {secret_id[:60]!a}"))

    async def exchange(self, machine: str, secret: Secret) -> Secret:
        """Return a new token for the application these credentials belong to. Raises `NotAuthenticated`, the same for
        every cause.
        """
        client_id = client_of_machine(machine)
        kept = await self.of(client_id) if client_id else []
        digests = [(each.id, each.digest) for each in kept] or [("", self._nobody)]
        found = [secret_id for secret_id, digest in digests if self._hasher.matches(secret, digest) and secret_id]
        token = new_secret()
        ends_at = self._clock() + APPLICATION_LIFE
        if not found or not await self._store.issue(found[0], self._hasher.hash(token), ends_at):
            raise NotAuthenticated
        return token
