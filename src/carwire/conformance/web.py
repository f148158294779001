"""Asking over HTTP, with aiohttp: one origin and no other, no redirect followed, no cookie kept by itself."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp
from yarl import URL

from carwire import __version__
from carwire.conformance.answers import Answer, Headers

MAX_BODY: Final = 32 << 20  # bytes; the largest answer there is, a matrix, has a few hundred thousand
_CONNECT_S: Final = 10.0


class Unanswered(Exception):
    """A request that got no answer, and why in words."""


class Asker(Protocol):
    """Sends one request, the target as it is. Raises `Unanswered`."""

    async def __call__(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        """Return the answer."""
        ...


class Web:
    """Asks one server. `base` is where it answers, without a slash at its end; a request waits `timeout_s` at most."""

    def __init__(self, base: str, timeout_s: float) -> None:
        self._base = base
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=_CONNECT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": f"Carwire-conformance/{__version__}", "accept-encoding": "identity"},
            skip_auto_headers=("content-type", "accept"),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def __call__(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        """Send one request. Raises `Unanswered`."""
        assert self._session is not None
        url = URL(f"{self._base}{target}", encoded=True)  # as it is: slashes and escapes are what is asked about
        try:
            async with self._session.request(
                method, url, headers=list(headers), data=body or None, allow_redirects=False
            ) as found:
                received = bytearray()
                async for piece in found.content.iter_chunked(1 << 16):
                    received += piece
                    if len(received) > MAX_BODY:
                        msg = f"an answer of more than {MAX_BODY >> 20} MiB"
                        raise Unanswered(msg)
                names = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in found.raw_headers)
                return Answer(method, target, found.status, names, bytes(received))
        except TimeoutError:
            msg = f"no answer within {self._timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            msg = str(error) or type(error).__name__
        raise Unanswered(msg.splitlines()[0]) from None
