"""The keys that secrets are sealed under: several at a time, the first is the current one.

They come from ``CARWIRE_KEYS`` (``id:hex,id:hex``) or from the file ``keys`` in the data folder, one ``id:hex`` a line.
The file is made, with one new key, when the first secret is to be sealed; a process that meets a newer file reads it.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

import msgspec

from carwire.core.errors import CannotStart
from carwire.kit.files import write_private

FILE_NAME: Final = "keys"
KEY_BYTES: Final = 32
_KEY: Final = re.compile(r"([A-Za-z0-9_-]{1,32}):([0-9a-fA-F]{64})")


class Keys(msgspec.Struct, frozen=True):
    """Keys by id, the current one first. May be empty: nothing was sealed yet."""

    by_id: dict[str, bytes]

    @property
    def current(self) -> str | None:
        """The id of the key that new values are sealed under."""
        return next(iter(self.by_id), None)

    def with_new(self) -> Keys:
        """Return these keys behind a new current one."""
        name = secrets.token_hex(4)
        return Keys({name: secrets.token_bytes(KEY_BYTES)} | self.by_id)

    def without(self, names: set[str]) -> Keys:
        """Return these keys but for some."""
        return Keys({name: key for name, key in self.by_id.items() if name not in names})

    def text(self) -> str:
        """Return the file's content. It holds the keys themselves."""
        return "".join(f"{name}:{key.hex()}\n" for name, key in self.by_id.items())

    def __repr__(self) -> str:
        return f"Keys({', '.join(self.by_id)})"


def parse_keys(text: str, where: str) -> Keys:
    """Read keys separated by commas or line ends. Raises `CannotStart`, which names `where` and shows no key."""
    parts = text.replace(",", "\n").split()
    found: dict[str, bytes] = {}
    for number, part in enumerate(parts, 1):
        match = _KEY.fullmatch(part)
        if match is None or match[1] in found:
            what = "repeats an id" if match else "is not an id, a colon and 64 hex digits"
            msg = f"key {number} in {where} {what}"
            raise CannotStart(msg)
        found[match[1]] = bytes.fromhex(match[2])
    if not found:
        msg = f"there is no key in {where}"
        raise CannotStart(msg)
    return Keys(found)


class FixedKeys:
    """Keys that do not change while the process lives: those of the environment."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def read(self) -> Keys:
        """Return them."""
        return self._keys

    def read_or_make(self) -> Keys:
        """Return them."""
        return self._keys


class KeyFile:
    """The keys in a file, read again whenever it was changed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._seen: tuple[int, int, int] | None = None
        self._keys = Keys({})

    def read(self) -> Keys:
        """Return what the file holds now; no keys when there is none.

        Raises `CannotStart` for a file nobody can use, unless it was read before: then those keys go on.
        """
        try:
            stat = self._path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._keys = parse_keys(self._path.read_text("utf-8"), f"the file {self._path}")
                self._seen = seen
        except (OSError, UnicodeDecodeError, CannotStart) as error:
            if self._keys.by_id or isinstance(error, FileNotFoundError):
                return self._keys
            if isinstance(error, CannotStart):
                raise
            msg = f"the key file {self._path} cannot be read: {error.__class__.__name__}"
            raise CannotStart(msg) from error
        return self._keys

    def read_or_make(self) -> Keys:
        """Return what the file holds now; one new key, written first, when there is none."""
        keys = self.read()
        if not keys.by_id:
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_private(self._path, Keys({}).with_new().text(), replace=False)
            except FileExistsError:
                pass  # another process was quicker: its key counts
            except OSError as error:
                msg = f"the key file {self._path} cannot be written: {error.strerror}"
                raise CannotStart(msg) from error
            keys = self.read()
        return keys

    def changed_at(self) -> float:
        """Return when the file was written, in seconds since 1970."""
        return self._path.stat().st_mtime

    def replace(self, keys: Keys) -> None:
        """Write the file anew, whole or not at all."""
        write_private(self._path, keys.text(), replace=True)


KeySource = FixedKeys | KeyFile


def key_source(folder: Path, text: str | None) -> KeySource:
    """Return the keys of the environment when `text` is given, else those of the data folder.

    Raises `CannotStart` when the text or the file cannot be used.
    """
    if text:
        return FixedKeys(parse_keys(text, "CARWIRE_KEYS"))
    file = KeyFile(folder)
    file.read()
    return file
