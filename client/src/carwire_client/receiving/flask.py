"""Receiving webhooks in Flask. Needs ``carwire-client[flask]``.

>>> from flask import Flask
>>> app = Flask("receiver")
>>> app.register_blueprint(webhook_blueprint("/hooks", print, management_token="amt-demo-7f3c"))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from carwire_client.receiving.events import Event
from carwire_client.receiving.receiver import JSON, TOO_LARGE, Receiver, ReceiverOptions


def webhook_view(function: Callable[[Event], object], **options: Unpack[ReceiverOptions]) -> Callable[[], Response]:
    """Return a view, for POST, that calls the function with every event; one that is awaited runs in a loop of its own.

    Raises `NotConfigured` without a management token or secret.
    """
    receiver = Receiver(**options)

    def view() -> Response:
        own = request.max_content_length
        request.max_content_length = receiver.limit if own is None else min(own, receiver.limit)
        try:
            body = request.get_data()
        except RequestEntityTooLarge:
            reply = TOO_LARGE
        else:
            reply = receiver.receive(body, request.headers, current_app.ensure_sync(function))
        return Response(reply.body, reply.status, content_type=JSON)

    return view


def webhook_blueprint(
    path: str,
    function: Callable[[Event], object],
    *,
    name: str = "carwire_webhooks",
    **options: Unpack[ReceiverOptions],
) -> Blueprint:
    """Return a blueprint with such a view. Several in one application need a name each."""
    found = Blueprint(name, __name__)
    found.add_url_rule(path, "receive", webhook_view(function, **options), methods=["POST"])
    return found
