"""The rows of API v2.0 in the route table, most of them made from the tables of `carwire.wire.v2`."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from carwire.http.call import ONE_MAKE, Route
from carwire.http.v2.batch import BatchHandlers
from carwire.http.v2.commands import ActionHandlers
from carwire.http.v2.management import ConnectionsQuery, CutQuery, ManagementHandlers
from carwire.http.v2.vehicles import FlagsQuery, HistoryQuery, PermissionsQuery, VehicleHandlers, VehiclesQuery
from carwire.wire.v2 import static
from carwire.wire.v2.actions import ACTIONS, Action
from carwire.wire.v2.batch import BatchBody, BatchRequests
from carwire.wire.v2.makes import MAKE_READS, MAKES_WITH_ENDPOINTS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS, Endpoint

_VEHICLE: Final = "/v2.0/vehicles/{id}"
_UUID: Final = {"type": "string", "format": "uuid"}
_ID: Final = {"id": {**_UUID, "description": "The vehicle."}}
_WEBHOOK_ID: Final = {**_ID, "webhook_id": {**_UUID, "description": "The webhook."}}
_TAG: Final = "v2.0"


class Handlers(msgspec.Struct, frozen=True):
    """What serves the rows."""

    vehicles: VehicleHandlers
    actions: ActionHandlers
    batch: BatchHandlers
    management: ManagementHandlers


def routes(handlers: Handlers) -> tuple[Route, ...]:
    """Return every row but those of compatibility."""
    return (
        *_owner(handlers.vehicles),
        *_static(handlers.vehicles),
        *(_read(endpoint, handlers.vehicles) for endpoint in ENDPOINTS.values()),
        *(_read(endpoint, handlers.vehicles, make) for (make, _), endpoint in MAKE_READS.items()),
        *(_action(action, handlers.actions) for action in ACTIONS.values()),
        *_several(handlers),
        *_management(handlers.management),
    )


def _name(path: str) -> str:
    return path.strip("/").replace("/", "_") or "attributes"


def _owner(handlers: VehicleHandlers) -> tuple[Route, ...]:
    return (
        Route(
            *("GET", "/v2.0/user", handlers.user, "user"),
            summary="Who is the owner?",
            answers=static.UserBody,
            door="token",
            query=FlagsQuery,
            tag=_TAG,
        ),
        Route(
            *("GET", "/v2.0/vehicles", handlers.vehicles, "vehicles"),
            summary="Which vehicles does the token reach?",
            answers=static.VehiclesBody,
            door="token",
            query=VehiclesQuery,
            tag=_TAG,
        ),
    )


def _static(handlers: VehicleHandlers) -> tuple[Route, ...]:
    rows = []
    for endpoint in STATIC_ENDPOINTS.values():
        paged = endpoint.path == "/permissions"
        rows.append(
            Route(
                "GET",
                _VEHICLE + endpoint.path.rstrip("/"),
                handlers.permissions if paged else handlers.static(endpoint),
                _name(endpoint.path),
                summary=f"Read {_name(endpoint.path)}.",
                answers=endpoint.answers,
                door="vehicle",
                query=PermissionsQuery if paged else FlagsQuery,
                parameters=_ID,
                tag=_TAG,
                permission=endpoint.permission,
            )
        )
    return tuple(rows)


def _read(endpoint: Endpoint, handlers: VehicleHandlers, make: str | None = None) -> Route:
    dated = endpoint.path.endswith(("/history", "/records"))
    return Route(
        "GET",
        _VEHICLE + endpoint.path,
        handlers.read(endpoint, make),
        f"read_{_name(endpoint.path)}",
        summary=f"Read {_name(endpoint.path).replace('_', ' ')}.",
        answers=endpoint.answers or dict[str, Any],
        door="vehicle",
        query=HistoryQuery if dated else FlagsQuery,
        parameters=_ID,
        tag=_TAG if make is None else ONE_MAKE,
        permission=endpoint.permission,
    )


def _action(action: Action, handlers: ActionHandlers) -> Route:
    first = action.path[1:].partition("/")[0]
    make = first if first in MAKES_WITH_ENDPOINTS else None
    return Route(
        action.method,
        _VEHICLE + action.path,
        handlers.act(action, make),
        f"{action.method.lower()}_{_name(action.path)}",
        summary=f"Command {_name(action.path).replace('_', ' ')}.",
        answers=static.ActionBody,
        door="vehicle",
        query=FlagsQuery,
        body=action.body,
        parameters=_ID,
        tag=_TAG if make is None else ONE_MAKE,
        permission=action.permission,
    )


def _several(handlers: Handlers) -> tuple[Route, ...]:
    return (
        Route(
            *("POST", f"{_VEHICLE}/batch", handlers.batch.batch, "batch"),
            summary="Read several things at once.",
            answers=BatchBody,
            door="vehicle",
            query=FlagsQuery,
            body=BatchRequests,
            parameters=_ID,
            tag=_TAG,
        ),
        Route(
            *("DELETE", f"{_VEHICLE}/application", handlers.management.disconnect, "disconnect"),
            summary="Cut the vehicle off from the application.",
            answers=static.StatusBody,
            door="vehicle_or_management",
            query=FlagsQuery,
            parameters=_ID,
            tag=_TAG,
        ),
        Route(
            *("POST", f"{_VEHICLE}/webhooks/{{webhook_id}}", handlers.management.subscribe, "subscribe"),
            summary="Put the vehicle on a webhook.",
            answers=static.SubscriptionBody,
            door="vehicle",
            query=FlagsQuery,
            parameters=_WEBHOOK_ID,
            tag=_TAG,
        ),
        Route(
            *("DELETE", f"{_VEHICLE}/webhooks/{{webhook_id}}", handlers.management.unsubscribe, "unsubscribe"),
            summary="Take the vehicle off a webhook.",
            answers=static.StatusBody,
            door="management",
            query=FlagsQuery,
            parameters=_WEBHOOK_ID,
            tag=_TAG,
        ),
    )


def _management(handlers: ManagementHandlers) -> tuple[Route, ...]:
    path = "/v2.0/management/connections"
    return (
        Route(
            *("GET", path, handlers.connections, "connections"),
            summary="Which vehicles are connected to the application?",
            answers=static.ConnectionsBody,
            door="management",
            query=ConnectionsQuery,
            tag=_TAG,
        ),
        Route(
            *("DELETE", path, handlers.cut, "delete_connections"),
            summary="Cut connections.",
            answers=static.DeletedConnectionsBody,
            door="management",
            query=CutQuery,
            tag=_TAG,
        ),
    )
