"""Applications and their secrets in memory."""

from __future__ import annotations

from datetime import datetime

import msgspec

from carwire.core.applications import Application, ClientSecret
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.secrets import Secret
from carwire.storage.errors import Conflict
from carwire.storage.memory.state import State


class ApplicationsInMemory:
    """`ApplicationStore`."""

    _state: State

    async def add(self, application: Application, management_token: Secret) -> None:
        """Store a new application."""
        self._refuse_twin(application)
        if application.client_id in self._state.applications:
            raise Conflict
        self._state.applications[application.client_id] = application
        self._state.management_tokens[application.client_id] = management_token
        self._state.applications_version += 1

    async def find(self, client_id: str) -> Application | None:
        """Return the application with this client id, or null."""
        return self._state.applications.get(client_id)

    async def find_by_management_token(self, digest: bytes) -> Application | None:
        """Return the application with this management token, or null."""
        found = (a for a in self._state.applications.values() if a.management_token_digest == digest)
        return next(found, None)

    async def management_token(self, client_id: str) -> Secret | None:
        """Return the token itself."""
        return self._state.management_tokens.get(client_id)

    async def replace(
        self,
        application: Application,
        management_token: Secret | None = None,
        former_until: datetime | None = None,
    ) -> bool:
        """Store `application` over the one with its client id; false when there is none; see the port."""
        if application.client_id not in self._state.applications:
            return False
        self._refuse_twin(application)
        self._state.applications[application.client_id] = application
        if management_token is not None:
            former = self._state.management_tokens.get(application.client_id)
            self._state.former_tokens.pop(application.client_id, None)
            if former and former_until:
                self._state.former_tokens[application.client_id] = former, former_until
            self._state.management_tokens[application.client_id] = management_token
        self._state.applications_version += 1
        return True

    async def delete(self, client_id: str) -> bool:
        """Delete it and everything of it; false when there is none."""
        s = self._state
        if s.applications.pop(client_id, None) is None:
            return False
        s.management_tokens.pop(client_id, None)
        s.former_tokens.pop(client_id, None)
        s.applications_version += 1
        for connection in s.links_of_client(client_id, ConnectionFilter()):
            s.cut(connection.vehicle_id, connection.user_id)
        s.sessions = {key: value for key, value in s.sessions.items() if value.client_id != client_id}
        s.owners = {key: value for key, value in s.owners.items() if value.client_id != client_id}
        s.maker_sessions = {key: value for key, value in s.maker_sessions.items() if key in s.owners}
        s.consents = [value for value in s.consents if value.owner.client_id != client_id]
        s.drop_grants({grant.id for grant in s.grants.values() if grant.client_id == client_id})
        s.commands = {key: value for key, value in s.commands.items() if value.client_id != client_id}
        s.keys = {key: value for key, value in s.keys.items() if value[0] in s.commands}
        s.drop_webhooks({each.id for each in s.webhooks.values() if each.client_id == client_id})
        s.secrets = {key: value for key, value in s.secrets.items() if value.client_id != client_id}
        s.application_tokens = {key: value for key, value in s.application_tokens.items() if value[0] in s.secrets}
        s.usage = {key: value for key, value in s.usage.items() if key[0] != client_id}
        self._delete_cars(client_id)
        return True

    async def all(self) -> list[Application]:
        """Return every application, oldest first."""
        return sorted(self._state.applications.values(), key=lambda a: (a.created_at, a.client_id))

    def version(self) -> int:
        """Return a number that changes when applications are written to."""
        return self._state.applications_version

    async def add_secret(self, secret: ClientSecret, others_until: datetime | None) -> bool:
        """Store a secret; those of before end at `others_until` unless they end sooner."""
        s = self._state
        if secret.client_id not in s.applications:
            return False
        if others_until is not None:
            for other in await self.secrets(secret.client_id):
                if other.lives(others_until):
                    s.secrets[other.id] = msgspec.structs.replace(other, expires_at=others_until)
        s.secrets[secret.id] = secret
        return True

    async def secrets(self, client_id: str) -> list[ClientSecret]:
        """Return an application's secrets, ended ones included, oldest first."""
        found = [each for each in self._state.secrets.values() if each.client_id == client_id]
        return sorted(found, key=lambda each: (each.created_at, each.id))

    async def delete_secret(self, client_id: str, secret_id: str) -> bool:
        """Delete a secret, and with it the tokens it led to; false when the application has none of this id."""
        s = self._state
        secret = s.secrets.get(secret_id)
        if secret is None or secret.client_id != client_id:
            return False
        del s.secrets[secret_id]
        s.application_tokens = {key: value for key, value in s.application_tokens.items() if value[0] != secret_id}
        return True

    def _refuse_twin(self, application: Application) -> None:
        for other in self._state.applications.values():
            same = other.management_token_digest == application.management_token_digest
            if same and other.client_id != application.client_id:
                raise Conflict

    def _delete_cars(self, client_id: str) -> None:
        s = self._state
        theirs = {row.car_id for row in s.vehicles.values() if row.client_id == client_id}
        s.vehicles = {key: row for key, row in s.vehicles.items() if row.client_id != client_id}
        s.drop_orphans(theirs)
