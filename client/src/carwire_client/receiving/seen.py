"""Events that came already. Deliveries come at least once: what was not answered in time is sent again.

An event is remembered when your function has returned. One that comes again while the function still works on it is
given to the function again: refusing it could lose it, should the first attempt fail.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, Protocol

REMEMBERED: Final = 10_000


class Seen(Protocol):
    """Remembers events by their keys. Threads use it at the same time."""

    def has(self, key: str) -> bool:
        """Tell whether the event was dealt with."""

    def add(self, key: str) -> None:
        """Remember that it was."""


class AsyncSeen(Protocol):
    """Remembers as `Seen` does, awaited."""

    async def has(self, key: str) -> bool:
        """Tell whether the event was dealt with."""

    async def add(self, key: str) -> None:
        """Remember that it was."""


class MemorySeen:
    """The newest events, in the memory of this process: several processes need something they share."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, key: str) -> bool:
        """Tell whether the event was dealt with."""
        with self._lock:
            if key not in self._keys:
                return False
            self._keys.move_to_end(key)
            return True

    def add(self, key: str) -> None:
        """Remember that it was; the one that was not asked for longest is forgotten for it."""
        with self._lock:
            self._keys[key] = None
            self._keys.move_to_end(key)
            while len(self._keys) > self._size:
                self._keys.popitem(last=False)
