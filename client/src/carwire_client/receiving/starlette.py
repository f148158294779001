"""Receiving webhooks in Starlette and FastAPI. Needs ``carwire-client[starlette]``.

>>> from starlette.applications import Starlette
>>> app = Starlette(routes=[webhook_route("/hooks", print, management_token="amt-demo-7f3c")])

In FastAPI: ``app.post("/hooks")(webhook_endpoint(function, management_token=…))``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Unpack

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from carwire_client.receiving.events import Event
from carwire_client.receiving.receiver import JSON, TOO_LARGE, AsyncReceiver, AsyncReceiverOptions, is_awaited

Endpoint = Callable[[Request], Awaitable[Response]]


def webhook_endpoint(function: Callable[[Event], object], **options: Unpack[AsyncReceiverOptions]) -> Endpoint:
    """Return an endpoint that calls the function with every event; one that is not awaited runs in a thread.

    Raises `NotConfigured` without a management token or secret.
    """
    receiver = AsyncReceiver(**options)
    call = function if is_awaited(function) else lambda event: run_in_threadpool(function, event)

    async def endpoint(request: Request) -> Response:
        body = await _body(request, receiver.limit)
        reply = TOO_LARGE if body is None else await receiver.receive(body, request.headers.raw, call)
        return Response(reply.body, reply.status, media_type=JSON)

    return endpoint


def webhook_route(path: str, function: Callable[[Event], object], **options: Unpack[AsyncReceiverOptions]) -> Route:
    """Return a route with such an endpoint, for POST alone."""
    return Route(path, webhook_endpoint(function, **options), methods=["POST"])


async def _body(request: Request, limit: int) -> bytes | None:
    """Return the bytes as they came; null as soon as there are too many."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > limit:
            return None
    return bytes(found)
