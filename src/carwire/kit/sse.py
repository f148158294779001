"""Server-sent events: written, and read from the pieces they arrive in. Source: the HTML standard, section 9.2.

Lines end with LF, CR or both, and with nothing else: what Python's `splitlines` takes for an end besides may stand in
JSON.

>>> reader = Reader()
>>> reader.feed(b"id: 7\\ndata: {}\\n"), reader.feed(b"\\n: alive\\n\\n"), reader.last_id
([], [Message(event='message', data=b'{}', id='7')], '7')
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

MEDIA_TYPE: Final = "text/event-stream"
MAX_MESSAGE: Final = 1 << 20  # bytes; ours are a quarter of it at most
_END: Final = re.compile(rb"\r\n|\n|\r")


class Message(msgspec.Struct, frozen=True):
    """One event. `id` is that of the last message that had one, this one included."""

    event: str
    data: bytes
    id: str


class TooLong(ValueError):
    """A message without an end."""


def written(data: bytes, *, event: str, id: str) -> bytes:  # noqa: A002  # its name in the standard
    """Write a message whose data are one line."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (id.encode(), event.encode(), data)


class Reader:
    """Reads messages. `last_id` is where a connection made anew goes on, `retry_ms` how long the server wants it to
    wait. A message that is not whole when the connection ends counts for nothing.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_ms: int | None = None
        self._rest = b""
        self._id = ""
        self._event = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[Message]:
        """Take what has arrived, and return the messages it completes. Raises `TooLong`."""
        if not _END.search(piece) and not self._rest.endswith(b"\r"):  # the middle of a long line
            self._rest += piece
            return self._bounded([])
        whole = self._rest + piece
        held = b"\r" if whole.endswith(b"\r") else b""  # its LF may be under way
        *lines, rest = _END.split(whole.removesuffix(held))
        self._rest = rest + held
        return self._bounded([message for line in lines if (message := self._line(line))])

    def _bounded(self, found: list[Message]) -> list[Message]:
        if len(self._rest) + self._size > MAX_MESSAGE:
            raise TooLong
        return found

    def _line(self, line: bytes) -> Message | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry_ms = int(value[:9])
        return None

    def _dispatch(self) -> Message | None:
        self.last_id = self._id  # not before: the rest of the message might never come
        event, data, self._event, self._data, self._size = self._event or "message", self._data, "", [], 0
        return Message(event, b"\n".join(data), self.last_id) if data else None
