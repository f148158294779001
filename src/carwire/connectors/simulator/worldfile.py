"""The world between two commands: ``simulator.json`` in the data folder, with the seed, the time and every event."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from carwire.connectors.simulator.world import Record, World
from carwire.core.errors import CannotStart
from carwire.kit.files import write_private

FILE: Final = "simulator.json"


def load_world(folder: Path) -> World:
    """Return the world kept in a data folder, a new one where none is. Raises `CannotStart` when it cannot be read."""
    path = folder / FILE
    try:
        if not path.exists():
            return World()
        record = msgspec.json.decode(path.read_bytes(), type=Record)
        if record.version != 1:
            msg = f"{path} was written by a newer version"
            raise CannotStart(msg)
        return World.replay(record)
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        msg = f"the simulated world {path} cannot be read: {error}"
        raise CannotStart(msg) from error


def save_world(world: World, folder: Path) -> None:
    """Keep a world in a data folder, which is made when missing. Raises `CannotStart` when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = msgspec.json.format(msgspec.json.encode(world.record()), indent=1).decode() + "\n"
        write_private(folder / FILE, text, replace=True)
    except OSError as error:
        msg = f"the simulated world {folder / FILE} cannot be written: {error}"
        raise CannotStart(msg) from error
