"""From what came to a webhook's address to an event, and the answer to a challenge.

A ``VERIFY`` may come without a signature: the original sends it so. It is let through under three conditions. There is
a management token to answer with; no header claims to be a signature; and the challenge is a word that could be no
delivery. The last is what matters: the answer is the challenge, signed with the management token as a delivery would
be, so whoever may choose the challenge could have a forged delivery signed. A word without braces is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from carwire_client.errors import InvalidDelivery, InvalidSignature
from carwire_client.receiving.events import Event, VerifyEvent
from carwire_client.receiving.reading import read_event
from carwire_client.receiving.signing import (
    SIGNATURE_MISSING,
    TOLERANCE,
    Headers,
    KeyOrKeys,
    Keys,
    Proof,
    check,
    keys_of,
)
from carwire_client.secrets import Secret
from carwire_client.times import now
from carwire_client.webhooks import hash_challenge

UNSIGNED_AT_MOST: Final = 16 * 1024  # bytes of a VERIFY; what somebody unknown sends is not read beyond that
_WORD: Final = re.compile(r"[A-Za-z0-9._~+/=:@-]{1,256}")


def unwrap(
    body: bytes,
    headers: Headers,
    *,
    management_token: KeyOrKeys | None = None,
    secret: KeyOrKeys | None = None,
    tolerance: timedelta = TOLERANCE,
    clock: Callable[[], datetime] = now,
) -> Event:
    """Verify a delivery, and read it. Parameters and errors are those of `verify`.

    Raises `InvalidDelivery` besides, for what is signed but is nothing that can be read. A `VerifyEvent` may come
    without a signature where there is a management token; its `signed` is false then. It proves nothing: do no more
    than answer it.
    """
    return opened(body, headers, keys_of(management_token, secret), tolerance, clock())[0]


def opened(body: bytes, headers: Headers, keys: Keys, tolerance: timedelta, at: datetime) -> tuple[Event, Proof]:
    """Return the event of a delivery, and what its signatures have shown."""
    try:
        proof = check(body, headers, keys, tolerance, at)
    except InvalidSignature as error:
        event = _unsigned(body) if error.code == SIGNATURE_MISSING and keys.tokens else None
        if event is None:
            raise
        return event, Proof()
    return read_event(body, signed=True, message_id=proof.message_id), proof


def _unsigned(body: bytes) -> VerifyEvent | None:
    if len(body) > UNSIGNED_AT_MOST:
        return None
    try:
        event = read_event(body, signed=False)
    except InvalidDelivery:
        return None
    return event if isinstance(event, VerifyEvent) and _WORD.fullmatch(event.challenge) else None


def challenge_answer(event: Event | bytes, management_token: str | Secret) -> bytes:
    """Return the body that answers a ``VERIFY``, of either version: send it as ``application/json`` with status 200.

    Raises `InvalidDelivery` for another event, and for an unsigned challenge that could be a delivery itself, as the
    answer would be its signature.
    """
    found = read_event(event, signed=False) if isinstance(event, bytes) else event
    if not isinstance(found, VerifyEvent):
        raise InvalidDelivery("This is no VERIFY: there is no challenge to answer")
    if not found.signed and not _WORD.fullmatch(found.challenge):
        raise InvalidDelivery("The challenge is unsigned and more than a word: its answer would sign it")
    return msgspec.json.encode({"challenge": hash_challenge(management_token, found.challenge)})
