"""Secrets at rest: AES-256-GCM under one of several keys, bound to the place where the value is kept.

A sealed value is a version byte (1), the length of the key's id, the id, a nonce of 12 bytes, and the ciphertext with
its tag. Table, column and row are additional data: a value copied to another place does not open. Nonces are random,
which is sound for far more values (2³²) than one key will ever seal here.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carwire.core.errors import CarwireError
from carwire.kit.secrets import Secret
from carwire.storage.keys import FixedKeys, Keys, KeySource, key_source

VERSION: Final = 1
_NONCE_BYTES: Final = 12


class UnknownKey(CarwireError):
    """A value is sealed under a key that is not among ours."""


class SealBroken(CarwireError):
    """A sealed value does not open: it was changed, moved, or sealed under another key of the same id."""


class Sealer:
    """Seals and opens secrets. Safe to use from several threads."""

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._ciphers: dict[tuple[str, bytes], AESGCM] = {}

    @classmethod
    def throwaway(cls) -> Sealer:
        """Return a sealer with a key of its own that is kept nowhere."""
        return cls(FixedKeys(Keys({}).with_new()))

    @property
    def source(self) -> KeySource:
        """Where the keys come from."""
        return self._source

    def current_prefix(self) -> bytes:
        """Return what every value sealed under the current key begins with."""
        current = self._source.read_or_make().current
        assert current is not None
        return prefix(current)

    def seal(self, secret: Secret, table: str, column: str, row: str) -> bytes:
        """Return a secret sealed for its place, under the newest key there is."""
        keys = self._source.read_or_make()
        current = keys.current
        assert current is not None
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = secret.reveal().encode()
        return prefix(current) + nonce + self._cipher(current, keys).encrypt(nonce, text, _place(table, column, row))

    def open(self, sealed: bytes, table: str, column: str, row: str) -> Secret:
        """Return the secret. Raises `UnknownKey`, or `SealBroken` when it is not what was sealed for this place."""
        name = key_id(sealed)
        keys = self._source.read()
        if name not in keys.by_id:
            msg = f"{table}.{column} is sealed under the key {name!a}, which is not among ours"
            raise UnknownKey(msg)
        rest = sealed[2 + sealed[1] :]
        try:
            place = _place(table, column, row)
            text = self._cipher(name, keys).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            msg = f"a value of {table}.{column} does not open with the key {name!a}"
            raise SealBroken(msg) from None
        return Secret(text.decode())

    def _cipher(self, name: str, keys: Keys) -> AESGCM:
        key = (name, keys.by_id[name])
        if key not in self._ciphers:
            self._ciphers[key] = AESGCM(key[1])
        return self._ciphers[key]


def open_sealer(folder: Path, keys: str | None) -> Sealer:
    """Return a sealer for a data folder; `keys` are those of the environment. Raises `CannotStart`."""
    return Sealer(key_source(folder, keys))


def prefix(name: str) -> bytes:
    """Return what every value sealed under this key begins with."""
    return bytes((VERSION, len(name))) + name.encode("ascii")


def key_id(sealed: bytes) -> str:
    """Return the id of the key a value is sealed under. Raises `SealBroken` for what is no sealed value."""
    if len(sealed) < 2 or sealed[0] != VERSION or len(sealed) < 2 + sealed[1]:
        raise SealBroken
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def _place(table: str, column: str, row: str) -> bytes:
    return "\0".join((table, column, row)).encode()
