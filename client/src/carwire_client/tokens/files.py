"""Tokens in files of a folder that nobody else may read: one file for each owner, replaced whole.

Processes of one machine may share the folder: a lock file beside each keeps two of them from renewing at once. Where
the system has no `fcntl` only the threads of one process are kept apart.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from carwire_client.errors import StoreFailed
from carwire_client.models.account import Access
from carwire_client.tokens.store import MemoryTokenStore, Release, read_access, write_access

try:
    import fcntl
except ImportError:  # pragma: no cover  # Windows
    fcntl = None  # type: ignore[assignment]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


class FileTokenStore:
    """Keeps tokens in a folder, made when it is not there: files of mode 0600 in a folder of mode 0700.

    The tokens stand in them in plain text. Raises `StoreFailed` for what cannot be read, written or locked.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder: Final = Path(folder)
        self._threads = MemoryTokenStore()

    def get(self, key: str) -> Access | None:
        """Return what is kept; null when nothing is."""
        path = self._path(key)
        try:
            return read_access(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _failed("read", path, error) from error

    def put(self, key: str, access: Access) -> None:
        """Keep a pair in place of the one before; when that fails, the one before is still there."""
        path = self._path(key)
        try:
            self._make_folder()
            handle, name = tempfile.mkstemp(prefix=".", dir=self.folder)  # of mode 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(write_access(access))
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
            self._sync_folder()
        except OSError as error:
            raise _failed("written", path, error) from error

    def try_lock(self, key: str) -> Release | None:
        """Lock a key, without waiting; null when another thread or process has it."""
        if fcntl is None:  # pragma: no cover  # Windows
            return self._threads.try_lock(key)
        path = self._path(key).with_suffix(".lock")
        try:
            self._make_folder()
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _failed("locked", path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError as error:
            os.close(handle)
            raise _failed("locked", path, error) from error
        return lambda: os.close(handle)

    def _path(self, key: str) -> Path:
        """The file of a key: its own name where that is a plain one, else its digest."""
        name = key if _PLAIN.fullmatch(key) else "." + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / f"{name}.json"

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _sync_folder(self) -> None:
        """Make the replacement outlast a power failure, where folders can be synced."""
        with contextlib.suppress(OSError):
            handle = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _failed(what: str, path: Path, error: Exception) -> StoreFailed:
    return StoreFailed(f"{path} cannot be {what}: {error}")
