"""The HTTP server: uvicorn on a socket that is bound before anything else, ended by Ctrl-C or SIGTERM with status 0."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import structlog
import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from carwire.core.errors import CannotStart, FieldProblem
from carwire.http.call import with_caution
from carwire.kit.ids import new_request_id
from carwire.wire.v2 import errors as wire

_BACKLOG: Final = 2048
_CAUTION: Final = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in with_caution(()))
_NO_HTTP: Final = (FieldProblem("request", "Not HTTP/1.1"),)
_log = structlog.get_logger("carwire.http")


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address. Raises `CannotStart` when it is taken, not ours, or no address."""
    listener: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)  # only now is the address ours: two sockets may bind it
    except OSError as error:
        if listener:
            listener.close()
        reason = (
            "is already in use by another program"
            if error.errno == errno.EADDRINUSE
            else f"cannot be used: {error.strerror}"
        )
        msg = f"the address {host}:{port} {reason}"
        raise CannotStart(msg) from error
    return listener


def serve(
    application: ASGIApp,
    listener: socket.socket,
    base_url: str,
    *,
    on_ready: Callable[[], None],
    on_ending: Callable[[], None],
    trusted_proxies: str | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, letting running requests finish. `on_ready` is called once requests are
    answered, `on_ending` when no more are taken: it ends answers that have no end. `trusted_proxies` may say for whom
    they ask.
    """
    config = uvicorn.Config(
        application,
        http=_protocol(base_url),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=trusted_proxies is not None,
        forwarded_allow_ips=trusted_proxies,
        timeout_graceful_shutdown=10,
        backlog=_BACKLOG,
    )
    _Server(config, on_ready, on_ending).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_ending = on_ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_ending()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on the two signals and then return: uvicorn itself would raise them again and end with an error
        status.
        """
        loop = asyncio.get_running_loop()
        handled = (signal.SIGINT, signal.SIGTERM)
        for number in handled:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in handled:
                loop.remove_signal_handler(number)


class _OneWrite:
    """A transport that joins the writes of one turn of the event loop. Uvicorn writes head and body apart; each write
    is a system call, and wakes whoever waits at the other end.
    """

    __slots__ = ("_loop", "_pending", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pending: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending:
            self._transport.write(b"".join(pending))


def _protocol(base_url: str) -> type[HttpToolsProtocol]:
    """Uvicorn's HTTP protocol, answering what is no HTTP at all in the wire's error form too."""

    class Protocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(_OneWrite(transport, asyncio.get_running_loop()))  # type: ignore[arg-type]

        def send_400_response(self, msg: str) -> None:
            request_id = new_request_id()
            kind = wire.VALIDATION
            body = msgspec.json.encode(wire.error_body(kind, request_id=request_id, base_url=base_url, fields=_NO_HTTP))
            head = (
                f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
                f"sc-request-id: {request_id}\r\nconnection: close\r\n{_CAUTION}\r\n"
            )
            _log.info("request", request_id=request_id, method="?", route="unmatched", status=400, error="no HTTP")
            transport: Any = self.transport
            transport.write(head.encode() + body)
            transport.close()

    return Protocol
