"""One POST, whatever the endpoint does: right, slow, hostile or not there."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import resource
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random

import pytest
from tests.senders.endpoints import LOOPBACK, OK, Authority, Endpoint, Handler, Request, answering, lead, serve

from carwire import __version__
from carwire.core.delivery import Sent, verdict
from carwire.kit.networks import Networks
from carwire.senders.web import WebSender, retry_after_s

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HERE = Networks.read("127.0.0.0/8,::1/128")
LIMIT_S = 0.4
TICK_S = 0.01  # uvloop's timers are of whole milliseconds


@pytest.fixture
async def web() -> AsyncIterator[WebSender]:
    sender = WebSender(HERE, lambda: NOW)
    yield sender
    await sender.close()


async def post(web: WebSender, handle: Handler | bytes, *, keep: int = 1024, timeout_s: float = 10.0) -> Sent:
    """Send to an endpoint that lives as long as the call."""
    async with serve(answering(handle) if isinstance(handle, bytes) else handle) as endpoint:
        return await web.post(f"http://127.0.0.1:{endpoint.port}/hook", b"{}", {}, keep=keep, timeout_s=timeout_s)


async def test_what_is_sent_is_the_body_and_few_headers(web: WebSender) -> None:
    body = '{"note":"Zürich"}'.encode()
    async with serve(answering(OK)) as endpoint:
        url = f"http://127.0.0.1:{endpoint.port}/a%2Fb/%7E/./x;y?q=%20+&u=http://a/&e="
        sent = await web.post(url, body, {"SC-Signature": "ab" * 32, "webhook-id": "x"})
    (request,) = endpoint.requests
    assert request.line == "POST /a%2Fb/%7E/./x;y?q=%20+&u=http://a/&e= HTTP/1.1"
    assert request.body == body
    assert {name.lower(): value for name, value in request.headers} == {
        "host": f"127.0.0.1:{endpoint.port}",
        "content-type": "application/json",
        "user-agent": f"Carwire/{__version__}",
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-length": str(len(body)),
        "sc-signature": "ab" * 32,
        "webhook-id": "x",
    }
    assert (sent.status, sent.problem, sent.detail, sent.body) == (200, None, None, b"ok")
    assert (sent.content_type, sent.retry_after_s) == ("text/plain", None)
    assert 0 < sent.seconds < 10


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        *((status, None) for status in (200, 201, 202, 204, 206, 299)),
        *((status, "redirect") for status in (300, 301, 302, 303, 304, 307, 308)),
        *((status, "status") for status in (400, 401, 404, 410, 418, 429, 500, 502, 503, 504, 599, 600, 999)),
    ],
)
async def test_a_status_says_whether_it_was_taken(web: WebSender, status: int, problem: str | None) -> None:
    sent = await post(web, b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
    assert (sent.status, sent.problem) == (status, problem)
    assert (sent.detail is None) is (problem is None)
    assert problem is None or str(status) in (sent.detail or "")
    assert verdict(sent) == ("done" if problem is None else "gone" if status == 410 else "retry")


async def test_no_redirect_of_a_chain_is_followed(web: WebSender) -> None:
    async with serve(answering(OK)) as last:
        for status in (301, 302, 303, 307, 308):
            to = f"http://127.0.0.1:{last.port}/"
            sent = await post(web, f"HTTP/1.1 {status} X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())
            assert sent.problem == "redirect"
        assert last.connections == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0), ("120", 120.0), (" 7 ", 7.0), ("9" * 30, 1e30), ("0005", 5.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        ("Friday, 01-May-26 12:01:30 GMT", 90.0), ("Fri May  1 12:01:30 2026", 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("Fri, 01 May 2026 14:01:30 +0200", 90.0),
        *((bad, None) for bad in ("-1", "1.5", "1e9", "soon", "0x10", "٣", "²", "9" * 41, "120, 60", "NaN", "inf")),
        *((bad, None) for bad in ("Fri, 99 May 2026 12:00:00 GMT", "01 May 99999999 12:00:00", ",", "\x01", "GMT")),
    ],
)  # fmt: skip
async def test_retry_after_is_read_in_both_forms_and_garbage_is_null(
    web: WebSender, header: str, seconds: float | None
) -> None:
    assert retry_after_s(header, NOW) == seconds
    if "\x01" not in header:
        head = f"HTTP/1.1 503 X\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n"
        assert (await post(web, head.encode())).retry_after_s == seconds


async def test_an_empty_retry_after_is_null(web: WebSender) -> None:
    assert (await post(web, b"HTTP/1.1 503 X\r\nRetry-After:\r\nContent-Length: 0\r\n\r\n")).retry_after_s is None


@pytest.mark.parametrize(("size", "keep"), [(0, 1024), (1, 1024), (1024, 1024), (5000, 1024), (70_000, 65_536)])
async def test_of_an_answer_the_beginning_is_kept(web: WebSender, size: int, keep: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    sent = await post(web, b"HTTP/1.1 500 X\r\nContent-Length: %d\r\n\r\n%b" % (size, body[:size]), keep=keep)
    assert sent.body == body[:size][:keep]


async def test_an_answer_without_end_is_neither_read_nor_held(web: WebSender) -> None:
    written = 0
    given_up = asyncio.Event()

    async def flood(_request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            while written < 1_000_000_000:
                writer.write(b"x" * 65_536)
                await writer.drain()
                written += 65_536
        except OSError:
            given_up.set()
            raise

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with serve(flood) as endpoint:
        sent = await web.post(f"http://127.0.0.1:{endpoint.port}/", b"{}", {})
        await asyncio.wait_for(given_up.wait(), 5)
    assert (sent.status, sent.problem, sent.body) == (200, None, b"x" * 1024)
    assert sent.seconds < 5
    assert written < 20_000_000  # what the sockets of both sides hold
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


async def test_what_is_packed_stays_packed(web: WebSender) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sent = await post(web, head + bomb, keep=65_536)
    assert sent.body == bomb[:65_536]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


async def trickle(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Send a byte of a header now and then."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def silence(_request: Request, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def informing(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Announce an answer for ever."""
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("handle", [trickle, silence, informing])
async def test_a_tar_pit_ends_at_the_limit(web: WebSender, handle: Handler) -> None:
    began = time.monotonic()
    sent = await post(web, handle, timeout_s=LIMIT_S)
    assert (sent.status, sent.problem) == (None, "timeout")
    assert sent.detail == "No answer came within 0.4 s."
    assert LIMIT_S - TICK_S <= sent.seconds <= time.monotonic() - began < LIMIT_S + 2


async def test_headers_without_end_are_no_answer(web: WebSender) -> None:
    async def flood(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Pad: " + b"y" * 4000 + b"\r\n")
            await writer.drain()

    sent = await post(web, flood, timeout_s=5)
    assert (sent.status, sent.problem) == (None, "protocol")


async def test_a_body_that_does_not_end_in_time_does_not_undo_its_status(web: WebSender) -> None:
    async def slow(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        await asyncio.sleep(30)

    sent = await post(web, slow, timeout_s=LIMIT_S)
    assert (sent.status, sent.problem, sent.body) == (200, None, b"abc")
    assert sent.seconds >= LIMIT_S - TICK_S


async def stop(_request: Request, writer: asyncio.StreamWriter) -> None:
    writer.close()


def cut(answer: bytes) -> Handler:
    """Answer this much and close."""

    async def handle(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    return handle


async def test_an_answer_that_breaks_off_counts_from_its_status_on(web: WebSender) -> None:
    assert (await post(web, stop)).problem == "connection"
    assert (await post(web, cut(b"HTTP/1.1 200 OK\r\nContent-Le"))).problem == "connection"
    sent = await post(web, cut(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"))
    assert (sent.status, sent.problem, sent.body) == (200, None, b"abc")
    sent = await post(web, cut(b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n7\r\nab"))
    assert (sent.status, sent.problem, sent.body) == (500, "status", b"abcab")


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n", b"220 mail ESMTP\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n",
        b"HTTP/1.1 abc X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"<html>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"HTTP/1.1 20 OK\r\n\r\n",
    ],
)  # fmt: skip
async def test_what_is_no_http_is_said_to_be_none(web: WebSender, answer: bytes) -> None:
    sent = await post(web, cut(answer), timeout_s=2)
    assert (sent.status, sent.problem) == (None, "protocol")


async def test_nothing_an_endpoint_writes_raises(web: WebSender) -> None:
    dice = Random(11)
    good = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=\xc3\xa9\xff\r\nSet-Cookie: a=\xff\r\n\r\nbody"
    for _ in range(300):
        answer = bytearray(good)
        for _ in range(dice.randint(0, 12)):
            answer[dice.randrange(len(answer))] = dice.randrange(256)
        sent = await post(web, cut(bytes(answer)), timeout_s=2)
        assert (sent.problem is None) == (sent.status is not None and 200 <= sent.status < 300)
        (sent.content_type or "").encode()  # can be written down
        (sent.detail or "").encode()


async def test_a_host_that_is_not_there_is_told_apart(web: WebSender, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(answering(OK)) as gone:
        pass
    assert (await web.post(f"http://127.0.0.1:{gone.port}/", b"{}", {})).problem == "refused"
    lead(monkeypatch, lambda host: LOOPBACK if host == "many.example" else [])
    assert (await web.post(f"http://many.example:{gone.port}/", b"{}", {})).problem == "refused"
    assert (await web.post("https://no.example/", b"{}", {})).problem == "dns"


async def test_connections_are_kept_and_closed_in_the_end() -> None:
    web = WebSender(HERE)
    async with serve(answering(OK)) as endpoint:
        for _ in range(50):
            assert (await web.post(f"http://127.0.0.1:{endpoint.port}/", b"{}", {})).status == 200
        assert (len(endpoint.requests), endpoint.connections) == (50, 1)
        await web.close()


async def test_many_at_once_are_not_held_back(web: WebSender) -> None:
    at_once = 300
    meeting = asyncio.Barrier(at_once)

    async def handle(_request: Request, writer: asyncio.StreamWriter) -> None:
        await meeting.wait()
        writer.write(OK)

    async with serve(handle) as endpoint:
        url = f"http://127.0.0.1:{endpoint.port}/"
        came = await asyncio.gather(*(web.post(url, b"{}", {}, timeout_s=10) for _ in range(at_once)))
    assert {sent.status for sent in came} == {200}


async def test_cookies_proxies_and_passwords_of_the_machine_are_not_used(
    web: WebSender, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with serve(answering(OK)) as proxy, serve(answering(cookie), "127.0.0.2") as endpoint:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for _ in range(2):
            await web.post(f"http://127.0.0.2:{endpoint.port}/", b"{}", {})
        assert proxy.connections == 0
    assert len(endpoint.requests) == 2
    for request in endpoint.requests:
        assert (request.header("cookie"), request.header("authorization")) == (None, None)


async def test_who_stops_waiting_is_let_go(web: WebSender) -> None:
    arrived = asyncio.Event()

    async def silent(_request: Request, _writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.sleep(30)

    async with serve(silent) as endpoint:
        task = asyncio.create_task(web.post(f"http://127.0.0.1:{endpoint.port}/", b"{}", {}))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def secure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, life: timedelta = timedelta(days=1), signed: bool = True
) -> AsyncIterator[tuple[WebSender, Endpoint]]:
    """Serve TLS with a certificate for a host, and send as a machine that trusts its authority."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    web = WebSender(HERE)
    try:
        async with serve(answering(OK), tls=authority.context(host, life=life, signed=signed)) as endpoint:
            yield web, endpoint
    finally:
        await web.close()


async def test_over_tls_the_name_is_asked_for_and_proven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lead(monkeypatch, lambda _host: ["127.0.0.1"])
    async with secure(monkeypatch, tmp_path, "hook.example") as (web, endpoint):
        sent = await web.post(f"https://hook.example:{endpoint.port}/", b"{}", {})
        assert (sent.status, sent.problem) == (200, None)
        assert endpoint.names == ["hook.example"]
        assert endpoint.requests[0].header("host") == f"hook.example:{endpoint.port}"
        sent = await web.post(f"https://other.example:{endpoint.port}/", b"{}", {})
        assert (sent.status, sent.problem) == (None, "tls")
        assert "not valid for 'other.example'" in (sent.detail or "")
        assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("life", "signed", "said"), [(timedelta(days=-1), True, "expired"), (timedelta(days=1), False, "self")]
)
async def test_a_wrong_certificate_ends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, life: timedelta, signed: bool, said: str
) -> None:
    async with secure(monkeypatch, tmp_path, "127.0.0.1", life, signed) as (web, endpoint):
        sent = await web.post(f"https://127.0.0.1:{endpoint.port}/", b"{}", {})
    assert (sent.status, sent.problem) == (None, "tls")
    assert said in (sent.detail or "")
    assert endpoint.requests == []


async def test_tls_older_than_1_2_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    context = authority.context("127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    web = WebSender(HERE)
    async with serve(answering(OK), tls=context) as endpoint:
        sent = await web.post(f"https://127.0.0.1:{endpoint.port}/", b"{}", {})
    await web.close()
    assert (sent.status, endpoint.requests) == (None, [])
    assert sent.problem in {"tls", "connection"}  # by which of both it is closed first


async def test_a_handshake_that_stalls_ends_at_the_limit(web: WebSender) -> None:
    taken: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: taken.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sent = await web.post(f"https://127.0.0.1:{port}/", b"{}", {}, timeout_s=LIMIT_S)
    assert (len(taken), sent.problem) == (1, "timeout")
    assert LIMIT_S - TICK_S <= sent.seconds < LIMIT_S + 2
    for writer in taken:
        writer.close()
    server.close()
