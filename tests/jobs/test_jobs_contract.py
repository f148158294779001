"""What every queue of jobs does."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest
from tests.jobs.conftest import Place

from carwire.core.errors import StoreUnavailable
from carwire.core.jobs import HEARTBEAT_S, LEASE_S, Job, Taken
from carwire.core.ports import Jobs

pytestmark = pytest.mark.anyio
DELIVER = "deliver"


def some(number: int, kind: str = DELIVER) -> list[Job]:
    return [Job(kind, f"{n:05}") for n in range(number)]


async def take(jobs: Jobs, limit: int = 100, wait_s: float = 0.0) -> list[Taken]:
    return await jobs.take([DELIVER], limit, wait_s)


def subjects(taken: list[Taken]) -> list[str]:
    return [each.job.subject for each in taken]


async def test_what_was_put_is_handed_out_once_and_gone_when_done(jobs: Jobs) -> None:
    await jobs.put(some(3))
    taken = await take(jobs)
    assert sorted(each.job for each in taken) == some(3)
    assert await take(jobs) == []
    for each in taken:
        await jobs.done(each)
    assert await take(jobs) == []
    await jobs.put(some(1))
    assert [each.job for each in await take(jobs)] == some(1)


async def test_nothing_put_changes_nothing(jobs: Jobs) -> None:
    await jobs.put([])
    await jobs.keep([])
    assert await take(jobs) == []


async def test_no_more_than_asked_for_is_handed_out_and_the_rest_stays(jobs: Jobs) -> None:
    await jobs.put(some(5))
    first, second = await take(jobs, 3), await take(jobs, 3)
    assert (len(first), len(second)) == (3, 2)
    assert sorted(each.job for each in first + second) == some(5)


async def test_only_kinds_that_were_asked_for_are_handed_out(jobs: Jobs) -> None:
    await jobs.put([Job("fan_out", "1"), Job(DELIVER, "1"), Job("new kind", "1")])
    assert [each.job for each in await take(jobs)] == [Job(DELIVER, "1")]
    assert {each.job.kind for each in await jobs.take(["new kind", "fan_out"], 5, 0)} == {"fan_out", "new kind"}


async def test_a_job_that_waits_is_not_put_twice(jobs: Jobs) -> None:
    await jobs.put(some(1) * 2)
    await jobs.put(some(2))
    assert sorted(subjects(await take(jobs))) == ["00000", "00001"]


async def test_a_job_put_while_it_is_worked_on_is_dropped_and_can_be_put_again_when_done(jobs: Jobs) -> None:
    await jobs.put(some(1))
    (taken,) = await take(jobs)
    await jobs.put(some(1))
    assert await take(jobs) == [], "never two workers at once"
    await jobs.done(taken)
    assert await take(jobs) == [], "whoever is done looks again"
    await jobs.put(some(1))
    assert len(await take(jobs)) == 1


async def test_jobs_come_in_the_order_they_were_put(jobs: Jobs) -> None:
    for subject in ("b", "c", "a"):
        await jobs.put([Job(DELIVER, subject)])
        await jobs.put([Job("fan_out", subject)])
    await jobs.put([Job(DELIVER, "b")])
    taken = await jobs.take(["fan_out", DELIVER], 4, 0)
    assert subjects(taken) == ["b", "b", "c", "c"]
    assert subjects(await take(jobs)) == ["a"]


async def test_a_job_nobody_is_heard_of_is_handed_out_again(jobs: Jobs, place: Place) -> None:
    await jobs.put(some(2))
    first = await take(jobs, 1)
    place.let_pass(LEASE_S - 1)
    assert subjects(await take(jobs)) == ["00001"]
    place.let_pass(1.5)
    again = await take(jobs)
    assert [each.job for each in again] == [each.job for each in first]
    assert again != first


async def test_a_heartbeat_keeps_a_job(jobs: Jobs, place: Place) -> None:
    await jobs.put(some(3))
    taken = await take(jobs)
    for _ in range(5):
        place.let_pass(HEARTBEAT_S)
        await jobs.keep(taken[:2])
    assert [each.job for each in await take(jobs)] == [taken[2].job]


async def test_a_worker_that_lost_its_lease_neither_ends_nor_keeps_that_of_the_next(jobs: Jobs, place: Place) -> None:
    await jobs.put(some(1))
    (lost,) = await take(jobs)
    place.let_pass(LEASE_S + 1)
    (taken,) = await take(jobs)
    await jobs.done(lost)
    assert await take(jobs) == []
    await jobs.put(some(1))
    assert await take(jobs) == [], "it is still worked on"
    place.let_pass(LEASE_S - 1)
    await jobs.keep([lost])
    place.let_pass(2)
    (third,) = await take(jobs)
    await jobs.done(taken)
    await jobs.done(third)
    await jobs.done(third)
    assert await take(jobs) == []
    await jobs.put(some(1))
    assert len(await take(jobs)) == 1


async def test_a_lease_that_ended_is_kept_while_nobody_else_has_the_job(jobs: Jobs, place: Place) -> None:
    await jobs.put(some(1))
    taken = await take(jobs)
    place.let_pass(LEASE_S + 1)
    await jobs.keep(taken)
    assert await take(jobs) == []
    await jobs.done(taken[0])
    place.let_pass(LEASE_S + 1)
    assert await take(jobs) == []


async def test_many_takers_never_get_the_same_job(jobs: Jobs, place: Place) -> None:
    await jobs.put(some(2000))
    queues = [jobs, place.open(), place.open()]

    async def taker(number: int) -> list[Taken]:
        mine: list[Taken] = []
        while found := await take(queues[number % 3], 1 + number % 7):
            mine += found
        return mine

    taken = [each for found in await asyncio.gather(*map(taker, range(20))) for each in found]
    assert Counter(each.job for each in taken) == Counter(some(2000))


async def test_workers_that_put_and_take_at_once_never_work_on_the_same_job(jobs: Jobs, place: Place) -> None:
    queues = [jobs, place.open(), place.open()]
    at_work: set[Job] = set()
    worked: Counter[Job] = Counter()

    async def worker(number: int) -> None:
        mine = queues[number % 3]
        for round_ in range(15):
            await mine.put(some(30)[number % 5 :: 1 + round_ % 3])
            for each in await take(mine, 4):
                assert each.job not in at_work
                at_work.add(each.job)
                await asyncio.sleep(0)
                at_work.remove(each.job)
                worked[each.job] += 1
                await mine.done(each)

    await asyncio.gather(*map(worker, range(12)))
    assert set(worked) == set(some(30))
    assert max(worked.values()) > 1


async def test_who_waits_is_woken_by_what_is_put(jobs: Jobs, place: Place) -> None:
    putting = place.open()
    slowest = []
    for job in some(5):
        waiting = asyncio.create_task(take(jobs, wait_s=10))
        await asyncio.sleep(0.05)
        began = time.perf_counter()
        await putting.put([job])
        (taken,) = await waiting
        slowest.append(time.perf_counter() - began)
        assert taken.job == job
        await jobs.done(taken)
    assert min(slowest) < 1, "not by looking again at the end of ten seconds"


async def test_one_job_wakes_one_of_those_who_wait_and_the_others_wait_on(jobs: Jobs) -> None:
    waiting = [asyncio.create_task(take(jobs, 1, 1.0)) for _ in range(5)]
    await asyncio.sleep(0.1)
    await jobs.put(some(2))
    found = await asyncio.gather(*waiting)
    assert sorted(len(each) for each in found) == [0, 0, 0, 1, 1]


async def test_a_wait_ends_when_its_time_is_over(jobs: Jobs) -> None:
    began = time.perf_counter()
    assert await take(jobs, wait_s=0.2) == []
    assert time.perf_counter() - began >= 0.19


async def test_who_does_not_wait_any_more_takes_nothing(jobs: Jobs) -> None:
    waiting = asyncio.create_task(take(jobs, wait_s=10))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await jobs.put(some(1))
    assert len(await take(jobs)) == 1


async def test_thousands_can_be_put_at_once(jobs: Jobs) -> None:
    await jobs.put(some(5000))
    await jobs.put(some(5001))
    found = [each.job for _ in range(6) for each in await take(jobs, 1000)]
    assert sorted(found) == some(5001)


async def test_a_subject_is_any_text(jobs: Jobs) -> None:
    odd = [Job("a", "b:c"), Job("a", "'; --"), Job("a", "ü€\U0001f600"), Job("a", "")]
    await jobs.put(odd)
    taken = await jobs.take(["a"], 10, 0)
    assert sorted(each.job for each in taken) == sorted(odd)
    for each in taken:
        await jobs.done(each)
    await jobs.put(odd)
    assert len(await jobs.take(["a"], 10, 0)) == len(odd)


async def test_a_closed_queue_is_unavailable_to_who_waits_and_who_comes(jobs: Jobs) -> None:
    await jobs.put(some(1))
    (taken,) = await take(jobs)
    waiting = asyncio.create_task(take(jobs, wait_s=10))
    await asyncio.sleep(0.05)
    await jobs.close()
    await jobs.close()
    for call in (waiting, take(jobs), jobs.put(some(1)), jobs.keep([taken]), jobs.done(taken)):
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(call, 5)
