"""The rows of API v3 in the route table."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from carwire.http.call import Route
from carwire.http.v3 import queries
from carwire.http.v3.applications import ApplicationHandlers
from carwire.http.v3.commands import CommandHandlers
from carwire.http.v3.compatibility import CompatibilityHandlers
from carwire.http.v3.connections import ConnectionHandlers
from carwire.http.v3.schedules import ScheduleHandlers
from carwire.http.v3.tokens import TokenHandlers
from carwire.http.v3.vehicles import VehicleHandlers
from carwire.http.v3.webhooks import WebhookHandlers
from carwire.wire.v3.applications import ApplicationResource, SecretResource
from carwire.wire.v3.asking import Body
from carwire.wire.v3.commands import CALLS, CommandCall, ExecutionResource
from carwire.wire.v3.compatibility import CompatibleBody
from carwire.wire.v3.connections import ConnectionResource
from carwire.wire.v3.envelope import Listed, Single
from carwire.wire.v3.schedules import KINDS, MAX_ID, PERMISSION, ScheduleExecution
from carwire.wire.v3.signals import SignalBody, SignalsBody
from carwire.wire.v3.subscriptions import NewSubscription, SubscribingBody, SubscriptionResource
from carwire.wire.v3.tokens import PATH as TOKEN_PATH
from carwire.wire.v3.tokens import ApplicationTokenBody
from carwire.wire.v3.vehicles import VehicleResource
from carwire.wire.v3.webhooks import WebhookResource

TAG: Final = "v3"
_VEHICLE: Final = "/v3/vehicles/{id}"
_UUID: Final = {"type": "string", "format": "uuid"}
_ID: Final = {"id": {**_UUID, "description": "The vehicle."}}


class Handlers(msgspec.Struct, frozen=True):
    """What serves the rows."""

    vehicles: VehicleHandlers
    commands: CommandHandlers
    schedules: ScheduleHandlers
    connections: ConnectionHandlers
    webhooks: WebhookHandlers
    applications: ApplicationHandlers
    compatibility: CompatibilityHandlers
    tokens: TokenHandlers


def routes(handlers: Handlers) -> tuple[Route, ...]:
    """Return every row."""
    return (
        _token(handlers.tokens),
        *_vehicles(handlers.vehicles),
        *(_command(row, handlers.commands) for row in CALLS.values()),
        _execution(handlers.commands),
        *_schedules(handlers.schedules),
        *_connections(handlers.connections),
        *_webhooks(handlers.webhooks),
        *_subscriptions(handlers.webhooks),
        *_applications(handlers.applications),
        Route(
            *("GET", "/v3/compatible-vehicles", handlers.compatibility.compatible, "v3_compatible_vehicles"),
            summary="Which model lines connect, and which signals and commands they have.",
            answers=CompatibleBody,
            query=queries.CompatibleQuery,
            door=None,
            tag=TAG,
        ),
    )


def _token(handlers: TokenHandlers) -> Route:
    return Route(
        *("POST", TOKEN_PATH, handlers.token, "application_token"),
        summary="Get a token of the application itself.",
        answers=ApplicationTokenBody,
        door=None,
        tag="oauth",
        form=True,
        schema=_TOKEN_FORM,
    )


def _vehicles(handlers: VehicleHandlers) -> tuple[Route, ...]:
    code = {"type": "string", "description": "The signal."}
    return (
        Route(
            *("GET", _VEHICLE, handlers.vehicle, "v3_vehicle"),
            summary="What is this vehicle?",
            answers=Single[VehicleResource],
            door="any_vehicle",
            parameters=_ID,
            tag=TAG,
        ),
        Route(
            *("GET", f"{_VEHICLE}/signals", handlers.signals, "v3_signals"),
            summary="Every signal of the vehicle.",
            answers=SignalsBody,
            door="readable_vehicle",
            query=queries.SignalsQuery,
            parameters=_ID,
            tag=TAG,
        ),
        Route(
            *("GET", f"{_VEHICLE}/signals/{{code}}", handlers.signal, "v3_signal"),
            summary="One signal of the vehicle.",
            answers=SignalBody,
            door="readable_vehicle",
            parameters={**_ID, "code": code},
            tag=TAG,
        ),
    )


def _command(row: CommandCall, handlers: CommandHandlers) -> Route:
    return Route(
        "POST",
        f"{_VEHICLE}/commands{row.suffix}",
        handlers.command(row),
        f"v3_{row.command.replace('-', '_')}",
        summary=f"Command {row.command.replace('-', ' ')}.",
        answers=Single[ExecutionResource],
        door="owned_vehicle",
        body=row.attributes and Body[row.attributes],  # type: ignore[name-defined]  # made at run time
        parameters=_ID,
        tag=TAG,
        permission=row.permission,
    )


def _execution(handlers: CommandHandlers) -> Route:
    execution = {"type": "string", "pattern": "^exec_[0-9a-f]{32}$", "description": "The command's execution."}
    return Route(
        *("GET", f"{_VEHICLE}/command-executions/{{execution_id}}", handlers.execution, "v3_command_execution"),
        summary="What became of a command?",
        answers=Single[ExecutionResource],
        door="owned_vehicle",
        parameters={**_ID, "execution_id": execution},
        tag=TAG,
    )


def _schedules(handlers: ScheduleHandlers) -> tuple[Route, ...]:
    path = f"{_VEHICLE}/charge-schedules"
    of_kind = (
        Route(
            *("POST", f"{path}/{kind}", handlers.create(kind), f"v3_set_{kind}_charge_schedule"),
            summary=f"Set a {kind} charge schedule.",
            answers=Single[ScheduleExecution],
            door="owned_vehicle",
            body=Body[attributes],  # type: ignore[valid-type]  # made at run time
            parameters=_ID,
            tag=TAG,
            permission=PERMISSION,
        )
        for kind, attributes in KINDS.items()
    )
    schedule = {"type": "string", "minLength": 1, "maxLength": MAX_ID, "description": "The schedule."}
    return (
        *of_kind,
        Route(
            *("DELETE", f"{path}/{{schedule_id}}", handlers.delete, "v3_delete_charge_schedule"),
            summary="Delete a charge schedule.",
            answers=Single[ScheduleExecution],
            door="owned_vehicle",
            parameters={**_ID, "schedule_id": schedule},
            tag=TAG,
            permission=PERMISSION,
        ),
    )


def _connections(handlers: ConnectionHandlers) -> tuple[Route, ...]:
    path, one = "/v3/connections", {"connection_id": {**_UUID, "description": "The connection."}}
    return (
        _own(
            *("GET", path, handlers.connections, "v3_connections"),
            summary="Which vehicles are connected, and what was granted on them?",
            answers=Listed[ConnectionResource],
            query=queries.ConnectionsQuery,
        ),
        _own(
            *("GET", f"{path}/{{connection_id}}", handlers.connection, "v3_connection"),
            summary="One connection.",
            answers=Single[ConnectionResource],
            parameters=one,
        ),
        _own(
            *("DELETE", f"{path}/{{connection_id}}", handlers.delete, "v3_delete_connection"),
            summary="Cut a connection.",
            status=204,
            parameters=one,
        ),
        _own(
            *("DELETE", "/v3/users/{user_id}", handlers.delete_user, "v3_delete_user"),
            summary="Delete an owner with everything of theirs.",
            status=204,
            parameters={"user_id": {**_UUID, "description": "The owner."}},
        ),
    )


def _webhooks(handlers: WebhookHandlers) -> tuple[Route, ...]:
    path = "/v3/webhooks"
    return (
        _own(
            *("GET", path, handlers.webhooks, "v3_webhooks"),
            summary="The application's webhooks.",
            answers=Listed[WebhookResource],
            query=queries.WebhooksQuery,
        ),
        _own(
            *("GET", f"{path}/{{webhook_id}}", handlers.webhook, "v3_webhook"),
            summary="One webhook.",
            answers=Single[WebhookResource],
            parameters={"webhook_id": {**_UUID, "description": "The webhook."}},
        ),
    )


def _subscriptions(handlers: WebhookHandlers) -> tuple[Route, ...]:
    path = "/v3/subscriptions"
    one = {"subscription_id": {**_UUID, "description": "The subscription."}}
    return (
        _own(
            *("GET", path, handlers.subscriptions, "v3_subscriptions"),
            summary="Which vehicles do webhooks hear of?",
            answers=Listed[SubscriptionResource],
            query=queries.SubscriptionsQuery,
        ),
        _own(
            *("POST", path, handlers.subscribe, "v3_subscribe"),
            summary="Subscribe a vehicle to a webhook.",
            answers=SubscribingBody,
            status=202,
            body=Body[NewSubscription],
        ),
        _own(
            *("GET", f"{path}/{{subscription_id}}", handlers.subscription, "v3_subscription"),
            summary="One subscription.",
            answers=Single[SubscriptionResource],
            parameters=one,
        ),
        _own(
            *("DELETE", f"{path}/{{subscription_id}}", handlers.unsubscribe, "v3_unsubscribe"),
            summary="End a subscription.",
            status=204,
            parameters=one,
        ),
    )


def _applications(handlers: ApplicationHandlers) -> tuple[Route, ...]:
    path, one = "/v3/applications", {"application_id": {**_UUID, "description": "The application."}}
    return (
        _own(
            *("GET", path, handlers.applications, "v3_applications"),
            summary="The application the token is of.",
            answers=Listed[ApplicationResource],
            query=queries.PageQuery,
        ),
        _own(
            *("GET", f"{path}/{{application_id}}", handlers.application, "v3_application"),
            summary="One application.",
            answers=Single[ApplicationResource],
            parameters=one,
        ),
        _own(
            *("GET", f"{path}/{{application_id}}/secrets", handlers.secrets, "v3_application_secrets"),
            summary="Which secrets does it ask with?",
            answers=Listed[SecretResource],
            query=queries.PageQuery,
            parameters=one,
        ),
    )


def _own(method: Any, path: str, handler: Any, name: str, **more: Any) -> Route:
    """A row for tokens of the application itself."""
    return Route(method, path, handler, name, door="application_token", tag=TAG, **more)


_OTHERS: Final = {"type": "string"}  # ignored; no parameter may come twice (RFC 6749, 3.2)
_TOKEN_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": _OTHERS,
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": ["client_credentials"]},
        "client_id": {"type": "string", "description": "`client_…`, unless credentials come as HTTP Basic."},
        "client_secret": {"type": "string"},
    },
}
