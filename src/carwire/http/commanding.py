"""What every call that commands a car may carry, whichever version it is of, and what its answer says in headers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.http.call import Call, Headers
from carwire.services.commands import DEADLINE, LONGEST, MAX_KEY, Sent

KEY_HEADER: Final = b"idempotency-key"
DEADLINE_HEADER: Final = b"carwire-deadline"
_WHOLE: Final = re.compile(r"[0-9]{1,4}")


def read_body(body: bytes) -> object:
    """Read a JSON body; none at all is null. Raises `InvalidInput` on the field ``body``."""
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(FieldProblem("body", f"Not JSON: {error}"[:200])) from None


def idempotency_key(call: Call) -> str | None:
    """Return the key of a command, null when there is none. Raises `InvalidInput` for one too long or unprintable."""
    key = call.one_header(KEY_HEADER)
    if not key:
        return None
    if len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
        raise InvalidInput(FieldProblem(KEY_HEADER.decode(), f"Must be at most {MAX_KEY} printable ASCII characters"))
    return key


def deadline_of(call: Call, default: timedelta = DEADLINE) -> timedelta:
    """Return how long a command may wait before it is sent."""
    text = call.one_header(DEADLINE_HEADER)
    longest = int(LONGEST.total_seconds())
    if text is None:
        return default
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= longest:
        raise InvalidInput(FieldProblem(DEADLINE_HEADER.decode(), f"Must be a whole number of seconds, 1 to {longest}"))
    return timedelta(seconds=int(text))


def command_headers(sent: Sent) -> Headers:
    """Name the command an answer is about, and how it ended. Headers of our own: no SDK looks at them."""
    return (
        (b"carwire-command-id", sent.id.encode()),
        (b"carwire-command-outcome", sent.outcome.kind.encode()),
    )
