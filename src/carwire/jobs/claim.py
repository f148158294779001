"""Which process works on a data folder: with SQLite there is one worker, whoever else has the folder open."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from carwire.kit.claims import Claim, claim

FILE_NAME: Final = "worker.lock"


def claim_worker(folder: Path) -> Claim | None:
    """Return the claim to be the worker of a data folder; null while another has it."""
    return claim(folder / FILE_NAME)
