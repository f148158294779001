"""The lock, and what stands open."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.wire.v2.readings import Context, body, flag, needed, rows
from carwire.wire.v2.reads import Position, where

SECURITY: Final = (
    "closure-islocked",
    "closure-doors",
    "closure-windows",
    "closure-sunroof",
    "closure-fronttrunk",
    "closure-reartrunk",
    "charge-ischargingportflapopen",
)
Part = Literal[Position, "sunroof", "front", "rear", "chargingPort"]
Status = Literal["OPEN", "CLOSED", "UNKNOWN"]
_WORDS: Final[dict[bool | None, Status]] = {True: "OPEN", False: "CLOSED", None: "UNKNOWN"}


class PartBody(msgspec.Struct, frozen=True):
    """One part of the car that can be opened."""

    type: Part
    status: Status


class SecurityBody(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the car is locked, and every part it tells of. A group it does not tell of is empty."""

    is_locked: bool
    doors: tuple[PartBody, ...]
    windows: tuple[PartBody, ...]
    sunroof: tuple[PartBody, ...]
    storage: tuple[PartBody, ...]
    charging_port: tuple[PartBody, ...]


def security(snapshot: Snapshot, context: Context) -> SecurityBody:
    """Write lock and openings. Raises `Obstacle` when the lock is not known, whatever else is."""
    locked, doors, windows, sunroof, front, rear, port = SECURITY
    return SecurityBody(
        needed(flag(snapshot, locked), snapshot, (locked,), context),
        _grid(snapshot, doors),
        _grid(snapshot, windows),
        _part(snapshot, sunroof, "sunroof"),
        (*_part(snapshot, front, "front"), *_part(snapshot, rear, "rear")),
        _part(snapshot, port, "chargingPort"),
    )


def _grid(snapshot: Snapshot, code: str) -> tuple[PartBody, ...]:
    places = ((where(row), row.get("isOpen")) for row in rows(snapshot, code) or ())
    return tuple(PartBody(place, _status(is_open)) for place, is_open in places if place)


def _part(snapshot: Snapshot, code: str, name: Part) -> tuple[PartBody, ...]:
    """A part whose state cannot be told just now is unknown; one the car never tells of is absent."""
    answer = snapshot.answers.get(code)
    if isinstance(answer, Problem):
        return () if answer.type == "COMPATIBILITY" else (PartBody(name, "UNKNOWN"),)
    if not isinstance(answer, Reading):
        return ()
    told = body(snapshot, code)
    return (PartBody(name, _status(answer.value if told is None else told.get("isOpen"))),)


def _status(is_open: object) -> Status:
    return _WORDS[is_open if isinstance(is_open, bool) else None]
