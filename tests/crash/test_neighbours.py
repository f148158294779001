"""Receivers that hold on to whatever they get, beside others that do not, in one worker."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections import defaultdict

import pytest
from aiohttp import web
from tests.crash.hooks import Live, listening, live, until
from tests.storage.conftest import Place

from carwire.core.webhooks import Form, SubscriptionFilter

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("place", ["sqlite"], indirect=True)]
LIMIT_S = 1.5  # of a request, instead of 15
PAIRS = 10  # of a good receiver and a tar pit


class Street:
    """Twenty receivers. The odd ones answer; the even ones never, or for ever, as soon as `holds`."""

    def __init__(self) -> None:
        self.holds = False
        self.arrived: defaultdict[str, list[float]] = defaultdict(list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Be whoever was asked."""
        name = request.match_info["name"]
        await request.read()
        self.arrived[name].append(time.monotonic())
        if self.holds and int(name) % 2 == 0:
            return await self._hold(request, int(name))
        return web.Response()

    async def _hold(self, request: web.Request, number: int) -> web.StreamResponse:
        """Never answer, answer with a drop of body now and then, or break off."""
        if number % 3 == 0:
            await asyncio.sleep(3 * LIMIT_S)
            return web.Response()
        endless = web.StreamResponse(status=503)
        await endless.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(30):
                await endless.write(b"." if number % 3 == 1 else b"." * 65_536)
                await asyncio.sleep(0.1)
        return endless

    def good(self) -> list[str]:
        """Who answers whatever happens."""
        return [str(number) for number in range(1, 2 * PAIRS, 2)]


async def heard_first(scene: Live) -> None:
    """Wait until every receiver has been told of every car for the first time."""
    async with asyncio.timeout(30):
        while (  # noqa: ASYNC110
            await scene.service.subscriptions(scene.client_id, SubscriptionFilter(), 1000)
        )[0][0].first:
            await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    await scene.quiet()


async def delays(scene: Live, street: Street, events: int) -> list[float]:
    """Let cars move, and return how many seconds later each good receiver heard of each."""
    said = []
    street.arrived.clear()
    for number in range(events):
        said.append(time.monotonic())
        await scene.say(number)
        await asyncio.sleep(0.03)
    await until(lambda: all(len(street.arrived[name]) >= events for name in street.good()))
    return [heard - at for name in street.good() for at, heard in zip(said, sorted(street.arrived[name]), strict=True)]


async def test_tar_pits_hold_up_nobody_else(place: Place) -> None:
    async with live(place.open(), vehicles=10, timeout_s=LIMIT_S) as scene:
        street = Street()
        async with listening(street.take) as url:
            limits = {}
            for number in range(2 * PAIRS):
                limits[f"{url}/{number}"] = limit = 1 + number // 2 % 4
                webhook = await scene.webhook(f"{url}/{number}", form=Form(concurrency=limit))
                assert webhook.form.concurrency == limit
            scene.worker.start()
            await heard_first(scene)
            before = statistics.median(await delays(scene, street, 20))
            street.holds = True
            beside = statistics.median(await delays(scene, street, 40))
            assert beside < max(1.0, 5 * before)
            await asyncio.sleep(2 * LIMIT_S)
            held = [each.attempt for each in scene.tries if each.attempt.seconds > 0.5]
            assert len(held) >= PAIRS
            assert max(each.seconds for each in held) < LIMIT_S + 1
            most = scene.sender.most_at_once
            assert [url for url in limits if most[url] > limits[url]] == []
            assert sum(most[url] == limits[url] > 1 for url in limits) >= PAIRS / 2


async def test_of_one_receiver_a_request_that_hangs_keeps_the_others_waiting_no_more(place: Place) -> None:
    async with live(place.open(), vehicles=4, timeout_s=4.0) as scene:
        hangs, heard = asyncio.Event(), list[float]()

        async def take(request: web.Request) -> web.Response:
            heard.append(time.monotonic())
            if hangs.is_set():
                hangs.clear()
                await asyncio.sleep(8)
            return web.Response()

        async with listening(take) as url:
            await scene.webhook(f"{url}/one", form=Form(concurrency=2))
            scene.worker.start()
            await heard_first(scene)
            heard.clear()
            hangs.set()
            for number in range(20):
                await scene.say(number)
                await asyncio.sleep(0.05)
            await until(lambda: len(heard) >= 20)
    assert heard[19] - heard[0] < 3.5  # before the first one's time is over
