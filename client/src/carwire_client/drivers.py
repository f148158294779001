"""The two ways to carry out what `exchange` says: one blocks, the other is awaited. They do nothing more.

A driver keeps connections open and may be shared, one that blocks between threads, one that is awaited between the
tasks of an event loop. Redirects are not followed and cookies not kept: neither belongs to the API, and both could
carry one owner's credentials to somebody else.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import platform
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Final, Self, TypedDict, TypeVar, Unpack
from urllib.request import getproxies

import httpx2
import msgspec

from carwire_client.answers import Answer, invalid
from carwire_client.call import Call
from carwire_client.exchange import LOST, Gathering, Lost, Outcome, Renew, Send, Wait, exchange, lost
from carwire_client.following import Broken, Following
from carwire_client.origins import Origins
from carwire_client.receiving.events import Event
from carwire_client.retries import RetryPolicy
from carwire_client.secrets import Secret
from carwire_client.settings import (
    API_VERSION,
    CLIENT_ID,
    CLIENT_SECRET,
    CONNECTIONS,
    DEFAULT_VERSION,
    KEPT_S,
    V3_CLIENT_ID,
    V3_CLIENT_SECRET,
    Application,
    Timeouts,
    Wiring,
    check_version,
    first_of,
)
from carwire_client.version import __version__

T = TypeVar("T")
USER_AGENT: Final = (
    f"carwire-client/{__version__} ({platform.system()}; {platform.machine()}) Python/{platform.python_version()}"
)
_LIMITS: Final = httpx2.Limits(
    max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEPT_S
)
_BROKEN: Final[tuple[type[Exception], ...]] = (*LOST, httpx2.DecodingError)
_PROXIED: Final = frozenset({"http", "https", "all"})


class Options(TypedDict, total=False):
    """What a client may be made with, besides where the server is.

    - `origins`: for a server whose parts are in several places
    - `client_id`, `client_secret`: of the application; only compatibility and the token endpoint want them
    - `v3_client_id`, `v3_client_secret`: of the application in API v3, whose tokens are asked for by themselves
    - `api_version`: of API v2, ``2.0``
    - `timeouts`, `retry`: how patient it is
    - `environ`: read instead of the process' environment
    - `wiring`: everything at once, the outside world included
    """

    origins: Origins | None
    client_id: str | None
    client_secret: str | Secret | None
    v3_client_id: str | None
    v3_client_secret: str | Secret | None
    api_version: str | None
    timeouts: Timeouts | None
    retry: RetryPolicy | None
    environ: Mapping[str, str] | None
    wiring: Wiring | None


class _Base:
    """Settings of a driver."""

    def __init__(self, origin: str | None, options: Options) -> None:
        given = options.get("environ")
        environ: Mapping[str, str] = os.environ if given is None else given
        self.wiring: Final = _wiring(origin, options, environ)
        self.environ: Final = environ
        secret = options.get("client_secret") or first_of(CLIENT_SECRET, environ)
        v3_secret = options.get("v3_client_secret") or first_of(V3_CLIENT_SECRET, environ)
        self._ref = Application(
            api_version=check_version(options.get("api_version") or first_of(API_VERSION, environ) or DEFAULT_VERSION),
            client_id=options.get("client_id") or first_of(CLIENT_ID, environ),
            client_secret=None if secret is None else Secret(secret),
            v3_client_id=options.get("v3_client_id") or first_of(V3_CLIENT_ID, environ),
            v3_client_secret=None if v3_secret is None else Secret(v3_secret),
        )

    @property
    def ref(self) -> Application:
        """What this client's calls are made with."""
        return self._ref

    @property
    def origins(self) -> Origins:
        """Where the parts of the server are."""
        return self.wiring.origins

    @property
    def api_version(self) -> str:
        """The version of API v2 that calls are made to, and that new vehicles have. Settable."""
        return self._ref.api_version

    @api_version.setter
    def api_version(self, version: str) -> None:
        self._ref = msgspec.structs.replace(self._ref, api_version=check_version(version))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.origins.api}>"


class Driver(_Base):
    """Makes calls and blocks until they are answered. Use it in a ``with`` block, or close it."""

    def __init__(
        self, origin: str | None = None, *, transport: httpx2.BaseTransport | None = None, **options: Unpack[Options]
    ) -> None:
        super().__init__(origin, options)
        self._http: Final = httpx2.Client(transport=transport, **_http_settings())

    def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        steps = exchange(call, self.wiring)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            if isinstance(step, Send):
                outcome = self._request(step)
            elif isinstance(step, Wait):
                outcome = None
                time.sleep(step.seconds)
            else:
                outcome = _token(step)

    def follow(self, call: Call[Any]) -> Iterator[Event]:
        """Go through the events of a stream. Raises what `carwire_client.errors` has, once it may not go on."""
        following = Following(call, self.wiring)
        while True:
            try:
                with closing(self._pieces(following.request())) as pieces:
                    for piece in pieces:
                        yield from following.received(piece)
                outcome = None
            except Broken as broken:
                outcome = broken.outcome
            time.sleep(following.broken(outcome))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, step: Send) -> Answer | Lost:
        clock = self.wiring.clock
        end = clock() + step.seconds
        try:
            response = self._http.send(_request(step, self._http, step.seconds), stream=True)
            try:
                gathering = Gathering(response.status_code, _headers(response), self.wiring)
                try:
                    for piece in response.iter_bytes():
                        gathering.add(piece)
                        if clock() > end:
                            return Lost("timed_out", "the answer came too slowly")
                except httpx2.DecodingError:
                    raise invalid(gathering.answer(), "The answer cannot be decompressed") from None
                return gathering.answer()
            finally:
                response.close()
        except LOST as error:
            return lost(error)

    def _pieces(self, step: Send) -> Generator[bytes]:
        """Give the body of an answer as it comes. Raises `Broken`."""
        try:
            response = self._http.send(_request(step, self._http, step.seconds), stream=True)
            try:
                gathering = (
                    None if _streams(response) else Gathering(response.status_code, _headers(response), self.wiring)
                )
                for piece in response.iter_bytes():
                    if gathering is None:
                        yield piece
                    else:
                        gathering.add(piece)
            finally:
                response.close()
        except _BROKEN as error:
            raise Broken(lost(error)) from None
        if gathering is not None:
            raise Broken(gathering.answer())


class AsyncDriver(_Base):
    """Makes calls that are awaited. Use it in an ``async with`` block, or close it."""

    def __init__(
        self,
        origin: str | None = None,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(origin, options)
        if transport is None and not _PROXIED & getproxies().keys():
            from carwire_client.connections import Connections  # noqa: PLC0415  # loads what blocking does not need

            transport = Connections(httpx2.create_ssl_context())
        self._http: Final = httpx2.AsyncClient(transport=transport, **_http_settings())

    async def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        steps = exchange(call, self.wiring)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            if isinstance(step, Send):
                outcome = await self._request(step)
            elif isinstance(step, Wait):
                outcome = None
                await asyncio.sleep(step.seconds)
            else:
                outcome = await _async_token(step)

    async def follow(self, call: Call[Any]) -> AsyncIterator[Event]:
        """Go through the events of a stream. Raises what `carwire_client.errors` has, once it may not go on."""
        following = Following(call, self.wiring)
        while True:
            try:
                async with aclosing(self._pieces(following.request())) as pieces:
                    async for piece in pieces:
                        for event in following.received(piece):
                            yield event
                outcome = None
            except Broken as broken:
                outcome = broken.outcome
            await asyncio.sleep(following.broken(outcome))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _request(self, step: Send) -> Answer | Lost:
        try:
            async with asyncio.timeout(step.seconds):
                response = await self._http.send(_request(step, self._http, None), stream=True)
                try:
                    gathering = Gathering(response.status_code, _headers(response), self.wiring)
                    try:
                        async for piece in response.aiter_bytes():
                            gathering.add(piece)
                    except httpx2.DecodingError:
                        raise invalid(gathering.answer(), "The answer cannot be decompressed") from None
                    return gathering.answer()
                finally:
                    await response.aclose()
        except LOST as error:
            return lost(error)

    async def _pieces(self, step: Send) -> AsyncGenerator[bytes]:
        try:
            response = await self._http.send(_request(step, self._http, step.seconds), stream=True)
            try:
                gathering = (
                    None if _streams(response) else Gathering(response.status_code, _headers(response), self.wiring)
                )
                async for piece in response.aiter_bytes():
                    if gathering is None:
                        yield piece
                    else:
                        gathering.add(piece)
            finally:
                await response.aclose()
        except _BROKEN as error:
            raise Broken(lost(error)) from None
        if gathering is not None:
            raise Broken(gathering.answer())


def _streams(response: httpx2.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.status_code == HTTPStatus.OK and kind == "text/event-stream"


def _wiring(origin: str | None, options: Options, environ: Mapping[str, str]) -> Wiring:
    wiring = options.get("wiring")
    if wiring is None:
        origins = options.get("origins")
        wiring = Wiring(origins=origins or (Origins.of(environ) if origin is None else Origins.at(origin)))
    timeouts, retry = options.get("timeouts"), options.get("retry")
    return msgspec.structs.replace(
        wiring,
        timeouts=wiring.timeouts if timeouts is None else timeouts,
        retry=wiring.retry if retry is None else retry,
    )


def _http_settings() -> dict[str, Any]:
    return {
        "follow_redirects": False,
        "cookies": CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        "limits": _LIMITS,
    }


def _request(step: Send, http: httpx2.Client | httpx2.AsyncClient, quiet: float | None) -> httpx2.Request:
    """Build a request whole: a client that merges it with its own settings takes as long as all the rest.

    `quiet` is for how many seconds the connection may be silent, null where somebody else looks at the clock.
    """
    timeout = {"connect": step.connect_seconds, "read": quiet, "write": quiet, "pool": step.seconds}
    return httpx2.Request(
        step.method,
        _url(step.url),
        headers=[("accept-encoding", http.headers["accept-encoding"]), ("user-agent", USER_AGENT), *step.headers],
        content=step.body,
        extensions={"timeout": timeout},
    )


@functools.lru_cache(maxsize=512)
def _url(text: str) -> httpx2.URL:
    return httpx2.URL(text)


def _headers(response: httpx2.Response) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("ascii", "replace").lower(), _text(raw_value)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _token(step: Renew) -> Secret:
    token = step.source.token(step.rejected)
    if inspect.isawaitable(token):
        token.close()  # a coroutine that nobody will await
        msg = "A client that blocks wants a token source that blocks"
        raise TypeError(msg)
    assert isinstance(token, Secret)
    return token


async def _async_token(step: Renew) -> Secret:
    token = step.source.token(step.rejected)
    if not inspect.isawaitable(token):
        msg = "A client that is awaited wants a token source that is awaited"
        raise TypeError(msg)
    return await token
