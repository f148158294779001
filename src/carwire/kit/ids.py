"""Identifiers. The wire wants UUIDs of 36 characters for requests, applications, users and vehicles."""

from __future__ import annotations

import os


def new_id() -> str:
    """Return a new random identifier: a version 4 UUID (RFC 9562), lower case, 36 characters.

    Written out, because one is drawn for every request and `uuid.uuid4` costs three times as much.
    """
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"
