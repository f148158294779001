"""A store that forgets: plain dicts, for tests and for trying things out. It does what the SQL one does."""

from __future__ import annotations

from carwire.storage.memory.applications import ApplicationsInMemory
from carwire.storage.memory.commands import CommandsInMemory
from carwire.storage.memory.connect import ConnectInMemory
from carwire.storage.memory.events import EventsInMemory
from carwire.storage.memory.lookup import Shelf
from carwire.storage.memory.outbox import OutboxInMemory
from carwire.storage.memory.polls import PollsInMemory
from carwire.storage.memory.state import State
from carwire.storage.memory.tidying import TidyingInMemory
from carwire.storage.memory.usage import UsageInMemory
from carwire.storage.memory.vehicles import VehiclesInMemory
from carwire.storage.sealing import Sealer


class MemoryStore(
    ApplicationsInMemory,
    ConnectInMemory,
    VehiclesInMemory,
    CommandsInMemory,
    EventsInMemory,
    OutboxInMemory,
    PollsInMemory,
    UsageInMemory,
    TidyingInMemory,
):
    """`carwire.core.ports.Store` in the memory of one process. No method waits, so each is one transaction."""

    def __init__(self) -> None:
        self._state = State()
        self._shelf = Shelf()
        self._sealer = Sealer.throwaway()  # for cursors

    async def ping(self) -> None:
        """Do nothing: memory is there."""

    async def close(self) -> None:
        """Do nothing: what was stored stays readable."""
