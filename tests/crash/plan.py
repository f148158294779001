"""What a run of the kill test is to be, and the deaths its processes die."""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import msgspec

from carwire.kit.networks import Networks
from carwire.settings import Settings

PEPPER: Final = bytes(range(32)).hex()
# Where a server dies. `any`: its supervisor kills it, wherever it is just then.
Point = Literal["take", "taken", "fanning", "fanned", "send", "sending", "sent", "recording", "recorded", "any"]
POINTS: Final[tuple[Point, ...]] = (
    *("send", "sent", "recording", "any", "sending", "fanning", "taken", "any", "recorded", "take", "fanned", "any"),
)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Its clock goes `pace` times as fast as ours, so that retries of minutes are tried in seconds."""

    folder: str
    database: str | None = None
    events: int = 1000
    rate: float = 100.0  # events a second
    vehicles: int = 24
    servers: int = 1
    kills: int = 10
    driver_kills: int = 2
    database_kills: int = 0
    pace: float = 60.0
    timeout_s: float = 2.0  # of a request
    lease_s: float = 3.0
    limit_s: float = 120.0  # for all of it
    countdown: int = 40  # a server dies at its point the first to so-manieth time it gets there
    seed: int = 1
    marks_before_sending: bool = False  # the planted fault
    began: float = 0.0  # seconds since 1970
    points: tuple[Point, ...] = POINTS

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return Path(self.folder)

    def settings(self) -> Settings:
        """The settings of its servers."""
        return Settings(
            data=self.path / "data",
            database=self.database,
            pepper=PEPPER,
            webhook_networks=Networks.read("127.0.0.0/8"),
        )

    def clock(self) -> datetime:
        """Tell the time of the run."""
        gone = time.time() - self.began
        return datetime.fromtimestamp(self.began, UTC) + timedelta(seconds=gone * self.pace)


class Death(msgspec.Struct):
    """Ends this process without a word, the `countdown`-th time it comes to a point."""

    point: Point | None
    countdown: int

    def at(self, point: Point) -> None:
        """Say that this is a point."""
        if point == self.point:
            self.countdown -= 1
            if self.countdown <= 0:
                die()

    @property
    def is_near(self) -> bool:
        """Whether the next time is the last."""
        return self.countdown <= 1


class Deaths:
    """Hands out deaths, each point in turn, until there have been enough."""

    def __init__(self, plan: Plan) -> None:
        self._left = plan.kills
        self._points: Iterator[Point] = iter(())
        self._plan = plan
        self._dice = random.Random(plan.seed)

    def next(self) -> Death:
        """Return the death of the next process; one without a point lives."""
        if self._left <= 0:
            return Death(None, 0)
        self._left -= 1
        point = next(self._points, None)
        if point is None:
            self._points = iter(self._plan.points)
            point = next(self._points)
        rare = point in {"take", "taken", "fanning", "fanned", "recording", "recorded"}
        return Death(point, self._dice.randint(1, max(1, self._plan.countdown // (8 if rare else 1))))

    @property
    def left(self) -> int:
        """How many there are to come."""
        return self._left


class Gauge:
    """What a server has in flight: sent, or about to be, and not known to be recorded. In a file, so that it is there
    when the process is not. `forgotten` counts what was given up because the store could not be reached.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 16)
        self._of: dict[str, int] = {}

    def add(self, webhook_id: str, count: int) -> None:
        """Count what is in flight."""
        self._of[webhook_id] = self._of.get(webhook_id, 0) + count
        self._write(sum(self._of.values()), self.read()[1])

    def forget(self, webhook_id: str) -> None:
        """Count what was given up."""
        forgotten = self._of.pop(webhook_id, 0)
        self._write(sum(self._of.values()), self.read()[1] + forgotten)

    def read(self) -> tuple[int, int]:
        """Return what is in flight, and what was given up."""
        in_flight, forgotten = struct.unpack("<qq", self._memory[:])
        return in_flight, forgotten

    def _write(self, in_flight: int, forgotten: int) -> None:
        self._memory[:] = struct.pack("<qq", in_flight, forgotten)


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
