"""What is counted at the door to cars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from tests.fakes import LOCK, NOW, ODOMETER, FakeSource, Middle

from carwire.core.budgets import DAY_S, Bucket, Budget
from carwire.core.commands import Outcome
from carwire.core.errors import SourceAway
from carwire.core.signals.reading import Problem, Snapshot
from carwire.core.sources import Costs
from carwire.storage.memory import MemoryStore
from carwire.upstream.circuit import LEAST
from carwire.upstream.door import Upstream
from carwire.upstream.metrics import UpstreamMetrics

pytestmark = pytest.mark.anyio
PLENTY = Bucket(1_000_000, 60.0)


def door(middle: Middle, source: FakeSource, budget: Budget) -> tuple[Upstream, UpstreamMetrics]:
    metrics = UpstreamMetrics()
    return Upstream(middle.store, {"fake": source}, middle.clock, {"fake": budget}, metrics=metrics), metrics


def counted(metrics: UpstreamMetrics) -> Mapping[tuple[str, ...], float]:
    """Every sample: its name and the values of its labels."""
    samples = (sample for family in metrics.collect() for sample in family.samples)
    return {(s.name.removeprefix("carwire_upstream_"), *s.labels.values()): s.value for s in samples}


async def test_reads_commands_wakes_and_what_either_budget_refuses_are_counted_apart() -> None:
    source = FakeSource(costs=Costs(True, True, 0.1, reads_per_minute=100, wakes_per_day=2))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    upstream, metrics = door(middle, source, Budget(Bucket(3, 60.0), Bucket(2, DAY_S)))
    await upstream.read(vehicle, (ODOMETER,))
    assert await upstream.admit(vehicle) is None
    await upstream.command(vehicle, "security-lock", {}, 1.0)
    for _ in range(2):
        await upstream.read(vehicle, (ODOMETER,))
    assert counted(metrics) == {
        ("requests_total", "fake", "read", "well"): 1,
        ("requests_total", "fake", "command", "done"): 1,
        ("wakes_total", "fake"): 2,
        ("held_back_total", "fake", "wakes"): 2,
        ("circuits_open", "fake"): 0,
    }
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    upstream, metrics = door(middle, source, Budget(Bucket(1, 60.0), PLENTY))
    for _ in range(2):
        await upstream.read(vehicle, (ODOMETER,))
    assert counted(metrics)["held_back_total", "fake", "calls"] == 1


async def test_a_maker_that_is_left_alone_is_shown_and_counted() -> None:
    source = FakeSource(says=lambda code, now: Problem("UPSTREAM:UNKNOWN_ISSUE", now))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    upstream, metrics = door(middle, source, Budget(PLENTY, PLENTY))
    for _ in range(LEAST + 3):
        await upstream.read(vehicle, (ODOMETER,))
    found = counted(metrics)
    assert found["requests_total", "fake", "read", "failed"] == LEAST
    assert found["held_back_total", "fake", "circuit"] == 3
    assert found["circuits_open", "fake"] == 1


async def test_an_unknown_end_of_a_command_is_counted_as_such() -> None:
    source = FakeSource(ends=Outcome("unknown", Problem("UPSTREAM:NO_RESPONSE", NOW)))
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    upstream, metrics = door(middle, source, Budget(PLENTY, PLENTY))
    await upstream.command(vehicle, "security-lock", {}, 1.0)
    assert counted(metrics)["requests_total", "fake", "command", "unknown"] == 1


async def test_what_nobody_could_be_asked_for_is_answered_and_not_kept() -> None:
    def away(vin: str, codes: Sequence[str], now: datetime) -> Snapshot:
        raise SourceAway

    source = FakeSource()
    middle = Middle(MemoryStore(), source)
    (vehicle,) = await middle.connected()
    await middle.upstream.read(vehicle, (ODOMETER,))
    kept = await middle.store.answers(vehicle)
    source.snapshot = away
    answers = (await middle.upstream.read(vehicle, (ODOMETER, LOCK))).answers
    assert {each.kind for each in answers.values() if isinstance(each, Problem)} == {"UPSTREAM:KNOWN_ISSUE"}
    assert await middle.store.answers(vehicle) == kept
