"""Tokens, codes and client secrets as they are carried in memory: nothing that is printed or logged shows them.

>>> token = Secret("d7a4")
>>> f"{token} {token!r}"
'*** Secret(***)'
>>> token.reveal()
'd7a4'
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final

MASK: Final = "***"
_SHORTEST: Final = 4  # below it a word is no secret, and taking it out of a text would only spoil the text


class Secret:
    """A secret text. `str`, `repr` and formatting show a mask; only `reveal` gives it away. Equal to its like."""

    __slots__ = ("_text",)

    def __init__(self, text: str | Secret) -> None:
        self._text: str = text.reveal() if isinstance(text, Secret) else text

    def reveal(self) -> str:
        """Return the text itself: for the wire, or to keep it somewhere safe."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        ours, theirs = (each._text.encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """Return a text in which a mask stands where one of the secrets was: servers echo what they refuse."""
    for secret in sorted(secrets, key=lambda each: -len(each.reveal())):
        if len(secret.reveal()) >= _SHORTEST:
            text = text.replace(secret.reveal(), MASK)
    return text


def scrub_bytes(received: bytes, secrets: Iterable[Secret]) -> bytes:
    """Do the same to the beginning of something, at whose end a secret may have been cut through."""
    for secret in sorted(secrets, key=lambda each: -len(each.reveal())):
        text = secret.reveal().encode("utf-8", "surrogatepass")
        if len(text) < _SHORTEST:
            continue
        received = received.replace(text, MASK.encode())
        for length in range(len(text) - 1, _SHORTEST - 1, -1):
            if received.endswith(text[:length]):
                received = received[:-length]
                break
    return received
