"""What ``/metrics`` shows: requests by route and status, and how long they took. Labels are templates, never a path.

Counted in plain lists, because every request pays for it, and made into Prometheus' families when somebody looks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0)  # seconds


class Metrics(Collector):
    """The counters of one server, in a registry of its own. Counted in the event loop alone."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._answered: dict[tuple[str, int], int] = defaultdict(int)
        self._seconds: dict[str, float] = defaultdict(float)
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(_BUCKETS) + 1))
        self._registry.register(self)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._answered[route, status] += 1
        self._seconds[route] += seconds
        self._buckets[route][bisect_left(_BUCKETS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        """Make the families; called by the registry."""
        answered = CounterMetricFamily("carwire_http_requests", "Requests answered.", labels=("route", "status"))
        for (route, status), n in self._answered.items():
            answered.add_metric((route, str(status)), n)
        yield answered
        taken = HistogramMetricFamily("carwire_http_request_seconds", "Time from request to answer.", labels=("route",))
        edges = (*map(str, _BUCKETS), "+Inf")
        for route, counts in self._buckets.items():
            taken.add_metric((route,), list(zip(edges, accumulate(counts), strict=True)), self._seconds[route])
        yield taken

    def add(self, collector: Collector) -> None:
        """Show what somebody else counts, too."""
        self._registry.register(collector)

    def page(self) -> bytes:
        """Write all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
