"""Secrets: how they are made, carried, stored and compared.

High-entropy secrets (client secrets, management tokens) are stored as HMAC-SHA256 under a server pepper: with 256 bits
drawn from the system's generator there is nothing to guess, so a slow hash would only cost time on every request.
Passwords chosen by people are another matter and are not handled here.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from hashlib import sha256
from typing import Final

PEPPER_BYTES: Final = 32
SIGNING_PREFIX: Final = "whsec_"
_BLOCK: Final = 64  # bytes of SHA-256's block
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


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


def new_signing_secret() -> Secret:
    """Draw a new secret webhooks are signed under: 256 bits, in the form of Standard Webhooks."""
    return Secret(SIGNING_PREFIX + b64encode(secrets.token_bytes(32)).decode())


def new_token() -> Secret:
    """Draw a new code or token: 128 bits in the form of a UUID, which is what the wire promises of them."""
    return as_token(secrets.token_bytes(16))


def as_token(random: bytes) -> Secret:
    """Write the first 16 bytes as a token."""
    h = random.hex()
    return Secret(f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:32]}")


def new_pepper() -> bytes:
    """Draw a new server pepper of `PEPPER_BYTES` bytes."""
    return secrets.token_bytes(PEPPER_BYTES)


class SecretHasher:
    """HMAC-SHA256 of high-entropy secrets under the server's pepper."""

    def __init__(self, pepper: bytes) -> None:
        if len(pepper) < PEPPER_BYTES:
            msg = f"the pepper must have at least {PEPPER_BYTES} bytes, got {len(pepper)}"
            raise ValueError(msg)
        # HMAC by its definition (RFC 2104), the two keyed blocks worked through once: every request hashes a token.
        key = (sha256(pepper).digest() if len(pepper) > _BLOCK else pepper).ljust(_BLOCK, b"\0")
        self._inner = sha256(key.translate(_INNER))
        self._outer = sha256(key.translate(_OUTER))

    def hash(self, secret: Secret) -> bytes:
        """Return the 32-byte digest that may be stored."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(secret.reveal().encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.digest()

    def matches(self, secret: Secret, digest: bytes) -> bool:
        """Tell whether `secret` hashes to `digest`, in constant time."""
        return hmac.compare_digest(self.hash(secret), digest)
