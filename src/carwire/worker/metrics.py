"""What a worker counts, for ``/metrics``: progress, lag, retries, dead letters."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from carwire.core.outbox import Backlog, Tried

HANDS: Final = 256  # jobs of one worker at once: a slow receiver takes one
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)  # seconds


class WorkerMetrics(Collector):
    """The counters of one worker. Counted in the event loop alone."""

    def __init__(self) -> None:
        self._tries: Counter[tuple[str, str]] = Counter()  # by state afterwards and problem
        self._retries = 0
        self._seconds = 0.0
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._simple: Counter[str] = Counter()
        self._fanning_s = 0.0
        self._failed: Counter[str] = Counter()
        self._backlog: tuple[Backlog, float] | None = None
        self.works = False  # rather than waiting for the claim to
        self.busy = 0  # jobs in hand

    def tried(self, tried: Tried) -> None:
        """Count one attempt at a delivery."""
        attempt = tried.attempt
        self._tries[tried.state, attempt.problem or ""] += 1
        self._retries += attempt.number > 1
        self._seconds += attempt.seconds
        self._buckets[bisect_left(_BUCKETS, attempt.seconds)] += 1

    def fanned_out(self, events: int, seconds: float) -> None:
        """Count events that were fanned out."""
        self._simple["events"] += events
        self._fanning_s += seconds

    def polled(self) -> None:
        """Count a car that was asked."""
        self._simple["polls"] += 1

    def pushed(self) -> None:
        """Count a car that told by itself."""
        self._simple["pushes"] += 1

    def failed(self, where: str) -> None:
        """Count a round of a loop, or a job, that ended with an error nobody expected."""
        self._failed[where] += 1

    def behind(self, backlog: Backlog, lag_s: float) -> None:
        """Note how far the outbox is behind."""
        self._backlog = backlog, lag_s

    def collect(self) -> Iterator[Metric]:
        """Make the families; called by the registry."""
        tries = CounterMetricFamily(
            "carwire_webhook_attempts", "Requests to receivers, by what became of the delivery and the problem.",
            labels=("state", "problem"),
        )  # fmt: skip
        for (state, problem), n in self._tries.items():
            tries.add_metric((state, problem), n)
        yield tries
        yield _counter("carwire_webhook_retries", "Requests to receivers that were not the first.", self._retries)
        edges = (*map(str, _BUCKETS), "+Inf")
        taken = HistogramMetricFamily("carwire_webhook_attempt_seconds", "Time from request to answer.")
        taken.add_metric((), list(zip(edges, accumulate(self._buckets), strict=True)), self._seconds)
        yield taken
        yield _counter("carwire_events_fanned_out", "Events spread to webhooks.", self._simple["events"])
        yield _counter("carwire_fan_out_seconds", "Time spent with that.", self._fanning_s)
        yield _counter("carwire_polls", "Cars asked on behalf of webhooks.", self._simple["polls"])
        yield _counter("carwire_pushes", "Cars that told by themselves.", self._simple["pushes"])
        failed = CounterMetricFamily("carwire_worker_failures", "Rounds and jobs that failed.", labels=("where",))
        for where, n in self._failed.items():
            failed.add_metric((where,), n)
        yield failed
        yield from self._gauges()

    def _gauges(self) -> Iterator[Metric]:
        yield _gauge("carwire_worker_works", "1 while it works, 0 while another process has the claim.", self.works)
        yield _gauge("carwire_worker_jobs", f"Jobs in hand, {HANDS} at most.", self.busy)
        waiting = GaugeMetricFamily(
            "carwire_backlog",
            "What waits in the database: `events` to be fanned out, deliveries `due`, those tried again `later`, and "
            "`dead` ones nobody will try again. Every worker shows the same number.",
            labels=("kind",),
        )
        lag = GaugeMetricFamily("carwire_backlog_age_seconds", "How long the oldest event or due delivery has waited.")
        if self._backlog is not None:
            backlog, lag_s = self._backlog
            for kind in ("events", "due", "later", "dead"):
                waiting.add_metric((kind,), getattr(backlog, kind))
            lag.add_metric((), lag_s)
        yield waiting
        yield lag


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    family.add_metric((), value)
    return family


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text)
    family.add_metric((), value)
    return family
