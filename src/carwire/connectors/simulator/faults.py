"""Fault scripts: what goes wrong with a car's connection, and when, as data. Nobody waits in here.

A script is a list of faults. Each has a window after the moment it was set, and a part of the traffic it touches; the
first that applies gives the error, latencies add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from carwire.core.commands import Outcome
from carwire.core.signals.reading import Problem
from carwire.core.simulation import Fault, On

# The VIN does not come from the car: no fault touches it.
STATIC: Final = frozenset({"vehicleidentification-vin"})
_UNSENT: Final = frozenset({"VEHICLE_STATE:ASLEEP", "VEHICLE_STATE:UNREACHABLE"})
_THROTTLED_S: Final = 60.0  # what a throttled caller is told to wait, when a fault does not say


class SetFault(msgspec.Struct, frozen=True):
    """A fault and the epoch second it was set; `said` is the car's state then, encoded, for a stale one."""

    fault: Fault
    at: int
    said: bytes | None = None

    def active(self, now: int) -> bool:
        """Tell whether an epoch second is within the window."""
        start = self.at + self.fault.after_s
        return start <= now and (self.fault.for_s is None or now < start + self.fault.for_s)


def active(script: Sequence[SetFault], now: int, on: On) -> list[SetFault]:
    """Return the faults of a script that touch reads, or commands, at an epoch second."""
    return [each for each in script if each.fault.on in {"all", on} and each.active(now)]


def latency(faults: Sequence[SetFault]) -> float:
    """Return by how many seconds the answer is late."""
    return sum(each.fault.latency_s for each in faults)


def error_of(faults: Sequence[SetFault], code: str | None = None) -> Fault | None:
    """Return the fault that answers for a command, or for the signal `code`; null when none does."""
    if code in STATIC:
        return None
    for each in faults:
        if each.fault.kind and (not each.fault.codes or code in each.fault.codes):
            return each.fault
    return None


def problem_of(fault: Fault, now: datetime) -> Problem:
    """Return the problem a fault with a kind answers with."""
    assert fault.kind is not None
    wait = fault.retry_after_s
    if wait is None and fault.kind.startswith("RATE_LIMIT:"):
        wait = _THROTTLED_S
    return Problem(fault.kind, now, wait)


def failed(problem: Problem) -> Outcome:
    """Say how a command ends that met this problem: where the maker answered in disorder, it may have happened."""
    kind = problem.kind
    if kind in {"UPSTREAM:NO_RESPONSE", "UPSTREAM:UNKNOWN_ISSUE", "UPSTREAM:INVALID_DATA"}:
        return Outcome("unknown", problem)
    if kind.startswith(("UPSTREAM:", "RATE_LIMIT:", "SERVER:")) or kind in _UNSENT:
        return Outcome("not_sent", problem)
    return Outcome("refused", problem)
