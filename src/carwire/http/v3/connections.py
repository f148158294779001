"""Connections of an application, and the end of an owner. Source: the wire contract, section 5."""

from __future__ import annotations

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vehicles import ConnectedVehicle, ConnectionFilter
from carwire.http.call import Answer, Call, NothingThere
from carwire.http.query import decode_params
from carwire.http.v3.view import Views, answered
from carwire.services.vehicles import VehicleService
from carwire.wire.v3.asking import id_of
from carwire.wire.v3.connections import AFTER, connection_body, connections_body, read_connections

DELETED = Answer(b"", 204)


class ConnectionHandlers:
    """Handlers over the vehicles."""

    def __init__(self, vehicles: VehicleService, views: Views) -> None:
        self._vehicles = vehicles
        self._views = views

    async def connections(self, call: Call) -> Answer:
        """Newest first unless `sort` says otherwise. Simulated vehicles are listed only where the filter asks for
        them. A long list is read to its end by `nextCursor` of the meta, given as `page[after]`: numbers shift while
        connections come and go.
        """
        view = self._views.of(call)
        asked = read_connections(decode_params(call.query), view)
        client_id = call.token.principal.client_id
        try:
            rows, total, cursor = await self._vehicles.connected(client_id, asked.wanted, asked.part)
        except InvalidInput as error:  # about the cursor, whose name on the wire the store does not know
            raise InvalidInput(*(FieldProblem(AFTER, each.message) for each in error.fields)) from None
        return answered(call, connections_body(rows, asked, total, view, cursor))

    async def connection(self, call: Call) -> Answer:
        """One connection."""
        return answered(call, connection_body(await self._found(call), self._views.of(call)))

    async def delete(self, call: Call) -> Answer:
        """Cut one connection, at once; its subscriptions end with it."""
        found = await self._found(call)
        if not await self._vehicles.cut(call.token.principal.client_id, ConnectionFilter(id=found.id)):
            raise NothingThere("connection", found.id)
        return DELETED

    async def delete_user(self, call: Call) -> Answer:
        """Delete an owner with connections, tokens and consents, and what is kept of cars nobody else leads to."""
        user_id = id_of(call.parameters["user_id"], "userId")
        if not await self._vehicles.delete_owner(call.token.principal.client_id, user_id):
            raise NothingThere("user", user_id)
        return DELETED

    async def _found(self, call: Call) -> ConnectedVehicle:
        connection_id = id_of(call.parameters["connection_id"], "connectionId")
        found = await self._vehicles.connection(call.token.principal.client_id, connection_id)
        if found is None:
            raise NothingThere("connection", connection_id)
        return found
