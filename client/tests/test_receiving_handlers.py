"""The handlers of Starlette, FastAPI, Flask and Django answer the same: to their own test clients and over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import django
import httpx2
import pytest
import smartcar
import uvicorn
from client.tests.deliveries import (
    AMT,
    AT,
    ERROR,
    FORMS,
    OLD_VERIFY,
    SECRET,
    STATE,
    VERIFY,
    sc_signed,
    standard_signed,
    written,
)
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import AsyncClient as DjangoAsyncClient
from django.test import Client as DjangoClient
from django.test import override_settings
from django.urls import path
from fastapi import FastAPI
from fastapi import testclient as fastapi_testclient
from flask import Flask
from starlette.applications import Starlette
from starlette.testclient import TestClient
from werkzeug.serving import make_server

from carwire_client import NotConfigured
from carwire_client.receiving import Event, MemorySeen, VehicleStateEvent
from carwire_client.receiving.django import async_webhook_view
from carwire_client.receiving.django import webhook_view as django_view
from carwire_client.receiving.flask import webhook_blueprint
from carwire_client.receiving.flask import webhook_view as flask_view
from carwire_client.receiving.starlette import webhook_endpoint, webhook_route

LIMIT: Final = 20_000
BODY: Final = written(STATE)
SIGNED: Final = sc_signed(BODY)


if not settings.configured:
    settings.configure(
        ROOT_URLCONF=(),
        SECRET_KEY="none",
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", "django.middleware.common.CommonMiddleware"],
        LOGGING_CONFIG=None,
    )
    django.setup()


@dataclass
class Answer:
    """What a handler answered."""

    status: int
    body: bytes
    type: str


Post = Callable[[bytes, Mapping[str, str]], Answer]
Function = Callable[[Event], object]


class Made(Protocol):
    """Makes an application of one framework with a handler in it, and returns how it is sent something."""

    def __call__(self, function: Function, **options: Any) -> Post:
        """Make it."""


def _starlette(function: Function, **options: Any) -> Post:
    client = TestClient(Starlette(routes=[webhook_route("/hooks", function, **options)]))
    return _through(client)


def _fastapi(function: Function, **options: Any) -> Post:
    app = FastAPI()
    app.post("/hooks")(webhook_endpoint(function, **options))
    assert app.openapi()["paths"]["/hooks"]["post"]
    return _through(fastapi_testclient.TestClient(app))


def _through(client: Any) -> Post:
    def post(body: bytes, headers: Mapping[str, str]) -> Answer:
        found = client.post("/hooks", content=body, headers=dict(headers))
        return Answer(found.status_code, found.content, found.headers["content-type"])

    return post


def _flask(function: Function, **options: Any) -> Post:
    app = Flask("receiver")
    app.register_blueprint(webhook_blueprint("/hooks", function, **options))

    def post(body: bytes, headers: Mapping[str, str]) -> Answer:
        found = app.test_client().post("/hooks", data=body, headers=dict(headers))
        return Answer(found.status_code, found.data, found.content_type)

    return post


def _django(function: Function, **options: Any) -> Post:
    view = django_view(function, **options)

    def post(body: bytes, headers: Mapping[str, str]) -> Answer:
        with override_settings(ROOT_URLCONF=(path("hooks", view),)):
            client = DjangoClient(enforce_csrf_checks=True)
            found = client.post("/hooks", data=body, content_type="application/json", headers=dict(headers))
        return Answer(found.status_code, found.content, found.headers["Content-Type"])

    return post


def _django_async(function: Function, **options: Any) -> Post:
    view = async_webhook_view(function, **options)

    async def sent(body: bytes, headers: Mapping[str, str]) -> Answer:
        client = DjangoAsyncClient(enforce_csrf_checks=True)
        found = await client.post("/hooks", data=body, content_type="application/json", headers=dict(headers))
        return Answer(found.status_code, found.content, found.headers["Content-Type"])

    def post(body: bytes, headers: Mapping[str, str]) -> Answer:
        with override_settings(ROOT_URLCONF=(path("hooks", view),)):
            return asyncio.run(sent(body, headers))

    return post


MAKERS: Final[dict[str, Made]] = {
    "starlette": _starlette,
    "fastapi": _fastapi,
    "flask": _flask,
    "django": _django,
    "django, awaited": _django_async,
}
AWAITING: Final = {"starlette", "fastapi", "django, awaited"}


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest) -> Made:
    """A maker of applications."""
    return MAKERS[request.param]


@dataclass
class Calls:
    """A function that notes what it is called with, and raises while it is told to."""

    events: list[Event] = field(default_factory=list)
    failing: bool = False

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self.failing:
            msg = "no room for " + AMT
            raise RuntimeError(msg)


def test_an_event_reaches_the_function(made: Made) -> None:
    calls = Calls()
    answer = made(calls, management_token=AMT)(BODY, SIGNED)
    assert (answer.status, answer.body, answer.type) == (200, b"{}", "application/json")
    (event,) = calls.events
    assert isinstance(event, VehicleStateEvent)
    assert event.raw == STATE


def test_a_function_that_is_awaited_is_awaited(made: Made) -> None:
    calls = Calls()

    async def function(event: Event) -> None:
        await asyncio.sleep(0)
        calls(event)

    post = made(function, management_token=AMT)
    assert post(BODY, SIGNED).status == 200
    assert len(calls.events) == 1
    calls.failing = True
    other = written(ERROR)
    assert post(other, sc_signed(other)).status == 500


def test_what_looks_as_if_it_were_not_awaited_is_not_lost() -> None:
    calls = Calls()

    async def function(event: Event) -> None:
        calls(event)

    for name, maker in MAKERS.items():
        kept: list[Any] = []

        def hidden(event: Event, kept: list[Any] = kept) -> Any:
            kept.append(function(event))
            return kept[-1]

        status = maker(hidden, management_token=AMT)(BODY, SIGNED).status
        assert status == (200 if name in AWAITING else 500), name
        kept[-1].close()
    assert len(calls.events) == len(AWAITING)


@pytest.mark.parametrize("value", [VERIFY, OLD_VERIFY], ids=["4.0", "2.0"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_challenge_is_answered_without_the_function(made: Made, value: dict[str, Any], signed: bool) -> None:
    calls = Calls()
    body = written(value)
    challenge = (value.get("data") or value["payload"])["challenge"]
    answer = made(calls, management_token=AMT)(body, sc_signed(body) if signed else {})
    assert (answer.status, answer.type) == (200, "application/json")
    assert json.loads(answer.body) == {"challenge": smartcar.hash_challenge(AMT, challenge)}
    assert calls.events == []


def test_a_challenge_is_answered_with_the_token_it_was_signed_with(made: Made) -> None:
    body = written(VERIFY)
    post = made(Calls(), management_token=["new", "old"])
    challenge = VERIFY["data"]["challenge"]
    for headers, token in ((sc_signed(body, "old"), "old"), (sc_signed(body, "new"), "new"), ({}, "new")):
        answer = post(body, headers)
        assert json.loads(answer.body) == {"challenge": smartcar.hash_challenge(token, challenge)}


def test_a_challenge_nobody_can_answer_is_refused(made: Made) -> None:
    body = written(VERIFY)
    post = made(Calls(), secret=SECRET, clock=lambda: AT)
    assert post(body, {}).status == 401
    assert post(body, standard_signed(body)).status == 400


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (BODY, {}, 401),
        (BODY, sc_signed(BODY, "another"), 401),
        (BODY[:-1], SIGNED, 401),
        (b"", {}, 401),
        (b"<html>", {}, 401),
        (b"<html>", sc_signed(b"<html>"), 400),
        (b"[]", sc_signed(b"[]"), 400),
        (b'{"eventType":"VEHICLE_STATE"}', sc_signed(b'{"eventType":"VEHICLE_STATE"}'), 400),
        (b"[" * (LIMIT - 1), sc_signed(b"[" * (LIMIT - 1)), 400),
        (b" " * (LIMIT + 1), sc_signed(b" " * (LIMIT + 1)), 413),
        (b" " * 10_000_000, {}, 413),
    ],
    ids=range(11),
)
def test_what_is_refused_is_told_no_more_than_that(
    made: Made, body: bytes, headers: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    calls = Calls()
    answer = made(calls, management_token=AMT, limit=LIMIT)(body, headers)
    assert (answer.status, answer.type) == (status, "application/json")
    assert set(json.loads(answer.body)) == {"error"}
    assert len(answer.body) < 40
    assert calls.events == []
    assert AMT not in caplog.text


def test_what_the_function_raises_is_logged_and_tried_again(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    calls = Calls(failing=True)
    post = made(calls, management_token=AMT)
    answer = post(BODY, SIGNED)
    assert (answer.status, answer.body) == (500, b'{"error":"failed"}')
    assert "no room" in caplog.text
    calls.failing = False
    assert post(BODY, SIGNED).status == 200
    assert post(BODY, SIGNED).status == 200
    assert len(calls.events) == 2  # failed, done; the third was known


def test_an_event_that_came_already_is_answered_and_not_dealt_with_again(made: Made) -> None:
    calls = Calls()
    post = made(calls, management_token=AMT)
    again = {**STATE, "meta": {**STATE["meta"], "deliveryId": "another", "deliveredAt": 1780300825000}}
    other = {**STATE, "meta": {**STATE["meta"], "webhookId": "another"}}
    for value in (STATE, again, STATE, other):
        body = written(value)
        assert post(body, sc_signed(body)).status == 200
    assert [event.meta.webhook_id for event in calls.events] == [STATE["meta"]["webhookId"], "another"]


def test_an_event_without_an_id_is_dealt_with_every_time(made: Made) -> None:
    calls = Calls()
    post = made(calls, management_token=AMT)
    body = written(FORMS["dynamic"])
    assert [post(body, sc_signed(body)).status for _ in range(2)] == [200, 200]
    assert len(calls.events) == 2


def test_several_handlers_can_share_what_remembers(made: Made) -> None:
    calls, seen = Calls(), MemorySeen()
    for _ in range(2):
        assert made(calls, management_token=AMT, seen=seen)(BODY, SIGNED).status == 200
    assert len(calls.events) == 1


class Awaited:
    """Remembers, awaited; fails while it is told to."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.failing = False

    async def has(self, key: str) -> bool:
        """Tell."""
        await asyncio.sleep(0)
        if self.failing:
            raise ConnectionError
        return key in self.keys

    async def add(self, key: str) -> None:
        """Remember."""
        self.keys.add(key)


def test_what_remembers_may_be_awaited_where_handlers_are() -> None:
    for name, maker in MAKERS.items():
        calls, seen = Calls(), Awaited()
        if name not in AWAITING:
            with pytest.raises(TypeError, match="does not wait"):
                maker(calls, management_token=AMT, seen=seen)
            continue
        post = maker(calls, management_token=AMT, seen=seen)
        seen.failing = True
        assert post(BODY, SIGNED).status == 500
        seen.failing = False
        assert [post(BODY, SIGNED).status for _ in range(2)] == [200, 200]
        assert len(calls.events) == 1


def test_the_oldest_is_forgotten() -> None:
    seen = MemorySeen(2)
    for key in ("a", "b"):
        seen.add(key)
    assert seen.has("a")
    seen.add("c")
    assert [seen.has(key) for key in ("a", "b", "c")] == [True, False, True]


@pytest.mark.parametrize("name", sorted(AWAITING))
def test_a_function_that_is_not_awaited_does_not_hold_up_the_loop(name: str) -> None:
    outside: list[bool] = []

    def function(event: Event) -> None:
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            return
        outside.append(True)

    assert MAKERS[name](function, management_token=AMT)(BODY, SIGNED).status == 200
    assert outside == [True]


def test_other_methods_are_refused() -> None:
    app = Starlette(routes=[webhook_route("/hooks", print, management_token=AMT)])
    assert TestClient(app).get("/hooks").status_code == 405
    flask = Flask("receiver")
    flask.add_url_rule("/hooks", view_func=flask_view(print, management_token=AMT), methods=["POST"])
    assert flask.test_client().get("/hooks").status_code == 405
    with override_settings(ROOT_URLCONF=(path("hooks", django_view(print, management_token=AMT)),)):
        assert DjangoClient().get("/hooks").status_code == 405


def test_a_handler_without_keys_is_not_made(made: Made) -> None:
    for options in ({}, {"management_token": ""}, {"secret": "whsec_"}):
        with pytest.raises(NotConfigured):
            made(print, **options)


def test_the_limit_of_a_flask_application_is_kept_to_where_it_is_less() -> None:
    app = Flask("receiver")
    app.config["MAX_CONTENT_LENGTH"] = 100
    app.register_blueprint(webhook_blueprint("/hooks", print, management_token=AMT))
    assert app.test_client().post("/hooks", data=BODY, headers=SIGNED).status_code == 413


def test_two_blueprints_live_in_one_application() -> None:
    app, calls = Flask("receiver"), Calls()
    app.register_blueprint(webhook_blueprint("/a", calls, management_token=AMT))
    app.register_blueprint(webhook_blueprint("/b", calls, name="errors", management_token=AMT))
    assert [app.test_client().post(each, data=BODY, headers=SIGNED).status_code for each in ("/a", "/b")] == [200, 200]


# --- over HTTP


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application at an address of this machine."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hooks"
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def served_wsgi(app: Any) -> Iterator[str]:
    """Serve a WSGI application at an address of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/hooks"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _run(url: str, calls: Calls) -> None:
    chunks = [BODY[:100], BODY[100:]]
    with httpx2.Client() as client:
        verify = client.post(url, content=written(VERIFY))
        assert verify.json() == {"challenge": smartcar.hash_challenge(AMT, VERIFY["data"]["challenge"])}
        assert verify.headers["content-type"] == "application/json"
        assert client.post(url, content=BODY, headers=SIGNED).status_code == 200
        assert client.post(url, content=iter(chunks), headers=SIGNED).status_code in {200, 401}  # WSGI knows no chunks
        assert client.post(url, content=BODY, headers=sc_signed(b"")).status_code == 401
    with httpx2.Client() as client, contextlib.suppress(httpx2.TransportError):  # it may hang up before the end
        assert client.post(url, content=b" " * 5_000_000, headers=SIGNED).status_code == 413
    assert len(calls.events) == 1


def test_starlette_over_http() -> None:
    calls = Calls()
    with served(Starlette(routes=[webhook_route("/hooks", calls, management_token=AMT)])) as url:
        _run(url, calls)


def test_flask_over_http() -> None:
    calls, app = Calls(), Flask("receiver")
    app.register_blueprint(webhook_blueprint("/hooks", calls, management_token=AMT))
    with served_wsgi(app) as url:
        _run(url, calls)


@pytest.mark.parametrize("awaited", [True, False])
def test_django_over_http(awaited: bool) -> None:
    calls = Calls()
    view: Any = (async_webhook_view if awaited else django_view)(calls, management_token=AMT)
    table = (path("hooks", view),)
    with override_settings(ROOT_URLCONF=table), served(ASGIHandler()) if awaited else served_wsgi(WSGIHandler()) as url:
        _run(url, calls)


def test_no_framework_is_imported_but_by_its_own_module() -> None:
    program = """
import sys
import carwire_client.receiving
print(sorted({"starlette", "fastapi", "flask", "werkzeug", "django", "asgiref"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
