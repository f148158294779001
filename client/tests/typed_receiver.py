"""A program of somebody who receives webhooks, for the type checkers; its frameworks have to be there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.urls import path
from flask import Flask
from starlette.applications import Starlette

from carwire_client import Secret
from carwire_client.receiving import Event, MemorySeen
from carwire_client.receiving.django import async_webhook_view
from carwire_client.receiving.django import webhook_view as django_view
from carwire_client.receiving.flask import webhook_blueprint, webhook_view
from carwire_client.receiving.starlette import webhook_endpoint, webhook_route


class Shared:
    """Remembers events for several processes."""

    async def has(self, key: str) -> bool:
        """Tell whether the event was dealt with."""
        return bool(key)

    async def add(self, key: str) -> None:
        """Remember that it was."""


def handle(event: Event) -> None:
    """Do something with an event."""


async def handle_later(event: Event) -> None:
    """Do something with an event."""


view: Callable[[HttpRequest], HttpResponse] = django_view(handle, secret=["whsec_a", Secret("whsec_b")])
urlpatterns = [path("hooks", view), path("later", async_webhook_view(handle_later, management_token="amt"))]
routes = [
    webhook_route("/hooks", handle, management_token="amt", limit=10_000, tolerance=timedelta(minutes=1)),
    webhook_route("/later", handle_later, management_token="amt", seen=Shared()),
]
app = Starlette(routes=routes)
app.add_route("/more", webhook_endpoint(handle, management_token="amt"), methods=["POST"])
flask = Flask("receiver")
flask.register_blueprint(webhook_blueprint("/hooks", handle, management_token="amt", seen=MemorySeen(100)))
flask.add_url_rule("/more", view_func=webhook_view(handle_later, secret="whsec_a"), methods=["POST"])
