"""The world between two runs, in the data folder.

``simulator.json`` holds the world of the command line: seed, time and every event, to be read and to be made again.
``simulator-state.json`` holds a server's: where it stands. It takes over from the other once there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from carwire.connectors.simulator.events import Checkpoint, Record
from carwire.connectors.simulator.world import World
from carwire.core.errors import CannotStart
from carwire.kit.files import write_private

FILE: Final = "simulator.json"
STATE_FILE: Final = "simulator-state.json"
_NO_CARS: Final = '"cars":[]'
T = TypeVar("T", Record, Checkpoint)


def load_world(folder: Path) -> World:
    """Return the world kept in a data folder, a new one where none is. Raises `CannotStart` when it cannot be read."""
    path = folder / FILE
    record = _read(path, Record)
    try:
        return World() if record is None else World.replay(record)
    except ValueError as error:
        raise _unreadable(path, error) from error


def load_state(folder: Path) -> World | None:
    """Return the world a server left in a data folder, else that of the command line, null where there is none.

    Raises `CannotStart` when it cannot be read.
    """
    state, path = _read(folder / STATE_FILE, Checkpoint), folder / STATE_FILE
    try:
        if state is not None:
            return World.resume(state)
        record, path = _read(folder / FILE, Record), folder / FILE
        if record is None:
            return None
        return World.replay(record)
    except ValueError as error:
        raise _unreadable(path, error) from error


def save_world(world: World, folder: Path) -> None:
    """Keep a world in a data folder, which is made when missing. Raises `CannotStart` when it cannot be written."""
    _write(folder / FILE, msgspec.json.format(msgspec.json.encode(world.record()), indent=1).decode() + "\n")


def save_state(rest: Checkpoint, cars: Sequence[bytes], folder: Path) -> None:
    """Keep a checkpoint whose `cars` come encoded. Raises `CannotStart` when it cannot be written."""
    # Put together from pieces: one call that encodes tens of megabytes would hold up the threads beside this one.
    before, empty, after = msgspec.json.encode(rest).decode().partition(_NO_CARS)
    pieces = [piece for car in cars for piece in (",", car.decode())]
    _write(folder / STATE_FILE, "".join((before, empty[:-1], *pieces[1:], "]", after, "\n")))


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        if not path.exists():
            return None
        raw = path.read_bytes()
        if _version(raw) != 1:
            msg = f"{path} was written by a newer version"
            raise CannotStart(msg)
        return msgspec.json.decode(raw, type=kind)
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise _unreadable(path, error) from error


class _Versioned(msgspec.Struct):
    version: int = 1


def _version(raw: bytes) -> int:
    return msgspec.json.decode(raw, type=_Versioned).version


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, text, replace=True)
    except OSError as error:
        msg = f"the simulated world {path} cannot be written: {error}"
        raise CannotStart(msg) from error


def _unreadable(path: Path, error: Exception) -> CannotStart:
    return CannotStart(f"the simulated world {path} cannot be read: {error}")
