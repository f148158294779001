"""What a process counts at the door to cars, for ``/metrics``: reads and commands, wakes, and what held them back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Reason = Literal["calls", "wakes", "circuit"]
_ASKED: Final = (
    "What cars were asked, by source, what (`read`, `command`) and how it ended: a read `well` or `failed`, "
)
_HELD: Final = (
    "Reads and commands that did not go out, by source and reason: the car's budget of `calls` or `wakes` was spent, "
    "or the maker's `circuit` was open."
)


class UpstreamMetrics(Collector):
    """The counters of one door. Counted in the event loop alone. `open_circuits` says how many are, by source."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[str, str, str]] = Counter()
        self._wakes: Counter[str] = Counter()
        self._held: Counter[tuple[str, str]] = Counter()
        self.open_circuits: Callable[[], Mapping[str, int]] = dict

    def asked(self, source: str, what: Literal["read", "command"], end: str) -> None:
        """Count a read or a command that went out, and how it ended."""
        self._asked[source, what, end] += 1

    def woke(self, source: str, wakes: int) -> None:
        """Count wakes taken from a car's budget."""
        self._wakes[source] += wakes

    def held_back(self, source: str, reason: Reason) -> None:
        """Count a read or a command that did not go out."""
        self._held[source, reason] += 1

    def collect(self) -> Iterator[Metric]:
        """Make the families; called by the registry."""
        ends = "a command as its outcome."
        asked = CounterMetricFamily("carwire_upstream_requests", _ASKED + ends, labels=("source", "what", "end"))
        for labels, n in self._asked.items():
            asked.add_metric(labels, n)
        yield asked
        wakes = CounterMetricFamily("carwire_upstream_wakes", "Wakes taken from budgets of cars.", labels=("source",))
        for source, n in self._wakes.items():
            wakes.add_metric((source,), n)
        yield wakes
        held = CounterMetricFamily("carwire_upstream_held_back", _HELD, labels=("source", "reason"))
        for pair, n in self._held.items():
            held.add_metric(pair, n)
        yield held
        circuits = GaugeMetricFamily(
            "carwire_upstream_circuits_open", "Makers' services this process leaves alone now.", labels=("source",)
        )
        for source, n in self.open_circuits().items():
            circuits.add_metric((source,), n)
        yield circuits
