"""What the rows of the mapping have in common: one row turns a car's state into one signal's value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from carwire.connectors.simulator.car import Car
from carwire.connectors.simulator.models import Model
from carwire.core.signals.reading import Value
from carwire.kit.clock import timestamp

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Absent(msgspec.Struct, frozen=True):
    """A signal the car has, and cannot tell just now."""

    kind: str


Row = Callable[[Car, Model], Value | Absent]


def moment(second: float) -> datetime:
    """Return the moment of an epoch second."""
    return _EPOCH + timedelta(seconds=second)


def rounded(value: float, digits: int = 3) -> float:
    """Return a number as it is told."""
    return round(value, digits)


def iso(minute: int) -> str:
    """Return an epoch minute as the wire spells moments."""
    return timestamp(moment(minute * 60))
