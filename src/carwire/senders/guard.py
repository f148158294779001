"""The guard of outgoing connections: no webhook reaches what is not public, unless a setting opens it.

A name is asked for once per connection, all its addresses are checked, and the connection goes to one of them: a name
that changes its mind in between has no say. No answer is kept for the next connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

from carwire.kit.networks import Network, may_reach

_THREADS: Final = 64  # a name whose servers are silent holds one for up to half a minute

_Found = list[tuple[int, int, int, str, Any]]


class Blocked(Exception):
    """The connection would have gone where none may go."""


class Names:
    """Asks the system for the addresses of names, on threads of its own. Who asks for a name that is being asked for
    gets the same answer.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")
        self._asked: dict[str, asyncio.Future[_Found]] = {}

    async def addresses(self, host: str) -> _Found:
        """Return what ``getaddrinfo`` does. Raises `OSError` for a name without an address."""
        asked = self._asked.get(host)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._threads, _ask, host)
            self._asked[host] = asked
            asked.add_done_callback(lambda done: self._end(host, done))
        return await asyncio.shield(asked)

    def close(self) -> None:
        """Let the threads end as soon as they can."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _end(self, host: str, done: asyncio.Future[_Found]) -> None:
        del self._asked[host]
        if not done.cancelled():
            done.exception()  # seen, even if everybody who asked has left


class Guard(AbstractResolver):
    """Resolves names for aiohttp and makes its sockets. `plain` guards connections without TLS, which may only go into
    opened networks.
    """

    def __init__(self, names: Names, opened: Sequence[Network], *, plain: bool) -> None:
        self._names = names
        self._opened = opened
        self._plain = plain

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises `Blocked` if one of them is closed, whatever the others are."""
        found = await self._names.addresses(host)
        results = []
        for kind, _, protocol, _, place in found:
            self.check(str(place[0]))
            results.append(
                ResolveResult(
                    hostname=host,
                    host=str(place[0]),
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return results

    def open(self, info: tuple[Any, ...]) -> socket.socket:
        """Make the socket of a connection: the last one to see where it goes, addresses in URLs included."""
        family, kind, protocol, _, place = info
        self.check(str(place[0]))
        return socket.socket(family, kind, protocol)

    def check(self, address: str) -> None:
        """Raise `Blocked` if a connection may not go there."""
        if not may_reach(address, self._opened, plain=self._plain):
            raise Blocked

    async def close(self) -> None:
        """Nothing to let go of: the names are of who made them."""


def _ask(host: str) -> _Found:
    found: _Found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)  # type: ignore[assignment]
    return found
