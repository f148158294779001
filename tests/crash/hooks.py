"""Receivers on this machine, in the process of the test, and a worker that delivers to them for real."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime

import msgspec
from aiohttp import web
from tests.crash.scene import Scene
from tests.fakes import StandingClock

from carwire.core.delivery import Sent
from carwire.core.ports import Store
from carwire.core.webhooks import Webhook
from carwire.jobs.memory import MemoryJobs
from carwire.kit.networks import Networks
from carwire.senders.web import WebSender
from carwire.services.observing import ObservingService
from carwire.services.webhooks.hints import Hints
from carwire.worker.metrics import WorkerMetrics
from carwire.worker.worker import Work, Worker

PATIENCE_S = 60
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    """Receive on a free port, and yield the URL everything under which is handled."""
    application = web.Application()
    application.router.add_post("/{name}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Live(Scene):
    """A scene at the clock of the machine, whose worker works."""

    def __init__(self, store: Store, sender: Impatient) -> None:
        super().__init__(store, sender=sender, clock=Ticking())
        self.sender, self.jobs = sender, MemoryJobs()
        self.hints = Hints(self.jobs)
        observing = ObservingService(store, self.middle.upstream, self.clock)
        work = Work(store, self.jobs, self.fan_out, self.delivering, observing, {}, self.clock)
        self.worker = Worker(work, WorkerMetrics())

    async def say(self, number: int) -> None:
        """Let a car have moved on, and hint at it as the server does."""
        vehicle = self.vehicles[number % len(self.vehicles)]
        await self.move(vehicle)
        self.hints.event(vehicle.car.id)

    async def readdress(self, webhook: Webhook, url: str) -> None:
        """Let a webhook have another URL, which needs no proof here."""
        assert await self.store.change_webhook(msgspec.structs.replace(webhook, url=url), self.clock())

    async def quiet(self) -> None:
        """Wait until nothing waits, not even for later."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                backlog = await self.store.backlog(self.clock())
                if not (backlog.events or backlog.due or backlog.later):
                    return
                await asyncio.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has come."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # what comes is requests, of which nobody tells
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def live(store: Store, vehicles: int, timeout_s: float = 15.0) -> AsyncIterator[Live]:
    """A scene with a worker that begins when it is started, and is stopped at the end."""
    sender = Impatient(timeout_s)
    scene = Live(store, sender)
    await scene.begin(vehicles)
    try:
        yield scene
    finally:
        await scene.worker.stop()
        await scene.jobs.close()
        await sender.close()


class Ticking(StandingClock):
    """The machine's clock, where others have one that stands."""

    def __call__(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC)


class Impatient(WebSender):
    """A sender into this machine, with a time limit of its own."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(Networks.read("127.0.0.0/8"))
        self._limit_s = limit_s
        self.at_once: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 1024, timeout_s: float = 15.0
    ) -> Sent:
        """Send, with less patience, and count what is on its way to each URL."""
        self.at_once[url] += 1
        self.most_at_once[url] = max(self.most_at_once[url], self.at_once[url])
        try:
            return await super().post(url, body, headers, keep=keep, timeout_s=min(timeout_s, self._limit_s))
        finally:
            self.at_once[url] -= 1
