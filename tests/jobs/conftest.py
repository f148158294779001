"""Queues of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from tests.postgres import cluster

from carwire.core.ports import Jobs
from carwire.jobs.memory import MemoryJobs

__all__ = ["cluster"]
KINDS = ("memory",)


@dataclass
class Place:
    """Where jobs of one kind wait; several queues may be opened on one place, as by several servers."""

    url: str | None
    seconds: float = 0.0
    opened: list[Jobs] = field(default_factory=list)

    def open(self) -> Jobs:
        """Open a queue. In memory there is only one."""
        if not self.opened:
            self.opened.append(MemoryJobs(lambda: self.seconds))
        return self.opened[-1]

    def let_pass(self, seconds: float) -> None:
        """Let leases grow older without waiting."""
        self.seconds += seconds


@pytest.fixture(params=KINDS)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """A place of each kind, empty."""
    made = Place(None)
    yield made
    for jobs in made.opened:
        await jobs.close()


@pytest.fixture
def jobs(place: Place) -> Jobs:
    """An empty queue of each kind."""
    return place.open()
