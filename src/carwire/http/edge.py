"""The outermost layer: request id, path spelling, API version, metrics, the log line, and the plain-ASGI fast path.

Official SDKs ask with and without trailing slashes, sometimes with two slashes, and with version numbers of their own
making: all of that is settled here, without redirects, before anything is routed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http.client import NO_CONTENT, NOT_MODIFIED
from time import perf_counter
from typing import Any, Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from carwire.core.grants import GrantMissing
from carwire.http import flowing
from carwire.http.bridge import HEADER, Bridge
from carwire.http.call import (
    CLIENT,
    JSON,
    NHTSA_PATH,
    ONE_MAKE,
    Answer,
    Call,
    Headers,
    Route,
    VersionUnknown,
    with_caution,
)
from carwire.http.door import Doors
from carwire.http.faults import Faults
from carwire.http.lookup.calls import preflight_headers
from carwire.http.metrics import Metrics
from carwire.kit.ids import new_request_id
from carwire.services.usage import UsageService
from carwire.wire.nhtsa.answers import METHODS

_log = structlog.get_logger("carwire.http")
_SLASHES: Final = re.compile("//+")
_VERSION: Final = re.compile(r"^/v0*([0-9]+)\.[0-9]+(?=/|$)")
# Version 1 is our own API; /v2/redirect is no version but a page whose path an SDK holds, and /v2/vehicles is the
# lookup API.
_OTHER_VERSION: Final = re.compile(r"^/v(?![13](?:/|$)|2/redirect(?:\.js)?$|2/(?:vehicles?|usage)(?:/|$))[0-9]")
_NHTSA: Final = re.compile(r"^/api/vehicles/([a-z]+)(?=/|$)", re.IGNORECASE)
_NHTSA_METHODS: Final = {method.lower(): method for method in METHODS}
_CURRENT: Final = "/v2.0"
_READS: Final = ("GET", "HEAD")
_V3_BEFORE_ID: Final = "/v3/vehicles/"
_V3_VEHICLE: Final = _V3_BEFORE_ID + "{id}"
_SIGNALS: Final = "/signals"
_ONE_SIGNAL: Final = "/signals/{code}"
_BEFORE_ID: Final = "/v2.0/vehicles/"
_VEHICLE: Final = _BEFORE_ID + "{id}"
_BEFORE_VIN: Final = "/v2/vehicles/vins/"
_VIN: Final = _BEFORE_VIN + "{vin}"
_QUERY_IN_PATH: Final = "/history?"
_NONE: Final[Mapping[str, str]] = {}


async def _refuse(_call: Call) -> Answer:
    raise GrantMissing


# A make in upper case is a matter of permission: so the original answers.
_UPPER_CASE: Final = Route("GET", _VEHICLE + "/{make}", _refuse, "upper_case", "Refused.", door="vehicle")


class Edge:
    """The ASGI application the server runs: reads without a parameter, or of one vehicle, are served here, the others
    by `inner`.
    """

    def __init__(
        self,
        inner: ASGIApp,
        routes: tuple[Route, ...],
        doors: Doors,
        faults: Faults,
        metrics: Metrics,
        *,
        bridge: Bridge,
        usage: UsageService,
    ) -> None:
        self._inner = inner
        self._doors = doors
        self._faults = faults
        self._metrics = metrics
        self._bridge = bridge
        self._usage = usage
        self._log = _log.bind()  # made once: the lazy one finds its configuration again at every call
        self._quiet = not self._log.is_enabled_for(logging.DEBUG)
        light = [route for route in routes if route.method == "GET"]
        self._plain: Mapping[str, Route] = {route.path: route for route in light if "{" not in route.path}
        # What follows the vehicle's id → its route.
        self._of_vehicle: Mapping[str, Route] = {
            route.path.removeprefix(_VEHICLE): route
            for route in light
            if route.path.startswith(_VEHICLE) and "{" not in route.path.removeprefix(_VEHICLE)
        }
        self._of_v3_vehicle: Mapping[str, Route] = {
            rest: route
            for rest, route in ((each.path.removeprefix(_V3_VEHICLE), each) for each in light)
            if route.path.startswith(_V3_VEHICLE) and ("{" not in rest or rest == _ONE_SIGNAL)
        }
        self._of_vins = next((route for route in light if route.path == _VIN), None)
        one_make = (route.path.removeprefix(_VEHICLE) for route in routes if route.tag == ONE_MAKE)
        self._of_one_make = frozenset(one_make)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        started = perf_counter()
        request_id = new_request_id()
        path = scope["path"]
        found = self._find(path)
        if found is None:
            path = clean_path(path)
            if _QUERY_IN_PATH in path:
                scope, path = _with_query(scope, path)
            found = self._find(path)
        client_id, endless = None, None
        if not path:
            answer = self._faults.write(VersionUnknown(), Call(scope, request_id=request_id))
            status, template = answer.status, "unmatched"
            await _send(send, answer, request_id)
        elif found is not None and (scope["method"] in _READS or found[0] is _UPPER_CASE):
            route, parameters = found
            call = Call(scope, parameters, request_id=request_id)
            answer = await self._answer(route, call)
            status, template, client_id = answer.status, route.path, call.client_id
            head = scope["method"] == "HEAD"
            if answer.tail is None or head:
                more = self._bridge.headers(call.header(HEADER), scope["method"], path)
                await _send(send, answer, request_id, head=head, more=more)
            else:
                endless = answer.tail
                await flowing.begin(send, answer, ((b"sc-request-id", request_id.encode()),))
        else:
            status, template, client_id = await self._through(scope, path, receive, send, request_id)
        seconds = perf_counter() - started
        self._metrics.request(template, status, seconds)
        if client_id is not None:
            self._usage.count(client_id, scope["method"], template)
        self._write_line(scope["method"], template, status, seconds, request_id)
        if endless is not None:  # counted when it begins
            await flowing.flow(receive, send, endless, request_id)

    def _write_line(self, method: str, template: str, status: int, seconds: float, request_id: str) -> None:
        """One line a request: the route's template, never path or query, which may hold a VIN or a secret."""
        if status < 400 and self._quiet:
            return
        write = self._log.debug if status < 400 else self._log.info  # a fault of ours has an error line of its own
        ms = round(seconds * 1000, 2)
        write("request", request_id=request_id, method=method[:16], route=template, status=status, ms=ms)

    def _find(self, path: str) -> tuple[Route, Mapping[str, str]] | None:
        route = self._plain.get(path)
        if route is not None:
            return route, _NONE
        if path.startswith(_BEFORE_VIN) and self._of_vins is not None:
            vin = path[len(_BEFORE_VIN) :]
            return (self._of_vins, {"vin": vin}) if vin and "/" not in vin else None
        if path.startswith(_V3_BEFORE_ID):
            return self._find_v3(path[len(_V3_BEFORE_ID) :])
        if path.startswith(_BEFORE_ID):
            vehicle_id, slash, rest = path[len(_BEFORE_ID) :].partition("/")
            route = self._of_vehicle.get(slash + rest)
            if route is not None and vehicle_id:
                return route, {"id": vehicle_id}
            make, _, tail = rest.partition("/")
            if make != make.lower() and f"/{make.lower()}/{tail}" in self._of_one_make:
                return _UPPER_CASE, {"id": vehicle_id}
        return None

    def _find_v3(self, path: str) -> tuple[Route, Mapping[str, str]] | None:
        vehicle_id, slash, rest = path.partition("/")
        signals, _, code = rest.partition("/")
        if not vehicle_id:
            return None
        if slash + signals == _SIGNALS and code and "/" not in code:
            return self._of_v3_vehicle[_ONE_SIGNAL], {"id": vehicle_id, "code": code}
        route = self._of_v3_vehicle.get(slash + rest)
        return None if route is None else (route, {"id": vehicle_id})

    async def _answer(self, route: Route, call: Call) -> Answer:
        try:
            if route.door:
                await self._doors.open(route.door, call)
            return await route.handler(call)
        except Exception as error:
            return await self._faults.answer(error, call, route)

    async def _through(
        self, scope: HTTPScope, path: str, receive: Receive, send: Send, request_id: str
    ) -> tuple[int, str, str | None]:
        """Hand the request to the framework, adding the request id to whatever it answers. Return the status, the
        route's template, and the application that a door has proven.
        """
        seen = 500
        state = {"request_id": request_id}
        head = scope["method"] == "HEAD"
        asked = [value for name, value in scope["headers"] if name == HEADER]
        more = self._bridge.headers(asked, scope["method"], path)
        inner: dict[str, Any] = {**scope, "path": path, "raw_path": path.encode(), "state": state}
        if head:
            inner["method"] = "GET"

        async def with_request_id(message: Message) -> None:
            nonlocal seen
            if message["type"] == "http.response.start":
                seen = message["status"]
                headers = [(name.lower(), value) for name, value in message["headers"]]
                if scope["method"] == "OPTIONS" and seen < 400:
                    headers = [*self._with_methods(headers, path), *preflight_headers(path, scope["headers"])]
                if seen == NO_CONTENT:
                    headers = [pair for pair in headers if pair[0] != b"content-type"]
                elif not any(name == b"content-type" for name, _ in headers):
                    headers.append((b"content-type", JSON))
                message["headers"] = [*with_caution(tuple(headers)), (b"sc-request-id", request_id.encode()), *more]
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        await self._inner(inner, receive, with_request_id)  # type: ignore[arg-type]  # a copy of the scope
        return seen, inner.get("path_template") or "unmatched", state.get(CLIENT)

    def _with_methods(self, headers: list[tuple[bytes, bytes]], path: str) -> list[tuple[bytes, bytes]]:
        """Name every method of a path: the framework names those of one handler alone."""
        allow = ", ".join(sorted({"OPTIONS", *self._faults.methods_of(path)})).encode()
        return [*((name, value) for name, value in headers if name != b"allow"), (b"allow", allow)]


def _with_query(scope: HTTPScope, path: str) -> tuple[HTTPScope, str]:
    """Give back the query that one SDK percent-encodes into the path of the service history."""
    path, _, query = path.partition("?")
    whole = b"&".join(part for part in (query.encode(), scope["query_string"]) if part)
    return {**scope, "query_string": whole}, path


def clean_path(path: str) -> str:
    """Collapse slashes, drop a trailing one, and spell every version from 2.0 on as ``/v2.0``, NHTSA's methods as the
    route table does.

    Empty for a version that is not served.

    >>> clean_path("//v2.0//compatibility/"), clean_path("/v99.1/compatibility"), clean_path("/v1.0/vehicles")
    ('/v2.0/compatibility', '/v2.0/compatibility', '')
    """
    if "//" in path:
        path = _SLASHES.sub("/", path)
    if len(path) > 1 and path[-1] == "/":
        path = path[:-1]
    if path[:1] == "/" and path[1:2] in "aA":
        return _NHTSA.sub(lambda found: NHTSA_PATH + _NHTSA_METHODS.get(found[1].lower(), found[1]), path)
    if not path.startswith("/v") or path.startswith("/v2.0/"):
        return path
    version = _VERSION.match(path)
    if version:
        if version[1] in {"0", "1"}:
            return ""
        return _CURRENT + path[version.end() :]
    return "" if _OTHER_VERSION.match(path) else path


async def _send(send: Send, answer: Answer, request_id: str, *, head: bool = False, more: Headers = ()) -> None:
    headers = [(b"sc-request-id", request_id.encode()), *with_caution(answer.headers), *more]
    if answer.status != NOT_MODIFIED:
        length = str(len(answer.body)).encode()
        headers = [(b"content-type", answer.content_type), (b"content-length", length), *headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body, "more_body": False})
