"""Moments as databases keep them: whole microseconds since 1970, UTC. Exact in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Return an aware moment as microseconds."""
    return (moment - _EPOCH) // _US


def from_us(microseconds: int) -> datetime:
    """Return the moment, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def to_us_or_null(moment: datetime | None) -> int | None:
    """Do `to_us`; null stays null."""
    return None if moment is None else (moment - _EPOCH) // _US


def from_us_or_null(microseconds: int | None) -> datetime | None:
    """Do `from_us`; null stays null."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
