"""Delivering: what is due for a webhook is sent, and how it went is kept.

One worker at a time has a webhook, so what a receiver gets at once has one limit, and a slow one keeps nobody else
waiting. A delivery is marked after it was sent, never before: a worker that dies in between leaves it due, and the
receiver gets it again, known by its id.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from carwire.core.delivery import next_attempt, verdict
from carwire.core.outbox import GONE, MAX_ANSWER, Attempt, Delivery, Target, Tried
from carwire.core.ports import OutboxStore, Sender
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.services.webhooks.spelling import Spelling

BATCH: Final = 256  # deliveries looked at once
GOOD_FOR_S: Final = 2.0  # after which what was looked at is looked at again: a subscription may have ended
OnTried = Callable[[Tried], None]
_log = structlog.get_logger("carwire.webhooks")


class Delivering:
    """Empties the outbox of one webhook at a time. `on_tried` is told of every try, `dice` spreads retries."""

    def __init__(
        self,
        store: OutboxStore,
        sender: Sender,
        spelling: Spelling,
        clock: Clock,
        *,
        on_tried: OnTried = lambda _: None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._sender = sender
        self._spelling = spelling
        self._clock = clock
        self._on_tried = on_tried
        self._dice = dice
        self._stopping = False

    def stop(self) -> None:
        """Begin no further request."""
        self._stopping = True

    async def drain(self, webhook_id: str) -> int:
        """Send all that is due for a webhook, and return how many requests that were. It ends when nothing is due any
        more, or the webhook is halted.
        """
        sent = 0
        while not self._stopping and (target := await self._store.target(webhook_id, self._clock(), BATCH)):
            if not target.due:
                break
            sent += await self._send(target)
        return sent

    async def _send(self, target: Target) -> int:
        """Send what was found due at one look, as many at once as the webhook takes."""
        record = _Record(self._store, target.webhook.id, self._clock)
        due, good_until = iter(target.due), monotonic() + GOOD_FOR_S

        async def line() -> None:
            for delivery in due:
                if self._stopping or record.stops or monotonic() > good_until:
                    break
                record.add(await self._try(target, delivery))

        async with asyncio.TaskGroup() as lines:
            for _ in range(min(target.webhook.form.concurrency, len(target.due))):
                lines.create_task(line())
        return await record.finish()

    async def _try(self, target: Target, delivery: Delivery) -> Tried:
        """Make one attempt."""
        webhook, attempt_id, at = target.webhook, new_id(), self._clock()
        body = self._spelling.fill(delivery.frozen, attempt_id, at)
        headers = self._spelling.headers(target.keys, delivery.id, body, at)
        url = webhook.error_url if webhook.error_url and delivery.kind == "VEHICLE_ERROR" else webhook.url
        sent = await self._sender.post(url, body, headers, keep=MAX_ANSWER)
        number = delivery.attempts + 1
        outcome = verdict(sent)
        answer = sent.body[:MAX_ANSWER].decode("utf-8", "replace").replace("\0", "") if sent.problem else None
        attempt = Attempt(
            attempt_id, delivery.id, number, at, sent.seconds, sent.status, sent.problem, sent.detail, answer or None
        )
        if outcome == "done":
            tried = Tried(attempt, "delivered", None)
        elif outcome == "gone":  # it waits, halted with its webhook
            tried = Tried(attempt, "due", self._clock())
        else:
            wait_s = next_attempt(number, sent.retry_after_s, self._dice())
            tried = Tried(attempt, "due", self._clock() + timedelta(seconds=wait_s)) if wait_s else _dead(attempt)
        self._on_tried(tried)
        return tried


class _Record:
    """Keeps how tries went, all that there are at once, while the next are on their way."""

    def __init__(self, store: OutboxStore, webhook_id: str, clock: Clock) -> None:
        self._store = store
        self._webhook_id = webhook_id
        self._clock = clock
        self._tries: list[Tried] = []
        self._writing: asyncio.Task[None] | None = None
        self._count = 0
        self.stops = False  # the webhook is halted, or nothing can be kept

    def add(self, tried: Tried) -> None:
        """Take a try and begin to write it down."""
        self._tries.append(tried)
        if tried.attempt.status == GONE:
            self.stops = True
        self._count += 1
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def finish(self) -> int:
        """Wait until everything is written down, and return how much it was. Raises what the store raised: then the
        tries are forgotten, and made once more.
        """
        if self._writing:
            await self._writing
        return self._count

    async def _write(self) -> None:
        try:
            while self._tries:
                some, self._tries = self._tries, []
                halt = await self._store.record(self._webhook_id, some, self._clock())
                if halt is not None:
                    _log.warning("webhook halted", webhook=self._webhook_id, reason=halt)
                    self.stops = True
        except Exception:
            self.stops = True
            raise
        self._writing = None


def _dead(attempt: Attempt) -> Tried:
    return Tried(attempt, "dead", None)
