"""Connections of a client that is awaited, in groups of a few.

The pool underneath goes through all of its connections at every request, so that thirty in flight cost each other more
than the requests themselves. Each lane is a pool of four; the next is opened when all before it are busy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import httpx2

WIDTH: Final = 4  # requests in flight, and connections, of one lane
LANES: Final = 25


class Lane:
    """A client with a few connections; `busy` is how many requests it has in flight."""

    __slots__ = ("busy", "http")

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http
        self.busy = 0

    def __enter__(self) -> httpx2.AsyncClient:
        self.busy += 1
        return self.http

    def __exit__(self, *_: object) -> None:
        self.busy -= 1


class Lanes:
    """Gives each request a lane. Of one event loop, hence without a lock; `most` is how many lanes there may be."""

    def __init__(self, opened: Callable[[], httpx2.AsyncClient], most: int = LANES) -> None:
        self._opened = opened
        self._most = most
        self._lanes: list[Lane] = [Lane(opened())]

    def free(self) -> Lane:
        """Return the first lane that is not full, a new one where all are, the emptiest where there may be no more."""
        for lane in self._lanes:
            if lane.busy < WIDTH:
                return lane
        if len(self._lanes) < self._most:
            self._lanes.append(Lane(self._opened()))
            return self._lanes[-1]
        return min(self._lanes, key=lambda lane: lane.busy)

    async def close(self) -> None:
        """Close the connections."""
        for lane in self._lanes:
            await lane.http.aclose()


def pool_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of one lane, made of those of a client; its certificates are read once for all lanes."""
    limits = httpx2.Limits(max_connections=WIDTH, max_keepalive_connections=WIDTH, keepalive_expiry=30)
    return {**settings, "limits": limits, "verify": httpx2.create_ssl_context()}
