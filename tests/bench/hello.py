"""The floor: the least an ASGI application can do, on the same HTTP server."""

from __future__ import annotations

import sys

from carwire.http.server import bind, serve

BODY = b'{"hello":"world"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def hello(scope, receive, send):  # type: ignore[no-untyped-def]
    """Answer every request with the same few bytes."""
    if scope["type"] != "http":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    port = int(sys.argv[1])
    serve(hello, bind("127.0.0.1", port), "http://127.0.0.1", on_ready=lambda: None, on_ending=lambda: None)
