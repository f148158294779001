"""Endpoints to send to: sockets that answer anything, certificates, a resolver that lies, and wires to trip over."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = ("127.0.0.1", "127.0.0.2", "::1")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"


@dataclass
class Request:
    """One request as it came."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the one header of this name, whatever its case."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) < 2
        return found[0] if found else None


@dataclass
class Endpoint:
    """A listener with what came to it."""

    port: int
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    names: list[str | None] = field(default_factory=list)  # that TLS asked for


def answering(answer: bytes) -> Handler:
    """Give the same bytes to every request."""

    async def handle(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return handle


async def _read(reader: asyncio.StreamReader) -> Request:
    first = await reader.readexactly(1)
    if first == b"\x16":
        raise ConnectionAbortedError("it speaks TLS")
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head[:-4].split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (each.partition(":") for each in lines)]
    request = Request(line, headers, b"")
    request.body = await reader.readexactly(int(request.header("content-length") or 0))
    return request


@contextlib.asynccontextmanager
async def serve(
    handle: Handler, host: str | Sequence[str] = "127.0.0.1", *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Endpoint]:
    """Listen; `handle` is called for each request of a connection until one of both closes it."""
    endpoint = Endpoint(port)
    tasks: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        endpoint.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            while not writer.is_closing():
                request = await _read(reader)
                endpoint.requests.append(request)
                await handle(request, writer)
                await writer.drain()
        writer.close()

    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: endpoint.names.append(name)
    server = await asyncio.start_server(connected, host, port, ssl=tls, limit=1 << 20, backlog=1024)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def free_port() -> int:
    """Return a port that is free on every loopback address."""
    for _ in range(100):
        with contextlib.ExitStack() as open_sockets, contextlib.suppress(OSError):
            first = open_sockets.enter_context(socket.socket())
            first.bind((LOOPBACK[0], 0))
            port: int = first.getsockname()[1]
            for host in LOOPBACK[1:]:
                other = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
                open_sockets.enter_context(other).bind((host, port))
            return port
    raise AssertionError("no port is free")


class Authority:
    """A certificate authority of this test only, its certificate in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
        self._name = name
        certificate = (
            self._start(name, name, self._key, timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, host: str, *, life: timedelta = timedelta(days=1), signed: bool = True) -> ssl.SSLContext:
        """Return a server's context with a certificate for a name or address, signed by us or by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "endpoint")])
        try:
            names: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            names = x509.DNSName(host)
        signer = self._key if signed else key
        certificate = (
            self._start(subject, self._name if signed else subject, key, life)
            .add_extension(x509.SubjectAlternativeName([names]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        file = self._folder / f"{certificate.serial_number}.pem"
        plain = serialization.NoEncryption()
        file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    @staticmethod
    def _start(
        subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + life)
        )


class Resolver:
    """Stands in for the system's: what a name leads to is asked of `answer` at each lookup."""

    def __init__(self, answer: Callable[[str], Sequence[str]]) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self._system = socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *args: Any, **options: Any) -> Any:
        """Answer as ``getaddrinfo``; what the system reads as an address, in any spelling, is that address."""
        self.asked.append(host)
        with contextlib.suppress(OSError):
            return self._system(host, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
        addresses = self.answer(host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            found
            for each in addresses
            for found in self._system(each, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
        ]


def lead(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], Sequence[str]]) -> Resolver:
    """Let all names lead where `answer` says."""
    resolver = Resolver(answer)
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return resolver


class Connects:
    """Every call of connect in this process, by an audit hook; those that would leave the machine fail there."""

    def __init__(self) -> None:
        self.to: list[str] = []
        self._on = False
        sys.addaudithook(self._see)  # there is no way to take one away again

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Collect addresses while the block runs."""
        self.to = []
        self._on = True
        try:
            yield self.to
        finally:
            self._on = False

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._on and event == "socket.connect":
            address = arguments[1][0]
            self.to.append(address)
            if address not in LOOPBACK:
                raise ConnectionRefusedError(111, "outside")


CONNECTS = Connects()
