"""The route table, and the ASGI application made of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, InternalServerException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from litestar.types import ASGIApp

from carwire.core.compatibility.explain import Explanation
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vin.decode import Vin
from carwire.core.vin.structure import BLANKS, MAX_INPUT
from carwire.core.why import Why
from carwire.http import openapi
from carwire.http.bridge import Bridge
from carwire.http.call import CLIENT, Answer, Call, Route
from carwire.http.door import Doors
from carwire.http.edge import Edge
from carwire.http.faults import ErrorWriter, Faults
from carwire.http.metrics import Metrics
from carwire.http.nhtsa import handlers as nhtsa
from carwire.http.oauth.handlers import OAuthHandlers
from carwire.http.oauth.handlers import routes as oauth_routes
from carwire.http.operations import Health, OperationHandlers
from carwire.http.v1 import compatibility as v1_compatibility
from carwire.http.v1 import events as v1_events
from carwire.http.v1 import vins as v1_vins
from carwire.http.v1 import webhooks as v1_webhooks
from carwire.http.v1 import why as v1_why
from carwire.http.v2 import compatibility as v2_compatibility
from carwire.http.v2 import routes as v2
from carwire.http.v2.batch import BatchHandlers
from carwire.http.v2.commands import ActionHandlers
from carwire.http.v2.management import ManagementHandlers
from carwire.http.v2.vehicles import VehicleHandlers
from carwire.http.v3 import applications as v3_applications
from carwire.http.v3 import commands as v3_commands
from carwire.http.v3 import compatibility as v3_compatibility
from carwire.http.v3 import connections as v3_connections
from carwire.http.v3 import routes as v3
from carwire.http.v3 import schedules as v3_schedules
from carwire.http.v3 import tokens as v3_tokens
from carwire.http.v3 import vehicles as v3_vehicles
from carwire.http.v3 import webhooks as v3_webhooks
from carwire.http.v3.commands import LONG_AFTER
from carwire.http.v3.faults import V3Faults
from carwire.http.v3.view import Views
from carwire.http.web.pages import PageHandlers
from carwire.services.access import AccessService
from carwire.services.accounts import AccountService
from carwire.services.commands import CommandService
from carwire.services.compatibility import CompatibilityService
from carwire.services.credentials import CredentialService
from carwire.services.elements import ElementService
from carwire.services.links import LinkService
from carwire.services.tokens import TokenService
from carwire.services.usage import UsageService
from carwire.services.vehicles import VehicleService
from carwire.services.vin import VinService
from carwire.services.webhooks.managing import WebhookService
from carwire.services.webhooks.streaming import Streaming
from carwire.services.webhooks.verifying import Verifying
from carwire.services.why import WhyService
from carwire.upstream.door import NEWEST, Freshness
from carwire.wire.v2.compatibility import CompatibilityBody, MatrixEntry
from carwire.wire.v3.envelope import Generation

MAX_BODY: Final = 1024 * 1024  # bytes: 1,000 VINs need 70 KiB
Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
PAGE_TAGS: Final = frozenset({"pages", "connect", "inside"})  # not part of the API document
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_LOOSE_VIN: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_INPUT,
    "pattern": rf"^[{BLANKS}]*([0-9A-Za-z*][{BLANKS}]*){{1,17}}$",
    "description": "A VIN or its beginning; blanks and hyphens are dropped, `*` stands for an unknown character.",
}
_WHOLE_VIN: Final = {
    "type": "string",
    "maxLength": MAX_INPUT,
    "pattern": rf"^[{BLANKS}]*([0-9A-HJ-NPR-Za-hj-npr-z][{BLANKS}]*){{17}}$",
    "description": "A whole VIN: 17 characters, no I, O or Q; blanks and hyphens are dropped.",
}

_VEHICLE_ID: Final = {"type": "string", "format": "uuid", "description": "The vehicle."}


class Services(msgspec.Struct, frozen=True):
    """What the edge calls."""

    accounts: AccountService
    access: AccessService
    vins: VinService
    elements: ElementService
    compatibility: CompatibilityService
    tokens: TokenService
    vehicles: VehicleService
    commands: CommandService
    links: LinkService
    credentials: CredentialService
    webhooks: WebhookService
    verifying: Verifying
    streaming: Streaming
    usage: UsageService
    why: WhyService


class Facts(msgspec.Struct, frozen=True):
    """What the pages say about this server: its origin, the VIN tables, the number of makes in the catalogue, whether
    it has the demo page. `generation` is the only one v3 speaks, where it is forced; `long_after` when the answer to a
    command is begun before its end is known.
    """

    base_url: str
    data: str
    makes: int
    demo: bool = False
    generation: Generation | None = None
    long_after: timedelta = LONG_AFTER


def create(
    services: Services,
    facts: Facts,
    operations: OperationHandlers,
    metrics: Metrics,
    doors: Doors,
    *,
    more: tuple[Route, ...] = (),
    default: Freshness = NEWEST,
    bridge: Bridge | None = None,
    lifespan: Lifespan | None = None,
    answers: bool = True,
) -> tuple[ASGIApp, tuple[Route, ...]]:
    """Return the ASGI application and the route table it serves. `more` are the rows of Connect and of optional parts;
    `default` is how fresh vehicle data are when a request does not say, `bridge` names calls of v3, `lifespan` is what
    runs beside the requests. One that does not answer has the routes of supervisors alone: a worker.
    """
    writer = ErrorWriter(facts.base_url, services.accounts)
    views = Views(facts.base_url, facts.generation)
    v3_faults = V3Faults(views)
    api = (
        *_compatibility(services),
        *oauth_routes(OAuthHandlers(services.accounts, services.tokens, facts.base_url)),
        *v2.routes(_v2_handlers(services, writer, default)),
        *v3.routes(_v3_handlers(services, facts, views, v3_faults, default)),
        *_v1(services),
        *nhtsa.routes(nhtsa.NhtsaHandlers(services.elements)),
        *(route for route in more if route.tag not in PAGE_TAGS),
        *_operations(operations),
    )
    document = functools.partial(openapi.document, api, facts.base_url)
    pages = _pages(PageHandlers(document, facts.base_url, facts.data, facts.makes, demo=facts.demo))
    routes = (*api, *pages, *(route for route in more if route.tag in PAGE_TAGS))
    if not answers:
        routes = _operations(operations)
    faults = Faults(writer, v3_faults, routes)

    def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        call = Call(request.scope, request_id=request.scope["state"]["request_id"])
        return _response(faults.write(error, call, path=request.scope["path"]))

    inner = Litestar(
        [_adapt(route, doors, faults) for route in routes],
        openapi_config=None,
        exception_handlers={Exception: on_error},
        request_max_body_size=MAX_BODY,
        lifespan=[lifespan] if lifespan else [],
        logging_config=None,
    )
    return Edge(inner, routes, doors, faults, metrics, bridge=bridge or Bridge(), usage=services.usage), routes


def _v2_handlers(services: Services, writer: ErrorWriter, default: Freshness) -> v2.Handlers:
    vehicles = VehicleHandlers(services.vehicles, services.links, default)
    return v2.Handlers(
        vehicles=vehicles,
        actions=ActionHandlers(services.commands, vehicles),
        batch=BatchHandlers(services.vehicles, vehicles, writer),
        management=ManagementHandlers(services.vehicles, services.webhooks),
    )


def _v3_handlers(services: Services, facts: Facts, views: Views, faults: V3Faults, default: Freshness) -> v3.Handlers:
    commands = v3_commands.CommandHandlers(services.commands, views, faults, facts.long_after)
    return v3.Handlers(
        vehicles=v3_vehicles.VehicleHandlers(services.vehicles, views, default.max_age),
        commands=commands,
        schedules=v3_schedules.ScheduleHandlers(commands, views),
        connections=v3_connections.ConnectionHandlers(services.vehicles, views),
        webhooks=v3_webhooks.WebhookHandlers(services.webhooks, services.vehicles, views),
        applications=v3_applications.ApplicationHandlers(services.accounts, services.credentials, views),
        compatibility=v3_compatibility.CompatibilityHandlers(services.compatibility, views),
        tokens=v3_tokens.TokenHandlers(services.credentials),
    )


def _compatibility(services: Services) -> tuple[Route, ...]:
    handlers = v2_compatibility.CompatibilityHandlers(services.compatibility)
    return (
        Route(
            *("GET", "/v2.0/compatibility", handlers.compatibility, "compatibility"),
            summary="Can this car be connected, and which permissions and endpoints is it capable of?",
            answers=CompatibilityBody,
            query=v2_compatibility.CompatibilityQuery,
            tag="v2.0",
        ),
        Route(
            *("GET", "/v2.0/compatibility/matrix", handlers.matrix, "compatibility_matrix"),
            summary="Which model lines connect in a market, by make?",
            answers=dict[str, list[MatrixEntry]],
            query=v2_compatibility.MatrixQuery,
            tag="v2.0",
        ),
    )


def _v1(services: Services) -> tuple[Route, ...]:
    vins = v1_vins.VinHandlers(services.vins)
    compatibility = v1_compatibility.CompatibilityHandlers(services.compatibility)
    why = v1_why.WhyHandlers(services.why)
    events = v1_events.EventHandlers(services.streaming)
    return (
        Route(
            *("GET", "/v1/vins/{vin}", vins.one, "read_vin"),
            summary="What does this VIN say? Structure, decode with sources, and what cannot be known.",
            answers=Vin,
            parameters={"vin": _LOOSE_VIN},
            tag="v1",
        ),
        Route(
            *("POST", "/v1/vins", vins.many, "read_vins"),
            summary="What do these VINs say? Up to 1,000.",
            answers=v1_vins.VinResults,
            body=v1_vins.VinList,
            tag="v1",
        ),
        Route(
            *("GET", "/v1/compatibility/{vin}", compatibility.explain, "explain_compatibility"),
            summary="Why is this car compatible or not? Every verdict with fact, source and what would change it.",
            answers=Explanation,
            query=v1_compatibility.ExplainQuery,
            parameters={"vin": _WHOLE_VIN},
            tag="v1",
        ),
        Route(
            *("POST", "/v1/compatibility", compatibility.many, "compatibility_of_many"),
            summary="Which of these cars can be connected? Up to 1,000 VINs.",
            answers=v1_compatibility.CompatibilityResults,
            body=v1_compatibility.CompatibilityList,
            tag="v1",
        ),
        Route(
            *("GET", "/v1/events", events.events, "events"),
            summary="What happens at the application's vehicles, as it happens: server-sent events.",
            door="manager_or_application",
            query=v1_events.EventsQuery,
            tag="v1",
            streams=True,
        ),
        Route(
            *("GET", "/v1/vehicles/{id}/why", why.explain, "explain_vehicle"),
            summary="Why does this vehicle not tell a signal, or not carry out a command? The one step that blocks.",
            answers=Why,
            door="any_vehicle",
            query=v1_why.WhyQuery,
            parameters={"id": _VEHICLE_ID},
            tag="v1",
        ),
        *v1_webhooks.routes(v1_webhooks.WebhookHandlers(services.webhooks, services.verifying)),
    )


def _operations(handlers: OperationHandlers) -> tuple[Route, ...]:
    return (
        Route(
            *("GET", "/health", handlers.health, "health"),
            summary="Is the process alive?",
            answers=Health,
            door=None,
            tag="operation",
        ),
        Route(
            *("GET", "/ready", handlers.ready, "ready"),
            summary="Can it answer? Asks the database.",
            answers=Health,
            door=None,
            tag="operation",
        ),
        Route(
            *("GET", "/metrics", handlers.metrics, "metrics"),
            summary="Counters in Prometheus' text format.",
            door=None,
            tag="operation",
        ),
    )


def _pages(pages: PageHandlers) -> tuple[Route, ...]:
    return (
        Route(*("GET", "/", pages.start, "start"), summary="What this server is.", door=None, tag="pages"),
        Route(*("GET", "/docs/api", pages.reference, "api_reference"), summary="The API.", door=None, tag="pages"),
        Route(*("GET", "/docs/errors", pages.errors, "errors"), summary="Every error.", door=None, tag="pages"),
        Route(
            *("GET", "/docs/errors/api-errors/{group}", pages.errors_of_group, "errors_of_group"),
            summary="The errors of one group: where `docURL` leads.",
            door=None,
            tag="pages",
        ),
        Route(*("GET", "/openapi.json", pages.openapi, "openapi"), summary="The API document.", door=None, tag="pages"),
    )


def _adapt(route: Route, doors: Doors, faults: Faults) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        call = Call(request.scope, request.path_params, request_id=request.scope["state"]["request_id"])
        try:
            if route.door:
                await doors.open(route.door, call)
            if route.takes_body:
                call.body = await _body(request)
            return _response(await route.handler(call))
        except HTTPException:
            raise
        except Exception as error:
            return _response(await faults.answer(error, call, route))
        finally:
            request.scope["state"][CLIENT] = call.client_id

    path = _PARAMETER.sub(r"{\1:str}", route.path)
    return HTTPRouteHandler(path, http_method=route.method, name=route.name, status_code=200)(handle)


async def _body(request: Request[Any, Any, Any]) -> bytes:
    try:
        return await request.body()
    except InternalServerException:  # what Litestar raises when the caller goes away
        raise InvalidInput(FieldProblem("body", "Ended before it was whole")) from None


def _response(answer: Answer) -> Response[Any]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    if answer.tail:
        return Stream(answer.tail, status_code=answer.status, headers=headers, media_type=answer.content_type.decode())
    media_type = answer.content_type.decode().removesuffix("; charset=utf-8")  # which Litestar adds to text itself
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=media_type)
