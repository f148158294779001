"""Events as they happen, with both clients: whole and in order over connections that break, typed, and tolerant."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from client.tests.conftest import hand_of

from carwire_client import AuthenticationFailed, CarwireError, InvalidAnswer, RetryPolicy, ServerFailed
from carwire_client.receiving import Event, GapEvent, UnknownEvent, VehicleErrorEvent, VehicleStateEvent

Handle = Callable[[BaseHTTPRequestHandler, str], None]
KINDS = ["blocking", "awaited"]
CAR = {"user": {"id": "u"}, "vehicle": {"id": "v", "make": "A\u2028B"}}


def message(place: str, kind: str = "VEHICLE_STATE", data: object = None) -> bytes:
    """Write an event as the server does."""
    told = data or {"eventId": f"e{place}", "eventType": kind, "data": {**CAR, "signals": [], "errors": []}}
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    return f"id: {place}\nevent: {kind}\ndata: {text}\n\n".encode()


@contextmanager
def serving(handle: Handle) -> Iterator[str]:
    """Serve the streams; each connection is one answer, after the place it asks for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            handle(self, self.headers.get("last-event-id") or "")

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answer(to: BaseHTTPRequestHandler, body: bytes, status: int = 200, kind: str = "text/event-stream") -> None:
    """Answer with what ends when the connection does."""
    to.send_response(status)
    to.send_header("content-type", kind)
    to.end_headers()
    to.wfile.write(body)


def taken(url: str, kind: str, count: int, **asked: Any) -> list[Event]:
    """Take so many events, and leave."""
    retry = RetryPolicy(attempts=2, first_wait=0.01)
    with hand_of(kind, url, client_id="a", client_secret="s", retry=retry) as hand:
        events = hand.client.v1.events(**asked)
        if kind == "blocking":
            found = list(itertools.islice(events, count))
            events.close()
            return found

        async def gather() -> list[Event]:
            async with aclosing(events):
                return [each async for each, _ in _numbered(events, count)]

        result: list[Event] = hand(gather())
        return result


async def _numbered(events: Any, count: int) -> Any:
    for number in range(count):
        yield await anext(events), number


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_breaks_anywhere_is_whole_in_the_end(kind: str) -> None:
    dice = random.Random(7)
    asked: list[str] = []
    every = [message(str(number)) for number in range(1, 31)]

    def handle(to: BaseHTTPRequestHandler, last: str) -> None:
        asked.append(last)
        rest = b"retry: 1\n\n: alive\nid: %b\n\n" % (last or "0").encode() + b"".join(every[int(last or 0) :])
        cut = len(rest) if len(asked) == 5 else dice.randrange(len(rest) // 3)
        answer(to, rest[:cut])

    with serving(handle) as url:
        found = taken(url, kind, 30)
    assert [each.place for each in found] == [str(number) for number in range(1, 31)]
    assert all(isinstance(each, VehicleStateEvent) and each.vehicle.make == "A\u2028B" for each in found)
    assert not any(each.signed for each in found)
    assert len(asked) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_typed_and_what_is_unknown_stops_nobody(kind: str) -> None:
    asked: list[tuple[str, str]] = []

    def handle(to: BaseHTTPRequestHandler, last: str) -> None:
        asked.append((last, to.path))
        pieces = [
            *(message("1.1"), message("1", "VEHICLE_ERROR"), message("2", "NEW", {"eventType": "NEW"})),
            *(message("3", "NEW", "no JSON"), message("9", "gap", {"after": 3, "goesOnAfter": 9})),
            *(message("10", "gap", {"after": "x"}), message("11", "VEHICLE_STATE", {"eventType": "VEHICLE_STATE"})),
        ]
        answer(to, b"".join(pieces))

    with serving(handle) as url:
        found = taken(url, kind, 7, after=5, webhook="w")
    assert [type(each) for each in found] == [
        *(VehicleStateEvent, VehicleErrorEvent, UnknownEvent, UnknownEvent, GapEvent, UnknownEvent, UnknownEvent)
    ]
    gap = found[4]
    assert isinstance(gap, GapEvent)
    assert (gap.after, gap.goes_on_after, gap.place) == (3, 9, "9")
    assert asked[0] == ("5", "/v1/events?webhook=w")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "content_type", "error", "times"),
    [
        (401, "application/json", AuthenticationFailed, 1),
        (503, "application/json", ServerFailed, 2),
        (200, "application/json", InvalidAnswer, 1),
    ],
)
def test_a_stream_that_never_begins_fails_as_any_call(
    kind: str, status: int, content_type: str, error: type[CarwireError], times: int
) -> None:
    asked: list[str] = []
    body = {"statusCode": status, "type": "SERVER" if status == 503 else "AUTHENTICATION", "code": None}

    def handle(to: BaseHTTPRequestHandler, last: str) -> None:
        asked.append(last)
        answer(to, json.dumps({**body, "description": "d", "requestId": "r"}).encode(), status, content_type)

    with serving(handle) as url, pytest.raises(error):
        taken(url, kind, 1)
    assert len(asked) == times


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_has_begun_outlives_what_may_pass_and_ends_with_what_will_not(kind: str) -> None:
    answers = [200, 503, 401]

    def handle(to: BaseHTTPRequestHandler, last: str) -> None:
        status = answers.pop(0)
        answer(to, message("1") if status == 200 else b"{}", status, "text/event-stream" if status == 200 else "x/y")

    with serving(handle) as url, pytest.raises(AuthenticationFailed):
        taken(url, kind, 2)
    assert answers == []
