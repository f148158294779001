"""A server that dies: API and worker in one process, as `carwire up` runs them, with a death at a named point."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.crash.plan import Death, Gauge, Plan, die
from tests.fakes import FakeSource, reading

from carwire import app, logs
from carwire.core import jobs as core_jobs
from carwire.core.delivery import Sent
from carwire.core.outbox import Attempt, Delivery, Target, Tried
from carwire.core.webhooks import Halt
from carwire.http.server import bind, serve
from carwire.jobs import memory, pgqueuer
from carwire.kit.ids import new_id
from carwire.senders.web import WebSender
from carwire.services.webhooks.delivering import Delivering
from carwire.storage.sql import plans
from carwire.storage.sql.events import EventPlans
from carwire.storage.sql.outbox import OutboxPlans
from carwire.worker import worker

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # what the source says is never newer than what the driver says


def main(plan: Plan, death: Death, gauge: Gauge, on_ready: Callable[[], None]) -> None:
    """Serve until somebody or something ends this process."""
    logs.configure("warning")
    _tune(plan)
    _arm_jobs(death)
    _arm_store(death, gauge)
    _arm_sending(plan, death, gauge)
    sources = {"fake": FakeSource(says=lambda code, now: reading(1.0, LONG_AGO, fetched_at=now))}
    carwire = app.build(plan.settings(), "http://127.0.0.1:1", clock=plan.clock, sources=sources)
    ending = carwire.services.streaming.end
    serve(carwire.asgi, bind("127.0.0.1", 0), "http://127.0.0.1:1", on_ready=on_ready, on_ending=ending)


def _tune(plan: Plan) -> None:
    """Shorten what would only be waited for: leases are as long to their heartbeats as they are."""
    shorter = plan.lease_s / core_jobs.LEASE_S
    memory.LEASE_S = plan.lease_s  # type: ignore[attr-defined]
    pgqueuer._LEASE = timedelta(seconds=plan.lease_s)  # type: ignore[misc]
    worker.HEARTBEAT_S = core_jobs.HEARTBEAT_S * shorter  # type: ignore[attr-defined]


def _arm_jobs(death: Death) -> None:
    for kind in (memory.MemoryJobs, pgqueuer.PgQueuerJobs):
        _arm_take(kind, death)


def _arm_take(kind: Any, death: Death) -> None:
    take = kind.take

    async def dying(self: Any, *arguments: Any) -> Any:
        death.at("take")
        taken = await take(self, *arguments)
        if taken:
            death.at("taken")
        return taken

    kind.take = dying


def _arm_store(death: Death, gauge: Gauge) -> None:
    """Die between two statements of a transaction, or right after it."""

    def dying(plan: Any) -> Any:
        def steps(*arguments: Any) -> plans.Plan[Any]:
            point = "recording" if plan.__name__ == "record" else "fanning"
            statements = plan(*arguments)
            rows = None
            try:
                while True:
                    statement = statements.send(rows)
                    death.at(point)  # type: ignore[arg-type]
                    rows = yield statement
            except StopIteration as done:
                death.at(point)  # type: ignore[arg-type]
                return done.value

        steps.__name__ = plan.__name__
        return plans.writes(steps)

    record = dying(OutboxPlans.record.__wrapped__)  # type: ignore[attr-defined]
    fan_out = dying(EventPlans.fan_out.__wrapped__)  # type: ignore[attr-defined]

    async def recorded(self: OutboxPlans, webhook_id: str, tries: Sequence[Tried], now: datetime) -> Halt | None:
        halt: Halt | None = await record(self, webhook_id, tries, now)
        death.at("recorded")
        gauge.add(webhook_id, -len(tries))
        return halt

    async def fanned(self: EventPlans, *arguments: Any) -> None:
        await fan_out(self, *arguments)
        death.at("fanned")

    OutboxPlans.record = recorded  # type: ignore[method-assign]
    EventPlans.fan_out = fanned  # type: ignore[assignment]


def _arm_sending(plan: Plan, death: Death, gauge: Gauge) -> None:
    post, attempt, drain = WebSender.post, Delivering._try, Delivering.drain

    async def dying(
        self: WebSender, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 0, timeout_s: float = 0.0
    ) -> Sent:
        death.at("send")
        if death.point == "sending" and death.is_near:
            asyncio.get_running_loop().call_later(0.002, die)
        sent = await post(self, url, body, headers, keep=keep, timeout_s=plan.timeout_s)
        death.at("sent")
        if death.point == "sending":
            death.countdown -= 1
        return sent

    async def counted(self: Delivering, target: Target, delivery: Delivery) -> Tried:
        gauge.add(target.webhook.id, 1)
        if plan.marks_before_sending:
            await _mark(self, target, delivery)
        return await attempt(self, target, delivery)

    async def gauged(self: Delivering, webhook_id: str) -> int:
        try:
            return await drain(self, webhook_id)
        finally:
            gauge.forget(webhook_id)

    WebSender.post = dying  # type: ignore[method-assign]
    Delivering._try = counted  # type: ignore[method-assign]
    Delivering.drain = gauged  # type: ignore[method-assign]


async def _mark(self: Delivering, target: Target, delivery: Delivery) -> None:
    """The planted fault: note a delivery as made, and only then send it."""
    at = self._clock()
    attempt = Attempt(new_id(), delivery.id, delivery.attempts + 1, at, 0.0, 200, None, None)
    await self._store.record(target.webhook.id, [Tried(attempt, "delivered", None)], at)
