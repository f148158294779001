"""``POST /v2.0/vehicles/{id}/batch``: several reads, and the car asked once for all of them."""

from __future__ import annotations

import msgspec

from carwire.core.errors import CarwireError
from carwire.core.grants import GrantMissing, demand
from carwire.core.signals.reading import Snapshot
from carwire.core.signals.units import UnitSystem
from carwire.core.vehicles import Vehicle
from carwire.http.call import Answer, Call, json_answer
from carwire.http.commanding import read_body
from carwire.http.faults import ErrorWriter, retry_after
from carwire.http.query import decode_query
from carwire.http.v2.vehicles import PermissionsQuery, VehicleHandlers
from carwire.http.wishes import unit_system
from carwire.services.vehicles import VehicleService
from carwire.wire.v2 import static
from carwire.wire.v2.batch import BatchBody, BatchItem, BatchResponse, failure, read_batch, success
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.readings import Context
from carwire.wire.v2.vehicles import ENDPOINTS, Endpoint, headers


class _Ready(msgspec.Struct, frozen=True):
    """A read of a batch that may be made."""

    endpoint: Endpoint
    context: Context


class BatchHandlers:
    """Handles the one path."""

    def __init__(self, vehicles: VehicleService, reads: VehicleHandlers, writer: ErrorWriter) -> None:
        self._vehicles = vehicles
        self._reads = reads
        self._writer = writer

    async def batch(self, call: Call) -> Answer:
        """Answer each path as it would be alone; one that fails does not spoil the others."""
        items = read_batch(read_body(call.body))
        system, freshness = unit_system(call), self._reads.freshness(call)
        ready = [self._prepared(item, call.vehicle, system) for item in items]
        codes = tuple(dict.fromkeys(c for each in ready if isinstance(each, _Ready) for c in each.endpoint.codes))
        snapshot = Snapshot(call.vehicle.car.vin, {})
        if codes:
            snapshot = await self._vehicles.read(call.vehicle, codes, permission=None, freshness=freshness)
        responses = [await self._response(item, each, snapshot, call) for item, each in zip(items, ready, strict=True)]
        return json_answer(BatchBody(tuple(responses)))

    def _prepared(self, item: BatchItem, vehicle: Vehicle, system: UnitSystem) -> _Ready | CarwireError | object:
        """Return what is to be read, the body that needs no reading, or why neither."""
        try:
            fixed = static.STATIC_ENDPOINTS.get(item.path)
            if fixed:
                demand(vehicle, fixed.permission)
                return _static(fixed, item, vehicle)
            endpoint, make = _endpoint(item.path)
            context = self._reads.context(item.query.encode(), vehicle, endpoint, system)
            demand(vehicle, endpoint.permission)
            if make is not None:
                self._reads.check_make(vehicle, make)
            return _Ready(endpoint, context)
        except CarwireError as error:
            return error

    async def _response(self, item: BatchItem, ready: object, snapshot: Snapshot, call: Call) -> BatchResponse:
        error = ready
        if isinstance(ready, _Ready):
            try:
                own = Snapshot(snapshot.vin, {code: snapshot.answers[code] for code in ready.endpoint.codes})
                body = ready.endpoint.body(own, ready.context)
                return success(item.path, body, headers(own, ready.endpoint, ready.context.system))
            except CarwireError as problem:
                error = problem
        if isinstance(error, CarwireError):
            return failure(item.path, await self._writer.body(error, call), retry_after(error))
        return success(item.path, error, ())


def _endpoint(path: str) -> tuple[Endpoint, str | None]:
    """Return a read, and the only make it is for."""
    if path in ENDPOINTS:
        return ENDPOINTS[path], None
    make, _, rest = path[1:].partition("/")
    if (make, rest) not in MAKE_READS:
        raise GrantMissing  # a make in upper case
    return MAKE_READS[make, rest], make


def _static(endpoint: static.StaticEndpoint, item: BatchItem, vehicle: Vehicle) -> msgspec.Struct:
    if endpoint.path == "/permissions":
        query = decode_query(item.query.encode(), PermissionsQuery, lax=True)
        return static.permissions(vehicle, query.limit, query.offset)
    return endpoint.body(vehicle)
