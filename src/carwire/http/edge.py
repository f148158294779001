"""The outermost layer: request id, path spelling, API version, metrics, the log line, and the plain-ASGI fast path.

Official SDKs ask with and without trailing slashes, sometimes with two slashes, and with version numbers of their own
making: all of that is settled here, without redirects, before anything is routed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from carwire.http.call import JSON, Answer, Call, Route, VersionUnknown
from carwire.http.door import application_of
from carwire.http.faults import answer_to
from carwire.http.metrics import Metrics
from carwire.kit.ids import new_request_id
from carwire.services.accounts import AccountService

_log = structlog.get_logger("carwire.http")
_SLASHES: Final = re.compile("//+")
_VERSION: Final = re.compile(r"^/v0*([0-9]+)\.[0-9]+(?=/|$)")
_OTHER_VERSION: Final = re.compile(r"^/v(?!1(?:/|$))[0-9]")
_CURRENT: Final = "/v2.0"
_READS: Final = ("GET", "HEAD")


class Edge:
    """The ASGI application the server runs: `routes` without a parameter are served here, the others by `inner`."""

    def __init__(
        self, inner: ASGIApp, routes: tuple[Route, ...], accounts: AccountService, metrics: Metrics, base_url: str
    ) -> None:
        self._inner = inner
        self._accounts = accounts
        self._metrics = metrics
        self._base_url = base_url
        self._log = _log.bind()  # made once: the lazy one finds its configuration again at every call
        self._fast: Mapping[str, Route] = {
            route.path: route for route in routes if route.method == "GET" and "{" not in route.path and not route.heavy
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        started = perf_counter()
        request_id = new_request_id()
        path = scope["path"]
        route = self._fast.get(path)
        if route is None:
            path = clean_path(path)
            route = self._fast.get(path)
        if not path:
            answer = answer_to(VersionUnknown(), request_id=request_id, base_url=self._base_url)
            status, template = answer.status, "unmatched"
            await _send(send, answer, request_id)
        elif route is not None and scope["method"] in _READS:
            answer = self._answer(route, scope, request_id)
            status, template = answer.status, route.path
            await _send(send, answer, request_id, head=scope["method"] == "HEAD")
        else:
            status, template = await self._through(scope, path, receive, send, request_id)
        seconds = perf_counter() - started
        self._metrics.request(template, status, seconds)
        self._write_line(scope["method"], template, status, seconds, request_id)

    def _write_line(self, method: str, template: str, status: int, seconds: float, request_id: str) -> None:
        """One line a request: the route's template, never path or query, which may hold a VIN or a secret."""
        write = self._log.debug if status < 400 else self._log.info if status < 500 else self._log.error
        ms = round(seconds * 1000, 2)
        write("request", request_id=request_id, method=method[:16], route=template, status=status, ms=ms)

    def _answer(self, route: Route, scope: HTTPScope, request_id: str) -> Answer:
        try:
            call = Call(scope)
            if route.door:
                application_of(call, self._accounts)
            return route.handler(call)
        except Exception as error:
            return answer_to(error, request_id=request_id, base_url=self._base_url)

    async def _through(
        self, scope: HTTPScope, path: str, receive: Receive, send: Send, request_id: str
    ) -> tuple[int, str]:
        """Hand the request to the framework, adding the request id to whatever it answers."""
        seen = 500
        head = scope["method"] == "HEAD"
        inner: dict[str, Any] = {**scope, "path": path, "raw_path": path.encode(), "state": {"request_id": request_id}}
        if head:
            inner["method"] = "GET"

        async def with_request_id(message: Message) -> None:
            nonlocal seen
            if message["type"] == "http.response.start":
                seen = message["status"]
                headers = [(name.lower(), value) for name, value in message["headers"]]
                if not any(name == b"content-type" for name, _ in headers):
                    headers.append((b"content-type", JSON))
                message["headers"] = [*headers, (b"sc-request-id", request_id.encode())]
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        await self._inner(inner, receive, with_request_id)  # type: ignore[arg-type]  # a copy of the scope
        return seen, inner.get("path_template") or "unmatched"


def clean_path(path: str) -> str:
    """Collapse slashes, drop a trailing one, and spell every version from 2.0 on as ``/v2.0``.

    Empty for a version that is not served.

    >>> clean_path("//v2.0//compatibility/"), clean_path("/v99.1/compatibility"), clean_path("/v1.0/vehicles")
    ('/v2.0/compatibility', '/v2.0/compatibility', '')
    """
    if "//" in path:
        path = _SLASHES.sub("/", path)
    if len(path) > 1 and path[-1] == "/":
        path = path[:-1]
    if not path.startswith("/v") or path.startswith("/v2.0/"):
        return path
    version = _VERSION.match(path)
    if version:
        if version[1] in {"0", "1"}:
            return ""
        return _CURRENT + path[version.end() :]
    return "" if _OTHER_VERSION.match(path) else path


async def _send(send: Send, answer: Answer, request_id: str, *, head: bool = False) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        (b"sc-request-id", request_id.encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body, "more_body": False})
