"""How a stream of events is followed, written once for both clients: what is asked next, what is made of what comes,
how long is waited. It reads no clock and waits for nothing.

Server-sent events are read as the HTML standard has them (section 9.2). Until the stream has begun once, its call fails
like any other; from then on a broken connection is made anew for as long as that may help, and goes on where it broke.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from carwire_client.answers import Answer
from carwire_client.call import Call
from carwire_client.errors import InvalidDelivery
from carwire_client.exchange import Lost, Send, error_of_outcome, failure_of, request_of
from carwire_client.receiving.events import Event, GapEvent, UnknownEvent
from carwire_client.receiving.reading import read_event
from carwire_client.secrets import Secret
from carwire_client.settings import Wiring

SILENT_S: Final = 45.0  # after which a connection counts as broken: three signs of life that did not come
LONGEST_S: Final = 10.0  # between two attempts, unless the server asks for more
LAST_ID: Final = "last-event-id"
_END: Final = re.compile(rb"\r\n|\n|\r")
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Broken(Exception):
    """A connection is over. `outcome` is what was answered instead of a stream, or how it was lost; null when the
    server ended it.
    """

    def __init__(self, outcome: Answer | Lost | None) -> None:
        super().__init__()
        self.outcome = outcome


class Following:
    """One stream, over all its connections."""

    def __init__(self, call: Call[Any], wiring: Wiring) -> None:
        self._call = call
        self._wiring = wiring
        self._reader = _Reader()
        self._place = ""
        self._begun = False
        self._failures = 0
        self._since = wiring.clock()

    def request(self) -> Send:
        """Return the request for the next connection. Its `seconds` are how long it may be silent."""
        headers = tuple(pair for pair in self._call.headers if not (self._place and pair[0] == LAST_ID))
        if self._place:
            headers = (*headers, (LAST_ID, Secret(self._place)))
        self._reader = _Reader()
        call = msgspec.structs.replace(self._call, headers=headers)
        return msgspec.structs.replace(request_of(call, self._wiring), seconds=SILENT_S)

    def received(self, piece: bytes) -> list[Event]:
        """Take what has come, and return the events it completes. Raises `Broken` for one without an end."""
        self._begun, self._failures = True, 0
        found = self._reader.feed(piece)
        if self._reader.size > self._wiring.largest:
            raise Broken(Lost("broken", f"an event is larger than {self._wiring.largest} bytes"))
        self._place = self._reader.last_id or self._place
        return [_event(*each) for each in found]

    def broken(self, outcome: Answer | Lost | None) -> float:
        """Return how many seconds to wait before the next connection. Raises what `carwire_client.errors` has."""
        self._failures += 1
        wiring, elapsed = self._wiring, self._wiring.clock() - self._since
        if outcome is None:
            return self._wait_s(None)
        failure = failure_of(self._call, outcome, self._failures, elapsed)
        if not self._begun:
            seconds = wiring.retry.wait(failure, within=wiring.timeouts.overall, random=wiring.random)
            if seconds is None:
                raise error_of_outcome(self._call, outcome)
            return seconds
        if isinstance(outcome, Answer) and outcome.status not in _PASSING:
            raise error_of_outcome(self._call, outcome)
        return self._wait_s(failure.retry_after)

    def _wait_s(self, asked_for: int | None) -> float:
        own: float = min(LONGEST_S, 0.5 * 2.0 ** min(self._failures, 10)) * (0.5 + self._wiring.random() / 2)
        return own if asked_for is None else max(own, asked_for)


class _Reader:
    """Reads messages from the pieces they arrive in. Lines end with LF, CR or both, and with nothing else."""

    def __init__(self) -> None:
        self.last_id = ""
        self._rest = b""
        self._id = ""
        self._event = ""
        self._data: list[bytes] = []

    @property
    def size(self) -> int:
        """How many bytes wait for the end of their message."""
        return len(self._rest) + sum(map(len, self._data))

    def feed(self, piece: bytes) -> list[tuple[str, bytes, str]]:
        """Return event, data and id of each message that is whole."""
        if not _END.search(piece) and not self._rest.endswith(b"\r"):  # the middle of a long line
            self._rest += piece
            return []
        whole = self._rest + piece
        held = b"\r" if whole.endswith(b"\r") else b""  # its LF may be under way
        *lines, rest = _END.split(whole.removesuffix(held))
        self._rest = rest + held
        return [message for line in lines if (message := self._line(line))]

    def _line(self, line: bytes) -> tuple[str, bytes, str] | None:
        if not line:
            self.last_id = self._id  # not before: the rest of the message might never come
            event, data, self._event, self._data = self._event, self._data, "", []
            return (event or "message", b"\n".join(data), self.last_id) if data else None
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id" and value.isascii() and b"\0" not in value:
            self._id = value.decode()
        return None


def _event(kind: str, data: bytes, place: str) -> Event:
    if kind == "gap":
        return _gap(data, place)
    try:
        event = read_event(data, signed=False)
    except InvalidDelivery:  # of a later version: whoever follows is not stopped by it
        return UnknownEvent(type=kind, place=place, signed=False)
    return msgspec.structs.replace(event, place=place)


def _gap(data: bytes, place: str) -> Event:
    try:
        raw = msgspec.json.decode(data)
        after, goes_on = int(raw["after"]), int(raw["goesOnAfter"])
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        return UnknownEvent(type="gap", place=place, signed=False)
    return GapEvent(type="gap", after=after, goes_on_after=goes_on, place=place, raw=raw, signed=False)
