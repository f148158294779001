"""Connections that are kept: how many there are, which are used again, and which are not."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import httpcore2
import httpx2
import pytest
from client.tests.conftest import Told, hand_of, http
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carwire_client.connections import _ERRORS, Connections, _as_httpx2

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    """Answers each request after `wait` seconds and keeps connections open; counts them."""

    def __init__(self) -> None:
        self.opened = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.wait = 0.0
        self.origin = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.opened += 1
        self.writers.append(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(self.wait)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def hang_up(self) -> None:
        """Close all connections."""
        for writer in self.writers:
            writer.close()


@pytest.fixture
def anyio_backend() -> str:
    """The loop it is made for."""
    return "asyncio"


@asynccontextmanager
async def serving(context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server on a port of its own."""
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    server.origin = f"{'https' if context else 'http'}://127.0.0.1:{port}/"
    try:
        yield server
    finally:
        server.hang_up()
        listening.close()


async def get(connections: Connections, server: Server, pool_s: float | None = None) -> bytes:
    """Make a request, and read the answer to its end."""
    request = httpx2.Request("GET", server.origin, extensions={"timeout": {"pool": pool_s}})
    response = await connections.handle_async_request(request)
    try:
        return await response.aread()
    finally:
        await response.aclose()


async def several(connections: Connections, server: Server, count: int) -> None:
    """Make requests at once."""
    assert await asyncio.gather(*(get(connections, server) for _ in range(count))) == [b"{}"] * count


@pytest.mark.anyio
async def test_a_connection_is_used_again_and_another_opened_only_when_all_are_busy() -> None:
    async with serving() as server:
        connections = Connections()
        for _ in range(3):
            await several(connections, server, 1)
        assert server.opened == 1
        server.wait = 0.02
        await several(connections, server, 5)
        await several(connections, server, 5)
        assert server.opened == 5
        await connections.aclose()


@pytest.mark.anyio
async def test_no_more_are_opened_than_there_may_be() -> None:
    async with serving() as server:
        connections = Connections(most=2)
        server.wait = 0.01
        await several(connections, server, 8)
        assert server.opened == 2
        server.wait = 0.5
        busy = [asyncio.create_task(get(connections, server)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(httpx2.PoolTimeout):
            await get(connections, server, pool_s=0.01)
        assert await asyncio.gather(*busy) == [b"{}"] * 2
        await connections.aclose()


@pytest.mark.anyio
async def test_one_that_the_server_has_closed_is_not_used_again() -> None:
    async with serving() as server:
        connections = Connections()
        await several(connections, server, 1)
        server.hang_up()
        await asyncio.sleep(0.02)
        await several(connections, server, 1)
        assert server.opened == 2
        await connections.aclose()


@pytest.mark.anyio
async def test_one_that_was_idle_for_too_long_is_closed() -> None:
    async with serving() as server:
        connections = Connections(kept_s=0.02)
        server.wait = 0.01
        await several(connections, server, 3)
        await asyncio.sleep(0.05)
        await several(connections, server, 1)
        await asyncio.sleep(0.02)
        assert server.opened == 4
        assert [writer.is_closing() for writer in server.writers] == [True, True, True, False]
        await connections.aclose()


@pytest.mark.anyio
async def test_one_whose_request_was_given_up_is_closed_and_its_turn_given_to_another() -> None:
    async with serving() as server:
        connections = Connections(most=1)
        server.wait = 5
        task = asyncio.create_task(get(connections, server))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.wait = 0
        await several(connections, server, 2)
        assert server.opened == 2
        response = await connections.handle_async_request(httpx2.Request("GET", server.origin))
        await response.aclose()  # nothing of the body was read
        await response.aclose()
        await several(connections, server, 2)
        assert server.opened == 3
        await connections.aclose()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody knows; it is also in ``cert.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carwire test")])
    now = datetime.datetime.now(datetime.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now).not_valid_after(now + datetime.timedelta(hours=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)
    (folder / "cert.pem").write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.anyio
async def test_tls_is_spoken_and_the_certificate_looked_at(tmp_path: Path) -> None:
    async with serving(certificate(tmp_path)) as server:
        knowing = Connections(ssl.create_default_context(cafile=str(tmp_path / "cert.pem")))
        await several(knowing, server, 1)
        await several(knowing, server, 1)
        assert server.opened == 1
        await knowing.aclose()
        with pytest.raises(httpx2.ConnectError, match="certificate"):
            await get(Connections(ssl.create_default_context()), server)


ERRORS = [
    error
    for name in httpcore2.__all__
    if isinstance(error := getattr(httpcore2, name), type)
    and issubclass(error, Exception)
    and error is not httpcore2.ConnectionNotAvailable  # never leaves the pool: a connection has one request at a time
]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_of_httpcore2_has_its_namesake(error: type[Exception]) -> None:
    assert issubclass(error, _ERRORS)
    with pytest.raises(getattr(httpx2, error.__name__), match="why"), _as_httpx2():
        raise error("why")


@pytest.mark.parametrize("kind", ["blocking", "awaited"])
def test_a_proxy_of_the_environment_is_used(kind: str, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", told.url)
    told.tell(http(200, b'{"id": "u"}'))
    with hand_of(kind, "http://cars.test") as hand:
        assert hand(hand.client.get_user("t")).id == "u"
    assert told.requests[0].startswith(b"GET http://cars.test/v2.0/user HTTP/1.1")
