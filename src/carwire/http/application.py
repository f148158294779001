"""The route table, and the ASGI application made of it."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response
from litestar.exceptions import InternalServerException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from carwire.core.compatibility.explain import Explanation
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vin.decode import Vin
from carwire.core.vin.structure import BLANKS, MAX_INPUT
from carwire.http import openapi
from carwire.http.call import Answer, Call, Route
from carwire.http.door import application_of
from carwire.http.edge import Edge
from carwire.http.faults import answer_to
from carwire.http.metrics import Metrics
from carwire.http.operations import Health, OperationHandlers
from carwire.http.v1 import compatibility as v1_compatibility
from carwire.http.v1 import vins as v1_vins
from carwire.http.v2 import compatibility as v2_compatibility
from carwire.http.web.pages import PageHandlers
from carwire.services.accounts import AccountService
from carwire.services.compatibility import CompatibilityService
from carwire.services.vin import VinService
from carwire.wire.v2.compatibility import CompatibilityBody, MatrixEntry

MAX_BODY: Final = 1024 * 1024  # bytes: 1,000 VINs need 70 KiB
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


class Services(msgspec.Struct, frozen=True):
    """What the edge calls."""

    accounts: AccountService
    vins: VinService
    compatibility: CompatibilityService


class Facts(msgspec.Struct, frozen=True):
    """What the pages say about this server: its origin, the VIN tables, the number of makes in the catalogue."""

    base_url: str
    data: str
    makes: int


def create(
    services: Services, facts: Facts, ready: OperationHandlers, metrics: Metrics
) -> tuple[ASGIApp, tuple[Route, ...]]:
    """Return the ASGI application and the route table it serves."""
    api = (*_v2(services), *_v1(services), *_operations(ready))
    document = openapi.document(api, facts.base_url)
    routes = (*api, *_pages(PageHandlers(document, facts.data, facts.makes)))

    methods = [
        (re.compile(_PARAMETER.sub("[^/]+", route.path)), method)
        for route in routes
        for method in ((route.method, "HEAD") if route.method == "GET" else (route.method,))
    ]

    def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        request_id = request.scope["state"]["request_id"]
        path = request.scope["path"]
        allowed = tuple(sorted({method for pattern, method in methods if pattern.fullmatch(path)}))
        return _response(answer_to(error, request_id=request_id, base_url=facts.base_url, allowed=allowed))

    inner = Litestar(
        [_adapt(route, services.accounts) for route in routes],
        openapi_config=None,
        exception_handlers={Exception: on_error},
        request_max_body_size=MAX_BODY,
        logging_config=None,
    )
    return Edge(inner, routes, services.accounts, metrics, facts.base_url), routes


def _v2(services: Services) -> tuple[Route, ...]:
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
            heavy=True,
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
            heavy=True,
        ),
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


def _adapt(route: Route, accounts: AccountService) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        call = Call(request.scope, request.path_params)
        if route.door:
            application_of(call, accounts)
        if route.body:
            call.body = await _body(request)
        return _response(await asyncio.to_thread(route.handler, call) if route.heavy else route.handler(call))

    path = _PARAMETER.sub(r"{\1:str}", route.path)
    return HTTPRouteHandler(path, http_method=route.method, name=route.name, status_code=200)(handle)


async def _body(request: Request[Any, Any, Any]) -> bytes:
    try:
        return await request.body()
    except InternalServerException:  # what Litestar raises when the caller goes away
        raise InvalidInput(FieldProblem("body", "Ended before it was whole")) from None


def _response(answer: Answer) -> Response[bytes]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    media_type = answer.content_type.decode().removesuffix("; charset=utf-8")  # which Litestar adds to text itself
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=media_type)
