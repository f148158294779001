"""Receiving webhooks in Django. Needs ``carwire-client[django]``.

Put a view into the ``urlpatterns``: ``path("hooks", webhook_view(function, management_token=…))``. It asks for no
CSRF token, since no form of yours is sent to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Unpack, cast

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from carwire_client.receiving.events import Event
from carwire_client.receiving.receiver import (
    JSON,
    AsyncReceiver,
    AsyncReceiverOptions,
    Receiver,
    ReceiverOptions,
    Reply,
    is_awaited,
)

View = Callable[[HttpRequest], HttpResponse]
AsyncView = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]


def webhook_view(function: Callable[[Event], object], **options: Unpack[ReceiverOptions]) -> View:
    """Return a view that calls the function with every event, and awaits it where it has to be.

    Raises `NotConfigured` without a management token or secret.
    """
    receiver = Receiver(**options)
    call = async_to_sync(cast("Callable[[Event], Awaitable[object]]", function)) if is_awaited(function) else function

    @csrf_exempt
    @require_POST
    def view(request: HttpRequest) -> HttpResponse:
        return _response(receiver.receive(request.read(receiver.limit + 1), request.headers, call))

    return view


def async_webhook_view(function: Callable[[Event], object], **options: Unpack[AsyncReceiverOptions]) -> AsyncView:
    """Return such a view that is awaited; a function that is not runs in Django's thread for such."""
    receiver = AsyncReceiver(**options)
    call = function if is_awaited(function) else sync_to_async(function)

    @csrf_exempt
    @require_POST
    async def view(request: HttpRequest) -> HttpResponse:
        body = request.read(receiver.limit + 1)
        return _response(await receiver.receive(body, request.headers, call))

    return view


def _response(reply: Reply) -> HttpResponse:
    return HttpResponse(reply.body, status=reply.status, content_type=JSON)
