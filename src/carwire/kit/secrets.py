"""Secrets: how they are made, carried, stored and compared.

High-entropy secrets (client secrets, management tokens) are stored as HMAC-SHA256 under a server pepper: with 256 bits
drawn from the system's generator there is nothing to guess, so a slow hash would only cost time on every request.
Passwords chosen by people are another matter and are not handled here.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

PEPPER_BYTES: Final = 32


class Secret:
    """A secret in memory. `str`, `repr` and formatting show a mask; only `reveal` gives the text.

    A secret is wrapped where it enters (a header, a form, the generator) so that no log line, error text or traceback
    further in can hold it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret text itself: for hashing, or for the one moment it is shown to its owner."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)


def new_secret() -> Secret:
    """Draw a new secret: 256 bits, 43 characters of the URL-safe base64 alphabet (no colon, so it fits Basic)."""
    return Secret(secrets.token_urlsafe(32))


def new_pepper() -> bytes:
    """Draw a new server pepper of `PEPPER_BYTES` bytes."""
    return secrets.token_bytes(PEPPER_BYTES)


class SecretHasher:
    """HMAC-SHA256 of high-entropy secrets under the server's pepper."""

    def __init__(self, pepper: bytes) -> None:
        if len(pepper) < PEPPER_BYTES:
            msg = f"the pepper must have at least {PEPPER_BYTES} bytes, got {len(pepper)}"
            raise ValueError(msg)
        self._pepper = pepper

    def hash(self, secret: Secret) -> bytes:
        """Return the 32-byte digest that may be stored."""
        return hmac.digest(self._pepper, secret.reveal().encode("utf-8", "surrogatepass"), "sha256")

    def matches(self, secret: Secret, digest: bytes) -> bool:
        """Tell whether `secret` hashes to `digest`, in constant time."""
        return hmac.compare_digest(self.hash(secret), digest)
