"""Identifiers. The wire wants UUIDs of 36 characters for requests, applications, users and vehicles."""

from __future__ import annotations

import random
import uuid
from typing import Final

_VARIANT: Final = "89ab"
_bits: Final = random.Random().getrandbits  # noqa: S311  # names a log line, guards nothing


def new_id() -> str:
    """Return a new identifier nobody can guess: a version 4 UUID from the system's generator."""
    return str(uuid.uuid4())


def new_request_id() -> str:
    """Return an identifier for one request: a version 4 UUID (RFC 9562) in form.

    Drawn without asking the system, because every request needs one and none has to be hard to guess.
    """
    h = f"{_bits(128):032x}"
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{_VARIANT[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"


def new_ordered_id(microseconds: int) -> str:
    """Return an identifier that sorts by time, given as microseconds since 1970. Drawn like that of a request.

    >>> new_ordered_id(1) < new_ordered_id(2), len(new_ordered_id(2**50))
    (True, 32)
    """
    return f"{microseconds:016x}{_bits(64):016x}"
