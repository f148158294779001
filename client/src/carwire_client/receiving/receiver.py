"""What a handler does with a request, whatever the framework: from headers and bytes to what is answered.

A challenge is answered here. Your function is called with every other event, and has about 15 seconds: what takes
longer belongs into a queue. When it raises, or what remembers events does, the answer is 500 and the sender tries
again. Answers say nothing of why: that is in the log, under the name ``carwire_client.receiving``.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict, Unpack

import msgspec

from carwire_client.errors import InvalidDelivery, InvalidSignature
from carwire_client.receiving.deliveries import challenge_answer, opened
from carwire_client.receiving.events import Event, VerifyEvent
from carwire_client.receiving.seen import AsyncSeen, MemorySeen, Seen
from carwire_client.receiving.signing import TOLERANCE, Headers, KeyOrKeys, keys_of
from carwire_client.times import now

LIMIT: Final = 1024 * 1024
JSON: Final = "application/json"
_LOG: Final = logging.getLogger("carwire_client.receiving")


class Reply(msgspec.Struct, frozen=True):
    """What is answered: a status and a JSON body."""

    status: int
    body: bytes = b"{}"


class _Options(TypedDict, total=False):
    management_token: KeyOrKeys | None
    secret: KeyOrKeys | None
    tolerance: timedelta
    limit: int
    clock: Callable[[], datetime]


class ReceiverOptions(_Options, total=False):
    """How a handler receives.

    - `management_token`, `secret`: what deliveries are signed with, one or several of each; a challenge is answered
      with the token it was signed with, or the first
    - `tolerance`: by how much a delivery with a time may be too old or too new
    - `limit`: bytes of a body; more is answered with 413
    - `seen`: remembers events; by default the newest ten thousand, in memory
    - `clock`: returns the current moment
    """

    seen: Seen


class AsyncReceiverOptions(_Options, total=False):
    """As `ReceiverOptions`; what remembers events may be awaited."""

    seen: Seen | AsyncSeen


DONE: Final = Reply(200)
TOO_LARGE: Final = Reply(413, b'{"error":"too_large"}')
_UNSIGNED: Final = Reply(401, b'{"error":"invalid_signature"}')
_UNREADABLE: Final = Reply(400, b'{"error":"invalid_delivery"}')
_FAILED: Final = Reply(500, b'{"error":"failed"}')


class _Opening:
    """Opens deliveries, and answers what is no event for a function."""

    def __init__(self, options: _Options) -> None:
        self.limit = options.get("limit", LIMIT)
        self._keys = keys_of(options.get("management_token"), options.get("secret"))
        self._tolerance = options.get("tolerance", TOLERANCE)
        self._clock = options.get("clock", now)

    def open(self, body: bytes, headers: Headers) -> Event | Reply:
        """Return the event, or the answer to what is none for a function."""
        if len(body) > self.limit:
            return TOO_LARGE
        try:
            event, proof = opened(body, headers, self._keys, self._tolerance, self._clock())
            if not isinstance(event, VerifyEvent):
                return event
            token = proof.token or next(iter(self._keys.tokens), None)
            if token is None:
                raise InvalidDelivery("A challenge cannot be answered without a management token")
            return Reply(200, challenge_answer(event, token))
        except InvalidSignature as error:
            _LOG.warning("A delivery was refused: %s", error)
            return _UNSIGNED
        except InvalidDelivery as error:
            _LOG.warning("A delivery could not be read: %s", error)
            return _UNREADABLE


def _failed(event: Event) -> Reply:
    _LOG.exception("An event was not dealt with; the sender will try again: %r", event.key)
    return _FAILED


class Receiver(_Opening):
    """Receives deliveries and gives each event to a function, once as far as it remembers."""

    def __init__(self, **options: Unpack[ReceiverOptions]) -> None:
        super().__init__(options)
        self._seen: Seen = options["seen"] if "seen" in options else MemorySeen()
        if inspect.iscoroutinefunction(self._seen.has):
            msg = "seen is awaited, and this handler does not wait"
            raise TypeError(msg)

    def receive(self, body: bytes, headers: Headers, function: Callable[[Event], object]) -> Reply:
        """Return what is answered. What the function raises is logged."""
        event = self.open(body, headers)
        if isinstance(event, Reply):
            return event
        try:
            if event.key is None or not self._seen.has(event.key):
                _finished(function(event))
                if event.key is not None:
                    self._seen.add(event.key)
        except Exception:
            return _failed(event)
        return DONE


class AsyncReceiver(_Opening):
    """Does what `Receiver` does, where function and memory are awaited."""

    def __init__(self, **options: Unpack[AsyncReceiverOptions]) -> None:
        super().__init__(options)
        self._seen: Seen | AsyncSeen = options["seen"] if "seen" in options else MemorySeen()

    async def receive(self, body: bytes, headers: Headers, function: Callable[[Event], object]) -> Reply:
        """Return what is answered. What the function raises is logged."""
        event = self.open(body, headers)
        if isinstance(event, Reply):
            return event
        try:
            if event.key is None or not await _settled(self._seen.has(event.key)):
                await _settled(function(event))
                if event.key is not None:
                    await _settled(self._seen.add(event.key))
        except Exception:
            return _failed(event)
        return DONE


def _finished(value: object) -> None:
    if inspect.isawaitable(value):
        msg = "The function has to be awaited, and this handler does not wait"
        raise TypeError(msg)


async def _settled(value: Any) -> Any:
    while inspect.isawaitable(value):
        value = await value
    return value


def is_awaited(function: Callable[..., object]) -> bool:
    """Tell whether a function, or an object that is called like one, has to be awaited."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
