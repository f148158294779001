"""Claims on a folder: one process holds one, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Claim:
    """Ours until `release`, or until this process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let another process have it. Twice is once."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def claim(path: Path) -> Claim | None:
    """Return the claim that a file stands for; null while another process has it.

    The file stays where it is, empty: what counts is the system's lock on it, and a file that is deleted could be
    locked by one process while the next makes a new one.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    return Claim(descriptor)
