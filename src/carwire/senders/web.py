"""Sending over HTTP, with aiohttp: one POST, no redirect followed, nothing of the machine's environment used."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import perf_counter
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from carwire import __version__
from carwire.core.delivery import Sent
from carwire.kit.clock import Clock, utc_now
from carwire.kit.networks import Network
from carwire.kit.urls import check_url
from carwire.senders.guard import Blocked, Guard, Names

_DRAIN: Final = 1 << 16  # bytes read of an answer at most, unless more are to be kept; then the connection is closed
_IDLE_S: Final = 1.5  # shorter than servers wait (2 s and more), so that we do not send into a connection being closed
_MAX_TYPE: Final = 200
_MAX_RETRY_AFTER: Final = 40
_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"Carwire/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
}
_NO_LIMIT: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)  # ours covers everything


class _Answer(msgspec.Struct):
    """What has arrived so far."""

    status: int | None = None
    content_type: str | None = None
    retry_after: str | None = None
    body: bytes = b""


class WebSender:
    """Keeps connections to endpoints, and a guard over where they lead. `networks` are open although not public, and
    the only ones that may be reached without TLS. For one event loop.
    """

    def __init__(self, networks: Sequence[Network] = (), clock: Clock = utc_now) -> None:
        self._networks = tuple(networks)
        self._clock = clock
        self._names = Names()
        self._trust = _trust()
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 1024, timeout_s: float = 15.0
    ) -> Sent:
        """Send one POST of JSON."""
        began = perf_counter()
        answer, error = _Answer(), None
        try:
            async with asyncio.timeout(timeout_s):
                await self._exchange(url, body, headers, answer, keep)
        except Exception as found:  # whatever the other side makes aiohttp stumble over
            error = found
        problem, detail = _judge(answer.status, error, timeout_s)
        return Sent(
            answer.status,
            problem,
            detail,
            perf_counter() - began,
            answer.body,
            answer.content_type,
            retry_after_s(answer.retry_after, self._clock()) if answer.retry_after is not None else None,
        )

    async def close(self) -> None:
        """Let go of kept connections."""
        for session in self._sessions.values():
            await session.close()
        self._names.close()

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str], answer: _Answer, keep: int) -> None:
        target = _target(url)
        response = await self._session(target.scheme).post(target, data=body, headers=headers, allow_redirects=False)
        try:
            answer.status = response.status
            answer.content_type = _shown(response.headers.get("Content-Type"))
            answer.retry_after = response.headers.get("Retry-After")
            read = bytearray()
            while len(read) <= max(keep, _DRAIN) and (piece := await response.content.readany()):
                read += piece
                answer.body = bytes(read[:keep])
        finally:
            response.close()  # of a connection that has given all of its answer nothing is closed

    def _session(self, scheme: str) -> aiohttp.ClientSession:
        session = self._sessions.get(scheme)
        if session is None:
            guard = Guard(self._names, self._networks, plain=scheme == "http")
            connector = aiohttp.TCPConnector(
                resolver=guard,
                socket_factory=guard.open,
                use_dns_cache=False,
                limit=0,
                keepalive_timeout=_IDLE_S,
                ssl=self._trust if scheme == "https" else True,
            )
            session = self._sessions[scheme] = aiohttp.ClientSession(
                connector=connector,
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=_NO_LIMIT,
                auto_decompress=False,
                trust_env=False,
            )
        return session


@lru_cache(maxsize=4096)
def _target(url: str) -> URL:
    """Read a URL, leaving its path as it is written. Raises `Blocked` for one that `check_url` refuses."""
    if check_url(url) is not None:
        raise Blocked
    return URL(url, encoded=True)


def _trust() -> ssl.SSLContext:
    """Trust whom the system trusts; TLS 1.2 at the least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _shown(header: str | None) -> str | None:
    return None if header is None else header.encode("ascii", "replace").decode()[:_MAX_TYPE]


def retry_after_s(header: str, now: datetime) -> float | None:
    """Read ``Retry-After`` (RFC 9110, 10.2.3), seconds or a date, as seconds from now; null for what is neither.

    >>> retry_after_s("120", datetime(2026, 1, 1, tzinfo=UTC))
    120.0
    >>> retry_after_s("Thu, 01 Jan 2026 00:01:00 GMT", datetime(2026, 1, 1, tzinfo=UTC))
    60.0
    """
    text = header.strip()
    if len(text) > _MAX_RETRY_AFTER or not text.isascii():
        return None
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _judge(status: int | None, error: Exception | None, timeout_s: float) -> tuple[str | None, str | None]:
    """Return the problem and its sentence. With a status the answer counts, even if its body broke off."""
    if status is None:
        return _explain(error, timeout_s)
    if 200 <= status < 300:
        return None, None
    if 300 <= status < 400:
        return "redirect", f"The endpoint answered {status}; redirects are not followed."
    return "status", f"The endpoint answered {status}."


def _explain(error: Exception | None, timeout_s: float) -> tuple[str, str]:
    match error:
        case Blocked():
            return "blocked", (
                "The URL is none a webhook may have, or leads to an address that is not public, or is http to one that "
                "is not opened by CARWIRE_WEBHOOK_NETWORKS."
            )
        case TimeoutError():
            return "timeout", f"No answer came within {timeout_s:g} s."
        case aiohttp.ClientConnectorDNSError():
            return "dns", "The host's name leads to no address."
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as reason):
            return "tls", f"The endpoint's certificate is not accepted: {reason.verify_message}"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "tls", "No TLS connection could be made: TLS 1.2 or newer is needed."
        case aiohttp.ClientConnectorError(errno=errno.ECONNREFUSED):
            return "refused", "Nothing listens at the endpoint: the connection was refused."
        case aiohttp.ClientConnectorError():
            return "connection", "No connection could be made."
        case aiohttp.ServerDisconnectedError() | OSError():
            return "connection", "The connection was closed before the answer."
        case _:
            return "protocol", "What came back is no HTTP answer."
