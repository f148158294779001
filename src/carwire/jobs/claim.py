"""Which process works on a data folder: with SQLite there is one worker, whoever else has the folder open."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

FILE_NAME: Final = "worker.lock"


class Claim:
    """A folder's worker is us until `release`, or until this process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let another process be the worker. Twice is once."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def claim_worker(folder: Path) -> Claim | None:
    """Return the claim to be the worker of a data folder; null while another has it.

    The file stays where it is, empty: what counts is the system's lock on it, and a file that is deleted could be
    locked by one process while the next makes a new one.
    """
    descriptor = os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return Claim(descriptor)
