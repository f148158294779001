"""Connections of a client that is awaited, kept from one request to the next.

httpx2's own pool goes through all of its connections at every request, so that thirty in flight cost each other more
than the requests themselves. Here a request takes the idle connection that was used last, or opens one. The connection
itself is httpcore2's: TLS, HTTP/1.1, and what it does when a request is cancelled. Proxies are left to httpx2's pool.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpcore2
import httpx2

from carwire_client.settings import CONNECTIONS, KEPT_S
from carwire_client.streams import Backend

_ERRORS: Final = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
)
_Idle = deque[tuple[float, httpcore2.AsyncHTTPConnection]]


class Connections(httpx2.AsyncBaseTransport):
    """A transport of one event loop, hence without a lock. `most` is how many requests may be in flight."""

    def __init__(self, context: ssl.SSLContext | None = None, most: int = CONNECTIONS, kept_s: float = KEPT_S) -> None:
        self._context: Final = context
        self._backend: Final = Backend()
        self._turns: Final = asyncio.Semaphore(most)
        self._kept_s: Final = kept_s
        self._idle: Final[dict[tuple[bytes, bytes, int], _Idle]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request on a connection of its own. Raises what httpx2's transport does."""
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        url = request.url
        asked = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        await self._turn(request.extensions.get("timeout", {}).get("pool"))
        try:
            with _as_httpx2():
                connection = await self._free(asked.url.origin)
                answer = await connection.handle_async_request(asked)
        except BaseException:
            self._turns.release()
            raise
        body = _Body(answer.stream, lambda: self._give_back(asked.url.origin, connection))
        return httpx2.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    async def aclose(self) -> None:
        """Close the connections that are idle."""
        for idle in self._idle.values():
            while idle:
                await idle.pop()[1].aclose()

    async def _turn(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds if self._turns.locked() else None):
                await self._turns.acquire()
        except TimeoutError:
            msg = "no connection was free in time"
            raise httpx2.PoolTimeout(msg) from None

    async def _free(self, origin: httpcore2.Origin) -> httpcore2.AsyncHTTPConnection:
        idle = self._idle.setdefault(_key(origin), deque())
        while idle and idle[0][0] + self._kept_s < time.monotonic():
            await idle.popleft()[1].aclose()
        while idle:
            _, connection = idle.pop()
            if not connection.has_expired():  # which it has when the server has closed it
                return connection
            await connection.aclose()
        return httpcore2.AsyncHTTPConnection(origin, ssl_context=self._context, network_backend=self._backend)

    def _give_back(self, origin: httpcore2.Origin, connection: httpcore2.AsyncHTTPConnection) -> None:
        self._turns.release()
        if connection.is_idle() and not connection.is_closed():
            self._idle[_key(origin)].append((time.monotonic(), connection))


class _Body(httpx2.AsyncByteStream):
    """The body of an answer; when it is closed, `done` is called once."""

    def __init__(self, stream: Any, done: Callable[[], None]) -> None:
        self._stream = stream
        self._done: Callable[[], None] | None = done

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx2():
            async for piece in self._stream:
                yield piece

    async def aclose(self) -> None:
        done, self._done = self._done, None
        try:
            await self._stream.aclose()
        finally:
            if done is not None:
                done()


@contextmanager
def _as_httpx2() -> Iterator[None]:
    """Turn errors of httpcore2 into those of httpx2, which have the same names."""
    try:
        yield
    except _ERRORS as error:
        raise getattr(httpx2, type(error).__name__)(str(error)) from error


def _key(origin: httpcore2.Origin) -> tuple[bytes, bytes, int]:
    return origin.scheme, origin.host, origin.port
