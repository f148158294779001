"""Receivers that are away: for two days, for five, for good, or nearly always. The clock is moved by hand."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from tests.crash.scene import SECOND, URL, Scene, answer, hours
from tests.fakes import NOW

from carwire.core.delivery import ATTEMPTS, RETRIES_S
from carwire.core.outbox import DeliveryFilter, Tried
from carwire.core.ports import Store
from carwire.core.webhooks import Form
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

pytestmark = pytest.mark.anyio
TWO_DAYS = NOW + timedelta(hours=48)


def coarse(gone: timedelta) -> timedelta:
    """A tick of a second at first, of a thousandth of the time gone by later: what is drawn from a range of hours needs
    no second's accuracy.
    """
    return max(SECOND, gone / 1000)


def by_delivery(tries: list[Tried]) -> dict[str, list[Tried]]:
    found: defaultdict[str, list[Tried]] = defaultdict(list)
    for each in tries:
        found[each.attempt.delivery_id].append(each)
    return found


async def test_after_48_hours_without_a_receiver_all_is_delivered_without_a_hand(store: Store) -> None:
    scene = await Scene(store).begin(vehicles=25)
    webhook = await scene.webhook()
    scene.receiver.says = lambda url, at: answer(200 if at >= TWO_DAYS else 503 if hours(at) < 30 else None)
    for _ in range(10):
        for vehicle in scene.vehicles:
            await scene.move(vehicle)
        await scene.spread()
        await scene.live(scene.clock.now + timedelta(hours=4), coarse)
    assert len(scene.tries) > 1250
    halted = await store.webhook(webhook.id)
    assert halted
    assert halted.enabled
    await scene.live(NOW + timedelta(hours=200), coarse)
    assert {each.state for each in await scene.deliveries(webhook)} == {"delivered"}
    took = [headers["webhook-id"] for at, _, _, headers in scene.receiver.posts if at >= TWO_DAYS]
    assert sorted(took) == sorted(each.id for each in await scene.deliveries(webhook))
    assert len(set(took)) == len(took) == 250
    for tries in by_delivery(scene.tries).values():
        assert [each.attempt.number for each in tries] == list(range(1, len(tries) + 1))
        for (before, after), (least, most) in zip(pairwise(tries), RETRIES_S, strict=False):
            assert before.next_at
            planned = before.next_at - before.attempt.at
            assert timedelta(seconds=least) <= planned <= timedelta(seconds=most)
            late = after.attempt.at - before.next_at
            assert timedelta(0) <= late <= timedelta(hours=48) / 1000 + SECOND


async def test_a_receiver_that_comes_back_is_not_run_over_by_first_retries(tmp_path: Path) -> None:
    store = open_store(tmp_path, None, open_sealer(tmp_path, None))
    scene = await Scene(store).begin(vehicles=1000)
    webhooks = [await scene.webhook() for _ in range(10)]
    scene.receiver.says = lambda url, at: answer(503 if at == NOW else 200)
    await asyncio.gather(*map(scene.move, scene.vehicles))
    await scene.spread()
    await scene.live(NOW + timedelta(minutes=1))
    assert {len(await scene.deliveries(each, state="delivered")) for each in webhooks} == {1000}
    await store.close()
    moments = sorted(each.next_at for each in scene.tries if each.next_at)
    assert len(moments) == 10_000
    most = last = 0
    for first, moment in enumerate(moments):
        while last < len(moments) and moments[last] < moment + SECOND:
            last += 1
        most = max(most, last - first)
    assert most <= 500
    arrived = Counter(at for at, *_ in scene.receiver.posts if at > NOW)
    assert sum(arrived.values()) == 10_000
    assert max(arrived.values()) <= 500


async def test_what_a_receiver_asks_for_is_kept_to_within_bounds(store: Store) -> None:
    scene = await Scene(store).begin(vehicles=5)
    await scene.webhook()
    asked: dict[datetime, float] = {}

    def says(url: str, at: datetime) -> object:
        asked[at] = wish = (-1.0, 0.0, 40.0, 3000.0, 1e9)[len(asked) % 5]
        return answer(429, retry_after_s=wish)

    scene.receiver.says = says  # type: ignore[assignment]
    await scene.move(scene.vehicles[0])
    await scene.spread()
    await scene.live(NOW + timedelta(days=10), coarse)
    assert len(scene.tries) == ATTEMPTS
    for each, (least, most) in zip(scene.tries, RETRIES_S, strict=False):
        assert each.next_at
        waits, wish = (each.next_at - each.attempt.at).total_seconds(), asked[each.attempt.at]
        if wish <= most:
            assert least <= waits <= most
        else:
            assert min(wish, least) <= waits <= max(most, min(wish, 3600.0, 1e8), 2 * most)


async def test_five_days_without_one_success_halt_a_webhook_and_nothing_is_lost(store: Store) -> None:
    scene = await Scene(store).begin(vehicles=4)
    webhook = await scene.webhook()
    scene.receiver.says = lambda url, at: answer(500)
    halted_at = None
    for hour in range(140):
        if halted_at is None and hour % 2 == 0:
            await scene.move(scene.vehicles[hour // 2 % 4])
            await scene.spread()
        await scene.live(NOW + timedelta(hours=hour + 1), coarse)
        found = await store.webhook(webhook.id)
        assert found
        if halted_at is None and found.halt:
            assert found.halt == "failing"
            halted_at = hours(scene.tries[-1].attempt.at)
    assert halted_at is not None
    assert 119 <= halted_at <= 121
    sent = len(scene.tries)
    kept = await scene.deliveries(webhook)
    assert len(kept) == 61
    states = Counter(each.state for each in kept)
    assert states["dead"] == sum(each.state == "dead" for each in scene.tries) > 0
    await scene.live(NOW + timedelta(days=10), coarse)
    assert len(scene.tries) == sent  # halted is halted
    assert await scene.deliveries(webhook) == kept

    scene.receiver.says = lambda url, at: answer(200)
    await scene.service.resume(scene.client_id, webhook.id)
    await scene.live(scene.clock.now + timedelta(minutes=1))
    assert Counter(each.state for each in await scene.deliveries(webhook)) == {
        "delivered": states["due"],
        "dead": states["dead"],
    }
    dead = {each.id for each in kept if each.state == "dead"}
    failed = DeliveryFilter(state="dead")
    scene.receiver.posts.clear()
    assert await scene.service.replay(scene.client_id, webhook.id, failed, count_only=True) == len(dead)
    assert await scene.service.replay(scene.client_id, webhook.id, failed) == len(dead)
    await scene.live(scene.clock.now + timedelta(minutes=1))
    assert sorted(scene.receiver.ids) == sorted(dead)
    bodies = {each.id: each.frozen for each in kept}
    assert {each.id: each.frozen for each in await scene.deliveries(webhook)} == bodies


async def test_one_success_a_day_is_enough_not_to_be_halted(store: Store) -> None:
    scene = await Scene(store).begin()
    webhook = await scene.webhook()
    one_a_day: set[int] = set()

    def says(url: str, at: datetime) -> object:
        day = int(hours(at) // 24)
        if day in one_a_day:
            return answer(500)
        one_a_day.add(day)
        return answer(200)

    scene.receiver.says = says  # type: ignore[assignment]
    for hour in range(0, 30 * 24, 6):
        await scene.move(scene.vehicles[0])
        await scene.spread()
        await scene.live(NOW + timedelta(hours=hour + 6), coarse)
        found = await store.webhook(webhook.id)
        assert found
        assert found.halt is None
    assert len(one_a_day) == 30
    failed = sum(each.state != "delivered" for each in scene.tries)
    assert failed / len(scene.tries) > 0.95


async def test_a_receiver_that_is_gone_is_asked_once(store: Store) -> None:
    scene = await Scene(store).begin(vehicles=20)
    webhook = await scene.webhook(form=Form(concurrency=1))
    other = await scene.webhook("https://other.example/")
    scene.receiver.says = lambda url, at: answer(410 if url == URL else 200)
    for vehicle in scene.vehicles:
        await scene.move(vehicle)
    await scene.spread()
    await scene.live(NOW + timedelta(days=10), coarse)
    found = await store.webhook(webhook.id)
    assert found
    assert found.halt == "gone"
    asked = sum(url == URL for _, url, *_ in scene.receiver.posts)
    assert asked == 1
    assert {each.state for each in await scene.deliveries(webhook)} == {"due"}
    assert {each.state for each in await scene.deliveries(other)} == {"delivered"}
    scene.receiver.says = lambda url, at: answer(200)
    await scene.service.resume(scene.client_id, webhook.id)
    await scene.drain()
    assert [each.state for each in await scene.deliveries(webhook)] == ["delivered"] * 20


async def test_what_was_tried_twelve_times_is_dead_and_stays_to_be_seen(store: Store) -> None:
    scene = await Scene(store).begin()
    webhook = await scene.webhook()
    scene.receiver.says = lambda url, at: answer(500, body=b"not today " * 200)
    await scene.move(scene.vehicles[0])
    await scene.spread()
    await scene.live(NOW + timedelta(days=20), coarse)
    (dead,) = await scene.deliveries(webhook)
    assert (dead.state, dead.attempts, dead.next_at, dead.status) == ("dead", ATTEMPTS, None, 500)
    gone_by = scene.tries[-1].attempt.at - scene.tries[0].attempt.at
    assert timedelta(hours=72) <= gone_by <= timedelta(hours=120)
    log = await store.attempts(dead.id)
    assert [each.number for each in log] == list(range(1, ATTEMPTS + 1))
    assert {len(each.answer or "") for each in log} == {1024}
    backlog = await store.backlog(scene.clock.now)
    assert (backlog.due, backlog.later, backlog.dead) == (0, 0, 1)
    scene.receiver.says = lambda url, at: answer(200)
    assert await scene.service.replay(scene.client_id, webhook.id, DeliveryFilter(state="dead")) == 1
    assert await scene.drain() == 1
    (replayed,) = await scene.deliveries(webhook)
    assert (replayed.state, replayed.attempts) == ("delivered", 1)
    assert len({body for *_, body, _ in scene.receiver.posts}) == ATTEMPTS + 1  # each with an id of its own
    assert len(set(scene.receiver.ids)) == 1
