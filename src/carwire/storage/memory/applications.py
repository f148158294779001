"""Applications, webhooks and subscriptions in memory."""

from __future__ import annotations

from datetime import datetime

from carwire.core.applications import Application
from carwire.core.vehicles import ConnectionFilter
from carwire.core.webhooks import Webhook
from carwire.kit.secrets import Secret
from carwire.storage.errors import Conflict
from carwire.storage.memory.state import State


class ApplicationsInMemory:
    """`ApplicationStore` and `SubscriptionStore`."""

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

    async def replace(self, application: Application, management_token: Secret | None = None) -> bool:
        """Store `application` over the one with its client id; false when there is none."""
        if application.client_id not in self._state.applications:
            return False
        self._refuse_twin(application)
        self._state.applications[application.client_id] = application
        if management_token is not None:
            self._state.management_tokens[application.client_id] = management_token
        self._state.applications_version += 1
        return True

    async def delete(self, client_id: str) -> bool:
        """Delete it and everything of it; false when there is none."""
        s = self._state
        if s.applications.pop(client_id, None) is None:
            return False
        s.management_tokens.pop(client_id, None)
        s.applications_version += 1
        for connection in s.links_of_client(client_id, ConnectionFilter()):
            s.cut(connection.vehicle_id, connection.user_id)
        s.sessions = {key: value for key, value in s.sessions.items() if value.client_id != client_id}
        s.owners = {key: value for key, value in s.owners.items() if value.client_id != client_id}
        s.maker_sessions = {key: value for key, value in s.maker_sessions.items() if key in s.owners}
        s.consents = [value for value in s.consents if value.owner.client_id != client_id]
        self._delete_grants(client_id)
        s.commands = {key: value for key, value in s.commands.items() if value.client_id != client_id}
        s.keys = {key: value for key, value in s.keys.items() if value[0] in s.commands}
        s.webhooks = {key: value for key, value in s.webhooks.items() if value.client_id != client_id}
        s.subscriptions = {key: at for key, at in s.subscriptions.items() if key[0] in s.webhooks}
        self._delete_cars(client_id)
        return True

    async def all(self) -> list[Application]:
        """Return every application, oldest first."""
        return sorted(self._state.applications.values(), key=lambda a: (a.created_at, a.client_id))

    def version(self) -> int:
        """Return a number that changes when applications are written to."""
        return self._state.applications_version

    async def add_webhook(self, webhook: Webhook) -> None:
        """Store a new webhook."""
        if webhook.id in self._state.webhooks or webhook.client_id not in self._state.applications:
            raise Conflict
        self._state.webhooks[webhook.id] = webhook

    async def webhooks(self, client_id: str) -> list[Webhook]:
        """Return an application's webhooks, oldest first."""
        found = [w for w in self._state.webhooks.values() if w.client_id == client_id]
        return sorted(found, key=lambda w: (w.created_at, w.id))

    async def delete_webhook(self, client_id: str, webhook_id: str) -> bool:
        """Delete one with its subscriptions; false when the application has none of this id."""
        if not self._has_webhook(client_id, webhook_id):
            return False
        del self._state.webhooks[webhook_id]
        self._state.subscriptions = {k: at for k, at in self._state.subscriptions.items() if k[0] != webhook_id}
        return True

    async def subscribe(self, client_id: str, webhook_id: str, vehicle_id: str, now: datetime) -> bool:
        """Subscribe a vehicle; twice is once. False when the application has no such webhook, or is not connected to
        the vehicle.
        """
        vehicle = self._state.vehicles.get(vehicle_id)
        connected = vehicle is not None and vehicle.client_id == client_id and vehicle_id in self._state.links
        if not connected or not self._has_webhook(client_id, webhook_id):
            return False
        self._state.subscriptions.setdefault((webhook_id, vehicle_id), now)
        return True

    async def unsubscribe(self, client_id: str, webhook_id: str, vehicle_id: str) -> bool:
        """End a subscription, if there is one. False when the application has no such webhook."""
        if not self._has_webhook(client_id, webhook_id):
            return False
        self._state.subscriptions.pop((webhook_id, vehicle_id), None)
        return True

    def _has_webhook(self, client_id: str, webhook_id: str) -> bool:
        webhook = self._state.webhooks.get(webhook_id)
        return webhook is not None and webhook.client_id == client_id

    def _refuse_twin(self, application: Application) -> None:
        for other in self._state.applications.values():
            same = other.management_token_digest == application.management_token_digest
            if same and other.client_id != application.client_id:
                raise Conflict

    def _delete_grants(self, client_id: str) -> None:
        s = self._state
        s.grants = {key: value for key, value in s.grants.items() if value.client_id != client_id}
        s.codes = {key: value for key, value in s.codes.items() if value.grant_id in s.grants}
        s.access = {key: value for key, value in s.access.items() if value[0] in s.grants}
        s.refresh = {key: value for key, value in s.refresh.items() if value.grant_id in s.grants}

    def _delete_cars(self, client_id: str) -> None:
        s = self._state
        theirs = {row.car_id for row in s.vehicles.values() if row.client_id == client_id}
        s.vehicles = {key: row for key, row in s.vehicles.items() if row.client_id != client_id}
        for car_id in theirs - {row.car_id for row in s.vehicles.values()}:
            del s.cars[car_id]
            s.levels.pop(car_id, None)
