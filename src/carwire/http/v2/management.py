"""Connections of an application, and what a vehicle is on: disconnecting, webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.grants import Principal
from carwire.core.vehicles import ConnectionFilter, Mode
from carwire.core.webhooks import SubscriptionFilter
from carwire.http.call import Answer, Call, json_answer
from carwire.http.door import is_uuid
from carwire.http.query import decode_query
from carwire.services.vehicles import VehicleService
from carwire.services.webhooks.managing import WebhookService
from carwire.wire.v2 import static

_DONE = json_answer(static.StatusBody()).body
Id = Annotated[str, Meta(max_length=36)]


class ConnectionsQuery(msgspec.Struct, frozen=True):
    """The parameters of the list of connections."""

    user_id: Annotated[Id, Meta(description="Only of the owner with this id.")] | None = None
    vehicle_id: Annotated[Id, Meta(description="Only of the vehicle with this id.")] | None = None
    mode: Annotated[Literal["live", "simulated", "test"], Meta(description="Only of this mode.")] | None = None
    external_id: Annotated[str, Meta(max_length=255, description="Only with your own id of the owner.")] | None = None
    limit: Annotated[int, Meta(ge=1, le=100, description="Entries of a page.")] = 10
    cursor: Annotated[str, Meta(max_length=500, description="Where the page before ended.")] | None = None
    flags: Annotated[str, Meta(max_length=1000, description="Unknown flags are ignored.")] | None = None


class CutQuery(msgspec.Struct, frozen=True):
    """Which connections to cut: of an owner, of a vehicle, or the one of both. One of the two must be given."""

    user_id: Annotated[Id, Meta(description="Of this owner.")] | None = None
    vehicle_id: Annotated[Id, Meta(description="Of this vehicle.")] | None = None
    flags: Annotated[str, Meta(max_length=1000, description="Unknown flags are ignored.")] | None = None


class ManagementHandlers:
    """Handlers over vehicles and webhooks."""

    def __init__(self, vehicles: VehicleService, webhooks: WebhookService) -> None:
        self._vehicles = vehicles
        self._webhooks = webhooks

    async def connections(self, call: Call) -> Answer:
        """List an application's connections, newest first."""
        query = decode_query(call.query, ConnectionsQuery, lax=True)
        mode: Mode | None = "simulated" if query.mode == "test" else query.mode
        wanted = ConnectionFilter(_id(query.vehicle_id), _id(query.user_id), mode, query.external_id)
        page, cursor = await self._vehicles.connections(call.application.client_id, wanted, query.limit, query.cursor)
        return json_answer(static.connections_body(page, cursor))

    async def cut(self, call: Call) -> Answer:
        """Cut connections. Without a filter nothing is cut: that is refused."""
        query = decode_query(call.query, CutQuery)
        if query.user_id is None and query.vehicle_id is None:
            message = "Give user_id, vehicle_id or both: connections are not cut without saying which"
            raise InvalidInput(FieldProblem("user_id", message), FieldProblem("vehicle_id", message))
        wanted = ConnectionFilter(_id(query.vehicle_id), _id(query.user_id))
        cut = await self._vehicles.cut(call.application.client_id, wanted)
        return json_answer(static.deleted_connections_body(cut))

    async def disconnect(self, call: Call) -> Answer:
        """Cut the vehicle off from the application: it is gone from what every token reaches, at once."""
        if call.reached:
            await self._vehicles.disconnect(call.token.principal, call.vehicle.id)
        else:
            principal = Principal(call.application.client_id)
            await self._vehicles.disconnect(principal, call.parameters["id"].lower())
        return Answer(_DONE)

    async def subscribe(self, call: Call) -> Answer:
        """Put the vehicle on a webhook of the application."""
        webhook_id = _webhook_id(call)
        if await self._webhooks.subscribe(call.vehicle, webhook_id) is None:
            raise InvalidInput(FieldProblem("webhookId", "The application has no such webhook"))
        return json_answer(static.SubscriptionBody(webhook_id, call.vehicle.id))

    async def unsubscribe(self, call: Call) -> Answer:
        """Take the vehicle off a webhook of the application."""
        webhook_id = _webhook_id(call)
        if not is_uuid(call.parameters["id"]):
            raise InvalidInput(FieldProblem("id", "A vehicle id is a UUID of 36 characters"))
        client_id = call.application.client_id
        if await self._webhooks.find(client_id, webhook_id) is None:
            raise InvalidInput(FieldProblem("webhookId", "The application has no such webhook"))
        wanted = SubscriptionFilter(webhook_id=webhook_id, vehicle_id=call.parameters["id"].lower())
        await self._webhooks.unsubscribe(client_id, wanted)
        return Answer(_DONE)


def _webhook_id(call: Call) -> str:
    webhook_id = call.parameters["webhook_id"]
    if not is_uuid(webhook_id):
        raise InvalidInput(FieldProblem("webhookId", "A webhook id is a UUID of 36 characters"))
    return webhook_id.lower()


def _id(text: str | None) -> str | None:
    """An id that is none matches nothing, and need not be looked up as it was sent."""
    return text.lower() if text is not None and is_uuid(text) else text and "-"
