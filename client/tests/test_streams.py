"""What connections are made of: patience, and what is done when the other side goes on for too long, or not at all."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore2
import pytest

from carwire_client.streams import _MUCH, Backend, Stream

MANY = 8 * 1024 * 1024
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    """The loop it is made for."""
    return "asyncio"


@asynccontextmanager
async def connected(behaviour: Behaviour) -> AsyncIterator[Stream]:
    """A connection to a server that behaves so."""

    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.create_task(behave(reader, writer)))

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behaviour(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    stream = await Backend().connect_tcp("127.0.0.1", server.sockets[0].getsockname()[1])
    assert isinstance(stream, Stream)
    try:
        yield stream
    finally:
        await stream.aclose()
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Neither read nor write, longer than anybody waits."""
    await asyncio.sleep(60)


@pytest.mark.anyio
async def test_who_does_not_read_is_sent_no_more() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * MANY)
        await writer.drain()

    async with connected(endless) as stream:
        await asyncio.sleep(0.3)
        assert len(stream._received) < 4 * _MUCH
        count = 0
        while piece := await stream.read(65536, 5):
            count += len(piece)
        assert count == MANY


@pytest.mark.anyio
async def test_who_is_not_read_waits_and_then_gives_up() -> None:
    async with connected(silent) as stream:
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(b"x" * MANY, 0.05)
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, 0.05)


@pytest.mark.anyio
async def test_what_is_written_arrives_however_much_it_is() -> None:
    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await reader.readexactly(MANY)
        writer.write(b"done")
        await writer.drain()

    async with connected(counting) as stream:
        await stream.write(b"x" * MANY, 5)
        assert await stream.read(10, 5) == b"done"
        assert await stream.read(10, 5) == b""
        assert stream.get_extra_info("is_readable")
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"more")


@pytest.mark.anyio
async def test_one_that_breaks_off_is_an_error_to_who_reads() -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with connected(broken) as stream:
        await stream.write(b"x")
        with pytest.raises(httpcore2.ReadError):
            await stream.read(1, 5)


@pytest.mark.anyio
async def test_nobody_there_and_nobody_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(httpcore2.ConnectError):
        await Backend().connect_tcp("127.0.0.1", port, 5)
    with pytest.raises(httpcore2.ConnectTimeout):
        await Backend().connect_tcp("127.0.0.1", port, 0)
    async with connected(silent) as stream:
        with pytest.raises(httpcore2.ConnectTimeout):
            await stream.start_tls(ssl.create_default_context(), "x.test", 0.05)
    async with connected(silent) as stream:
        task = asyncio.create_task(stream.start_tls(ssl.create_default_context(), "x.test"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stream._transport.is_closing()
