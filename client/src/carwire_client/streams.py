"""What httpcore2 reads from and writes to: a transport of asyncio, without a layer in between.

httpcore2's own goes through anyio, which makes scopes of cancellation for each read and write: a fifth of what a
request costs. `timeout` is in seconds, null for no limit.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore2

_MUCH: Final = 256 * 1024  # bytes that were not asked for yet, until the other side is not listened to
_EXTRA: Final = {"client_addr": "sockname", "server_addr": "peername"}  # httpcore2's names of asyncio's


class Stream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """A connection, which one task at a time reads from and one writes to."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False  # what is written waits here, as the other side does not take it

    # --- what the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self._received += data
        if len(self._received) > _MUCH:
            self._transport.pause_reading()
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._ended, self._error = True, exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Let who writes wait."""
        self._full = True

    def resume_writing(self) -> None:
        """Let nobody wait any more."""
        self._full = False
        _wake(self._writer)

    # --- what httpcore2 asks for

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # its interface
        """Return what has come, empty at the end."""
        if not self._received and not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._reader
            except TimeoutError:
                raise httpcore2.ReadTimeout from None
            finally:
                self._reader = None
        if not self._received:
            if self._error is not None:
                raise httpcore2.ReadError(str(self._error)) from self._error
            return b""
        found, much = bytes(self._received[:max_bytes]), len(self._received) > _MUCH
        del self._received[:max_bytes]
        if much and len(self._received) <= _MUCH and not self._ended:
            self._transport.resume_reading()
        return found

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send, and wait while there is too much that the other side does not take."""
        if self._transport.is_closing():
            msg = str(self._error or "the connection is closed")
            raise httpcore2.WriteError(msg)
        self._transport.write(buffer)
        while self._full and not self._ended:
            self._writer = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._writer
            except TimeoutError:
                raise httpcore2.WriteTimeout from None
            finally:
                self._writer = None

    async def aclose(self) -> None:
        """Close at once: nothing that matters is still to be sent."""
        self._transport.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        """Speak TLS from now on."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                secured = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except BaseException as error:
            self._transport.abort()
            if isinstance(error, TimeoutError):
                raise httpcore2.ConnectTimeout from None
            if isinstance(error, OSError):  # those of TLS too
                raise httpcore2.ConnectError(str(error)) from error
            raise
        assert secured is not None
        self._transport = secured
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection; an idle one is readable when it is over."""
        if info == "is_readable":
            return bool(self._received) or self._ended or self._transport.is_closing()
        return self._transport.get_extra_info(_EXTRA.get(info, info))


class Backend(httpcore2.AsyncNetworkBackend):
    """Opens connections."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect, to the first address of a host that answers. The last two parameters are not needed here."""
        assert local_address is None
        assert socket_options is None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(Stream, host, port, happy_eyeballs_delay=0.25)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        return stream


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
