"""A check: what has to hold of an endpoint, who relies on it, and the function that asks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from carwire.conformance.talk import Talk

Run = Callable[[Talk], Coroutine[Any, Any, None]]


class Check(msgspec.Struct, frozen=True):
    """One thing that has to hold. `says` is a sentence without its subject, the endpoint; `relies` who needs it.

    `run` raises `Deviation` when it does not hold, and `NotAsked`.
    """

    name: str
    endpoint: str
    says: str
    relies: str
    run: Run


class Group:
    """Checks in the order they are made."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    def add(self, name: str, endpoint: str, says: str, relies: str) -> Callable[[Run], Run]:
        """Make a check of a function."""

        def added(run: Run) -> Run:
            self.checks.append(Check(name, endpoint, says, relies, run))
            return run

        return added
