"""A receiver that fails at random: it answers 500, hangs, resets, or takes its time. It checks and writes down what it
gets, before it answers; an event it has failed three times it takes.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import random
import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec
from aiohttp import web
from tests.crash.plan import Plan

SLOW_S = 0.4  # at most
FAILURES = 3  # of one event at most
OWN = re.compile(rb'"deliveryId":"[0-9a-f-]{36}","deliveredAt":[0-9]+,')  # what each attempt puts in
Mood = Literal["fine", "slow", "500", "503", "reset", "hang", "broken"]
MOODS: dict[Mood, float] = {
    "fine": 80,
    "slow": 6,
    "500": 6,
    "503": 2,
    "reset": 4,
    "hang": 0.2,
    "broken": 1.6,
}


class Keys(msgspec.Struct, frozen=True):
    """What the receiver of a webhook knows."""

    management_token: str
    secret: str


class Got(msgspec.Struct, frozen=True):
    """One request, and what came of it."""

    webhook: str
    event: str
    delivery: str
    digest: str  # of the body without what is new with each attempt
    signed: bool
    taken: bool
    sequence: int
    previous: int | None
    vehicle: str


def log(plan: Plan) -> Path:
    """The file requests are written down in."""
    return plan.path / "received"


def received(plan: Plan) -> list[Got]:
    """Return all requests, in order."""
    return [msgspec.json.decode(line, type=Got) for line in log(plan).read_bytes().splitlines()]


def main(plan: Plan, keys: Callable[[], dict[str, Keys]], on_ready: Callable[[int], None]) -> None:
    """Receive until this process ends. `keys` is asked at the first request."""
    asyncio.run(_main(plan, keys, on_ready))


async def _main(plan: Plan, keys: Callable[[], dict[str, Keys]], on_ready: Callable[[int], None]) -> None:
    receiver = _Receiver(plan, keys)
    application = web.Application()
    application.router.add_post("/{webhook}", receiver.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    on_ready(runner.addresses[0][1])
    await asyncio.get_running_loop().create_future()


class _Receiver:
    def __init__(self, plan: Plan, keys: Callable[[], dict[str, Keys]]) -> None:
        self._dice = random.Random(plan.seed)
        self._plan = plan
        self._keys = keys
        self._failed: Counter[str] = Counter()
        self._log = log(plan).open("ab", buffering=0)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take a request, or not."""
        body = await request.read()
        event = request.headers["webhook-id"]
        mood = self._mood(event)
        if mood == "slow":
            await asyncio.sleep(self._dice.random() * SLOW_S)
        self._write(request, body, taken=mood in {"fine", "slow", "broken"})
        return await self._answer(request, mood)

    def _mood(self, event: str) -> Mood:
        if self._failed[event] >= FAILURES:
            return "fine"
        (mood,) = self._dice.choices(list(MOODS), list(MOODS.values()))
        self._failed[event] += mood not in {"fine", "slow", "broken"}
        return mood

    async def _answer(self, request: web.Request, mood: Mood) -> web.StreamResponse:
        if request.transport is None:  # whoever sent it is gone
            return web.Response()
        if mood == "broken":  # it says that it took it, and breaks off in what else it has to say
            request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthanks")
            request.transport.close()
        if mood == "reset":
            request.transport.abort()
        if mood == "hang":
            await asyncio.sleep(2 * self._plan.timeout_s)
        if mood == "503":
            return web.Response(status=503, headers={"Retry-After": "30"})
        return web.Response(status=500 if mood == "500" else 200)

    def _write(self, request: web.Request, body: bytes, *, taken: bool) -> None:
        told: Any = json.loads(body)
        keys = self._keys()[request.match_info["webhook"]]
        own = OWN.findall(body)
        got = Got(
            request.match_info["webhook"],
            told["eventId"],
            told["meta"]["deliveryId"],
            sha256(OWN.sub(b"", body)).hexdigest(),
            len(own) == 1 and request.headers["webhook-id"] == told["eventId"] and _signed(request, body, keys),
            taken,
            told["meta"]["sequence"],
            told["meta"].get("previousSequence"),
            told["data"]["vehicle"]["id"],
        )
        self._log.write(msgspec.json.encode(got) + b"\n")


def _signed(request: web.Request, body: bytes, keys: Keys) -> bool:
    """Check both signatures with nothing but the standard library."""
    heads = request.headers
    signed = f"{heads['webhook-id']}.{heads['webhook-timestamp']}.".encode() + body
    own = hmac.digest(b64decode(keys.secret.removeprefix("whsec_")), signed, "sha256")
    return (
        heads["SC-Signature"] == hmac.new(keys.management_token.encode(), body, "sha256").hexdigest()
        and heads["webhook-signature"] == f"v1,{b64encode(own).decode()}"
    )
