"""Both clients against servers that misbehave, and what they do not carry from one call to the next."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import struct
import threading
import time
from typing import Any

import pytest
from client.tests.conftest import QUICK, Hand, Told, hand_of, http

from carwire_client import (
    AsyncClient,
    AuthenticationFailed,
    Client,
    ConnectionFailed,
    InvalidAnswer,
    PermissionMissing,
    RateLimited,
    Secret,
    ServerFailed,
    TimedOut,
    Timeouts,
)
from carwire_client.drivers import USER_AGENT

USER = b'{"id": "u"}'
DONE = b'{"status": "success", "message": "Done"}'


def reset(connection: socket.socket) -> None:
    """Break the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket) -> None:
    """Say nothing until nobody listens."""
    time.sleep(1)


def dripping(connection: socket.socket) -> None:
    """Say a little every now and then, so that no single wait is long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(20):
        connection.sendall(b" ")
        time.sleep(0.05)


def fails(hand: Hand, expected: type[Exception], call: Any = None) -> Any:
    """Return the error a call fails with."""
    with pytest.raises(expected) as caught:
        hand(call() if call else hand.client.get_user("owner-token"))
    return caught.value


HTML = b"<html><body>It works!</body></html>"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (http(200, HTML, kind="text/html"), "35 bytes of text/html"),
        (http(200, USER, kind="text/plain"), "11 bytes of text/plain"),
        (http(200, b'{"id": "u'), "cannot be read as JSON"),
        (http(200, b""), "empty"),
        (http(204, b""), "empty"),
        (http(200, b"[]"), "list instead of an object"),
        (http(200, b'{"name": "x"}'), "missing required field `id`"),
        (http(200, b'{"id": NaN}'), "cannot be read as JSON"),
        (http(200, b'{"id": ' + b"[" * 100_000), "cannot be read as JSON"),
        (http(200, b'\xff{"id": 1}'), "cannot be read as JSON"),
        (http(302, b"", "location: https://elsewhere.test/login"), "answered 302"),
        (http(200, b"not gzip", "content-encoding: gzip"), "cannot be decompressed"),
    ],
)
def test_what_is_not_the_api_is_an_invalid_answer_that_says_what_came(
    at_told: Hand, told: Told, said: bytes, why: str
) -> None:
    told.tell(said)
    error = fails(at_told, InvalidAnswer)
    assert why in str(error)
    assert len(told.requests) == 1
    assert len(error.received) <= 1024


def test_what_came_is_attached_up_to_a_kibibyte(at_told: Hand, told: Told) -> None:
    told.tell(http(200, HTML, "sc-request-id: r-1", kind="text/html"))
    error = fails(at_told, InvalidAnswer)
    assert (error.received, error.status_code, error.request_id) == (HTML, 200, "r-1")
    told.tell(http(200, b"<" * 9000, kind="text/html"))
    assert fails(at_told, InvalidAnswer).received == b"<" * 1024


def test_a_missing_content_type_is_forgiven_when_it_is_json(at_told: Hand, told: Told) -> None:
    told.tell(http(200, USER, kind=None))
    assert at_told(at_told.client.get_user("t")).id == "u"


@pytest.mark.parametrize("kind", ["blocking", "awaited"])
def test_an_answer_without_end_is_not_read_to_its_end(told: Told, kind: str) -> None:
    from client.tests.conftest import wiring

    from carwire_client.origins import Origins

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    told.tell(endless)
    small = wiring(time.monotonic, origins=Origins.at(told.url), largest=1_000_000)  # type: ignore[arg-type]
    with hand_of(kind, told.url, wiring=small) as hand:
        error = fails(hand, InvalidAnswer)
    assert "larger than 1000000 bytes" in str(error)
    assert len(error.received) == 1024


def test_the_limit_holds_for_what_is_decompressed(told: Told) -> None:
    from client.tests.conftest import wiring

    from carwire_client.origins import Origins

    told.tell(http(200, gzip.compress(b" " * 5_000_000), "content-encoding: gzip"))
    small = wiring(time.monotonic, origins=Origins.at(told.url), largest=1_000_000)  # type: ignore[arg-type]
    with hand_of("blocking", told.url, wiring=small) as hand:
        assert "larger than 1000000 bytes" in str(fails(hand, InvalidAnswer))


def test_a_compressed_answer_is_read(at_told: Hand, told: Told) -> None:
    told.tell(http(200, gzip.compress(USER), "content-encoding: gzip"))
    assert at_told(at_told.client.get_user("t")).id == "u"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (reset, ConnectionFailed),
        (b"", ConnectionFailed),
        (b"SSH-2.0-OpenSSH_9.7\r\n", ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\ncontent-type: application/json\r\n\r\n{", ConnectionFailed),
        (silent, TimedOut),
        (dripping, TimedOut),
    ],
)
def test_a_read_that_is_lost_is_tried_again_and_then_an_error(
    at_told: Hand, told: Told, behaviour: Any, expected: type[Exception]
) -> None:
    told.tell(behaviour)
    error = fails(at_told, expected)
    assert error.may_have_happened
    assert len(told.requests) == 3
    told.tell(behaviour, http(200, USER))
    assert at_told(at_told.client.get_user("t")).id == "u"


@pytest.mark.parametrize(
    ("behaviour", "expected"), [(reset, ConnectionFailed), (silent, TimedOut), (dripping, TimedOut)]
)
def test_a_lock_that_is_lost_is_not_sent_again(
    at_told: Hand, told: Told, behaviour: Any, expected: type[Exception]
) -> None:
    told.tell(behaviour)
    vehicle = at_told.client.vehicle("car", "owner-token")
    assert fails(at_told, expected, vehicle.lock).may_have_happened
    assert len(told.requests) == 1


def test_a_lock_the_server_was_too_busy_for_is_sent_again_with_the_same_key(at_told: Hand, told: Told) -> None:
    told.tell(http(503), http(429, b"{}", "retry-after: 0"), http(200, DONE))
    assert at_told(at_told.client.vehicle("car", "t").lock()).message == "Done"
    keys = {
        line for each in told.requests for line in each.split(b"\r\n") if line.lower().startswith(b"idempotency-key")
    }
    assert (len(told.requests), len(keys)) == (3, 1)
    at_told(at_told.client.vehicle("car", "t").lock())
    assert keys != {line for line in told.requests[-1].split(b"\r\n") if line.lower().startswith(b"idempotency-key")}


@pytest.mark.parametrize("kind", ["blocking", "awaited"])
def test_nobody_at_the_address(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with hand_of(kind, f"http://127.0.0.1:{port}", retry=QUICK) as hand:
        assert not fails(hand, ConnectionFailed).may_have_happened
        assert not fails(hand, ConnectionFailed, hand.client.vehicle("car", "t").lock).may_have_happened


def test_errors_of_a_proxy_are_errors_by_their_status(at_told: Hand, told: Told) -> None:
    told.tell(http(403, HTML, kind="text/html"))
    assert fails(at_told, PermissionMissing).received == HTML
    told.tell(http(502, HTML, kind="text/html"))
    assert fails(at_told, ServerFailed).status_code == 502
    assert len(told.requests) == 3
    told.tell(http(429, HTML, "retry-after: 120", kind="text/html"))
    assert fails(at_told, RateLimited).retry_after == 120
    assert len(told.requests) == 1


def test_no_cookie_and_no_redirect_is_followed(at_told: Hand, told: Told) -> None:
    told.tell(http(200, USER, "set-cookie: owner=1; Path=/"), http(200, USER))
    at_told(at_told.client.get_user("first"))
    at_told(at_told.client.get_user("second"))
    assert b"cookie" not in told.requests[1].lower()


def test_the_server_is_told_who_asks(at_told: Hand, told: Told) -> None:
    told.tell(http(200, USER))
    at_told(at_told.client.get_user("t"))
    assert f"user-agent: {USER_AGENT}".lower().encode() in told.requests[0].lower()


def test_secrets_are_in_no_log_no_error_and_no_repr(
    at_told: Hand, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    auth = at_told.client.auth("https://example.com/auth")
    vehicle = at_told.client.vehicle("car", "owner-token")
    told.tell(http(401, b'{"error": "invalid_client", "error_description": "app-secret the-code"}'))
    seen = [fails(at_told, AuthenticationFailed, lambda: auth.exchange_code("the-code"))]
    told.tell(http(401, b'{"type": "AUTHENTICATION", "description": "owner-token"}'))
    seen += [fails(at_told, AuthenticationFailed), fails(at_told, AuthenticationFailed, vehicle.lock)]
    told.tell(reset)
    seen += [fails(at_told, ConnectionFailed), fails(at_told, ConnectionFailed, lambda: auth.exchange_code("the-code"))]
    shown = "".join(f"{e!r}{e}{e.__cause__!r}{e.__context__!r}" for e in seen)
    shown += repr([vehicle, auth, at_told.client, vehicle.ref, auth.ref, at_told.client.ref]) + caplog.text
    assert "owner-token" not in shown
    assert "the-code" not in shown
    assert "app-secret" not in shown
    assert "YXBwOmFwcC1zZWNyZXQ=" not in shown
    assert Secret("x") != "x"


def test_a_vehicle_does_not_show_its_token(at_told: Hand) -> None:
    vehicle = at_told.client.vehicle("car", "owner-token")
    assert "owner-token" not in f"{vehicle!r} {vehicle.ref!r} {vars(vehicle)!r}"


def test_threads_share_a_client(told: Told) -> None:
    told.tell(http(200, USER))
    with Client(told.url, environ={}) as client:
        found: list[str] = []
        threads = [threading.Thread(target=lambda: found.append(client.get_user("t").id)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == ["u"] * 20


def test_tasks_share_a_client_and_one_that_is_cancelled_spoils_nothing(told: Told) -> None:
    async def run() -> list[str]:
        async with AsyncClient(told.url, environ={}, timeouts=Timeouts(read=5)) as client:
            told.tell(silent)
            task = asyncio.create_task(client.get_user("t"))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            told.tell(http(200, USER))
            return [each.id for each in await asyncio.gather(*(client.get_user("t") for _ in range(20)))]

    assert asyncio.run(run()) == ["u"] * 20


def test_a_source_of_the_other_kind_is_refused(told: Told) -> None:
    class Waiting:
        async def token(self, rejected: Secret | None = None) -> Secret:
            return Secret("t")

    class Blocking:
        def token(self, rejected: Secret | None = None) -> Secret:
            return Secret("t")

    for kind, source in (("blocking", Waiting()), ("awaited", Blocking())):
        with hand_of(kind, told.url) as hand, pytest.raises(TypeError, match="token source"):
            hand(hand.client.get_user(source))
