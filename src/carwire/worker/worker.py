"""One worker: what it does again and again, and what it holds in its hands.

What there is to do is in the store. A sweep looks for it now and then and puts jobs; whoever writes an event puts
one at once. Jobs are leased: those of a worker that died are done by another. No loop ends because of an error: it is
logged, and the next round tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

import msgspec
import structlog

from carwire.core.errors import StoreUnavailable
from carwire.core.jobs import HEARTBEAT_S, Job, Taken
from carwire.core.polling import Poll
from carwire.core.ports import Jobs, PushingSource, Store
from carwire.kit.clock import Clock
from carwire.services.observing import ObservingService
from carwire.services.webhooks.delivering import Delivering
from carwire.services.webhooks.fanning_out import FanOut
from carwire.services.webhooks.hints import DELIVER, FAN_OUT
from carwire.worker.metrics import HANDS, WorkerMetrics

SWEEP_S: Final = 1.0
UNHINTED_S: Final = 0.25  # where nobody can hint: events are written by another process, and jobs are in memory
POLL_LEASE: Final = timedelta(minutes=2)  # longer than a read takes at the longest
_POLLS: Final = 16  # vehicles claimed at once
_POLLS_AT_ONCE: Final = 64
_TAKE_S: Final = 1.0
_MEASURE_S: Final = 10.0
_SCHEDULED: Final = 200  # subscriptions told in one transaction
_LAST_S: Final = 16.0  # for requests under way when it ends: a little more than one may take
_log = structlog.get_logger("carwire.worker")


class Work(msgspec.Struct, frozen=True):
    """What a worker works with."""

    store: Store
    jobs: Jobs
    fan_out: FanOut
    delivering: Delivering
    observing: ObservingService
    pushing: Mapping[str, PushingSource]
    clock: Clock


class Worker:
    """Works from `start` and listens from `listen` on until `stop`, in the event loop of the former. Every `sweep_s` it
    looks for what nobody hinted at.
    """

    def __init__(self, work: Work, metrics: WorkerMetrics, sweep_s: float = SWEEP_S) -> None:
        self._sweep_s = sweep_s
        self._work = work
        self._metrics = metrics
        self._loops: list[asyncio.Task[None]] = []
        self._keeping: asyncio.Task[None] | None = None
        self._listening: set[str] = set()
        self._hands: dict[Taken, asyncio.Task[None]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._stopping = False

    def start(self) -> None:
        """Begin to work."""
        again: dict[str, tuple[Callable[[], Awaitable[object]], float]] = {
            "sweep": (self._sweep, self._sweep_s),
            "take": (self._take, 0.0),
            "poll": (self._poll, SWEEP_S),
            "measure": (self._measure, _MEASURE_S),
        }
        self._room.set()
        self._metrics.works = True
        for name, (body, every_s) in again.items():
            self._loops.append(asyncio.create_task(self._again(name, body, every_s), name=f"worker {name}"))
        keeping = self._again("keep", self._keep, HEARTBEAT_S)
        self._keeping = asyncio.create_task(keeping, name="worker keep")
        self.listen()

    def listen(self) -> None:
        """Take what cars tell by themselves, where their source is in this process; others may work. Twice is once."""
        for name, source in self._work.pushing.items():
            if name not in self._listening:
                self._listening.add(name)
                listening = self._again("push", partial(self._listen, name, source), SWEEP_S)
                self._loops.append(asyncio.create_task(listening, name=f"worker push {name}"))

    async def stop(self) -> None:
        """Take nothing more, and let what is under way end. What is not done is done by another worker, or later."""
        self._stopping = True
        self._metrics.works = False
        self._work.delivering.stop()
        ending = (*self._loops, *self._asking)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        if self._hands:
            _, late = await asyncio.wait(self._hands.values(), timeout=_LAST_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._keeping:  # the last to go: what is in hand stays leased to us
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    async def _again(self, name: str, body: Callable[[], Awaitable[object]], every_s: float) -> None:
        while True:
            try:
                await body()
                await asyncio.sleep(every_s)
            except StoreUnavailable as error:
                _log.warning("waits", loop=name, error=str(error))
                await asyncio.sleep(SWEEP_S)
            except Exception:
                self._metrics.failed(name)
                _log.exception("failed", loop=name)
                await asyncio.sleep(SWEEP_S)

    # --- jobs

    async def _sweep(self) -> None:
        """Put a job for everything that waits; what nobody hinted at, or whose hint was lost, too."""
        store, now = self._work.store, self._work.clock()
        while await store.announce_scheduled(now, _SCHEDULED) == _SCHEDULED:
            pass
        found = [Job(FAN_OUT, str(shard)) for shard in await store.waiting_shards()]
        found += [Job(DELIVER, webhook_id) for webhook_id in await store.due_webhooks(now)]
        if found:
            await self._work.jobs.put(found)

    async def _measure(self) -> None:
        now = self._work.clock()
        backlog = await self._work.store.backlog(now)
        self._metrics.behind(backlog, max(0.0, (now - (backlog.oldest_at or now)).total_seconds()))

    async def _take(self) -> None:
        await self._room.wait()
        room = HANDS - len(self._hands)
        for taken in await self._work.jobs.take((FAN_OUT, DELIVER), room, _TAKE_S):
            task = asyncio.create_task(self._do(taken), name=f"{taken.job.kind} {taken.job.subject}")
            self._hands[taken] = task
        self._metrics.busy = len(self._hands)
        if len(self._hands) >= HANDS:
            self._room.clear()

    async def _keep(self) -> None:
        if self._hands:
            await self._work.jobs.keep(list(self._hands))

    async def _do(self, taken: Taken) -> None:
        """Do a job. One that fails is gone, and found by the next sweep."""
        job, goes_on = taken.job, False
        try:
            await (self._fan_out(job) if job.kind == FAN_OUT else self._work.delivering.drain(job.subject))
            goes_on = True
        except StoreUnavailable as error:
            _log.warning("waits", job=job.kind, error=str(error))
        except Exception:
            self._metrics.failed(job.kind)
            _log.exception("failed", job=job.kind, subject=job.subject)
        finally:
            self._hands.pop(taken, None)
            self._metrics.busy = len(self._hands)
            self._room.set()
            with contextlib.suppress(StoreUnavailable):
                await self._work.jobs.done(taken)
                if goes_on:
                    await self._look_again(job)

    async def _fan_out(self, job: Job) -> None:
        began = monotonic()
        webhooks, events = await self._work.fan_out.fan_out(int(job.subject))
        self._metrics.fanned_out(events, monotonic() - began)
        if webhooks:
            await self._work.jobs.put([Job(DELIVER, webhook_id) for webhook_id in sorted(webhooks)])

    async def _look_again(self, job: Job) -> None:
        """Put a job once more if something has come for it since it was looked at: nobody could put it meanwhile."""
        store = self._work.store
        if job.kind == FAN_OUT:
            waits = int(job.subject) in await store.waiting_shards()
        else:
            target = None if self._stopping else await store.target(job.subject, self._work.clock(), 1)
            waits = target is not None and bool(target.due)
        if waits:
            await self._work.jobs.put([job])

    # --- cars

    async def _poll(self) -> None:
        """Ask the cars whose moment has come, until there are none. One that is slow keeps no other waiting."""
        while True:
            while len(self._asking) > _POLLS_AT_ONCE - _POLLS:
                await asyncio.wait(self._asking, return_when=asyncio.FIRST_COMPLETED)
            polls = await self._work.store.claim_polls(self._work.clock(), POLL_LEASE, _POLLS)
            for poll in polls:
                task = asyncio.create_task(self._ask(poll), name="poll")
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            if not polls:
                break

    async def _ask(self, poll: Poll) -> None:
        """Ask one car. One that fails is asked again when its lease ends."""
        try:
            polled = await self._work.observing.poll(poll)
            await self._work.store.polled([polled])
            self._metrics.polled()
        except StoreUnavailable as error:
            _log.warning("waits", loop="poll", error=str(error))
        except Exception:
            self._metrics.failed("poll")
            _log.exception("failed", loop="poll", vehicle=poll.vehicle.id)

    async def _listen(self, name: str, source: PushingSource) -> None:
        async for snapshot in source.pushed():
            if await self._work.observing.take(name, snapshot):
                self._metrics.pushed()
