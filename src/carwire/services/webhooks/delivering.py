"""Delivering: what is due for a webhook is sent, and how it went is kept.

One worker at a time has a webhook, so what a receiver gets at once has one limit, and a slow one keeps nobody else
waiting. A delivery is marked after it was sent, never before: a worker that dies in between leaves it due, and the
receiver gets it again, known by its id.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

import structlog

from carwire.core.delivery import Sent, next_attempt, verdict
from carwire.core.outbox import GONE, MAX_ANSWER, Attempt, Delivery, Target, Tried
from carwire.core.ports import OutboxStore, Sender
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.services.webhooks.spelling import Spelling

BATCH: Final = 256  # deliveries looked at once
GOOD_FOR_S: Final = 2.0  # after which what was looked at is looked at again: a subscription may have ended
_OURS: Final = Sent(None, "internal", "The server failed to make the request.", 0.0, b"", None, None)
_AGAIN_S: Final = 0.5  # after which it is looked again while requests take their time
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
        more, or the webhook is halted. Raises what the store raised: then the tries are forgotten, and made once more.
        """
        record = _Record(self._store, webhook_id, self._clock)
        try:
            await self._send_all(webhook_id, record)
        finally:
            await record.finish()
        return record.count

    async def _send_all(self, webhook_id: str, record: _Record) -> None:
        """Look and send, again and again. A request that takes its time keeps its place and nobody else waiting."""
        while not (self._stopping or record.stops):
            before = record.look()
            target = await self._store.target(webhook_id, self._clock(), BATCH)
            due = [each for each in target.due if each.id not in before] if target else []
            if target and due:
                await self._send(target, due, record)
            elif target and before:
                await record.wait_for_news(_AGAIN_S)
            else:
                break

    async def _send(self, target: Target, due: Sequence[Delivery], record: _Record) -> None:
        """Begin to send what was found due at one look, as many at once as the webhook takes."""
        good_until = monotonic() + GOOD_FOR_S
        for delivery in due:
            await record.wait_for_room(target.webhook.form.concurrency)
            if self._stopping or record.stops or monotonic() > good_until:
                break
            record.begin(delivery.id, self._try(target, delivery))

    async def _try(self, target: Target, delivery: Delivery) -> Tried:
        """Make one attempt. If it fails through a fault of ours, others are not kept waiting for it."""
        attempt_id, at = new_id(), self._clock()
        try:
            sent = await self._post(target, delivery, attempt_id, at)
        except Exception:
            _log.exception("failed", webhook=target.webhook.id, delivery=delivery.id)
            sent = _OURS
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

    async def _post(self, target: Target, delivery: Delivery, attempt_id: str, at: datetime) -> Sent:
        webhook = target.webhook
        body = self._spelling.fill(delivery.frozen, attempt_id, at)
        headers = self._spelling.headers(target.keys, delivery.id, body, at)
        url = webhook.error_url if webhook.error_url and delivery.kind == "VEHICLE_ERROR" else webhook.url
        return await self._sender.post(url, body, headers, keep=MAX_ANSWER)


class _Record:
    """What is under way to one webhook, and how it went: kept, all that there is at once, while the next are on their
    way. `count` is how many were tried; it `stops` when the webhook is halted, or nothing can be kept.
    """

    def __init__(self, store: OutboxStore, webhook_id: str, clock: Clock) -> None:
        self._store = store
        self._webhook_id = webhook_id
        self._clock = clock
        self._open: set[str] = set()  # deliveries begun and not written down
        self._lines: set[asyncio.Task[None]] = set()
        self._tries: list[Tried] = []
        self._writing: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self.count = 0
        self.stops = False

    def look(self) -> frozenset[str]:
        """Return the deliveries that what is looked up now may still show as due, though they are sent."""
        self._news.clear()
        return frozenset(self._open)

    def begin(self, delivery_id: str, trying: Coroutine[Any, Any, Tried]) -> None:
        """Try a delivery beside the others."""
        self._open.add(delivery_id)
        line = asyncio.create_task(self._line(trying))
        self._lines.add(line)
        line.add_done_callback(self._ended)

    async def wait_for_room(self, limit: int) -> None:
        """Wait until fewer than `limit` are being sent."""
        while len(self._lines) >= limit:
            self._room.clear()
            await self._room.wait()

    async def wait_for_news(self, seconds: float) -> None:
        """Wait until something has been written down since the last look, but not longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def finish(self) -> None:
        """Wait until everything has ended and is written down. Raises what went wrong first."""
        if self._lines:
            await asyncio.wait(self._lines)
        if self._writing:
            await self._writing
        if self._error:
            raise self._error

    async def _line(self, trying: Coroutine[Any, Any, Tried]) -> None:
        try:
            tried = await trying
        except Exception as error:
            self._fail(error)
            return
        self._tries.append(tried)
        self.count += 1
        if tried.attempt.status == GONE:
            self.stops = True
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._tries:
                some, self._tries = self._tries, []
                halt = await self._store.record(self._webhook_id, some, self._clock())
                if halt is not None:
                    _log.warning("webhook halted", webhook=self._webhook_id, reason=halt)
                    self.stops = True
                self._open -= {each.attempt.delivery_id for each in some}
                self._news.set()
        except Exception as error:
            self._fail(error)
            return
        self._writing = None

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self.stops = True
        self._news.set()

    def _ended(self, line: asyncio.Task[None]) -> None:
        self._lines.discard(line)
        self._room.set()


def _dead(attempt: Attempt) -> Tried:
    return Tried(attempt, "dead", None)
