"""Fault scripts: what goes wrong with a car's connection, and when, as data. Nobody waits in here.

A script is a list of faults. Each has a window after the moment it was set, and a part of the traffic it touches; the
first that applies gives the error, latencies add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from carwire.core.signals.problems import KINDS

On = Literal["all", "reads", "commands"]
# The VIN does not come from the car: no fault touches it.
STATIC: Final = frozenset({"vehicleidentification-vin"})


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    `kind` is a kind of problem that is answered instead; `codes` narrows it to some signals. `latency_s` holds every
    answer back. `stale` lets reads answer what the car said when the fault was set. `half` makes commands half-done:
    with ``answer_lost`` the car does it and the answer is lost, with ``command_lost`` it never arrives; the outcome is
    unknown either way. `retry_after_s` goes with a problem of throttling. The window is `after_s` to `after_s + for_s`
    seconds from when the fault was set; a null `for_s` has no end.
    """

    kind: str | None = None
    on: On = "all"
    codes: tuple[str, ...] = ()
    latency_s: float = 0
    stale: bool = False
    half: Literal["answer_lost", "command_lost"] | None = None
    retry_after_s: float | None = None
    after_s: int = 0
    for_s: int | None = None

    def __post_init__(self) -> None:
        if self.kind is not None and self.kind not in KINDS:
            msg = f"{self.kind!r} is no kind of problem"
            raise ValueError(msg)
        if self.latency_s < 0 or self.after_s < 0 or (self.for_s is not None and self.for_s < 0):
            msg = "lengths of time are not negative"
            raise ValueError(msg)


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
