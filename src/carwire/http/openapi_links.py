"""Links of the API document: which call can be made with what an answer says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from carwire.http.call import Route

Links = dict[str, dict[str, Any]]
_VEHICLE: Final = "/v2.0/vehicles/{id}"
_V3_VEHICLE: Final = "/v3/vehicles/{id}"
_COMMANDS: Final = f"{_V3_VEHICLE}/commands/"
_SCHEDULES: Final = f"{_V3_VEHICLE}/charge-schedules/"
_FIRST: Final = "$response.body#/data/0"
_RELATED: Final = f"{_FIRST}/relationships/{{}}/data/id"
_SAME_VEHICLE: Final = {"id": "$request.path.id", "sc-user-id": "$request.header.sc-user-id"}


def links_of(route: Route, routes: Sequence[Route]) -> Links:
    """Return the links of a route's answer."""
    if route.path.startswith(_SCHEDULES) and route.method == "POST":
        schedule = {**_SAME_VEHICLE, "schedule_id": "$response.body#/data/attributes/scheduleId"}
        return _links(v3_delete_charge_schedule=schedule)
    if route.path.startswith(_COMMANDS):
        return _links(v3_command_execution={**_SAME_VEHICLE, "execution_id": "$response.body#/data/id"})
    if route.path.startswith(_SCHEDULES) and route.method == "POST":
        made = "$response.body#/data/attributes/scheduleId"
        return _links(v3_delete_charge_schedule={**_SAME_VEHICLE, "schedule_id": made})
    if route.name == "vehicles":
        return _links_to(routes, _VEHICLE, {"id": "$response.body#/vehicles/0"})
    if route.name == "simulated_cars":
        return _links_to(routes, "/v1/simulator/cars/{car}", {"car": "$response.body#/cars/0/vin"})
    if route.name == "v3_connections":
        owned = {"id": _RELATED.format("vehicle"), "sc-user-id": _RELATED.format("user")}
        return {**_links_to(routes, _V3_VEHICLE, owned), **_TABLE[route.name]}
    return _TABLE.get(route.name, {})


def _links_to(routes: Sequence[Route], base: str, parameters: dict[str, str]) -> Links:
    """Link to every call below `base` that needs no other id."""
    return {
        route.name: _link(route.name, parameters)
        for route in routes
        if route.path.startswith(base) and len(route.parameters) == 1
    }


def _links(**parameters: dict[str, str]) -> Links:
    """Return links called as what they lead to."""
    return {name: _link(name, given) for name, given in parameters.items()}


def _link(name: str, parameters: dict[str, str]) -> dict[str, Any]:
    return {"operationId": name, "parameters": parameters}


_TABLE: Final[dict[str, Links]] = {
    "connections": {
        **_links(
            disconnect={"id": "$response.body#/connections/0/vehicleId"},
            delete_connections={"vehicle_id": "$response.body#/connections/0/vehicleId"},
        ),
        "next_page": _link("connections", {"cursor": "$response.body#/paging/cursor"}),
    },
    "subscribe": _links(
        unsubscribe={"id": "$response.body#/vehicleId", "webhook_id": "$response.body#/webhookId"},
    ),
    "v3_signals": _links(v3_signal={**_SAME_VEHICLE, "code": f"{_FIRST}/id"}),
    "v3_connections": {
        **_links(
            v3_connection={"connection_id": f"{_FIRST}/id"},
            v3_delete_connection={"connection_id": f"{_FIRST}/id"},
            v3_delete_user={"user_id": _RELATED.format("user")},
        ),
        "next_page": _link("v3_connections", {"page[after]": "$response.body#/meta/nextCursor"}),
    },
    "v3_connection": _links(
        v3_subscriptions={
            "filter[vehicleId]": "$response.body#/data/relationships/vehicle/data/id",
            "filter[userId]": "$response.body#/data/relationships/user/data/id",
        },
    ),
    "v3_webhooks": _links(
        v3_webhook={"webhook_id": f"{_FIRST}/id"},
        v3_subscriptions={"filter[webhookId]": f"{_FIRST}/id"},
    ),
    # The answer has no id: the list has it.
    "v3_subscribe": _links(
        v3_subscriptions={
            "filter[webhookId]": "$request.body#/data/attributes/webhookId",
            "filter[vehicleId]": "$request.body#/data/attributes/vehicleId",
        },
    ),
    "v3_subscriptions": _links(
        v3_subscription={"subscription_id": f"{_FIRST}/id"},
        v3_unsubscribe={"subscription_id": f"{_FIRST}/id"},
        v3_connections={
            "filter[vehicleId]": _RELATED.format("vehicle"),
            "filter[vehicle.mode]": f"{_FIRST}/attributes/vehicle/mode",
        },
    ),
    "v3_applications": _links(
        v3_application={"application_id": f"{_FIRST}/id"},
        v3_application_secrets={"application_id": f"{_FIRST}/id"},
    ),
}
