"""A receiver that costs next to nothing: answers 200, counts, and tells how late each delivery was."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import cast

import uvloop

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
SEQUENCE = re.compile(rb'"sequence":(\d+)')


class State:
    """What has arrived since it was asked last."""

    def __init__(self) -> None:
        self.count, self.first, self.last = 0, 0.0, 0.0
        self.late: list[float] = []

    def note(self, body: bytes) -> None:
        """Count a delivery."""
        self.last = time.time()
        self.first = self.first or self.last
        self.count += 1
        if found := SEQUENCE.search(body):
            self.late.append(self.last * 1000 - int(found[1]))


class Receiver(asyncio.Protocol):
    """One connection."""

    state = State()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport, self.data = cast("asyncio.Transport", transport), b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end]
            found = LENGTH.search(head)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self.data) < size:
                return
            body, self.data = self.data[end + 4 : size], self.data[size:]
            if head.startswith(b"GET"):
                self.tell()
            else:
                self.state.note(body)
                self.transport.write(OK)

    def tell(self) -> None:
        """Say what has arrived, and begin anew."""
        text = json.dumps(vars(self.state)).encode()
        Receiver.state = State()
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(text) + text)


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
